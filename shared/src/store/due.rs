//! The due index: what must be checked later. It only gives keys; nothing is decided by it.

use super::chats::{key_of, moment};
use super::keys::Due;
use super::row::Item;
use super::{Store, StoreError, failure, keys, number, text};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId};
use crate::model::chat::state::ChatState;
use crate::platform::nudge::ListPlace;
use aws_sdk_dynamodb::types::AttributeValue;

/// The number of shards for chats: enough that a sweep's reads and a minute's writes do not meet in one partition.
pub const CHAT_SHARDS: u8 = 16;
/// The number of shards for files, and for all other rows. They are apart from the chats, so that they do not wait
/// behind 100,000 due chats; and files are apart from the rest, because an outage of the bucket makes them many too.
const OTHER_SHARDS: u8 = 4;

/// A partition of the due index. Rows written by an older version are in the shards of the chats, whatever their kind,
/// until they are indexed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shard {
    /// Chats.
    Chats(u8),
    /// Files that are still to be copied.
    Files(u8),
    /// All other rows: rings, erasures, requeues, channels.
    Work(u8),
}

impl Shard {
    /// The shards of the chats.
    pub fn of_chats() -> impl Iterator<Item = Self> {
        (0..CHAT_SHARDS).map(Self::Chats)
    }

    /// The shards of the files.
    pub fn of_files() -> impl Iterator<Item = Self> {
        (0..OTHER_SHARDS).map(Self::Files)
    }

    /// The shards of all other rows.
    pub fn of_work() -> impl Iterator<Item = Self> {
        (0..OTHER_SHARDS).map(Self::Work)
    }

    /// All shards.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::of_work().chain(Self::of_files()).chain(Self::of_chats())
    }

    /// The shard's name: `00` to `15`, `f0` to `f3`, `w0` to `w3`.
    pub fn name(self) -> String {
        match self {
            Self::Chats(shard) => format!("{shard:02}"),
            Self::Files(shard) => format!("f{shard}"),
            Self::Work(shard) => format!("w{shard}"),
        }
    }
}

fn shard_of(id: &str, shards: u8) -> u8 {
    id.bytes().fold(0u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte)) % shards
}

fn entry(shard: Shard, check_at: Option<Timestamp>) -> Vec<(&'static str, AttributeValue)> {
    let entry = ("due_shard", AttributeValue::S(shard.name()));
    check_at.map(|_| entry).into_iter().collect()
}

/// The attribute that puts a row with a `check_at` on the index, if it is neither a chat nor a file.
pub(super) fn due(id: &str, check_at: Option<Timestamp>) -> Vec<(&'static str, AttributeValue)> {
    entry(Shard::Work(shard_of(id, OTHER_SHARDS)), check_at)
}

/// The same attribute for a chat.
pub(super) fn due_chat(chat: &ChatId, check_at: Option<Timestamp>) -> Vec<(&'static str, AttributeValue)> {
    entry(Shard::Chats(shard_of(chat.as_str(), CHAT_SHARDS)), check_at)
}

/// The same attribute for a file, by its chat.
pub(super) fn due_file(chat: &ChatId, check_at: Timestamp) -> Vec<(&'static str, AttributeValue)> {
    entry(Shard::Files(shard_of(chat.as_str(), OTHER_SHARDS)), Some(check_at))
}

/// A part of a shard: by due time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueBetween {
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub until: Timestamp,
}

impl DueBetween {
    /// Everything that is due by a moment.
    pub fn until(until: Timestamp) -> Self {
        Self { from: Timestamp::default(), until }
    }
}

/// A page of a shard.
#[derive(Clone, Debug, Default)]
pub struct DuePage {
    /// The due items, earliest first, with their times.
    pub items: Vec<(Due, Timestamp)>,
    /// How many entries this version cannot read.
    pub unknown: usize,
    /// The key to continue from, if there is more.
    pub next: Option<Item>,
}

impl Store {
    /// A page of the due items of a shard, earliest first.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn due(
        &self,
        shard: Shard,
        between: DueBetween,
        limit: usize,
        from: Option<Item>,
    ) -> Result<DuePage, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND check_at BETWEEN :from AND :until")
            .expression_attribute_values(":shard", text(shard.name()))
            .expression_attribute_values(":from", number(between.from.millis()))
            .expression_attribute_values(":until", number(between.until.millis()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let found = answer.items.unwrap_or_default();
        let parsed = |item| Some((Due::parse(&key_of(item)?)?, moment(item, "check_at")?));
        let items: Vec<_> = found.iter().filter_map(parsed).collect();
        Ok(DuePage { unknown: found.len() - items.len(), items, next: answer.last_evaluated_key })
    }

    /// A page of a channel's live chats by their places in the list, latest first, and the place to continue from, if
    /// there is more. It reads only the index, which is slightly outdated.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn live_chats(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        limit: i32,
        after: Option<&ListPlace>,
    ) -> Result<(Vec<ChatId>, Option<ListPlace>), StoreError> {
        let list = keys::list(account, channel, ChatState::Live);
        let start = after.map(|place| {
            let mut start = keys::chat(account, &place.chat).attributes();
            start.insert("list_key".into(), text(list.clone()));
            start.insert("list_at".into(), number(place.listed_at.millis()));
            start
        });
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("chat_list")
            .key_condition_expression("list_key = :list")
            .expression_attribute_values(":list", text(list.clone()))
            .scan_index_forward(false)
            .limit(limit)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let chat_in = |item: &Item| match Due::parse(&key_of(item)?)? {
            Due::Chat(_, chat) => Some(chat),
            _ => None,
        };
        let chats = answer.items.unwrap_or_default().iter().filter_map(chat_in).collect();
        let place =
            |item: Item| Some(ListPlace { chat: chat_in(&item)?, listed_at: moment(&item, "list_at")? });
        Ok((chats, answer.last_evaluated_key.and_then(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn shards_have_names_of_their_own_and_chats_keep_those_of_before() {
        let names: HashSet<String> = Shard::all().map(Shard::name).collect();
        assert_eq!(names.len(), Shard::all().count());
        assert!((0..16).all(|shard| names.contains(&format!("{shard:02}"))));
    }

    #[test]
    fn what_is_not_due_is_not_on_the_index() {
        let chat = ChatId::new("chat");
        assert!(due_chat(&chat, None).is_empty() && due("ring", None).is_empty());
        let at = Timestamp::from_millis(5);
        let shard = |entries: Vec<(&str, AttributeValue)>| entries[0].1.as_s().unwrap().clone();
        assert!(shard(due("ring", Some(at))).starts_with('w'));
        assert!(shard(due_file(&chat, at)).starts_with('f'));
        assert!(shard(due_chat(&chat, Some(at))).parse::<u8>().unwrap() < CHAT_SHARDS);
    }
}
