//! Assigning a client to another employee, or putting the client back into the queue.

use crate::app::App;
use crate::chats::update::shown;
use crate::chats::view::ChatView;
use crate::http::auth::{Actor, Principal};
use crate::http::body::{Body, Id, Ids, present};
use crate::http::chat_access::visible_chat;
use crate::http::error::ApiError;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::base::ids::EmployeeId;
use shared::model::access::Operation;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::service::reassign::{By, reassign_chat, requeue};
use std::sync::Arc;
use utoipa::ToSchema;

/// The target of an assignment: an employee, or the channel's distribution.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"employee": "17"}))]
pub struct AssignTo {
    /// The CRM's user id of an employee whose role on the chat's channel writes to clients.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    employee: Option<String>,
    /// True, in place of `employee`: the client goes back into the queue, at their previous place, and is assigned
    /// again.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    distribute: Option<bool>,
}

impl AssignTo {
    /// The employee; `None` when the client goes back into the queue.
    fn read(self) -> Result<Option<EmployeeId>, ApiError> {
        match (self.employee, self.distribute) {
            (Some(employee), None) => {
                validate::employee_id("employee", &employee)?;
                Ok(Some(EmployeeId::new(employee)))
            }
            (None, Some(true)) => Ok(None),
            (None, None) => Err(ApiError::missing_field("employee")),
            (Some(_), Some(_)) => Err(ApiError::invalid("distribute", "not together with employee")),
            (None, Some(false)) => Err(ApiError::invalid("distribute", "true, or employee in its place")),
        }
    }
}

/// Assign a chat's client to an employee, or put the client back into the queue
///
/// For the account's admin and heads of the channel. The employee also becomes responsible for the contact; the
/// previous responsible loses the client in the same write. A chat that is the employee's already stays theirs. With
/// `distribute` the client is unassigned, and assigned as the channel's distribution says, ahead of clients who came
/// later.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/assign", tag = "chats", request_body = AssignTo,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Only a head of the channel may (`not_head`, `quality_control`)"),
        (status = 422, description = "The employee has no role on the channel (`no_role`), or one that does not write (`quality_control`), or is not bound to it (`not_bound`); a client who has not written cannot go into the queue (`client_silent`)")
    )
)]
pub async fn assign(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(to): Body<AssignTo>,
) -> Result<Json<ChatView>, ApiError> {
    let to = to.read()?;
    let visible = visible_chat(&app, &principal, &id).await?;
    visible.may(Operation::Assign)?;
    let (owner, head) = (principal.owner(&app).await?, principal.by.employee());
    let (cx, id) = (app.context(), &visible.chat.chat);
    let chat = match &to {
        Some(employee) => {
            reassign_chat(&cx, &owner, id, employee, &By { why: AssignmentReason::ByHand, employee: head })
                .await?
        }
        None => requeue(&cx, &owner, id, head).await?,
    };
    let by = match principal.by {
        Actor::Operator => "operator",
        Actor::Key(_) => "key",
        Actor::Employee(_) => "head",
    };
    tracing::info!(account = %chat.account, channel = %chat.channel, chat = %chat.chat, by, anew = to.is_none(), "assigned by hand");
    shown(&app, &principal, chat).await
}
