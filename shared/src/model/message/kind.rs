//! Kinds of messages, and how far one is delivered.

use serde::{Deserialize, Serialize};

/// What a message is. A kind that is not known here is [`Kind::Unsupported`], stored and shown, with the provider's own
/// word beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether a person wrote something that wants to be read and answered. A reaction and a notice of the messenger are
    /// kept, and open, raise and answer nothing.
    pub fn is_said(self) -> bool {
        !matches!(self, Self::Reaction | Self::System)
    }
}

/// How far a company's message has come. [`DeliveryStatus::Failed`] stands beside the row of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DeliveryStatus {
    Queued,
    /// It is unknown whether it left: the provider did not say, and no echo came. A person has to look.
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
            // A failure overrules what only says that the message left us, and yields to proof that it arrived.
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

/// Why a send failed, in the provider's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryError {
    /// The provider's code, as `BAD_CONTACT`.
    pub code: String,
    /// The provider's explanation, when it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
