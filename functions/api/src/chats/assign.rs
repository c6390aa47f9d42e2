//! Giving a client to another employee by hand, or back into the queue.

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

/// To whom: an employee, or whoever the channel's distribution finds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"employee": "17"}))]
pub struct AssignTo {
    /// The CRM's user id. He has a role on the chat's channel that writes to clients.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    employee: Option<String>,
    /// True in its place: the client goes back into the queue, at his place of before, and is given out anew.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    distribute: Option<bool>,
}

impl AssignTo {
    /// The employee; `None` when the client is to be given out anew.
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

/// Give a chat's client to an employee, or back into the queue
///
/// For the account's admin and heads of the channel. He becomes responsible for the contact too; whoever had the client
/// loses him in the same write. One that is his already stays so. With `distribute` the client loses whoever has him, and is
/// given out as the channel says, before those who came after him.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/assign", tag = "chats", request_body = AssignTo,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Only a head of the channel may (`not_head`, `quality_control`)"),
        (status = 422, description = "He has no role on the channel (`no_role`), or one that does not write (`quality_control`), or is not bound to it (`not_bound`); a client who has not written is given out to nobody (`client_silent`)")
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
