//! Files: those still to be copied or sent, and the targets of stable links.

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
    /// A chat's files that are still to be copied, as of the last write, in no order.
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

    /// An announced file, as of the last write; also an expired one, until the table deletes it.
    pub async fn upload(&self, account: &AccountId, id: &str) -> Result<Option<Upload>, StoreError> {
        self.get(&keys::upload(account, id), Read::Consistent).await
    }

    /// The target of a stable link, by the SHA-256 of the link's last part.
    pub async fn file_link(&self, hash: &str) -> Result<Option<FileLink>, StoreError> {
        let row: Option<FileLinkRow> = self.get(&keys::file_link(hash), Read::Consistent).await?;
        Ok(row.map(|row| row.link))
    }
}

/// Removes a file from the list, if it is unchanged since it was read: another edit of its message may have added it
/// again.
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
