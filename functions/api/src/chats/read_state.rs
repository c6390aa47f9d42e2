//! What employees acknowledge: messages read, and questions that want no answer (D2).

use crate::app::App;
use crate::chats::update::shown;
use crate::chats::view::ChatView;
use crate::http::auth::Principal;
use crate::http::body::{Body, Id, Ids, moment};
use crate::http::chat_access::denied;
use crate::http::error::ApiError;
use crate::http::existing::existing_employee;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId, ChatId, EmployeeId, MessageId};
use shared::model::access::sending::Refusal;
use shared::model::employee::{Membership, Role};
use shared::service::place::places_on;
use shared::service::update_chat::{self, At, Mark};
use shared::store::StoreError;
use shared::store::chat_lists::PageFrom;
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest message id, in characters.
const MAX_MESSAGE_ID: usize = 1000;

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
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Quality control marks nothing (`quality_control`)")
    )
)]
pub async fn read(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(up_to): Body<UpTo>,
) -> Result<Json<ChatView>, ApiError> {
    mark(&app, &principal, &id, &up_to, Mark::Read).await
}

/// Say that a chat needs no answer
///
/// The client's messages up to this one are read and want no answer. When one came after it, the chat stays unanswered.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/no-answer-needed", tag = "chats", request_body = UpTo,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Quality control marks nothing (`quality_control`)")
    )
)]
pub async fn no_answer_needed(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(up_to): Body<UpTo>,
) -> Result<Json<ChatView>, ApiError> {
    mark(&app, &principal, &id, &up_to, Mark::NoAnswerNeeded).await
}

async fn mark(
    app: &App,
    principal: &Principal,
    id: &str,
    up_to: &UpTo,
    mark: Mark,
) -> Result<Json<ChatView>, ApiError> {
    if !(1..=MAX_MESSAGE_ID).contains(&up_to.message.chars().count()) {
        return Err(ApiError::invalid("message", format!("1 to {MAX_MESSAGE_ID} characters")));
    }
    let (chat, up_to) = (ChatId::new(id), MessageId::new(up_to.message.as_str()));
    let at = At { account: &principal.account, chat: &chat, by: principal.by.employee() };
    let chat = update_chat::mark(&app.context(), &at, mark, &up_to).await?;
    shown(app, principal, chat).await
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
/// moment old. With an employee's token: his own, on the channels where he has a place; a head or quality control also those
/// of others, as far as he sees them. At most 1000 where not all channels count.
#[utoipa::path(
    get, path = "/v1/employees/{employee}/unanswered", tag = "employees",
    params(("employee" = String, Path, description = "The employee's id")),
    responses(
        (status = 200, description = "How many, and since when", body = UnansweredView),
        (status = 403, description = "Another's, for somebody who is neither head nor quality control (`no_role`)")
    )
)]
pub async fn unanswered(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<UnansweredView>, ApiError> {
    let account = &principal.account;
    let places = match principal.by.employee() {
        Some(caller) => counting_places(&app, account, caller, &id).await?,
        None => None,
    };
    let employee = existing_employee(&app, account, &id).await?.employee;
    let (count, oldest_at) = match places {
        Some(places) => {
            let found = unanswered_on(&app, account, &employee, &places).await?;
            (found.count, found.oldest_at)
        }
        None => {
            let found = app.store.unanswered(account, &employee).await?;
            (found.count, found.oldest_at)
        }
    };
    Ok(Json(UnansweredView { count, oldest_at: moment(oldest_at) }))
}

/// The caller's places on the channels whose chats of an employee he may count: his own, or where he sees all chats. `None`
/// when these are all channels, so that the index knows the number.
async fn counting_places(
    app: &App,
    account: &AccountId,
    caller: &EmployeeId,
    whose: &str,
) -> Result<Option<HashMap<ChannelId, Membership>>, ApiError> {
    let channels = app.store.channels(account).await?;
    let mut places =
        places_on(&app.store, account, channels.iter().map(|channel| &channel.channel), caller).await?;
    if caller.as_str() != whose {
        places.retain(|_, place| place.role != Role::Manager);
        if places.is_empty() {
            return Err(denied(Refusal::NoRole));
        }
    }
    Ok(Some(places).filter(|places| places.is_empty() || places.len() < channels.len()))
}

/// Pages of unanswered chats that are read at most.
const PAGES: usize = 10;

/// Chats that wait for an employee's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// Since when the longest waiting one does.
    pub oldest_at: Option<Timestamp>,
    /// Since when the one does that began to wait last.
    pub latest_at: Option<Timestamp>,
}

/// An employee's unanswered chats on the channels of `places`, looked at one by one: at most 1000, the longest waiting ones.
///
/// # Errors
/// As the store's.
pub async fn unanswered_on(
    app: &App,
    account: &AccountId,
    employee: &EmployeeId,
    places: &HashMap<ChannelId, Membership>,
) -> Result<Counted, StoreError> {
    let (mut found, mut start) = (Counted::default(), None);
    if places.is_empty() {
        return Ok(found);
    }
    for _ in 0..PAGES {
        let page = app.store.unanswered_chats(account, employee, PageFrom { limit: 100, start }).await?;
        for chat in page.items.iter().filter(|chat| places.contains_key(&chat.channel)) {
            found.count += 1;
            // The longest waiting comes first.
            found.oldest_at = found.oldest_at.or(chat.unanswered_at);
            found.latest_at = found.latest_at.max(chat.unanswered_at);
        }
        start = page.next;
        if start.is_none() {
            break;
        }
    }
    Ok(found)
}
