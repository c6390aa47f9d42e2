//! Chats and their messages, to read.

use crate::App;
use crate::accounts::PageParams;
use crate::auth::Tenant;
use crate::channels::existing_channel;
use crate::chat_views::{ChatView, ChatWithContact, Chats};
use crate::contact_views::ContactView;
use crate::cursor::{self, List};
use crate::error::ApiError;
use crate::extract::{Id, Ids, Params, page_size};
use crate::listing_views::ListingView;
use crate::message_views::{MessageView, Messages};
use crate::people::people_of;
use crate::validate;
use crate::views::ChatState;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::chat::Chat;
use shared::ids::{AccountId, ChatId, EmployeeId};
use shared::listing::ChatListing;
use shared::store::row::Item;
use shared::store::{Page, Read, StoreError, keys};
use std::sync::Arc;
use utoipa::IntoParams;

/// Which chats.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChatParams {
    /// Those of a channel. One of this, `employee` and `unanswered_by`.
    channel: Option<String>,
    /// Those for which an employee is responsible: live ones first.
    employee: Option<String>,
    /// Those of them whose client waits for an employee's answer, the longest waiting first.
    unanswered_by: Option<String>,
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
/// Those of a channel, live, general or cases, or those of an employee; the latest first. His unanswered ones come the
/// longest waiting first.
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
    let read = match (&wanted.channel, &wanted.employee, &wanted.unanswered_by) {
        (Some(channel), None, None) => {
            of_channel(&app, &account, channel, wanted.state, limit, cursor).await?
        }
        (None, Some(_), None) | (None, None, Some(_)) if wanted.state.is_some() => {
            return Err(ApiError::invalid("state", "goes with channel only"));
        }
        (None, Some(employee), None) => {
            let employee = whose("employee", employee)?;
            let from = List::employee_chats(&account, &employee).start(cursor)?;
            app.store.chats_of_employee(&account, &employee, limit, from).await
        }
        (None, None, Some(employee)) => {
            let employee = whose("unanswered_by", employee)?;
            let from = List::unanswered_chats(&account, &employee).start(cursor)?;
            app.store.unanswered_chats(&account, &employee, limit, from).await
        }
        (None, None, None) => return Err(ApiError::missing_field("channel")),
        (_, Some(_), _) => return Err(ApiError::invalid("employee", ONE_OF)),
        _ => return Err(ApiError::invalid("unanswered_by", ONE_OF)),
    };
    let found = cursor::page(read, cursor.is_some())?;
    let people = people_of(&app, &account, &found.items).await?;
    let chats = found.items.into_iter().map(|chat| ChatView::of(chat, &people)).collect();
    Ok(Json(Chats { chats, next_cursor: cursor::next(found.next.as_ref())? }))
}

const ONE_OF: &str = "one of channel, employee and unanswered_by";

/// One who is gone may still have chats, so he need not be there.
fn whose(field: &str, employee: &str) -> Result<EmployeeId, ApiError> {
    validate::name(field, employee, validate::MAX_ID)?;
    Ok(EmployeeId::new(employee))
}

async fn of_channel(
    app: &App,
    account: &AccountId,
    channel: &str,
    state: Option<ChatState>,
    limit: i32,
    cursor: Option<&str>,
) -> Result<Result<Page<Chat>, StoreError>, ApiError> {
    validate::name("channel", channel, validate::MAX_ID)?;
    let channel = existing_channel(app, account, channel).await?.channel;
    let state = state.unwrap_or(ChatState::Live).into();
    let from: Option<Item> = List::channel_chats(account, &channel, state).start(cursor)?;
    Ok(app.store.chats_of_channel(account, &channel, state, limit, from).await)
}

/// A chat that must be there, as of the last write. Another form of its id leads to it.
///
/// # Errors
/// 404 when it is not, also when it is another account's.
pub async fn existing_chat(app: &App, account: &AccountId, id: &str) -> Result<Chat, ApiError> {
    let found = app.store.chat(account, &ChatId::new(id)).await?;
    found.ok_or_else(|| ApiError::not_found("chat"))
}

/// Read a chat, with its client, what the CRM holds of him, and its listing
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
    let people = people_of(&app, &account, std::slice::from_ref(&chat)).await?;
    let contact = people.get(&chat.contact).cloned().map(ContactView::from);
    let listing = match &chat.listing {
        Some(mark) => {
            app.store.get(&keys::chat_listing(&account, &chat.chat, &mark.id), Read::Consistent).await?
        }
        None => None,
    };
    Ok(Json(ChatWithContact {
        chat: ChatView::of(chat, &people),
        contact,
        listing: listing.map(|row: ChatListing| ListingView::from(row)),
    }))
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
    let base_url = &app.public_base_url;
    let messages = found.items.into_iter().map(|message| MessageView::of(message, base_url)).collect();
    Ok(Json(Messages { messages, next_cursor: cursor::next(found.next.as_ref())? }))
}
