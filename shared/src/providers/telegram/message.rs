//! A message (Bot API, Message): new or edited, by a client, by a group's member, or by a business account's owner.

use super::content::{self, Content, own_phone, person};
use super::inbound::Batch;
use super::node::{Faults, Node};
use super::place::{MessageKey, NoPlace, Place, connection};
use crate::base::clock::Timestamp;
use crate::base::ids::MessageId;
use crate::model::event::{Author, ChatAlias, ContactHint, MessageEvent, Origin, Revision, Side};
use crate::model::message::content::Quote;
use crate::model::message::kind::{DeliveryStatus, Kind};
use crate::model::messenger::Messenger;
use serde_json::Value;

/// Longest message id that is accepted as a text.
const MAX_OWN_ID: usize = 100;
/// The last second that is accepted as a message's time: jiff's calendar, and so ours, ends there.
const LAST_SECOND: i64 = 253_402_207_200;

/// The member of an update that holds a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// The member's name.
    pub name: &'static str,
    /// Whether the message is a business account's.
    pub business: bool,
    /// New or edited.
    pub revision: Revision,
}

/// Reads a message. Without its chat it is only poison; with the chat, a placeholder message is stored there even where
/// the rest is unreadable.
pub(super) fn read(batch: &mut Batch<'_>, kept: Kept, value: &Value) {
    let faults = Faults::default();
    let Some(message) = Node::of(value, kept.name, &faults) else { return batch.poison(&faults, None) };
    let place = match place(batch, &message, kept.business) {
        Ok(place) => place,
        Err(NoPlace::Broadcast) => return batch.ignored("channel_post"),
        Err(NoPlace::Unknown) => {
            message.fault("chat", "missing");
            return batch.poison(&faults, None);
        }
    };
    let mut event = event(batch, &place, &message, kept.revision);
    if faults.first().is_some() {
        event.kind = Kind::Unsupported;
        event.raw_kind = content::word(&message);
    }
    batch.take(&faults, event);
}

/// The place of an object that names its `chat`, and its business connection if it belongs to a business account.
pub(super) fn place<'a>(batch: &Batch<'a>, named: &Node<'a>, business: bool) -> Result<Place<'a>, NoPlace> {
    let chat = named.object("chat").ok_or(NoPlace::Unknown)?;
    let connection = business.then(|| connection(named, "business_connection_id"));
    if connection == Some(None) {
        named.fault("business_connection_id", "missing");
        return Err(NoPlace::Unknown);
    }
    let connection = connection.flatten();
    Place::of(batch.owner, batch.bot, connection, &chat)
}

fn event(batch: &Batch<'_>, place: &Place<'_>, message: &Node<'_>, revision: Revision) -> MessageEvent {
    let content = content::read(message);
    let (side, origin) = written_by(place, message);
    let edited = (revision == Revision::Edited).then(|| moment(message, "edit_date")).flatten();
    let mut contact = hint(place, message);
    if side == Side::Client && !place.group {
        contact.phone = own_phone(message);
        contact.phone_verified = contact.phone.is_some();
    }
    let Content { kind, raw_kind, text, media, details, extra } = content;
    MessageEvent {
        aliases: aliases(place, message),
        origin,
        author: author(place, message, side),
        kind,
        raw_kind,
        text,
        media,
        details,
        quote: quote(place, message),
        album: message.name("media_group_id"),
        extra: (!extra.is_empty()).then_some(Value::Object(extra)),
        revision,
        status: (side == Side::Company).then_some(DeliveryStatus::Sent),
        contact,
        ..bare(batch, place, id(batch, place, message), side, edited.or_else(|| moment(message, "date")))
    }
}

/// A message of which only the place and the id are known.
pub(super) fn bare(
    batch: &Batch<'_>,
    place: &Place<'_>,
    message_id: MessageId,
    side: Side,
    at: Option<Timestamp>,
) -> MessageEvent {
    MessageEvent {
        connection: batch.owner.connection.clone(),
        channel: place.channel.clone(),
        chat: place.chat(),
        provider_chat_id: place.id.to_string(),
        aliases: Vec::new(),
        messenger: Messenger::Telegram,
        group: place.group,
        message_id,
        side,
        origin: None,
        // Telegram does not carry our ids.
        own_id: None,
        author: None,
        contact: ContactHint::default(),
        kind: Kind::Unsupported,
        raw_kind: None,
        text: None,
        media: None,
        details: None,
        quote: None,
        album: None,
        listing: None,
        extra: None,
        sent_at: at.unwrap_or(batch.accepted_at),
        revision: Revision::New,
        old_text: None,
        status: None,
        error: None,
        quarantined: None,
    }
}

