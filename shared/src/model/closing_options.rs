//! What an account or a channel says of how its chats end.

use crate::model::chat::state::ChatStatus;
use serde::{Deserialize, Serialize};

/// How chats end, as an account or a channel says; what it leaves open is said by the next one: channel, account, default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingOptions {
    /// Silence in seconds after which a chat finishes (F1). Default 600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_after_s: Option<u32>,
    /// Whether a client who waits for an answer keeps the chat open, so that only the client's silence counts (F2). Default no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_waits: Option<bool>,
    /// What is said of how far the conversation has come when it finishes by silence (F3). Default: nothing new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_status: Option<ChatStatus>,
    /// What a client's message after the end makes of the chat (F5). Default: it reopens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopening: Option<Reopening>,
    /// What is written to the client when the chat finishes by silence; an empty one is none. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub farewell: Option<String>,
}

impl ClosingOptions {
    /// Whether nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a client's message after the end makes of the chat (F5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reopening {
    /// It is live again, the same case as before.
    #[default]
    Reopen,
    /// It is live again, as a new case: nothing is said of it yet.
    NewCase,
    /// It stands among the cases, without being live: it is answered when there is time for it, and finished by hand.
    CaseOnly,
}
