//! Messages as answers show them.

use crate::http::body::moment;
use crate::messages::content_view::{DetailsView, QuoteView};
use serde::Serialize;
use shared::crm::formatting::file_link;
use shared::model::event::{Origin, Side};
use shared::model::message::Message;
use shared::model::message::kind::{DeliveryStatus, Kind};
use shared::model::message::media::{CopyFailure, FileCopy};
use shared::store::keys::listing_digest;
use utoipa::ToSchema;

/// A file of a message, as the provider described it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MediaView {
    /// The provider's link; null if we make a copy, which is in `file`.
    url: Option<String>,
    name: Option<String>,
    /// As the provider says.
    mime: Option<String>,
    /// As the provider says.
    bytes: Option<u64>,
}

/// Our copy of a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum FileView {
    /// Being copied.
    Pending,
    /// Copied.
    Stored {
        /// Our link: it never changes, and redirects to one that works for minutes. Anyone who has it may read the
        /// file.
        url: String,
        /// The media type under which it is served.
        mime: String,
        bytes: u64,
    },
    /// Not copied; given up.
    Failed { why: CopyFailure },
}

impl FileView {
    fn of(file: FileCopy, base_url: &str) -> Self {
        match file {
            FileCopy::Pending => Self::Pending,
            FileCopy::Stored { link, mime, bytes, .. } => {
                Self::Stored { url: file_link(base_url, &link), mime, bytes }
            }
            FileCopy::Failed { why } => Self::Failed { why },
        }
    }
}

/// The author, in a chat with more than one author on a side.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorView {
    name: Option<String>,
    /// The CRM's user id.
    id: Option<String>,
    /// The messenger's id of a group's member.
    user: Option<String>,
}

/// Why a delivery failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryErrorView {
    /// The provider's code.
    code: String,
    description: Option<String>,
}

/// A message. A reaction is a message of its own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "8fafd4aa-7c20-4c0d-af19-0a15d3004bc7", "side": "client", "origin": null, "kind": "image", "raw_kind": null,
    "text": "Is this car still for sale?", "media": {"url": null, "name": null, "mime": "image/jpeg", "bytes": null},
    "file": {
        "state": "stored", "url": "https://api.example.com/media/9f86d081884c7d659a2feaa0c55ad015", "mime": "image/jpeg",
        "bytes": 183044
    },
    "details": null, "quote": {"message": "1f8f9e0c", "text": "We have three of them"}, "album": null,
    "listing": "0d3f6a5e9b7c4f1aa2c15f7e8d90b3c4", "author": null, "extra": null,
    "shown_at": "2026-11-21T09:21:30.000Z", "sent_at": "2026-11-21T09:21:30.000Z",
    "accepted_at": "2026-11-21T09:21:30.412Z", "seq": 3, "edited": false, "old_text": null, "deleted": false,
    "status": null, "status_at": null, "error": null, "crm_refused": null
}))]
pub struct MessageView {
    /// The provider's id.
    pub(crate) id: String,
    side: Side,
    /// Where a company's message was written.
    origin: Option<Origin>,
    kind: Kind,
    /// The provider's name for the kind, where ours says less.
    raw_kind: Option<String>,
    /// Text or caption.
    text: Option<String>,
    media: Option<MediaView>,
    file: Option<FileView>,
    details: Option<DetailsView>,
    /// The message that it answers.
    quote: Option<QuoteView>,
    /// The id that the messages of one album share.
    album: Option<String>,
    /// The listing that it is about: its id in the chat's listings.
    listing: Option<String>,
    author: Option<AuthorView>,
    /// Other data of the provider.
    #[schema(value_type = Option<serde_json::Value>)]
    extra: Option<serde_json::Value>,
    /// The time the message is shown under: the provider's, but at most two minutes ahead of ours.
    #[schema(format = DateTime)]
    shown_at: String,
    /// When it was written, by the provider's clock.
    #[schema(format = DateTime)]
    sent_at: String,
    /// When we accepted it.
    #[schema(format = DateTime)]
    accepted_at: String,
    /// Number of its last change in the chat.
    seq: u64,
    edited: bool,
    /// The text before the last edit.
    old_text: Option<String>,
    deleted: bool,
    /// The status of the delivery (company messages).
    status: Option<DeliveryStatus>,
    #[schema(format = DateTime)]
    status_at: Option<String>,
    error: Option<DeliveryErrorView>,
    /// The CRM's answer, shortened, when it refused the message permanently.
    crm_refused: Option<String>,
}

impl MessageView {
    /// The view of a message, with links under this URL.
    pub fn of(message: Message, base_url: &str) -> Self {
        let copied = message.file.is_some();
        // A link that only the provider's API resolves is of no use outside.
        let linked = |url: &String| !copied && url.starts_with("http");
        let edited = message.is_edited();
        Self {
            shown_at: message.shown_at().rfc3339(),
            id: message.message_id.as_str().to_owned(),
            side: message.side,
            origin: message.origin,
            kind: message.kind,
            raw_kind: message.raw_kind,
            text: message.text,
            media: message.media.map(|media| MediaView {
                url: Some(media.url).filter(linked),
                name: media.name,
                mime: media.mime,
                bytes: media.bytes,
            }),
            file: message.file.map(|file| FileView::of(file, base_url)),
            details: message.details.map(DetailsView::from),
            quote: message.quote.map(QuoteView::from),
            album: message.album,
            listing: message.listing.as_deref().map(listing_digest),
            author: message.author.map(|author| AuthorView {
                name: author.name,
                id: author.id,
                user: author.user,
            }),
            extra: message.extra,
            sent_at: message.sent_at.rfc3339(),
            accepted_at: message.accepted_at.rfc3339(),
            seq: message.seq,
            edited,
            old_text: message.old_text,
            deleted: message.deleted_seq.is_some(),
            status: message.status,
            status_at: moment(message.status_at),
            error: message
                .error
                .map(|error| DeliveryErrorView { code: error.code, description: error.description }),
            crm_refused: message.crm_refused,
        }
    }
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Messages {
    pub(crate) messages: Vec<MessageView>,
    /// The cursor of the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
}
