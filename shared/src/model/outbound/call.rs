//! What goes out to a provider, in our words, and how its answers are sorted. `functions/delivery` decides what follows.

use crate::base::ids::MessageId;
use crate::model::channel::Channel;
use crate::model::message::content::{Button, CommentMode};
use crate::model::message::kind::Kind;
use crate::model::messenger::Messenger;
use std::time::Duration;

/// A message on its way to a client.
#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingMessage<'a> {
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
        /// What it is, as far as it is known.
        file: FileInfo<'a>,
    },
    /// An approved template.
    Template {
        /// The provider's id of it.
        id: &'a str,
        /// What goes into its places, in order.
        values: &'a [String],
    },
}

/// What is known of a file that goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileInfo<'a> {
    /// The message's kind: image, audio, voice, video, document …
    pub kind: Kind,
    /// Its type, as `image/jpeg`.
    pub mime: Option<&'a str>,
    /// Its name.
    pub name: Option<&'a str>,
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
        /// Why, in our words.
        reason: FailureReason,
        /// The provider's code, as `BAD_CONTACT`.
        code: String,
        /// The provider's explanation, shortened, for people.
        description: Option<String>,
    },
    /// The provider does not take the credential.
    #[error("unauthorized")]
    Unauthorized,
}

impl SendFailure {
    /// The provider cannot do it at all.
    pub fn not_supported() -> Self {
        Self::never(FailureReason::NotSupported, "NOT_SUPPORTED")
    }

    /// Refused for good, without the provider's explanation.
    pub fn never(reason: FailureReason, code: &str) -> Self {
        Self::Never { reason, code: code.to_owned(), description: None }
    }
}

/// Why something did not reach the client, in our words. Providers sort their codes into these
/// ([`crate::model::failure_texts`] has a text for each).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The client has no such account in the messenger.
    NoSuchRecipient,
    /// The chat's id is none of this messenger.
    WrongRecipient,
    /// The client blocked us, or a group put us out.
    Blocked,
    /// More than 24 hours have passed since the client wrote.
    WindowClosed,
    /// More than 7 days have passed since the client wrote.
    WindowClosedAfterDays,
    /// A dialogue may begin with a text only.
    TextFirst,
    /// Taken for spam.
    Spam,
    /// The channel's balance is empty.
    NoMoney,
    /// The text is too long.
    TooLong,
    /// The file is too large.
    FileTooLarge,
    /// Files of this type are not taken.
    FileType,
    /// The messenger could not fetch the file.
    FileUnreachable,
    /// The channel is blocked by the messenger.
    ChannelBlocked,
    /// The channel's limit of messages is used up.
    ChannelLimit,
    /// The channel does not carry this messenger.
    WrongMessenger,
    /// There is no access to the chat.
    NoAccess,
    /// The template was rejected.
    TemplateRefused,
    /// The quoted message is not there.
    QuoteGone,
    /// It is too late to edit it.
    EditTooLate,
    /// It is too late to delete it.
    DeletionTooLate,
    /// The message is not in the messenger any more.
    MessageGone,
    /// The messenger cannot do that.
    NotSupported,
    /// The comment was deleted.
    CommentGone,
    /// The comment was answered privately already.
    CommentAnswered,
    /// A comment can be answered with a text only.
    CommentTextOnly,
    /// The messenger did not take it for a whole day.
    NotDeliveredInTime,
    /// The message never left, so there is nothing to change.
    NotSent,
    /// The channel is disconnected.
    NotConnected,
    /// There is nothing in it to send.
    NothingToSend,
    /// Another reason: the provider's code says which.
    Other,
}
