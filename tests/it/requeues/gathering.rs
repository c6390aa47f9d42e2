//! A channel switches to round robin: clients who were offered to all go into the queue.

use super::{MANAGER, MINUTE, at_work, phone};
use crate::world::World;
use crate::world::asking::Asking;
use reqwest::Method;
use serde_json::json;
use shared::base::ids::EmployeeId;
use shared::model::assignment::requeue::RequeueScope;
use shared::model::channel::{Distribution, Fallback};
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::state::AssignmentState;

async fn distribute(world: &World, api: &Asking, word: &str) {
    let path = format!("/v1/channels/{}", world.channel);
    api.done(Method::PATCH, &path, Some(json!({"distribution": word}))).await;
    world.settle().await;
}

/// Clients 0 to 3 are offered to all; the last one's chat is finished and answered.
async fn shown_to_all() -> (World, Asking) {
    let world = World::with_employees(&["anna", "boris"]).await;
    let api = world.serve().await;
    world.load_users(&api, &["anna", "boris"]).await;
    for name in ["anna", "boris"] {
        world.set_place(&api, name, MANAGER(true)).await;
    }
    world.set_channel(|channel| channel.distribution = Distribution::FirstResponder).await;
    world.clients_come(0..4).await;
    for number in 0..4 {
        assert_eq!(world.chat(&phone(number)).await.unwrap().assignment_state, AssignmentState::Unclaimed);
    }
    world.finish_of(3, true).await;
    (world, api)
}

#[tokio::test]
async fn b3_what_is_nobodys_is_given_out_in_turn_when_the_channel_begins_to() {
    let (world, api) = shown_to_all().await;
    distribute(&world, &api, "round_robin").await;
    assert_eq!(world.whose_are(0..4).await, ["anna", "boris", "anna", "-"], "in order of arrival");
    let last = world.chat(&phone(3)).await.unwrap();
    assert_eq!(last.assignment_state, AssignmentState::Unclaimed, "finished and answered");
    let gathered = world.records_of_client(0).await[1].clone();
    let came = world.chat(&phone(0)).await.unwrap().opened_at;
    assert_eq!(
        (gathered.why, gathered.waits, gathered.arrived_at),
        (AssignmentReason::GivenInTurn, true, came)
    );
    world.pass(2 * MINUTE).await;
    let whose = RequeueScope::Unclaimed { channel: world.channel.clone() };
    assert_eq!(world.store.requeue(&world.account, &whose).await.unwrap(), None, "the requeue is over");
}

#[tokio::test]
async fn b3_a_channel_that_shows_them_to_everybody_again_keeps_them_so() {
    let (world, api) = shown_to_all().await;
    let path = format!("/v1/channels/{}", world.channel);
    for word in ["round_robin", "by_crm"] {
        api.done(Method::PATCH, &path, Some(json!({"distribution": word}))).await;
    }
    world.pass(2 * MINUTE).await;
    for number in 0..3 {
        assert_eq!(world.chat(&phone(number)).await.unwrap().assignment_state, AssignmentState::Unclaimed);
    }
    distribute(&world, &api, "first_responder").await;
    assert!(world.queues.holds("assignment.fifo").is_empty());
    assert_eq!(world.chat(&phone(0)).await.unwrap().assignment_state, AssignmentState::Unclaimed);
}

/// Clients 4 and 5 are offered to all who receive new clients, which is Anna alone.
async fn shown_to_anna() -> (World, Asking) {
    let (world, api) = at_work().await;
    world.set_channel(|channel| channel.distribution = Distribution::FirstResponder).await;
    world.clients_come(4..6).await;
    for number in 4..6 {
        assert_eq!(world.chat(&phone(number)).await.unwrap().assignment_state, AssignmentState::Unclaimed);
    }
    (world, api)
}

#[tokio::test]
async fn b4_whom_nobody_sees_any_more_waits_and_is_nobodys_no_longer_than_that() {
    for how in ["switch", "role", "place", "employee", "refusal"] {
        let (world, api) = shown_to_anna().await;
        let anna = EmployeeId::new("anna");
        match how {
            "switch" => world.set_place(&api, "anna", MANAGER(false)).await,
            "role" => {
                let place = json!({"role": "quality_control", "receives_new_clients": true});
                world.set_place(&api, "anna", place).await;
            }
            "place" => drop(api.done(Method::DELETE, &world.path_of("anna"), None).await),
            "employee" => drop(api.done(Method::DELETE, "/v1/employees/anna", None).await),
            _ => drop(world.store.begin_refusal(&world.account, &anna, &*world.clock).await.unwrap()),
        }
        world.pass(MINUTE).await;
        let waits = world.who_waits(0..6).await;
        assert_eq!(waits.iter().filter(|number| **number >= 4).count(), 2, "{how}: {waits:?}");
        let ring = world.store.ring(&world.account, &world.channel).await.unwrap().unwrap();
        assert_eq!(usize::try_from(ring.left).unwrap(), waits.len(), "{how}");
        assert_eq!(world.records_of_client(4).await[0].why, AssignmentReason::NobodyLeft, "{how}");
        world.set_place(&api, "boris", MANAGER(true)).await;
        world.settle().await;
        assert_eq!(
            world.chat(&phone(4)).await.unwrap().assignment_state,
            AssignmentState::Unclaimed,
            "{how}: boris sees them"
        );
    }
}

#[tokio::test]
async fn b4_whom_nobody_sees_any_more_goes_to_whom_the_channel_falls_back_on() {
    let (world, api) = shown_to_anna().await;
    let fallback = Fallback::Employee(EmployeeId::new("boris"));
    world.set_channel(|channel| channel.fallback = fallback).await;
    world.set_place(&api, "anna", MANAGER(false)).await;
    world.settle().await;
    assert_eq!(world.whose_are(4..6).await, ["boris", "boris"]);
}

#[tokio::test]
async fn b3_while_somebody_sees_them_they_stay_everybodys() {
    let (world, api) = shown_to_anna().await;
    world.set_place(&api, "boris", MANAGER(true)).await;
    world.set_place(&api, "anna", MANAGER(false)).await;
    world.pass(2 * MINUTE).await;
    for number in 4..6 {
        assert_eq!(world.chat(&phone(number)).await.unwrap().assignment_state, AssignmentState::Unclaimed);
        assert_eq!(world.records_of_client(number).await.len(), 1);
    }
    let whose = RequeueScope::Unclaimed { channel: world.channel.clone() };
    assert_eq!(world.store.requeue(&world.account, &whose).await.unwrap(), None, "the requeue is over");
}
