//! Finishing a chat by hand, and setting a chat's status (F3).

use crate::app::App;
use crate::chats::update::shown;
use crate::chats::view::ChatView;
use crate::http::auth::Principal;
use crate::http::body::{Body, Id, Ids, present};
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::base::ids::ChatId;
use shared::model::chat::state::ChatStatus;
use shared::service::finish;
use std::sync::Arc;
use utoipa::ToSchema;

/// How to finish a chat.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "closed"}))]
pub struct FinishChat {
    /// The chat's status; left out, the status stays as it is.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<ChatStatus>,
}

/// A chat's status: how far the conversation has come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "waiting"}))]
pub struct SetStatus {
    /// Null clears the status.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    status: Option<ChatStatus>,
}

/// Finish a chat
///
/// The chat leaves the live list, or the cases, and the CRM is notified. On a finished chat only the status changes.
/// Finishing is not an answer: an unanswered client still counts. The client's next message opens the chat again, with
/// the status `open`.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/finish", tag = "chats", request_body = FinishChat,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Quality control may not finish chats (`quality_control`)")
    )
)]
pub async fn finish(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<FinishChat>,
) -> Result<Json<ChatView>, ApiError> {
    let status = wanted.status;
    let (owner, id, by) = (principal.owner(&app).await?, ChatId::new(id), principal.by.employee());
    let chat = finish::finish(&app.context(), &owner, &id, by, status).await?;
    shown(&app, &principal, chat).await
}

/// Set a chat's status
///
/// Neither finishes nor opens the chat.
#[utoipa::path(
    put, path = "/v1/chats/{chat}/status", tag = "chats", request_body = SetStatus,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Quality control may not set statuses (`quality_control`)")
    )
)]
pub async fn put_status(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<SetStatus>,
) -> Result<Json<ChatView>, ApiError> {
    let status = wanted.status;
    let (owner, id, by) = (principal.owner(&app).await?, ChatId::new(id), principal.by.employee());
    let chat = finish::set_status(&app.context(), &owner, &id, by, status).await?;
    shown(&app, &principal, chat).await
}
