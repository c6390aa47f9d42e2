//! The table, which is the source of truth. Reads and writes are here; the keys are in [`keys`], and [`row`] turns a
//! change into a conditional update.

pub mod assignment;
pub mod assignment_log;
pub mod attribute;
pub mod audit;
pub mod chat_lists;
pub mod chat_transaction;
pub mod chats;
mod client_people;
pub mod clients;
pub mod contacts;
pub mod counters;
pub mod crm_entities;
mod crm_failures;
pub mod due;
pub mod erasure;
pub mod files;
pub mod keys;
pub mod notices;
pub mod numbers;
pub mod open_chats;
pub mod outbound;
pub mod quick_replies;
pub mod record_owners;
pub mod requeues;
pub mod retry;
pub mod row;
pub mod rows;
mod rows_assignment;
pub mod rules;
pub mod settings;
pub mod settings_cache;
pub mod unanswered;
pub mod waiting;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, KeysAndAttributes, Put, Select, TransactWriteItem, Update,
};
pub use chat_transaction::{ChatTransaction, DecidedOn};
pub use retry::{IsConflict, RetryPolicy, retry_on_conflict};

use row::{Effect, Item, Key, Row, Write, item_of, row_of};
use std::collections::HashMap;
use std::time::Duration;

/// The most writes in one transaction.
pub const MAX_WRITES: usize = 100;
/// The most keys in one batch read.
const MAX_KEYS: usize = 100;

/// The reason why the table failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A conflict: the writes (by position) whose conditions do not hold. Read and decide again.
    #[error("a condition does not hold any more")]
    Lost(Vec<usize>),
    /// A conflict: another transaction is changing the same rows just now. Read and decide again.
    #[error("another transaction is at the same rows")]
    Contended,
    /// Throttled, or no answer. Worth a retry.
    #[error("the table did not answer as hoped: {0}")]
    Busy(String),
    /// The table will never accept this write; holds the error code.
    #[error("the table refuses the write: {0}")]
    Refused(String),
    /// The row cannot be parsed as its type.
    #[error("a row of {0} cannot be read")]
    Unreadable(&'static str),
    /// The value cannot be serialised as an item.
    #[error("a value cannot be written")]
    Unwritable,
}

impl StoreError {
    /// Whether another writer changed or is changing the same rows: read and decide again, at once.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Contended)
    }
}

/// The table.
#[derive(Clone, Debug)]
pub struct Store {
    client: aws_sdk_dynamodb::Client,
    table: String,
}

/// A page of results, and the start of the next one.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The results.
    pub items: Vec<T>,
    /// The key to continue from, if there is more.
    pub next: Option<Item>,
}

/// The consistency of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// As of the last write: one read unit per 4 KB.
    Consistent,
    /// Possibly slightly outdated: half a unit.
    Eventual,
}

