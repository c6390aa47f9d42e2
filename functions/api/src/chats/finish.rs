//! Finishing a chat by hand, and saying how far a conversation has come (F3).

use crate::app::App;
use crate::chats::update::shown;
use crate::chats::view::ChatView;
use crate::http::auth::Principal;
use crate::http::body::{Body, Id, Ids, present};
use crate::http::enums::ChatStatus;
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::base::ids::ChatId;
use shared::service::finish;
use std::sync::Arc;
use utoipa::ToSchema;

/// How a chat is finished.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "closed"}))]
pub struct FinishChat {
    /// How far the conversation has come; what was said before stays when nothing is said.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<ChatStatus>,
}

/// How far a conversation has come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "waiting"}))]
pub struct SetStatus {
    /// Null takes back what was said.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    status: Option<ChatStatus>,
}

/// Finish a chat
///
/// It leaves the live list, or the cases, and the CRM is told. One that is finished stays as it is, but for the status. Being
/// finished answers nobody: an unanswered client still counts. What he writes next opens the chat again, with the status
/// `open`.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/finish", tag = "chats", request_body = FinishChat,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Quality control finishes nothing (`quality_control`)")
    )
)]
pub async fn finish(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<FinishChat>,
) -> Result<Json<ChatView>, ApiError> {
    let status = wanted.status.map(ChatStatus::into);
    let (owner, id, by) = (principal.owner(&app).await?, ChatId::new(id), principal.by.employee());
    let chat = finish::finish(&app.context(), &owner, &id, by, status).await?;
    shown(&app, &principal, chat).await
}

/// Say how far a conversation has come
///
/// Without finishing the chat, or opening it.
#[utoipa::path(
    put, path = "/v1/chats/{chat}/status", tag = "chats", request_body = SetStatus,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Quality control says nothing (`quality_control`)")
    )
)]
pub async fn put_status(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<SetStatus>,
) -> Result<Json<ChatView>, ApiError> {
    let status = wanted.status.map(ChatStatus::into);
    let (owner, id, by) = (principal.owner(&app).await?, ChatId::new(id), principal.by.employee());
    let chat = finish::set_status(&app.context(), &owner, &id, by, status).await?;
    shown(&app, &principal, chat).await
}
