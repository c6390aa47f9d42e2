//! The normalised event: what every provider's webhook is converted to, and what the queues carry.
//!
//! An event is complete: its handler needs nothing more from the provider. The envelope carries a version; a reader
//! that meets a newer version leaves it in the queue for the next deployment.

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

/// The newest version that this code reads, and writes for the events that came with it.
pub const EVENT_VERSION: u16 = 3;
/// The version of the other events: the previous deployment reads them.
const FORMER_VERSION: u16 = 2;

/// A message of an inbound queue: one accepted event of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Version of the event's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// When it was accepted (the answer 200 follows).
    pub accepted_at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// Why an envelope could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Written by a newer deployment: it is read again later, never dropped.
    #[error("event version {0} is newer than this code's {EVENT_VERSION}")]
    Newer(u16),
    /// Not an envelope at all. The position of the error is named, the content is not.
    #[error("no event: {0}")]
    Malformed(String),
}

impl Envelope {
    /// An envelope of the version in which the event appeared.
    pub fn new(account: AccountId, accepted_at: Timestamp, event: Event) -> Self {
        let v = match &event {
            Event::Edited(_) | Event::TemplateState(_) => EVENT_VERSION,
            Event::Message(_) | Event::Status(_) | Event::ChannelState(_) | Event::Check { .. } => {
                FORMER_VERSION
            }
        };
        Self { v, account, accepted_at, event }
    }

    /// Reads a queue's message body.
    ///
    /// # Errors
    /// As [`read`].
    pub fn parse(body: &str) -> Result<Self, EnvelopeError> {
        read(body)
    }

    /// The FIFO message group that keeps this event in order: the chat (an id that is a hash), else the connection or
    /// channel.
    pub fn group(&self) -> &str {
        match &self.event {
            Event::Message(message) => message.chat.as_str(),
            Event::Check { chat } => chat.as_str(),
            Event::Status(status) => status.connection.as_str(),
            Event::Edited(edited) => edited.connection.as_str(),
            Event::TemplateState(template) => template.connection.as_str(),
            Event::ChannelState(state) => state.channel.id.as_str(),
        }
    }
}

/// Reads a message of our queues, an event or a nudge, checking its version first.
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
    /// A message was received, edited or deleted.
    Message(Box<MessageEvent>),
    /// A delivery status changed. Carried by the statuses queue.
    Status(StatusEvent),
    /// A message was edited, and the provider does not report the new content. Carried by the statuses queue.
    Edited(EditedEvent),
    /// The provider reports a channel's state.
    ChannelState(ChannelStateEvent),
    /// The provider reports the state of a message template.
    TemplateState(TemplateStateEvent),
    /// "Check this chat": posted behind every accepted message of it when the chat is due.
    Check {
        /// The chat to check.
        chat: ChatId,
    },
}

/// The side that wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The client.
    Client,
    /// The company: an employee, a bot, the phone.
    Company,
}

/// Whether a message is new or changes an existing one.
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// A bot of the account.
    Bot,
    /// A rule of ours.
    Rule,
    /// Our farewell, sent when the chat was finished.
    Farewell,
    /// A notice of ours to the employees, as about a send that failed (E2): it is never sent to the client.
    Notice,
}

impl Origin {
    /// Whether it was written elsewhere and reached us as an echo (C6).
    pub fn is_echo(self) -> bool {
        matches!(self, Self::ProviderApp | Self::Phone | Self::Outside)
    }

    /// Whether it was written by a program of ours, not by a person: such a message is no activity, and triggers no
    /// rule.
    pub fn is_automatic(self) -> bool {
        matches!(self, Self::Rule | Self::Farewell | Self::Notice)
    }

    /// Whether an employee wrote it. Only such a message answers the client (D2).
    pub fn is_employee(self) -> bool {
        self != Self::Bot && !self.is_automatic()
    }
}

/// The author, where one side has several.
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

