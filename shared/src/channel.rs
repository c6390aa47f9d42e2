//! Channels and their settings.

use crate::clock::Timestamp;
use crate::event::ChannelRef;
use crate::ids::{AccountId, ChannelId, ConnectionId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Chats finish after this much silence, in seconds, unless the channel says otherwise (F1).
pub const DEFAULT_CLOSE_AFTER_S: u32 = 600;
/// Shortest window that a channel may set: 10 s.
pub const MIN_CLOSE_AFTER_S: u32 = 10;
/// Longest window that a channel may set: 30 days.
pub const MAX_CLOSE_AFTER_S: u32 = 30 * 24 * 3600;

/// How a channel is, in our words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelState {
    /// Works.
    #[default]
    Active,
    /// Being connected.
    Pending,
    /// Wants a person: scan a code, pay, charge the phone. The raw state says what.
    NeedsAttention,
    /// The credential or the session died.
    Unauthorized,
    /// Switched off or refused by the provider.
    Disabled,
}

/// How a new client gets his responsible (B3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Strictly in turn, at the client's first message.
    #[default]
    RoundRobin,
}

/// The pipeline stage at which the channel's deals begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealStage {
    /// The CRM's pipeline id.
    pub pipeline_id: String,
    /// The CRM's stage id in it.
    pub stage_id: String,
}

/// One number, profile or bot, with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose it is.
    pub account: AccountId,
    /// Its id, derived.
    pub channel: ChannelId,
    /// The connection that carries it.
    pub connection: ConnectionId,
    /// The provider's name, as in the webhook URL.
    pub provider: String,
    /// The provider's id of it.
    pub external: String,
    /// Its name, for people.
    pub name: String,
    /// The provider's word for what carries it (`whatsapp`, `tgapi` …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// How it is.
    #[serde(default)]
    pub state: ChannelState,
    /// The provider's own word for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_state: Option<String>,
    /// When the provider reported the state: an older report does not overwrite it.
    #[serde(default)]
    pub state_at: Timestamp,
    /// How new clients are given out.
    #[serde(default)]
    pub distribution: Distribution,
    /// Silence in seconds after which a chat finishes.
    pub close_after_s: u32,
    /// No chats are made of what comes on it (B6): everything is dropped and counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
    /// Whether messages written outside, on the phone or in the provider's application, are left out (C6).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_echoes: bool,
    /// What stands before such a message in the CRM; none is our text for its origin, an empty one nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo_mark: Option<String>,
    /// Whether the channel's name stands before the texts of clients and of echoes in the CRM (C7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub name_in_crm: bool,
    /// Where deals begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_stage: Option<DealStage>,
    /// When it was first seen.
    pub created_at: Timestamp,
}

impl Channel {
    /// A channel with default settings, as it is when first listed or first heard of.
    pub fn new(account: &AccountId, connection: &ConnectionId, channel: &ChannelRef, now: Timestamp) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            channel: channel.id.clone(),
            connection: connection.clone(),
            provider: channel.provider.clone(),
            external: channel.external.clone(),
            name: channel.external.clone(),
            transport: None,
            state: ChannelState::Active,
            raw_state: None,
            state_at: Timestamp::default(),
            distribution: Distribution::RoundRobin,
            close_after_s: DEFAULT_CLOSE_AFTER_S,
            ignored: false,
            skip_echoes: false,
            echo_mark: None,
            name_in_crm: false,
            deal_stage: None,
            created_at: now,
        }
    }

    /// The silence after which a chat of this channel finishes.
    pub fn close_after(&self) -> Duration {
        Duration::from_secs(u64::from(self.close_after_s.clamp(MIN_CLOSE_AFTER_S, MAX_CLOSE_AFTER_S)))
    }
}
