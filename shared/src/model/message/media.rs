//! Files of messages: what a provider tells of one, and how far its copy has come (C12).
//!
//! A file that expires or needs a credential is copied into the deployment's bucket; the message goes on at once, and
//! the file follows under a number of its own.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, MessageId};
use serde::{Deserialize, Serialize};

/// A file of a message, as the provider tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// The provider's link, or what stands for one where the provider's API has to be asked for it.
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

/// How far the copy of a message's file has come. A message without one passes the provider's link on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum FileCopy {
    /// On its way.
    Pending,
    /// In our bucket.
    Stored {
        /// The object's key.
        object: String,
        /// What the stable link ends with: 128 random bits, hexadecimal.
        link: String,
        /// Media type, as it is served.
        mime: String,
        /// Size in bytes.
        bytes: u64,
    },
    /// Given up.
    Failed {
        /// Why.
        why: CopyFailure,
    },
}

/// Why a file could not be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyFailure {
    /// The provider has it no more, or never had.
    Gone,
    /// The provider does not let us have it.
    Refused,
    /// Larger than is kept.
    TooLarge,
    /// Not what the message says it is, or of a type that is not kept.
    WrongType,
    /// The link leads where nothing is fetched from.
    AddressNotAllowed,
    /// The provider did not answer as it should, for as long as was tried.
    Unavailable,
}

/// A file that has yet to be copied: work that stands in the table and on the due index until it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingFile {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Of which chat.
    pub chat: ChatId,
    /// Of which message.
    pub message_id: MessageId,
    /// Attempts begun so far.
    pub attempts: u32,
    /// The object that the attempt begun last writes. While this row is there, no message leads to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Not before this moment is it tried again: somebody is at it, or the next attempt has its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// When it must be looked at: its place in the due index.
    pub check_at: Timestamp,
    /// When the message was stored.
    pub created_at: Timestamp,
}

/// Where a stable link leads: found by the hash of its ending. The file's name, which may say something of a person,
/// stands at the object alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLink {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose file.
    pub account: AccountId,
    /// Of which chat.
    pub chat: ChatId,
    /// The object's key in the bucket.
    pub object: String,
    /// Media type, as it is served.
    pub mime: String,
    /// When the bucket lets the object go, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

/// What the keys of a chat's objects begin with.
pub fn objects_of(account: &AccountId, chat: &ChatId) -> String {
    format!("{account}/{chat}/")
}
