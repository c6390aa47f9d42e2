//! Counters that many processes add to, for limits per window of time: one plain update, without a condition or a read.

use super::row::Key;
use super::{Store, StoreError, failure, number};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

impl Store {
    /// Adds `by` to the counter at `key` and returns the new total. A missing counter begins at zero, and is deleted
    /// some time after `expires_at` (seconds since the epoch; the table's TTL): a key serves one window only.
    ///
    /// # Errors
    /// [`StoreError::Busy`]; then it is unknown whether the amount was added.
    pub async fn count(&self, key: &Key, by: u64, expires_at: i64) -> Result<u64, StoreError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .update_expression("ADD #count :by SET expires_at = :end")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":by", number(by))
            .expression_attribute_values(":end", number(expires_at))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let total = answer.attributes.as_ref().and_then(|attributes| attributes.get("count"));
        match total {
            Some(AttributeValue::N(digits)) => {
                digits.parse().map_err(|_| StoreError::Unreadable("a counter"))
            }
            _ => Err(StoreError::Unreadable("a counter")),
        }
    }
}
