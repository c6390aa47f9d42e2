//! What happens to a message of the sandbox's Wazzup later (edits, deletions, webhooks), and how its calls fail.

use std::time::Duration;

use serde_json::json;

use super::state::{Behaviour, EchoMode, Refusal};
use super::tests::{PHONE, behave, by, scene};
use crate::sandbox::client::Error;
use crate::sandbox::faults::{Action, Fault};
use crate::sandbox::tests::with;
use crate::sandbox::words::{MessageStatus, StatusWord};

#[tokio::test]
async fn a_closed_window_shows_in_a_webhook_later() {
    let scene = scene().await;
    scene.subscribe(&scene.client.crm_webhook_url("garage")).await;
    behave(&scene, EchoMode::Before).await;
    for (transport, hours, code) in [("wapi", 24, "24_HOURS_EXCEEDED"), ("instagram", 168, "7_DAYS_EXCEEDED")]
    {
        let inbound = with(by(transport, "?"), "messageId", json!("in"));
        let inbound = json!({ "messages": [inbound] });
        scene.client.advance("key", Duration::from_secs(200 * 3600)).await.unwrap();
        scene.client.remember("key", &inbound, hours * 3600 - 60).await.unwrap();
        let open = scene.taken(by(transport, "Да")).await;
        scene.client.advance("key", Duration::from_secs(120)).await.unwrap();
        let late = scene.taken(by(transport, "Да")).await;
        let ids: Vec<_> = scene.phone().await.into_iter().map(|message| message.message_id).collect();
        assert!(ids.contains(&open) && !ids.contains(&late), "{transport}");
        let crm = scene.crm().await;
        let told =
            crm.chats.iter().flat_map(|chat| &chat.messages).find(|message| message.message_id == late);
        let told = told.unwrap();
        assert_eq!(
            (told.status, &told.error.as_ref().unwrap()["error"]),
            (MessageStatus::Error, &json!(code))
        );
    }
}

#[tokio::test]
async fn sent_messages_are_edited_and_deleted_where_and_while_they_can_be() {
    let scene = scene().await;
    let file = scene.client.put_file("b.png", "image/png", vec![1; 9]).await.unwrap();
    for (transport, text, content, deletion) in [
        ("whatsapp", "", "CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING", ""),
        ("tgapi", "", "", ""),
        ("avito", "CHANNEL_INVALID_TRANSPORT_FOR_EDITING", "CHANNEL_INVALID_TRANSPORT_FOR_EDITING", ""),
        (
            "wapi",
            "CHANNEL_INVALID_TRANSPORT_FOR_EDITING",
            "CHANNEL_INVALID_TRANSPORT_FOR_EDITING",
            "CHANNEL_INVALID_TRANSPORT_FOR_DELETION",
        ),
    ] {
        let id = scene.taken(by(transport, "Да")).await;
        assert_eq!(scene.edit(&id, json!({ "text": "Нет" })).await.1, text, "{transport}");
        assert_eq!(scene.edit(&id, json!({ "contentUri": file })).await.1, content, "{transport}");
        assert_eq!(scene.delete(&id).await.1, deletion, "{transport}");
        let phone = scene.phone().await;
        let message = phone.iter().find(|message| message.message_id == id).unwrap();
        let edits = u32::from(text.is_empty()) + u32::from(content.is_empty());
        assert_eq!((message.edits, message.deleted), (edits, deletion.is_empty()), "{transport}");
        assert_eq!(message.text.as_deref(), Some(if text.is_empty() { "Нет" } else { "Да" }));
        if deletion.is_empty() {
            assert_eq!(scene.edit(&id, json!({ "text": "Да" })).await, (400, "MESSAGES_NOT_FOUND".into()));
            assert_eq!(scene.delete(&id).await, (400, "MESSAGES_NOT_FOUND".into()));
        }
    }
    assert_eq!(scene.delete("in-whatsapp").await.1, "MESSAGES_NOT_FOUND", "a client's message");
    let (whatsapp, avito) = (scene.taken(by("whatsapp", "Да")).await, scene.taken(by("avito", "Да")).await);
    assert_eq!(scene.edit(&whatsapp, json!({})).await.1, "MESSAGE_NOTHING_TO_SEND");
    let both = json!({ "text": "Нет", "contentUri": file });
    assert_eq!(scene.edit(&whatsapp, both).await.1, "MESSAGES_ONLY_TEXT_OR_CONTENT");
    scene.client.advance("key", Duration::from_secs(901)).await.unwrap();
    assert_eq!(scene.edit(&whatsapp, json!({ "text": "Нет" })).await.1, "MESSAGES_EDITING_TIME_EXPIRED");
    scene.client.advance("key", Duration::from_secs(2700)).await.unwrap();
    assert_eq!(scene.delete(&avito).await.1, "MESSAGES_DELETION_TIME_EXPIRED");
}

