//! Sending to a local server, and the classification of its answers.

use super::client::Telegram;
use super::send::request;
use super::testing::{Fake, TOKEN};
use super::tests::{BOT, channel};
use crate::base::ids::MessageId;
use crate::model::channel::Channel;
use crate::model::message::content::Button;
use crate::model::message::keyboard::{Key, Keyboard, Layout, Press};
use crate::model::message::kind::Kind;
use crate::model::messenger::Messenger;
use crate::model::outbound::call::{
    Edit, FailureReason, FileInfo, OutgoingContent, OutgoingMessage, Recipient, SendFailure, Sent,
};
use crate::providers::client::{Client, MessageRef};
use serde_json::{Value, json};
use std::time::Duration;

const TAKEN: &str =
    r#"{"ok":true,"result":{"message_id":6558,"chat":{"id":55,"type":"private"},"date":1795000000}}"#;
const DONE: &str = r#"{"ok":true,"result":true}"#;
const LINK: &str = "https://files.example/s3cret";

fn text<'a>(channel: &'a Channel, key: &'a MessageId, buttons: &'a [Button]) -> OutgoingMessage<'a> {
    OutgoingMessage {
        key,
        channel,
        messenger: &Messenger::Telegram,
        group: false,
        to: Recipient::Chat("55"),
        content: OutgoingContent::Text { text: "Да, белая", buttons },
        keyboard: None,
        quote: None,
        answers: true,
        comment: None,
    }
}

/// Method and parameters of the call for this message.
fn called<'a>(
    external: &str,
    change: impl FnOnce(&mut OutgoingMessage<'a>),
) -> Result<(&'static str, Value), SendFailure> {
    let (channel, key) = (Box::leak(channel(external).into()), Box::leak(MessageId::new("m1").into()));
    let mut message: OutgoingMessage<'a> = text(channel, key, &[]);
    change(&mut message);
    request(&message).map(|request| (request.method, Value::Object(request.body)))
}

/// Sends a file, so that an answer may reveal its link.
async fn send(answers: &[(&str, &str)]) -> (Result<Sent, SendFailure>, Vec<Value>) {
    let (fake, channel, key) = (Fake::answering(answers), channel(BOT), MessageId::new("m1"));
    let file = FileInfo { kind: Kind::Document, mime: Some("application/pdf"), name: None };
    let quoted = MessageId::new("55:10");
    let message = OutgoingMessage {
        content: OutgoingContent::File { url: LINK, file },
        quote: Some(&quoted),
        ..text(&channel, &key, &[])
    };
    let result = Telegram.send(&fake.call(), &message).await;
    (result, fake.asked().into_iter().map(|asked| asked.body).collect())
}

async fn refused(status: &str, code: u16, description: &str) -> SendFailure {
    let body = json!({ "ok": false, "error_code": code, "description": description }).to_string();
    send(&[(status, &body)]).await.0.unwrap_err()
}

#[tokio::test]
async fn a_text_goes_out_and_brings_its_ids() {
    let (fake, channel, key) = (Fake::one("200 OK", TAKEN), channel(BOT), MessageId::new("m1"));
    let sent = Telegram.send(&fake.call(), &text(&channel, &key, &[])).await.unwrap();
    assert_eq!(sent, Sent { message_id: Some(MessageId::new("55:6558")), chat_id: Some("55".into()) });
    let asked = fake.asked().remove(0);
    assert_eq!(asked.path, format!("/telegram/bot{TOKEN}/sendMessage"));
    assert_eq!(asked.body, json!({ "chat_id": 55, "text": "Да, белая" }));
}

#[tokio::test]
async fn a_business_accounts_message_names_its_connection() {
    let (fake, channel, key) = (Fake::one("200 OK", TAKEN), channel("business:BC1"), MessageId::new("m1"));
    let quoted = MessageId::new("BC1:55:10");
    let message = OutgoingMessage { quote: Some(&quoted), ..text(&channel, &key, &[]) };
    let sent = Telegram.send(&fake.call(), &message).await.unwrap();
    assert_eq!(sent.message_id, Some(MessageId::new("BC1:55:6558")));
    let expected = json!({
        "chat_id": 55, "text": "Да, белая", "business_connection_id": "BC1",
        "reply_parameters": { "message_id": 10, "allow_sending_without_reply": true },
    });
    assert_eq!(fake.asked().remove(0).body, expected);
}

