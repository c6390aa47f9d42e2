//! Reads the history of a chat's responsible.

use super::row::Item;
use super::{Page, Store, StoreError, keys, text};
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
        let query = self
            .client
            .query()
            .key_condition_expression("pk = :pk AND begins_with(sk, :records)")
            .expression_attribute_values(":pk", text(keys::chat_partition(account, chat)))
            .expression_attribute_values(":records", text("A#"))
            .scan_index_forward(false)
            .consistent_read(true);
        self.page(query, limit, from).await
    }
}
