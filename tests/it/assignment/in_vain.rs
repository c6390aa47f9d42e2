//! What must not keep clients waiting: room that a drain itself frees, channels that are switched off, unreadable rows.

use super::phone;
use crate::world::World;
use crate::world::wire::{Fault, How};
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ChatId, EmployeeId};
use shared::model::channel::Distribution;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::state::{AssignmentState, QueuePreference};
use shared::model::employee::{Membership, Status};
use shared::store::keys;
use shared::store::row::{Key, Row};
use std::time::Duration;

#[tokio::test]
async fn b3_who_was_taken_from_somebody_and_is_everybodys_now_is_nobodys_person() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world.comes(1).await;
    world.drain_channel().await;
    assert_eq!(world.whose_person(1).await, Some(EmployeeId::new("anna")));
    world.set_channel(|channel| channel.distribution = Distribution::FirstResponder).await;
    world.waits_again(1, None).await;
    world.place(&Membership { status: Status::Away, ..world.member("anna", 0) }).await;
    world.drain_channel().await;
    assert_eq!(world.chat(&phone(1)).await.unwrap().assignment_state, AssignmentState::Unclaimed);
    assert_eq!(world.whose_person(1).await, Some(EmployeeId::new("anna")), "kept until anna is back");
    world.waits_again(1, Some(QueuePreference::Anyone)).await;
    world.drain_channel().await;
    assert_eq!(world.chat(&phone(1)).await.unwrap().assignment_state, AssignmentState::Unclaimed);
    assert_eq!(world.whose_person(1).await, None, "the first to answer claims the client");
}

#[tokio::test]
async fn b4_a_place_that_the_drain_itself_frees_is_somebodys() {
    let world = World::with_employees(&[]).await;
    world.place(&Membership { cap: Some(1), ..world.member("anna", 1) }).await;
    world.comes(0).await;
    world.drain_channel().await;
    for number in 1..3 {
        world.comes(number).await;
    }
    world.drain_channel().await;
    assert_eq!(world.whose(0..3).await, ["anna", "-", "-"]);
    // The first client is taken from anna, and waits behind those for whom there was no room.
    let before = world.chat(&phone(0)).await.unwrap();
    let late = Some(world.chat(&phone(2)).await.unwrap().waiting_since.unwrap() + Duration::from_secs(1));
    world.write(&shared::model::chat::Chat { arrived_at: late, ..before }).await;
    world.waits_again(0, Some(QueuePreference::Employee(EmployeeId::new("boris")))).await;
    world.place(&Membership { receives_new_clients: false, ..world.member("boris", 2) }).await;
    world.drain_channel().await;
    assert_eq!(world.whose(0..3).await, ["boris", "anna", "-"]);
    assert_eq!((world.open_with("anna").await, world.ring_row().await.left), (1, 1));
}

#[tokio::test]
async fn p5_after_a_lost_race_those_behind_the_first_are_looked_at_too() {
    let world = World::with_employees(&[]).await;
    world.place(&Membership { cap: Some(0), ..world.member("anna", 1) }).await;
    for number in 0..2 {
        world.comes(number).await;
    }
    // The second client has boris as queue preference; the first waits in vain, and transactions conflict.
    world.place(&Membership { receives_new_clients: false, ..world.member("boris", 2) }).await;
    world.drain_channel().await;
    world.waits_again(1, Some(QueuePreference::Employee(EmployeeId::new("boris")))).await;
    let holding = String::from("WAITING#");
    world.table.fail(Fault { operation: "TransactWriteItems", holding, times: 2, how: How::Conflict });
    world.drain_channel().await;
    assert_eq!(world.whose(0..2).await, ["-", "boris"]);
}

#[tokio::test]
async fn b4_a_channel_that_is_switched_off_tells_nobody_and_is_looked_at_all_the_same() {
    let world = World::with_employees(&["anna"]).await;
    world.set_channel(|channel| channel.paused = true).await;
    world.comes(1).await;
    world.drain_channel().await;
    let ring = world.ring_row().await;
    assert_eq!((ring.left, ring.oldest, ring.check_at.is_some()), (0, None, true));
    world.clock.advance(Duration::from_secs(301));
    world.drain_channel().await;
    assert_eq!((world.heads_are_told(), world.whose([1]).await), (0, vec!["-".to_owned()]));
    world.set_channel(|channel| channel.paused = false).await;
    world.drain_channel().await;
    assert_eq!(world.whose([1]).await, ["anna"]);
    let rounds = world.ring_row().await.rounds;
    world.drain_channel().await;
    assert_eq!((world.heads_are_told(), world.ring_row().await.rounds), (0, rounds), "nothing to notify of");
}

#[tokio::test]
async fn p5_a_drain_that_finds_nobody_waiting_is_a_decision_too() {
    let world = World::with_employees(&[]).await;
    world.comes(1).await;
    world.drain_channel().await;
    let before = world.ring_row().await;
    assert_eq!((before.left, world.heads_are_told()), (1, 1));
    let chat = world.chat(&phone(1)).await.unwrap();
    let since = chat.waiting_since.unwrap();
    let row = keys::waiting(&world.account, &world.channel, since, &chat.chat);
    world.store.commit(vec![shared::store::row::Write::forget(row)]).await.unwrap();
    world.drain_channel().await;
    let after = world.ring_row().await;
    assert_eq!((after.left, after.rounds, world.heads_are_told()), (0, before.rounds + 1, 2));
}

/// A chat's row that this version cannot parse.
#[derive(Debug, Serialize, Deserialize)]
struct Broken {
    v: String,
    account: AccountId,
    id: ChatId,
}

impl Row for Broken {
    fn key(&self) -> Key {
        keys::chat(&self.account, &self.id)
    }
}

#[tokio::test]
async fn p5_a_chat_that_cannot_be_read_keeps_nobody_else_waiting() {
    let world = World::with_employees(&["anna"]).await;
    for number in 0..3 {
        world.comes(number).await;
    }
    let id = world.chat_id(&phone(0));
    let whole = world.chat(&phone(0)).await.unwrap();
    world.write(&Broken { v: "?".into(), account: world.account.clone(), id }).await;
    world.drain_channel().await;
    assert_eq!(world.whose(1..3).await, ["anna", "anna"]);
    assert_eq!(world.ring_row().await.left, 1, "the client counts as waiting still");
    world.write(&whole).await;
    world.drain_channel().await;
    assert_eq!(
        (world.whose([0]).await, world.why_of(0).await),
        (vec!["anna".to_owned()], vec![AssignmentReason::Turn])
    );
}
