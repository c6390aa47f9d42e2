//! The universal CRM: one that plugs into Wazzup v3 by API key, and thereby into us.

pub mod client;
mod creations;
mod hooks;
pub mod notices;
