//! Wazzup24 API v3: its webhooks parsed into events, the calls that connect an account, and sending.
//!
//! The protocol is documented on Wazzup's own pages, cited below by their titles: "Wazzup API v3, Webhooks", "… Working
//! with channels", "… Sending messages", "… Common errors". Webhooks are not signed; the URL's token is the only proof
//! of the sender.

mod advert;
mod api;
mod cards;
mod client;
mod details;
mod failures;
mod inbound;
pub mod limits;
mod loose;
mod message;
mod reports;
mod send;
mod templates;
mod wire;
mod words;

#[cfg(test)]
mod content_tests;
#[cfg(test)]
mod expected;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

/// The provider's name in our webhook URLs and in channel ids.
const NAME: &str = "wazzup";

use super::client::Client;
use super::inbound::Inbound;
use super::provider::Provider;
use client::Wazzup;
use inbound::WazzupInbound;

/// Its constants.
pub const PROVIDER: Option<&'static dyn Provider> = Some(&Wazzup);
/// Parses its webhooks.
pub const INBOUND: Option<&'static dyn Inbound> = Some(&WazzupInbound);
/// Its client.
pub const CLIENT: Option<&'static dyn Client> = Some(&Wazzup);
