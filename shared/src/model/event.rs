//! The normalised event: what every provider's webhook becomes, and what travels through the queues.
//!
//! An event is its own snapshot: whoever handles it needs nothing from the provider any more. The envelope carries a
//! version; a reader that meets a newer one leaves it in the queue for the next deployment.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, ConnectionId, MessageId};
use crate::model::message::content::{Comment, Details, Post, Quote};
use crate::model::message::kind::{DeliveryError, DeliveryStatus, Kind};
use crate::model::message::listing::Listing;
use crate::model::message::media::Media;
use crate::model::messenger::{ChannelRef, Messenger};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version this code writes, and the newest it reads.
pub const EVENT_VERSION: u16 = 2;

/// What stands in an inbound queue: one accepted event of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Version of the event's shape.
    pub v: u16,
    /// Whose event it is.
    pub account: AccountId,
    /// When it was accepted (the answer 200 follows).
    pub accepted_at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// Why an envelope could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Written by a newer deployment: to be read again later, never dropped.
    #[error("event version {0} is newer than this code's {EVENT_VERSION}")]
    Newer(u16),
    /// Not an envelope at all. The place of the fault is named, its content is not.
    #[error("no event: {0}")]
    Malformed(String),
}

impl Envelope {
    /// An envelope of the present version.
    pub fn new(account: AccountId, accepted_at: Timestamp, event: Event) -> Self {
        Self { v: EVENT_VERSION, account, accepted_at, event }
    }

    /// Reads a queue's message body.
    ///
    /// # Errors
    /// As [`read`].
    pub fn parse(body: &str) -> Result<Self, EnvelopeError> {
        read(body)
    }

    /// The FIFO message group that keeps this event in its order: the chat (an id that is a hash), else the channel.
    pub fn group(&self) -> &str {
        match &self.event {
            Event::Message(message) => message.chat.as_str(),
            Event::Check { chat } => chat.as_str(),
            Event::Status(status) => status.connection.as_str(),
            Event::ChannelState(state) => state.channel.id.as_str(),
        }
    }
}

/// Reads what travels through our queues, an event or a nudge: its version first.
///
/// # Errors
/// [`EnvelopeError::Newer`] is to be retried, [`EnvelopeError::Malformed`] never succeeds.
pub fn read<T: DeserializeOwned>(body: &str) -> Result<T, EnvelopeError> {
    #[derive(Deserialize)]
    struct Version {
        v: u16,
    }
    let malformed = |error: serde_json::Error| {
        // The error's text may quote the content; line and column do not.
        EnvelopeError::Malformed(format!("{:?} at {}:{}", error.classify(), error.line(), error.column()))
    };
    let version: Version = serde_json::from_str(body).map_err(malformed)?;
    if version.v > EVENT_VERSION {
        return Err(EnvelopeError::Newer(version.v));
    }
    serde_json::from_str(body).map_err(malformed)
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// A message came, or was edited or deleted.
    Message(Box<MessageEvent>),
    /// A delivery went on. Travels on the statuses queue.
    Status(StatusEvent),
    /// The provider says how a channel is.
    ChannelState(ChannelStateEvent),
    /// "Look at this chat": posted behind every accepted message of it when the chat is due.
    Check {
        /// The chat to look at.
        chat: ChatId,
    },
}

/// Who wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The client.
    Client,
    /// The company: an employee, a bot, the phone.
    Company,
}

/// Whether a message is new or changes one that was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Revision {
    #[default]
    New,
    Edited,
    Deleted,
}

/// Where a company's message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The provider's own application.
    ProviderApp,
    /// The phone.
    Phone,
    /// The phone or the provider's application: the provider does not say.
    Outside,
    /// The CRM.
    Crm,
    /// Our chat window.
    Window,
    /// Our API, by an employee.
    Api,
    /// A bot of the account's.
    Bot,
    /// A rule of ours.
    Rule,
    /// Our farewell, as the chat finished.
    Farewell,
    /// A notice of ours to the employees, as of a send that failed (E2): it never goes to the client.
    Notice,
}

impl Origin {
    /// Whether it did not come through us: an echo of what was written elsewhere (C6).
    pub fn is_echo(self) -> bool {
        matches!(self, Self::ProviderApp | Self::Phone | Self::Outside)
    }

    /// Whether nobody wrote it: such a message is no activity, and pulls no rule's trigger.
    pub fn is_automatic(self) -> bool {
        matches!(self, Self::Rule | Self::Farewell | Self::Notice)
    }