#[test]
fn a_file_goes_by_the_method_that_takes_it() {
    let method = |kind, mime| {
        let file = FileInfo { kind, mime, name: Some("a") };
        let (method, body) =
            called(BOT, |message| message.content = OutgoingContent::File { url: LINK, file }).unwrap();
        let member = body.as_object().unwrap().iter().find(|(_, value)| **value == json!(LINK)).unwrap();
        (method, member.0.clone())
    };
    for (kind, mime, expected, member) in [
        (Kind::Image, Some("image/jpeg"), "sendPhoto", "photo"),
        (Kind::Document, Some("image/png; charset=x"), "sendPhoto", "photo"),
        (Kind::Image, Some("image/gif"), "sendAnimation", "animation"),
        (Kind::Image, None, "sendPhoto", "photo"),
        (Kind::Image, Some("image/svg+xml"), "sendDocument", "document"),
        (Kind::Video, Some("video/mp4"), "sendVideo", "video"),
        (Kind::Video, None, "sendVideo", "video"),
        (Kind::Video, Some("video/quicktime"), "sendDocument", "document"),
        (Kind::Audio, Some("audio/mpeg"), "sendAudio", "audio"),
        (Kind::Audio, None, "sendAudio", "audio"),
        (Kind::Voice, Some("audio/ogg; codecs=opus"), "sendVoice", "voice"),
        (Kind::Voice, None, "sendVoice", "voice"),
        (Kind::Voice, Some("audio/mp4"), "sendAudio", "audio"),
        (Kind::Document, Some("application/pdf"), "sendDocument", "document"),
        (Kind::Document, None, "sendDocument", "document"),
    ] {
        assert_eq!(method(kind, mime), (expected, member.to_owned()), "{kind:?} {mime:?}");
    }
}

#[test]
fn buttons_stand_below_the_text() {
    let button = |title: &str, payload: Option<&str>| Button {
        title: title.into(),
        payload: payload.map(str::to_owned),
    };
    let long = "я".repeat(40);
    let buttons = [
        button("Да", Some("yes")),
        button("Сайт", Some("https://salon.example/1")),
        button("Нет", None),
        button("Ещё", Some(&long)),
    ];
    let (_, body) = called(BOT, |message| {
        message.content = OutgoingContent::Text { text: "Записать?", buttons: &buttons }
    })
    .unwrap();
    let expected = json!({ "inline_keyboard": [
        [{ "text": "Да", "callback_data": "yes" }],
        [{ "text": "Сайт", "url": "https://salon.example/1" }],
        [{ "text": "Нет", "callback_data": "Нет" }],
        [{ "text": "Ещё", "callback_data": "я".repeat(32) }],
    ]});
    assert_eq!(body["reply_markup"], expected);
}

#[test]
fn a_crms_keyboard_is_made_in_telegrams_terms() {
    let key = |title: &str, does: Option<Press>| Key { title: title.into(), does };
    let open = key("Сайт", Some(Press::Open("https://salon.example".into())));
    let rows = vec![vec![open, key("Да", Some(Press::Send("yes".into())))], vec![key("Нет", None)]];
    let titles = vec![vec![key("А", None), key("Б", None)]];
    for (layout, markup) in [
        (
            Layout::Inline(rows),
            json!({ "inline_keyboard": [
                [{ "text": "Сайт", "url": "https://salon.example" }, { "text": "Да", "callback_data": "yes" }],
                [{ "text": "Нет", "callback_data": "Нет" }],
            ] }),
        ),
        (
            Layout::Reply { rows: titles.clone(), one_time: true },
            json!({ "keyboard": [[{ "text": "А" }, { "text": "Б" }]], "one_time_keyboard": true }),
        ),
        (Layout::Reply { rows: titles, one_time: false }, json!({ "keyboard": [[{ "text": "А" }, { "text": "Б" }]] })),
        (Layout::Remove, json!({ "remove_keyboard": true })),
    ] {
        let keyboard = Box::leak(Box::new(Keyboard { written: "{}".into(), layout }));
        let (_, body) = called(BOT, |message| message.keyboard = Some(keyboard)).unwrap();
        assert_eq!(body["reply_markup"], markup);
    }
}

