//! The changes that a CRM did not accept and that were passed.

use super::row::{Item, Key, Row};
use super::{Page, Read, Store, StoreError, keys, text};
use crate::base::ids::AccountId;
use crate::model::crm::failure::CrmFailure;

impl Row for CrmFailure {
    fn key(&self) -> Key {
        keys::crm_failure(&self.account, &self.id)
    }
}

impl Store {
    /// A page of an account's failed changes, the oldest first: in this order they are sent again.
    ///
    /// # Errors
    /// As [`Store::get`], here and below.
    pub async fn crm_failures(
        &self,
        account: &AccountId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<CrmFailure>, StoreError> {
        let query = self
            .client
            .query()
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::crm_failures(account)))
            .consistent_read(true);
        self.page(query, limit, from).await
    }

    /// One failed change.
    pub async fn crm_failure(&self, account: &AccountId, id: &str) -> Result<Option<CrmFailure>, StoreError> {
        self.get(&keys::crm_failure(account, id), Read::Consistent).await
    }
}
