//! Reads of resources that a path names and that must exist, as of the last write.

use crate::app::App;
use crate::http::error::ApiError;
use shared::base::ids::{AccountId, ChannelId, ChatId, EmployeeId};
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::employee::Employee;
use shared::store::{Read, keys};

/// Whether a text can be an account's id: ids are UUIDs, so other texts need no read.
pub fn may_be_account(id: &str) -> bool {
    (1..=100).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// An account that must exist, as of the last write.
///
/// # Errors
/// 404 when it does not exist.
pub async fn existing_account(app: &App, id: &str) -> Result<shared::model::account::Account, ApiError> {
    let key = keys::account(&AccountId::new(id));
    let found = if may_be_account(id) { app.store.get(&key, Read::Consistent).await? } else { None };
    found.ok_or_else(|| ApiError::not_found("account"))
}

/// A chat that must exist, as of the last write. Another form of its id also leads to it.
///
/// # Errors
/// 404 when it does not exist, or belongs to another account.
pub async fn existing_chat(app: &App, account: &AccountId, id: &str) -> Result<Chat, ApiError> {
    let found = app.store.chat(account, &ChatId::new(id)).await?;
    found.ok_or_else(|| ApiError::not_found("chat"))
}

/// A channel of the account that must exist, as of the last write.
///
/// # Errors
/// 404 when it does not exist, or belongs to another account.
pub async fn existing_channel(app: &App, account: &AccountId, id: &str) -> Result<Channel, ApiError> {
    let found = app.store.channel(account, &ChannelId::new(id), Read::Consistent).await?;
    found.ok_or_else(|| ApiError::not_found("channel"))
}

/// An employee of the account who must exist, as of the last write.
///
/// # Errors
/// 404 when they do not exist.
pub async fn existing_employee(app: &App, account: &AccountId, id: &str) -> Result<Employee, ApiError> {
    let found = app.store.employee(account, &EmployeeId::new(id)).await?;
    found.ok_or_else(|| ApiError::not_found("employee"))
}
