//! `/v3/message`: send, edit and delete messages, as a CRM does it at Wazzup.

use super::body::{Caller, Fields, Id, Json};
use super::error::V3Error;
use super::first_chat_id::with_its_id;
use super::message_body::{Asked, MAX_AUTHOR, MAX_TEXT, MAX_URL, invalid, linked};
use crate::app::App;
use crate::contacts::user_id;
use crate::http::existing::existing_account;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use shared::base::ids::{AccountId, ChatId, ConnectionId, EmployeeId, MessageId};
use shared::base::phone::Phone;
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::company_events::first_event;
use shared::model::chat::{Addressee, Chat};
use shared::model::event::{ContactHint, MessageEvent};
use shared::model::limits::{By, check_first};
use shared::model::messenger::Messenger;
use shared::model::outbound::own_ids;
use shared::providers;
use shared::service::change_message::{self, Sent, edit, edit_file};
use shared::service::new_message::{Accepted, AuthorRights, Dialogue, Target};
use shared::service::refused::Refused;
use shared::service::send::send;
use shared::store::settings::Pointed;
use std::sync::Arc;
use utoipa::ToSchema;

/// A message that was accepted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"messageId": "f66c53a6-957a-46b2-b41b-5a2ef4844bcb", "chatId": "79011112233"}))]
pub struct Taken {
    /// Status webhooks and the echo refer to the message by this id.
    message_id: String,
    /// The messenger's id of the chat. Where the messenger has not named it in time, the phone with `+` or the user name
    /// with `@`: then the message's webhook has the id.
    chat_id: String,
}

/// Send a message
///
/// The message is queued for delivery; `statuses` webhooks report how far it is. A `crmMessageId` is accepted once, for
/// good. `crmUserId` names the author; whether the author's rights apply is the account's setting `crm_user_rights`. For
/// the first message to a phone or user name, the answer waits up to five seconds for the messenger's id of the chat.
#[utoipa::path(
    post, path = "/v3/message", tag = "v3", request_body(content = Object, example = json!({
        "channelId": "e0629e11-0f67-4567-92a9-2237e91ec1b9", "chatType": "whatsapp", "chatId": "79011112233",
        "text": "Good afternoon!", "crmUserId": "17", "crmMessageId": "m1"
    })),
    responses(
        (status = 201, description = "Queued for delivery", body = Taken),
        (status = 400, description = "Not sent: `INVALID_MESSAGE_DATA` with the fields, `REPEATED_CRM_MESSAGE_ID`, `CHANNEL_NOT_FOUND`, `WRONG_TRANSPORT`, `CHAT_NO_ACCESS`, `MESSAGES_TOO_LONG_…` and others")
    )
)]
pub async fn post(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Json(body): Json,
) -> Result<(StatusCode, axum::Json<Taken>), V3Error> {
    let owner = existing_account(&app, account.as_str()).await?;
    let asked = Asked::read(&body)?;
    let channel = channel_of(&app, &account, &asked.channel).await?;
    let target = target(&app, &owner, &channel, &asked).await?;
    let message = asked.message(&app, rights_in(&owner), &channel, target)?;
    let Accepted { chat, message_id, repeated } = send(&app.context(), &owner, &message).await?;
    if repeated {
        return Err(V3Error::repeated_crm_message_id());
    }
    let chat = with_its_id(&app, chat).await;
    let taken = Taken { message_id: message_id.as_str().to_owned(), chat_id: chat.provider_chat_id };
    Ok((StatusCode::CREATED, axum::Json(taken)))
}

