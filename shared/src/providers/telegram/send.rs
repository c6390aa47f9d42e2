//! Outgoing calls (Bot API, "Available methods"): messages, edits, deletions. Telegram does not deduplicate by an id of
//! ours, so a call whose outcome is unknown must not be repeated.

use super::api::{Answered, Api, message_of};
use super::failures::{self, FILE_TOO_BIG, FORBIDDEN, NO_CHAT_ID, NO_MESSAGE};
use super::place::{MessageKey, connection_of};
use crate::base::ids::MessageId;
use crate::model::channel::Channel;
use crate::model::message::content::Button;
use crate::model::message::keyboard::{Key, Keyboard, Layout, Press};
use crate::model::message::kind::Kind;
use crate::model::outbound::call::{
    Edit, FailureReason, FileInfo, OutgoingContent, OutgoingMessage, Recipient, SendFailure, Sent,
};
use crate::platform::http::{DEFAULT_TIMEOUT, SendError};
use crate::providers::client::MessageRef;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Timeout of a call with a file: Telegram fetches the file before it answers.
const FILE_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest `callback_data`, in bytes (Bot API, InlineKeyboardButton).
const MAX_CALLBACK: usize = 64;
/// The shortest wait after too many calls where Telegram names none: a chat takes one message per second.
const PAUSE: Duration = Duration::from_secs(1);

/// A call, ready to be made.
pub(super) struct Request {
    /// The method.
    pub method: &'static str,
    /// Its parameters.
    pub body: Map<String, Value>,
    /// The link of its file. The link needs no password, so it is kept out of logs.
    link: Option<String>,
}

impl Request {
    fn of(method: &'static str, members: Value) -> Self {
        let body = if let Value::Object(members) = members { members } else { Map::new() };
        Self { method, body, link: None }
    }

    fn with(mut self, name: &str, value: Option<Value>) -> Self {
        if let Some(value) = value {
            self.body.insert(name.to_owned(), value);
        }
        self
    }
}

/// Sends a message. If its group has become a supergroup, nothing was sent, so the message is sent there at once.
///
/// # Errors
/// Sorted by what has to follow: see [`SendFailure`].
pub(super) async fn send(api: &Api<'_>, message: &OutgoingMessage<'_>) -> Result<Sent, SendFailure> {
    let connection = connection_of(&message.channel.external);
    let mut request = request(message)?;
    let mut answered = ask(api, &request).await?;
    if let Some(group) = answered.migrated_to.filter(|_| !answered.is_done()) {
        request.body.insert("chat_id".into(), json!(group));
        // The quoted message is in the old group.
        request.body.remove("reply_parameters");
        answered = ask(api, &request).await?;
    }
    let result = sorted(answered)?;
    let (id, chat) = message_of(&result, connection).ok_or_else(|| unknown("taken, but without an id"))?;
    Ok(Sent { message_id: Some(id), chat_id: Some(chat.to_string()) })
}

/// Edits the text of a sent message, or the caption of a sent file. Files are not replaced.
///
/// # Errors
/// As [`send`].
pub(super) async fn edit(api: &Api<'_>, message: &MessageRef<'_>, edit: Edit<'_>) -> Result<(), SendFailure> {
    let Edit::Text(text) = edit else { return Err(SendFailure::not_supported()) };
    let key = key(message.id)?;
    let (method, member) =
        if message.has_file { ("editMessageCaption", "caption") } else { ("editMessageText", "text") };
    let request =
        Request::of(method, json!({ "chat_id": key.chat, "message_id": key.message, member: text }));
    let request = request
        .with("business_connection_id", connection_of(&message.channel.external).map(Value::from))
        // An edit without a keyboard removes the existing one (Bot API, editMessageText, reply_markup).
        .with("reply_markup", keyboard(message.buttons));
    let answered = ask(api, &request).await?;
    // The message has this text already: an earlier attempt edited it.
    let is_same = |words: &str| words.to_ascii_lowercase().contains("message is not modified");
    if answered.status == 400 && answered.description.as_deref().is_some_and(is_same) {
        return Ok(());
    }
    changed(answered)
}

