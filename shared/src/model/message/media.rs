//! Files of messages: the provider's data about a file, and the state of its copy (C12).
//!
//! A file that expires or needs a credential is copied into the deployment's bucket; the message is processed at once,
//! and the file follows under a number of its own.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, MessageId};
use serde::{Deserialize, Serialize};

/// A file of a message, as the provider describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The provider's link, or a placeholder where the link must be requested from the provider's API.
    pub url: String,
    /// File name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Media type, as `image/jpeg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Whether the link expires or needs a credential, so that the file is copied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expires: bool,
}

impl Media {
    /// A file behind a link that may be passed on as it is.
    pub fn linked(url: impl Into<String>) -> Self {
        Self { url: url.into(), name: None, mime: None, bytes: None, expires: false }
    }
}

/// The state of the copy of a message's file. For a message without a copy, the provider's link is passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum FileCopy {
    /// The copy is in progress.
    Pending,
    /// The copy is in our bucket.
    Stored {
        /// The object's key.
        object: String,
        /// The end of the stable link: 128 random bits, hexadecimal.
        link: String,
        /// Media type, as it is served.
        mime: String,
        /// Size in bytes.
        bytes: u64,
    },
    /// The copy was given up.
    Failed {
        /// The reason.
        why: CopyFailure,
    },
}

/// Why a file could not be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CopyFailure {
    /// The provider no longer has it, or never had it.
    Gone,
    /// The provider refuses to give it to us.
    Refused,
    /// It is larger than allowed.
    TooLarge,
    /// It is not what the message says it is, or of a type that is not stored.
    WrongType,
    /// The link leads to an address from which nothing is fetched.
    AddressNotAllowed,
    /// The provider did not answer properly for as long as it was retried.
    Unavailable,
}

/// A file that has yet to be copied: a row in the table and in the due index until it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingFile {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat.
    pub chat: ChatId,
    /// The message.
    pub message_id: MessageId,
    /// Attempts begun so far.
    pub attempts: u32,
    /// The object that the last attempt writes. While this row exists, no message refers to the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// It is not retried before this moment: a worker is copying it, or the next attempt is scheduled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// When it must be checked: its place in the due index.
    pub check_at: Timestamp,
    /// When the message was stored.
    pub created_at: Timestamp,
}

/// The target of a stable link, found by the hash of the link's end. The file's name, which may contain personal data,
/// is stored at the object alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLink {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat.
    pub chat: ChatId,
    /// The object's key in the bucket.
    pub object: String,
    /// Media type, as it is served.
    pub mime: String,
    /// When the bucket deletes the object, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

/// The prefix of the keys of a chat's objects.
pub fn objects_of(account: &AccountId, chat: &ChatId) -> String {
    format!("{account}/{chat}/")
}
