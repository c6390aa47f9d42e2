//! The farewell: the last message of a chat that finishes by inactivity. It is no activity, answers no question and
//! reopens no chat, and neither do its echo and its statuses (P6).

use crate::world::World;
use crate::world::sends::PHONE;
use shared::model::chat::state::{ChatState, ChatStatus};
use shared::model::event::Origin;
use shared::model::message::Message;
use shared::model::message::kind::DeliveryStatus;
use std::time::Duration;

const BYE: &str = "Спасибо за обращение!";

async fn with_farewell() -> World {
    let world = World::with_employees(&["anna"]).await;
    world.set_channel(|channel| channel.closing.farewell = Some(BYE.into())).await;
    world
}

async fn farewells(world: &World) -> Vec<Message> {
    let rows = world.messages(PHONE).await;
    rows.into_iter().filter(|row| row.origin == Some(Origin::Farewell)).collect()
}

#[tokio::test]
async fn p6_the_farewell_and_all_that_comes_of_it_reopen_nothing() {
    let world = with_farewell().await;
    world.client_writes("m1", "Привет").await;
    world.pass_everywhere(Duration::from_secs(700)).await;
    let finished = world.there().await;
    assert_eq!(finished.state, ChatState::General);
    assert_eq!(world.received_texts().await, [BYE]);
    let late = finished.finished_at.unwrap().since(finished.last_activity_at + Duration::from_secs(600));
    assert!(late <= Duration::from_secs(60), "it postpones nothing: {late:?}");
    let received = world.received().await;
    world.echo_of(&received[0]).await;
    for word in ["sent", "delivered", "read"] {
        world.status_of(&received[0].message_id, word).await;
    }
    world.pass_everywhere(Duration::from_secs(2000)).await;
    let chat = world.there().await;
    assert_eq!((chat.state, chat.finished_at), (ChatState::General, finished.finished_at));
    assert_eq!(chat.last_activity_at, finished.last_activity_at);
    assert!(chat.unanswered_at.is_some(), "D1: finished but unanswered still counts");
    let rows = farewells(&world).await;
    assert_eq!((rows.len(), rows[0].status), (1, Some(DeliveryStatus::Read)));
    assert_eq!(
        (world.crm_texts().await, world.crm().await.finished.len()),
        (vec!["Привет".into(), BYE.to_owned()], 1)
    );
    world.assert_crm_content().await;
}

#[tokio::test]
async fn p6_it_is_the_last_message_of_the_case_in_one_transaction_with_its_end() {
    let world = with_farewell().await;
    world.client_writes("m1", "Привет").await;
    world.clock.advance(Duration::from_secs(640));
    world.sweep().await;
    world.deliver("inbound.fifo").await;
    let (chat, rows) = (world.there().await, farewells(&world).await);
    assert_eq!((chat.state, rows.len()), (ChatState::General, 1), "both at once");
    assert_eq!((rows[0].created_seq + 1, rows[0].status), (chat.seq, Some(DeliveryStatus::Queued)));
    assert_eq!(world.jobs().await.len(), 1);
}

#[tokio::test]
async fn f5_each_end_has_its_own_and_a_client_opens_the_chat_again() {
    let world = with_farewell().await;
    for id in ["m1", "m2"] {
        world.client_writes(id, "Привет").await;
        assert_eq!(world.there().await.state, ChatState::Live);
        world.answers_on_the_phone(&format!("e{id}"), "Да").await;
        world.pass_everywhere(Duration::from_secs(700)).await;
        assert_eq!(world.there().await.state, ChatState::General);
    }
    assert_eq!((farewells(&world).await.len(), world.received_texts().await.len()), (2, 2));
}

#[tokio::test]
async fn f1_a_machine_of_the_clients_gets_one_until_an_employee_has_written() {
    let world = with_farewell().await;
    for (id, expected) in [("m1", 1), ("m2", 1), ("m3", 1)] {
        world.client_writes(id, "Ваше обращение принято").await;
        world.pass_everywhere(Duration::from_secs(700)).await;
        assert_eq!(
            (world.there().await.state, farewells(&world).await.len()),
            (ChatState::General, expected)
        );
    }
    world.client_writes("m4", "Привет").await;
    world.answers_on_the_phone("e1", "Здравствуйте").await;
    world.pass_everywhere(Duration::from_secs(700)).await;
    assert_eq!(farewells(&world).await.len(), 2);
}

#[tokio::test]
async fn f1_a_chat_finishes_without_one_where_none_can_be_sent() {
    let world = with_farewell().await;
    world.client_writes("m1", "Привет").await;
    world.set_channel(|channel| channel.paused = true).await;
    world.pass_everywhere(Duration::from_secs(700)).await;
    assert_eq!((world.there().await.state, farewells(&world).await.len()), (ChatState::General, 0));
    assert!(world.received().await.is_empty() && world.jobs().await.is_empty());
}

#[tokio::test]
async fn f3_who_finishes_by_hand_says_good_bye_himself() {
    let world = with_farewell().await;
    world.client_writes("m1", "Привет").await;
    world
        .change_chat(|chat| {
            chat.finish(shared::model::chat::state::FinishReason::ByHand, chat.last_activity_at);
            chat.status = Some(ChatStatus::Closed);
        })
        .await;
    world.pass_everywhere(Duration::from_secs(1400)).await;
    assert!(farewells(&world).await.is_empty());
}
