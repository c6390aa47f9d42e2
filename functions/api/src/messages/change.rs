//! Edits and deletions of what was sent: asked of the provider, and shown when he has done them.

use crate::app::App;
use crate::http::auth::Acting;
use crate::http::body::{Body, Id, Ids};
use crate::http::chat_access::{addressed_chat, place_of};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::service::send::known_author;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, EmployeeId, MessageId};
use shared::model::access::sending::{Sender, may_edit};
use shared::model::account::Account;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::employee::Employee;
use shared::model::event::{Origin, Side};
use shared::model::limits::{DraftEdit, check_delete, check_edit};
use shared::model::message::Message;
use shared::model::message::content::Details;
use shared::model::message::kind::DeliveryStatus;
use shared::model::outbound::{Action, OutboundJob, signed};
use shared::providers;
use shared::store::Read;
use shared::store::chats::chat_write;
use shared::store::row::Write;
use std::sync::Arc;
use utoipa::ToSchema;

/// A text to put in the place of one that was sent.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Good afternoon! Yes, until Friday."}))]
pub struct EditText {
    #[schema(min_length = 1, max_length = 20000)]
    text: String,
}

/// A change that is on its way to the provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"message": "019aa5f0-7c1f-7d20-8a11-3b6d0f9e4c22", "chat": "019aa5f0-8c1f-8d20-8a11-3b6d0f9e4c22"}))]
pub struct ChangeOnItsWay {
    message: String,
    chat: String,
}

/// Edit a message
///
/// The provider is asked; the message changes here, and the CRM learns of it, when he has done it. If he refuses, a notice
/// in the chat says why.
#[utoipa::path(
    patch, path = "/v1/chats/{chat}/messages/{message}", tag = "chats", request_body = EditText,
    params(("chat" = String, Path, description = "The chat's id"), ("message" = String, Path, description = "The message's id")),
    responses(
        (status = 202, description = "On its way", body = ChangeOnItsWay),
        (status = 403, description = "The author may not write there: `not_responsible` …"),
        (status = 422, description = "It cannot be edited: `not_sendable` with the provider's `reason`, `not_sent`")
    )
)]
pub async fn edit(
    acting: Acting,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
    Body(new): Body<EditText>,
) -> Result<(StatusCode, Json<ChangeOnItsWay>), ApiError> {
    let (Id(chat), Id(message)) = ids;
    let chat = addressed_chat(&app, &acting, &chat).await?;
    let by = acting.by.employee();
    let change = Change { message: MessageId::new(message), by, action: Action::EditText(new.text) };
    on_its_way(ask(&app, &acting.account, &chat, &change).await?, &change)
}

/// Delete a message
///
/// The provider is asked; the message shows as deleted when he has done it.
#[utoipa::path(
    delete, path = "/v1/chats/{chat}/messages/{message}", tag = "chats",
    params(("chat" = String, Path, description = "The chat's id"), ("message" = String, Path, description = "The message's id")),
    responses(
        (status = 202, description = "On its way", body = ChangeOnItsWay),
        (status = 403, description = "The author may not write there: `not_responsible` …"),
        (status = 422, description = "It cannot be deleted: `not_sendable` with the provider's `reason`, `not_sent`")
    )
)]
pub async fn delete(
    acting: Acting,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
) -> Result<(StatusCode, Json<ChangeOnItsWay>), ApiError> {
    let (Id(chat), Id(message)) = ids;
    let chat = addressed_chat(&app, &acting, &chat).await?;
    let change =
        Change { message: MessageId::new(message), by: acting.by.employee(), action: Action::Delete };
    on_its_way(ask(&app, &acting.account, &chat, &change).await?, &change)
}

fn on_its_way(chat: Chat, change: &Change<'_>) -> Result<(StatusCode, Json<ChangeOnItsWay>), ApiError> {
    let told = ChangeOnItsWay { message: change.message.as_str().to_owned(), chat: chat.chat.to_string() };
    Ok((StatusCode::ACCEPTED, Json(told)))
}

/// What is to become of a message, and who wants it.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The message, by the id under which the chat has it.
    pub message: MessageId,
    /// The employee who wants it; none: the account itself.
    pub by: Option<&'a EmployeeId>,
    /// What.
    pub action: Action,
}

