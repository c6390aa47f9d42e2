//! Updates that are no messages at Telegram: a pressed button, a reaction, a deletion, a bot that is blocked or
//! removed, a business account that connects.

use super::inbound::Batch;
use super::message::{bare, hint, moment, place, voice};
use super::node::{Faults, Node};
use super::place::{NoPlace, Place, business_channel, connection as connection_id};
use crate::model::event::{Author, ChannelStateEvent, Event, MessageEvent, Revision, Side};
use crate::model::message::content::{Button, Details, Quote, Reaction};
use crate::model::message::kind::Kind;
use crate::model::messenger::ChannelState;
use serde_json::Value;

/// Most messages that one update deletes: Telegram takes 100 in a call.
const MAX_DELETED: usize = 1000;
/// Longest id of a pressed button's query, in bytes.
const MAX_QUERY: usize = 100;
/// The emoji shown for a reaction with a custom emoji.
const CUSTOM: &str = "❔";
/// The emoji shown for a paid reaction, as in Telegram.
const PAID: &str = "⭐";

/// The object of an update and its place; an update without either is counted or stored as poison.
fn placed<'a: 'b, 'b>(
    batch: &mut Batch<'a>,
    value: &'b Value,
    name: &'static str,
    faults: &'b Faults,
    business: bool,
) -> Option<(Node<'b>, Place<'b>)> {
    let Some(node) = Node::of(value, name, faults) else {
        batch.poison(faults, None);
        return None;
    };
    match place(batch, &node, business) {
        Ok(place) => return Some((node, place)),
        Err(NoPlace::Broadcast) => batch.ignored("channel_post"),
        Err(NoPlace::Unknown) => {
            node.fault("chat", "missing");
            batch.poison(faults, None);
        }
    }
    None
}

/// `deleted_business_messages` (Bot API, BusinessMessagesDeleted). It does not say who wrote the messages; their stored
/// rows do.
pub(super) fn deleted(batch: &mut Batch<'_>, value: &Value) {
    let faults = Faults::default();
    let found = placed(batch, value, "deleted_business_messages", &faults, true);
    let Some((deleted, place)) = found else { return };
    let mut ids = deleted.numbers("message_ids");
    ids.truncate(MAX_DELETED);
    if ids.is_empty() {
        deleted.fault("message_ids", "missing");
    }
    let contact = hint(&place, &deleted);
    if faults.first().is_some() {
        batch.poison(&faults, None);
    }
    for id in ids {
        let event = bare(batch, &place, place.message(id), Side::Client, None);
        let event = MessageEvent { contact: contact.clone(), revision: Revision::Deleted, ..event };
        batch.event(Event::Message(Box::new(event)));
    }
}

/// `business_connection` (Bot API, BusinessConnection): the state of a business account's channel. Its `date` is that
/// of the connection, whatever changed since, so the event has the time of acceptance.
pub(super) fn connection(batch: &mut Batch<'_>, value: &Value) {
    let faults = Faults::default();
    let Some(told) = Node::of(value, "business_connection", &faults) else {
        return batch.poison(&faults, None);
    };
    let Some(id) = connection_id(&told, "id") else {
        told.fault("id", "missing");
        return batch.poison(&faults, None);
    };
    // Before version 9.0 the right was a member of the connection itself.
    let can_reply =
        told.object("rights").is_some_and(|rights| rights.flag("can_reply")) || told.flag("can_reply");
    let (state, raw_state) = match (told.flag("is_enabled"), can_reply) {
        (false, _) => (ChannelState::Disabled, "disabled"),
        (true, false) => (ChannelState::NeedsAttention, "cannot_reply"),
        (true, true) => (ChannelState::Active, "enabled"),
    };
    if faults.first().is_some() {
        // A state that could be read only in part is not used.
        return batch.poison(&faults, None);
    }
    let event = ChannelStateEvent {
        connection: batch.owner.connection.clone(),
        channel: business_channel(batch.owner, id),
        state,
        raw_state: raw_state.into(),
        at: batch.accepted_at,
    };
    batch.event(Event::ChannelState(event));
}

/// `callback_query` (Bot API, CallbackQuery): a pressed button below a message of the bot's. It does not say when the
/// button was pressed.
pub(super) fn callback(batch: &mut Batch<'_>, value: &Value) {
    let faults = Faults::default();
    let name = "callback_query";
    let Some(query) = Node::of(value, name, &faults) else { return batch.poison(&faults, None) };
    // The message was sent by inline mode, so the update does not name its chat.
    let Some(below) = query.value("message") else { return batch.ignored("inline_callback") };
    let is_business = below.get("business_connection_id").is_some_and(|id| !id.is_null());
    let Some((message, place)) = placed(batch, below, "callback_query.message", &faults, is_business) else {
        return;
    };
    let pressed = query.text("data").or_else(|| query.text("game_short_name"));
    let title = pressed.map(|data| title(&message, data).unwrap_or_else(|| data.to_owned()));
    let user = query.object("from");
    let answer = Button { title: title.clone().unwrap_or_default(), payload: pressed.map(str::to_owned) };
    let quoted = message.number("message_id").map(|id| place.message(id));
    let mut contact = hint(&place, &message);
    if let Some(user) = user.as_ref().filter(|_| !place.group) {
        contact.username = user.name("username").or(contact.username);
    }
    let query_id = query.text("id").filter(|id| (1..=MAX_QUERY).contains(&id.len()));
    if query_id.is_none() {
        query.fault("id", "missing");
    }
    let id = place.happening("callback", query_id.unwrap_or(&batch.happening));
    let event = MessageEvent {
        contact,
        author: user.as_ref().filter(|_| place.group).and_then(voice),
        kind: Kind::Interactive,
        text: title.filter(|title| !title.is_empty()),
        details: Some(Details::Answer(answer)),
        quote: quoted.map(|message| Quote { message: Some(message), text: None, raw: None }),
        ..bare(batch, &place, id, Side::Client, None)
    };
    batch.take(&faults, stands_for(event, &faults, name));
}

