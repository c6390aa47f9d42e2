//! Finishing a chat by hand, and saying how far a conversation has come (F3).

use crate::app::App;
use crate::chats::update::{self, Change, owner_of};
use crate::chats::view::ChatView;
use crate::http::auth::Acting;
use crate::http::body::{Body, Id, Ids, present};
use crate::http::enums::ChatStatus;
use crate::http::error::ApiError;
use crate::service::follow_up::mark_for_rules;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::model::access::Operation;
use shared::model::chat::closing::Closing;
use shared::model::chat::{Chat, ChatEvent, ForRules};
use shared::model::crm::CrmKind;
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::store::chats::{chat_write, open_chat_writes};
use shared::store::row::Write;
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
    acting: Acting,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<FinishChat>,
) -> Result<Json<ChatView>, ApiError> {
    let status = wanted.status.map(ChatStatus::into);
    change(&app, &acting, (Operation::Finish, &id), |chat, crm, closing| {
        chat.finish_by_hand(status, crm, closing, app.ambient.now())
    })
    .await
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
    acting: Acting,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<SetStatus>,
) -> Result<Json<ChatView>, ApiError> {
    let status = wanted.status.map(ChatStatus::into);
    change(&app, &acting, (Operation::SetStatus, &id), |chat, crm, closing| {
        chat.set_status(status, crm, closing, app.ambient.now());
        None
    })
    .await
}

/// Depends on the chat's number: when the client writes at this moment, it is decided again, and his message is in what is
/// finished, or opens the chat again.
async fn change(
    app: &App,
    acting: &Acting,
    what: (Operation, &str),
    decide: impl Fn(&mut Chat, CrmKind, &Closing) -> Option<ChatEvent>,
) -> Result<Json<ChatView>, ApiError> {
    let decide = &decide;
    update::change(app, acting, what, |before| async move {
        let (owner, closing) = owner_of(app, &before).await?;
        let mut after = before.clone();
        let event = decide(&mut after, owner.crm_kind, &closing);
        if event.is_some() {
            mark_for_rules(&owner, &closing, &mut after, ForRules::Finished, app.ambient.now());
        }
        let mut writes: Vec<Write> = chat_write(&before, &after)?.into_iter().collect();
        if let Some(event) = &event {
            writes.push(Write::create(event)?);
            telemetry::count(Metric::Finished, 1);
            tracing::info!(account = %after.account, channel = %after.channel, chat = %after.chat, "finished by hand");
        }
        writes.extend(open_chat_writes(Some(&before), Some(&after))?);
        Ok(Change { after, writes, tell: Some(owner.crm_kind) })
    })
    .await
}
