//! What a message says, checked against the provider's limits (E5) and put into our words.

use crate::app::App;
use crate::http::error::ApiError;
use crate::service::send::NewMessage;
use shared::base::clock::Timestamp;
use shared::base::ids::hex_digest;
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::chat::company_events::company_event;
use shared::model::event::{Author, MessageEvent, Side};
use shared::model::limits::{
    Draft, DraftComment, DraftFile, DraftTemplate, FileKind, LimitError, Limits, check,
};
use shared::model::message::Message;
use shared::model::message::content::{Button, Comment, CommentMode, Details, Post, Quote, Template};
use shared::model::message::kind::{DeliveryStatus, Kind};
use shared::model::message::media::{FileCopy, FileLink, Media};
use shared::providers;
use shared::store::keys::FileLinkRow;
use std::time::Duration;

/// What a message says.
#[derive(Clone, Debug)]
pub enum Content {
    /// A text, perhaps with buttons.
    Text {
        /// The text, without signature.
        text: String,
        /// Buttons below it.
        buttons: Vec<Button>,
    },
    /// A file in our bucket.
    File(NewFile),
    /// A file behind somebody's public link, which the provider fetches.
    Link(Media),
    /// An approved template.
    Template {
        /// The provider's id of it.
        id: String,
        /// What goes into its places, in order.
        values: Vec<String>,
    },
}

/// A file in our bucket, on its way into a message.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// The object's key.
    pub object: String,
    /// What its stable link ends with: 128 random bits, hexadecimal.
    pub link: String,
    /// The stable link.
    pub url: String,
    /// Media type, as it is served.
    pub mime: String,
    /// Size in bytes.
    pub bytes: u64,
    /// File name.
    pub name: Option<String>,
}

impl NewFile {
    /// The copy as the message's row has it.
    pub fn stored(&self) -> FileCopy {
        FileCopy::Stored {
            object: self.object.clone(),
            link: self.link.clone(),
            mime: self.mime.clone(),
            bytes: self.bytes,
        }
    }

    /// Where its link leads.
    pub fn link_row(&self, app: &App, chat: &Chat) -> FileLinkRow {
        let kept = Duration::from_secs(app.media_days * 24 * 3600);
        let link = FileLink {
            v: 1,
            account: chat.account.clone(),
            chat: chat.chat.clone(),
            object: self.object.clone(),
            mime: self.mime.clone(),
            expires_at: (app.ambient.now() + kept).seconds(),
        };
        FileLinkRow { hash: hex_digest(self.link.as_bytes()), link }
    }
}

impl Content {
    /// The text that is signed.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            Self::File(_) | Self::Link(_) | Self::Template { .. } => None,
        }
    }

    fn kind(&self) -> Kind {
        let of_type = |mime: &str| match FileKind::of(mime) {
            FileKind::Image => Kind::Image,
            FileKind::Audio => Kind::Audio,
            FileKind::Video => Kind::Video,
            FileKind::Document => Kind::Document,
        };
        match self {
            Self::Text { buttons, .. } if buttons.is_empty() => Kind::Text,
            Self::Text { .. } => Kind::Interactive,
            Self::File(file) => of_type(&file.mime),
            Self::Link(media) => of_type(media.mime.as_deref().unwrap_or_default()),
            Self::Template { .. } => Kind::Template,
        }
    }

    fn media(&self) -> Option<Media> {
        match self {
            Self::File(file) => Some(Media {
                url: file.url.clone(),
                name: file.name.clone(),
                mime: Some(file.mime.clone()),
                bytes: Some(file.bytes),
                expires: false,
            }),
            Self::Link(media) => Some(media.clone()),
            Self::Text { .. } | Self::Template { .. } => None,
        }
    }

    fn details(&self) -> Option<Details> {
        match self {
            Self::Text { buttons, .. } if !buttons.is_empty() => Some(Details::Buttons(buttons.clone())),
            Self::Template { id, values } => Some(Details::Template(Template {
                id: Some(id.clone()),
                values: values.clone(),
                buttons: Vec::new(),
            })),
            Self::Text { .. } | Self::File(_) | Self::Link(_) => None,
        }
    }

    fn file(&self, limits: &Limits) -> Option<DraftFile<'_>> {
        match self {
            Self::File(file) => Some(DraftFile { content_type: &file.mime, bytes: Some(file.bytes) }),
            // What stands behind a link only the provider sees: without a told type it passes for one that is taken.
            Self::Link(media) => Some(DraftFile {
                content_type: media.mime.as_deref().unwrap_or_else(|| any_type(limits)),
                bytes: media.bytes,
            }),
            Self::Text { .. } | Self::Template { .. } => None,
        }
    }
}