/// Deletes a sent message.
///
/// # Errors
/// As [`send`].
pub(super) async fn delete(api: &Api<'_>, message: &MessageRef<'_>) -> Result<(), SendFailure> {
    let key = key(message.id)?;
    let request = match connection_of(&message.channel.external) {
        Some(connection) => Request::of(
            "deleteBusinessMessages",
            json!({ "business_connection_id": connection, "message_ids": [key.message] }),
        ),
        None => Request::of("deleteMessage", json!({ "chat_id": key.chat, "message_id": key.message })),
    };
    changed(ask(api, &request).await?)
}

/// The outcome of a change. A group that became a supergroup did not take its messages along, so there is none to
/// change.
fn changed(answered: Answered) -> Result<(), SendFailure> {
    if answered.migrated_to.is_some() && !answered.is_done() {
        return Err(SendFailure::never(FailureReason::MessageGone, NO_MESSAGE));
    }
    sorted(answered).map(drop)
}

fn key(id: &MessageId) -> Result<MessageKey<'_>, SendFailure> {
    MessageKey::parse(id).ok_or_else(|| SendFailure::never(FailureReason::MessageGone, NO_MESSAGE))
}

async fn ask(api: &Api<'_>, request: &Request) -> Result<Answered, SendFailure> {
    let timeout = if request.link.is_some() { FILE_TIMEOUT } else { DEFAULT_TIMEOUT };
    let hidden: Vec<&str> = request.link.as_deref().into_iter().collect();
    let body = Value::Object(request.body.clone());
    api.ask(request.method, &body, timeout, &hidden).await.map_err(unanswered)
}

/// The call that sends a message.
///
/// # Errors
/// The failure of a message that Telegram has no call for.
pub(super) fn request(message: &OutgoingMessage<'_>) -> Result<Request, SendFailure> {
    let Recipient::Chat(chat) = message.to else {
        // A bot cannot write first, and cannot address a phone number.
        return Err(SendFailure::not_supported());
    };
    let chat: i64 =
        chat.parse().map_err(|_| SendFailure::never(FailureReason::WrongRecipient, NO_CHAT_ID))?;
    let connection = connection_of(&message.channel.external);
    let request = match &message.content {
        OutgoingContent::Text { text, buttons } => {
            let below = keyboard(buttons).filter(|_| message.keyboard.is_none());
            Request::of("sendMessage", json!({ "text": text })).with("reply_markup", below)
        }
        OutgoingContent::File { url, file } => {
            let (method, member) = method(*file);
            Request { link: Some((*url).to_owned()), ..Request::of(method, json!({ member: url })) }
        }
        OutgoingContent::Template { .. } => return Err(SendFailure::not_supported()),
    };
    Ok(request
        .with("reply_markup", message.keyboard.map(markup))
        .with("chat_id", Some(json!(chat)))
        .with("business_connection_id", connection.map(Value::from))
        .with("reply_parameters", message.quote.and_then(|quoted| quote(quoted, chat, message.channel))))
}

/// The quoted message. A message of another chat (the group that this supergroup was) cannot be named by its number.
fn quote(quoted: &MessageId, chat: i64, channel: &Channel) -> Option<Value> {
    let key = MessageKey::parse(quoted)?;
    let is_here = key.chat == chat && key.connection == connection_of(&channel.external);
    is_here.then(|| json!({ "message_id": key.message, "allow_sending_without_reply": true }))
}

/// The method for a file, and the name of its parameter. The media type decides rather than the kind that the sender
/// chose, because Telegram takes by URL only files that fit the method.
fn method(file: FileInfo<'_>) -> (&'static str, &'static str) {
    let mime = file.mime.unwrap_or_default();
    let essence = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (essence.as_str(), file.kind) {
        ("image/gif", _) => ("sendAnimation", "animation"),
        ("image/jpeg" | "image/png" | "image/webp" | "image/bmp", _) | ("", Kind::Image) => {
            ("sendPhoto", "photo")
        }
        ("video/mp4", _) | ("", Kind::Video) => ("sendVideo", "video"),
        ("audio/ogg" | "audio/opus" | "application/ogg", _) | ("", Kind::Voice) => ("sendVoice", "voice"),
        (essence, _) if essence.starts_with("audio/") => ("sendAudio", "audio"),
        ("", Kind::Audio) => ("sendAudio", "audio"),
        _ => ("sendDocument", "document"),
    }
}

