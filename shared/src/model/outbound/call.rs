//! Calls to a provider in our terms, and the classification of its answers. `functions/delivery` decides what follows.

use crate::base::ids::MessageId;
use crate::model::channel::Channel;
use crate::model::message::content::{Button, CommentMode};
use crate::model::message::keyboard::Keyboard;
use crate::model::message::kind::Kind;
use crate::model::messenger::Messenger;
use std::time::Duration;

/// A message to be sent to a client.
#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingMessage<'a> {
    /// Our id of it: the provider's idempotency key, where the provider supports one.
    pub key: &'a MessageId,
    /// The channel by which it is sent.
    pub channel: &'a Channel,
    /// The messenger.
    pub messenger: &'a Messenger,
    /// Whether the chat is a group.
    pub group: bool,
    /// The recipient.
    pub to: Recipient<'a>,
    /// The content.
    pub content: OutgoingContent<'a>,
    /// The keyboard that a CRM sends with it. It goes instead of the text's buttons.
    pub keyboard: Option<&'a Keyboard>,
    /// The provider's id of the message that it answers.
    pub quote: Option<&'a MessageId>,
    /// Whether an employee answers by it; a program's message leaves the client waiting.
    pub answers: bool,
    /// How a comment is answered; `None` outside comments. The comment is the quoted message.
    pub comment: Option<CommentMode>,
}

/// The recipient of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient<'a> {
    /// The chat with this id at the provider.
    Chat(&'a str),
    /// The person with this phone, digits only; the provider's answer contains the chat's id.
    Phone(&'a str),
    /// The person with this user name, without `@`; the provider's answer contains the chat's id.
    Username(&'a str),
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum OutgoingContent<'a> {
    /// A text, already signed, with buttons or without.
    Text {
        /// The text as the client reads it.
        text: &'a str,
        /// Buttons below it, row by row.
        buttons: &'a [Button],
    },
    /// A file behind a link that can be read without authorization and without redirects.
    File {
        /// The link.
        url: &'a str,
        /// What is known of the file.
        file: FileInfo<'a>,
    },
    /// An approved template.
    Template {
        /// The provider's id of it.
        id: &'a str,
        /// The values of its placeholders, in order.
        values: &'a [String],
    },
}

/// What is known of a file to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileInfo<'a> {
    /// The message's kind: image, audio, voice, video, document …
    pub kind: Kind,
    /// Its media type, as `image/jpeg`.
    pub mime: Option<&'a str>,
    /// Its name.
    pub name: Option<&'a str>,
}

/// The new content of an edited message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit<'a> {
    /// Another text, already signed.
    Text(&'a str),
    /// Another file behind a link that can be read without authorization.
    File(&'a str),
}

/// The provider's answer to a send that it accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The provider's id of the message; `None` where it only says that it already has this message.
    pub message_id: Option<MessageId>,
    /// The provider's id of the chat, where it returns one.
    pub chat_id: Option<String>,
}

/// Why a provider did not accept a call, classified by what has to follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendFailure {
    /// It was not carried out; it may be retried.
    #[error("not now: {why}")]
    Later {
        /// The pause that the provider asks for.
        after: Option<Duration>,
        /// Why, without personal data.
        why: String,
    },
    /// It is unknown whether it was carried out.
    #[error("outcome unknown: {why}")]
    Unknown {
        /// Why, without personal data.
        why: String,
    },
    /// It will never be carried out.
    #[error("refused: {code}")]
    Never {
        /// The reason, in our terms.
        reason: FailureReason,
        /// The provider's code, as `BAD_CONTACT`.
        code: String,
        /// The provider's explanation, shortened, for people.
        description: Option<String>,
    },
    /// The provider does not accept the credential.
    #[error("unauthorized")]
    Unauthorized,
}

impl SendFailure {
    /// The failure of an operation that the provider does not support at all.
    pub fn not_supported() -> Self {
        Self::never(FailureReason::NotSupported, "NOT_SUPPORTED")
    }

    /// A final refusal, without the provider's explanation.
    pub fn never(reason: FailureReason, code: &str) -> Self {
        Self::Never { reason, code: code.to_owned(), description: None }
    }
}

/// Why something did not reach the client, in our terms. Providers map their codes to these
/// ([`crate::model::failure_texts`] has a text for each).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The client has no such account in the messenger.
    NoSuchRecipient,
    /// The chat's id is not valid in this messenger.
    WrongRecipient,
    /// The client blocked us, or a group removed us.
    Blocked,
    /// More than 24 hours have passed since the client wrote.
    WindowClosed,
    /// More than 7 days have passed since the client wrote.
    WindowClosedAfterDays,
    /// A dialogue may begin only with a text.
    TextFirst,
    /// The messenger treats it as spam.
    Spam,
    /// The channel's balance is empty.
    NoMoney,
    /// The text is too long.
    TooLong,
    /// The file is too large.
    FileTooLarge,
    /// Files of this type are not accepted.
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
    /// The quoted message does not exist.
    QuoteGone,
    /// It is too late to edit it.
    EditTooLate,
    /// It is too late to delete it.
    DeletionTooLate,
    /// The message is no longer in the messenger.
    MessageGone,
    /// The messenger cannot do that.
    NotSupported,
    /// The comment was deleted.
    CommentGone,
    /// The comment has already been answered privately.
    CommentAnswered,
    /// A comment can be answered only with a text.
    CommentTextOnly,
    /// The messenger did not accept it for a whole day.
    NotDeliveredInTime,
    /// The message was never sent, so there is nothing to change.
    NotSent,
    /// The channel is disconnected.
    NotConnected,
    /// It contains nothing to send.
    NothingToSend,
    /// Another reason: the provider's code says which.
    Other,
}
