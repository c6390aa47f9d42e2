//! Messaging providers: one folder each, and the registry.
//!
//! There are three look-ups, because few callers need all of a provider: [`provider`] gives its constants, [`inbound`]
//! parses its webhooks and links no HTTP client, [`client`] calls it.

pub mod base_urls;
pub mod client;
pub mod inbound;
pub mod provider;

#[cfg(test)]
mod contract;

use crate::model::channel::Channel;
use crate::model::credential::Credential;
use crate::model::failure_texts::own_reason;
use crate::model::limits::Limits;
use crate::model::messenger::Messenger;
use crate::model::outbound::call::FailureReason;
use client::Client;
use inbound::Inbound;
use provider::Provider;
use secrecy::SecretString;

/// The registry: each name is a folder here, the word in `/webhooks/{provider}/{token}`, and the word in rows. A folder
/// whose constants are `None` is not built yet, and is not offered.
macro_rules! providers {
    ($($name:ident),+ $(,)?) => {
        $(pub mod $name;)+

        /// Every name in the registry, in alphabetical order.
        pub const WORDS: &[&str] = &[$(stringify!($name)),+];

        /// The constants of a provider.
        pub fn provider(name: &str) -> Option<&'static dyn Provider> {
            match name {
                $(stringify!($name) => $name::PROVIDER,)+
                _ => None,
            }
        }

        /// The parser of a provider's webhooks.
        pub fn inbound(name: &str) -> Option<&'static dyn Inbound> {
            match name {
                $(stringify!($name) => $name::INBOUND,)+
                _ => None,
            }
        }

        /// The client of a provider.
        pub fn client(name: &str) -> Option<&'static dyn Client> {
            match name {
                $(stringify!($name) => $name::CLIENT,)+
                _ => None,
            }
        }
    };
}

providers! { autoru, avito, max, meta, telegram, viber, vk, wazzup, whatsapp_cloud }

/// The providers that are built, in alphabetical order.
pub fn built() -> impl Iterator<Item = &'static dyn Provider> {
    WORDS.iter().filter_map(|name| provider(name))
}

/// Parses a connection's decrypted credential.
pub fn credential(name: &str, sealed: &SecretString) -> Credential {
    let first = provider(name).and_then(|provider| provider.credential_fields().first());
    Credential::from_text(sealed, first.map_or("", |field| field.name))
}

/// The limits of a channel (E5), from its provider's table; for an unknown provider, the limits that every messenger
/// meets.
pub fn limits(channel: &Channel, messenger: &Messenger) -> &'static Limits {
    provider(&channel.provider).map_or(&Limits::PLAIN_TEXT, |provider| provider.limits(channel, messenger))
}

/// Our reason for an error's code: that of our own code, otherwise that of the provider's.
pub fn failure_reason(name: &str, code: &str) -> FailureReason {
    let told = || provider(name).map_or(FailureReason::Other, |provider| provider.failure_reason(code));
    own_reason(code).unwrap_or_else(told)
}
