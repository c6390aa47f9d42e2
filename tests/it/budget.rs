//! What one message costs: counted on the wire, over the whole way (design: at most 10 write units, 4 read units, 3 SQS
//! sends and one invocation each of ingest, routing and crm-push).

use crate::world::wire::Traffic;
use crate::world::{TOKEN, World, echo, messages, text};
use std::time::Duration;

/// A World with a live chat that is assigned, known to the CRM, and answered.
async fn answered() -> World {
    let world = World::with_employees(&["anna", "boris", "vera"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m0", "Здравствуйте")])).await;
    world.settle().await;
    world.post(TOKEN, messages(&[echo("79011112233", "e0", "Добрый день")])).await;
    world.settle().await;
    world
}

/// What one text message costs now, settings warm; it must stay in the budget.
async fn cost_of_a_message(world: &World, case: &str, id: &str) -> Traffic {
    // Settings are read once in thirty seconds: that read is not the message's.
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
    world.write(&shared::account::Account { has_blacklist: true, ..account }).await;
    world.clock.advance(Duration::from_secs(45));
    let looked = cost_of_a_message(&world, "with a blacklist", "m1").await;
    assert!(looked.calls("GetItem") > 3, "it was looked at: {looked:?}");
}

/// A new client is made once: his price is known too, and kept.
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
    assert!(table.write_units > 0.0 && table.write_units <= 35.0, "{table:?}");
    assert!(table.read_units > 0.0 && table.read_units <= 20.5, "{table:?}");
    assert_eq!((sqs.calls("SendMessageBatch"), invocations), (3, 4));
}

/// An answer costs what it writes: the rows that the API makes are its own, and not counted here.
#[tokio::test]
async fn delivering_an_answer_stays_in_its_budget() {
    let world = answered().await;
    // The first call of a worker reads settings and connection, which are good for half a minute.
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