#[test]
fn only_a_message_of_the_chat_can_be_quoted() {
    let quoted = |external: &str, id: &str| {
        let id = MessageId::new(id);
        let (_, body) = called(external, |message| message.quote = Some(Box::leak(id.into()))).unwrap();
        body["reply_parameters"]["message_id"].as_i64()
    };
    assert_eq!(quoted(BOT, "55:10"), Some(10));
    for other in ["-40:10", "BC1:55:10", "55:callback:10", "0198-m1"] {
        assert_eq!(quoted(BOT, other), None, "{other}");
    }
    assert_eq!(quoted("business:BC2", "BC1:55:10"), None);
}

#[test]
fn what_telegram_has_no_call_for_is_not_sent() {
    let not = SendFailure::not_supported();
    assert_eq!(called(BOT, |message| message.to = Recipient::Phone("79990001122")).unwrap_err(), not);
    assert_eq!(called(BOT, |message| message.to = Recipient::Username("marina")).unwrap_err(), not);
    let template = OutgoingContent::Template { id: "t", values: &[] };
    assert_eq!(called(BOT, |message| message.content = template).unwrap_err(), not);
    let odd = called(BOT, |message| message.to = Recipient::Chat("marina")).unwrap_err();
    assert_eq!(odd, SendFailure::never(FailureReason::WrongRecipient, "CHAT_ID_INVALID"));
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_gets_the_message_there() {
    let moved = json!({
        "ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": { "migrate_to_chat_id": -10040 },
    })
    .to_string();
    let taken = r#"{"ok":true,"result":{"message_id":3,"chat":{"id":-10040}}}"#;
    let (sent, asked) = send(&[("400 Bad Request", &moved), ("200 OK", taken)]).await;
    let expected = Sent { message_id: Some(MessageId::new("-10040:3")), chat_id: Some("-10040".into()) };
    assert_eq!(sent.unwrap(), expected);
    assert_eq!((&asked[0]["chat_id"], &asked[1]["chat_id"]), (&json!(55), &json!(-10040)));
    assert!(asked[0]["reply_parameters"].is_object() && asked[1]["reply_parameters"].is_null());
    // The message is sent to the new group once; a second migration is not followed.
    let (sent, asked) = send(&[("400 Bad Request", &moved), ("400 Bad Request", &moved)]).await;
    assert!(matches!(sent, Err(SendFailure::Never { .. })));
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn answers_are_sorted_by_what_has_to_follow() {
    let gone = [
        (
            "403 Forbidden",
            403,
            "Forbidden: bot was blocked by the user",
            "BOT_BLOCKED",
            FailureReason::Blocked,
        ),
        ("403 Forbidden", 403, "Forbidden: something new", "FORBIDDEN", FailureReason::NoAccess),
        (
            "400 Bad Request",
            400,
            "Bad Request: chat not found",
            "CHAT_NOT_FOUND",
            FailureReason::NoSuchRecipient,
        ),
        (
            "400 Bad Request",
            400,
            "Bad Request: message is too long",
            "MESSAGE_TOO_LONG",
            FailureReason::TooLong,
        ),
        (
            "400 Bad Request",
            400,
            "Bad Request: wrong file identifier/HTTP URL specified",
            "FILE_UNREACHABLE",
            FailureReason::FileUnreachable,
        ),
        (
            "400 Bad Request",
            400,
            "Bad Request: BUSINESS_PEER_USAGE_MISSING",
            "BUSINESS_WINDOW_CLOSED",
            FailureReason::WindowClosed,
        ),
        ("400 Bad Request", 400, "Bad Request: something new", "HTTP_400", FailureReason::Other),
        (
            "413 Request Entity Too Large",
            413,
            "Request Entity Too Large",
            "FILE_TOO_BIG",
            FailureReason::FileTooLarge,
        ),
    ];
    for (status, number, words, code, reason) in gone {
        let description = Some(words.to_owned());
        let expected = SendFailure::Never { reason, code: code.into(), description };
        assert_eq!(refused(status, number, words).await, expected);
        use crate::providers::provider::Provider;
        assert_eq!(Telegram.failure_reason(code), reason);
    }
    assert_eq!(refused("401 Unauthorized", 401, "Unauthorized").await, SendFailure::Unauthorized);
    assert_eq!(refused("404 Not Found", 404, "Not Found").await, SendFailure::Unauthorized);
    let unknown = ["500 Internal Server Error", "502 Bad Gateway", "408 Request Timeout"];
    for status in unknown {
        assert!(matches!(send(&[(status, "<html>")]).await.0, Err(SendFailure::Unknown { .. })), "{status}");
    }
    for body in ["<html>", "{}", r#"{"ok":true,"result":{}}"#, r#"{"ok":false}"#] {
        assert!(matches!(send(&[("200 OK", body)]).await.0, Err(SendFailure::Unknown { .. })), "{body}");
    }
    for status in ["409 Conflict", "302 Found", "403 Forbidden", "404 Not Found"] {
        assert!(matches!(send(&[(status, "<html>")]).await.0, Err(SendFailure::Later { .. })), "{status}");
    }
}

#[tokio::test]
async fn too_many_calls_wait_as_long_as_telegram_says() {
    let after = |result| match result {
        Err(SendFailure::Later { after, .. }) => after,
        other => panic!("{other:?}"),
    };
    let told = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}"#;
    let status = "429 Too Many Requests";
    assert_eq!(after(send(&[(status, told)]).await.0), Some(Duration::from_secs(5)));
    assert_eq!(after(send(&[(status, "")]).await.0), Some(Duration::from_secs(1)));
    let ages = r#"{"ok":false,"parameters":{"retry_after":99999999}}"#;
    assert_eq!(after(send(&[(status, ages)]).await.0), Some(Duration::from_secs(86_400)));
}

#[tokio::test]
async fn what_never_left_may_be_tried_again() {
    let (fake, channel, key) = (Fake::away(), channel(BOT), MessageId::new("m1"));
    let result = Telegram.send(&fake.call(), &text(&channel, &key, &[])).await;
    assert!(matches!(result, Err(SendFailure::Later { .. })));
}

#[tokio::test]
async fn p9_no_refusal_shows_token_or_link() {
    let words = format!("Bad Request: failed to get HTTP URL content {LINK} of bot{TOKEN}");
    let SendFailure::Never { description, code, .. } = refused("400 Bad Request", 400, &words).await else {
        panic!()
    };
    assert_eq!(code, "FILE_UNREACHABLE");
    assert_eq!(description.as_deref(), Some("Bad Request: failed to get HTTP URL content … of bot…"));
}

/// An edit or deletion of this message, and what was asked.
async fn change(
    external: &str,
    id: &str,
    has_file: bool,
    edit: Option<Edit<'_>>,
    answer: (&str, &str),
) -> (Result<(), SendFailure>, String, Value) {
    let (fake, channel, id) = (Fake::answering(&[answer]), channel(external), MessageId::new(id));
    let buttons = [Button { title: "Да".into(), payload: None }];
    let buttons = if has_file { &[] } else { &buttons[..] };
    let message = MessageRef { channel: &channel, chat: "55", id: &id, has_file, buttons };
    let result = match edit {
        Some(edit) => Telegram.edit(&fake.call(), &message, edit).await,
        None => Telegram.delete(&fake.call(), &message).await,
    };
    let asked = fake.asked().remove(0);
    let method = asked.path.rsplit('/').next().unwrap().to_owned();
    (result, method, asked.body)
}

#[tokio::test]
async fn a_text_is_edited_and_a_caption_below_a_file() {
    let edit = Some(Edit::Text("Синяя"));
    let (result, method, body) = change(BOT, "-40:7", false, edit, ("200 OK", DONE)).await;
    assert_eq!((result, method.as_str()), (Ok(()), "editMessageText"));
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Да", "callback_data": "Да" }]] });
    let expected = json!({ "chat_id": -40, "message_id": 7, "text": "Синяя", "reply_markup": keyboard });
    assert_eq!(body, expected, "its buttons stay");
    let (result, method, body) = change("business:BC1", "BC1:55:7", true, edit, ("200 OK", DONE)).await;
    assert_eq!((result, method.as_str()), (Ok(()), "editMessageCaption"));
    let expected =
        json!({ "chat_id": 55, "message_id": 7, "caption": "Синяя", "business_connection_id": "BC1" });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_edit_that_changes_nothing_was_made() {
    let same = r#"{"ok":false,"error_code":400,"description":"Bad Request: message is not modified: specified new message content and reply markup are exactly the same"}"#;
    let edit = Some(Edit::Text("Синяя"));
    assert_eq!(change(BOT, "55:7", false, edit, ("400 Bad Request", same)).await.0, Ok(()));
}

#[tokio::test]
async fn changes_of_what_is_gone_or_old_are_told_apart() {
    let edit = Some(Edit::Text("Синяя"));
    for (edit, words, expected) in [
        (edit, "Bad Request: message to edit not found", FailureReason::MessageGone),
        (edit, "Bad Request: message can't be edited", FailureReason::EditTooLate),
        (None, "Bad Request: message to delete not found", FailureReason::MessageGone),
        (None, "Bad Request: message can't be deleted for everyone", FailureReason::DeletionTooLate),
    ] {
        let body = json!({ "ok": false, "error_code": 400, "description": words }).to_string();
        let (result, ..) = change(BOT, "55:7", false, edit, ("400 Bad Request", &body)).await;
        assert!(matches!(result, Err(SendFailure::Never { reason, .. }) if reason == expected), "{words}");
    }
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_took_no_message_along() {
    let moved = json!({
        "ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": { "migrate_to_chat_id": -10040 },
    })
    .to_string();
    let gone = SendFailure::never(FailureReason::MessageGone, "MESSAGE_NOT_FOUND");
    for edit in [Some(Edit::Text("Синяя")), None] {
        let (result, ..) = change(BOT, "-40:7", false, edit, ("400 Bad Request", &moved)).await;
        assert_eq!(result, Err(gone.clone()), "{edit:?}");
    }
}

#[tokio::test]
async fn a_message_is_deleted_where_it_stands() {
    let (result, method, body) = change(BOT, "55:7", false, None, ("200 OK", DONE)).await;
    assert_eq!((result, method.as_str()), (Ok(()), "deleteMessage"));
    assert_eq!(body, json!({ "chat_id": 55, "message_id": 7 }));
    let (result, method, body) = change("business:BC1", "BC1:55:7", false, None, ("200 OK", DONE)).await;
    assert_eq!((result, method.as_str()), (Ok(()), "deleteBusinessMessages"));
    assert_eq!(body, json!({ "business_connection_id": "BC1", "message_ids": [7] }));
}

#[tokio::test]
async fn what_is_no_message_of_telegrams_is_not_changed() {
    let (fake, channel, id) = (Fake::away(), channel(BOT), MessageId::new("0198-m1"));
    let message = MessageRef { channel: &channel, chat: "55", id: &id, has_file: false, buttons: &[] };
    let gone = SendFailure::never(FailureReason::MessageGone, "MESSAGE_NOT_FOUND");
    assert_eq!(Telegram.delete(&fake.call(), &message).await, Err(gone.clone()));
    assert_eq!(Telegram.edit(&fake.call(), &message, Edit::Text("x")).await, Err(gone));
    let file = Telegram.edit(&fake.call(), &message, Edit::File(LINK)).await;
    assert_eq!(file, Err(SendFailure::not_supported()));
}
