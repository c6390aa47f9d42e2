//! The audit trail of settings changes.

use super::row::Item;
use super::{Page, Store, StoreError, keys, text};
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
        let query = self
            .client
            .query()
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::audit_partition(account)))
            .consistent_read(true)
            .scan_index_forward(false);
        self.page(query, limit, from).await
    }
}