/// A time in seconds since the epoch. Telegram sends zero where it does not know the time.
pub(super) fn moment(node: &Node<'_>, name: &str) -> Option<Timestamp> {
    let seconds = node.number(name).filter(|seconds| (1..=LAST_SECOND).contains(seconds))?;
    Some(Timestamp::from_millis(seconds * 1000))
}

/// A message's id. Telegram's are numbers; a text is the id of a test message, which we send ourselves
/// ([`super::inbound`]).
fn id(batch: &Batch<'_>, place: &Place<'_>, message: &Node<'_>) -> MessageId {
    if let Some(Value::String(own)) = message.value("message_id")
        && (1..=MAX_OWN_ID).contains(&own.len())
    {
        return MessageId::new(own.clone());
    }
    match message.number("message_id") {
        Some(number) => place.message(number),
        None => {
            message.fault("message_id", "missing");
            MessageId::new(format!("raw:{}", batch.digest))
        }
    }
}

/// The side that wrote. To a bot only clients write; in a business account's chats its owner writes too, on the phone:
/// a private chat has the client's id, so what another person wrote there is the company's. The account's away,
/// greeting and scheduled messages (`is_from_offline`) were not written by a person just now: like messages of our
/// rules they count neither as activity nor as an answer.
fn written_by(place: &Place<'_>, message: &Node<'_>) -> (Side, Option<Origin>) {
    let sender = message.object("from").and_then(|from| from.number("id"));
    let is_client = place.connection.is_none() || place.group || sender.is_none_or(|id| id == place.id);
    if message.has("sender_business_bot") {
        return (Side::Company, Some(Origin::Bot));
    }
    match (is_client, message.flag("is_from_offline")) {
        (true, _) => (Side::Client, None),
        (false, true) => (Side::Company, Some(Origin::Rule)),
        (false, false) => (Side::Company, Some(Origin::Phone)),
    }
}

/// What an update says about the client. A person is described by their chat, which names them also where the company
/// writes. A group has its title.
pub(super) fn hint(place: &Place<'_>, named: &Node<'_>) -> ContactHint {
    let Some(chat) = named.object("chat") else { return ContactHint::default() };
    if place.group {
        return ContactHint { name: chat.name("title"), ..ContactHint::default() };
    }
    ContactHint { name: person(&chat), username: chat.name("username"), ..ContactHint::default() }
}

/// The author of a message in a group or by the company. A member who writes in a group's or a channel's name is shown
/// under that name.
fn author(place: &Place<'_>, message: &Node<'_>, side: Side) -> Option<Author> {
    if side == Side::Client && !place.group {
        return None;
    }
    if let Some(chat) = message.object("sender_chat").filter(|_| place.group) {
        let author =
            Author { name: chat.name("title"), id: None, user: chat.number("id").map(|id| id.to_string()) };
        return Some(author).filter(|author| *author != Author::default());
    }
    let by_bot = message.object("sender_business_bot");
    voice(&by_bot.or_else(|| message.object("from"))?)
}

/// A person as an author.
pub(super) fn voice(user: &Node<'_>) -> Option<Author> {
    let author = Author { name: person(user), id: None, user: user.number("id").map(|id| id.to_string()) };
    (author != Author::default()).then_some(author)
}

/// The ids of a group before and after it becomes a supergroup.
fn aliases(place: &Place<'_>, message: &Node<'_>) -> Vec<ChatAlias> {
    let told =
        ["migrate_to_chat_id", "migrate_from_chat_id"].into_iter().filter_map(|name| message.number(name));
    told.filter(|id| place.group && *id != place.id).map(|id| place.alias(id)).collect()
}

/// The message that this one answers. `quote` is the cited part of it. In a topic of a forum every message answers the
/// one that opened the topic, which means nothing, so that is ignored.
fn quote(place: &Place<'_>, message: &Node<'_>) -> Option<Quote> {
    let cited = message.object("quote").and_then(|quote| quote.text("text").map(str::to_owned));
    let answered = message.object("reply_to_message").filter(|answered| !answered.has("forum_topic_created"));
    let whole = |answered: &Node<'_>| {
        let said = answered.text("text").or_else(|| answered.text("caption"));
        said.map(str::to_owned)
    };
    let id = answered.as_ref().and_then(|answered| {
        let chat = answered.object("chat").and_then(|chat| chat.number("id")).unwrap_or(place.id);
        let message = answered.number("message_id")?;
        Some(MessageKey { connection: place.connection, chat, message }.id())
    });
    let text = cited.or_else(|| answered.as_ref().and_then(whole)).filter(|text| !text.is_empty());
    (id.is_some() || text.is_some()).then_some(Quote { message: id, text, raw: None })
}
