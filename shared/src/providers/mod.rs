//! Messaging providers: one folder each, and this registry.

pub mod wazzup;

use crate::base::clock::Timestamp;
use crate::base::ids::{ChatId, IdSalt};
use crate::model::channel::Channel;
use crate::model::connection::WebhookToken;
use crate::model::event::{Event, Messenger};
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
    /// What carries it (`whatsapp`, `tgapi` …).
    pub transport: String,
    /// Our word for its state.
    pub state: crate::model::channel::ChannelState,
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

/// Our id of the chat that the channel's provider knows by `id`, as his webhooks will name it.
pub fn chat_id(salt: &IdSalt, channel: &Channel, messenger: &Messenger, group: bool, id: &str) -> ChatId {
    // Every provider's chats are named alike; what a post's comments add, webhooks alone know.
    ChatId::derive(salt, &channel.channel, &wazzup::chat_form(messenger, group, id))
}

/// The messenger that a channel carries, by its provider and the provider's word for its transport. `None` where the
/// transport is not told yet, or the provider is not known here.
pub fn messenger_of(provider: &str, transport: Option<&str>) -> Option<Messenger> {
    match provider {
        wazzup::NAME => transport.and_then(wazzup::messenger_of),
        _ => None,
    }
}