/// Buttons below the message, one per row. A button whose payload is a link opens it; the others send their payload, or
/// their title.
fn keyboard(buttons: &[Button]) -> Option<Value> {
    let button = |button: &Button| {
        let data = button.payload.as_deref().filter(|data| !data.is_empty()).unwrap_or(&button.title);
        let is_link = ["https://", "http://", "tg://"].iter().any(|scheme| data.starts_with(scheme));
        match is_link {
            true => json!([{ "text": button.title, "url": data }]),
            false => json!([{ "text": button.title, "callback_data": callback_data(data) }]),
        }
    };
    let rows: Vec<Value> = buttons.iter().map(button).collect();
    (!rows.is_empty()).then(|| json!({ "inline_keyboard": rows }))
}

/// A CRM's keyboard (Bot API, InlineKeyboardMarkup, ReplyKeyboardMarkup, ReplyKeyboardRemove).
fn markup(keyboard: &Keyboard) -> Value {
    let rows = |button: fn(&Key) -> Value| {
        let row = |row: &Vec<Key>| row.iter().map(button).collect();
        keyboard.rows().iter().map(row).collect::<Vec<Vec<Value>>>()
    };
    match &keyboard.layout {
        Layout::Inline(_) => json!({ "inline_keyboard": rows(inline_button) }),
        Layout::Reply { one_time: true, .. } => {
            json!({ "keyboard": rows(|key| json!({ "text": key.title })), "one_time_keyboard": true })
        }
        Layout::Reply { .. } => json!({ "keyboard": rows(|key| json!({ "text": key.title })) }),
        Layout::Remove => json!({ "remove_keyboard": true }),
    }
}

fn inline_button(key: &Key) -> Value {
    match &key.does {
        Some(Press::Open(url)) => json!({ "text": key.title, "url": url }),
        Some(Press::Send(data)) if !data.is_empty() => {
            json!({ "text": key.title, "callback_data": callback_data(data) })
        }
        _ => json!({ "text": key.title, "callback_data": callback_data(&key.title) }),
    }
}

/// As much of it as Telegram takes.
fn callback_data(data: &str) -> &str {
    let end = (0..=MAX_CALLBACK.min(data.len())).rev().find(|at| data.is_char_boundary(*at));
    &data[..end.unwrap_or(0)]
}

/// Classifies an answer by what has to follow; a successful call gives its result.
pub(super) fn sorted(answered: Answered) -> Result<Value, SendFailure> {
    if answered.is_done() {
        return Ok(answered.result);
    }
    let status = answered.status;
    match (status, answered.genuine) {
        (200..=299, _) => Err(unknown("taken, but the answer cannot be read")),
        (401, _) | (404, true) => Err(SendFailure::Unauthorized),
        (429, _) => Err(later(answered.retry_after.or(Some(PAUSE)), "HTTP 429")),
        (300..=399 | 409, _) | (403 | 404, false) => {
            Err(later(answered.retry_after, &format!("HTTP {status}")))
        }
        (408 | 500.., _) => Err(unknown(&format!("HTTP {status}"))),
        _ => Err(refused(answered)),
    }
}

fn refused(answered: Answered) -> SendFailure {
    let status = answered.status;
    let told = answered.description.as_deref().and_then(failures::told);
    let (code, reason) = match (told, status) {
        (Some((code, reason)), _) => (code.to_owned(), reason),
        (None, 403) => (FORBIDDEN.to_owned(), FailureReason::NoAccess),
        (None, 413) => (FILE_TOO_BIG.to_owned(), FailureReason::FileTooLarge),
        (None, status) => (format!("HTTP_{status}"), FailureReason::Other),
    };
    SendFailure::Never { reason, code, description: answered.description }
}

fn unanswered(error: SendError) -> SendFailure {
    match error {
        SendError::OutcomeUnknown => unknown(&error.to_string()),
        SendError::NotSent | SendError::NotAllowed(_) => later(None, &error.to_string()),
    }
}

fn later(after: Option<Duration>, why: &str) -> SendFailure {
    SendFailure::Later { after, why: why.into() }
}

fn unknown(why: &str) -> SendFailure {
    SendFailure::Unknown { why: why.into() }
}
