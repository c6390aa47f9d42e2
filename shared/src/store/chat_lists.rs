//! Lists of chats: by channel, by employee, by channel while they are unclaimed, by how long the client waits. An index
//! gives the keys; the chats are read from their rows, and a chat that has left the list meanwhile is omitted.

use super::chats::key_of;
use super::row::{Item, Key};
use super::{Page, Store, StoreError, failure, keys, number, text};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, EmployeeId};
use crate::model::chat::Chat;
use crate::model::chat::state::{AssignmentState, ChatState};
use aws_sdk_dynamodb::types::AttributeValue;
use std::cmp::Reverse;

/// A global index of chats, and the order in which it is read.
#[derive(Clone, Copy)]
pub(super) struct Index {
    pub(super) name: &'static str,
    partition: &'static str,
    sort: &'static str,
    latest_first: bool,
}

const CHAT_LIST: Index =
    Index { name: "chat_list", partition: "list_key", sort: "list_at", latest_first: true };
pub(super) const EMPLOYEE_CHATS: Index =
    Index { name: "employee_chats", partition: "employee_key", sort: "employee_sort", latest_first: true };
pub(super) const UNANSWERED: Index =
    Index { name: "unanswered", partition: "employee_key", sort: "unanswered_at", latest_first: false };

/// A part of a partition.
pub(super) enum Part {
    All,
    /// Sort keys not before this time.
    Since(Timestamp),
    /// Sort keys with this prefix.
    Beginning(String),
}

impl Part {
    pub(super) fn of_list(list: Option<ChatState>) -> Self {
        list.map_or(Self::All, |list| Self::Beginning(format!("{}#", keys::list_word(list))))
    }

    /// The condition on the sort key, and its value.
    fn condition(self) -> (&'static str, Option<AttributeValue>) {
        match self {
            Self::All => ("#partition = :partition", None),
            Self::Since(at) => ("#partition = :partition AND #sort >= :sort", Some(number(at.millis()))),
            Self::Beginning(prefix) => {
                ("#partition = :partition AND begins_with(#sort, :sort)", Some(text(prefix)))
            }
        }
    }
}

/// The start of a page, and its limit.
#[derive(Clone, Debug)]
pub struct PageFrom {
    /// The most chats.
    pub limit: i32,
    /// The end of the page before.
    pub start: Option<Item>,
}

/// The chats of an employee that wait for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The number of chats.
    pub count: u64,
    /// Since when the longest waiting client waits.
    pub oldest_at: Option<Timestamp>,
}

impl Store {
    /// A page of a channel's chats in one list, latest first: all, or those whose time in the list is not before
    /// `since`.
    ///
    /// # Errors
    /// As [`Store::get`], here and in all reads below; [`StoreError::Refused`] also for a start key of another list.
    pub async fn chats_of_channel(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        list: ChatState,
        since: Option<Timestamp>,
        from: PageFrom,
    ) -> Result<Page<Chat>, StoreError> {
        let part = since.map_or(Part::All, Part::Since);
        let page = self.index_page(CHAT_LIST, keys::list(account, channel, list), part, from).await?;
        let mut chats: Vec<Chat> = self.chats_at(&page.items).await?;
        chats.retain(|chat| chat.state == list && chat.channel == *channel);
        chats.sort_by_key(|chat| Reverse(chat.listed_at));
        Ok(Page { items: chats, next: page.next })
    }

    /// A page of an employee's chats, of one list or of all. In the index, live chats sort after general ones and these
    /// after cases, so latest first means live first.
    pub async fn chats_of_employee(
        &self,
        account: &AccountId,
        employee: &EmployeeId,
        list: Option<ChatState>,
        from: PageFrom,
    ) -> Result<Page<Chat>, StoreError> {
        let partition = keys::of_employee(account, employee);
        let page = self.index_page(EMPLOYEE_CHATS, partition, Part::of_list(list), from).await?;
        let mut chats: Vec<Chat> = self.chats_at(&page.items).await?;
        chats.retain(|chat| chat.responsible.as_ref() == Some(employee));
        Ok(Page { items: in_list(chats, list), next: page.next })
    }

    /// A page of a channel's unclaimed chats, in the same order as an employee's.
    pub async fn unclaimed_chats(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        list: Option<ChatState>,
        from: PageFrom,
    ) -> Result<Page<Chat>, StoreError> {
        let partition = keys::unclaimed(account, channel);
        let page = self.index_page(EMPLOYEE_CHATS, partition, Part::of_list(list), from).await?;
        let mut chats: Vec<Chat> = self.chats_at(&page.items).await?;
        chats.retain(|chat| chat.assignment_state == AssignmentState::Unclaimed && chat.channel == *channel);
        Ok(Page { items: in_list(chats, list), next: page.next })
    }

    /// A page of the chats of an employee whose client waits for an answer, the longest waiting first.
    pub async fn unanswered_chats(
        &self,
        account: &AccountId,
        employee: &EmployeeId,
        from: PageFrom,
    ) -> Result<Page<Chat>, StoreError> {
        let partition = keys::of_employee(account, employee);
        let page = self.index_page(UNANSWERED, partition, Part::All, from).await?;
        let mut chats: Vec<Chat> = self.chats_at(&page.items).await?;
        chats.retain(|chat| chat.responsible.as_ref() == Some(employee) && chat.unanswered_at.is_some());
        chats.sort_by_key(|chat| chat.unanswered_at);
        Ok(Page { items: chats, next: page.next })
    }

    /// The number of an employee's chats that wait for an answer, from the index: slightly outdated, at half a read
    /// unit for every 4 KB of it (some 20 chats).
    pub async fn unanswered(
        &self,
        account: &AccountId,
        employee: &EmployeeId,
    ) -> Result<Unanswered, StoreError> {
        let partition = keys::of_employee(account, employee);
        let (count, oldest_at) = self.count_unanswered(&partition, false).await?;
        Ok(Unanswered { count, oldest_at })
    }

    pub(super) async fn index_page(
        &self,
        index: Index,
        partition: String,
        part: Part,
        from: PageFrom,
    ) -> Result<Page<Key>, StoreError> {
        let (condition, value) = part.condition();
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index.name)
            .key_condition_expression(condition)
            .expression_attribute_names("#partition", index.partition)
            .expression_attribute_values(":partition", text(partition));
        if let Some(value) = value {
            query = query
                .expression_attribute_names("#sort", index.sort)
                .expression_attribute_values(":sort", value);
        }
        let answer = query
            .scan_index_forward(!index.latest_first)
            .limit(from.limit)
            .set_exclusive_start_key(from.start)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let items = answer.items.unwrap_or_default().iter().filter_map(key_of).collect();
        Ok(Page { items, next: answer.last_evaluated_key })
    }
}

/// The chats of one list, or of all, in the order of an employee's lists: live first, the latest first.
fn in_list(mut chats: Vec<Chat>, list: Option<ChatState>) -> Vec<Chat> {
    chats.retain(|chat| list.is_none_or(|list| chat.state == list));
    chats.sort_by_key(|chat| Reverse((chat.state == ChatState::Live, chat.listed_at)));
    chats
}
