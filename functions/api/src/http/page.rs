//! Cursors, at which a list continues. A cursor is opaque, and valid for one list of one account; in lists of chats,
//! also for one caller. It is checked against the list before the table sees it, so a cursor made for another account,
//! list or caller is refused, never followed.

use crate::http::error::ApiError;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::base::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use shared::model::chat::state::ChatState;
use shared::store::keys::{self};
use shared::store::row::Item;
use shared::store::{Page, StoreError};
use utoipa::IntoParams;

/// Longest cursor: a sort key has at most 1024 bytes.
const MAX_CURSOR: usize = 8192;
/// The member of a cursor that holds the view; no attribute of the table has this name.
const VIEW: &str = "view";

/// A list that is read page by page: the attributes of its start keys, and what they must hold.
#[derive(Debug)]
pub struct List {
    attributes: &'static [&'static str],
    /// The attribute that is the partition, and its value.
    partition: (&'static str, String),
    /// The prefix of the table's partition key: the account's rows.
    rows: String,
    /// Which caller reads which part of the list, if the partition alone does not say it.
    view: Option<String>,
}

impl List {
    /// The operator's list of accounts.
    pub fn accounts() -> Self {
        Self::partition(keys::ACCOUNTS.to_owned())
    }

    /// A chat's messages by time.
    pub fn messages(account: &AccountId, chat: &ChatId) -> Self {
        let rows = keys::chat_partition(account, chat);
        Self { attributes: &["pk", "shown", "sk"], partition: ("pk", rows.clone()), rows, view: None }
    }

    /// A channel's chats in one state.
    pub fn channel_chats(account: &AccountId, channel: &ChannelId, state: ChatState) -> Self {
        let partition = ("list_key", keys::list(account, channel, state));
        Self::of_chats(account, &["list_at", "list_key", "pk", "sk"], partition)
    }

    /// An employee's chats.
    pub fn employee_chats(account: &AccountId, employee: &EmployeeId) -> Self {
        let partition = ("employee_key", keys::of_employee(account, employee));
        Self::of_chats(account, &["employee_key", "employee_sort", "pk", "sk"], partition)
    }

    /// A channel's unclaimed chats.
    pub fn unclaimed_chats(account: &AccountId, channel: &ChannelId) -> Self {
        let partition = ("employee_key", keys::unclaimed(account, channel));
        Self::of_chats(account, &["employee_key", "employee_sort", "pk", "sk"], partition)
    }

    /// An employee's unanswered chats.
    pub fn unanswered_chats(account: &AccountId, employee: &EmployeeId) -> Self {
        let partition = ("employee_key", keys::of_employee(account, employee));
        Self::of_chats(account, &["employee_key", "pk", "sk", "unanswered_at"], partition)
    }

    /// The chats that were opened with a contact.
    pub fn contact_chats(account: &AccountId, contact: &ContactId) -> Self {
        Self::partition(keys::contact_partition(account, contact))
    }

    /// An account's blacklist.
    pub fn blacklist(account: &AccountId) -> Self {
        Self::partition(keys::blacklist_partition(account))
    }

    /// An account's audit trail.
    pub fn audit(account: &AccountId) -> Self {
        Self::partition(keys::audit_partition(account))
    }

    /// The changes that an account's CRM did not accept.
    pub fn crm_failures(account: &AccountId) -> Self {
        Self::partition(keys::crm_failures(account))
    }

    /// An account's erasures.
    pub fn erasures(account: &AccountId) -> Self {
        Self::partition(keys::erasure_partition(account))
    }

    /// The history of a chat's responsible.
    pub fn assignment(account: &AccountId, chat: &ChatId) -> Self {
        Self::partition(keys::chat_partition(account, chat))
    }

    /// An employee's notices.
    pub fn notices(account: &AccountId, employee: &EmployeeId) -> Self {
        Self::partition(keys::notices_of_employee(account, employee))
    }

    /// The shared quick replies, or an employee's own.
    pub fn quick_replies(account: &AccountId, employee: Option<&EmployeeId>) -> Self {
        Self::partition(keys::quick_reply_partition(account, employee))
    }

    /// A list of chats from an index.
    fn of_chats(
        account: &AccountId,
        attributes: &'static [&'static str],
        partition: (&'static str, String),
    ) -> Self {
        Self { attributes, partition, rows: chats_of(account), view: None }
    }

    fn partition(rows: String) -> Self {
        Self { attributes: &["pk", "sk"], partition: ("pk", rows.clone()), rows, view: None }
    }

    /// The same list as one caller sees one part of it: its cursors are valid for no other caller and no other part.
    #[must_use]
    pub fn seen_as(self, view: String) -> Self {
        Self { view: Some(view), ..self }
    }

    /// The cursor after a page, if there is more.
    ///
    /// # Errors
    /// As [`next`].
    pub fn next(&self, key: Option<&Item>) -> Result<Option<String>, ApiError> {
        let Some(key) = key else { return Ok(None) };
        let mut map = map_of(key)?;
        if let Some(view) = &self.view {
            map.insert(VIEW.to_owned(), view.as_str().into());
        }
        Ok(Some(encode(map)))
    }

    /// Reads a cursor of this list.
    ///
    /// # Errors
    /// 400, field `cursor`, for any other cursor.
    pub fn start(&self, cursor: Option<&str>) -> Result<Option<Item>, ApiError> {
        cursor.map(|cursor| self.decode(cursor).ok_or_else(ApiError::cursor)).transpose()
    }

