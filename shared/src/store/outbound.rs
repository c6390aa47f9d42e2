//! What is on its way to clients.

use super::{Read, Store, StoreError, keys};
use crate::ids::{AccountId, ChatId};
use crate::outbound::{OutboundJob, SendKey};

impl Store {
    /// What is to be done at the provider in a chat, in order, as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`], here and below.
    pub async fn outbound_jobs(
        &self,
        account: &AccountId,
        chat: &ChatId,
    ) -> Result<Vec<OutboundJob>, StoreError> {
        self.query_all(&keys::chat_partition(account, chat), "O#", Read::Consistent).await
    }

    /// The send that was asked for under a key, as of the last write; `digest` by [`SendKey::digest`].
    pub async fn send_key(&self, account: &AccountId, digest: &str) -> Result<Option<SendKey>, StoreError> {
        self.get(&keys::send_key(account, digest), Read::Consistent).await
    }
}
