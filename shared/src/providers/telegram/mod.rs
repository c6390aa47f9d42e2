//! Telegram's Bot API: its updates read into events, and what goes out by a bot, in its own chats or in the name of a business
//! account that connected it.
//!
//! The protocol is told on <https://core.telegram.org/bots/api>; "Bot API" below cites its sections. One bot is one connection.
//! It has a channel of its own (`external` is the bot's id), and one for each business account that connected it
//! ([`place::Place`]). Updates carry a secret in a header; what they do not carry is the bot that they are for, so the secret
//! that is registered begins with its id ([`secret`]).

mod api;
mod client;
mod content;
mod failures;
mod files;
mod inbound;
mod limits;
mod members;
mod message;
mod node;
mod place;
mod rich;
mod secret;
mod send;
mod updates;

#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod content_tests;
#[cfg(test)]
mod expected;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod send_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use super::client::Client;
use super::inbound::Inbound;
use super::provider::Provider;
use client::Telegram;
use inbound::TelegramInbound;

/// The provider's name in our webhook URLs, in channel ids, and before the id of a file.
const NAME: &str = "telegram";

/// What is known of it.
pub const PROVIDER: Option<&'static dyn Provider> = Some(&Telegram);
/// Reads its webhooks.
pub const INBOUND: Option<&'static dyn Inbound> = Some(&TelegramInbound);
/// Calls it.
pub const CLIENT: Option<&'static dyn Client> = Some(&Telegram);
