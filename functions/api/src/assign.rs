//! Giving a client to another employee by hand.

use crate::App;
use crate::access::{place_of, seen_chat};
use crate::auth::{Acting, Actor};
use crate::chat_views::ChatView;
use crate::error::ApiError;
use crate::extract::{Body, Id, Ids};
use crate::people::people_of;
use crate::reassign::reassign_chat;
use crate::validate;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::ids::EmployeeId;
use shared::sending::Refusal;
use std::sync::Arc;
use utoipa::ToSchema;

/// To whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"employee": "17"}))]
pub struct AssignTo {
    /// The CRM's user id. He has a role on the chat's channel that writes to clients.
    #[schema(min_length = 1, max_length = 100)]
    employee: String,
}

/// Give a chat's client to an employee
///
/// For the account's admin and heads of the channel. He becomes responsible for the contact too; whoever had the client
/// loses him in the same write. One that is his already stays so.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/assign", tag = "chats", request_body = AssignTo,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Only a head of the channel may (`not_head`, `quality_control`)"),
        (status = 422, description = "He has no role on the channel (`no_role`), or one that does not write (`quality_control`)")
    )
)]
pub async fn assign(
    acting: Acting,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(to): Body<AssignTo>,
) -> Result<Json<ChatView>, ApiError> {
    validate::employee_id("employee", &to.employee)?;
    let employee = EmployeeId::new(to.employee);
    let seen = seen_chat(&app, &acting, &id).await?;
    seen.may_assign()?;
    let refused = |why: Refusal| ApiError::refused(why.code(), "employee", why.to_string());
    // Whoever is not there has no place either.
    let place = place_of(&app, &acting.account, &seen.chat.channel, &employee).await?;
    let place = place.ok_or_else(|| refused(Refusal::NoRole))?;
    if !place.role.may_write() {
        return Err(refused(Refusal::QualityControl));
    }
    let chat = reassign_chat(&app, &seen.chat, &employee).await?;
    let by = match acting.by {
        Actor::Operator => "operator",
        Actor::Key(_) => "key",
        Actor::Employee(_) => "head",
    };
    tracing::info!(account = %chat.account, channel = %chat.channel, chat = %chat.chat, by, "assigned by hand");
    let people = people_of(&app, &acting.account, std::slice::from_ref(&chat)).await?;
    Ok(Json(ChatView::of(chat, &people)))
}
