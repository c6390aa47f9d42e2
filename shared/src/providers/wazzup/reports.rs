//! Entries of `statuses[]` and `channelsUpdates[]`, and `templateStatus` (Wazzup API v3, Webhooks, "Updating outgoing
//! message statuses", "Updating channel statuses", "WABA template moderation").

use super::words::{self, Status};
use super::{NAME, wire};
use crate::base::clock::Timestamp;
use crate::base::ids::{ChannelId, MessageId, hex_digest};
use crate::model::connection::ChannelOwner;
use crate::model::event::{
    ChannelStateEvent, EditedEvent, Event, StatusEvent, TemplateState, TemplateStateEvent,
};
use crate::model::message::kind::{DeliveryError, DeliveryStatus};
use crate::model::messenger::ChannelRef;
use crate::providers::inbound::Item;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use wire::{Id, When, filled};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StatusEntry {
    message_id: Option<Id>,
    status: Option<String>,
    timestamp: Option<When>,
    error: Option<Failure>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ChannelEntry {
    channel_id: Option<Id>,
    state: Option<String>,
    timestamp: Option<When>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TemplateEntry {
    template_guid: Option<Id>,
    name: Option<Id>,
    status: Option<String>,
}

/// The most that is kept of a template's id and name.
const MAX_NAME: usize = 600;

/// Parses a status.
pub(super) fn status(owner: &ChannelOwner, place: &str, raw: &RawValue, accepted_at: Timestamp) -> Item {
    match wire::strict(place, raw).and_then(|entry| delivery(owner, place, entry, accepted_at)) {
        Ok(event) => Item::Event { event, digest: hex_digest(raw.get().as_bytes()) },
        Err(why) => Item::Poison { why, raw: raw.get().to_owned(), event: None },
    }
}

/// The status; `edited` says that a text changed, but not the new text.
fn delivery(
    owner: &ChannelOwner,
    place: &str,
    entry: StatusEntry,
    accepted_at: Timestamp,
) -> Result<Event, String> {
    let word = filled(entry.status).ok_or_else(|| format!("{place}.status: missing"))?;
    let status = match words::status(&word) {
        Some(Status::Delivery(status)) => Some(status),
        Some(Status::Edited) => None,
        Some(Status::Inbound) | None => return Err(format!("{place}.status: unknown word")),
    };
    let id = filled(entry.message_id).ok_or_else(|| format!("{place}.messageId: missing"))?;
    let (connection, message_id) = (owner.connection.clone(), MessageId::new(id));
    let at = When::or_accepted(entry.timestamp, accepted_at);
    Ok(match status {
        Some(status) => {
            let error = entry.error.map(Failure::into_error).filter(|_| status == DeliveryStatus::Failed);
            Event::Status(StatusEvent { connection, message_id, status, error, at })
        }
        None => Event::Edited(EditedEvent { connection, message_id, at }),
    })
}

/// Parses a template's state.
pub(super) fn template(owner: &ChannelOwner, place: &str, raw: &RawValue, _: Timestamp) -> Item {
    match wire::strict(place, raw).and_then(|entry| template_state(owner, place, entry)) {
        Ok(event) => {
            Item::Event { event: Event::TemplateState(event), digest: hex_digest(raw.get().as_bytes()) }
        }
        Err(why) => Item::Poison { why, raw: raw.get().to_owned(), event: None },
    }
}

fn template_state(
    owner: &ChannelOwner,
    place: &str,
    entry: TemplateEntry,
) -> Result<TemplateStateEvent, String> {
    let short = |text: Option<Id>| filled(text).map(|text| text.chars().take(MAX_NAME).collect::<String>());
    let id = short(entry.template_guid).ok_or_else(|| format!("{place}.templateGuid: missing"))?;
    let status = filled(entry.status).ok_or_else(|| format!("{place}.status: missing"))?;
    let template = TemplateState { id, name: short(entry.name), status: wire::word(&status) };
    Ok(TemplateStateEvent { connection: owner.connection.clone(), template })
}

/// Parses a channel's state.
pub(super) fn channel(owner: &ChannelOwner, place: &str, raw: &RawValue, accepted_at: Timestamp) -> Item {
    match wire::strict(place, raw).and_then(|entry| channel_state(owner, place, entry, accepted_at)) {
        Ok(event) => {
            Item::Event { event: Event::ChannelState(event), digest: hex_digest(raw.get().as_bytes()) }
        }
        Err(why) => Item::Poison { why, raw: raw.get().to_owned(), event: None },
    }
}

fn channel_state(
    owner: &ChannelOwner,
    place: &str,
    entry: ChannelEntry,
    accepted_at: Timestamp,
) -> Result<ChannelStateEvent, String> {
    let external =
        filled(entry.channel_id).ok_or_else(|| format!("{place}.channelId: missing"))?.trim().to_owned();
    let state = filled(entry.state).ok_or_else(|| format!("{place}.state: missing"))?;
    Ok(ChannelStateEvent {
        connection: owner.connection.clone(),
        channel: ChannelRef {
            id: ChannelId::derive(&owner.account, NAME, &external),
            provider: NAME.into(),
            external,
        },
        state: words::channel_state(&state),
        raw_state: wire::word(&state),
        at: When::or_accepted(entry.timestamp, accepted_at),
    })
}

/// `error` of a message or a status: `{"error":"BAD_CONTACT","description":"…"}`, or the code alone.
#[derive(Default)]
pub(super) struct Failure {
    code: Option<String>,
    description: Option<String>,
}

impl Failure {
    /// As our error; without a code it is Wazzup's own `UNKNOWN_ERROR`.
    pub fn into_error(self) -> DeliveryError {
        DeliveryError {
            code: self.code.unwrap_or_else(|| "UNKNOWN_ERROR".into()),
            description: self.description,
        }
    }
}

impl<'de> Deserialize<'de> for Failure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Detail {
            error: Option<Id>,
            description: Option<Id>,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Failure;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a code")
            }
            fn visit_str<E>(self, code: &str) -> Result<Failure, E> {
                Ok(Failure { code: filled(Some(code)), description: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Failure, A::Error> {
                let detail = Detail::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Failure { code: filled(detail.error), description: filled(detail.description) })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
