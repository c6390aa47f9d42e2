//! Entries of `statuses[]` and `channelsUpdates[]` (Wazzup API v3, Webhooks, "Updating outgoing message statuses" and
//! "Updating channel statuses").

use super::words::{self, Status};
use super::{NAME, wire};
use crate::base::clock::Timestamp;
use crate::base::ids::{ChannelId, MessageId, hex_digest};
use crate::model::connection::ChannelOwner;
use crate::model::event::{ChannelStateEvent, Event, StatusEvent};
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

/// Parses a status.
pub(super) fn status(owner: &ChannelOwner, place: &str, raw: &RawValue, accepted_at: Timestamp) -> Item {
    match wire::strict(place, raw).and_then(|entry| delivery(owner, place, entry, accepted_at)) {
        Ok(Some(event)) => {
            Item::Event { event: Event::Status(event), digest: hex_digest(raw.get().as_bytes()) }
        }
        Ok(None) => Item::Ignored("edited_status"),
        Err(why) => Item::Poison { why, raw: raw.get().to_owned(), event: None },
    }
}

/// The status; `None` for `edited`, which says that a text changed but not the new text.
fn delivery(
    owner: &ChannelOwner,
    place: &str,
    entry: StatusEntry,
    accepted_at: Timestamp,
) -> Result<Option<StatusEvent>, String> {
    let word = filled(entry.status).ok_or_else(|| format!("{place}.status: missing"))?;
    let status = match words::status(&word) {
        Some(Status::Delivery(status)) => status,
        Some(Status::Edited) => return Ok(None),
        Some(Status::Inbound) | None => return Err(format!("{place}.status: unknown word")),
    };
    let id = filled(entry.message_id).ok_or_else(|| format!("{place}.messageId: missing"))?;
    Ok(Some(StatusEvent {
        connection: owner.connection.clone(),
        message_id: MessageId::new(id),
        status,
        error: entry.error.map(Failure::into_error).filter(|_| status == DeliveryStatus::Failed),
        at: When::or_accepted(entry.timestamp, accepted_at),
    }))
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
