//! Messaging providers: one folder each, and this registry.

pub mod wazzup;

use crate::base::clock::Timestamp;
use crate::model::channel::Channel;
use crate::model::connection::WebhookToken;
use crate::model::event::Event;
use crate::model::limits::Limits;
use crate::model::messenger::Messenger;
use crate::platform::http::SendError;

/// What a webhook's body holds.
#[derive(Debug)]
pub enum Parsed {
    /// The provider only tries whether the address answers: 200 at once, nothing is stored.
    Probe,
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

/// A channel as the provider lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedChannel {
    /// The provider's id.
    pub external: String,
    /// Its name or number, for people.
    pub name: String,
    /// The number, profile or bot itself, where it is told.
    pub plain_id: Option<String>,
    /// The messenger that it carries; none where the provider's word cannot be one's name.
    pub messenger: Option<Messenger>,
    /// What carries it, in the provider's word (`whatsapp`, `tgapi` …).
    pub transport: String,
    /// Our word for its state.
    pub state: crate::model::messenger::ChannelState,
    /// The provider's word for it.
    pub raw_state: String,
}

/// Why a provider did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The credential is refused.
    #[error("the provider refused the credential")]
    Unauthorized,
    /// Refused for good, in the provider's words (shortened).
    #[error("the provider refused: {0}")]
    Refused(String),
    /// Not now.
    #[error("the provider is not available: {0}")]
    Unavailable(String),
}

impl From<SendError> for ProviderError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotAllowed(_) => Self::Refused(error.to_string()),
            SendError::NotSent | SendError::OutcomeUnknown => Self::Unavailable(error.to_string()),
        }
    }
}

/// Reads a webhook of `provider` (the URL's path part): bytes → all entries of the batch. `None` for a provider that is
/// not known here.
pub fn parse(token: &WebhookToken, body: &[u8], accepted_at: Timestamp) -> Option<Parsed> {
    match token.provider.as_str() {
        wazzup::NAME => Some(wazzup::parse(token, body, accepted_at)),
        _ => None,
    }
}

/// What a channel takes (E5): its provider's table, by what carries the channel; by the chat's messenger where that is not told.
pub fn limits(channel: &Channel, messenger: &Messenger) -> &'static Limits {
    wazzup::limits::limits_of(channel.transport.as_deref(), messenger)
}
