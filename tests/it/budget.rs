//! What one message costs, counted on the wire from end to end (design: at most 10 write units, 4 read units, 3 SQS
//! sends and one invocation each of ingest, routing and crm-push).

use crate::assignment::phone;
use crate::world::wire::Traffic;
use crate::world::{TOKEN, World, echo, messages, text};
use shared::base::clock::Ambient;
use shared::base::ids::{ChatId, ContactId, EmployeeId};
use shared::model::assignment::WaitingClient;
use shared::model::channel::Distribution;
use shared::model::employee::{Employee, Membership};
use shared::store::keys::{OpenChat, Turn};
use shared::store::row::{Row, Write};
use std::time::Duration;

/// A World with a live chat that is assigned, synced to the CRM, and answered.
async fn answered() -> World {
    let world = World::with_employees(&["anna", "boris", "vera"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m0", "Здравствуйте")])).await;
    world.settle().await;
    world.post(TOKEN, messages(&[echo("79011112233", "e0", "Добрый день")])).await;
    world.settle().await;
    world
}

/// What one text message costs with cached settings; asserts that it stays in the budget.
async fn cost_of_a_message(world: &World, case: &str, id: &str) -> Traffic {
    // Settings are read once in thirty seconds: this message pays for that read.
    world.post(TOKEN, messages(&[text("79011112244", &format!("warm-{id}"), "x")])).await;
    world.settle().await;
    world.table.take_traffic();
    world.sqs.take_traffic();
    let body = "Скажите, пожалуйста, машина ещё в продаже? ".repeat(8);
    world.post(TOKEN, messages(&[text("79011112233", id, &body)])).await;
    let mut invocations = 1;
    for queue in ["inbound.fifo", "assignment.fifo", "crm.fifo", "media", "statuses", "timers"] {
        while world.deliver(queue).await {
            invocations += 1;
        }
    }
    let (table, sqs) = (world.table.take_traffic(), world.sqs.take_traffic());
    println!("{case}: {table:?}, SQS {sqs:?}, {invocations} invocations");
    assert!(table.write_units > 0.0 && table.write_units <= 10.0, "{case}: {table:?}");
    assert!(table.read_units > 0.0 && table.read_units <= 4.0, "{case}: {table:?}");
    assert!(sqs.calls("SendMessageBatch") <= 3, "{case}: {sqs:?}");
    assert_eq!(invocations, 3, "{case}: ingest, routing, crm-push");
    table
}

#[tokio::test]
async fn one_message_in_a_live_assigned_chat_stays_in_the_budget() {
    let world = answered().await;
    let answered = cost_of_a_message(&world, "after an answer", "m1").await;
    let plain = cost_of_a_message(&world, "at once", "m2").await;
    assert!(
        answered.write_units > plain.write_units,
        "the index of unanswered chats: {answered:?} {plain:?}"
    );
    world.clock.advance(Duration::from_secs(45));
    cost_of_a_message(&world, "when the lists' time moves", "m3").await;
}

#[tokio::test]
async fn the_look_at_the_blacklist_stays_in_the_budget() {
    let world = answered().await;
    let account = world.store.account(&world.account).await.unwrap().unwrap();
    world.write(&shared::model::account::Account { has_blacklist: true, ..account }).await;
    world.clock.advance(Duration::from_secs(45));
    let looked = cost_of_a_message(&world, "with a blacklist", "m1").await;
    assert!(looked.calls("GetItem") > 3, "the blacklist was read: {looked:?}");
}

/// A new client is created only once, so their first message may cost more; this test limits the cost.
#[tokio::test]
async fn the_first_message_of_a_new_client_has_its_price_too() {
    let world = World::with_employees(&["anna", "boris", "vera"]).await;
    world.post(TOKEN, messages(&[text("79011112244", "warm", "x")])).await;
    world.settle().await;
    world.table.take_traffic();
    world.sqs.take_traffic();
    world.post(TOKEN, messages(&[text("79011112233", "m1", "Здравствуйте")])).await;
    let mut invocations = 1;
    for queue in ["inbound.fifo", "assignment.fifo", "crm.fifo", "timers"] {
        while world.deliver(queue).await {
            invocations += 1;
        }
    }
    let (table, sqs) = (world.table.take_traffic(), world.sqs.take_traffic());
    println!("a new client: {table:?}, SQS {sqs:?}, {invocations} invocations");
    assert!(table.write_units > 0.0 && table.write_units <= 42.0, "{table:?}");
    assert!(table.read_units > 0.0 && table.read_units <= 17.0, "{table:?}");
    // The fourth send is the timer after which the CRM is told also of a client who has to wait.
    assert_eq!((sqs.calls("SendMessageBatch"), invocations), (4, 4));
}

/// The cost of delivering an answer. The rows that the API wrote for it are not counted.
#[tokio::test]
async fn delivering_an_answer_stays_in_its_budget() {
    let world = answered().await;
    // A worker's first call reads settings and connection, which it caches for half a minute.
    world.send("own-0", "Да").await;
    world.settle().await;
    world.send("own-1", &"Приезжайте, пожалуйста, в любое время. ".repeat(8)).await;
    world.table.take_traffic();
    world.sqs.take_traffic();
    assert!(world.deliver("outbound.fifo").await);
    let (table, sqs) = (world.table.take_traffic(), world.sqs.take_traffic());
    println!("a delivery: {table:?}, SQS {sqs:?}");
    assert!(table.write_units > 0.0 && table.write_units <= 20.0, "{table:?}");
    assert!(table.read_units > 0.0 && table.read_units <= 4.0, "{table:?}");
    assert_eq!(sqs.calls("SendMessageBatch"), 1, "the CRM's nudge");
    assert_eq!(world.received().await.len(), 2);
}

/// The cost of draining one client, in a channel that has drained before.
async fn ring_step(world: &World, number: usize) -> Traffic {
    world.comes(number).await;
    world.drain_channel().await;
    world.comes(number + 1).await;
    world.table.take_traffic();
    world.drain_channel().await;
    let table = world.table.take_traffic();
    assert_ne!(world.whose([number + 1]).await, ["-"]);
    table
}

/// Puts these rows straight into the table.
async fn fill<R: Row>(world: &World, rows: impl Iterator<Item = R>) {
    let writes = rows.map(|row| Write::put(&row).unwrap()).collect();
    world.store.commit_in_parts(writes).await.unwrap();
}

async fn with_members(members: usize) -> World {
    let world = World::with_employees(&[]).await;
    let places = (0..members).map(|place| Membership {
        cap: Some(10),
        ..world.member(&format!("e{place:04}"), i64::try_from(place).unwrap())
    });
    let places: Vec<Membership> = places.collect();
    fill(&world, places.iter().cloned()).await;
    fill(&world, places.iter().filter_map(Turn::of)).await;
    world
}

/// The chats of a large account; 100,000 give the same figures, but take minutes.
const MANY: usize = 5_000;

fn open_chat(world: &World, employee: &str, chat: usize) -> OpenChat {
    OpenChat {
        v: 1,
        account: world.account.clone(),
        channel: world.channel.clone(),
        employee: EmployeeId::new(employee),
        chat: ChatId::new(format!("chat-{chat}")),
    }
}

#[tokio::test]
async fn a_ring_step_costs_the_same_from_two_to_two_thousand_employees_and_from_ten_to_thousands_of_chats() {
    let mut costs = Vec::new();
    for members in [2, 200, 2000] {
        let world = with_members(members).await;
        let cost = ring_step(&world, 0).await;
        println!("a ring step, {members} employees: {cost:?}");
        costs.push(cost);
        if members == 2000 {
            // The member with the next turn has some open chats, and another member has many.
            fill(&world, (0..8).map(|chat| open_chat(&world, "e0002", chat))).await;
            fill(&world, (0..MANY).map(|chat| open_chat(&world, "e0100", chat))).await;
            let cost = ring_step(&world, 10).await;
            println!("a ring step beside {MANY} open chats: {cost:?}");
            costs.push(cost);
        }
    }
    for cost in &costs[1..] {
        assert_eq!((cost.read_units, cost.write_units), (costs[0].read_units, costs[0].write_units));
    }
    assert!(costs[0].read_units <= 7.0 && costs[0].write_units <= 18.0, "{:?}", costs[0]);
}

#[tokio::test]
async fn a_look_at_who_waits_in_vain_costs_the_same_for_tens_and_for_thousands() {
    let world = World::with_employees(&[]).await;
    for number in 0..25 {
        world.comes(number).await;
    }
    world.drain_channel().await;
    let mut looks = Vec::new();
    for more in [0, 5000] {
        let arrived = world.clock.now() + Duration::from_secs(1);
        let rows = (0..more).map(|number| WaitingClient {
            v: 1,
            account: world.account.clone(),
            channel: world.channel.clone(),
            chat: ChatId::new(format!("chat-{number}")),
            contact: ContactId::new(format!("contact-{number}")),
            arrived_at: arrived,
        });
        fill(&world, rows).await;
        world.table.take_traffic();
        world.drain_channel().await;
        looks.push(world.table.take_traffic());
        println!("a look at who waits in vain, {more} more behind: {:?}", looks.last());
    }
    assert_eq!(looks[0], looks[1]);
    assert_eq!(looks[0].write_units, 0.0);
}

#[tokio::test]
async fn a_claim_costs_the_same_from_two_to_two_thousand_employees() {
    let mut costs = Vec::new();
    for members in [2, 2000] {
        let world = with_members(members).await;
        world.set_channel(|channel| channel.distribution = Distribution::FirstResponder).await;
        let api = world.serve().await;
        for name in ["e0000", "e0001"] {
            let now = world.clock.now();
            world.write(&Employee::new(&world.account, &EmployeeId::new(name), name, now)).await;
        }
        for (number, name) in [(0, "e0000"), (1, "e0001")] {
            world.comes(number).await;
            world.drain_channel().await;
            let path = format!("/v1/chats/{}/messages", world.chat_id(&phone(number)));
            let body = serde_json::json!({"text": "Добрый день", "employee": name});
            world.table.take_traffic();
            let (status, told) = api.with(reqwest::Method::POST, &path, Some(body), &[]).await;
            assert!((200..300).contains(&status), "{status} {told}");
            if number == 1 {
                let cost = world.table.take_traffic();
                println!("a claim among {members} employees: {cost:?}");
                costs.push(cost);
            }
            assert_eq!(world.whose([number]).await, [name]);
        }
    }
    assert_eq!(costs[0], costs[1]);
}

/// A chat that finishes by inactivity: the cost of handling its check, with everything that this reads.
#[tokio::test]
async fn a_finish_costs_the_same_from_two_to_two_thousand_employees_and_from_ten_to_thousands_of_chats() {
    let mut costs = Vec::new();
    for (members, chats) in [(2, 10), (2000, MANY)] {
        let world = with_members(members).await;
        fill(&world, (0..chats).map(|chat| open_chat(&world, "e0001", chat))).await;
        world.comes(0).await;
        world.settle().await;
        world.clock.advance(Duration::from_secs(631));
        world.sweep().await;
        world.table.take_traffic();
        while world.deliver("inbound.fifo").await {}
        let cost = world.table.take_traffic();
        println!("a finish, {members} employees, {chats} chats: {cost:?}");
        while world.deliver("crm.fifo").await {}
        println!("the CRM is told of it: {:?}", world.table.take_traffic());
        assert_eq!(
            world.chat(&phone(0)).await.unwrap().state,
            shared::model::chat::state::ChatState::General
        );
        costs.push((cost.read_units, cost.write_units));
    }
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].1 <= 16.0, "{costs:?}");
}