impl Store {
    /// The table of this name.
    pub fn new(client: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Reads one row.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Unreadable`].
    pub async fn get<R: Row>(&self, key: &Key, read: Read) -> Result<Option<R>, StoreError> {
        self.item(key, read).await?.map(row_of).transpose()
    }

    async fn item(&self, key: &Key, read: Read) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(read == Read::Consistent)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        Ok(answer.item)
    }

    /// Several items, in no order; missing ones are omitted.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_items(&self, keys: &[Key], read: Read) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        for chunk in keys.chunks(MAX_KEYS) {
            let mut left: Vec<Item> = chunk.iter().map(Key::attributes).collect();
            let mut pause = Duration::from_millis(20);
            while !left.is_empty() {
                let wanted = KeysAndAttributes::builder()
                    .set_keys(Some(left))
                    .consistent_read(read == Read::Consistent)
                    .build()
                    .map_err(|_| StoreError::Unwritable)?;
                let call = self.client.batch_get_item().request_items(&self.table, wanted);
                let answer = call.send().await.map_err(|error| failure(&error))?;
                found.extend(
                    answer
                        .responses
                        .and_then(|mut by_table| by_table.remove(&self.table))
                        .unwrap_or_default(),
                );
                left = answer
                    .unprocessed_keys
                    .and_then(|mut by_table| by_table.remove(&self.table))
                    .map_or_else(Vec::new, |rest| rest.keys);
                if !left.is_empty() {
                    if pause > Duration::from_secs(2) {
                        return Err(StoreError::Busy("unprocessed keys".into()));
                    }
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        Ok(found)
    }

    /// Several rows of one kind, in no order; missing ones are omitted.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_many<R: Row>(&self, keys: &[Key], read: Read) -> Result<Vec<R>, StoreError> {
        self.get_items(keys, read).await?.into_iter().map(row_of).collect()
    }

    /// Carries out all writes or none. A single write is sent as a plain conditional write, at half the price.
    ///
    /// # Errors
    /// [`StoreError::Lost`] names the writes whose conditions failed; [`StoreError::Contended`] says that another
    /// transaction was changing the same rows.
    pub async fn commit(&self, mut writes: Vec<Write>) -> Result<(), StoreError> {
        match writes.len() {
            0 => Ok(()),
            1 => match writes.pop() {
                Some(write) if !matches!(write.effect, Effect::Check) => self.write_one(write).await,
                Some(write) => self.transact(vec![write]).await,
                None => Ok(()),
            },
            _ => self.transact(writes).await,
        }
    }

    async fn write_one(&self, write: Write) -> Result<(), StoreError> {
        let mut expressions = write.expressions();
        let key = write.key.attributes();
        match write.effect {
            Effect::Put(item) => {
                let call = self.client.put_item().table_name(&self.table).set_item(Some(item));
                let call = call.set_condition_expression(expressions.condition.take());
                let call = call.set_expression_attribute_names(expressions.names());
                let call = call.set_expression_attribute_values(expressions.values());
                call.send().await.map(|_| ()).map_err(|error| single_failure(&error))
            }
            Effect::Update { .. } => {
                let call = self.client.update_item().table_name(&self.table).set_key(Some(key));
                let call = call.set_update_expression(expressions.update.take());
                let call = call.set_condition_expression(expressions.condition.take());
                let call = call.set_expression_attribute_names(expressions.names());
                let call = call.set_expression_attribute_values(expressions.values());
                call.send().await.map(|_| ()).map_err(|error| single_failure(&error))
            }
            Effect::Delete => {
                let call = self.client.delete_item().table_name(&self.table).set_key(Some(key));
                let call = call.set_condition_expression(expressions.condition.take());
                let call = call.set_expression_attribute_names(expressions.names());
                let call = call.set_expression_attribute_values(expressions.values());
                call.send().await.map(|_| ()).map_err(|error| single_failure(&error))
            }
            Effect::Check => Ok(()),
        }
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let items =
            writes.into_iter().map(|write| self.transact_item(write)).collect::<Result<Vec<_>, _>>()?;
        let sent = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        sent.map(|_| ()).map_err(|error| {
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return failure(&error);
            };
            let codes: Vec<&str> = cancelled
                .cancellation_reasons()
                .iter()
                .map(|reason| reason.code().unwrap_or("None"))
                .collect();
            cancellation(&codes)
        })
    }

    fn transact_item(&self, write: Write) -> Result<TransactWriteItem, StoreError> {
        let mut expressions = write.expressions();
        let (key, table) = (write.key.attributes(), &self.table);
        let (condition, update) = (expressions.condition.take(), expressions.update.take());
        let (names, values) = (expressions.names(), expressions.values());
        let unwritable = |_| StoreError::Unwritable;
        Ok(match write.effect {
            Effect::Put(item) => {
                let put =
                    Put::builder().table_name(table).set_item(Some(item)).set_condition_expression(condition);
                let put = put.set_expression_attribute_names(names).set_expression_attribute_values(values);
                TransactWriteItem::builder().put(put.build().map_err(unwritable)?).build()
            }
            Effect::Update { .. } => {
                let change = Update::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(condition);
                let change = change.set_update_expression(update);
                let change =
                    change.set_expression_attribute_names(names).set_expression_attribute_values(values);
                TransactWriteItem::builder().update(change.build().map_err(unwritable)?).build()
            }
            Effect::Delete => {
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key))
                    .set_condition_expression(condition);
                let delete =
                    delete.set_expression_attribute_names(names).set_expression_attribute_values(values);
                TransactWriteItem::builder().delete(delete.build().map_err(unwritable)?).build()
            }
            Effect::Check => {
                let check = ConditionCheck::builder().table_name(table).set_key(Some(key));
                let check = check.condition_expression(condition.unwrap_or_default());
                let check =
                    check.set_expression_attribute_names(names).set_expression_attribute_values(values);
                TransactWriteItem::builder().condition_check(check.build().map_err(unwritable)?).build()
            }
        })
    }

    /// Carries out many independent writes, one transaction's worth at a time.
    ///
    /// # Errors
    /// As [`Self::commit`]; earlier writes stay.
    pub async fn commit_in_parts(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let mut rest = writes;
        while !rest.is_empty() {
            let later = rest.split_off(rest.len().min(MAX_WRITES));
            self.commit(std::mem::replace(&mut rest, later)).await?;
        }
        Ok(())
    }

    /// A page of a partition, by the prefix of the sort key; an empty prefix reads all of it.
    async fn query_prefix<R: Row>(
        &self,
        pk: &str,
        prefix: &str,
        limit: i32,
        from: Option<Item>,
        read: Read,
    ) -> Result<Page<R>, StoreError> {
        // A key condition accepts no empty text.
        let (condition, begins) = match prefix {
            "" => ("pk = :pk", None),
            prefix => ("pk = :pk AND begins_with(sk, :prefix)", Some((":prefix".to_owned(), text(prefix)))),
        };
        let values = std::iter::once((":pk".to_owned(), text(pk))).chain(begins).collect();
        let query = self
            .client
            .query()
            .key_condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .consistent_read(read == Read::Consistent);
        self.page(query, limit, from).await
    }

    /// A page of the rows that a query finds.
    async fn page<R: Row>(
        &self,
        query: QueryFluentBuilder,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<R>, StoreError> {
        let query = query.table_name(&self.table).limit(limit).set_exclusive_start_key(from);
        let answer = query.send().await.map_err(|error| failure(&error))?;
        let items = answer.items.unwrap_or_default().into_iter().map(row_of).collect::<Result<_, _>>()?;
        Ok(Page { items, next: answer.last_evaluated_key })
    }

    /// How many items a query finds, on all its pages.
    async fn count_all(&self, query: QueryFluentBuilder) -> Result<u64, StoreError> {
        let query = query.table_name(&self.table).select(Select::Count);
        let (mut count, mut from) = (0, None);
        loop {
            let page = query.clone().set_exclusive_start_key(from).send().await;
            let page = page.map_err(|error| failure(&error))?;
            count += u64::try_from(page.count).unwrap_or_default();
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(count);
            }
        }
    }

    /// All rows of one kind in a partition.
    async fn query_all<R: Row>(&self, pk: &str, prefix: &str, read: Read) -> Result<Vec<R>, StoreError> {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = self.query_prefix(pk, prefix, 1000, from, read).await?;
            found.extend(page.items);
            from = page.next;
            if from.is_none() {
                return Ok(found);
            }
        }
    }
}

fn text(value: impl Into<String>) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::N(value.to_string())
}

/// The approximate size in bytes of a row's item, as DynamoDB counts it: for limits and documentation.
///
/// # Errors
/// [`StoreError::Unwritable`], which never happens for our rows.
pub fn size_of<R: Row>(row: &R) -> Result<usize, StoreError> {
    fn value_size(value: &aws_sdk_dynamodb::types::AttributeValue) -> usize {
        use aws_sdk_dynamodb::types::AttributeValue::{B, L, M, N, S};
        match value {
            S(text) => text.len(),
            N(digits) => digits.len() / 2 + 2,
            B(blob) => blob.as_ref().len(),
            L(list) => 3 + list.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
            M(map) => 3 + size_of_map(map),
            _ => 1,
        }
    }
    fn size_of_map(map: &HashMap<String, aws_sdk_dynamodb::types::AttributeValue>) -> usize {
        map.iter().map(|(name, value)| name.len() + value_size(value)).sum()
    }
    item_of(row).map(|item| size_of_map(&item))
}

fn failure<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> StoreError {
    match error {
        SdkError::ServiceError(service) => match service.err().code() {
            Some(code @ ("ValidationException" | "ItemCollectionSizeLimitExceededException")) => {
                StoreError::Refused(code.into())
            }
            Some("TransactionConflictException") => StoreError::Contended,
            code => StoreError::Busy(code.unwrap_or("service error").into()),
        },
        SdkError::TimeoutError(_) => StoreError::Busy("time-out".into()),
        SdkError::DispatchFailure(_) => StoreError::Busy("no connection".into()),
        _ => StoreError::Busy("no understandable answer".into()),
    }
}

fn single_failure<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> StoreError {
    match error {
        SdkError::ServiceError(service)
            if service.err().code() == Some("ConditionalCheckFailedException") =>
        {
            StoreError::Lost(vec![0])
        }
        _ => failure(error),
    }
}

/// The error of a cancelled transaction: failed conditions come first, because they need a new decision; then temporary
/// errors; then permanent ones.
fn cancellation(codes: &[&str]) -> StoreError {
    let lost: Vec<usize> = codes
        .iter()
        .enumerate()
        .filter(|(_, code)| **code == "ConditionalCheckFailed")
        .map(|(place, _)| place)
        .collect();
    if !lost.is_empty() {
        return StoreError::Lost(lost);
    }
    let other = codes.iter().find(|code| **code != "None").copied().unwrap_or("no reason");
    match other {
        "TransactionConflict" => StoreError::Contended,
        "ValidationError" | "ItemCollectionSizeLimitExceeded" => StoreError::Refused(other.into()),
        _ => StoreError::Busy(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_condition_wins_over_contention() {
        assert_eq!(
            cancellation(&["None", "ConditionalCheckFailed", "TransactionConflict"]),
            StoreError::Lost(vec![1])
        );
        assert_eq!(cancellation(&["TransactionConflict", "None"]), StoreError::Contended);
        assert_eq!(cancellation(&["ValidationError"]), StoreError::Refused("ValidationError".into()));
    }
}
