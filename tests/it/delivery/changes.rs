//! Edits, deletions, quotes, files, templates, and chats that the company starts.

use super::asked;
use crate::world::sends::PHONE;
use crate::world::{CHANNEL, TOKEN};
use shared::base::ids::MessageId;
use shared::model::chat::Addressee;
use shared::model::event::MessageEvent;
use shared::model::message::content::{Details, Quote, Template};
use shared::model::message::kind::{DeliveryStatus, Kind};
use shared::model::message::media::{FileCopy, Media};
use shared::model::outbound::Action;
use std::time::Duration;
use tests::sandbox::faults::Action as Deed;
use tests::wazzup;

#[tokio::test]
async fn d6_an_edit_and_a_deletion_reach_the_client_and_the_crm() {
    let world = asked().await;
    world.send("own-1", "Да, приезжайте").await;
    world.settle().await;
    world.change_sent("own-1", Action::EditText("Да, приезжайте завтра".into())).await;
    world.settle().await;
    assert_eq!(world.received_texts().await, ["Да, приезжайте завтра"]);
    let row = world.own("own-1").await;
    assert_eq!(
        (row.text.as_deref(), row.old_text.as_deref()),
        (Some("Да, приезжайте завтра"), Some("Да, приезжайте"))
    );
    assert_eq!(world.crm_texts().await, ["Ещё продаёте?", "Да, приезжайте завтра"]);
    world.change_sent("own-1", Action::Delete).await;
    world.settle().await;
    assert!(world.received().await[0].deleted && world.own("own-1").await.deleted_seq.is_some());
    assert_eq!(world.chat(PHONE).await.unwrap().outbound_at, None);
    world.assert_crm_content().await;
}

#[tokio::test]
async fn d6_an_edit_behind_its_own_send_goes_out_after_it() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::retry_after(429, 20), 1).await;
    world.send("own-1", "раз").await;
    world.change_sent("own-1", Action::EditText("два".into())).await;
    world.settle().await;
    world.pass_everywhere(Duration::from_secs(30)).await;
    assert_eq!(world.received_texts().await, ["два"]);
    assert_eq!((world.calls("POST").await.len(), world.calls("PATCH").await.len()), (2, 1));
}

