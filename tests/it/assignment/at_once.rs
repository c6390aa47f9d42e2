//! Concurrent drains, and an employee who assigns a client while a drain is in flight.

use super::phone;
use crate::world::World;
use crate::world::change_of;
use crate::world::wire::{Fault, How};
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::state::AssignmentState;
use shared::model::employee::Membership;
use shared::store::row::Write;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn p5_drains_at_once_give_out_each_client_once_and_fairly() {
    let world = World::with_employees(&["anna", "boris", "vera"]).await;
    for number in 0..9 {
        world.comes(number).await;
    }
    world.queues.lose("assignment.fifo");
    for _ in 0..4 {
        world.nudge_channel().await;
    }
    world.deliver_at_once("assignment.fifo").await;
    world.settle().await;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for (number, name) in world.whose(0..9).await.into_iter().enumerate() {
        assert_eq!(world.why_of(number).await, [AssignmentReason::Turn], "the responsible changes once");
        *counts.entry(name).or_default() += 1;
    }
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [3, 3, 3]);
    assert_eq!(world.ring_row().await.turns, 9);
}

#[tokio::test]
async fn p5_a_cap_holds_under_drains_at_once_and_who_is_left_is_served_in_order() {
    let world = World::with_employees(&[]).await;
    for (name, place) in [("anna", 1), ("boris", 2)] {
        world.place(&Membership { cap: Some(2), ..world.member(name, place) }).await;
    }
    for number in 0..7 {
        world.comes(number).await;
        world.clock.advance(std::time::Duration::from_millis(10));
    }
    world.queues.lose("assignment.fifo");
    for _ in 0..4 {
        world.nudge_channel().await;
    }
    world.deliver_at_once("assignment.fifo").await;
    world.settle().await;
    assert_eq!(world.whose(0..7).await, ["anna", "boris", "anna", "boris", "-", "-", "-"]);
    assert_eq!((world.open_with("anna").await, world.open_with("boris").await), (2, 2));
    let ring = world.ring_row().await;
    assert_eq!((ring.left, ring.oldest), (3, world.chat(&phone(4)).await.unwrap().waiting_since));
    let before = world.chat(&phone(2)).await.unwrap();
    let mut after = before.clone();
    let event = after.finish(shared::model::chat::state::FinishReason::ByHand, world.clock.now());
    let mut writes = change_of(before, after, world.clock.now());
    writes.push(Write::create(&event).unwrap());
    world.store.commit(writes).await.unwrap();
    world.drain_channel().await;
    assert_eq!(world.whose(4..7).await, ["anna", "-", "-"], "anna has room again");
    assert_eq!(world.ring_row().await.left, 2);
}

#[tokio::test]
async fn p4_who_is_given_by_hand_meanwhile_is_not_taken_by_the_drain() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world.comes(1).await;
    // The drain has chosen anna; its transaction is held back.
    let held: Arc<Mutex<Vec<serde_json::Value>>> = Arc::default();
    let keep = Arc::clone(&held);
    world.table.mutate(Arc::new(move |operation, request| {
        if operation == "TransactWriteItems" {
            keep.lock().unwrap().push(request.clone());
        }
    }));
    world.table.fail(Fault {
        operation: "TransactWriteItems",
        holding: String::new(),
        times: 1,
        how: How::Throttled,
    });
    assert!(world.deliver("assignment.fifo").await);
    world.table.mutate(Arc::new(|_, _| {}));
    // Meanwhile a head assigns the client to boris.
    let before = world.chat(&phone(1)).await.unwrap();
    let mut after = before.clone();
    let record = after.assign(&EmployeeId::new("boris"), AssignmentReason::ByHand, world.clock.now());
    let mut writes = change_of(before, after, world.clock.now());
    writes.push(Write::create(&record).unwrap());
    world.store.commit(writes).await.unwrap();
    // The held transaction goes through now and conflicts; the drain decides again, and there is nothing to decide.
    let drain = held.lock().unwrap().remove(0);
    let (status, answer) = world.table.try_ask("TransactWriteItems", &drain).await;
    assert!(status == 400 && answer.to_string().contains("ConditionalCheckFailed"), "{status} {answer}");
    world.pass(std::time::Duration::from_secs(30)).await;
    let chat = world.chat(&phone(1)).await.unwrap();
    assert_eq!(
        (chat.assignment_state, chat.responsible),
        (AssignmentState::Assigned, Some(EmployeeId::new("boris")))
    );
    assert_eq!(world.why_of(1).await, [AssignmentReason::ByHand]);
    assert_eq!((world.open_with("anna").await, world.open_with("boris").await), (0, 1));
}

#[tokio::test]
async fn p5_a_member_who_goes_while_the_drain_decides_gets_nobody() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world.comes(1).await;
    let held: Arc<Mutex<Vec<serde_json::Value>>> = Arc::default();
    let keep = Arc::clone(&held);
    world.table.mutate(Arc::new(move |operation, request| {
        if operation == "TransactWriteItems" {
            keep.lock().unwrap().push(request.clone());
        }
    }));
    world.table.fail(Fault {
        operation: "TransactWriteItems",
        holding: String::new(),
        times: 1,
        how: How::Throttled,
    });
    assert!(world.deliver("assignment.fifo").await);
    world.table.mutate(Arc::new(|_, _| {}));
    let anna = world.member("anna", 0);
    let drain = held.lock().unwrap().remove(0);
    // Each change that makes a member ineligible is a condition of the write.
    for gone in [
        Membership { receives_new_clients: false, ..anna.clone() },
        Membership { status: shared::model::employee::Status::Away, ..anna.clone() },
        Membership { inactive: true, ..anna.clone() },
        Membership { sends: false, ..anna.clone() },
        Membership { cap: Some(0), ..anna.clone() },
        Membership { role: shared::model::employee::Role::QualityControl, ..anna.clone() },
    ] {
        world.place(&gone).await;
        let (status, _) = world.table.try_ask("TransactWriteItems", &drain).await;
        assert_eq!(status, 400, "{gone:?}");
    }
    world.place(&Membership { status: shared::model::employee::Status::Busy, ..anna }).await;
    world.pass(std::time::Duration::from_secs(30)).await;
    assert_eq!(world.whose([1]).await, ["boris"]);
}
