//! Reservations: an employee who gets a client by turn must answer in time, where the channel says so.

use super::phone;
use crate::world::World;
use shared::base::clock::Ambient;
use shared::model::channel::Reservation;
use shared::model::chat::Chat;
use std::time::Duration;

#[tokio::test]
async fn a_reserved_client_is_looked_at_as_the_time_ends() {
    let world = World::with_employees(&["anna", "boris"]).await;
    let reservation = Reservation { answer_within_s: 120, passes: 1 };
    world.set_channel(|channel| channel.reservation = Some(reservation)).await;
    world.comes(1).await;
    world.drain_channel().await;
    let chat = world.chat(&phone(1)).await.unwrap();
    let until = world.clock.now() + Duration::from_secs(120);
    assert_eq!((world.whose([1]).await, chat.reserved_until), (vec!["anna".to_owned()], Some(until)));
    assert_eq!(chat.check_at, Some(until + shared::model::chat::closing::GRACE));
}

#[tokio::test]
async fn who_has_his_answer_is_given_out_and_reserved_for_nobody() {
    let world = World::with_employees(&["anna"]).await;
    let reservation = Reservation { answer_within_s: 120, passes: 1 };
    world.set_channel(|channel| channel.reservation = Some(reservation)).await;
    world.comes(1).await;
    let waits = world.chat(&phone(1)).await.unwrap();
    world.write(&Chat { unanswered_at: None, ..waits }).await;
    world.drain_channel().await;
    assert_eq!(
        (world.whose([1]).await, world.chat(&phone(1)).await.unwrap().reserved_until),
        (vec!["anna".to_owned()], None)
    );
}
