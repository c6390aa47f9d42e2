//! Jobs for providers.

use super::keys::{self, Pointer};
use super::row::Write;
use super::{Read, Store, StoreError};
use crate::base::ids::{AccountId, ChatId};
use crate::model::message::Message;
use crate::model::outbound::{OutboundJob, SendKey, own_ids};

impl Store {
    /// The jobs of a chat, in order, as of the last write.
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

    /// The send that was requested under an idempotency key, as of the last write; `digest` by [`SendKey::digest`].
    pub async fn send_key(&self, account: &AccountId, digest: &str) -> Result<Option<SendKey>, StoreError> {
        self.get(&keys::send_key(account, digest), Read::Consistent).await
    }
}

/// The rows of a message that is written here, by an employee or automatically: the message, its job for the provider,
/// and the pointer to its chat by our id, because a CRM names only that id when it edits a message.
///
/// # Errors
/// As [`Write::create`].
pub fn send_writes(row: &Message, job: &OutboundJob) -> Result<Vec<Write>, StoreError> {
    let own_pointer = Pointer {
        account: row.account.clone(),
        connection: own_ids(),
        message_id: row.message_id.clone(),
        chat: row.chat.clone(),
        own_id: Some(row.message_id.clone()),
    };
    Ok(vec![Write::create(row)?, Write::create(job)?, Write::create(&own_pointer)?])
}
