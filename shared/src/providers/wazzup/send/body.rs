//! The bodies of `POST` and `PATCH /v3/message`. Pure.

use crate::model::message::content::{Button, CommentMode};
use crate::model::message::keyboard::Keyboard;
use crate::model::outbound::call::{Edit, OutgoingMessage, OutgoingContent, Recipient};
use serde_json::{Map, Value, json};

/// The longest `callbackData` of a Telegram button, in bytes.
const MAX_CALLBACK: usize = 64;

/// A message in Wazzup's format.
pub(super) fn of(message: &OutgoingMessage<'_>) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("channelId", json!(message.channel.external));
    put("chatType", json!(message.messenger.chat_type(message.group)));
    put("crmMessageId", json!(message.key.as_str()));
    match message.to {
        // Where a chat's id is a phone, Wazzup has no other member for it.
        Recipient::Phone(phone) if message.messenger.id_is_phone() => put("chatId", json!(phone)),
        Recipient::Chat(id) => put("chatId", json!(id)),
        Recipient::Phone(phone) => put("phone", json!(phone)),
        Recipient::Username(name) => put("username", json!(name)),
    };
    if let Some(quoted) = quoted(message) {
        put("refMessageId", json!(quoted));
    }
    if !message.answers {
        put("clearUnanswered", json!(false));
    }
    match &message.content {
        OutgoingContent::Text { text, buttons } => {
            put("text", json!(text));
            let buttons = buttons_object(message.channel.transport.as_deref(), buttons);
            if let Some(buttons) = buttons.filter(|_| message.keyboard.is_none()) {
                put("buttonsObject", buttons);
            }
        }
        OutgoingContent::File { url, .. } => {
            put("contentUri", json!(url));
        }
        OutgoingContent::Template { id, values } => {
            put("templateId", json!(id));
            if !values.is_empty() {
                put("templateValues", json!(values));
            }
        }
    }
    if let Some(keyboard) = message.keyboard.and_then(written) {
        body.insert("buttonsObject".to_owned(), keyboard);
    }
    Value::Object(body)
}

/// The keyboard as the CRM wrote it: the CRM speaks this API already.
fn written(keyboard: &Keyboard) -> Option<Value> {
    serde_json::from_str(&keyboard.written).ok()
}

/// An edit in Wazzup's format.
pub(super) fn of_edit(edit: Edit<'_>) -> Value {
    match edit {
        Edit::Text(text) => json!({ "text": text }),
        Edit::File(url) => json!({ "contentUri": url }),
    }
}

/// The message under which this one goes. Wazzup's v3 has no member for how a comment is answered: a quote answers
/// under the comment, and a message without a quote goes to the author as a direct message.
fn quoted<'a>(message: &OutgoingMessage<'a>) -> Option<&'a str> {
    match message.comment {
        Some(CommentMode::Private) => None,
        _ => message.quote.map(|id| id.as_str()),
    }
}

/// The buttons in the format of the transport: a flat list for WABA, rows of one for bots. Other transports have none.
fn buttons_object(transport: Option<&str>, buttons: &[Button]) -> Option<Value> {
    if buttons.is_empty() {
        return None;
    }
    let with = |members: Value, button: &Button, name: &str| {
        let mut members = members;
        if let Some(payload) = &button.payload {
            members[name] = json!(payload);
        }
        members
    };
    match transport?.to_ascii_lowercase().as_str() {
        "wapi" => {
            let flat = |b: &Button| with(json!({ "text": b.title, "type": "text" }), b, "payload");
            Some(json!({ "buttons": buttons.iter().map(flat).collect::<Vec<_>>() }))
        }
        "telegram" => Some(telegram(buttons)),
        "maxbot" => {
            let row = |b: &Button| {
                let kind = if b.payload.is_some() { "callback" } else { "message" };
                json!([with(json!({ "type": kind, "text": b.title }), b, "payload")])
            };
            Some(json!({ "chatType": "max", "buttons": buttons.iter().map(row).collect::<Vec<_>>() }))
        }
        _ => None,
    }
}

/// Buttons with a payload are shown below the message and need data each; plain ones replace the keyboard and send
/// their title.
fn telegram(buttons: &[Button]) -> Value {
    if buttons.iter().all(|button| button.payload.is_none()) {
        let rows: Vec<Value> = buttons.iter().map(|b| json!([{ "text": b.title }])).collect();
        return json!({ "replyMarkup": "reply", "oneTimeKeyboard": true, "buttons": rows });
    }
    let row = |b: &Button| {
        let data = b.payload.as_deref().unwrap_or(&b.title);
        let end = (0..=MAX_CALLBACK.min(data.len())).rev().find(|at| data.is_char_boundary(*at));
        json!([{ "text": b.title, "callbackData": &data[..end.unwrap_or(0)] }])
    };
    json!({ "replyMarkup": "inline", "buttons": buttons.iter().map(row).collect::<Vec<_>>() })
}
