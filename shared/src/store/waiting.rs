//! Clients who wait for a responsible: their rows, and their number.

use super::row::{Write, row_of};
use super::{Store, StoreError, failure, keys, text};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId};
use crate::model::assignment::WaitingClient;
use crate::model::chat::Chat;
use aws_sdk_dynamodb::types::Select;

/// The most waiting clients that are counted.
pub const MOST_WAITING: i32 = 1000;

/// The writes for a chat's row in its channel's queue, for a change that puts the client there or takes them out.
///
/// # Errors
/// As [`Write::put`].
pub(super) fn waiting_writes(before: &Chat, after: &Chat) -> Result<Vec<Write>, StoreError> {
    if before.waiting_since == after.waiting_since {
        return Ok(Vec::new());
    }
    let gone = before
        .waiting_since
        .map(|since| Write::forget(keys::waiting(&before.account, &before.channel, since, &before.chat)));
    let new = after.waiting_since.map(|arrived_at| {
        Write::put(&WaitingClient {
            v: 1,
            account: after.account.clone(),
            channel: after.channel.clone(),
            chat: after.chat.clone(),
            contact: after.contact.clone(),
            arrived_at,
        })
    });
    Ok(gone.into_iter().chain(new.transpose()?).collect())
}

impl Store {
    /// How many clients wait on a channel, as of the last write, counted up to [`MOST_WAITING`]; with a chat whose
    /// client waits, how many are before that client.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn count_waiting(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        before: Option<&Chat>,
    ) -> Result<u32, StoreError> {
        let place = before.and_then(|chat| {
            let since = chat.waiting_since?;
            Some(keys::waiting(account, channel, since, &chat.chat).sk)
        });
        // BETWEEN includes its end: the chat's own row.
        let own = u32::from(place.is_some());
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", text(keys::ring_partition(account, channel)))
            .expression_attribute_values(":first", text("WAITING#"))
            .expression_attribute_values(":last", text(place.unwrap_or_else(|| "WAITING#~".to_owned())))
            .select(Select::Count)
            .limit(MOST_WAITING + i32::try_from(own).unwrap_or_default())
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        Ok(u32::try_from(answer.count).unwrap_or_default().saturating_sub(own))
    }

    /// Since when the client waits who came last to a channel, as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn last_waiting(
        &self,
        account: &AccountId,
        channel: &ChannelId,
    ) -> Result<Option<Timestamp>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :waiting)")
            .expression_attribute_values(":pk", text(keys::ring_partition(account, channel)))
            .expression_attribute_values(":waiting", text("WAITING#"))
            .scan_index_forward(false)
            .limit(1)
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let last = answer.items.unwrap_or_default().into_iter().next();
        let last: Option<WaitingClient> = last.map(row_of).transpose()?;
        Ok(last.map(|client| client.arrived_at))
    }
}
