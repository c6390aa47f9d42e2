//! The blacklist (C5).

use super::{NOTHING, PHONE, SETTINGS_ARE_OLD, SILENCE, TELEGRAM, phone, telegram_user};
use crate::world::{TOKEN, World, drops};
use serde_json::json;
use shared::base::clock::Ambient;
use shared::model::chat::state::ChatState;
use std::time::Duration;
use tests::wazzup;

/// A World with a blacklist, and its rows before any message.
pub async fn blocking(
    subject: shared::model::contact::blacklist::Subject,
) -> (World, Vec<serde_json::Value>) {
    let world = World::with_employees(&["anna"]).await;
    world.block(subject, None).await;
    let before = world.items().await;
    (world, before)
}

#[tokio::test]
async fn nothing_is_written_of_who_is_blocked_by_phone() {
    let (world, before) = blocking(phone()).await;
    let entries = [world.whatsapp("m1", "Купите рекламу"), world.on_the_phone("e1", "Нет")];
    let told = drops::told_while(world.take(&entries)).await;
    assert_eq!(told, ["blacklisted 2"], "counted under its reason");
    world.pass(SILENCE).await;
    assert_eq!(world.written_since(&before).await, NOTHING);
    assert_eq!(world.crm().await.deliveries, 0);
    let other = wazzup::text(crate::world::CHANNEL, "79025556677", "m2", &world.at(), "Я другой");
    world.take(&[other]).await;
    assert_eq!(world.contacts_and_chats().await, (1, 1), "another client is stored");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn nothing_is_written_of_who_is_blocked_by_id() {
    let (world, before) = blocking(telegram_user()).await;
    world.take(&[world.telegram("m1", "Купите рекламу")]).await;
    world.take(&[world.telegram_with_phone("m2", "Купите ещё")]).await;
    assert_eq!(world.written_since(&before).await, NOTHING);
    world.take(&[world.whatsapp("m3", "Здравствуйте")]).await;
    assert_eq!(world.contacts_and_chats().await, (1, 1), "the client's WhatsApp is not on the list");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn nothing_is_written_of_a_new_user_whose_vouched_phone_is_blocked() {
    let (world, before) = blocking(phone()).await;
    world.take(&[world.telegram_with_phone("m1", "Купите рекламу")]).await;
    assert_eq!(world.written_since(&before).await, NOTHING);
    // An unverified phone blocks no client.
    let contact = json!({"contact": {"name": "Пётр", "phone": PHONE}});
    let vk = wazzup::text_in("vk", crate::world::CHANNEL, "501", "m2", &world.at(), "Здравствуйте");
    world.take(&[wazzup::with(vk, contact)]).await;
    assert_eq!(world.contacts_and_chats().await, (1, 1));
    world.assert_crm_content().await;
}

#[tokio::test]
async fn a_block_ends_to_the_second() {
    let world = World::with_employees(&["anna"]).await;
    world.block(phone(), Some(world.clock.now() + Duration::from_secs(60))).await;
    let before = world.items().await;
    world.clock.advance(Duration::from_secs(59));
    world.take(&[world.whatsapp("m1", "Ещё рано")]).await;
    assert_eq!(world.written_since(&before).await, NOTHING);
    world.clock.advance(Duration::from_secs(1));
    world.take(&[world.whatsapp("m2", "Здравствуйте")]).await;
    let said: Vec<_> = world.messages(PHONE).await.into_iter().filter_map(|row| row.text).collect();
    assert_eq!(said, ["Здравствуйте"]);
    world.assert_crm_content().await;
}

#[tokio::test]
async fn who_is_blocked_while_he_talks_is_heard_no_more_and_his_chat_finishes_by_itself() {
    let world = World::with_employees(&["anna"]).await;
    world.take(&[world.whatsapp("m1", "Здравствуйте")]).await;
    world.block(phone(), None).await;
    world.clock.advance(SETTINGS_ARE_OLD);
    let last_activity = world.chat(PHONE).await.unwrap().last_activity_at;
    for n in 0..3 {
        world.take(&[world.whatsapp(&format!("x{n}"), "Купите рекламу")]).await;
        world.pass(Duration::from_secs(200)).await;
    }
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(world.messages(PHONE).await.len(), 1);
    assert_eq!(
        (chat.last_activity_at, chat.unread()),
        (last_activity, 1),
        "a blocked client's messages keep no chat open"
    );
    world.pass(Duration::from_secs(120)).await;
    assert_eq!(world.chat(PHONE).await.unwrap().state, ChatState::General);
    let crm = world.crm().await;
    assert_eq!((crm.finished.len(), crm.message_count()), (1, 1));
    world.take(&[world.whatsapp("x9", "Купите рекламу")]).await;
    assert_eq!(world.chat(PHONE).await.unwrap().state, ChatState::General, "nor opens anything");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn a_known_telegram_user_is_blocked_by_his_id() {
    let world = World::with_employees(&["anna"]).await;
    world.take(&[world.telegram_with_phone("m1", "Здравствуйте")]).await;
    world.block(telegram_user(), None).await;
    world.clock.advance(SETTINGS_ARE_OLD);
    let before = world.items().await;
    world.take(&[world.telegram_with_phone("m2", "Купите рекламу")]).await;
    assert_eq!(world.written_since(&before).await, NOTHING, "user {TELEGRAM}");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn statuses_of_what_was_dropped_end_quietly_after_an_hour() {
    let (world, before) = blocking(phone()).await;
    world.take(&[world.on_the_phone("e1", "Больше не пишите")]).await;
    let status = wazzup::status("e1", "delivered", &world.at()).to_string();
    assert_eq!(world.post(TOKEN, status).await, 200);
    world.pass(Duration::from_secs(3500)).await;
    assert_eq!(world.queues.holds("statuses").len(), 1, "its message may still come");
    let told = drops::told_while(world.pass(Duration::from_secs(1000))).await;
    assert!(world.queues.holds("statuses").is_empty());
    assert_eq!(told, ["status_of_dropped 1"]);
    assert!(world.bucket.objects.lock().unwrap().is_empty(), "the quarantine is empty");
    assert_eq!(world.written_since(&before).await, NOTHING);
}

#[tokio::test]
async fn a_status_that_nothing_explains_is_told_as_lost() {
    let world = World::with_employees(&["anna"]).await;
    let status = wazzup::status("e1", "delivered", &world.at()).to_string();
    assert_eq!(world.post(TOKEN, status).await, 200);
    let told = drops::told_while(world.pass(Duration::from_secs(4500))).await;
    assert_eq!(told, ["status_without_message 1"]);
}
