//! Telegram's Bot API: reads its updates into events, and sends by a bot, in the bot's own chats or in the name of a
//! business account that connected the bot.
//!
//! The protocol is documented at <https://core.telegram.org/bots/api>; "Bot API" below cites its sections. One bot is
//! one connection. It has a channel of its own (`external` is the bot's id), and one for each business account that
//! connected it ([`place::Place`]). Updates carry a secret in a header but do not name their bot, so the secret that is
//! registered begins with the bot's id ([`secret`]).

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

/// The provider's name in our webhook URLs and channel ids, and the prefix of a file's id.
const NAME: &str = "telegram";

/// The description of Telegram: fields, limits, rates.
pub const PROVIDER: Option<&'static dyn Provider> = Some(&Telegram);
/// Reads Telegram's webhooks.
pub const INBOUND: Option<&'static dyn Inbound> = Some(&TelegramInbound);
/// Calls Telegram.
pub const CLIENT: Option<&'static dyn Client> = Some(&Telegram);
