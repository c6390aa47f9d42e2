//! Erasures: their reads, and the writes that leave only digests and times.
//!
//! While a chat's rows are being deleted, a mark replaces its own row. The mark cannot be read as a chat, so nothing
//! writes into the chat until the mark is gone: the client's new messages wait in the queue, and begin a new chat. So
//! an erasure that runs twice, or late, never touches later data.

use super::chats::{is_tombstone, key_of};
use super::keys::{self, ContactClaimRow, Pointer, TombstoneRow};
use super::row::{Condition, Effect, Item, Key, Row, Write, row_of};
use super::{Page, Read, Store, StoreError, failure, text};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, ConnectionId, ContactId, MessageId};
use crate::base::phone::Phone;
use crate::model::chat::Chat;
use crate::model::contact::blacklist::BlockEntry;
use crate::model::contact::{ContactChat, Identity};
use crate::model::erasure::{ErasedSubject, Erasure, Tombstone};
use crate::model::message::Message;
use crate::store::attribute;
use std::collections::HashSet;

/// The row at a chat's key.
#[derive(Clone, Debug)]
pub enum ChatPlace {
    /// The chat.
    Chat(Box<Chat>),
    /// The mark of an erasure that is not finished.
    Mark,
    /// No row, or an alias of another chat.
    Nothing,
}

/// A row in a chat's partition that is to be deleted.
#[derive(Clone, Debug)]
pub enum ChatRow {
    /// A message; `None` if this version cannot read it.
    Message(Key, Option<Box<Message>>),
    /// Anything else.
    Other(Key),
}

/// A claimed identity or phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The key of the claim.
    pub at: Key,
    /// Its owner.
    pub contact: ContactId,
}

impl Store {
    /// An erasure, as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`], here and in all reads below.
    pub async fn erasure(&self, account: &AccountId, erasure: &str) -> Result<Option<Erasure>, StoreError> {
        self.get(&keys::erasure(account, erasure), Read::Consistent).await
    }

    /// The next chat of a contact's history in the order of the ids, behind `after`.
    pub async fn next_contact_chat(
        &self,
        account: &AccountId,
        contact: &ContactId,
        after: Option<&ChatId>,
    ) -> Result<Option<ContactChat>, StoreError> {
        let from = after.map(|chat| keys::contact_chat(account, contact, chat).attributes());
        let page = self.contact_chats(account, contact, 1, from).await?;
        Ok(page.items.into_iter().next())
    }

    /// The row at a chat's key, as of the last write.
    pub async fn chat_place(&self, account: &AccountId, chat: &ChatId) -> Result<ChatPlace, StoreError> {
        match self.item(&keys::chat(account, chat), Read::Consistent).await? {
            None => Ok(ChatPlace::Nothing),
            Some(item) if item.contains_key("alias_of") => Ok(ChatPlace::Nothing),
            Some(item) if is_tombstone(&item) => Ok(ChatPlace::Mark),
            Some(item) => row_of(item).map(|chat| ChatPlace::Chat(Box::new(chat))),
        }
    }

    /// The claims of identities and phones, as of the last write; unowned ones are omitted.
    pub async fn claims(
        &self,
        account: &AccountId,
        identities: &[Identity],
        phones: &[Phone],
    ) -> Result<Vec<Claim>, StoreError> {
        let by_identity = identities.iter().map(|identity| keys::identity(account, identity));
        let wanted: HashSet<Key> =
            by_identity.chain(phones.iter().map(|phone| keys::phone(account, phone))).collect();
        let wanted: Vec<Key> = wanted.into_iter().collect();
        let mut claims = Vec::new();
        for item in self.get_items(&wanted, Read::Consistent).await? {
            let Some(at) = key_of(&item) else { continue };
            let row: ContactClaimRow = row_of(item)?;
            claims.push(Claim { at, contact: row.claim.contact });
        }
        Ok(claims)
    }

