//! An employee with hundreds of clients; clients with unreadable rows; invocations short of time.

use super::{MINUTE, phone};
use crate::world::wire::{Fault, How};
use crate::world::{TOKEN, World, messages, text};
use assignment::Assignment;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use shared::base::clock::Ambient;
use shared::base::ids::{AccountId, ChatId, ContactId, EmployeeId};
use shared::model::assignment::requeue::Requeue;
use shared::model::chat::Chat;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::state::AssignmentState;
use shared::model::crm::CrmKind;
use shared::platform::batch::SqsBatch;
use shared::platform::nudge::RequeueNudge;
use shared::platform::queue::Outgoing;
use shared::store::chat_transaction::rows_beside;
use shared::store::keys;
use shared::store::row::{Key, Row, Write};
use shared::store::settings_cache::SettingsCache;
use std::sync::Arc;
use std::time::Duration;

const ASSIGNMENT: &str = "https://sqs.test/assignment.fifo";

impl World {
    /// Creates this many live chats of an employee, each a second after the one before; returns their ids.
    async fn chats_of(&self, name: &str, count: usize) -> Vec<ChatId> {
        self.post(TOKEN, messages(&[text(&phone(0), "m0", "Здравствуйте")])).await;
        self.settle().await;
        let model = self.chat(&phone(0)).await.unwrap();
        let mut writes = Vec::new();
        let mut ids = Vec::new();
        for number in 0..count {
            let at = self.clock.now() + Duration::from_secs(u64::try_from(number).unwrap() + 1);
            let id = ChatId::new(format!("0198-many-{number:04}"));
            let mut chat = Chat {
                chat: id.clone(),
                contact: ContactId::new(format!("0198-client-{number:04}")),
                opened_at: Some(at),
                arrived_at: Some(at),
                listed_at: at,
                ..model.clone()
            };
            chat.assign(&EmployeeId::new(name), AssignmentReason::Turn, at);
            writes.push(Write::create(&chat).unwrap());
            writes.extend(rows_beside(None, Some(&chat)).unwrap());
            ids.push(id);
        }
        self.store.commit_in_parts(writes).await.unwrap();
        ids
    }

    /// Removes the employee, with the requeue's row and nudge; no member is left who could get their clients.
    async fn lets_go(&self, name: &str) -> Requeue {
        let employee = EmployeeId::new(name);
        let requeue = Requeue::of(&self.account, &employee, Some(&self.channel), &*self.clock);
        let place = keys::membership(&self.account, &self.channel, &employee);
        let writes = vec![Write::put(&requeue).unwrap(), Write::forget(place)];
        self.store.commit(writes).await.unwrap();
        self.nudge_requeue(&requeue).await;
        requeue
    }

    async fn nudge_requeue(&self, requeue: &Requeue) {
        let nudge = RequeueNudge::new(&self.account, &requeue.whose);
        let outgoing = Outgoing::requeue(&nudge, &*self.clock).unwrap();
        self.context.queues.send(ASSIGNMENT, vec![outgoing]).await.unwrap();
    }

    async fn read_chats(&self, chats: &[ChatId]) -> Vec<Chat> {
        let mut found = self.store.chats(&self.account, chats).await.unwrap();
        found.sort_by(|left, right| left.chat.cmp(&right.chat));
        found
    }

    async fn requeue_left(&self, requeue: &Requeue) -> Option<Requeue> {
        self.store.requeue(&self.account, &requeue.whose).await.unwrap()
    }
}

/// The cost of one requeue pass in write and read units: Anna leaves, who had `count` clients.
async fn cost_of(count: usize) -> (f64, f64) {
    let world = World::with_employees(&["anna"]).await;
    let chats = world.chats_of("anna", count).await;
    world.lets_go("anna").await;
    world.table.take_traffic();
    assert!(world.deliver("assignment.fifo").await);
    let traffic = world.table.take_traffic();
    let waiting = world.store.waiting(&world.account, &world.channel, 1000).await.unwrap();
    let order: Vec<ChatId> = waiting.into_iter().map(|client| client.chat).collect();
    assert_eq!(order.len(), count + 1, "each once, and the first one");
    assert_eq!(order[1..], chats, "in order of arrival");
    (traffic.write_units, traffic.read_units)
}

#[tokio::test]
async fn b4_two_hundred_clients_pass_on_each_once_at_a_constant_price() {
    let ((few_writes, few_reads), (many_writes, many_reads)) = (cost_of(20).await, cost_of(200).await);
    let writes = (many_writes - few_writes) / 180.0;
    let reads = (many_reads - few_reads) / 180.0;
    println!("a client passed on: {writes} write units, {reads} read units");
    let of_few = (few_writes / 21.0, few_reads / 21.0);
    assert!(writes <= of_few.0 + 0.01 && writes <= 30.0, "{writes} of {of_few:?}");
    assert!(reads <= of_few.1 + 0.01 && reads <= 5.0, "{reads} of {of_few:?}");
}

#[tokio::test]
async fn b4_two_hundred_clients_are_given_to_the_others_in_turn() {
    let world = World::with_employees(&["anna"]).await;
    world.set_account(|account| account.crm_kind = CrmKind::None).await;
    let chats = world.chats_of("anna", 200).await;
    for (place, name) in ["boris", "vera"].into_iter().enumerate() {
        world.join(name, i64::try_from(place).unwrap() + 1).await;
    }
    let requeue = world.lets_go("anna").await;
    world.settle().await;
    world.pass(2 * MINUTE).await;
    assert_eq!(world.requeue_left(&requeue).await, None);
    let mut found = world.read_chats(&chats).await;
    found.extend(world.chat(&phone(0)).await);
    let of = |name: &str| {
        found.iter().filter(|chat| chat.responsible.as_ref().is_some_and(|is| is.as_str() == name)).count()
    };
    assert_eq!(of("boris") + of("vera"), 201);
    assert!(of("boris").abs_diff(of("vera")) <= 1, "{} {}", of("boris"), of("vera"));
    for chat in &found {
        let history = world.store.assignment_records(&world.account, &chat.chat, 10, None).await.unwrap();
        let whys: Vec<AssignmentReason> = history.items.iter().map(|record| record.why).collect();
        assert_eq!(whys[..2], [AssignmentReason::Turn, AssignmentReason::Removed]);
        assert_eq!(whys.iter().filter(|why| **why == AssignmentReason::Removed).count(), 1, "once");
    }
}