    fn decode(&self, cursor: &str) -> Option<Item> {
        if cursor.len() > MAX_CURSOR {
            return None;
        }
        let mut key: Map<String, Value> =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        if key.remove(VIEW) != self.view.as_deref().map(Value::from) {
            return None;
        }
        let mut item = Item::new();
        for (name, value) in key {
            let value = match value {
                Value::String(text) if !is_number(&name) && !text.is_empty() => AttributeValue::S(text),
                Value::Number(number) if is_number(&name) => AttributeValue::N(number.as_i64()?.to_string()),
                _ => return None,
            };
            item.insert(name, value);
        }
        let text = |name: &str| item.get(name)?.as_s().ok();
        let all = item.len() == self.attributes.len()
            && self.attributes.iter().all(|name| item.contains_key(*name));
        let own = text(self.partition.0)? == &self.partition.1 && text("pk")?.starts_with(&self.rows);
        (all && own).then_some(item)
    }
}

/// Whether an index's sort key of this name is a number.
fn is_number(attribute: &str) -> bool {
    ["list_at", "unanswered_at"].contains(&attribute)
}

fn chats_of(account: &AccountId) -> String {
    keys::chat_partition(account, &ChatId::new(""))
}

/// The cursor after a page, if there is more.
///
/// # Errors
/// 500 when a cursor cannot hold the table's start key.
pub fn next(key: Option<&Item>) -> Result<Option<String>, ApiError> {
    key.map(|key| map_of(key).map(encode)).transpose()
}

fn encode(map: Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(Value::Object(map).to_string())
}

fn map_of(key: &Item) -> Result<Map<String, Value>, ApiError> {
    let mut map = Map::new();
    for (name, value) in key {
        let value = match value {
            AttributeValue::S(text) => Value::from(text.as_str()),
            AttributeValue::N(digits) => digits.parse::<i64>().map(Value::from).unwrap_or_default(),
            _ => Value::Null,
        };
        if value.is_null() {
            return Err(ApiError::internal("a start key that no cursor can hold"));
        }
        map.insert(name.clone(), value);
    }
    Ok(map)
}

/// A page, or its error: a start key that the table refuses comes from a cursor that was not made here.
///
/// # Errors
/// 400 for such a cursor, else those of the store.
pub fn page<T>(read: Result<Page<T>, StoreError>, with_cursor: bool) -> Result<Page<T>, ApiError> {
    read.map_err(|error| refusal(error, with_cursor))
}

/// The error of [`page`], for reads with another type of result.
pub fn refusal(error: StoreError, with_cursor: bool) -> ApiError {
    match error {
        StoreError::Refused(_) if with_cursor => ApiError::cursor(),
        other => other.into(),
    }
}

/// The query of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Entries per page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the previous page.
    pub cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pairs: &[(&str, &str)]) -> Item {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())))
            .collect()
    }

    fn chat_key(account: &str, channel: &str) -> Item {
        let list = format!("{account}#{channel}#live");
        let mut key = key(&[("pk", &format!("A#{account}#CHAT#x")), ("sk", "CHAT"), ("list_key", &list)]);
        key.insert("list_at".into(), AttributeValue::N("1700000000000".into()));
        key
    }

    #[test]
    fn a_cursor_leads_back_to_its_key() {
        let (account, channel) = (AccountId::new("a"), ChannelId::new("c"));
        let list = List::channel_chats(&account, &channel, ChatState::Live);
        let cursor = next(Some(&chat_key("a", "c"))).unwrap();
        assert_eq!(list.start(cursor.as_deref()).unwrap(), Some(chat_key("a", "c")));
        assert!(next(None).unwrap().is_none());
    }

    #[test]
    fn a_cursor_is_good_for_one_callers_view() {
        let (account, channel) = (AccountId::new("a"), ChannelId::new("c"));
        let list = |view: Option<&str>| {
            let list = List::channel_chats(&account, &channel, ChatState::Live);
            view.map_or_else(
                || List::channel_chats(&account, &channel, ChatState::Live),
                |view| list.seen_as(view.to_owned()),
            )
        };
        let views = [None, Some("admin"), Some("17")];
        for (at, view) in views.into_iter().enumerate() {
            let cursor = list(view).next(Some(&chat_key("a", "c"))).unwrap();
            for (of, other) in views.into_iter().enumerate() {
                assert_eq!(list(other).start(cursor.as_deref()).is_ok(), at == of, "{view:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_cursor_of_another_account_or_list_is_refused() {
        let (account, channel) = (AccountId::new("a"), ChannelId::new("c"));
        let list = List::channel_chats(&account, &channel, ChatState::Live);
        let mut foreign_row = chat_key("a", "c");
        foreign_row.insert("pk".into(), AttributeValue::S("A#b#CHAT#x".into()));
        let mut more = chat_key("a", "c");
        more.insert("due_shard".into(), AttributeValue::S("00".into()));
        let mut less = chat_key("a", "c");
        less.remove("sk");
        for other in [chat_key("b", "c"), chat_key("a", "d"), foreign_row, more, less] {
            let cursor = next(Some(&other)).unwrap();
            assert_eq!(list.start(cursor.as_deref()).unwrap_err().status(), 400, "{other:?}");
        }
        let general = List::channel_chats(&account, &channel, ChatState::General);
        assert!(general.start(next(Some(&chat_key("a", "c"))).unwrap().as_deref()).is_err());
        for junk in ["", "x", "e30", "bnVsbA", "💥", &"A".repeat(9000)] {
            assert!(list.start(Some(junk)).is_err(), "{junk}");
        }
    }
}