/// Edit a message
///
/// Replaces its text, or its file where the messenger can.
#[utoipa::path(
    patch, path = "/v3/message/{id}", tag = "v3", params(("id" = String, Path, description = "`messageId`")),
    request_body(content = Object, example = json!({"text": "Good afternoon! Until Friday.", "crmUserId": "17"})),
    responses(
        (status = 200, description = "Being sent to the messenger", body = Taken),
        (status = 400, description = "Not edited: `MESSAGES_NOT_FOUND`, `MESSAGES_EDITING_TIME_EXPIRED`, `CHANNEL_INVALID_TRANSPORT_FOR_EDITING`, `CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING`, `MESSAGES_CONTAIN_BUTTONS` …")
    )
)]
pub async fn patch(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
    Json(body): Json,
) -> Result<axum::Json<Taken>, V3Error> {
    let mut fields = Fields::of(&body);
    let text = fields.text("text", MAX_TEXT);
    let by = fields.text("crmUserId", MAX_AUTHOR).map(EmployeeId::new);
    let uri = fields.text("contentUri", MAX_URL);
    fields.finish().map_err(invalid)?;
    let file = match (&text, &uri) {
        (Some(_), Some(_)) => {
            return Err(V3Error::bad("MESSAGE_ONLY_TEXT_OR_CONTENT", "Text or content, not both"));
        }
        (_, uri) => uri.as_deref().map(|uri| linked(&app, uri)).transpose()?,
    };
    if text.is_none() && file.is_none() {
        return Err(V3Error::bad("MESSAGE_NOTHING_TO_SEND", "There is nothing to send"));
    }
    let (owner, chat, message) = sent(&app, &account, &id).await?;
    let sent = Sent { chat: &chat, message: &message, by: by.as_ref(), rights: rights_in(&owner) };
    let chat = match (text, file) {
        (_, Some(file)) => edit_file(&app.context(), &owner, &sent, &file).await?,
        (text, None) => edit(&app.context(), &owner, &sent, &text.unwrap_or_default()).await?,
    };
    Ok(taken(&id, chat))
}

/// Delete a message
#[utoipa::path(
    delete, path = "/v3/message/{id}", tag = "v3", params(("id" = String, Path, description = "`messageId`")),
    responses(
        (status = 200, description = "Being sent to the messenger", body = Taken),
        (status = 400, description = "Not deleted: `MESSAGES_NOT_FOUND`, `MESSAGES_DELETION_TIME_EXPIRED`, `CHANNEL_INVALID_TRANSPORT_FOR_DELETION`")
    )
)]
pub async fn delete(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
) -> Result<axum::Json<Taken>, V3Error> {
    let (owner, chat, message) = sent(&app, &account, &id).await?;
    let sent = Sent { chat: &chat, message: &message, by: None, rights: rights_in(&owner) };
    Ok(taken(&id, change_message::delete(&app.context(), &owner, &sent).await?))
}

/// Whether the rights of an author whom the account's CRM names decide.
fn rights_in(owner: &Account) -> AuthorRights {
    if owner.crm_user_rights { AuthorRights::Enforced } else { AuthorRights::Label }
}

fn taken(id: &str, chat: Chat) -> axum::Json<Taken> {
    axum::Json(Taken { message_id: id.to_owned(), chat_id: chat.provider_chat_id })
}

/// The account, chat and own id of a message to change, by the id that the CRM knows.
async fn sent(app: &App, account: &AccountId, id: &str) -> Result<(Account, ChatId, MessageId), V3Error> {
    let (chat, message) = message_of(app, account, id).await?;
    Ok((existing_account(app, account.as_str()).await?, chat.chat, message))
}

/// A message of the company by the id that the CRM knows: ours, or the provider's if it was written elsewhere.
async fn message_of(app: &App, account: &AccountId, id: &str) -> Result<(Chat, MessageId), V3Error> {
    let unknown = || V3Error::bad("MESSAGES_NOT_FOUND", "There is no such message");
    let id = MessageId::new(id);
    let mut connections = vec![own_ids()];
    let known = app.store.connections(account).await?;
    connections.extend(known.into_iter().map(|row| row.connection));
    for connection in connections {
        if let Some((chat, id)) = pointed(app, account, &connection, &id).await? {
            let chat = app.store.chat(account, &chat).await?.ok_or_else(unknown)?;
            return Ok((chat, id));
        }
    }
    Err(unknown())
}

