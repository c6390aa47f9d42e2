//! The methods that a bridge calls (Bot API, "Available methods", "Updating messages", "Getting updates").

use super::body::{Body, Quote};
use super::chats::Spot;
use super::refused::Refused;
use super::state::{BotMessage, Hook};
use super::{Bot, DAY_MS, bot};
use crate::sandbox::App;
use crate::sandbox::files::{self, Missing};
use crate::sandbox::state::ReceivedFile;
use axum::body::Bytes;
use serde_json::{Value, json};
use std::time::Duration;

/// Longest text and caption, in characters (Bot API, sendMessage, editMessageCaption).
const TEXT: usize = 4096;
const CAPTION: usize = 1024;
/// Largest photo and largest other file that Telegram fetches (Bot API, "Sending files").
const PHOTO_BYTES: usize = 5 << 20;
const FILE_BYTES: usize = 20 << 20;
/// How long a file may take.
const FETCH: Duration = Duration::from_secs(10);
/// Ports that a webhook may be at (Bot API, setWebhook, "Notes").
const PORTS: [u16; 4] = [443, 80, 88, 8443];
/// Longest secret (Bot API, setWebhook).
const SECRET: usize = 256;
/// Most messages that one call deletes (Bot API, deleteBusinessMessages).
const DELETED: usize = 100;

/// A method: its name, the word for its faults, and its supported parameters.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) deed: &'static str,
    parameters: &'static [&'static str],
}

macro_rules! methods {
    ($($name:literal $deed:literal [$($parameter:literal)*]),* $(,)?) => {
        &[$(Method { name: $name, deed: $deed, parameters: &[$($parameter),*] }),*]
    };
}

const METHODS: &[Method] = methods![
    "getMe" "channels" [],
    "getWebhookInfo" "webhooks" [],
    "setWebhook" "webhooks" ["url" "secret_token" "allowed_updates" "max_connections" "drop_pending_updates"],
    "deleteWebhook" "webhooks" ["drop_pending_updates"],
    "getFile" "file" ["file_id"],
    "sendMessage" "send" ["chat_id" "business_connection_id" "text" "reply_parameters" "reply_markup"],
    "sendPhoto" "send" ["chat_id" "business_connection_id" "photo" "caption" "reply_parameters" "reply_markup"],
    "sendAnimation" "send"
        ["chat_id" "business_connection_id" "animation" "caption" "reply_parameters" "reply_markup"],
    "sendVideo" "send" ["chat_id" "business_connection_id" "video" "caption" "reply_parameters" "reply_markup"],
    "sendAudio" "send" ["chat_id" "business_connection_id" "audio" "caption" "reply_parameters" "reply_markup"],
    "sendVoice" "send" ["chat_id" "business_connection_id" "voice" "caption" "reply_parameters" "reply_markup"],
    "sendDocument" "send"
        ["chat_id" "business_connection_id" "document" "caption" "reply_parameters" "reply_markup"],
    "editMessageText" "edit" ["chat_id" "business_connection_id" "message_id" "text" "reply_markup"],
    "editMessageCaption" "edit" ["chat_id" "business_connection_id" "message_id" "caption" "reply_markup"],
    "deleteMessage" "delete" ["chat_id" "message_id"],
    "deleteBusinessMessages" "delete" ["business_connection_id" "message_ids"],
];

/// The method with this name; Telegram ignores case ("All methods in the Bot API are case-insensitive").
pub(super) fn method(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name.eq_ignore_ascii_case(name))
}

/// Carries out a method, and returns its result.
pub(super) async fn call(app: &App, token: &str, method: &Method, bytes: &Bytes) -> Result<Value, Refused> {
    let body = Body::read(bytes, method.parameters)?;
    if let Some(kind) = method.name.strip_prefix("send") {
        return send(app, token, &kind.to_ascii_lowercase(), &body).await;
    }
    bot(app, token, |bot| match method.name {
        "getMe" => Ok(bot.me()),
        "getWebhookInfo" => Ok(bot.hook_shown()),
        "setWebhook" => bot.set_hook(&body),
        "deleteWebhook" => {
            bot.state.webhook = None;
            Ok(json!(true))
        }
        "editMessageText" => bot.edit(&body, "text"),
        "editMessageCaption" => bot.edit(&body, "caption"),
        "deleteMessage" => bot.delete(&body),
        "deleteBusinessMessages" => bot.delete_business(&body),
        _ => Err(Refused::no_method()),
    })
    .ok_or_else(Refused::unauthorized)?
}