/// The provider's data about the person.
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
    /// Whether the messenger vouches for the phone: then contacts are merged by it (C3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub phone_verified: bool,
    /// Link to the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// Another form of a chat's id, seen together with the form that is its key: phone and user id, group and supergroup.
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
    /// Which side wrote it.
    pub side: Side,
    /// Where a company's message was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Our own id of it, where the provider returns it with the echo of our send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_id: Option<MessageId>,
    /// The person of that side who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// The provider's data about the client.
    #[serde(default)]
    pub contact: ContactHint,
    /// The message's kind.
    pub kind: Kind,
    /// The provider's own word for the kind, where it is more precise than ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_kind: Option<String>,
    /// Text or caption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// The part that depends on the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// The id that the messages of one album share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// The listing it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<Listing>,
    /// The provider's other data, under our names, to be passed on unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Value>,
    /// When it was written according to the provider (for an edit: what the provider gives).
    pub sent_at: Timestamp,
    /// New, edited or deleted.
    #[serde(default)]
    pub revision: Revision,
    /// The text before an edit, when the provider reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_text: Option<String>,
    /// Delivery status of a company's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DeliveryStatus>,
    /// Why the delivery failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
    /// Key of the raw record in the quarantine bucket, when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
}

impl MessageEvent {
    /// The part of the details that decides to which chat the message belongs: the post of a comment.
    fn case(&self) -> Option<Details> {
        let Some(Details::Comment(comment)) = &self.details else { return None };
        let post = Post { id: comment.post.id.clone(), url: comment.post.url.clone(), ..Post::default() };
        Some(Details::Comment(Comment { post, ..comment.clone() }))
    }

    /// The replacement for a message that can never be stored as it is: nothing of its content, only the key of the raw
    /// record in the quarantine.
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
    /// The connection it came through: message ids are looked up within it.
    pub connection: ConnectionId,
    /// The provider's message id.
    pub message_id: MessageId,
    /// The status.
    pub status: DeliveryStatus,
    /// Why the delivery failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
    /// When it happened, according to the provider.
    pub at: Timestamp,
}

/// An edit that names only a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditedEvent {
    /// The connection it came through: message ids are looked up within it.
    pub connection: ConnectionId,
    /// The provider's message id.
    pub message_id: MessageId,
    /// When it happened, according to the provider.
    pub at: Timestamp,
}

/// The state of a message template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateStateEvent {
    /// The connection it came through.
    pub connection: ConnectionId,
    /// The template and its state.
    pub template: TemplateState,
}

/// A message template and its state, in the provider's words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TemplateState {
    /// The provider's id of the template.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its state, as `approved`.
    pub status: String,
}

/// A channel's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelStateEvent {
    /// The connection it came through.
    pub connection: ConnectionId,
    /// The channel.
    pub channel: ChannelRef,
    /// The state in our terms.
    pub state: crate::model::messenger::ChannelState,
    /// The provider's own word for the state.
    pub raw_state: String,
    /// When it happened, according to the provider.
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
    fn only_new_events_wait_for_a_deployment_that_reads_them() {
        let of = |event| Envelope::new(AccountId::new("a"), Timestamp::default(), event).v;
        let edited = EditedEvent {
            connection: ConnectionId::new("c"),
            message_id: MessageId::new("m"),
            at: Timestamp::default(),
        };
        assert_eq!(of(Event::Edited(edited)), 3);
        assert_eq!(of(Event::Check { chat: ChatId::new("k") }), 2);
    }

    #[test]
    fn a_newer_version_is_told_from_garbage() {
        assert!(matches!(Envelope::parse(r#"{"v":99,"what":1}"#), Err(EnvelopeError::Newer(99))));
        let error = Envelope::parse(r#"{"v":1,"secret":"79011112233"}"#).unwrap_err();
        assert!(!error.to_string().contains("79011112233"));
    }
}
