//! What a channel's settings change: ignored channels (B6), echoes that are not imported (C6), the texts for the CRM
//! (C7).

use super::{NOTHING, PHONE, SETTINGS_ARE_OLD, SILENCE};
use crate::world::{CHANNEL, TOKEN, World, drops};
use serde_json::json;
use shared::model::chat::state::{AssignmentState, ChatState};
use shared::model::message::kind::DeliveryStatus;
use std::time::Duration;
use tests::sandbox::faults::Action;
use tests::wazzup;

#[tokio::test]
async fn an_ignored_channel_keeps_nothing_until_it_is_heard_again() {
    let world = World::with_employees(&["anna"]).await;
    world.set_channel(|channel| channel.ignored = true).await;
    let before = world.items().await;
    let entries = [world.whatsapp("m1", "Здравствуйте"), world.on_the_phone("e1", "Добрый день")];
    let told = drops::told_while(world.take(&entries)).await;
    assert_eq!(told, ["ignored_channel 2"], "counted under its reason");
    world.pass(SILENCE).await;
    assert_eq!(world.written_since(&before).await, NOTHING);
    assert_eq!(world.crm().await.deliveries, 0);
    world.set_channel(|channel| channel.ignored = false).await;
    world.clock.advance(SETTINGS_ARE_OLD);
    world.take(&[world.whatsapp("m2", "Ау?")]).await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(
        (chat.state, chat.assignment_state, chat.unread()),
        (ChatState::Live, AssignmentState::Assigned, 1)
    );
    assert_eq!(world.told_to_crm().await, ["Ау?"]);
    world.assert_crm_content().await;
}

#[tokio::test]
async fn a_chat_of_a_channel_that_is_ignored_later_finishes_by_itself() {
    let world = World::with_employees(&["anna"]).await;
    world.take(&[world.whatsapp("m1", "Здравствуйте")]).await;
    world.set_channel(|channel| channel.ignored = true).await;
    world.clock.advance(SETTINGS_ARE_OLD);
    world.take(&[world.whatsapp("m2", "Ау?")]).await;
    world.pass(SILENCE).await;
    assert_eq!(world.chat(PHONE).await.unwrap().state, ChatState::General);
    let crm = world.crm().await;
    assert_eq!((crm.message_count(), crm.finished.len()), (1, 1));
    world.assert_crm_content().await;
}

#[tokio::test]
async fn an_echo_that_is_not_imported_makes_no_chat() {
    let world = World::with_employees(&["anna"]).await;
    world.set_channel(|channel| channel.skip_echoes = true).await;
    let before = world.items().await;
    let told = drops::told_while(world.take(&[world.on_the_phone("e1", "Добрый день")])).await;
    assert_eq!(told, ["echo_not_imported 1"]);
    assert_eq!(world.written_since(&before).await, NOTHING, "not even a contact");
    assert_eq!(world.crm().await.deliveries, 0);
}

#[tokio::test]
async fn an_echo_that_is_not_imported_answers_a_live_chat_and_keeps_it_open() {
    let world = World::with_employees(&["anna"]).await;
    world.set_channel(|channel| channel.skip_echoes = true).await;
    world.take(&[world.whatsapp("m1", "Здравствуйте")]).await;
    world.pass(Duration::from_secs(500)).await;
    assert!(world.chat(PHONE).await.unwrap().unanswered_at.is_some());
    world.take(&[world.on_the_phone("e1", "Добрый день")]).await;
    assert_eq!(world.chat(PHONE).await.unwrap().unanswered_at, None);
    world.pass(Duration::from_secs(500)).await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(chat.state, ChatState::Live, "1000 s after the client, 500 s after the answer");
    assert_eq!(chat.unread(), 1, "an answer on the phone does not mark the chat as read");
    world.pass(Duration::from_secs(200)).await;
    assert_eq!(world.chat(PHONE).await.unwrap().state, ChatState::General);
    assert_eq!(world.told_to_crm().await, ["Здравствуйте"]);
    assert_eq!(world.messages(PHONE).await.len(), 1);
    // A status of a message that was not imported finds none, and is counted under its own reason.
    assert_eq!(world.post(TOKEN, wazzup::status("e1", "read", &world.at()).to_string()).await, 200);
    let told = drops::told_while(world.pass(Duration::from_secs(4500))).await;
    assert_eq!(told, ["status_of_dropped 1"]);
    world.assert_crm_content().await;
}