/// A type of file that is taken there.
fn any_type(limits: &Limits) -> &'static str {
    let Some(rule) = limits.files.first() else { return "application/octet-stream" };
    rule.types.first().copied().unwrap_or(match rule.kind {
        FileKind::Image => "image/*",
        FileKind::Audio => "audio/*",
        FileKind::Video => "video/*",
        FileKind::Document => "application/octet-stream",
    })
}

/// Checks a message against what the channel takes. `received` is its text as the client will read it.
///
/// # Errors
/// 422 `not_sendable` with the field, the provider's code as `reason`, and what to do.
pub fn checked(
    chat: &Chat,
    channel: &Channel,
    content: &Content,
    received: Option<&str>,
    quoted: Option<&Message>,
    mode: Option<CommentMode>,
    now: Timestamp,
) -> Result<(), ApiError> {
    let limits = providers::limits(channel, &chat.messenger);
    let template = match content {
        Content::Template { values, .. } => Some(DraftTemplate { values, filled: None }),
        _ => None,
    };
    let buttons = match content {
        Content::Text { buttons, .. } => buttons.as_slice(),
        _ => &[],
    };
    let comment = comment_of(chat, quoted, mode)?;
    let draft = Draft {
        text: received,
        file: content.file(limits),
        template,
        buttons,
        quotes: quoted.is_some() && comment.is_none(),
        comment,
        client_wrote_at: chat.client_wrote_at,
    };
    check(limits, &draft, now).map_err(ApiError::from)
}

/// The comment that is answered in a case.
fn comment_of(
    chat: &Chat,
    quoted: Option<&Message>,
    mode: Option<CommentMode>,
) -> Result<Option<DraftComment>, ApiError> {
    if chat.post.is_none() {
        return match mode {
            Some(_) => Err(ApiError::invalid("comment_mode", "only a comment is answered so")),
            None => Ok(None),
        };
    }
    let answers = quoted.filter(|quoted| quoted.side == Side::Client).ok_or_else(|| {
        ApiError::refused("comment_required", "quote", "name the comment that is answered")
            .because("REFERENCE_MESSAGE_NOT_FOUND")
    })?;
    let mode = mode.unwrap_or(CommentMode::Reply);
    Ok(Some(DraftComment { mode, written_at: answers.sent_at, answered_privately: false }))
}

/// A message as the event that it is: under our id, on its way.
pub fn event_of(
    chat: &Chat,
    channel: &Channel,
    message: &NewMessage,
    author: Option<Author>,
    quoted: Option<&Message>,
    now: Timestamp,
) -> MessageEvent {
    let comment = chat.post.as_ref().map(|post| {
        Details::Comment(Comment {
            post: Post { id: post.id.clone(), url: post.url.clone(), ..Post::default() },
            answers: quoted.map(|quoted| quoted.message_id.clone()),
            mode: Some(message.mode.unwrap_or(CommentMode::Reply)),
        })
    });
    MessageEvent {
        author,
        kind: message.content.kind(),
        text: message.content.text().map(str::to_owned),
        media: message.content.media(),
        details: comment.or_else(|| message.content.details()),
        quote: quoted.map(|quoted| Quote {
            message: Some(quoted.message_id.clone()),
            text: quoted.text.clone(),
            raw: None,
        }),
        status: Some(DeliveryStatus::Queued),
        ..company_event(chat, channel, message.id.clone(), message.from.origin, now)
    }
}

impl From<LimitError> for ApiError {
    fn from(error: LimitError) -> Self {
        Self::refused("not_sendable", error.field, error.message).because(error.code).limited(error.limit)
    }
}