    /// A page of the rows in a chat's partition besides the chat's own row, without tombstones.
    pub async fn rows_of_chat(
        &self,
        account: &AccountId,
        chat: &ChatId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<ChatRow>, StoreError> {
        let own = keys::chat(account, chat);
        let page = self.items_of(&own.pk, limit, from).await?;
        let rows = page.items.into_iter().filter(|item| !is_tombstone(item)).filter_map(|item| {
            let key = key_of(&item).filter(|key| *key != own)?;
            Some(match key.sk.starts_with("M#") {
                true => ChatRow::Message(key, row_of(item).ok().map(Box::new)),
                false => ChatRow::Other(key),
            })
        });
        Ok(Page { items: rows.collect(), next: page.next })
    }

    /// The digests of a chat's erased messages: [`MessageId::in_key`].
    pub async fn erased_messages(
        &self,
        account: &AccountId,
        chat: &ChatId,
    ) -> Result<Vec<String>, StoreError> {
        let (mut digests, mut from) = (Vec::new(), None);
        loop {
            let page = self.items_of(&keys::chat_partition(account, chat), 1000, from).await?;
            let erased = page.items.iter().filter(|item| is_tombstone(item)).filter_map(key_of);
            digests.extend(erased.filter_map(|key| key.sk.strip_prefix("M#").map(str::to_owned)));
            from = page.next;
            if from.is_none() {
                return Ok(digests);
            }
        }
    }

    /// A page of the keys in a contact's partition, except the contact's own.
    pub async fn rows_of_contact(
        &self,
        account: &AccountId,
        contact: &ContactId,
        from: Option<Item>,
    ) -> Result<Page<Key>, StoreError> {
        let own = keys::contact(account, contact);
        let page = self.items_of(&own.pk, 100, from).await?;
        let keys = page.items.iter().filter_map(key_of).filter(|key| *key != own);
        Ok(Page { items: keys.collect(), next: page.next })
    }

    /// The remains of erased identities and phones, by their digests; as of the last write.
    pub async fn erased_subjects(
        &self,
        account: &AccountId,
        digests: &[String],
    ) -> Result<Vec<ErasedSubject>, StoreError> {
        let keys: Vec<Key> = digests.iter().map(|digest| keys::erased_subject(account, digest)).collect();
        self.get_many(&keys, Read::Consistent).await
    }

    /// Entries of the blacklist by their ids, as of the last write.
    pub async fn block_entries(
        &self,
        account: &AccountId,
        ids: &[String],
    ) -> Result<Vec<BlockEntry>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| keys::block(account, id)).collect();
        self.get_many(&keys, Read::Consistent).await
    }

    /// Replaces the pointers from the provider's ids of a message to this chat with tombstones. `connections` are those
    /// that the ids may belong to, the channel's own first: there a tombstone is written even if there is no pointer,
    /// so that a late status does not wait for the message.
    ///
    /// # Errors
    /// [`StoreError`]; safe to repeat.
    pub async fn erase_pointers(
        &self,
        account: &AccountId,
        chat: &ChatId,
        connections: &[ConnectionId],
        ids: &[MessageId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for (place, connection) in connections.iter().enumerate() {
            for id in ids {
                let at = keys::pointer(account, connection, id);
                let condition = match self.item(&at, Read::Consistent).await? {
                    None if place > 0 => continue,
                    None => Condition::Absent,
                    Some(item) if is_tombstone(&item) => continue,
                    // Ids of some providers are unique in a chat only: this one may point to another chat.
                    Some(item) => match row_of::<Pointer>(item)?.chat {
                        led if led == *chat => Condition::Same("chat".into(), Some(text(led.as_str()))),
                        _ => continue,
                    },
                };
                let write = Write { conditions: vec![condition], ..tombstone(at, now)? };
                match self.commit(vec![write]).await {
                    // Another message got the same id a moment ago: the pointer leads elsewhere.
                    Err(StoreError::Lost(_)) => {}
                    done => done?,
                }
            }
        }
        Ok(())
    }

    /// A page of a partition's items, as of the last write.
    async fn items_of(&self, pk: &str, limit: i32, from: Option<Item>) -> Result<Page<Item>, StoreError> {
        let call = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk");
        let call = call.expression_attribute_values(":pk", text(pk)).consistent_read(true).limit(limit);
        let answer = call.set_exclusive_start_key(from).send().await.map_err(|error| failure(&error))?;
        Ok(Page { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }
}

/// Replaces a chat with the mark, if the chat is unchanged since it was read: in its number, on which every other
/// writer depends, and in the attributes that identify its rows elsewhere.
///
/// # Errors
/// [`StoreError::Unwritable`], which never happens for our rows; here and below.
pub fn mark(chat: &Chat, now: Timestamp) -> Result<Write, StoreError> {
    let depends_on = [
        attribute::chat::LAST_SEQ,
        attribute::chat::ALIASES,
        attribute::chat::WAITING_SINCE,
        attribute::chat::CONTACT,
        attribute::chat::RESPONSIBLE,
        attribute::chat::STATE,
    ];
    let as_read = Write::check(chat, &depends_on)?;
    Ok(Write { conditions: as_read.conditions, ..tombstone(chat.key(), now)? })
}

/// Deletes the mark. The row must exist, and must not be a chat.
pub fn unmark(account: &AccountId, chat: &ChatId) -> Write {
    let at = keys::chat(account, chat);
    Write { conditions: vec![Condition::Exists, Condition::Same("v".into(), None)], ..Write::forget(at) }
}

/// Releases an identity or a phone, if its owner is unchanged: a new client may have claimed it.
pub fn release(claim: &Claim) -> Write {
    let owner = Condition::Same("contact".into(), Some(text(claim.contact.as_str())));
    Write { key: claim.at.clone(), conditions: vec![Condition::Exists, owner], effect: Effect::Delete }
}

/// Replaces the row at a key with a tombstone.
pub fn tombstone(at: Key, now: Timestamp) -> Result<Write, StoreError> {
    Write::put(&TombstoneRow { at, tombstone: Tombstone::at(now) })
}
