//! Chats and messages: by key, by number, by time, by list, by due time.

use super::row::{Item, Key, row_of};
use super::{Page, Read, Store, StoreError, failure, keys, number, text};
use crate::chat::{Chat, ChatState};
use crate::clock::Timestamp;
use crate::contact::{Contact, Identity};
use crate::crm_progress::Numbered;
use crate::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId, MessageId};
use crate::message::Message;
use crate::phone::Phone;
use aws_sdk_dynamodb::types::AttributeValue;
use keys::{ContactClaimRow, Due};
use std::collections::BTreeMap;

impl Store {
    /// A chat, as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`], here and in all reads below.
    pub async fn chat(&self, account: &AccountId, chat: &ChatId) -> Result<Option<Chat>, StoreError> {
        self.get(&keys::chat(account, chat), Read::Consistent).await
    }

    /// Several chats, as of the last write, in no order.
    pub async fn chats(&self, account: &AccountId, chats: &[ChatId]) -> Result<Vec<Chat>, StoreError> {
        let keys: Vec<Key> = chats.iter().map(|chat| keys::chat(account, chat)).collect();
        self.get_many(&keys, Read::Consistent).await
    }

    /// Messages by their ids, as of the last write, in no order.
    pub async fn messages(
        &self,
        account: &AccountId,
        chat: &ChatId,
        ids: &[MessageId],
    ) -> Result<Vec<Message>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| keys::message(account, chat, id)).collect();
        self.get_many(&keys, Read::Consistent).await
    }

    /// All messages and events whose last change is behind `done`, each once, in no order.
    pub async fn numbered_after(
        &self,
        account: &AccountId,
        chat: &ChatId,
        done: u64,
    ) -> Result<Vec<Numbered>, StoreError> {
        // By key: a row that was changed between two pages stands in both, and the later reading counts.
        let (mut found, mut from) = (BTreeMap::new(), None);
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("by_seq")
                .key_condition_expression("pk = :pk AND seq > :done")
                .expression_attribute_values(":pk", text(keys::chat_partition(account, chat)))
                .expression_attribute_values(":done", number(done))
                .consistent_read(true)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| failure(&error))?;
            for item in answer.items.unwrap_or_default() {
                let key = key_of(&item).ok_or(StoreError::Unreadable("a numbered row"))?.sk;
                let row = if key.starts_with("E#") {
                    Numbered::Event(row_of(item)?)
                } else {
                    Numbered::Message(Box::new(row_of(item)?))
                };
                found.insert(key, row);
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(found.into_values().collect());
            }
        }
    }

    /// A page of a chat's messages by the time they are shown under, newest first.
    pub async fn messages_by_time(
        &self,
        account: &AccountId,
        chat: &ChatId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<Message>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("by_time")
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::chat_partition(account, chat)))
            .scan_index_forward(false)
            .limit(limit)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let items = answer.items.unwrap_or_default().into_iter().map(row_of).collect::<Result<_, _>>()?;
        Ok(Page { items, next: answer.last_evaluated_key })
    }

    /// A page of a channel's live or general chats, latest first. The index says where to look; what is answered is read
    /// from the rows, and a chat that has left the list meanwhile is left out.
    pub async fn chats_of_channel(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        state: ChatState,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<Chat>, StoreError> {
        let partition = keys::list(account, channel, state);
        let page = self.index_page("chat_list", "list_key", partition, limit, from).await?;
        let mut chats: Vec<Chat> = self.get_many(&page.items, Read::Consistent).await?;
        chats.retain(|chat| chat.state == state && chat.channel == *channel);
        chats.sort_by_key(|chat| std::cmp::Reverse(chat.listed_at));
        Ok(Page { items: chats, next: page.next })
    }

    /// A page of an employee's chats: live ones after the general ones, so latest first means live first.
    pub async fn chats_of_employee(
        &self,
        account: &AccountId,
        employee: &EmployeeId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<Chat>, StoreError> {
        let partition = format!("{account}#{employee}");
        let page = self.index_page("employee_chats", "employee_key", partition, limit, from).await?;
        let mut chats: Vec<Chat> = self.get_many(&page.items, Read::Consistent).await?;
        chats.retain(|chat| chat.responsible.as_ref() == Some(employee));
        chats.sort_by_key(|chat| std::cmp::Reverse((chat.state == ChatState::Live, chat.listed_at)));
        Ok(Page { items: chats, next: page.next })
    }

    async fn index_page(
        &self,
        index: &str,
        attribute: &str,
        partition: String,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<Key>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression("#partition = :partition")
            .expression_attribute_names("#partition", attribute)
            .expression_attribute_values(":partition", text(partition))
            .scan_index_forward(false)
            .limit(limit)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let items = answer.items.unwrap_or_default().iter().filter_map(key_of).collect();
        Ok(Page { items, next: answer.last_evaluated_key })
    }

    /// A page of what is due in a shard up to a moment, earliest first, with its time.
    pub async fn due(
        &self,
        shard: u8,
        until: Timestamp,
        from: Option<Item>,
    ) -> Result<Page<(Due, Timestamp)>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND check_at <= :until")
            .expression_attribute_values(":shard", text(keys::due_shard(shard)))
            .expression_attribute_values(":until", number(until.millis()))
            .limit(500)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let items = answer.items.unwrap_or_default();
        let items =
            items.iter().filter_map(|item| Some((Due::parse(&key_of(item)?)?, time_of(item)?))).collect();
        Ok(Page { items, next: answer.last_evaluated_key })
    }

    /// A contact.
    pub async fn contact(
        &self,
        account: &AccountId,
        contact: &ContactId,
        read: Read,
    ) -> Result<Option<Contact>, StoreError> {
        self.get(&keys::contact(account, contact), read).await
    }

    /// Who owns an identity, and who owns the phone in it.
    pub async fn owners(
        &self,
        account: &AccountId,
        identity: &Identity,
        phone: Option<&Phone>,
    ) -> Result<(Option<ContactId>, Option<ContactId>), StoreError> {
        let identity_key = keys::identity(account, identity);
        let phone_key = phone.map(|phone| keys::phone(account, phone));
        let wanted: Vec<Key> = std::iter::once(identity_key.clone()).chain(phone_key.clone()).collect();
        let (mut by_identity, mut by_phone) = (None, None);
        for item in self.get_items(&wanted, Read::Consistent).await? {
            let key = key_of(&item);
            let row: ContactClaimRow = row_of(item)?;
            if key.as_ref() == Some(&identity_key) {
                by_identity = Some(row.claim.contact);
            } else if key == phone_key {
                by_phone = Some(row.claim.contact);
            }
        }
        Ok((by_identity, by_phone))
    }
}

/// The key in an item or in a start key.
pub fn key_of(item: &Item) -> Option<Key> {
    Some(Key { pk: item.get("pk")?.as_s().ok()?.clone(), sk: item.get("sk")?.as_s().ok()?.clone() })
}

fn time_of(item: &Item) -> Option<Timestamp> {
    match item.get("check_at")? {
        AttributeValue::N(digits) => digits.parse().ok().map(Timestamp::from_millis),
        _ => None,
    }
}
