//! The audit trail of settings changes.

use super::row::{Item, row_of};
use super::{Page, Store, StoreError, failure, keys, text};
use crate::base::ids::AccountId;
use crate::model::audit::AuditEntry;

impl Store {
    /// A page of an account's audit trail, the newest first.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn audit(
        &self,
        account: &AccountId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::audit_partition(account)))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(limit)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let items = answer.items.unwrap_or_default().into_iter().map(row_of).collect::<Result<_, _>>()?;
        Ok(Page { items, next: answer.last_evaluated_key })
    }
}
