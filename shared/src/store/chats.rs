//! Chats and messages: by key, by number, by time, by due time. The lists of chats are in [`super::chat_lists`].

use super::row::{Item, Key, row_of};
use super::{Page, Read, Store, StoreError, failure, keys, number, text};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, MessageId};
use crate::model::chat::{Chat, ChatAliasRow};
use crate::model::crm::progress::SequencedRow;
use crate::model::message::Message;
use crate::model::message::listing::ChatListing;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::{BTreeMap, HashMap, HashSet};

impl Store {
    /// A chat, as of the last write. Another form of its id leads to it, so its id may differ from the requested one.
    ///
    /// # Errors
    /// As [`Store::get`], here and in all reads below.
    pub async fn chat(&self, account: &AccountId, chat: &ChatId) -> Result<Option<Chat>, StoreError> {
        let mut key = keys::chat(account, chat);
        // An alias points to a chat, never to another alias; the second hop handles a row that changed in between.
        for _ in 0..2 {
            let found = self.item(&key, Read::Consistent).await?;
            // A chat that is being erased is not readable any more; its row keeps a new chat out until the erasure
            // ends.
            let Some(item) = found.filter(|item| !is_tombstone(item)) else { return Ok(None) };
            if !item.contains_key("alias_of") {
                return row_of(item).map(Some);
            }
            let alias: ChatAliasRow = row_of(item)?;
            key = keys::chat(account, &alias.alias_of);
        }
        Err(StoreError::Unreadable("a chat alias"))
    }

    /// Several chats, as of the last write, in no order.
    pub async fn chats(&self, account: &AccountId, chats: &[ChatId]) -> Result<Vec<Chat>, StoreError> {
        let keys: Vec<Key> = chats.iter().map(|chat| keys::chat(account, chat)).collect();
        self.chats_at(&keys).await
    }

    /// The chats at these keys, as of the last write, in no order; those that are being erased are omitted.
    pub(super) async fn chats_at(&self, keys: &[Key]) -> Result<Vec<Chat>, StoreError> {
        let items = self.get_items(keys, Read::Consistent).await?;
        items.into_iter().filter(|item| !is_tombstone(item)).map(row_of).collect()
    }

    /// Messages by their ids, as of the last write, in no order.
    pub async fn messages(
        &self,
        account: &AccountId,
        chat: &ChatId,
        ids: &[MessageId],
    ) -> Result<Vec<Message>, StoreError> {
        Ok(self.stored_messages(account, chat, ids).await?.messages)
    }

    /// The same, and the ids of those that were erased.
    pub async fn stored_messages(
        &self,
        account: &AccountId,
        chat: &ChatId,
        ids: &[MessageId],
    ) -> Result<StoredMessages, StoreError> {
        let by_key: HashMap<Key, &MessageId> =
            ids.iter().map(|id| (keys::message(account, chat, id), id)).collect();
        let wanted: Vec<Key> = by_key.keys().cloned().collect();
        let mut found = StoredMessages::default();
        for item in self.get_items(&wanted, Read::Consistent).await? {
            if is_tombstone(&item) {
                found.erased.extend(key_of(&item).and_then(|key| by_key.get(&key).copied()).cloned());
            } else {
                found.messages.push(row_of(item)?);
            }
        }
        Ok(found)
    }

    /// Listings of a chat by their ids, as of the last write.
    pub async fn chat_listings_by_id(
        &self,
        account: &AccountId,
        chat: &ChatId,
        ids: &[String],
    ) -> Result<Vec<ChatListing>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| keys::chat_listing(account, chat, id)).collect();
        self.get_many(&keys, Read::Consistent).await
    }

    /// All listings that a chat was about, in no order.
    pub async fn chat_listings(
        &self,
        account: &AccountId,
        chat: &ChatId,
    ) -> Result<Vec<ChatListing>, StoreError> {
        self.query_all(&keys::chat_partition(account, chat), "L#", Read::Consistent).await
    }

    /// All messages and events whose last change is after `done`, each once, in no order.
    pub async fn numbered_after(
        &self,
        account: &AccountId,
        chat: &ChatId,
        done: u64,
    ) -> Result<Vec<SequencedRow>, StoreError> {
        // By key: a row that was changed between two pages is in both, and the later read counts.
        let (mut found, mut from) = (BTreeMap::new(), None);
        loop {
            let query = self.by_seq(account, chat, done).set_exclusive_start_key(from);
            let answer = query.send().await.map_err(|error| failure(&error))?;
            for item in answer.items.unwrap_or_default() {
                let (key, row) = numbered(item)?;
                found.insert(key, row);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(found.into_values().collect());
            }
        }
    }

    /// The first messages and events whose last change is after `after`, at most `limit`, in the order of their
    /// numbers, and whether there are more.
    pub async fn changes_after(
        &self,
        account: &AccountId,
        chat: &ChatId,
        after: u64,
        limit: i32,
    ) -> Result<(Vec<SequencedRow>, bool), StoreError> {
        let query = self.by_seq(account, chat, after).limit(limit);
        let answer = query.send().await.map_err(|error| failure(&error))?;
        let items = answer.items.unwrap_or_default().into_iter();
        let rows = items.map(|item| numbered(item).map(|(_, row)| row)).collect::<Result<_, _>>()?;
        Ok((rows, answer.last_evaluated_key.is_some()))
    }

    /// The query for the messages and events whose last change is after `after`.
    fn by_seq(&self, account: &AccountId, chat: &ChatId, after: u64) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name("by_seq")
            .key_condition_expression("pk = :pk AND seq > :after")
            .expression_attribute_values(":pk", text(keys::chat_partition(account, chat)))
            .expression_attribute_values(":after", number(after))
            .consistent_read(true)
    }

    /// A page of a chat's messages by the time under which they are shown, newest first.
    pub async fn messages_by_time(
        &self,
        account: &AccountId,
        chat: &ChatId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<Message>, StoreError> {
        let query = self
            .client
            .query()
            .index_name("by_time")
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::chat_partition(account, chat)))
            .scan_index_forward(false);
        self.page(query, limit, from).await
    }
}

/// Messages as stored in the table.
#[derive(Clone, Debug, Default)]
pub struct StoredMessages {
    /// The messages that exist, in no order.
    pub messages: Vec<Message>,
    /// The ids of those that were erased.
    pub erased: HashSet<MessageId>,
}

/// Whether an item is a tombstone.
pub(super) fn is_tombstone(item: &Item) -> bool {
    item.contains_key("erased_at") && !item.contains_key("v")
}

/// A row with a number, and its sort key.
fn numbered(item: Item) -> Result<(String, SequencedRow), StoreError> {
    let key = key_of(&item).ok_or(StoreError::Unreadable("a numbered row"))?.sk;
    let row = if key.starts_with("E#") {
        SequencedRow::Event(row_of(item)?)
    } else if key.starts_with("A#") {
        SequencedRow::Assignment(Box::new(row_of(item)?))
    } else {
        SequencedRow::Message(Box::new(row_of(item)?))
    };
    Ok((key, row))
}

/// The key of an item or of a start key.
pub fn key_of(item: &Item) -> Option<Key> {
    Some(Key { pk: item.get("pk")?.as_s().ok()?.clone(), sk: item.get("sk")?.as_s().ok()?.clone() })
}

pub(super) fn moment(item: &Item, attribute: &str) -> Option<Timestamp> {
    match item.get(attribute)? {
        AttributeValue::N(digits) => digits.parse().ok().map(Timestamp::from_millis),
        _ => None,
    }
}
