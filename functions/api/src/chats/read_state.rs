//! What employees acknowledge: messages that are read, and messages that need no answer (D2).

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

/// Up to which message to acknowledge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"message": "8fafd4aa-7c20-4c0d-af19-0a15d3004bc7"}))]
pub struct UpTo {
    /// The id of the last message that the employee saw, the client's or the company's.
    #[schema(min_length = 1, max_length = 1000)]
    message: String,
}

/// Mark a chat as read
///
/// The client's messages up to this one become read. Later messages stay unread.
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

/// Mark a chat as needing no answer
///
/// The client's messages up to this one become read and need no answer. With a later message the chat stays unanswered.
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

/// How many unanswered chats an employee has.
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
/// Counts the chats for which the employee is responsible and whose client waits for an employee's answer, finished
/// chats too. The count may be a moment old. With an employee's token: their own chats, on the channels where they have
/// a membership; a head or quality control may also count another employee's, on the channels where they see all chats.
/// At most 1000 where not all channels count.
#[utoipa::path(
    get, path = "/v1/employees/{employee}/unanswered", tag = "employees",
    params(("employee" = String, Path, description = "The employee's id")),
    responses(
        (status = 200, description = "How many, and since when", body = UnansweredView),
        (status = 403, description = "Another employee's chats, and the caller is neither head nor quality control (`no_role`)")
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

/// The caller's memberships on the channels where they may count an employee's chats: all of them for their own chats,
/// those where they see all chats for another employee's. `None` when these are all channels, because then the index
/// has the number.
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

/// Most pages of unanswered chats that are read.
const PAGES: usize = 10;

/// The number of chats that wait for an employee's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// Since when the longest waiting chat waits.
    pub oldest_at: Option<Timestamp>,
    /// Since when the most recent of them waits.
    pub latest_at: Option<Timestamp>,
}

/// An employee's unanswered chats on the channels of `places`, checked one by one: at most 1000, the longest waiting
/// ones.
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
            // The longest waiting chat comes first.
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
