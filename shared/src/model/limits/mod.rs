//! What each transport accepts (E5): a table per provider, consulted before anything is stored. A row is a `transport`
//! as Wazzup names it. The error codes are Wazzup's documented ones, because a CRM that plugs into Wazzup knows them
//! already.
//!
//! Nothing here is personal: an error names the field, the limit and what to do, never the content.

mod checks;

use crate::base::clock::Timestamp;
use crate::model::message::content::{Button, CommentMode};
use crate::model::message::kind::Kind;
use crate::model::messenger::Messenger;
use serde::Serialize;
use std::time::Duration;

pub use crate::model::limits::checks::{check, check_delete, check_edit, check_first, check_keyboard};

/// One row of the table: what a transport accepts.
#[derive(Debug)]
pub struct Limits {
    /// The transport's name (`whatsapp`, `wapi`, `tgapi` …); `other` for an unknown one.
    pub transport: &'static str,
    /// The messenger that it carries; `None` for `other`.
    pub messenger: Option<Messenger>,
    /// Longest text, in characters.
    pub text: usize,
    /// The error code for a longer text.
    pub text_code: &'static str,
    /// Which files it accepts, by kind; a kind without a rule is refused.
    pub files: &'static [FileRule],
    /// The error code for a file of a type that is refused.
    pub type_code: &'static str,
    /// Buttons below a text; `None` where the transport has no buttons.
    pub buttons: Option<ButtonRule>,
    /// Longest filled template, in characters; `None` where the transport has no templates.
    pub template: Option<usize>,
    /// Whether a message may quote another one.
    pub quotes: bool,
    /// Which part of a sent message may be edited.
    pub edits: Edits,
    /// How long after sending a message may be edited; `None`: the provider decides.
    pub edit_within: Option<Duration>,
    /// Whether a sent message may be deleted.
    pub deletes: bool,
    /// How long after sending a message may be deleted; `None`: the provider decides.
    pub delete_within: Option<Duration>,
    /// How long after the client's last message the company may write; `None`: no limit.
    pub window: Option<Window>,
    /// Whether the transport carries comments. A comment is answered by text alone, and in private only once and within
    /// [`PRIVATE_REPLY_WITHIN`].
    pub comments: bool,
    /// How the company can address a person who has never written; empty: it cannot write first.
    pub first: &'static [By],
}

impl Limits {
    /// What every messenger accepts: a short text. Used for channels whose transport is unknown.
    pub const PLAIN_TEXT: Self = Self {
        transport: "other",
        messenger: None,
        text: 1000,
        text_code: "MESSAGE_TEXT_TOO_LONG",
        files: &[],
        type_code: "MESSAGE_WRONG_CONTENT_TYPE",
        buttons: None,
        template: None,
        quotes: false,
        edits: Edits::No,
        edit_within: None,
        deletes: false,
        delete_within: None,
        window: None,
        comments: false,
        first: &[],
    };
}

/// How long after a comment its author may be answered in private.
pub const PRIVATE_REPLY_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);

/// Which files of a kind are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRule {
    /// The kind.
    pub kind: FileKind,
    /// The accepted media types, as `image/jpeg`; empty: every type of this kind.
    pub types: &'static [&'static str],
    /// The largest size, in bytes.
    pub bytes: u64,
    /// The error code for a larger file.
    pub code: &'static str,
}

/// The kind of a file as far as limits are concerned: the first half of its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum FileKind {
    Image,
    Audio,
    Video,
    Document,
}

impl FileKind {
    /// The kind of a message with such a file.
    pub fn message_kind(self) -> Kind {
        match self {
            Self::Image => Kind::Image,
            Self::Audio => Kind::Audio,
            Self::Video => Kind::Video,
            Self::Document => Kind::Document,
        }
    }

    /// The kind of a file of this `Content-Type`.
    pub fn of(content_type: &str) -> Self {
        match content_type.split('/').next().map(str::trim).map(str::to_ascii_lowercase).as_deref() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            _ => Self::Document,
        }
    }
}

/// Which buttons are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ButtonRule {
    /// How many at most.
    pub count: usize,
    /// Longest title, in characters.
    pub title: usize,
    /// Longest payload, in bytes; `None`: the provider decides.
    pub payload: Option<usize>,
}

/// Which part of a sent message may be edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Edits {
    /// Nothing.
    No,
    /// Its text.
    Text,
    /// Its text or its file.
    All,
}

/// The time after the client's message during which the company may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How long it is open.
    pub open: Duration,
    /// The error code for a message sent after it has closed.
    pub code: &'static str,
    /// Whether a template may be sent after it has closed.
    pub template_passes: bool,
}

/// How a person is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = AddressedBy))]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A phone number.
    Phone,
    /// A user name.
    Username,
    /// The messenger's id of the person.
    UserId,
}

/// A message that is to be sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft<'a> {
    /// The text as the client will read it, signature included.
    pub text: Option<&'a str>,
    /// The file.
    pub file: Option<DraftFile<'a>>,
    /// The template.
    pub template: Option<DraftTemplate<'a>>,
    /// Buttons below the text.
    pub buttons: &'a [Button],
    /// Whether it quotes a message. The comment that it answers does not count as a quote.
    pub quotes: bool,
    /// The comment that it answers.
    pub comment: Option<DraftComment>,
    /// When the client last wrote in this chat; `None`: never, as far as is known.
    pub client_wrote_at: Option<Timestamp>,
}

/// A file that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftFile<'a> {
    /// Its media type, as `image/jpeg`; parameters are ignored.
    pub content_type: &'a str,
    /// Its size in bytes, where it is known before the provider fetches it.
    pub bytes: Option<u64>,
}

/// A template that is to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DraftTemplate<'a> {
    /// The values of its placeholders, in order.
    pub values: &'a [String],
    /// Its text with the values filled in, where the template's text is known.
    pub filled: Option<&'a str>,
}

/// The comment that a message answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftComment {
    /// How it is answered.
    pub mode: CommentMode,
    /// When the client wrote it.
    pub written_at: Timestamp,
    /// Whether the comment's author has already received a private answer to it.
    pub answered_privately: bool,
}

/// An edit of a sent message.
#[derive(Clone, Copy, Debug, Default)]
pub struct DraftEdit<'a> {
    /// The new text as the client will read it; `None`: the file changes.
    pub text: Option<&'a str>,
    /// The new file; `None`: the text changes.
    pub file: Option<DraftFile<'a>>,
    /// Whether the message has buttons: such a message cannot be edited.
    pub has_buttons: bool,
    /// When the message was sent.
    pub sent_at: Timestamp,
}

/// Why a message, edit or deletion is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct LimitError {
    /// Wazzup's code, as `MESSAGES_TOO_LONG_INSTAGRAM`.
    pub code: &'static str,
    /// The field at fault: `text`, `file`, `buttons`, `template`, `quote`, `chat` or `message` (for an edit or a
    /// deletion).
    pub field: &'static str,
    /// The limit, in the field's unit: characters, bytes, seconds or number of items.
    pub limit: Option<u64>,
    /// What is wrong and what to do, for people.
    pub message: String,
}
