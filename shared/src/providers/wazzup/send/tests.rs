//! Sends against a local server, and how its answers are sorted.

use crate::base::ids::{AccountId, ChannelId, ConnectionId};
use crate::model::channel::Channel;
use crate::model::message::content::{Button, CommentMode};
use crate::model::message::keyboard::{Keyboard, Layout};
use crate::model::message::kind::Kind;
use crate::model::messenger::{ChannelRef, Messenger};
use crate::model::outbound::call::{FileInfo, Recipient};
use crate::providers::wazzup::api::tests::{body_of, http, key, server};
use serde_json::{Value, json};
use std::net::TcpListener;
use super::*;
use url::Url;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const TAKEN: &str = r#"{"messageId":"f66c53a6","chatId":"79990001122"}"#;
const LINK: &str = "https://files.example/s3cret";
const FILE: FileInfo<'static> = FileInfo { kind: Kind::Document, mime: None, name: None };

fn channel(transport: &str) -> Channel {
    let of = ChannelRef { id: ChannelId::new("c"), provider: "wazzup".into(), external: "c1".into() };
    let mut channel = Channel::new(&AccountId::new("a"), &ConnectionId::new("n"), &of, NOW);
    channel.transport = Some(transport.into());
    channel
}

/// A text to a WhatsApp chat.
fn text<'a>(channel: &'a Channel, key: &'a MessageId, buttons: &'a [Button]) -> OutgoingMessage<'a> {
    OutgoingMessage {
        key,
        channel,
        messenger: &Messenger::Whatsapp,
        group: false,
        to: Recipient::Chat("79990001122"),
        content: OutgoingContent::Text { text: "Да, белая", buttons },
        keyboard: None,
        quote: None,
        answers: true,
        comment: None,
    }
}

/// The body that is posted for this message.
fn body<'a>(change: impl FnOnce(&mut OutgoingMessage<'a>)) -> Value {
    let (channel, key) = (Box::leak(channel("whatsapp").into()), Box::leak(MessageId::new("m1").into()));
    let mut message: OutgoingMessage<'a> = text(channel, key, &[]);
    change(&mut message);
    body::of(&message)
}

async fn send(status: &str, answer: &str) -> Result<Sent, SendFailure> {
    let (base, asked) = server(status, answer);
    let (channel, id) = (channel("whatsapp"), MessageId::new("m1"));
    let message = OutgoingMessage { content: OutgoingContent::File { url: LINK, file: FILE }, ..text(&channel, &id, &[]) };
    let result = WazzupApi::new(&http(&base), &base).send(&key(), &message, NOW).await;
    asked.join().unwrap();
    result
}

fn never(code: &str, description: Option<&str>) -> SendFailure {
    let reason = super::super::failures::reason(code);
    SendFailure::Never { reason, code: code.into(), description: description.map(str::to_owned) }
}

