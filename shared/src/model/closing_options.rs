//! Settings of an account or a channel for how its chats are finished.

use crate::model::chat::state::ChatStatus;
use serde::{Deserialize, Serialize};

/// How chats are finished, as an account or a channel sets it. An unset option is taken from the next level: channel,
/// account, default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingOptions {
    /// Silence in seconds after which a chat is finished (F1). Default 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_after_s: Option<u32>,
    /// Whether a client who waits for an answer keeps the chat open, so that only the client's silence counts (F2).
    /// Default no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_waits: Option<bool>,
    /// The status that the chat gets when it is finished by silence (F3). Default: the status does not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_status: Option<ChatStatus>,
    /// What a client's message does to a finished chat (F5). Default: it reopens the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopening: Option<Reopening>,
    /// The text that the client is sent when the chat is finished by silence; an empty one is none. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub farewell: Option<String>,
}

impl ClosingOptions {
    /// Whether no option is set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a client's message does to a finished chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reopening {
    /// The chat is live again, as the same case.
    #[default]
    Reopen,
    /// The chat is live again, as a new case without a status.
    NewCase,
    /// The chat is listed among the cases without being live: an employee answers it when they have time, and finishes
    /// it manually.
    CaseOnly,
}
