//! Kinds of messages, and their delivery statuses.

use serde::{Deserialize, Serialize};

/// The kind of a message. An unknown kind is `unsupported`, stored and shown, with the provider's own word
/// beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it; requirements C1 lists them")]
pub enum Kind {
    Text,
    Image,
    Audio,
    Voice,
    Video,
    Document,
    Sticker,
    Location,
    ContactCard,
    Template,
    Interactive,
    Reaction,
    MissedCall,
    ListingCall,
    StoryReply,
    StoryMention,
    Comment,
    System,
    Unsupported,
}

impl Kind {
    /// Whether a person wrote something that needs to be read and answered. A reaction and a notice of the messenger
    /// are stored, but open no chat, count as no unread message, and answer no client.
    pub fn is_said(self) -> bool {
        !matches!(self, Self::Reaction | Self::System)
    }
}

/// The delivery status of a company's message. `failed` is outside the order of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DeliveryStatus {
    Queued,
    /// It is unknown whether it was sent: the provider did not say, and no echo came. A person has to check.
    Unknown,
    Sent,
    Delivered,
    Read,
    Failed,
}

impl DeliveryStatus {
    fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Unknown => 1,
            Self::Sent => 2,
            // A failure overrides statuses that only say that the message was sent, and yields to proof that it
            // arrived.
            Self::Failed => 3,
            Self::Delivered => 4,
            Self::Read => 5,
        }
    }

    /// The status after `news`, or `None` when `news` changes nothing. Order of arrival does not matter:
    /// `queued < sent < delivered < read`, and `failed` yields only to later proof of delivery (P7).
    pub fn advance(current: Option<Self>, news: Self) -> Option<Self> {
        match current {
            Some(current) if news.rank() <= current.rank() => None,
            _ => Some(news),
        }
    }
}

/// Why a send failed, in the provider's terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryError {
    /// The provider's code, as `BAD_CONTACT`.
    pub code: String,
    /// The provider's explanation, where it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
