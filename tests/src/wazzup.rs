//! Wazzup's webhook bodies, as its API v3 posts them.

use serde_json::{Value, json};

/// A client's text message.
#[must_use]
pub fn text(channel: &str, phone: &str, id: &str, at: &str, text: &str) -> Value {
    json!({
        "messageId": id, "channelId": channel, "chatType": "whatsapp", "chatId": phone, "dateTime": at, "type": "text",
        "isEcho": false, "status": "inbound", "text": text, "contact": {"name": format!("Клиент {}", &phone[phone.len() - 4..])},
    })
}

/// The company's message, written on the phone.
#[must_use]
pub fn echo(channel: &str, phone: &str, id: &str, at: &str, body: &str) -> Value {
    let mut message = text(channel, phone, id, at, body);
    message["isEcho"] = json!(true);
    message["status"] = json!("sent");
    message["authorName"] = json!("Телефон салона");
    message
}

/// A message of a type that nobody has heard of.
#[must_use]
pub fn unknown_type(channel: &str, phone: &str, id: &str, at: &str) -> Value {
    let mut message = text(channel, phone, id, at, "");
    message["type"] = json!("hologram");
    message["text"] = Value::Null;
    message
}

/// A body of messages.
#[must_use]
pub fn messages(entries: &[Value]) -> Value {
    json!({"messages": entries})
}

/// A body of one status.
#[must_use]
pub fn status(id: &str, word: &str, at: &str) -> Value {
    json!({"statuses": [{"messageId": id, "status": word, "timestamp": at}]})
}
