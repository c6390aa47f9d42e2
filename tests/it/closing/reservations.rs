//! Reservations: an employee who gets a client by turn must answer in time, or the next member gets the client.

use crate::world::sends::PHONE;
use crate::world::{CHANNEL, TOKEN, World};
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::channel::Reservation;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::state::AssignmentState;
use std::time::Duration;
use tests::wazzup;

async fn reserved(names: &[&str], passes: u32) -> World {
    let world = World::with_employees(names).await;
    world
        .set_channel(|channel| {
            channel.reservation = Some(Reservation { answer_within_s: 60, passes });
            // Long enough that the chat does not finish meanwhile.
            channel.closing.close_after_s = Some(24 * 3600);
        })
        .await;
    world.client_writes("m1", "Привет").await;
    assert_eq!(world.responsible().await, Some(EmployeeId::new(names[0])));
    assert!(world.there().await.reserved_until.is_some());
    world
}

async fn has(world: &World, name: &str) {
    assert_eq!(world.responsible().await, Some(EmployeeId::new(name)));
}

#[tokio::test]
async fn b3_who_does_not_answer_in_time_loses_the_client_a_bounded_number_of_times() {
    let world = reserved(&["anna", "boris", "vera"], 2).await;
    world.pass(Duration::from_secs(55)).await;
    has(&world, "anna").await;
    for name in ["boris", "vera", "vera", "vera"] {
        world.pass(Duration::from_secs(125)).await;
        has(&world, name).await;
    }
    let lapses =
        world.history().await.into_iter().filter(|(why, _)| *why == AssignmentReason::Lapsed).count();
    assert_eq!((lapses, world.there().await.reserved_until), (2, None), "the last employee keeps the client");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn b3_any_employees_answer_keeps_him_wherever_it_is_written() {
    let world = reserved(&["anna", "boris"], 3).await;
    world.answers_on_the_phone("e1", "Да").await;
    world.pass(Duration::from_secs(600)).await;
    has(&world, "anna").await;
    let world = reserved(&["anna", "boris"], 3).await;
    world.send("own-1", "Да").await;
    world.pass_everywhere(Duration::from_secs(600)).await;
    has(&world, "anna").await;
    let world = reserved(&["anna", "boris"], 3).await;
    world
        .change_chat(|chat| {
            assert!(chat.no_answer_needed(chat.client_count));
        })
        .await;
    world.pass(Duration::from_secs(600)).await;
    has(&world, "anna").await;
    assert_eq!(world.messages(PHONE).await.len(), 1);
}

#[tokio::test]
async fn b5_who_answers_late_but_before_somebody_else_has_the_client_keeps_him() {
    for skips in [false, true] {
        let world = reserved(&["anna", "boris"], 3).await;
        world.set_channel(|channel| channel.skip_echoes = skips).await;
        world.clock.advance(Duration::from_secs(120));
        world.sweep().await;
        while world.deliver("timers").await || world.deliver("inbound.fifo").await {}
        let lapsed = world.there().await;
        assert_eq!((lapsed.assignment_state, lapsed.missed_by.len()), (AssignmentState::Waiting, 1));
        let at = world.clock.now().rfc3339();
        let echo = wazzup::echo(CHANNEL, PHONE, "e1", &at, "Да");
        assert_eq!(world.post(TOKEN, wazzup::messages(&[echo]).to_string()).await, 200);
        while world.deliver("inbound.fifo").await {}
        let kept = world.there().await;
        assert_eq!((kept.assignment_state, kept.reserved_until), (AssignmentState::Assigned, None));
        let queue = world.store.count_waiting(&world.account, &world.channel, None).await.unwrap();
        assert_eq!(queue, 0, "the client is in no queue");
        world.pass(Duration::from_secs(600)).await;
        has(&world, "anna").await;
        assert_eq!(world.history().await.last(), Some(&(AssignmentReason::Kept, Some("anna".to_owned()))));
    }
}

#[tokio::test]
async fn b3_one_that_is_switched_off_lapses_no_more() {
    let world = reserved(&["anna", "boris"], 3).await;
    world.set_channel(|channel| channel.reservation = None).await;
    world.pass(Duration::from_secs(600)).await;
    has(&world, "anna").await;
}

#[tokio::test]
async fn b3_nobody_else_is_there_and_he_stays() {
    let world = reserved(&["anna"], 3).await;
    world.pass(Duration::from_secs(600)).await;
    has(&world, "anna").await;
    let history = world.history().await;
    assert!(history.len() <= 3, "the client does not go round for ever: {history:?}");
}
