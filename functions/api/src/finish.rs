//! Finishing a chat by hand, and saying how far a conversation has come (F3).

use crate::App;
use crate::access::seen_chat;
use crate::auth::{Acting, existing_account};
use crate::chat_views::ChatView;
use crate::error::ApiError;
use crate::extract::{Body, Id, Ids, present};
use crate::people::people_of;
use crate::views::ChatStatus;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::chat::{Chat, ChatEvent};
use shared::crm::CrmKind;
use shared::metrics::Metric;
use shared::store::Read;
use shared::store::chats::chat_write;
use shared::store::row::Write;
use shared::telemetry;
use std::sync::Arc;
use std::time::Duration;
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
    change(&app, &acting, &id, |chat, crm, window| {
        chat.finish_by_hand(status, crm, window, app.ambient.now())
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
    change(&app, &acting, &id, |chat, crm, window| {
        chat.set_status(status, crm, window, app.ambient.now());
        None
    })
    .await
}

async fn change(
    app: &App,
    acting: &Acting,
    id: &str,
    decide: impl Fn(&mut Chat, CrmKind, Option<Duration>) -> Option<ChatEvent>,
) -> Result<Json<ChatView>, ApiError> {
    let (chat, crm) = app.settle(|| change_once(app, acting, id, &decide)).await?;
    // Also when nothing changed: whoever was to nudge before may have died.
    app.tell(&chat, crm).await;
    let people = people_of(app, &acting.account, std::slice::from_ref(&chat)).await?;
    Ok(Json(ChatView::of(chat, &people)))
}

/// Depends on the chat's number: when the client writes at this moment, it is decided again, and his message is in what is
/// finished, or opens the chat again.
async fn change_once(
    app: &App,
    acting: &Acting,
    id: &str,
    decide: &impl Fn(&mut Chat, CrmKind, Option<Duration>) -> Option<ChatEvent>,
) -> Result<(Chat, CrmKind), ApiError> {
    let seen = seen_chat(app, acting, id).await?;
    seen.may_change()?;
    let before = seen.chat;
    let (owner, channel) = tokio::join!(
        existing_account(app, acting.account.as_str()),
        app.store.channel(&acting.account, &before.channel, Read::Eventual),
    );
    let (crm, window) = (owner?.crm_kind, channel?.map(|channel| channel.close_after()));
    let mut after = before.clone();
    let event = decide(&mut after, crm, window);
    let mut writes: Vec<Write> = chat_write(&before, &after)?.into_iter().collect();
    if let Some(event) = &event {
        writes.push(Write::create(event)?);
    }
    app.store.commit(writes).await?;
    if event.is_some() {
        telemetry::count(Metric::Finished, 1);
        tracing::info!(account = %after.account, channel = %after.channel, chat = %after.chat, "finished by hand");
    }
    Ok((after, crm))
}
