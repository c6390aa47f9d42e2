//! What each transport takes (E5): one table, asked before anything is stored. A row is a `transport` as Wazzup names it
//! ([`table`]); the error codes are Wazzup's documented ones, which a CRM that plugs into Wazzup knows already.
//!
//! Nothing here is personal: an error names the field, the limit and what to do, never the content.

mod checks;

use crate::base::clock::Timestamp;
use crate::model::message::content::{Button, CommentMode};
use crate::model::messenger::Messenger;
use std::time::Duration;

pub use crate::model::limits::checks::{check, check_delete, check_edit, check_first};

/// One row of the table: what a transport takes.
#[derive(Debug)]
pub struct Limits {
    /// The transport's name (`whatsapp`, `wapi`, `tgapi` …); `other` for one that is not known.
    pub transport: &'static str,
    /// The messenger that it carries; none for `other`.
    pub messenger: Option<Messenger>,
    /// Longest text, in characters.
    pub text: usize,
    /// The code of a longer one.
    pub text_code: &'static str,
    /// Which files it takes, by kind; a kind without a rule is not taken.
    pub files: &'static [FileRule],
    /// The code of a file of a type that is not taken.
    pub type_code: &'static str,
    /// Buttons below a text, where it knows them.
    pub buttons: Option<ButtonRule>,
    /// Longest filled template, in characters, where it knows templates.
    pub template: Option<usize>,
    /// Whether a message may quote another one.
    pub quotes: bool,
    /// What of a sent message may be edited.
    pub edits: Edits,
    /// How long after sending; none: the provider decides.
    pub edit_within: Option<Duration>,
    /// Whether a sent message may be deleted.
    pub deletes: bool,
    /// How long after sending; none: the provider decides.
    pub delete_within: Option<Duration>,
    /// How long after the client's last message the company may write, where that is limited.
    pub window: Option<Window>,
    /// Whether comments come by it: they are answered by text alone, in private once and within [`PRIVATE_REPLY_WITHIN`].
    pub comments: bool,
    /// By what somebody who has never written can be written to; empty: not at all.
    pub first: &'static [By],
}

impl Limits {
    /// What every messenger takes: a short text. For channels of which nothing is known.
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

/// Which files of a kind are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRule {
    /// The kind.
    pub kind: FileKind,
    /// The types, as `image/jpeg`; empty: whatever is of the kind.
    pub types: &'static [&'static str],
    /// The largest, in bytes.
    pub bytes: u64,
    /// The code of a larger one.
    pub code: &'static str,
}

/// What a file is, as far as limits go: the first half of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum FileKind {
    Image,
    Audio,
    Video,
    Document,
}

impl FileKind {
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

/// Which buttons are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ButtonRule {
    /// How many at most.
    pub count: usize,
    /// Longest title, in characters.
    pub title: usize,
    /// Longest payload, in bytes; none: the provider decides.
    pub payload: Option<usize>,
}

/// What of a sent message may be edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edits {
    /// Nothing.
    No,
    /// Its text.
    Text,
    /// Its text or its file.
    All,
}

/// A time that begins with the client's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How long it is open.
    pub open: Duration,
    /// The code of a message that comes after it.
    pub code: &'static str,
    /// Whether a template goes out though it is closed.
    pub template_passes: bool,
}

/// By what a person is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A phone number.
    Phone,
    /// A user name.
    Username,
    /// The messenger's id of him.
    UserId,
}

/// What is to be sent.
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
    /// Whether it quotes a message. The comment that an answer is for does not count.
    pub quotes: bool,
    /// The comment that it answers.
    pub comment: Option<DraftComment>,
    /// When the client last wrote in this chat; none: never, as far as is known.
    pub client_wrote_at: Option<Timestamp>,
}

/// A file that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftFile<'a> {
    /// Its type, as `image/jpeg`; parameters are left aside.
    pub content_type: &'a str,
    /// Its size in bytes, where it is known before the provider fetches it.
    pub bytes: Option<u64>,
}

/// A template that is to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DraftTemplate<'a> {
    /// What goes into its places, in order.
    pub values: &'a [String],
    /// Its text with the values in place, where the template's text is known.
    pub filled: Option<&'a str>,
}

/// The comment that a message answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftComment {
    /// How it is answered.
    pub mode: CommentMode,
    /// When the client wrote it.
    pub written_at: Timestamp,
    /// Whether its author got a private answer to it before.
    pub answered_privately: bool,
}

/// What an edit is to make of a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct DraftEdit<'a> {
    /// The new text as the client will read it; none: the file changes.
    pub text: Option<&'a str>,
    /// The new file; none: the text changes.
    pub file: Option<DraftFile<'a>>,
    /// Whether the message has buttons: it cannot be edited then.
    pub has_buttons: bool,
    /// When the message was sent.
    pub sent_at: Timestamp,
}

/// Why something cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct LimitError {
    /// Wazzup's code, as `MESSAGES_TOO_LONG_INSTAGRAM`.
    pub code: &'static str,
    /// What it is about: `text`, `file`, `buttons`, `template`, `quote`, `chat` or `message` (an edit's or a deletion's).
    pub field: &'static str,
    /// The limit, in the field's unit: characters, bytes, seconds, pieces.
    pub limit: Option<u64>,
    /// What is wrong and what to do, for people.
    pub message: String,
}
