//! When no member is eligible: which clients wait, which heads are notified, and what ends the wait.

use super::phone;
use crate::world::World;
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::EmployeeId;
use shared::model::channel::{Distribution, Fallback};
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::state::{AssignmentState, ChatState};
use shared::model::contact::Contact;
use shared::model::employee::{Ineligible, Membership, Role, Status};
use shared::model::working_hours::{Day, Span, WorkingHours};
use shared::store::row::Write;
use shared::store::{Read, keys};
use std::time::Duration;

/// Working hours on Saturdays; the World's clock begins on a Saturday at 9:00 UTC.
fn saturdays(from: &str) -> WorkingHours {
    let span = Span { days: vec![Day::Saturday], from: from.into(), to: "24:00".into() };
    WorkingHours { zone: "UTC".into(), spans: vec![span] }
}

impl World {
    /// How many notifications to the heads of this channel's waiting clients are in the queue.
    pub fn heads_are_told(&self) -> usize {
        let queued = self.queues.holds("crm.fifo");
        queued.iter().filter(|nudge| nudge.body.contains("\"about\":\"waiting\"")).count()
    }
}

#[tokio::test]
async fn b4_who_waits_is_served_as_working_hours_begin_and_nothing_else_happens() {
    let world = World::with_employees(&[]).await;
    world.place(&Membership { hours: Some(saturdays("09:03")), ..world.member("anna", 1) }).await;
    world.comes(1).await;
    world.drain_channel().await;
    let ring = world.ring_row().await;
    assert_eq!(ring.check_at, Timestamp::parse_rfc3339("2026-11-21T09:03:00Z"), "as anna's hours begin");
    world.pass(Duration::from_secs(170)).await;
    assert_eq!(world.whose([1]).await, ["-"]);
    world.pass(Duration::from_secs(70)).await;
    assert_eq!(world.whose([1]).await, ["anna"]);
    let ring = world.ring_row().await;
    assert_eq!((ring.left, ring.oldest, ring.check_at), (0, None, None));
}

#[tokio::test]
async fn b4_each_thing_that_makes_somebody_eligible_ends_the_wait_in_order_of_arrival() {
    let world = World::with_employees(&[]).await;
    let anna = world.member("anna", 1);
    world.place(&Membership { status: Status::Away, ..anna.clone() }).await;
    for number in 0..4 {
        world.comes(number).await;
        world.clock.advance(Duration::from_secs(1));
    }
    world.drain_channel().await;
    assert_eq!(world.whose(0..4).await, ["-", "-", "-", "-"]);
    let there = Membership { status: Status::Available, ..anna };
    for (served, makes_room) in [
        (1, Membership { cap: Some(1), ..there.clone() }),
        (2, Membership { cap: Some(2), ..there.clone() }),
        (4, Membership { cap: None, ..there }),
    ] {
        world.place(&makes_room).await;
        world.drain_channel().await;
        let whose = world.whose(0..4).await;
        let expected: Vec<&str> = (0..4).map(|place| if place < served { "anna" } else { "-" }).collect();
        assert_eq!(whose, expected);
    }
}

#[tokio::test]
async fn b4_heads_are_told_as_a_wait_begins_each_time_it_is_looked_at_and_as_it_ends() {
    let world = World::with_employees(&[]).await;
    world.comes(1).await;
    world.drain_channel().await;
    assert_eq!(world.heads_are_told(), 1);
    world.table.take_traffic();
    world.comes(2).await;
    let before = world.table.take_traffic();
    world.drain_channel().await;
    let ring = world.ring_row().await;
    assert_eq!((world.heads_are_told(), ring.left), (1, 2), "not for each client who arrives: {before:?}");
    world.clock.advance(Duration::from_secs(301));
    world.drain_channel().await;
    assert_eq!(world.heads_are_told(), 2);
    world.join("anna", 1).await;
    world.drain_channel().await;
    assert_eq!((world.heads_are_told(), world.ring_row().await.left), (3, 0));
    world.drain_channel().await;
    assert_eq!(world.heads_are_told(), 3);
}

#[tokio::test]
async fn b4_a_message_of_one_who_waits_in_vain_writes_nothing_at_the_ring() {
    let world = World::with_employees(&[]).await;
    for number in 0..30 {
        world.comes(number).await;
    }
    world.drain_channel().await;
    let ring = world.ring_row().await;
    assert_eq!(ring.left, 30);
    world.drain_channel().await;
    assert_eq!(world.ring_row().await, ring);
}

