//! Files: those that have yet to be copied or sent, and where stable links lead.

use super::row::{Condition, Effect, Key, Row, Write};
use super::{Read, Store, StoreError, keys, number};
use crate::base::ids::{AccountId, ChatId};
use crate::model::message::media::{FileLink, PendingFile};
use crate::model::upload::Upload;
use keys::FileLinkRow;

impl Row for Upload {
    fn key(&self) -> Key {
        keys::upload(&self.account, &self.id)
    }
}

impl Store {
    /// A chat's files that have yet to be copied, as of the last write, in no order.
    ///
    /// # Errors
    /// As [`Store::get`], here and below.
    pub async fn pending_files(
        &self,
        account: &AccountId,
        chat: &ChatId,
    ) -> Result<Vec<PendingFile>, StoreError> {
        self.query_all(&keys::chat_partition(account, chat), "F#", Read::Consistent).await
    }

    /// A file that was announced, as of the last write; also one whose time is over, until the table takes it away.
    pub async fn upload(&self, account: &AccountId, id: &str) -> Result<Option<Upload>, StoreError> {
        self.get(&keys::upload(account, id), Read::Consistent).await
    }

    /// Where a stable link leads, by the SHA-256 of its ending.
    pub async fn file_link(&self, hash: &str) -> Result<Option<FileLink>, StoreError> {
        let row: Option<FileLinkRow> = self.get(&keys::file_link(hash), Read::Consistent).await?;
        Ok(row.map(|row| row.link))
    }
}

/// Takes a file off the list, while it is the one that was read: another edit of its message may have put it there anew.
pub fn settled(file: &PendingFile) -> Write {
    let as_read = |name: &str, value: String| Condition::Same(name.to_owned(), Some(number(value)));
    Write {
        key: file.key(),
        conditions: vec![
            Condition::Exists,
            as_read("created_at", file.created_at.millis().to_string()),
            as_read("attempts", file.attempts.to_string()),
        ],
        effect: Effect::Delete,
    }
}
