//! The universal CRM: one that plugs into Wazzup v3 by API key, and thereby into us.

mod answers;
mod client;
mod creations;
mod hooks;
mod notices;
pub mod settings;

pub use client::Client;

use crate::model::crm::Capabilities;

/// There are few workers, so that a slow CRM does not block other accounts. The CRM sets a responsible by loading its
/// contacts; its contract has no call that changes a contact or lists employees.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    workers: 4,
    assigns: true,
    stages: true,
    statuses: true,
    edits: true,
    deletions: true,
    finished: true,
    ..Capabilities::NONE
};