#[tokio::test]
async fn echoes_come_when_they_are_told_to() {
    let scene = scene().await;
    scene.subscribe(&scene.client.crm_webhook_url("garage")).await;
    let silent = scene.taken(by("whatsapp", "1")).await;
    assert_eq!(scene.crm().await.message_count(), 0);
    scene.client.echo("key", &silent).await.unwrap();
    assert_eq!(scene.crm().await.message_count(), 1);
    assert!(matches!(scene.client.echo("key", "none").await, Err(Error::Refused { status: 404, .. })));

    behave(&scene, EchoMode::Before).await;
    let early = scene.taken(by("whatsapp", "2")).await;
    assert_eq!(scene.crm().await.message_count(), 2, "known before the answer is");
    behave(&scene, EchoMode::Twice).await;
    scene.taken(by("whatsapp", "3")).await;
    scene.crm_until(|crm| crm.chats[0].messages.get(2).is_some_and(|message| message.deliveries == 2)).await;
    behave(&scene, EchoMode::After).await;
    scene.taken(by("whatsapp", "4")).await;
    scene.crm_until(|crm| crm.message_count() == 4).await;

    scene.client.report("key", &early, StatusWord::Read, None).await.unwrap();
    scene.client.report("key", &silent, StatusWord::Error, Some("SPAM")).await.unwrap();
    scene.edit(&early, json!({ "text": "два" })).await;
    let crm = scene.crm_until(|crm| crm.chats[0].messages[1].edited).await;
    assert!(crm.refused.is_empty(), "{:?}", crm.refused);
    let [first, second, ..] = &crm.chats[0].messages[..] else { panic!() };
    assert_eq!(
        (first.status, &first.error.as_ref().unwrap()["error"]),
        (MessageStatus::Error, &json!("SPAM"))
    );
    assert_eq!((second.status, second.text.as_deref()), (MessageStatus::Read, Some("два")));
    assert_eq!(scene.phone().await.len(), 3, "what failed the client does not have");
}

#[tokio::test]
async fn faults_come_before_the_message_is_taken_or_after_it() {
    let scene = scene().await;
    let add = async |action| {
        scene.client.add_fault(&Fault::wazzup("key", "send", action).times(1)).await.unwrap();
    };
    let post = || {
        let request = scene.http.post(format!("{}/v3/message", scene.client.wazzup_url())).bearer_auth("key");
        request.json(&by("whatsapp", "Да")).send()
    };
    let taken = async || scene.phone().await.len();
    add(Action::status(500)).await;
    assert_eq!((post().await.unwrap().status().as_u16(), taken().await), (500, 0));
    add(Action::retry_after(429, 3)).await;
    assert_eq!((post().await.unwrap().status().as_u16(), taken().await), (429, 0));
    add(Action::act_then_status(500)).await;
    assert_eq!((post().await.unwrap().status().as_u16(), taken().await), (500, 1));
    add(Action::act_then_drop()).await;
    assert!(post().await.is_err());
    assert_eq!(taken().await, 2);
    add(Action::garbage()).await;
    assert_eq!((post().await.unwrap().status().as_u16(), taken().await), (200, 2));
    assert_eq!((post().await.unwrap().status().as_u16(), taken().await), (201, 3));
}

#[tokio::test]
async fn who_cannot_be_reached_shows_at_once_or_later() {
    let scene = scene().await;
    let behaviour = Behaviour { echo: EchoMode::Never, ..Behaviour::default() };
    let behaviour = behaviour.without(PHONE, Refusal::Send).without("79990000002", Refusal::Status);
    scene.client.behave("key", &behaviour).await.unwrap();
    assert_eq!(scene.code(by("whatsapp", "Да")).await, "BAD_CONTACT");
    scene.taken(with(by("whatsapp", "Да"), "chatId", json!("79990000002"))).await;
    assert!(scene.client.received("key", "79990000002").await.unwrap().is_empty());
    let state = scene.client.wazzup("key").await.unwrap();
    let failed = state.chats.iter().flat_map(|chat| &chat.received).next().unwrap();
    assert_eq!((failed.status.as_str(), failed.error.as_deref()), ("error", Some("BAD_CONTACT")));
}
