//! Updates that are no messages at Telegram: a button that was pressed, a reaction, a deletion, a bot that is blocked or put out, a
//! business account that connects.

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
/// What stands for a reaction that is no emoji of its own.
const CUSTOM: &str = "❔";
/// What stands for a reaction that was paid for: its picture in Telegram.
const PAID: &str = "⭐";

/// The object of an update and its place; what is without is counted or put aside.
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

/// `deleted_business_messages` (Bot API, BusinessMessagesDeleted). Who wrote them it does not say; rows that are there know.
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

/// `business_connection` (Bot API, BusinessConnection): how the channel of a business account is. Its `date` is that of the
/// connection, whatever changed since, so the report is as of now.
pub(super) fn connection(batch: &mut Batch<'_>, value: &Value) {
    let faults = Faults::default();
    let Some(told) = Node::of(value, "business_connection", &faults) else {
        return batch.poison(&faults, None);
    };
    let Some(id) = connection_id(&told, "id") else {
        told.fault("id", "missing");
        return batch.poison(&faults, None);
    };
    // Before version 9.0 the right stood in the connection itself.
    let can_reply =
        told.object("rights").is_some_and(|rights| rights.flag("can_reply")) || told.flag("can_reply");
    let (state, raw_state) = match (told.flag("is_enabled"), can_reply) {
        (false, _) => (ChannelState::Disabled, "disabled"),
        (true, false) => (ChannelState::NeedsAttention, "cannot_reply"),
        (true, true) => (ChannelState::Active, "enabled"),
    };
    if faults.first().is_some() {
        // A state that is half read is none.
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

/// `callback_query` (Bot API, CallbackQuery): a button below a message of the bot's. When it was pressed is not told.
pub(super) fn callback(batch: &mut Batch<'_>, value: &Value) {
    let faults = Faults::default();
    let name = "callback_query";
    let Some(query) = Node::of(value, name, &faults) else { return batch.poison(&faults, None) };
    // Below a message that was sent by inline mode: its chat is not told.
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

/// What stands on the button that sends this.
fn title(message: &Node<'_>, data: &str) -> Option<String> {
    let rows = message.object("reply_markup")?.value("inline_keyboard")?.as_array()?;
    let mut buttons = rows.iter().filter_map(Value::as_array).flatten();
    let button = buttons.find(|button| button.get("callback_data").and_then(Value::as_str) == Some(data))?;
    button.get("text").and_then(Value::as_str).map(str::to_owned)
}

/// What is told of a thing that could not be read whole.
fn stands_for(event: MessageEvent, faults: &Faults, word: &str) -> MessageEvent {
    match faults.first() {
        None => event,
        Some(_) => MessageEvent { kind: Kind::Unsupported, raw_kind: Some(word.to_owned()), ..event },
    }
}

/// `message_reaction` (Bot API, MessageReactionUpdated): what a person thinks of a message by now.
pub(super) fn reaction(batch: &mut Batch<'_>, value: &Value) {
    let faults = Faults::default();
    let name = "message_reaction";
    let Some((told, place)) = placed(batch, value, name, &faults, false) else { return };
    let before: Vec<Value> = told.objects("old_reaction").iter().filter_map(kind_of).collect();
    let after: Vec<Value> = told.objects("new_reaction").iter().filter_map(kind_of).collect();
    // Several may stand at once: the one that was added counts, else the last that is left.
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
    // What stands for a reaction is none that is said: it would open the chat.
    let event = match faults.first() {
        None => event,
        Some(_) => {
            MessageEvent { kind: Kind::System, raw_kind: Some(name.to_owned()), details: None, ..event }
        }
    };
    batch.take(&faults, event);
}

/// A reaction without what is not compared.
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

/// Who reacted: a person, or a chat in whose name a person stays anonymous.
fn actor(told: &Node<'_>) -> Option<Author> {
    if let Some(user) = told.object("user") {
        return voice(&user);
    }
    let chat = told.object("actor_chat")?;
    let author =
        Author { name: chat.name("title"), id: None, user: chat.number("id").map(|id| id.to_string()) };
    Some(author).filter(|author| *author != Author::default())
}

/// `my_chat_member` (Bot API, ChatMemberUpdated): a person blocked the bot or let it in again, a group put it out or took it in.
/// A notice says so in the chat: employees see why nothing arrives. Other rights of the bot's are of no interest.
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