/// Puts a change on its way to the provider.
///
/// # Errors
/// 404 when the company sent no such message; 403 and 422 as for a send.
pub async fn ask(app: &App, account: &AccountId, chat: &Chat, change: &Change<'_>) -> Result<Chat, ApiError> {
    let owner = existing_account(app, account.as_str()).await?;
    let chat = app.settle(|| ask_once(app, &owner, chat, change)).await?;
    app.tell(&chat, owner.crm_kind).await;
    Ok(chat)
}

async fn ask_once(app: &App, owner: &Account, chat: &Chat, change: &Change<'_>) -> Result<Chat, ApiError> {
    let account = &owner.account;
    let before = app.store.chat(account, &chat.chat).await?.ok_or_else(|| ApiError::not_found("chat"))?;
    let channel = app.store.channel(account, &before.channel, Read::Consistent).await?;
    let channel = channel.ok_or_else(|| ApiError::not_found("channel"))?;
    let author = author(app, account, change.by).await?;
    let place = match &author {
        Some(author) => place_of(app, account, &before.channel, &author.employee).await?,
        None => None,
    };
    let sender = author.as_ref().map_or(Sender::Account, |_| Sender::Employee(place.as_ref()));
    // Only an answer makes somebody responsible; who is not may change nothing.
    may_edit(sender, &before, &channel).map_err(ApiError::may_not_send)?;
    let row = sent_message(app, &before, &change.message).await?;
    let now = app.ambient.now();
    let limits = providers::limits(&channel, &before.messenger);
    let signature = signature_of(app, account, &row).await?;
    match &change.action {
        Action::EditText(text) => {
            let received = signed(text, signature.as_deref());
            let has_buttons = matches!(row.details, Some(Details::Buttons(_)));
            if row.media.is_some() || matches!(row.details, Some(Details::Template(_))) {
                return Err(ApiError::refused("not_sendable", "text", "only a text can be edited")
                    .because("CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING"));
            }
            let draft = DraftEdit {
                text: Some(&received),
                has_buttons,
                sent_at: row.sent_at,
                ..DraftEdit::default()
            };
            check_edit(limits, &draft, now)?;
        }
        Action::Delete => check_delete(limits, row.sent_at, now)?,
        Action::Send => return Err(ApiError::internal("a send is no change")),
    }
    let mut after = before.clone();
    let closing = Closing::of(owner, Some(&channel));
    after.take_number(owner.crm_kind, &closing, now);
    after.queue(after.seq, now);
    after.watch(&closing, now);
    let mut job =
        OutboundJob::new(account, &after.chat, after.seq, &row.message_id, change.action.clone(), now);
    job.signature = signature;
    let writes = chat_write(&before, &after)?.into_iter().chain([Write::create(&job)?]);
    app.store.commit(writes.collect()).await?;
    Ok(after)
}

async fn author(
    app: &App,
    account: &AccountId,
    by: Option<&EmployeeId>,
) -> Result<Option<Employee>, ApiError> {
    match by {
        Some(by) => known_author(app, account, by).await,
        None => Ok(None),
    }
}

/// The signature of whoever wrote the message: an edit keeps it.
async fn signature_of(app: &App, account: &AccountId, row: &Message) -> Result<Option<String>, ApiError> {
    let Some(id) = row.author.as_ref().and_then(|author| author.id.as_deref()) else { return Ok(None) };
    let author = app.store.employee(account, &EmployeeId::new(id)).await?;
    Ok(author.and_then(|author| author.signature))
}

/// A message that we sent and that is still there.
async fn sent_message(app: &App, chat: &Chat, id: &MessageId) -> Result<Message, ApiError> {
    let found = app.store.messages(&chat.account, &chat.chat, std::slice::from_ref(id)).await?;
    let ours = |row: &Message| row.side == Side::Company && row.origin != Some(Origin::Notice);
    let row = found.into_iter().next().filter(|row| ours(row) && row.deleted_seq.is_none());
    let row = row.ok_or_else(|| ApiError::not_found("message").because("MESSAGES_NOT_FOUND"))?;
    // What waits in front of the change is done before it; what failed never arrived.
    if row.status == Some(DeliveryStatus::Failed) {
        let message = "the message never reached the client";
        return Err(ApiError::refused("not_sent", "message", message).because("MESSAGES_NOT_FOUND"));
    }
    Ok(row)
}
