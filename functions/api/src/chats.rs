//! Chats and their messages, to read.

use crate::App;
use crate::accounts::PageParams;
use crate::auth::Tenant;
use crate::channels::existing_channel;
use crate::chat_views::{ChatView, ChatWithContact, Chats, ContactView, MessageView, Messages};
use crate::cursor::{self, List};
use crate::error::ApiError;
use crate::extract::{Id, Ids, Params, page_size};
use crate::validate;
use crate::views::ChatState;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::chat::Chat;
use shared::ids::{AccountId, ChatId, EmployeeId};
use shared::store::Read;
use std::sync::Arc;
use utoipa::IntoParams;

/// Which chats.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChatParams {
    /// Those of a channel. Either this or `employee`.
    channel: Option<String>,
    /// Those for which an employee is responsible: live ones first.
    employee: Option<String>,
    /// With `channel`: from which list. `live` when nothing is said.
    #[param(inline)]
    state: Option<ChatState>,
    /// Chats in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List chats
///
/// Those of a channel, live or general, or those of an employee; the latest first.
#[utoipa::path(
    get, path = "/v1/chats", tag = "chats", params(ChatParams),
    responses((status = 200, description = "A page of chats", body = Chats))
)]
pub async fn list(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Params(wanted): Params<ChatParams>,
) -> Result<Json<Chats>, ApiError> {
    let limit = page_size(wanted.limit)?;
    let cursor = wanted.cursor.as_deref();
    let read = match (&wanted.channel, &wanted.employee, wanted.state) {
        (Some(channel), None, state) => {
            validate::name("channel", channel, validate::MAX_ID)?;
            let channel = existing_channel(&app, &account, channel).await?.channel;
            let state = state.unwrap_or(ChatState::Live).into();
            let from = List::channel_chats(&account, &channel, state).start(cursor)?;
            app.store.chats_of_channel(&account, &channel, state, limit, from).await
        }
        (None, Some(employee), None) => {
            validate::name("employee", employee, validate::MAX_ID)?;
            // One who is gone may still have chats, so he need not be there.
            let employee = EmployeeId::new(employee.as_str());
            let from = List::employee_chats(&account, &employee).start(cursor)?;
            app.store.chats_of_employee(&account, &employee, limit, from).await
        }
        (None, Some(_), Some(_)) => return Err(ApiError::invalid("state", "goes with channel only")),
        (Some(_), Some(_), _) => return Err(ApiError::invalid("employee", "either channel or employee")),
        (None, None, _) => return Err(ApiError::missing_field("channel")),
    };
    let found = cursor::page(read, cursor.is_some())?;
    let chats = found.items.into_iter().map(ChatView::from).collect();
    Ok(Json(Chats { chats, next_cursor: cursor::next(found.next.as_ref())? }))
}

async fn existing_chat(app: &App, account: &AccountId, id: &str) -> Result<Chat, ApiError> {
    let found = app.store.chat(account, &ChatId::new(id)).await?;
    found.ok_or_else(|| ApiError::not_found("chat"))
}

/// Read a chat, with its client and what the CRM holds of him
#[utoipa::path(
    get, path = "/v1/chats/{chat}", tag = "chats", params(("chat" = String, Path, description = "Its id")),
    responses((status = 200, description = "The chat", body = ChatWithContact))
)]
pub async fn get(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<ChatWithContact>, ApiError> {
    let chat = existing_chat(&app, &account, &id).await?;
    let contact = app.store.contact(&account, &chat.contact, Read::Consistent).await?.map(ContactView::from);
    Ok(Json(ChatWithContact { chat: chat.into(), contact }))
}

/// Read a chat's messages
#[utoipa::path(
    get, path = "/v1/chats/{chat}/messages", tag = "chats",
    params(("chat" = String, Path, description = "The chat's id"), PageParams),
    responses((status = 200, description = "A page of messages, the newest first", body = Messages))
)]
pub async fn messages(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Params(page): Params<PageParams>,
) -> Result<Json<Messages>, ApiError> {
    let limit = page_size(page.limit)?;
    let chat = existing_chat(&app, &account, &id).await?.chat;
    let from = List::messages(&account, &chat).start(page.cursor.as_deref())?;
    let read = app.store.messages_by_time(&account, &chat, limit, from).await;
    let found = cursor::page(read, page.cursor.is_some())?;
    let messages = found.items.into_iter().map(MessageView::from).collect();
    Ok(Json(Messages { messages, next_cursor: cursor::next(found.next.as_ref())? }))
}
