//! Changes that the CRM did not accept and that were passed: listed until a person sends them again or lets them be.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, MessageId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long they are listed: 90 days.
pub const FAILURES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// What the CRM did not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailedChange {
    /// A message.
    Message,
    /// An edit of a message, its file included.
    Edit,
    /// The deletion of a message.
    Deletion,
    /// The delivery status of a message.
    Status,
    /// The end of a chat.
    Finished,
    /// A rule's notice.
    Notification,
    /// The creation of the client's contact or deal.
    Creation,
}

impl FailedChange {
    /// Whether it can be sent again: a notice or the end of a chat is of no use later.
    pub fn can_be_resent(self) -> bool {
        !matches!(self, Self::Finished | Self::Notification)
    }
}

/// A change that was passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrmFailure {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Its id, by which the list is in the order of the first failures.
    pub id: String,
    /// The chat.
    pub chat: ChatId,
    /// The chat's channel.
    pub channel: ChannelId,
    /// What the CRM did not accept.
    pub change: FailedChange,
    /// The change's number in the chat; for a creation the chat's number at that time.
    pub seq: u64,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The CRM's last answer, without personal data.
    pub why: String,
    /// When the first attempt failed.
    pub first_failed_at: Timestamp,
    /// When it was passed.
    pub at: Timestamp,
    /// When the row may be deleted, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}
