//! What a provider posts to us, and how it is read. No HTTP client and no async: `webhook-ingest` starts fast and links little.

use crate::base::clock::Timestamp;
use crate::base::ids::ConnectionId;
use crate::model::channel::Channel;
use crate::model::connection::ChannelOwner;
use crate::model::event::Event;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use std::collections::HashMap;

/// A request to a webhook's address, whole: signatures go over the raw bytes.
#[derive(Clone, Copy, Debug)]
pub struct WebhookRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The parameters behind `?`, decoded.
    pub query: &'a HashMap<String, String>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body as it came.
    pub body: &'a [u8],
}

/// Reads the webhooks of one provider. It reads bytes and decides nothing.
pub trait Inbound: Sync {
    /// Whether the provider sent this: a signature over the raw body, a secret header, a secret in the body. The token in the
    /// URL was checked before, for every provider. `secret` is what was agreed on when the webhook was registered; a provider that
    /// agrees on one refuses a request where it is missing.
    ///
    /// # Errors
    /// [`Forged`]: the answer is 401, and nothing is kept.
    fn verify(&self, _request: &WebhookRequest<'_>, _secret: Option<&SecretString>) -> Result<(), Forged> {
        Ok(())
    }

    /// The external channels that the body names, where one address serves several accounts (a Meta app). Else none.
    fn channels_named(&self, _request: &WebhookRequest<'_>) -> Vec<String> {
        Vec::new()
    }

    /// What the request holds.
    fn parse(&self, request: &WebhookRequest<'_>, owners: &Owners, accepted_at: Timestamp) -> Parsed;

    /// The answer once everything is durable. It is also the answer to what can never be read.
    fn accepted(&self) -> Reply {
        Reply::json(200, r#"{"status":"ok"}"#)
    }

    /// The methods that the address takes besides POST, for handshakes.
    fn takes_get(&self) -> bool {
        false
    }

    /// The request that the provider would make if a client wrote `text` to the channel: set-up's test message. `None`: none is
    /// offered.
    fn sample(&self, _sample: &Sample<'_>) -> Option<SampleRequest> {
        None
    }
}

/// What a test message is made of.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The channel that it comes by.
    pub channel: &'a Channel,
    /// The provider's id of the client.
    pub from: &'a str,
    /// The client's name, for people.
    pub name: &'a str,
    /// The provider's id of the message.
    pub message_id: &'a str,
    /// The text.
    pub text: &'a str,
    /// When it is written.
    pub at: Timestamp,
    /// What the provider has to show with every request, where that was agreed on.
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

/// The owners of the channels that a webhook speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owners {
    /// The address is one connection's: all channels are its.
    One(ChannelOwner),
    /// The address serves several accounts: the owners by the provider's ids of the channels. One that is not here has no owner.
    ByChannel(HashMap<String, ChannelOwner>),
}

impl Owners {
    /// Whose the channel with this id at the provider is.
    pub fn of(&self, external: &str) -> Option<&ChannelOwner> {
        match self {
            Self::One(owner) => Some(owner),
            Self::ByChannel(owners) => owners.get(external),
        }
    }

    /// Whose this connection is.
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
    /// A JSON body.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "application/json", body: body.into() }
    }

    /// A plain text: VK wants the two letters `ok`, Meta its challenge.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: body.into() }
    }
}

/// What a request holds.
#[derive(Debug)]
pub enum Parsed {
    /// A probe or a handshake: this answer, and nothing is stored.
    Reply(Reply),
    /// Events, and what could not be read.
    Items(Vec<Item>),
    /// No such body can ever be read. The reason names the place, never the content.
    Unreadable(String),
}

/// One entry of a webhook's body.
#[derive(Debug)]
pub enum Item {
    /// Read.
    Event {
        /// What happened.
        event: Event,
        /// SHA-256 of the raw entry (hex): the queue's deduplication id.
        digest: String,
    },
    /// Not read: the raw entry goes to the quarantine. Where at least its chat is known, `event` is a message of kind
    /// `unsupported` that stands for it in the chat.
    Poison {
        /// What is wrong, by field path, without content.
        why: String,
        /// The raw entry.
        raw: String,
        /// What stands for it in the chat, if anything can.
        event: Option<Box<Event>>,
    },
    /// Known, and of no interest to this version: counted under this name.
    Ignored(&'static str),
}
