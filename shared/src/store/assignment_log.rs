//! Reads the history of a chat's responsible.

use super::row::{Item, row_of};
use super::{Page, Store, StoreError, failure, keys, text};
use crate::base::ids::{AccountId, ChatId};
use crate::model::chat::assignment_record::AssignmentRecord;

impl Store {
    /// A page of the history of a chat's responsible, the latest first, as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`]; [`StoreError::Refused`] also for a start key of another list.
    pub async fn assignment_records(
        &self,
        account: &AccountId,
        chat: &ChatId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<AssignmentRecord>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :records)")
            .expression_attribute_values(":pk", text(keys::chat_partition(account, chat)))
            .expression_attribute_values(":records", text("A#"))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(limit)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let items = answer.items.unwrap_or_default().into_iter().map(row_of).collect::<Result<_, _>>()?;
        Ok(Page { items, next: answer.last_evaluated_key })
    }
}