#[tokio::test]
async fn e2_an_edit_that_is_refused_leaves_the_message_and_says_why() {
    let world = asked().await;
    world.send("own-1", "Да, приезжайте").await;
    world.settle().await;
    let body = serde_json::json!({"error": "MESSAGES_EDITING_TIME_EXPIRED", "description": "too late"});
    let deed = Deed::Status { status: 400, retry_after_seconds: None, body: Some(body) };
    world.wazzup_fails("edit", deed, 2).await;
    for _ in 0..2 {
        world.change_sent("own-1", Action::EditText("иначе".into())).await;
        world.settle().await;
    }
    let row = world.own("own-1").await;
    assert_eq!((row.text.as_deref(), row.status), (Some("Да, приезжайте"), Some(DeliveryStatus::Sent)));
    let words =
        "[SWITCHBOARD ERROR] Сообщение не изменено: время, в которое можно изменить сообщение, прошло.";
    assert_eq!(world.notices().await, [words, words], "each refusal has a notice");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn e2_what_was_never_sent_cannot_be_edited() {
    let world = asked().await;
    let body = serde_json::json!({"error": "MESSAGES_IS_SPAM", "description": "x"});
    let deed = Deed::Status { status: 400, retry_after_seconds: None, body: Some(body) };
    world.wazzup_fails("send", deed, 1).await;
    world.send("own-1", "раз").await;
    world.change_sent("own-1", Action::Delete).await;
    world.settle().await;
    assert_eq!((world.calls("DELETE").await.len(), world.jobs().await.len()), (0, 0));
    assert!(world.notices().await[1].contains("оно не было отправлено"), "{:?}", world.notices().await);
}

#[tokio::test]
async fn d6_an_edit_that_the_provider_answers_500_is_tried_again_and_holds_nothing_for_ever() {
    let world = asked().await;
    world.send("own-1", "раз").await;
    world.settle().await;
    world.wazzup_fails("delete", Deed::status(500), 999).await;
    world.change_sent("own-1", Action::Delete).await;
    world.settle().await;
    world.pass(Duration::from_secs(60)).await;
    assert!(world.calls("DELETE").await.len() > 2);
    world.clock.advance(Duration::from_secs(24 * 3600));
    world.pass(Duration::from_secs(130)).await;
    assert!(world.jobs().await.is_empty(), "given up after a day");
    assert_eq!(world.notices().await.len(), 1);
}

#[tokio::test]
async fn d6_a_quote_names_the_message_as_the_provider_knows_it() {
    let world = asked().await;
    let at = "2026-11-21T09:00:00.000Z";
    let told = wazzup::messages(&[wazzup::text(CHANNEL, PHONE, "m1", at, "Ещё продаёте?")]);
    world.wazzup().remember(crate::world::sends::KEY, &told, 0).await.unwrap();
    let quoting = |own: &str, id: &str| MessageEvent {
        quote: Some(Quote { message: Some(MessageId::new(id)), ..Quote::default() }),
        ..world.written(own, "Да")
    };
    world.send_event(&quoting("own-1", "m1"), None).await;
    world.settle().await;
    world.send_event(&quoting("own-2", "own-1"), None).await;
    world.settle().await;
    let received = world.received().await;
    assert_eq!(received[0].quotes.as_deref(), Some("m1"));
    assert_eq!(received[1].quotes.as_deref(), Some(received[0].message_id.as_str()));
}

#[tokio::test]
async fn d6_a_stored_file_goes_out_by_a_link_straight_to_the_bucket() {
    let world = asked().await;
    let file = MessageEvent {
        kind: Kind::Image,
        text: None,
        media: Some(Media { name: Some("фото.jpg".into()), ..Media::linked("upload") }),
        ..world.written("own-1", "")
    };
    world.send_event(&file, None).await;
    let mut row = world.own("own-1").await;
    let stored =
        FileCopy::Stored { object: "a/c/1".into(), link: "0".into(), mime: "image/jpeg".into(), bytes: 3 };
    row.file = Some(stored);
    world.write(&row).await;
    world.wazzup_fails("send", Deed::status(503), 1).await;
    world.deliver("outbound.fifo").await;
    let body = world.calls("POST").await.remove(0);
    let link = body["contentUri"].as_str().unwrap();
    assert!(link.contains("/a/c/1?") && link.contains("X-Amz-Signature="), "{link}");
    assert!(link.contains("X-Amz-Expires=300") && body.get("text").is_none(), "{body}");
}

#[tokio::test]
async fn d6_a_file_behind_a_public_link_and_a_template_go_out() {
    let world = asked().await;
    let url = world.wazzup().file_url("price.jpg");
    world.wazzup().put_file("price.jpg", "image/jpeg", b"\xff\xd8\xff".to_vec()).await.unwrap();
    let file = MessageEvent {
        kind: Kind::Image,
        text: None,
        media: Some(Media::linked(url)),
        ..world.written("own-1", "")
    };
    world.send_event(&file, None).await;
    world.settle().await;
    let received = world.received().await;
    assert_eq!((received.len(), received[0].file.as_ref().unwrap().bytes), (1, 3));
    let template =
        Template { id: Some("t-1".into()), values: vec!["Иван".into()], ..Template::default() };
    let event = MessageEvent {
        kind: Kind::Template,
        details: Some(Details::Template(template)),
        ..world.written("own-2", "Здравствуйте, Иван")
    };
    world.send_event(&event, None).await;
    world.deliver("outbound.fifo").await;
    let body = world.calls("POST").await.remove(1);
    assert_eq!(
        (body["templateId"].as_str(), body["templateValues"][0].as_str()),
        (Some("t-1"), Some("Иван"))
    );
}

#[tokio::test]
async fn d4_a_dialogue_begun_by_phone_learns_its_chat_from_the_answer() {
    let world = asked().await;
    // As the API stores it: addressed by phone until the provider names the chat.
    let mut chat = world.chat(PHONE).await.unwrap();
    chat.addressee = Some(Addressee::Phone("79990001122".into()));
    world.write(&chat).await;
    world.send("own-1", "Добрый день").await;
    world.settle().await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!((chat.addressee.clone(), chat.provider_chat_id.as_str()), (None, "79990001122"));
    assert_eq!(chat.aliases, [world.chat_id("79990001122")]);
    let by_alias = world.store.chat(&world.account, &world.chat_id("79990001122")).await.unwrap().unwrap();
    assert_eq!(by_alias.chat, chat.chat);
    let contact = world.contact(&chat.contact).await;
    assert!(contact.identities.iter().any(|identity| identity.user == "79990001122"), "{contact:?}");
    // The client's answer comes under that id, and into this chat.
    let at = "2026-11-21T09:00:30.000Z";
    let said = wazzup::text(CHANNEL, "79990001122", "m2", at, "Слушаю");
    world.post(TOKEN, wazzup::messages(&[said]).to_string()).await;
    world.settle().await;
    assert_eq!(world.messages(PHONE).await.len(), 3);
}
