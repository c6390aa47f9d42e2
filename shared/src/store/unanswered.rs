//! How many chats wait for an answer in one partition of the index: an employee's, or a channel's unclaimed ones.

use super::chat_lists::UNANSWERED;
use super::chats::moment;
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
        let (count, latest_at) = self.count_unanswered(partition, true).await?;
        Ok(Waiting { count, latest_at })
    }

    /// The number of chats in a partition, and since when the client of the first waits: of the longest waiting, or of
    /// the latest.
    pub(super) async fn count_unanswered(
        &self,
        partition: &str,
        latest_first: bool,
    ) -> Result<(u64, Option<Timestamp>), StoreError> {
        let query = self.client.query().table_name(&self.table).index_name(UNANSWERED.name);
        let query = query.key_condition_expression("employee_key = :partition");
        let query = query.expression_attribute_values(":partition", text(partition));
        let first = query.clone().select(Select::AllProjectedAttributes).scan_index_forward(!latest_first);
        let first = first.limit(1).send().await.map_err(|error| failure(&error))?;
        let at = first.items().first().and_then(|item| moment(item, "unanswered_at"));
        let count = if at.is_some() { self.count_all(query).await? } else { 0 };
        Ok((count, at))
    }
}