#[tokio::test]
async fn an_own_sends_echo_is_adopted_where_echoes_are_not_imported() {
    let world = World::with_employees(&["anna"]).await;
    world.set_channel(|channel| channel.skip_echoes = true).await;
    world.take(&[world.whatsapp("m1", "Здравствуйте")]).await;
    // The provider's answer is lost: only the echo has the message's id.
    world.wazzup_fails("send", Action::act_then_drop(), 1).await;
    world.send("own-1", "Добрый день").await;
    world.settle().await;
    world.take(&[world.on_the_phone("w-1", "Добрый день")]).await;
    world.take(&[world.on_the_phone("w-2", "и ещё")]).await;
    let rows = world.messages(PHONE).await;
    let ids: Vec<&str> = rows.iter().map(|row| row.message_id.as_str()).collect();
    assert_eq!(ids, ["m1", "own-1"], "messages from the phone are not imported");
    assert_eq!(rows[1].provider_id.as_ref().unwrap().as_str(), "w-1");
    assert_eq!(rows[1].status, Some(DeliveryStatus::Sent));
    assert_eq!(world.told_to_crm().await, ["Здравствуйте", "Добрый день"]);
    world.assert_crm_content().await;
}

#[tokio::test]
async fn the_crm_reads_the_channels_name_and_the_echos_mark_and_what_is_stored_stays() {
    let world = World::with_employees(&["anna"]).await;
    world.set_channel(|channel| (channel.name, channel.name_in_crm) = ("Продажи".into(), true)).await;
    let app = wazzup::echo_from_app(CHANNEL, PHONE, "e2", &world.at(), "из Wazzup");
    let unknown = wazzup::with(world.on_the_phone("e3", "откуда-то"), json!({"sentFromApp": null}));
    world.take(&[world.whatsapp("m1", "Здравствуйте"), world.on_the_phone("e1", "с телефона")]).await;
    world.take(&[app, unknown]).await;
    assert_eq!(
        world.told_to_crm().await,
        [
            "[Продажи] Здравствуйте",
            "[Продажи] [Отправлено с телефона] с телефона",
            "[Продажи] [Отправлено из приложения] из Wazzup",
            "[Продажи] [Отправлено с телефона или из приложения] откуда-то",
        ]
    );
    let stored: Vec<_> = world.messages(PHONE).await.into_iter().filter_map(|row| row.text).collect();
    assert!(stored.iter().all(|text| !text.contains('[')), "{stored:?}");
    world.set_channel(|channel| channel.echo_mark = Some("(с трубки)".into())).await;
    world.clock.advance(SETTINGS_ARE_OLD);
    world.take(&[world.on_the_phone("e4", "своя пометка")]).await;
    world
        .set_channel(|channel| (channel.echo_mark, channel.name_in_crm) = (Some(String::new()), false))
        .await;
    world.clock.advance(SETTINGS_ARE_OLD);
    world.take(&[world.on_the_phone("e5", "без пометки"), world.whatsapp("m2", "без имени")]).await;
    let told = world.told_to_crm().await;
    assert_eq!(told[4..], ["[Продажи] (с трубки) своя пометка", "без пометки", "без имени"]);
    world.assert_crm_content().await;
}

#[tokio::test]
async fn an_english_account_has_english_marks() {
    let world = World::with_employees(&["anna"]).await;
    world.set_account(|account| account.language = shared::model::texts::Language::En).await;
    world.take(&[world.whatsapp("m1", "Hello"), world.on_the_phone("e1", "Hi")]).await;
    assert_eq!(world.told_to_crm().await, ["Hello", "[Sent from the phone] Hi"]);
    world.assert_crm_content().await;
}