#[tokio::test]
async fn b5_behind_many_who_wait_in_vain_one_whose_own_employee_is_there_is_served() {
    let world = World::with_employees(&[]).await;
    world.place(&Membership { cap: Some(0), ..world.member("anna", 1) }).await;
    for number in 0..45 {
        world.comes(number).await;
        world.clock.advance(Duration::from_millis(10));
    }
    let before = world.chat(&phone(44)).await.unwrap();
    let mut after = before.clone();
    after.responsible = Some(EmployeeId::new("anna"));
    world.store.commit(vec![Write::change(&before, &after, &[]).unwrap().unwrap()]).await.unwrap();
    world.drain_channel().await;
    assert_eq!(world.chat(&phone(44)).await.unwrap().assignment_state, AssignmentState::Waiting);
    world.clock.advance(Duration::from_secs(301));
    world.drain_channel().await;
    let chat = world.chat(&phone(44)).await.unwrap();
    assert_eq!(
        (chat.assignment_state, chat.responsible),
        (AssignmentState::Assigned, Some(EmployeeId::new("anna")))
    );
    assert_eq!((world.why_of(44).await, world.ring_row().await.left), (vec![AssignmentReason::Kept], 44));
    assert_eq!(world.ring_row().await.oldest, world.chat(&phone(0)).await.unwrap().waiting_since);
}

#[tokio::test]
async fn b4_the_fallback_gets_whom_nobody_else_may_have() {
    let world = World::with_employees(&[]).await;
    world.place(&Membership { status: Status::Off, ..world.member("anna", 1) }).await;
    let head = |name, place| Membership {
        role: Role::Head,
        receives_new_clients: false,
        ..world.member(name, place)
    };
    world.place(&head("olga", 2)).await;
    world.place(&head("pavel", 3)).await;
    world.set_channel(|channel| channel.fallback = Fallback::Heads).await;
    for number in 0..3 {
        world.comes(number).await;
        world.drain_channel().await;
    }
    assert_eq!(world.whose(0..3).await, ["olga", "pavel", "olga"]);
    let fallback = Fallback::Employee(EmployeeId::new("anna"));
    world.set_channel(|channel| channel.fallback = fallback).await;
    world.comes(3).await;
    world.drain_channel().await;
    assert_eq!(
        (world.whose([3]).await, world.why_of(3).await),
        (vec!["anna".to_owned()], vec![AssignmentReason::Fallback])
    );
    assert_eq!((world.ring_row().await.turns, world.ring_row().await.left), (0, 0));
}

#[tokio::test]
async fn b4_the_decision_is_kept_with_the_reason_of_each_member() {
    let world = World::with_employees(&[]).await;
    world.place(&Membership { status: Status::Busy, ..world.member("anna", 1) }).await;
    world.place(&Membership { cap: Some(1), ..world.member("boris", 2) }).await;
    world.place(&world.member("vera", 3)).await;
    for number in 0..2 {
        world.comes(number).await;
        world.drain_channel().await;
    }
    world.comes(2).await;
    world.drain_channel().await;
    assert_eq!(world.whose(0..3).await, ["boris", "vera", "vera"]);
    let record = world.history_of(2).await.remove(0);
    let reasons: Vec<(&str, Option<Ineligible>)> =
        record.considered.iter().map(|one| (one.employee.as_str(), one.reason)).collect();
    let expected =
        [("anna", Some(Ineligible::Busy)), ("boris", Some(Ineligible::CapReached)), ("vera", None)];
    assert_eq!((reasons, record.more), (expected.to_vec(), false));
    let chat = world.chat(&phone(2)).await.unwrap();
    assert_eq!((record.seq, record.responsible, record.waits), (chat.seq, chat.responsible, false));
    assert_eq!(record.arrived_at, chat.arrived_at);
}

#[tokio::test]
async fn b3_who_is_shown_to_all_has_that_in_his_history() {
    let world = World::with_employees(&["anna"]).await;
    world.set_channel(|channel| channel.distribution = Distribution::FirstResponder).await;
    world.comes(1).await;
    world.drain_channel().await;
    assert_eq!(world.chat(&phone(1)).await.unwrap().assignment_state, AssignmentState::Unclaimed);
    assert_eq!(world.why_of(1).await, [AssignmentReason::ShownToAll]);
}

#[tokio::test]
async fn b5_whose_person_is_given_to_another_while_the_drain_decides_is_decided_again() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world.comes(1).await;
    let chat = world.chat(&phone(1)).await.unwrap();
    let key = keys::contact(&world.account, &chat.contact);
    let contact: Contact = world.store.get(&key, Read::Consistent).await.unwrap().unwrap();
    world.write(&Contact { responsible: Some(EmployeeId::new("boris")), ..contact }).await;
    world.drain_channel().await;
    assert_eq!(
        (world.whose([1]).await, world.why_of(1).await),
        (vec!["boris".to_owned()], vec![AssignmentReason::Kept])
    );
    assert_eq!(world.ring_row().await.turns, 0);
    assert_eq!(world.chat(&phone(1)).await.unwrap().state, ChatState::Live);
    assert!(world.clock.now() > Timestamp::default());
}
