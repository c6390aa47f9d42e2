//! The universal CRM: one that plugs into Wazzup v3 by API key, and thereby into us.

mod client;
mod creations;
mod hooks;
mod notices;
pub mod settings;

pub use client::Client;

use crate::model::crm::Capabilities;

/// Few enough workers that a slow CRM leaves the other accounts' alone. It names a responsible by loading its contacts; its
/// contract has no call that changes a contact, or that asks for employees.
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