/// `getFile`, which needs the sandbox's files too.
pub(super) fn get_file(app: &App, token: &str, bytes: &Bytes) -> Result<Value, Refused> {
    let body = Body::read(bytes, &["file_id"])?;
    let id = body.text("file_id")?.ok_or_else(|| Refused::bad("file_id not specified"))?;
    let found = app.world(|world| {
        let bot = world.telegram.get_mut(token)?;
        let name = bot.files.get(&id)?.clone();
        let (_, bytes) = files::content(&world.files, &name)?;
        Some((bytes.len(), bot.link(&id)))
    });
    let missing = || Refused::bad("wrong file_id or the file is temporarily unavailable");
    let (size, path) = found.ok_or_else(missing)?;
    if size > FILE_BYTES {
        return Err(Refused::bad("file is too big"));
    }
    Ok(json!({ "file_id": id, "file_unique_id": format!("u{id}"), "file_size": size, "file_path": path }))
}

/// A valid message whose file has not been fetched yet.
#[derive(Debug)]
struct Plan {
    chat: usize,
    message: BotMessage,
    link: Option<String>,
}

/// `sendMessage`, `sendPhoto` and so on: `kind` is `message`, `photo` …
async fn send(app: &App, token: &str, kind: &str, body: &Body) -> Result<Value, Refused> {
    let plan = bot(app, token, |bot| bot.plan(kind, body)).ok_or_else(Refused::unauthorized)??;
    let file = match &plan.link {
        Some(link) => Some(fetch(app, link, kind).await?),
        None => None,
    };
    bot(app, token, |bot| {
        let spot = bot.take(plan, file);
        bot.shown(spot)
    })
    .ok_or_else(Refused::unauthorized)
}

/// Fetches a file as Telegram does: its type, according to the server, must be one of the method's (Bot API, "Sending
/// files"). A file that is too large is refused; Telegram's words for that are not documented.
async fn fetch(app: &App, link: &str, kind: &str) -> Result<ReceivedFile, Refused> {
    let most = if kind == "photo" { PHOTO_BYTES } else { FILE_BYTES };
    let fetched = files::fetch(app, link, most, FETCH).await.map_err(|missing| match missing {
        Missing::NoLink => Refused::bad("wrong file identifier/HTTP URL specified"),
        Missing::NoAnswer => Refused::bad("failed to get HTTP URL content"),
    })?;
    if fetched.bytes.len() > most {
        return Err(Refused::bad("failed to get HTTP URL content"));
    }
    let mime = fetched.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = match kind {
        "photo" => mime.starts_with("image/"),
        "animation" => matches!(mime.as_str(), "image/gif" | "video/mp4"),
        "video" => mime == "video/mp4",
        "audio" => mime.starts_with("audio/"),
        "voice" => mime == "audio/ogg" || mime == "audio/opus",
        // "In sendDocument, sending by URL will currently only work for GIF, PDF and ZIP files."
        _ => matches!(
            mime.as_str(),
            "image/gif" | "application/pdf" | "application/zip" | "application/x-zip-compressed"
        ),
    };
    if !fits {
        return Err(Refused::bad("wrong type of the web page content"));
    }
    Ok(fetched.keep(app, "telegram"))
}

/// A text that is not blank.
fn checked(text: Option<String>) -> Result<String, Refused> {
    match text {
        Some(text) if text.chars().count() > TEXT => Err(Refused::bad("message is too long")),
        Some(text) if text.trim().is_empty() && !text.is_empty() => {
            Err(Refused::bad("text must be non-empty"))
        }
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(Refused::bad("message text is empty")),
    }
}

fn caption(body: &Body) -> Result<Option<String>, Refused> {
    let caption = body.text("caption")?.filter(|caption| !caption.trim().is_empty());
    match caption {
        Some(caption) if caption.chars().count() > CAPTION => {
            Err(Refused::bad("message caption is too long"))
        }
        caption => Ok(caption),
    }
}

