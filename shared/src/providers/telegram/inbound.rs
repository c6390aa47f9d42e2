//! Telegram's updates (Bot API, Update), one per request; and a sample update in Telegram's form for test messages.

use super::message::{self, Kept};
use super::node::Faults;
use super::{place, secret, updates};
use crate::base::clock::Timestamp;
use crate::base::ids::hex_digest;
use crate::model::connection::ChannelOwner;
use crate::model::event::{Event, MessageEvent, Revision};
use crate::providers::inbound::{
    Forged, Inbound, Item, Owners, Parsed, Reply, Sample, SampleRequest, WebhookRequest,
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

/// Kinds of updates that this version ignores and does not ask for. All unknown kinds are counted as one.
const IGNORED: &[&str] = &[
    "channel_post",
    "edited_channel_post",
    "guest_message",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
    "subscription",
];

/// Reads Telegram's updates.
#[derive(Debug)]
pub(super) struct TelegramInbound;

impl Inbound for TelegramInbound {
    /// Verifies that the header has the secret that we registered. Without a secret no update is accepted.
    fn verify(&self, request: &WebhookRequest<'_>, secret: Option<&SecretString>) -> Result<(), Forged> {
        match secret {
            Some(secret) if secret::is_shown(request.headers, secret) => Ok(()),
            _ => Err(Forged),
        }
    }

    fn parse(&self, request: &WebhookRequest<'_>, owners: &Owners, accepted_at: Timestamp) -> Parsed {
        let Owners::One(owner) = owners else {
            return Parsed::Unreadable("an address of Telegram's is one bot's".into());
        };
        // A webhook that others registered does not say which bot it is for. The connection's id serves instead.
        let bot = secret::bot(request.headers).unwrap_or(owner.connection.as_str());
        parse(owner, bot, request.body, accepted_at)
    }

    /// The answer to a pressed button acknowledges it, so that the button shows no progress bar any more: a bot may call
    /// one method by its answer to a webhook (Bot API, "Making requests when getting updates"; CallbackQuery).
    fn accepted(&self, request: &WebhookRequest<'_>) -> Reply {
        match callback_of(request.body) {
            Some(id) => {
                let call = json!({ "method": "answerCallbackQuery", "callback_query_id": id });
                Reply::json(200, call.to_string())
            }
            None => Reply::ok(),
        }
    }

    fn sample(&self, sample: &Sample<'_>) -> Option<SampleRequest> {
        let external = sample.channel.external.as_str();
        let connection = place::connection_of(external);
        let from: i64 = sample.from.parse().ok()?;
        let seconds = sample.at.seconds();
        let mut message = json!({
            // Telegram's ids are numbers. This text becomes the message's id unchanged, so that the test can find the
            // message.
            "message_id": sample.message_id,
            "from": { "id": from, "is_bot": false, "first_name": sample.name },
            "chat": { "id": from, "first_name": sample.name, "type": "private" },
            "date": seconds,
            "text": sample.text,
        });
        if let Some(connection) = connection {
            message["business_connection_id"] = json!(connection);
        }
        let member = if connection.is_some() { "business_message" } else { "message" };
        let body = json!({ "update_id": seconds, member: message }).to_string().into_bytes();
        let bot = Some(external).filter(|external| secret::is_bot(external));
        let headers = vec![(secret::HEADER, secret::shown(bot, sample.secret?))];
        Some(SampleRequest { headers, body })
    }
}

/// The id of the callback query that an update is.
fn callback_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Update {
        callback_query: Query,
    }
    #[derive(Deserialize)]
    struct Query {
        id: String,
    }
    serde_json::from_slice::<Update>(body).ok().map(|update| update.callback_query.id)
}

/// Reads an update. It holds one event; in a body with several, each is read by itself. Bytes that are not UTF-8 become
/// U+FFFD.
pub(super) fn parse(owner: &ChannelOwner, bot: &str, body: &[u8], accepted_at: Timestamp) -> Parsed {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}');
    let Ok(Value::Object(update)) = serde_json::from_str(text) else {
        return Parsed::Unreadable("no JSON object".into());
    };
    let number = update.get("update_id").and_then(Value::as_i64);
    let digest = hex_digest(body);
    let happening = number.map_or_else(|| digest.clone(), |number| number.to_string());
    let mut batch = Batch { owner, bot, raw: text, digest, happening, accepted_at, items: Vec::new() };
    for (name, value) in update.iter().filter(|(name, value)| *name != "update_id" && !value.is_null()) {
        batch.read(name, value, number.is_some());
    }
    match batch.items {
        items if items.is_empty() => Parsed::Unreadable("no known member".into()),
        items => Parsed::Items(items),
    }
}

/// The items read from an update so far.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    /// The owner of the bot's channels.
    pub owner: &'a ChannelOwner,
    /// The bot's id: the `external` of its own channel.
    pub bot: &'a str,
    /// The body.
    raw: &'a str,
    /// SHA-256 of the body: Telegram repeats an update byte for byte.
    pub digest: String,
    /// The update's id, which makes the ids of its events unique.
    pub happening: String,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    items: Vec<Item>,
}

impl Batch<'_> {
    /// Reads a member of the update.
    fn read(&mut self, name: &str, value: &Value, is_update: bool) {
        let kept = |name, business, revision| Kept { name, business, revision };
        match name {
            "message" => message::read(self, kept("message", false, Revision::New), value),
            "edited_message" => message::read(self, kept("edited_message", false, Revision::Edited), value),
            "business_message" => message::read(self, kept("business_message", true, Revision::New), value),
            "edited_business_message" => {
                message::read(self, kept("edited_business_message", true, Revision::Edited), value);
            }
            "deleted_business_messages" => updates::deleted(self, value),
            "business_connection" => updates::connection(self, value),
            "callback_query" => updates::callback(self, value),
            "message_reaction" => updates::reaction(self, value),
            "my_chat_member" => updates::membership(self, value),
            name => match IGNORED.iter().find(|known| **known == name) {
                Some(known) => self.ignored(known),
                None if is_update => self.ignored("unknown_update"),
                None => {}
            },
        }
    }

    /// Adds an event. The queue deduplicates by digest, so only the first event has the body's own digest.
    pub fn event(&mut self, event: Event) {
        let digest = match self.items.len() {
            0 => self.digest.clone(),
            number => hex_digest(format!("{}#{number}", self.digest).as_bytes()),
        };
        self.items.push(Item::Event { event, digest });
    }

    /// Adds a message, or a placeholder for one that could not be read whole.
    pub fn take(&mut self, faults: &Faults, message: MessageEvent) {
        let event = Event::Message(Box::new(message));
        match faults.first() {
            None => self.event(event),
            Some(_) => self.poison(faults, Some(event)),
        }
    }

    /// Adds poison, and the event that is stored in its place.
    pub fn poison(&mut self, faults: &Faults, event: Option<Event>) {
        let why = faults.first().unwrap_or_else(|| "unreadable".into());
        self.items.push(Item::Poison { why, raw: self.raw.to_owned(), event: event.map(Box::new) });
    }

    /// Counts an update that is ignored.
    pub fn ignored(&mut self, what: &'static str) {
        self.items.push(Item::Ignored(what));
    }
}