#[tokio::test]
async fn a_text_goes_out_under_its_key_and_brings_its_ids() {
    let (base, asked) = server("201 Created", TAKEN);
    let (channel, id) = (channel("whatsapp"), MessageId::new("0198-m1"));
    let result =
        WazzupApi::new(&http(&base), &base).send(&key(), &text(&channel, &id, &[]), NOW).await.unwrap();
    let request = asked.join().unwrap();
    assert!(request.starts_with("POST /wazzup/v3/message HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("authorization: bearer key-1\r\n"));
    let expected = json!({
        "channelId": "c1", "chatType": "whatsapp", "chatId": "79990001122", "crmMessageId": "0198-m1", "text": "Да, белая",
    });
    assert_eq!(body_of(&request), expected);
    let ids = (result.message_id.as_ref().map(MessageId::as_str), result.chat_id.as_deref());
    assert_eq!(ids, (Some("f66c53a6"), Some("79990001122")));
}

#[test]
fn every_content_stands_in_its_own_member() {
    let file = body(|message| message.content = OutgoingContent::File { url: LINK, file: FILE });
    assert_eq!((&file["contentUri"], &file["text"]), (&json!(LINK), &Value::Null));
    let values = ["Анна".to_owned(), "12:00".to_owned()];
    let filled = body(|message| message.content = OutgoingContent::Template { id: "t-1", values: &values });
    assert_eq!((&filled["templateId"], &filled["templateValues"]), (&json!("t-1"), &json!(values)));
    let plain = body(|message| message.content = OutgoingContent::Template { id: "t-1", values: &[] });
    assert_eq!(plain["templateValues"], Value::Null);
}

#[test]
fn strangers_are_named_as_the_messenger_knows_them() {
    let to = |messenger: &'static Messenger, to: Recipient<'static>| {
        let body = body(|message| (message.messenger, message.to) = (messenger, to));
        ["chatId", "phone", "username"].map(|name| body[name].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(to(&Messenger::Whatsapp, Recipient::Phone("7999")), ["7999", "", ""]);
    assert_eq!(to(&Messenger::Viber, Recipient::Phone("7999")), ["7999", "", ""]);
    assert_eq!(to(&Messenger::Telegram, Recipient::Phone("7999")), ["", "7999", ""]);
    assert_eq!(to(&Messenger::Max, Recipient::Phone("7999")), ["", "7999", ""]);
    assert_eq!(to(&Messenger::Telegram, Recipient::Username("anna")), ["", "", "anna"]);
    let group = body(|message| message.group = true);
    assert_eq!(group["chatType"], json!("whatsgroup"));
}

#[test]
fn a_quote_and_a_comment_stand_under_their_message() {
    let quoted = MessageId::new("q1");
    let under = |comment| body(|message| (message.quote, message.comment) = (Some(&quoted), comment));
    assert_eq!(under(None)["refMessageId"], json!("q1"));
    assert_eq!(under(Some(CommentMode::Reply))["refMessageId"], json!("q1"));
    assert_eq!(under(Some(CommentMode::Mention))["refMessageId"], json!("q1"));
    assert_eq!(under(Some(CommentMode::Private))["refMessageId"], Value::Null);
}

#[test]
fn buttons_take_the_shape_of_their_transport() {
    let plain = |title: &str| Button { title: title.into(), payload: None };
    let both = [plain("Да"), Button { title: "Нет".into(), payload: Some("no".into()) }];
    let shape = |transport: &str, buttons: &[Button]| {
        let (channel, key) = (channel(transport), MessageId::new("m1"));
        body::of(&text(&channel, &key, buttons))["buttonsObject"].clone()
    };
    let flat = json!([{ "text": "Да", "type": "text" }, { "text": "Нет", "type": "text", "payload": "no" }]);
    assert_eq!(shape("wapi", &both), json!({ "buttons": flat }));
    let rows = json!([[{ "text": "Да", "callbackData": "Да" }], [{ "text": "Нет", "callbackData": "no" }]]);
    assert_eq!(shape("telegram", &both), json!({ "replyMarkup": "inline", "buttons": rows }));
    let keyboard =
        json!({ "replyMarkup": "reply", "oneTimeKeyboard": true, "buttons": [[{ "text": "Да" }]] });
    assert_eq!(shape("telegram", &[plain("Да")]), keyboard);
    let rows = json!([[{ "type": "message", "text": "Да" }], [{ "type": "callback", "text": "Нет", "payload": "no" }]]);
    assert_eq!(shape("MAXBOT", &both), json!({ "chatType": "max", "buttons": rows }));
    assert_eq!((shape("whatsapp", &both), shape("wapi", &[])), (Value::Null, Value::Null));
    // 64 bytes at most, and never a part of a letter.
    let long = [plain(&"я".repeat(40)), both[1].clone()];
    assert_eq!(shape("telegram", &long)["buttons"][0][0]["callbackData"], json!("я".repeat(32)));
}

#[test]
fn a_keyboard_goes_out_as_the_crm_wrote_it() {
    for (transport, object) in [
        ("wapi", json!({ "buttons": [{ "text": "Да", "type": "text", "payload": "y" }, { "text": "Нет", "type": "text" }] })),
        (
            "telegram",
            json!({ "replyMarkup": "inline", "buttons": [
                [{ "text": "Сайт", "url": "https://e.example" }, { "text": "Да", "callbackData": "y", "style": { "n": [1.50, null] } }],
                [{ "text": "Нет", "callbackData": "n" }],
            ] }),
        ),
        ("telegram", json!({ "replyMarkup": "reply", "oneTimeKeyboard": true, "buttons": [[{ "text": "А" }, { "text": "Б" }]] })),
        ("telegram", json!({ "replyMarkup": "reply", "removeKeyboard": true })),
        (
            "maxbot",
            json!({ "chatType": "max", "buttons": [[{ "type": "link", "text": "Сайт", "url": "https://e.example", "intent": "positive" }]] }),
        ),
    ] {
        let keyboard = Keyboard { written: object.to_string(), layout: Layout::Remove };
        let (channel, key) = (channel(transport), MessageId::new("m1"));
        let flat = [Button { title: "Да".into(), payload: None }];
        let message = OutgoingMessage { keyboard: Some(&keyboard), ..text(&channel, &key, &flat) };
        assert_eq!(body::of(&message)["buttonsObject"], object, "{transport}");
    }
}

#[test]
fn a_template_takes_the_payloads_of_its_buttons_along() {
    let object = json!({ "buttons": [{ "payload": "visit" }, { "payload": "" }] });
    let keyboard = Box::leak(Box::new(Keyboard { written: object.to_string(), layout: Layout::Remove }));
    let sent = body(|message| {
        message.content = OutgoingContent::Template { id: "t1", values: &[] };
        message.keyboard = Some(keyboard);
    });
    assert_eq!((&sent["templateId"], &sent["buttonsObject"]), (&json!("t1"), &object));
}

#[tokio::test]
async fn refusals_for_good_are_named_in_one_spelling() {
    let long = format!(r#"{{"error":"BAD_CONTACT","description":"{LINK} {}"}}"#, "я".repeat(400));
    match send("400 Bad Request", &long).await {
        Err(SendFailure::Never { code, description: Some(words), .. }) => {
            assert_eq!((code.as_str(), words.chars().count()), ("BAD_CONTACT", 300));
            assert!(words.starts_with("… я") && !words.contains("s3cret"), "{words}");
        }
        other => panic!("{other:?}"),
    }
    for (status, answer, expected) in [
        ("400", r#"{"error":"INVALID_MESSAGE_DATA","data":{"fields":["chatId"]}}"#, "INVALID_MESSAGE_DATA"),
        ("400", r#"{"error":"messagesTooLongTelegram"}"#, "MESSAGES_TOO_LONG_TELEGRAM"),
        ("400", r#"{"error":{"code":"BALANCE_IS_EMPTY"}}"#, "BALANCE_IS_EMPTY"),
        ("400", r#"{"error":"MESSAGES_NOT_TEXT_FIRST"}"#, "MESSAGES_NOT_TEXT_FIRST"),
        ("400", r#"{"error":"MESSAGES_IS_SPAM"}"#, "MESSAGES_IS_SPAM"),
        ("400", r#"{"error":"WRONG_TRANSPORT"}"#, "WRONG_TRANSPORT"),
        ("400", r#"{"error":"CHANNEL_NO_MONEY"}"#, "CHANNEL_NO_MONEY"),
        ("400", r#"{"error":"24_HOURS_EXCEEDED"}"#, "24_HOURS_EXCEEDED"),
        ("403", r#"{"error":"FORBIDDEN"}"#, "FORBIDDEN"),
        ("404", r#"{"error":"CHAT_NO_ACCESS"}"#, "CHAT_NO_ACCESS"),
        ("413", "<html>", "HTTP_413"),
        ("400", r#"{"error":"call +7 999 000-11-22"}"#, "HTTP_400"),
    ] {
        let result = send(&format!("{status} No"), answer).await;
        assert_eq!(result, Err(never(expected, None)), "{answer}");
    }
}

#[tokio::test]
async fn p4_a_key_that_wazzup_has_counts_as_sent() {
    for code in ["REPEATED_CRM_MESSAGE_ID", "repeatedCrmMessageId"] {
        let result = send("400 Bad Request", &json!({ "error": code }).to_string()).await;
        assert_eq!(result, Ok(Sent::default()), "{code}");
    }
}

#[tokio::test]
async fn what_may_be_mended_is_tried_later() {
    let pause = Some(Duration::from_secs(60));
    for (answer, after) in [
        (r#"{"error":"CHANNEL_NOT_FOUND"}"#, pause),
        (r#"{"error":"channelBlocked"}"#, pause),
        (r#"{"error":"MESSAGE_CHANNEL_UNAVAILABLE"}"#, pause),
        (r#"{"error":"MESSAGE_DOWNLOAD_CONTENT_ERROR"}"#, None),
        (r#"{"error":"MESSAGES_CAN_NOT_ADD"}"#, None),
    ] {
        let result = send("400 Bad Request", answer).await;
        assert!(
            matches!(result, Err(SendFailure::Later { after: at, .. }) if at == after),
            "{answer}: {result:?}"
        );
    }
    let limited = send("429 Too Many Requests", "").await;
    let window = Some(Duration::from_secs(5));
    assert!(matches!(limited, Err(SendFailure::Later { after, .. }) if after == window), "{limited:?}");
    let named = send("429 Too Many Requests\r\nretry-after: 9", "").await;
    let named_after = Some(Duration::from_secs(9));
    assert!(matches!(named, Err(SendFailure::Later { after, .. }) if after == named_after), "{named:?}");
    assert!(matches!(send("302 Found", "").await, Err(SendFailure::Later { .. })));
    // Not Wazzup's own answer about the message.
    for (status, answer) in [
        ("403 Forbidden", "<html>"),
        ("404 Not Found", ""),
        ("404 Not Found", r#"{"statusCode":404,"error":"Not Found"}"#),
    ] {
        let result = send(status, answer).await;
        assert!(matches!(result, Err(SendFailure::Later { after: None, .. })), "{answer}: {result:?}");
    }
    assert_eq!(send("401 Unauthorized", "").await, Err(SendFailure::Unauthorized));
}

#[tokio::test]
async fn p4_an_outcome_that_nobody_knows_is_called_so() {
    for (status, answer) in [
        ("500 Internal Server Error", ""),
        ("504 Gateway Timeout", "<html>"),
        ("408 Request Timeout", ""),
        ("201 Created", ""),
        ("201 Created", "<html>"),
        ("201 Created", r#"{"chatId":"79990001122"}"#),
        ("200 OK", r#"{"messageId":" "}"#),
        ("400 Bad Request", r#"{"error":"UNKNOWN_ERROR"}"#),
        ("400 Bad Request", r#"{"error":"UNKNOWN_ERROR_WITH_TRACE_ID"}"#),
    ] {
        let result = send(status, answer).await;
        assert!(matches!(result, Err(SendFailure::Unknown { .. })), "{status} {answer}: {result:?}");
    }
    let odd = send("201 Created", r#"{"messageId":17,"chatId":79990001122}"#).await.unwrap();
    assert_eq!((odd.message_id, odd.chat_id.as_deref()), (Some(MessageId::new("17")), Some("79990001122")));
}

/// A server that reads a request and closes the connection, or is already gone.
async fn cut(reads: bool) -> Result<Sent, SendFailure> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let server = std::thread::spawn(move || {
        if reads {
            let (mut stream, _) = listener.accept().unwrap();
            std::io::Read::read(&mut stream, &mut [0; 64]).unwrap();
        }
    });
    if !reads {
        server.join().unwrap();
    }
    let (channel, id) = (channel("whatsapp"), MessageId::new("m1"));
    WazzupApi::new(&http(&base), &base).send(&key(), &text(&channel, &id, &[]), NOW).await
}

#[tokio::test]
async fn a_cut_connection_is_unknown_and_none_at_all_is_later() {
    assert!(matches!(cut(true).await, Err(SendFailure::Unknown { .. })));
    assert!(matches!(cut(false).await, Err(SendFailure::Later { .. })));
}

#[tokio::test]
async fn messages_are_edited_and_deleted_by_their_id() {
    let id = MessageId::new("a/b");
    let edit = async |edit: Edit<'_>| {
        let (base, asked) = server("200 OK", "");
        WazzupApi::new(&http(&base), &base).edit(&key(), &id, edit, NOW).await.unwrap();
        asked.join().unwrap()
    };
    let request = edit(Edit::Text("Чёрная")).await;
    assert!(request.starts_with("PATCH /wazzup/v3/message/a%2Fb HTTP/1.1\r\n"), "{request}");
    assert_eq!(body_of(&request), json!({ "text": "Чёрная" }));
    assert_eq!(body_of(&edit(Edit::File(LINK)).await), json!({ "contentUri": LINK }));

    let delete = async |status: &str, answer: &str| {
        let (base, asked) = server(status, answer);
        let result = WazzupApi::new(&http(&base), &base).delete(&key(), &id, NOW).await;
        (result, asked.join().unwrap())
    };
    let (result, request) = delete("204 No Content", "").await;
    assert!(result.is_ok() && request.starts_with("DELETE /wazzup/v3/message/a%2Fb "), "{request}");
    for code in [
        "MESSAGES_NOT_FOUND",
        "MESSAGE_DELETED",
        "MESSAGES_DELETION_TIME_EXPIRED",
        "CHANNEL_INVALID_TRANSPORT_FOR_DELETION",
    ] {
        let (result, _) = delete("400 Bad Request", &json!({ "error": code }).to_string()).await;
        assert_eq!(result, Err(never(code, None)));
    }
    assert!(matches!(delete("502 Bad Gateway", "").await.0, Err(SendFailure::Unknown { .. })));
}

#[tokio::test]
async fn an_id_that_would_lead_to_another_route_is_nobodys() {
    let base = Url::parse("https://api.wazzup24.com").unwrap();
    let http = http(&Url::parse("http://127.0.0.1:9").unwrap());
    for id in ["", ".", ".."] {
        let result = WazzupApi::new(&http, &base).delete(&key(), &MessageId::new(id), NOW).await;
        assert_eq!(result, Err(never("MESSAGES_NOT_FOUND", None)), "{id}");
    }
}