impl Bot {
    /// `getMe`
    fn me(&self) -> Value {
        let mut me = self.user();
        me["can_join_groups"] = json!(true);
        me["can_read_all_group_messages"] = json!(true);
        me["supports_inline_queries"] = json!(false);
        me["can_connect_to_business"] = json!(self.setup.can_connect_to_business);
        me
    }

    /// `getWebhookInfo`
    fn hook_shown(&self) -> Value {
        let Some(hook) = &self.state.webhook else {
            return json!({ "url": "", "has_custom_certificate": false, "pending_update_count": 0 });
        };
        let mut shown = json!({
            "url": hook.url, "has_custom_certificate": false, "pending_update_count": 0,
            "max_connections": hook.max_connections, "allowed_updates": hook.allowed_updates,
        });
        let failed = |post: &&crate::sandbox::state::WebhookPost| !super::updates::is_taken(&post.outcome);
        if let Some(post) = self.state.posts.last().filter(failed) {
            let status = post.outcome.status.map_or_else(|| "no answer".into(), |status| status.to_string());
            shown["last_error_date"] = json!(post.posted_at / 1000);
            shown["last_error_message"] = json!(format!("Wrong response from the webhook: {status}"));
        }
        shown
    }

    /// `setWebhook`. An empty address removes the webhook.
    fn set_hook(&mut self, body: &Body) -> Result<Value, Refused> {
        let url = body.text("url")?.unwrap_or_default();
        if url.is_empty() {
            self.state.webhook = None;
            return Ok(json!(true));
        }
        self.check_address(&url)?;
        let secret_token = body.text("secret_token")?.filter(|secret| !secret.is_empty());
        if let Some(secret) = &secret_token {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            if secret.len() > SECRET {
                return Err(Refused::bad("secret token is too long"));
            }
            if !secret.bytes().all(plain) {
                return Err(Refused::bad("secret token contains unallowed characters"));
            }
        }
        // "If not specified, the previous setting will be used."
        let before = self.state.webhook.as_ref().map(|hook| hook.allowed_updates.clone());
        let asked = body.list("allowed_updates", |kind| kind.as_str().map(str::to_owned))?;
        let allowed_updates = asked.or(before).unwrap_or_default();
        let max_connections = body.number("max_connections")?.unwrap_or(40).clamp(1, 100);
        self.state.webhook = Some(Hook { url, secret_token, allowed_updates, max_connections });
        Ok(json!(true))
    }