async fn pointed(
    app: &App,
    account: &AccountId,
    connection: &ConnectionId,
    id: &MessageId,
) -> Result<Option<(ChatId, MessageId)>, V3Error> {
    let found = app.store.pointers(account, connection, std::slice::from_ref(id)).await?;
    Ok(match found.into_iter().next() {
        Some((_, Pointed::To(pointer))) => {
            Some((pointer.chat.clone(), pointer.own_id.clone().unwrap_or_else(|| id.clone())))
        }
        Some((_, Pointed::Erased)) | None => None,
    })
}

async fn channel_of(app: &App, account: &AccountId, id: &str) -> Result<Channel, V3Error> {
    let channels = app.store.channels(account).await?;
    let known = channels.into_iter().find(|channel| channel.external == id || channel.channel.as_str() == id);
    known.ok_or_else(|| {
        V3Error::bad("CHANNEL_NOT_FOUND", "There is no such channel").with(json!({ "channelId": id }))
    })
}

/// The chat to write in: an existing one, or one that begins with this message.
async fn target(app: &App, owner: &Account, channel: &Channel, asked: &Asked) -> Result<Target, V3Error> {
    let (messenger, group) =
        Messenger::of_chat_type(&asked.chat_type).ok_or_else(|| invalid(vec!["chatType".into()]))?;
    let carried = channel.messenger();
    if carried.is_some_and(|carried| carried != messenger) {
        let transport = channel.transport.as_deref().unwrap_or_default();
        let words = format!("You can't send message to {} chat from {transport} transport", asked.chat_type);
        let data = json!({ "channelId": asked.channel, "transport": transport, "chatType": asked.chat_type });
        return Err(V3Error::bad("WRONG_TRANSPORT", words).with(data));
    }
    // An existing chat is used exactly as named, whatever phones look like.
    if let Some(named) = &asked.chat {
        let chat = channel.chat_id(&owner.id_salt, &messenger, group, named);
        if app.store.chat(&owner.account, &chat).await?.is_some() {
            return Ok(Target::Chat(chat));
        }
    }
    let (provider_chat_id, by, addressee) = address(owner, &messenger, asked)?;
    let chat = channel.chat_id(&owner.id_salt, &messenger, group, &provider_chat_id);
    if app.store.chat(&owner.account, &chat).await?.is_some() {
        return Ok(Target::Chat(chat));
    }
    // An id of the messenger may belong to a chat that is older than this account, so the provider decides.
    if by != By::UserId {
        check_first(providers::limits(channel, &messenger), by).map_err(Refused::Limit)?;
    }
    let contact = ContactHint {
        username: asked.username.as_deref().map(|name| name.trim_start_matches('@').to_owned()),
        ..ContactHint::default()
    };
    let first = first_event(channel, (chat, provider_chat_id), messenger, app.ambient.now());
    let like = MessageEvent { contact, group, ..first };
    Ok(Target::Dialogue(Box::new(Dialogue { channel: channel.clone(), like, addressee })))
}

/// The provider's chat id, the kind of address, and the address itself while the real chat id is unknown.
fn address(
    owner: &Account,
    messenger: &Messenger,
    asked: &Asked,
) -> Result<(String, By, Option<Addressee>), V3Error> {
    if let Some(chat) = &asked.chat {
        if !messenger.id_is_phone() || asked.chat_type == "whatsgroup" {
            return Ok((chat.clone(), By::UserId, None));
        }
        let id = user_id(owner, messenger, false, chat);
        return id.map(|id| (id, By::Phone, None)).ok_or_else(|| invalid(vec!["chatId".into()]));
    }
    if let Some(phone) = &asked.phone {
        let phone = Phone::parse(phone, &owner.region).ok_or_else(|| invalid(vec!["phone".into()]))?;
        let digits = phone.digits().to_owned();
        return Ok(if messenger.id_is_phone() {
            (digits, By::Phone, None)
        } else {
            (format!("+{digits}"), By::Phone, Some(Addressee::Phone(digits)))
        });
    }
    let bare = asked.username.as_deref().unwrap_or_default().trim().trim_start_matches('@');
    if bare.is_empty() {
        return Err(invalid(vec!["chatId".into()]));
    }
    Ok((format!("@{}", bare.to_lowercase()), By::Username, Some(Addressee::Username(bare.to_owned()))))
}
