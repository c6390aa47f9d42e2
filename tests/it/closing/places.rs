//! A chat that finishes makes room under its employee's cap, and a waiting client is assigned at once (B4).

use crate::world::sends::PHONE;
use crate::world::{TOKEN, World, messages, text};
use shared::base::ids::EmployeeId;
use shared::model::chat::state::{AssignmentState, ChatState};
use std::time::Duration;

const OTHER: &str = "79990000001";

#[tokio::test]
async fn b4_who_waits_is_served_when_a_chat_finishes_by_silence() {
    let world = World::with_employees(&[]).await;
    let mut anna = world.member("anna", 0);
    anna.cap = Some(1);
    world
        .store
        .commit(shared::store::settings::member_writes(None, Some(&anna), &[]).unwrap())
        .await
        .unwrap();
    world.client_writes("m1", "Привет").await;
    world.clock.advance(Duration::from_secs(400));
    world.post(TOKEN, messages(&[text(OTHER, "o1", "Здравствуйте")])).await;
    world.settle().await;
    assert_eq!(
        world.chat(OTHER).await.unwrap().assignment_state,
        AssignmentState::Waiting,
        "anna's cap is reached"
    );
    // Only the first chat finishes: the ring's own check is not due yet.
    world.clock.advance(Duration::from_secs(240));
    let check = shared::model::event::Event::Check { chat: world.chat_id(PHONE) };
    let envelope = shared::model::event::Envelope::new(
        world.account.clone(),
        shared::base::clock::Ambient::now(&*world.clock),
        check,
    );
    let outgoing = shared::platform::queue::Outgoing::inbound(&envelope, String::from("check")).unwrap();
    world.context.queues.send("https://sqs.test/inbound.fifo", vec![outgoing]).await.unwrap();
    world.settle().await;
    assert_eq!(world.there().await.state, ChatState::General);
    let served = world.chat(OTHER).await.unwrap();
    assert_eq!(
        (served.assignment_state, served.responsible),
        (AssignmentState::Assigned, Some(EmployeeId::new("anna")))
    );
}
