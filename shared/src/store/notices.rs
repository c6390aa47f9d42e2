//! Notices in the lists of their readers, and their events.

use super::row::{Key, Row, Write, row_of};
use super::{Read, Store, StoreError, failure, keys, text};
use crate::base::ids::AccountId;
use crate::model::chat::{Chat, ChatEvent};
use crate::model::notices::{NoticeRow, Reader, notice_rows};
use futures::future::try_join_all;
use std::cmp::Reverse;

impl Row for NoticeRow {
    fn key(&self) -> Key {
        let partition = match &self.reader {
            Reader::Employee(employee) => keys::notices_of_employee(&self.account, employee),
            Reader::Heads => keys::notices_of_heads(&self.account, &self.channel),
        };
        keys::notice(partition, self.at, &self.chat, self.seq)
    }
}

/// The writes for [`notice_rows`].
///
/// # Errors
/// As [`Write::create`].
pub fn notice_writes(chat: &Chat, event: &ChatEvent) -> Result<Vec<Write>, StoreError> {
    notice_rows(chat, event).iter().map(Write::create).collect()
}

impl Store {
    /// The latest notices of several lists together, the latest first, at most `limit`; only those whose sort key is
    /// before `before`, if it is given. Also returns whether there are more.
    ///
    /// # Errors
    /// As [`Store::get`], here and below.
    pub async fn notices(
        &self,
        lists: &[String],
        before: Option<&str>,
        limit: i32,
    ) -> Result<(Vec<NoticeRow>, bool), StoreError> {
        let pages = try_join_all(lists.iter().map(|list| self.notices_of(list, before, limit))).await?;
        let mut more = pages.iter().any(|(_, more)| *more);
        let mut found: Vec<NoticeRow> = pages.into_iter().flat_map(|(rows, _)| rows).collect();
        found.sort_by_cached_key(|row| Reverse(row.key().sk));
        let most = usize::try_from(limit).unwrap_or_default();
        more |= found.len() > most;
        found.truncate(most);
        Ok((found, more))
    }

    async fn notices_of(
        &self,
        list: &str,
        before: Option<&str>,
        limit: i32,
    ) -> Result<(Vec<NoticeRow>, bool), StoreError> {
        let condition = before.map_or("pk = :pk", |_| "pk = :pk AND sk < :before");
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(condition)
            .expression_attribute_values(":pk", text(list));
        if let Some(before) = before {
            query = query.expression_attribute_values(":before", text(before));
        }
        let answer = query.scan_index_forward(false).consistent_read(true).limit(limit).send().await;
        let answer = answer.map_err(|error| failure(&error))?;
        let rows = answer.items.unwrap_or_default().into_iter().map(row_of).collect::<Result<_, _>>()?;
        Ok((rows, answer.last_evaluated_key.is_some()))
    }

    /// The events of notices, in no order; those that were deleted with their chat are omitted.
    pub async fn events_of_notices(
        &self,
        account: &AccountId,
        notices: &[NoticeRow],
    ) -> Result<Vec<ChatEvent>, StoreError> {
        let keys: Vec<Key> =
            notices.iter().map(|row| keys::chat_event(account, &row.chat, row.seq)).collect();
        self.get_many(&keys, Read::Consistent).await
    }
}