    /// Checks a webhook's address: a public one needs https and one of four ports; a local server accepts any.
    fn check_address(&self, url: &str) -> Result<(), Refused> {
        let bad = |words: &str| Err(Refused::bad(&format!("bad webhook: {words}")));
        let Ok(url) = reqwest::Url::parse(url) else {
            return Err(Refused::bad("invalid webhook URL specified"));
        };
        let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        match (self.setup.local_webhooks, url.scheme()) {
            (true, _) if is_http => Ok(()),
            (_, "https") if url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) => Ok(()),
            (_, "https") => bad("Webhook can be set up only on ports 80, 88, 443 or 8443"),
            _ => bad("An HTTPS URL must be provided for webhook"),
        }
    }

    /// Checks a message, as Telegram does before it fetches a file.
    fn plan(&mut self, kind: &str, body: &Body) -> Result<Plan, Refused> {
        let (id, connection) = (body.chat()?, body.text("business_connection_id")?);
        let is_text = kind == "message";
        let text = if is_text { Some(checked(body.text("text")?)?) } else { caption(body)? };
        let link = if is_text { None } else { body.text(kind)? };
        if link.is_none() && !is_text {
            return Err(Refused::bad(&format!("there is no {kind} in the request")));
        }
        let buttons = body.keyboard()?;
        let chat = self.open(connection.as_deref(), id)?;
        let quotes = self.quoted(chat, body.quote()?)?;
        let now = self.now();
        self.spent.count(chat, id < 0, now).map_err(Refused::too_many)?;
        let kind = (!is_text).then(|| kind.to_owned());
        let message = BotMessage {
            from: self.id,
            by_bot: true,
            at: now,
            text,
            kind,
            buttons,
            quotes,
            ..BotMessage::default()
        };
        Ok(Plan { chat, message, link })
    }

    fn quoted(&self, chat: usize, quote: Option<Quote>) -> Result<Option<i64>, Refused> {
        let Some(quote) = quote else { return Ok(None) };
        match self.spot(chat, quote.message_id, "message to be replied not found") {
            Ok(_) => Ok(Some(quote.message_id)),
            Err(_) if quote.or_without => Ok(None),
            Err(refused) => Err(refused),
        }
    }

    fn take(&mut self, plan: Plan, file: Option<ReceivedFile>) -> Spot {
        let message_id = self.next_message();
        let messages = &mut self.state.chats[plan.chat].messages;
        messages.push(BotMessage { message_id, file, ..plan.message });
        (plan.chat, messages.len() - 1)
    }

    /// `editMessageText`, `editMessageCaption`. An edit without a keyboard removes the existing one.
    fn edit(&mut self, body: &Body, what: &str) -> Result<Value, Refused> {
        let (id, connection) = (body.number("message_id")?, body.text("business_connection_id")?);
        let text = if what == "text" { Some(checked(body.text("text")?)?) } else { caption(body)? };
        let buttons = body.keyboard()?;
        let chat = self.at(connection.as_deref(), body.chat()?)?;
        self.is_in(chat)?;
        let spot = self.spot(chat, id.unwrap_or_default(), "message to edit not found")?;
        let message = &mut self.state.chats[spot.0].messages[spot.1];
        if !message.by_bot {
            return Err(Refused::bad("message can't be edited"));
        }
        if message.kind.is_some() != (what == "caption") {
            return Err(Refused::bad(&format!("there is no {what} in the message to edit")));
        }
        if (&message.text, &message.buttons) == (&text, &buttons) {
            return Err(Refused::bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a current \
                 content and reply markup of the message",
            ));
        }
        (message.text, message.buttons) = (text, buttons);
        message.edits += 1;
        Ok(self.shown(spot))
    }

    /// `deleteMessage`: within 48 hours; in a private chat also the client's messages, in a group only the bot's own,
    /// and none in a group that became a supergroup.
    fn delete(&mut self, body: &Body) -> Result<Value, Refused> {
        let unnamed = || Refused::bad("message identifier is not specified");
        let id = body.number("message_id")?.ok_or_else(unnamed)?;
        let chat = self.at(None, body.chat()?)?;
        self.is_in(chat)?;
        if let Some(to) = self.state.chats[chat].migrated_to {
            return Err(Refused::migrated(to));
        }
        let spot = self.spot(chat, id, "message to delete not found")?;
        let (now, is_group) = (self.now(), self.state.chats[chat].is_group());
        let message = &mut self.state.chats[spot.0].messages[spot.1];
        if is_group && !message.by_bot {
            return Err(Refused::bad("message can't be deleted"));
        }
        if now - message.at > 2 * DAY_MS {
            return Err(Refused::bad("message can't be deleted for everyone"));
        }
        message.deleted = true;
        Ok(json!(true))
    }

    /// `deleteBusinessMessages`: messages of one chat, which needs a right of its own. Telegram's words without that
    /// right are not documented.
    fn delete_business(&mut self, body: &Body) -> Result<Value, Refused> {
        let id = body.text("business_connection_id")?.unwrap_or_default();
        let can_delete = self.connection(&id)?.can_delete_sent;
        let ids = body.list("message_ids", Value::as_i64)?.unwrap_or_default();
        if !(1..=DELETED).contains(&ids.len()) {
            return Err(Refused::bad("message identifiers are not specified, or are too many"));
        }
        let of = |chat: &super::state::BotChat| chat.connection.as_deref() == Some(&id);
        let chats: Vec<usize> = (0..self.state.chats.len()).filter(|at| of(&self.state.chats[*at])).collect();
        let missing = "message to delete not found";
        let in_chat = |chat: usize| ids.iter().map(|id| self.spot(chat, *id, missing)).collect();
        let spots: Option<Vec<Spot>> = chats.into_iter().find_map(|chat| {
            let spots: Result<Vec<Spot>, Refused> = in_chat(chat);
            spots.ok()
        });
        let spots = spots.ok_or_else(|| Refused::bad(missing))?;
        for (chat, place) in &spots {
            let message = &self.state.chats[*chat].messages[*place];
            if !(message.by_bot && can_delete) {
                return Err(Refused::bad("not enough rights to delete the message"));
            }
        }
        for (chat, place) in spots {
            self.state.chats[chat].messages[place].deleted = true;
        }
        Ok(json!(true))
    }
}
