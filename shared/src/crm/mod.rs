//! CRMs: what each kind can do, the connection to one, and how its answers are sorted. One file per kind beside this.

pub mod pace;
pub mod universal;
mod universal_hooks;
pub mod wording;

use crate::clock::Timestamp;
use crate::http::{Answer, SendError};
use crate::ids::AccountId;
use crate::secrets::Sealed;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which CRM an account works with (A2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrmKind {
    /// None: only our own chats.
    #[default]
    None,
    /// A CRM that is a client of the Wazzup-v3-compatible API and takes its webhooks.
    Universal,
}

/// What a kind of CRM can do; the settings API refuses what does not apply (A3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Workers of one account at a time: 1 where the CRM's rate limit is per account.
    pub workers: u32,
    /// Whether deals have pipeline stages.
    pub stages: bool,
    /// Whether we may change contacts that are there already.
    pub writes_contacts: bool,
}

impl CrmKind {
    /// What this kind can do.
    pub fn capabilities(self) -> Capabilities {
        match self {
            Self::None => Capabilities { workers: 1, stages: false, writes_contacts: false },
            // Few enough that a slow CRM leaves the other accounts' workers alone. Its contract has no call that changes a
            // contact.
            Self::Universal => Capabilities { workers: 4, stages: true, writes_contacts: false },
        }
    }
}

/// How a CRM connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrmState {
    /// Works, or has not been tried.
    #[default]
    Active,
    /// The CRM refused our key: chats wait until it is set again.
    Unauthorized,
}

/// An account's connection to its CRM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrmConnection {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Which kind.
    pub kind: CrmKind,
    /// Where the CRM takes our webhooks.
    pub webhook_url: String,
    /// What we authorize with there, encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_key: Option<Sealed>,
    /// How it is.
    #[serde(default)]
    pub state: CrmState,
    /// Failures in a row over all chats: see [`pace`].
    #[serde(default)]
    pub failures: u32,
    /// Nobody calls the CRM before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// What it last said against us, without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was set.
    pub created_at: Timestamp,
}

impl CrmConnection {
    /// Tells one CRM from another by where it takes webhooks: records made in one are unknown to the next.
    pub fn fingerprint(&self) -> String {
        crate::ids::hex_digest(self.webhook_url.as_bytes()).chars().take(16).collect()
    }
}

/// Why a call did not do what it should, sorted by what has to follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrmError {
    /// Not carried out; may be tried again.
    #[error("not now: {why}")]
    Later {
        /// The CRM's own wish.
        after: Option<Duration>,
        /// Why, without personal data.
        why: String,
    },
    /// Nobody knows whether it was carried out; may be tried again where that is safe.
    #[error("outcome unknown: {why}")]
    Unknown {
        /// Why, without personal data.
        why: String,
    },
    /// Another worker is creating the contact; nothing is wrong with the CRM.
    #[error("another worker creates the contact")]
    Busy {
        /// When its claim ends at the latest.
        after: Duration,
    },
    /// Will never be carried out.
    #[error("refused: {why}")]
    Never {
        /// Why, without personal data.
        why: String,
    },
    /// The CRM does not take our key.
    #[error("unauthorized")]
    Unauthorized,
}

impl From<SendError> for CrmError {
    fn from(error: SendError) -> Self {
        let why = error.to_string();
        match error {
            SendError::NotSent | SendError::NotAllowed(_) => Self::Later { after: None, why },
            SendError::OutcomeUnknown => Self::Unknown { why },
        }
    }
}

/// Sorts an answer by its status. 2xx is the caller's to read.
///
/// # Errors
/// The [`CrmError`] that the status means: 401 stops the connection; 403, 404, 408, 425, 429 and 3xx are retried (a
/// firewall that dislikes one text, or a CRM that moved or is being deployed, answers so); a 5xx leaves the outcome unknown; any other 4xx is final.
pub fn sort(answer: Answer) -> Result<Answer, CrmError> {
    let why = format!("HTTP {}", answer.status);
    match answer.status {
        200..=299 => Ok(answer),
        401 => Err(CrmError::Unauthorized),
        403 | 404 | 408 | 425 | 429 | 100..=199 | 300..=399 => {
            Err(CrmError::Later { after: answer.retry_after, why })
        }
        503 if answer.retry_after.is_some() => Err(CrmError::Later { after: answer.retry_after, why }),
        400..=499 => Err(CrmError::Never { why }),
        _ => Err(CrmError::Unknown { why }),
    }
}
