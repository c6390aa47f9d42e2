//! The domain's view of a CRM: its kind and capabilities, its records of contacts, and how far it is up to date.

pub mod connection;
pub mod entities;
pub mod failure;
pub mod progress;
pub mod retrying;

pub use connection::CrmConnection;

use serde::{Deserialize, Serialize};
use url::Url;

/// Which kind of CRM an account uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CrmKind {
    /// None: the account has only Switchboard's chats.
    #[default]
    None,
    /// A CRM that is a client of the Wazzup-v3-compatible API and accepts its webhooks.
    Universal,
}

/// What a kind of CRM can do; the settings API refuses settings that do not apply (A3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// How many workers may serve one account at a time: 1 where the CRM's rate limit is per account.
    pub workers: u32,
    /// Whether it can name a client's responsible, so that a channel may leave assignment to it.
    pub assigns: bool,
    /// Whether deals have pipeline stages.
    pub stages: bool,
    /// Whether it has groups of employees, one of which a channel may belong to.
    pub groups: bool,
    /// Whether delivery statuses are reported to it.
    pub statuses: bool,
    /// Whether edits are reported to it.
    pub edits: bool,
    /// Whether deletions are reported to it.
    pub deletions: bool,
    /// Whether reactions are reported to it as such; otherwise they are reported as texts.
    pub reactions: bool,
    /// Whether the finish of a chat is reported to it.
    pub finished: bool,
    /// Whether we can load employees and pipelines from it; otherwise it loads them to us itself.
    pub refreshes: bool,
    /// Whether we may change contacts that exist there already.
    pub writes_contacts: bool,
}

impl Capabilities {
    /// No capabilities at all.
    pub const NONE: Self = Self {
        workers: 1,
        assigns: false,
        stages: false,
        groups: false,
        statuses: false,
        edits: false,
        deletions: false,
        reactions: false,
        finished: false,
        refreshes: false,
        writes_contacts: false,
    };
}

/// The state of a CRM connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CrmState {
    /// It works, or has not been tried.
    #[default]
    Active,
    /// The CRM refused our key: chats wait until the key is replaced.
    Unauthorized,
}

/// Whether a link from the CRM may be shown as a link: `http` or `https`, and nothing that a browser would execute.
pub fn is_web_link(text: &str) -> bool {
    text.parse::<Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