/// A chat's row that cannot be parsed.
#[derive(Serialize, Deserialize)]
struct Broken {
    v: String,
    account: AccountId,
    id: ChatId,
    name: String,
}

impl Row for Broken {
    fn key(&self) -> Key {
        keys::chat(&self.account, &self.id)
    }

    fn index(&self) -> Vec<(&'static str, AttributeValue)> {
        let partition = keys::of_employee(&self.account, &EmployeeId::new(self.name.as_str()));
        vec![
            ("employee_key", AttributeValue::S(partition)),
            ("employee_sort", AttributeValue::S("live#0000000000001".into())),
        ]
    }
}

#[tokio::test]
async fn a_broken_chat_holds_up_no_other_and_is_left_to_people_after_some_looks() {
    let world = World::with_employees(&["anna"]).await;
    let chats = world.chats_of("anna", 3).await;
    let id = ChatId::new("0198-broken");
    world.write(&Broken { v: "?".into(), account: world.account.clone(), id, name: "anna".into() }).await;
    let requeue = world.lets_go("anna").await;
    world.deliver("assignment.fifo").await;
    assert!(
        world.read_chats(&chats).await.iter().all(|chat| chat.assignment_state == AssignmentState::Waiting)
    );
    let left = world.requeue_left(&requeue).await.unwrap();
    assert_eq!(left.attempts, 1);
    assert!(left.check_at > world.clock.now());
    let mut looks = 1;
    while let Some(left) = world.requeue_left(&requeue).await {
        assert!(looks <= shared::model::assignment::requeue::MOST_ATTEMPTS, "bounded");
        world.clock.advance(left.check_at.since(world.clock.now()));
        world.nudge_requeue(&requeue).await;
        while world.deliver("assignment.fifo").await {}
        looks += 1;
    }
    assert_eq!(looks, shared::model::assignment::requeue::MOST_ATTEMPTS);
}

#[tokio::test]
async fn a_table_that_is_busy_ends_nothing() {
    let world = World::with_employees(&["anna"]).await;
    let chats = world.chats_of("anna", 3).await;
    let requeue = world.lets_go("anna").await;
    let holding = "0198-many-0001".to_owned();
    world.table.fail(Fault { operation: "TransactWriteItems", holding, times: 2, how: How::Throttled });
    world.deliver("assignment.fifo").await;
    let left = world.requeue_left(&requeue).await.unwrap();
    assert_eq!(left.attempts, 0, "not the chat's fault");
    world.pass(5 * MINUTE).await;
    assert!(
        world.read_chats(&chats).await.iter().all(|chat| chat.assignment_state == AssignmentState::Waiting)
    );
    assert_eq!(world.requeue_left(&requeue).await, None);
}

#[tokio::test]
async fn p4_whoever_changes_a_chat_meanwhile_is_not_overwritten() {
    for how in [How::Conflict, How::AnswerLost] {
        let world = World::with_employees(&["anna"]).await;
        let chats = world.chats_of("anna", 3).await;
        world.lets_go("anna").await;
        let holding = "0198-many-0001".to_owned();
        world.table.fail(Fault { operation: "TransactWriteItems", holding, times: 1, how });
        world.pass(2 * MINUTE).await;
        for chat in world.read_chats(&chats).await {
            assert_eq!(chat.assignment_state, AssignmentState::Waiting, "{how:?}");
            let history = world.store.assignment_records(&world.account, &chat.chat, 10, None).await.unwrap();
            assert_eq!(history.items.len(), 1, "{how:?}: once");
        }
    }
}

#[tokio::test]
async fn a_look_that_is_cut_short_goes_on_with_another_nudge() {
    let world = World::with_employees(&["anna"]).await;
    let chats = world.chats_of("anna", 120).await;
    let requeue = world.lets_go("anna").await;
    let assignment = Assignment {
        store: world.store.clone(),
        nudger: world.assignment.nudger.clone(),
        settings: SettingsCache::default(),
        ambient: Arc::clone(&world.clock) as Arc<dyn Ambient>,
    };
    let mut runs = 0;
    loop {
        let waiting = world.read_chats(&chats).await.iter().filter(|chat| chat.responsible.is_none()).count();
        if waiting == chats.len() {
            break;
        }
        assert!(runs < 5, "{waiting} after {runs} runs");
        let batch = world.queues.receive("assignment.fifo");
        let nudge = batch.iter().find(|message| message.body.contains("whose")).expect("it goes on");
        let record = serde_json::json!({"Records": [{
            "messageId": nudge.id, "receiptHandle": nudge.id, "body": nudge.body,
            "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": nudge.group},
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:assignment.fifo",
        }]});
        let event: SqsBatch = serde_json::from_value(record).unwrap();
        let answer = assignment.handle(event, Duration::from_secs(20), &world.context).await;
        assert!(answer.returned().is_empty());
        world.queues.acknowledge("assignment.fifo", std::slice::from_ref(nudge), &[]);
        runs += 1;
    }
    assert!(runs > 1, "one page per run");
    assert_eq!(world.requeue_left(&requeue).await.unwrap().id, requeue.id);
}
