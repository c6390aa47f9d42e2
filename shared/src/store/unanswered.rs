//! How many chats wait for an answer in one partition of the index: an employee's, or a channel's unclaimed ones.

use super::{Store, StoreError, failure, text};
use crate::base::clock::Timestamp;
use aws_sdk_dynamodb::types::Select;

/// The chats of a partition that wait for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// The number of chats.
    pub count: u64,
    /// Since when the client waits who began to wait last.
    pub latest_at: Option<Timestamp>,
}

impl Store {
    /// Counts them from the index: slightly outdated, at half a read unit for every 4 KB of it (some 20 chats).
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn unanswered_in(&self, partition: &str) -> Result<Waiting, StoreError> {
        let query = |select: Select| {
            let call = self.client.query().table_name(&self.table).index_name("unanswered");
            let call = call.key_condition_expression("employee_key = :partition").select(select);
            call.expression_attribute_values(":partition", text(partition))
        };
        let latest = query(Select::AllProjectedAttributes).scan_index_forward(false).limit(1).send().await;
        let latest = latest.map_err(|error| failure(&error))?;
        let at = latest.items().first().and_then(|item| item.get("unanswered_at")?.as_n().ok());
        let latest_at = at.and_then(|digits| digits.parse().ok()).map(Timestamp::from_millis);
        let mut found = Waiting { count: 0, latest_at };
        let mut from = None;
        while latest_at.is_some() {
            let page = query(Select::Count).set_exclusive_start_key(from).send().await;
            let page = page.map_err(|error| failure(&error))?;
            found.count += u64::try_from(page.count).unwrap_or_default();
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        Ok(found)
    }
}
