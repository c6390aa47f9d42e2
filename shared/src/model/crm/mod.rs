//! A CRM as the domain knows it: what it holds of a contact, and how far it is up to date.

pub mod connection;
pub mod entities;
pub mod progress;

pub use connection::CrmConnection;

use serde::{Deserialize, Serialize};
use url::Url;

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
    /// Whether it can name a client's responsible, so that a channel may leave that to it.
    pub assigns: bool,
    /// Whether deals have pipeline stages.
    pub stages: bool,
    /// Whether it has groups of employees, one of which a channel may belong to.
    pub groups: bool,
    /// Whether it is told how far a delivery has come.
    pub statuses: bool,
    /// Whether it is told of edits.
    pub edits: bool,
    /// Whether it is told of deletions.
    pub deletions: bool,
    /// Whether it is told of reactions as such; else they are texts.
    pub reactions: bool,
    /// Whether it is told that a chat is finished.
    pub finished: bool,
    /// Whether it can be asked for its employees and pipelines; else it brings them itself.
    pub refreshes: bool,
    /// Whether we may change contacts that are there already.
    pub writes_contacts: bool,
}

impl Capabilities {
    /// Nothing at all.
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

/// Whether a link of the CRM's may be shown to be followed: `http` or `https`, and nothing that a browser would carry out.
pub fn is_web_link(text: &str) -> bool {
    text.parse::<Url>().is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}
