//! The content of a message that is written here.

use crate::base::clock::Timestamp;
use crate::base::ids::hex_digest;
use crate::model::chat::Chat;
use crate::model::limits::{DraftFile, FileKind, Limits};
use crate::model::message::content::{Button, Details, Template};
use crate::model::message::kind::Kind;
use crate::model::message::media::{FileCopy, FileLink, Media};
use crate::store::keys::FileLinkRow;

/// The content of a message.
#[derive(Clone, Debug)]
pub enum Content {
    /// A text, with or without buttons.
    Text {
        /// The text, without signature.
        text: String,
        /// Buttons below it.
        buttons: Vec<Button>,
    },
    /// A file in our bucket.
    File(NewFile),
    /// A file behind a public link, which the provider fetches.
    Link(Media),
    /// An approved template.
    Template {
        /// The provider's id of the template.
        id: String,
        /// The values of its placeholders, in order.
        values: Vec<String>,
    },
}

/// A file in our bucket that is to be sent in a message.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// The object's key.
    pub object: String,
    /// The last part of its stable link: 128 random bits, hexadecimal.
    pub link: String,
    /// The stable link.
    pub url: String,
    /// The media type that it is served with.
    pub mime: String,
    /// Size in bytes.
    pub bytes: u64,
    /// File name.
    pub name: Option<String>,
}

impl NewFile {
    /// The copy as the message's row stores it.
    pub fn stored(&self) -> FileCopy {
        FileCopy::Stored {
            object: self.object.clone(),
            link: self.link.clone(),
            mime: self.mime.clone(),
            bytes: self.bytes,
        }
    }

    /// The row that the file's link resolves to, until the bucket deletes the file.
    pub fn link_row(&self, chat: &Chat, expires_at: Timestamp) -> FileLinkRow {
        let link = FileLink {
            v: 1,
            account: chat.account.clone(),
            chat: chat.chat.clone(),
            object: self.object.clone(),
            mime: self.mime.clone(),
            expires_at: expires_at.seconds(),
        };
        FileLinkRow { hash: hex_digest(self.link.as_bytes()), link }
    }
}

impl Content {
    /// The text that gets the signature.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            Self::File(_) | Self::Link(_) | Self::Template { .. } => None,
        }
    }

    /// The kind of the message.
    pub(super) fn kind(&self) -> Kind {
        let of_type = |mime: &str| FileKind::of(mime).message_kind();
        match self {
            Self::Text { buttons, .. } if buttons.is_empty() => Kind::Text,
            Self::Text { .. } => Kind::Interactive,
            Self::File(file) => of_type(&file.mime),
            Self::Link(media) => of_type(media.mime.as_deref().unwrap_or_default()),
            Self::Template { .. } => Kind::Template,
        }
    }

    /// The file as the message shows it.
    pub(super) fn media(&self) -> Option<Media> {
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

    /// The details that its kind has, such as buttons or template values.
    pub(super) fn details(&self) -> Option<Details> {
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

    /// The file as limits are checked on it.
    pub(super) fn file(&self, limits: &Limits) -> Option<DraftFile<'_>> {
        match self {
            Self::File(file) => Some(DraftFile { content_type: &file.mime, bytes: Some(file.bytes) }),
            Self::Link(media) => Some(linked_file(media, limits)),
            Self::Text { .. } | Self::Template { .. } => None,
        }
    }
}

/// A file behind a link as limits are checked on it. Only the provider sees the file: without a stated type it counts as
/// one of an allowed type.
pub(super) fn linked_file<'a>(media: &'a Media, limits: &Limits) -> DraftFile<'a> {
    let content_type = media.mime.as_deref().unwrap_or_else(|| any_type(limits));
    DraftFile { content_type, bytes: media.bytes }
}

/// A file type that the limits allow.
fn any_type(limits: &Limits) -> &'static str {
    let Some(rule) = limits.files.first() else { return "application/octet-stream" };
    rule.types.first().copied().unwrap_or(match rule.kind {
        FileKind::Image => "image/*",
        FileKind::Audio => "audio/*",
        FileKind::Video => "video/*",
        FileKind::Document => "application/octet-stream",
    })
}
