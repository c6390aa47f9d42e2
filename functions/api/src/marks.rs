//! What employees acknowledge: messages read, and questions that want no answer (D2).

use crate::App;
use crate::auth::Tenant;
use crate::chat_views::ChatView;
use crate::chats::existing_chat;
use crate::employees::existing_employee;
use crate::error::ApiError;
use crate::extract::{Body, Id, Ids, moment};
use crate::people::people_of;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::chat::Chat;
use shared::ids::{AccountId, MessageId};
use shared::store::row::Write;
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest message id, in characters.
const MAX_MESSAGE_ID: usize = 1000;

/// What was acknowledged. Numbers of other writers do not matter: what they change stays.
const DEPENDS_ON: [&str; 3] = ["read_count", "client_count", "unanswered_at"];

/// Up to which message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"message": "8fafd4aa-7c20-4c0d-af19-0a15d3004bc7"}))]
pub struct UpTo {
    /// The id of the last message that was seen, be it the client's or the company's.
    #[schema(min_length = 1, max_length = 1000)]
    message: String,
}

/// Mark a chat read
///
/// The client's messages up to this one are read. One that came after it stays unread.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/read", tag = "chats", request_body = UpTo,
    params(("chat" = String, Path, description = "The chat's id")),
    responses((status = 200, description = "The chat as it is now", body = ChatView))
)]
pub async fn read(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(up_to): Body<UpTo>,
) -> Result<Json<ChatView>, ApiError> {
    let mark = |chat: &mut Chat, client_no| chat.mark_read(client_no);
    change(&app, &account, &id, &up_to, mark).await
}

/// Say that a chat needs no answer
///
/// The client's messages up to this one are read and want no answer. When one came after it, the chat stays unanswered.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/no-answer-needed", tag = "chats", request_body = UpTo,
    params(("chat" = String, Path, description = "The chat's id")),
    responses((status = 200, description = "The chat as it is now", body = ChatView))
)]
pub async fn no_answer_needed(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(up_to): Body<UpTo>,
) -> Result<Json<ChatView>, ApiError> {
    let mark = |chat: &mut Chat, client_no| {
        chat.no_answer_needed(client_no);
    };
    change(&app, &account, &id, &up_to, mark).await
}

async fn change(
    app: &App,
    account: &AccountId,
    id: &str,
    up_to: &UpTo,
    mark: impl Fn(&mut Chat, u32),
) -> Result<Json<ChatView>, ApiError> {
    if !(1..=MAX_MESSAGE_ID).contains(&up_to.message.chars().count()) {
        return Err(ApiError::invalid("message", format!("1 to {MAX_MESSAGE_ID} characters")));
    }
    let message = MessageId::new(up_to.message.as_str());
    let chat = app.settle(|| change_once(app, account, id, &message, &mark)).await?;
    let people = people_of(app, account, std::slice::from_ref(&chat)).await?;
    Ok(Json(ChatView::of(chat, &people)))
}

async fn change_once(
    app: &App,
    account: &AccountId,
    id: &str,
    message: &MessageId,
    mark: &impl Fn(&mut Chat, u32),
) -> Result<Chat, ApiError> {
    let before = existing_chat(app, account, id).await?;
    let found = app.store.messages(account, &before.chat, std::slice::from_ref(message)).await?;
    let message = found.first().ok_or_else(|| ApiError::not_found("message"))?;
    let mut after = before.clone();
    mark(&mut after, message.client_no);
    let write = Write::change(&before, &after, &DEPENDS_ON)?;
    app.store.commit(write.into_iter().collect()).await?;
    Ok(after)
}

/// An employee's unanswered chats.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"count": 3, "oldest_at": "2026-11-21T09:21:30.000Z"}))]
pub struct UnansweredView {
    count: u64,
    /// Since when the longest waiting client waits.
    #[schema(format = DateTime)]
    oldest_at: Option<String>,
}

/// Count an employee's unanswered chats
///
/// Those for which he is responsible and whose client waits for an employee's answer, finished ones too. The count may be a
/// moment old.
#[utoipa::path(
    get, path = "/v1/employees/{employee}/unanswered", tag = "employees",
    params(("employee" = String, Path, description = "The employee's id")),
    responses((status = 200, description = "How many, and since when", body = UnansweredView))
)]
pub async fn unanswered(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<UnansweredView>, ApiError> {
    let employee = existing_employee(&app, &account, &id).await?.employee;
    let found = app.store.unanswered(&account, &employee).await?;
    Ok(Json(UnansweredView { count: found.count, oldest_at: moment(found.oldest_at) }))
}
