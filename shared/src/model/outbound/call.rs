//! What goes out to a provider, in our words, and how its answers are sorted. `functions/delivery` decides what follows.

use crate::base::ids::MessageId;
use crate::model::channel::Channel;
use crate::model::message::content::{Button, CommentMode};
use crate::model::messenger::Messenger;
use std::time::Duration;

/// A message on its way to a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing<'a> {
    /// Our id of it: the provider's idempotency key, where the provider knows one.
    pub key: &'a MessageId,
    /// The channel it leaves by.
    pub channel: &'a Channel,
    /// The messenger.
    pub messenger: &'a Messenger,
    /// Whether the chat is a group.
    pub group: bool,
    /// To whom.
    pub to: Recipient<'a>,
    /// What.
    pub content: OutgoingContent<'a>,
    /// The provider's id of the message that it answers.
    pub quote: Option<&'a MessageId>,
    /// Whether an employee answers by it: what a program says leaves the client waiting.
    pub answers: bool,
    /// How a comment is answered; none outside comments. The comment is the quoted message.
    pub comment: Option<CommentMode>,
}

/// To whom a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient<'a> {
    /// Whoever the provider knows by this chat id.
    Chat(&'a str),
    /// Whoever has this phone, digits only; the provider tells the chat's id in its answer.
    Phone(&'a str),
    /// Whoever has this user name, without `@`; the provider tells the chat's id in its answer.
    Username(&'a str),
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum OutgoingContent<'a> {
    /// A text, signed already, perhaps with buttons.
    Text {
        /// The text as the client reads it.
        text: &'a str,
        /// Buttons below it, row by row.
        buttons: &'a [Button],
    },
    /// A file behind a link that anybody may read, without redirects.
    File {
        /// The link.
        url: &'a str,
    },
    /// An approved template.
    Template {
        /// The provider's id of it.
        id: &'a str,
        /// What goes into its places, in order.
        values: &'a [String],
    },
}

/// What an edit makes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit<'a> {
    /// Another text, signed already.
    Text(&'a str),
    /// Another file behind a link that anybody may read.
    File(&'a str),
}

/// What a provider answered to a send that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The provider's id of the message; none where it only says that it has this one already.
    pub message_id: Option<MessageId>,
    /// The provider's id of the chat, where it tells one.
    pub chat_id: Option<String>,
}

/// Why a provider did not take it, sorted by what has to follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendFailure {
    /// Not carried out; may be tried again.
    #[error("not now: {why}")]
    Later {
        /// The provider's own wish.
        after: Option<Duration>,
        /// Why, without personal data.
        why: String,
    },
    /// Nobody knows whether it was carried out.
    #[error("outcome unknown: {why}")]
    Unknown {
        /// Why, without personal data.
        why: String,
    },
    /// Will never be carried out.
    #[error("refused: {code}")]
    Never {
        /// The provider's code, as `BAD_CONTACT`.
        code: String,
        /// The provider's explanation, shortened, for people.
        description: Option<String>,
    },
    /// The provider does not take the credential.
    #[error("unauthorized")]
    Unauthorized,
}
