//! Edits and deletions of sent messages: requested at the provider, and shown once the provider has done them.

use crate::app::App;
use crate::http::auth::Principal;
use crate::http::body::{Body, Id, Ids};
use crate::http::chat_access::send_target;
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::base::ids::MessageId;
use shared::model::chat::Chat;
use shared::service::change_message::{self, Sent};
use shared::service::new_message::AuthorRights;
use std::sync::Arc;
use utoipa::ToSchema;

/// A text that replaces the text of a sent message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Good afternoon! Yes, until Friday."}))]
pub struct EditText {
    #[schema(min_length = 1, max_length = 20000)]
    text: String,
}

/// A change that is being sent to the provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"message": "019aa5f0-7c1f-7d20-8a11-3b6d0f9e4c22", "chat": "019aa5f0-8c1f-8d20-8a11-3b6d0f9e4c22"}))]
pub struct ChangeOnItsWay {
    message: String,
    chat: String,
}

/// Edit a message
///
/// Asks the provider for the edit. The message changes here, and the CRM is notified, once the provider has done it. If
/// the provider refuses, a notice in the chat says why.
#[utoipa::path(
    patch, path = "/v1/chats/{chat}/messages/{message}", tag = "chats", request_body = EditText,
    params(("chat" = String, Path, description = "The chat's id"), ("message" = String, Path, description = "The message's id")),
    responses(
        (status = 202, description = "Being sent to the provider", body = ChangeOnItsWay),
        (status = 403, description = "The author may not write there: `not_responsible` …"),
        (status = 422, description = "It cannot be edited: `not_sendable` with the provider's `reason`, `not_sent`")
    )
)]
pub async fn edit(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
    Body(new): Body<EditText>,
) -> Result<(StatusCode, Json<ChangeOnItsWay>), ApiError> {
    let (Id(chat), Id(message)) = ids;
    let chat = send_target(&app, &principal, &chat).await?;
    let (owner, message) = (principal.owner(&app).await?, MessageId::new(message));
    let (by, rights) = (principal.by.employee(), AuthorRights::Enforced);
    let sent = Sent { chat: &chat.chat, message: &message, by, rights };
    let chat = change_message::edit(&app.context(), &owner, &sent, &new.text).await?;
    Ok(on_its_way(&chat, &message))
}

/// Delete a message
///
/// Asks the provider for the deletion. The message shows as deleted once the provider has done it.
#[utoipa::path(
    delete, path = "/v1/chats/{chat}/messages/{message}", tag = "chats",
    params(("chat" = String, Path, description = "The chat's id"), ("message" = String, Path, description = "The message's id")),
    responses(
        (status = 202, description = "Being sent to the provider", body = ChangeOnItsWay),
        (status = 403, description = "The author may not write there: `not_responsible` …"),
        (status = 422, description = "It cannot be deleted: `not_sendable` with the provider's `reason`, `not_sent`")
    )
)]
pub async fn delete(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
) -> Result<(StatusCode, Json<ChangeOnItsWay>), ApiError> {
    let (Id(chat), Id(message)) = ids;
    let chat = send_target(&app, &principal, &chat).await?;
    let (owner, message) = (principal.owner(&app).await?, MessageId::new(message));
    let (by, rights) = (principal.by.employee(), AuthorRights::Enforced);
    let sent = Sent { chat: &chat.chat, message: &message, by, rights };
    let chat = change_message::delete(&app.context(), &owner, &sent).await?;
    Ok(on_its_way(&chat, &message))
}

fn on_its_way(chat: &Chat, message: &MessageId) -> (StatusCode, Json<ChangeOnItsWay>) {
    let told = ChangeOnItsWay { message: message.as_str().to_owned(), chat: chat.chat.to_string() };
    (StatusCode::ACCEPTED, Json(told))
}
