//! Closing settings that change while chats are live: they apply from the next check on.

use crate::world::World;
use crate::world::sends::PHONE;
use shared::base::clock::Ambient;
use shared::model::chat::state::{ChatState, ChatStatus};
use std::time::Duration;

async fn live() -> World {
    let world = World::with_employees(&["anna"]).await;
    world.client_writes("m1", "Привет").await;
    world
}

#[tokio::test]
async fn f1_a_window_made_longer_holds_at_once() {
    let world = live().await;
    world.set_channel(|channel| channel.closing.close_after_s = Some(1200)).await;
    world.pass(Duration::from_secs(1190)).await;
    assert_eq!(world.there().await.state, ChatState::Live);
    world.pass(Duration::from_secs(100)).await;
    assert_eq!(world.there().await.state, ChatState::General);
}

#[tokio::test]
async fn f1_the_channels_window_counts_before_the_accounts() {
    let world = live().await;
    world.set_account(|account| account.closing.close_after_s = Some(100)).await;
    world.set_channel(|channel| channel.closing.close_after_s = Some(900)).await;
    world.pass(Duration::from_secs(890)).await;
    assert_eq!(world.there().await.state, ChatState::Live);
    world.pass(Duration::from_secs(100)).await;
    assert_eq!(world.there().await.state, ChatState::General);
}

#[tokio::test]
async fn f2_a_client_who_waits_keeps_his_chat_open_until_he_is_answered() {
    let world = live().await;
    world.set_channel(|channel| channel.closing.client_waits = Some(true)).await;
    world.pass(Duration::from_secs(2 * 3600)).await;
    assert_eq!(world.there().await.state, ChatState::Live, "no employee has answered");
    world.answers_on_the_phone("e1", "Да").await;
    let answered = world.clock.now();
    world.pass(Duration::from_secs(590)).await;
    assert_eq!(world.there().await.state, ChatState::Live);
    world.pass(Duration::from_secs(100)).await;
    let chat = world.there().await;
    assert_eq!(chat.state, ChatState::General);
    let late = chat.finished_at.unwrap().since(answered + Duration::from_secs(600));
    assert!(late <= Duration::from_secs(60), "{late:?}");
}

#[tokio::test]
async fn f2_switched_off_again_the_silence_counts_from_its_beginning() {
    let world = live().await;
    world.set_channel(|channel| channel.closing.client_waits = Some(true)).await;
    world.pass(Duration::from_secs(1800)).await;
    world.set_channel(|channel| channel.closing.client_waits = None).await;
    // Its next check is an hour away at most, unless one is scheduled earlier.
    world.pass(Duration::from_secs(3600)).await;
    assert_eq!(world.there().await.state, ChatState::General);
}

#[tokio::test]
async fn f3_the_status_after_a_time_out_is_a_setting() {
    let world = live().await;
    world.set_account(|account| account.closing.timeout_status = Some(ChatStatus::Closed)).await;
    world.set_channel(|channel| channel.closing.timeout_status = Some(ChatStatus::Waiting)).await;
    world.pass(Duration::from_secs(700)).await;
    let chat = world.there().await;
    assert_eq!((chat.state, chat.status), (ChatState::General, Some(ChatStatus::Waiting)));
    assert_eq!(world.crm().await.finished[0].status, Some(tests::sandbox::words::ChatStatus::Waiting));
}

#[tokio::test]
async fn d1_f3_a_chat_that_finished_unanswered_still_counts() {
    let world = live().await;
    world.pass(Duration::from_secs(700)).await;
    assert_eq!(world.there().await.state, ChatState::General);
    let items = world.items().await;
    let chat = items.iter().find(|item| item.get("employee_key").is_some()).unwrap();
    let partition = chat["employee_key"]["S"].as_str().unwrap();
    assert_eq!(world.store.unanswered_in(partition).await.unwrap().count, 1);
    world.answers_on_the_phone("e1", "Да").await;
    assert_eq!(world.store.unanswered_in(partition).await.unwrap().count, 0);
    assert_eq!(world.messages(PHONE).await.len(), 2);
}