    /// Whether an employee wrote it. Only such a message answers the client (D2).
    pub fn is_employee(self) -> bool {
        self != Self::Bot && !self.is_automatic()
    }
}

/// Who wrote, where the chat has more than one voice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The CRM's user id, when the provider knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The messenger's id of a group's member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// What the provider tells of the person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactHint {
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// User name in the messenger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Phone as the provider wrote it; an attribute, not an identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether the messenger vouches for the phone: then it joins contacts (C3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub phone_verified: bool,
    /// Link to the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// Another form of a chat's id, seen together with the one that is its key: phone and user id, group and supergroup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAlias {
    /// Our chat id of that form.
    pub chat: ChatId,
    /// The provider's chat id of that form.
    pub provider_chat_id: String,
}

/// A message, normalised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageEvent {
    /// The connection it came through.
    pub connection: ConnectionId,
    /// The channel it came on.
    pub channel: ChannelRef,
    /// Our chat id, derived.
    pub chat: ChatId,
    /// The provider's chat id.
    pub provider_chat_id: String,
    /// Other forms of the chat's id that came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<ChatAlias>,
    /// The messenger.
    pub messenger: Messenger,
    /// Whether the chat is a group.
    #[serde(default)]
    pub group: bool,
    /// The provider's message id.
    pub message_id: MessageId,
    /// Who wrote.
    pub side: Side,
    /// Where a company's message was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Our own id of it, where the provider gives it back with the echo of what we sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_id: Option<MessageId>,
    /// Who of them wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// What the provider tells of the client.
    #[serde(default)]
    pub contact: ContactHint,
    /// What the message is.
    pub kind: Kind,
    /// The provider's own word for the kind, where ours says less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_kind: Option<String>,
    /// Text or caption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// What the kind calls for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// What the messages of one album have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// The listing it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<Listing>,
    /// What else the provider gave, by our names, to be passed on as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Value>,
    /// When the provider says that it was written (for an edit: what the provider gives).
    pub sent_at: Timestamp,
    /// New, edited or deleted.
    #[serde(default)]
    pub revision: Revision,
    /// The text before an edit, when told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_text: Option<String>,
    /// Delivery status of a company's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DeliveryStatus>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
    /// Key of the raw record in the quarantine bucket, when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
}

impl MessageEvent {
    /// Of the details what decides in which chat the message stands: the post of a comment.
    fn case(&self) -> Option<Details> {
        let Some(Details::Comment(comment)) = &self.details else { return None };
        let post = Post { id: comment.post.id.clone(), url: comment.post.url.clone(), ..Post::default() };
        Some(Details::Comment(Comment { post, ..comment.clone() }))
    }

    /// What stands in the chat for a message that can never be stored as it is: nothing of its content, and where in
    /// the quarantine the raw record is.
    #[must_use]
    pub fn unsupported(&self, quarantined: String) -> Self {
        Self {
            kind: Kind::Unsupported,
            text: None,
            media: None,
            details: self.case(),
            quote: None,
            listing: None,
            extra: None,
            old_text: None,
            author: None,
            error: None,
            contact: ContactHint::default(),
            quarantined: Some(quarantined),
            ..self.clone()
        }
    }
}

/// A delivery status that names only a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusEvent {
    /// The connection it came through: message ids are looked up inside it.
    pub connection: ConnectionId,
    /// The provider's message id.
    pub message_id: MessageId,
    /// The status.
    pub status: DeliveryStatus,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
    /// When the provider says it happened.
    pub at: Timestamp,
}

/// How a channel is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelStateEvent {
    /// The connection it came through.
    pub connection: ConnectionId,
    /// The channel.
    pub channel: ChannelRef,
    /// Our word for the state.
    pub state: crate::model::messenger::ChannelState,
    /// The provider's own word.
    pub raw_state: String,
    /// When the provider says it happened.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_messenger_keeps_its_word() {
        let other: Messenger = serde_json::from_str("\"signal\"").unwrap();
        assert_eq!(other, Messenger::Other("signal".into()));
        assert_eq!(serde_json::to_string(&other).unwrap(), "\"signal\"");
        assert_eq!(serde_json::from_str::<Messenger>("\"vk\"").unwrap(), Messenger::Vk);
    }

    #[test]
    fn a_newer_version_is_told_from_garbage() {
        assert!(matches!(Envelope::parse(r#"{"v":99,"what":1}"#), Err(EnvelopeError::Newer(99))));
        let error = Envelope::parse(r#"{"v":1,"secret":"79011112233"}"#).unwrap_err();
        assert!(!error.to_string().contains("79011112233"));
    }
}