/// The title of the button that sends this data.
fn title(message: &Node<'_>, data: &str) -> Option<String> {
    let rows = message.object("reply_markup")?.value("inline_keyboard")?.as_array()?;
    let mut buttons = rows.iter().filter_map(Value::as_array).flatten();
    let button = buttons.find(|button| button.get("callback_data").and_then(Value::as_str) == Some(data))?;
    button.get("text").and_then(Value::as_str).map(str::to_owned)
}

/// The message that is stored for an update that could be read only in part.
fn stands_for(event: MessageEvent, faults: &Faults, word: &str) -> MessageEvent {
    match faults.first() {
        None => event,
        Some(_) => MessageEvent { kind: Kind::Unsupported, raw_kind: Some(word.to_owned()), ..event },
    }
}

/// `message_reaction` (Bot API, MessageReactionUpdated): a person's current reactions to a message.
pub(super) fn reaction(batch: &mut Batch<'_>, value: &Value) {
    let faults = Faults::default();
    let name = "message_reaction";
    let Some((told, place)) = placed(batch, value, name, &faults, false) else { return };
    let before: Vec<Value> = told.objects("old_reaction").iter().filter_map(kind_of).collect();
    let after: Vec<Value> = told.objects("new_reaction").iter().filter_map(kind_of).collect();
    // A person may have several reactions: the added one counts, or else the last that remains.
    let counts = after.iter().rev().find(|one| !before.contains(one)).or(after.last());
    let to = told.number("message_id");
    if to.is_none() {
        told.fault("message_id", "missing");
    }
    let details = to.map(|to| Reaction { to: place.message(to), emoji: counts.map(emoji) });
    let raw_kind =
        counts.and_then(|one| one.get("type")?.as_str()).filter(|word| *word != "emoji").map(str::to_owned);
    let id = place.happening("reaction", &batch.happening);
    let event = MessageEvent {
        contact: hint(&place, &told),
        author: place.group.then(|| actor(&told)).flatten(),
        kind: Kind::Reaction,
        raw_kind,
        details: details.map(Details::Reaction),
        ..bare(batch, &place, id, Side::Client, moment(&told, "date"))
    };
    // A placeholder must not be a reaction, because a reaction would open the chat.
    let event = match faults.first() {
        None => event,
        Some(_) => {
            MessageEvent { kind: Kind::System, raw_kind: Some(name.to_owned()), details: None, ..event }
        }
    };
    batch.take(&faults, event);
}

/// The members of a reaction that are compared.
fn kind_of(reaction: &Node<'_>) -> Option<Value> {
    let kind = reaction.text("type").filter(|kind| kind.len() <= 32)?;
    Some(
        serde_json::json!({ "type": kind, "emoji": reaction.name("emoji"), "custom": reaction.name("custom_emoji_id") }),
    )
}

fn emoji(reaction: &Value) -> String {
    match reaction.get("type").and_then(Value::as_str) {
        Some("emoji") => reaction.get("emoji").and_then(Value::as_str).unwrap_or(CUSTOM).to_owned(),
        Some("paid") => PAID.to_owned(),
        _ => CUSTOM.to_owned(),
    }
}

/// The person who reacted, or the chat in whose name an anonymous person reacted.
fn actor(told: &Node<'_>) -> Option<Author> {
    if let Some(user) = told.object("user") {
        return voice(&user);
    }
    let chat = told.object("actor_chat")?;
    let author =
        Author { name: chat.name("title"), id: None, user: chat.number("id").map(|id| id.to_string()) };
    Some(author).filter(|author| *author != Author::default())
}

/// `my_chat_member` (Bot API, ChatMemberUpdated): a person blocked or unblocked the bot, or a group removed or added
/// it. A notice says so in the chat, so that employees see why nothing arrives. Other rights of the bot are ignored.
pub(super) fn membership(batch: &mut Batch<'_>, value: &Value) {
    let faults = Faults::default();
    let name = "my_chat_member";
    let Some((told, place)) = placed(batch, value, name, &faults, false) else { return };
    let status = |member: &str| told.object(member).and_then(|member| member.text("status"));
    let (before, after) = (status("old_chat_member").map(is_in), status("new_chat_member").map(is_in));
    if after.is_none() {
        told.fault("new_chat_member", "missing");
    }
    let word = match (place.group, before, after) {
        (_, Some(before), Some(after)) if before == after => return batch.ignored("my_chat_member"),
        (false, _, Some(true)) => "bot_unblocked",
        (false, _, Some(false)) => "bot_blocked",
        (true, _, Some(true)) => "bot_added",
        (true, _, Some(false)) => "bot_removed",
        (_, _, None) => name,
    };
    let id = place.happening("member", &batch.happening);
    let event = MessageEvent {
        contact: hint(&place, &told),
        author: told.object("from").filter(|_| place.group).as_ref().and_then(voice),
        kind: Kind::System,
        raw_kind: Some(word.to_owned()),
        ..bare(batch, &place, id, Side::Client, moment(&told, "date"))
    };
    batch.take(&faults, event);
}

/// Whether a member of this status is in the chat.
fn is_in(status: &str) -> bool {
    !matches!(status, "left" | "kicked")
}
