//! The interface for parsing a provider's webhooks. No HTTP client and no async, so that `webhook-ingest` starts fast
//! and links little.

use crate::base::clock::Timestamp;
use crate::base::ids::ConnectionId;
use crate::model::channel::Channel;
use crate::model::connection::ChannelOwner;
use crate::model::event::Event;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use std::collections::HashMap;

/// A whole request to a webhook's address: signatures cover the raw bytes.
#[derive(Clone, Copy, Debug)]
pub struct WebhookRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The query parameters, decoded.
    pub query: &'a HashMap<String, String>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body as it came.
    pub body: &'a [u8],
}

/// Parses the webhooks of one provider. It parses bytes and decides nothing.
pub trait Inbound: Sync {
    /// Checks that the provider sent the request: by a signature over the raw body, a secret header, or a secret in the
    /// body. The token in the URL was checked before, for every provider. `secret` is the secret with which the webhook
    /// was registered; a provider that supports one refuses a request without it.
    ///
    /// # Errors
    /// [`Forged`]: the answer is 401, and nothing is kept.
    fn verify(&self, _request: &WebhookRequest<'_>, _secret: Option<&SecretString>) -> Result<(), Forged> {
        Ok(())
    }

    /// The external channels that the body names, if one address serves several accounts (a Meta app); otherwise empty.
    fn channels_named(&self, _request: &WebhookRequest<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Parses the request.
    fn parse(&self, request: &WebhookRequest<'_>, owners: &Owners, accepted_at: Timestamp) -> Parsed;

    /// The answer once everything of the request is durable, and the answer to an unreadable body.
    fn accepted(&self, _request: &WebhookRequest<'_>) -> Reply {
        Reply::ok()
    }

    /// Whether the address accepts GET besides POST, for handshakes.
    fn takes_get(&self) -> bool {
        false
    }

    /// The request that the provider would make if a client wrote `text` to the channel: the test message of the
    /// set-up. `None` if the provider offers no test message.
    fn sample(&self, _sample: &Sample<'_>) -> Option<SampleRequest> {
        None
    }
}

/// The data of a test message.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The channel that receives it.
    pub channel: &'a Channel,
    /// The provider's id of the client.
    pub from: &'a str,
    /// The client's name, for people.
    pub name: &'a str,
    /// The provider's id of the message.
    pub message_id: &'a str,
    /// The text.
    pub text: &'a str,
    /// When it was written.
    pub at: Timestamp,
    /// The secret that the provider sends with every request, if it supports one.
    pub secret: Option<&'a SecretString>,
}

/// A request as the provider would make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRequest {
    /// Headers besides `Content-Type`, with their values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The request does not come from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request is not signed as the provider signs")]
pub struct Forged;

/// The owners of the channels that a webhook names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owners {
    /// The address belongs to one connection, which owns all channels.
    One(ChannelOwner),
    /// The address serves several accounts: the owners by the provider's ids of the channels. A channel that is missing
    /// here has no owner.
    ByChannel(HashMap<String, ChannelOwner>),
}

impl Owners {
    /// The owner of the channel with this id at the provider.
    pub fn of(&self, external: &str) -> Option<&ChannelOwner> {
        match self {
            Self::One(owner) => Some(owner),
            Self::ByChannel(owners) => owners.get(external),
        }
    }

    /// The owner of this connection.
    pub fn of_connection(&self, connection: &ConnectionId) -> Option<&ChannelOwner> {
        match self {
            Self::One(owner) => Some(owner),
            Self::ByChannel(owners) => owners.values().find(|owner| owner.connection == *connection),
        }
    }
}

/// An answer to a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The answer to a webhook where the provider expects nothing but the status.
    pub fn ok() -> Self {
        Self::json(200, r#"{"status":"ok"}"#)
    }

    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "application/json", body: body.into() }
    }

    /// A plain-text answer: VK expects the two letters `ok`, Meta its challenge.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.into() }
    }
}

/// The result of parsing a request.
#[derive(Debug)]
pub enum Parsed {
    /// A probe or a handshake: send this answer, and store nothing.
    Reply(Reply),
    /// Events, and unreadable entries.
    Items(Vec<Item>),
    /// The body can never be read. The reason names the place, never the content.
    Unreadable(String),
}

/// One entry of a webhook's body.
#[derive(Debug)]
pub enum Item {
    /// A parsed entry.
    Event {
        /// The event.
        event: Event,
        /// SHA-256 of the raw entry (hex): the queue's deduplication id.
        digest: String,
    },
    /// An unreadable entry: it goes raw to the quarantine. If at least its chat is known, `event` is a message of kind
    /// `unsupported` that replaces it in the chat.
    Poison {
        /// The fault, by field path, without content.
        why: String,
        /// The raw entry.
        raw: String,
        /// The message that replaces it in the chat, if there can be one.
        event: Option<Box<Event>>,
    },
    /// Known, and not used by this version: counted under this name.
    Ignored(&'static str),
}
