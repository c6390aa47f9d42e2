//! Sends messages through the API.

use crate::app::App;
use crate::http::auth::{Actor, Principal};
use crate::http::body::{Body, Id, Ids, object, present, present_objects};
use crate::http::chat_access::send_target;
use crate::http::error::ApiError;
use crate::http::validate;
use crate::messages::quick_replies::filled_in;
use crate::messages::uploads::take_upload;
use crate::messages::view::MessageView;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use shared::base::ids::{EmployeeId, MessageId};
use shared::crm::formatting::file_link;
use shared::model::account::Account;
use shared::model::chat::Chat;
use shared::model::event::Origin;
use shared::model::message::content::{Button, CommentMode};
use shared::model::outbound::SendKey;
use shared::service::content::{Content, NewFile};
use shared::service::new_message::{Accepted, AuthorRights, CallersKey, NewMessage, Target, Writer};
use shared::service::send::{send, sent_before};
use std::sync::Arc;
use utoipa::ToSchema;

/// The header of the caller's idempotency key.
const KEY_HEADER: &str = "idempotency-key";
/// Longest key, in characters.
const MAX_KEY: usize = 200;
/// Longest text that is read, in characters, because no provider takes a longer one.
const MAX_TEXT: usize = 20_000;
/// Longest id of a template, and longest value of one of its variables, in characters.
const MAX_TEMPLATE: usize = 1024;
/// Most values of a template, and most buttons.
const MOST: usize = 50;

/// A message to send: exactly one of `text`, `upload`, `template` and `quick_reply`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Good afternoon! Yes, it is still for sale.", "quote": "8fafd4aa-7c20-4c0d-af19-0a15d3004bc7"}))]
pub struct NewText {
    /// The author's signature is added below it; only the client sees that.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 20000, nullable = false)]
    pub text: Option<String>,
    /// Buttons below the text, where the channel supports them.
    #[serde(default, deserialize_with = "present_objects", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 50)]
    pub buttons: Option<Vec<NewButton>>,
    /// The id of an uploaded file.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub upload: Option<String>,
    /// An approved template of the channel.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub template: Option<NewTemplate>,
    /// The id of a quick reply; its variables are filled in from client, employee and car.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub quick_reply: Option<String>,
    /// The id of the message that it answers. To answer a comment: the comment's id.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, nullable = false)]
    pub quote: Option<String>,
    /// How a comment is answered; `reply` when left out.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comment_mode: Option<CommentMode>,
    /// The employee who sends it, by the CRM's user id: their rights apply. When left out, the account itself writes.
    /// With an employee's token it is that employee.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, nullable = false)]
    pub employee: Option<String>,
    /// Whether a program writes, so that the client still waits for an employee's answer. Not together with `employee`.
    #[serde(default)]
    pub bot: bool,
}

/// A button.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Yes", "payload": "visit-yes"}))]
pub struct NewButton {
    title: String,
    /// The data that it sends back, for programs.
    #[serde(default)]
    payload: Option<String>,
}

/// A template with its values.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"id": "8d255e5d-aefd-44dc-8131-c3ad6c3ab28c", "values": ["Anna", "10:00"]}))]
pub struct NewTemplate {
    /// The provider's id of the template.
    id: String,
    /// The values of its variables, in order.
    #[serde(default)]
    values: Vec<String>,
}

/// A message that is being sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct OnItsWay {
    message: MessageView,
    /// The chat's id.
    chat: String,
    /// Whether a request with the same `Idempotency-Key` sent it before; then this request did nothing.
    repeated: bool,
}

/// Send a message
///
/// The message is stored, and queued for delivery; its `status` shows how far that is. A repeat with the same
/// `Idempotency-Key` is the same message, for good. The author of the first answer in an unclaimed chat becomes its
/// responsible, if the channel assigns clients to the first responder.
#[utoipa::path(
    post, path = "/v1/chats/{chat}/messages", tag = "chats", request_body = NewText,
    params(
        ("chat" = String, Path, description = "The chat's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 200 characters: a repeat with it is the same message")
    ),
    responses(
        (status = 202, description = "Queued for delivery", body = OnItsWay),
        (status = 200, description = "A repeat: a request with the same key sent it before", body = OnItsWay),
        (status = 403, description = "The author may not: `not_responsible`, `no_role`, `quality_control`, `not_bound`, `channel_paused` …"),
        (status = 409, description = "The key was used for another message: `key_reused`"),
        (status = 422, description = "The channel does not accept it: `not_sendable`; `quote_not_found`, `variable_missing`, `upload_missing` …")
    )
)]
pub async fn post(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    headers: HeaderMap,
    Body(new): Body<NewText>,
) -> Result<(StatusCode, Json<OnItsWay>), ApiError> {
    let chat = send_target(&app, &principal, &id).await?;
    let owner = principal.owner(&app).await?;
    let target = Target::Chat(chat.chat.clone());
    send_new(&app, &principal, &owner, (&chat, target), &headers, &new).await
}

/// Sends a body's message into a chat of `owner`; `like` is the chat as it is, or as it will begin.
///
/// # Errors
/// Those of [`send`] and [`new_message`].
pub async fn send_new(
    app: &App,
    principal: &Principal,
    owner: &Account,
    (like, target): (&Chat, Target),
    headers: &HeaderMap,
    new: &NewText,
) -> Result<(StatusCode, Json<OnItsWay>), ApiError> {
    let key = callers_key(owner, &principal.by, headers, like.chat.as_str(), new)?;
    // Checked before any file is copied.
    if let Some(accepted) = sent_before(&app.context(), owner, key.as_ref()).await? {
        return on_its_way(app, accepted).await;
    }
    let message = new_message(app, principal, (like, target), key, new).await?;
    on_its_way(app, send(&app.context(), owner, &message).await?).await
}

/// The answer to a send.
async fn on_its_way(app: &App, accepted: Accepted) -> Result<(StatusCode, Json<OnItsWay>), ApiError> {
    let Accepted { chat, message_id, repeated } = accepted;
    let found = app.store.messages(&chat.account, &chat.chat, std::slice::from_ref(&message_id)).await?;
    let row = found.into_iter().next().ok_or_else(|| ApiError::not_found("message"))?;
    let status = if repeated { StatusCode::OK } else { StatusCode::ACCEPTED };
    let message = MessageView::of(row, &app.public_base_url);
    Ok((status, Json(OnItsWay { message, chat: chat.chat.to_string(), repeated })))
}

/// Reads the message to send.
///
/// # Errors
/// 400 naming the field; 422 for an upload or a quick reply that cannot be used.
async fn new_message(
    app: &App,
    principal: &Principal,
    (chat, target): (&Chat, Target),
    key: Option<CallersKey>,
    new: &NewText,
) -> Result<NewMessage, ApiError> {
    let from = writer(principal, new)?;
    if let Some(named) = from.employee.as_ref().filter(|_| principal.by.employee().is_none())
        && app.store.employee(&principal.account, named).await?.is_none()
    {
        return Err(ApiError::invalid("employee", "there is no such employee"));
    }
    let quote = match &new.quote {
        Some(id) => Some(message_id("quote", id)?),
        None => None,
    };
    let content = content_of(app, chat, from.employee.as_ref(), new).await?;
    let id = MessageId::new(app.ambient.uuid().to_string());
    Ok(NewMessage { id, target, from, content, keyboard: None, quote, mode: new.comment_mode, key })
}

fn message_id(field: &str, id: &str) -> Result<MessageId, ApiError> {
    if (1..=1000).contains(&id.chars().count()) {
        Ok(MessageId::new(id))
    } else {
        Err(ApiError::invalid(field, "1 to 1000 characters"))
    }
}

/// The author of the message.
fn writer(principal: &Principal, new: &NewText) -> Result<Writer, ApiError> {
    let named = new.employee.as_deref();
    if let Some(named) = named {
        validate::employee_id("employee", named)?;
        if new.bot {
            return Err(ApiError::invalid("bot", "a program is no employee: leave one of both out"));
        }
    }
    match &principal.by {
        Actor::Employee(own) if named.is_some_and(|named| named != own.as_str()) => {
            Err(ApiError::invalid("employee", "an employee writes as himself"))
        }
        Actor::Employee(_) if new.bot => Err(ApiError::invalid("bot", "an employee writes as himself")),
        Actor::Employee(own) => {
            Ok(Writer { employee: Some(own.clone()), rights: AuthorRights::Enforced, origin: Origin::Window })
        }
        Actor::Operator | Actor::Key(_) => Ok(Writer {
            employee: named.map(EmployeeId::new),
            rights: AuthorRights::Enforced,
            origin: if new.bot { Origin::Bot } else { Origin::Api },
        }),
    }
}

/// The caller's idempotency key (E4), with a digest of the request, because the same key with another request is a
/// mistake.
///
/// # Errors
/// 400 for a key that is empty or too long.
fn callers_key(
    owner: &Account,
    by: &Actor,
    headers: &HeaderMap,
    place: &str,
    new: &impl Serialize,
) -> Result<Option<CallersKey>, ApiError> {
    let Some(key) = headers.get(KEY_HEADER) else { return Ok(None) };
    let key = key.to_str().map(str::trim).unwrap_or_default();
    if !(1..=MAX_KEY).contains(&key.chars().count()) {
        return Err(ApiError::invalid(KEY_HEADER, format!("1 to {MAX_KEY} visible ASCII characters")));
    }
    let request =
        serde_json::to_string(new).map_err(|_| ApiError::internal("a body that cannot be written"))?;
    // The digest is salted, because it is kept for good and must reveal nothing of the message.
    let request = owner.id_salt.digest(&[place, &request]);
    // An employee's keys are separate from the account's and from other employees'.
    let scope = by.employee().map_or_else(|| "v1".to_owned(), |employee| format!("v1 {employee}"));
    Ok(Some(CallersKey { digest: SendKey::digest(&scope, key), request }))
}

const ONE_OF: &str = "exactly one of text, upload, template and quick_reply";

async fn content_of(
    app: &App,
    chat: &Chat,
    author: Option<&EmployeeId>,
    new: &NewText,
) -> Result<Content, ApiError> {
    let buttons = buttons_of(new)?;
    let content = match (&new.text, &new.upload, &new.template, &new.quick_reply) {
        (Some(text), None, None, None) => {
            if text.chars().count() > MAX_TEXT || text.contains('\0') {
                return Err(ApiError::invalid(
                    "text",
                    format!("at most {MAX_TEXT} characters, none of them NUL"),
                ));
            }
            Content::Text { text: text.clone(), buttons }
        }
        (None, None, None, Some(reply)) => {
            let text = filled_in(app, chat, author, reply).await?;
            Content::Text { text, buttons }
        }
        (None, Some(upload), None, None) => Content::File(own_file(app, chat, author, upload).await?),
        (None, None, Some(template), None) => template_of(template)?,
        (None, None, None, None) => {
            return Err(ApiError::missing_field("text").because("MESSAGE_NOTHING_TO_SEND"));
        }
        (Some(_), ..) => return Err(ApiError::invalid("text", ONE_OF)),
        (_, Some(_), ..) => return Err(ApiError::invalid("upload", ONE_OF)),
        _ => return Err(ApiError::invalid("template", ONE_OF)),
    };
    match (&content, new.buttons.is_some()) {
        (Content::Text { .. }, _) | (_, false) => Ok(content),
        (_, true) => Err(ApiError::invalid("buttons", "buttons stand below a text only")),
    }
}

fn buttons_of(new: &NewText) -> Result<Vec<Button>, ApiError> {
    let told = new.buttons.as_deref().unwrap_or_default();
    if told.len() > MOST {
        return Err(ApiError::invalid("buttons", format!("at most {MOST}")));
    }
    let button = |(at, button): (usize, &NewButton)| {
        validate::name(format!("buttons[{at}].title"), &button.title, validate::MAX_NAME)?;
        if let Some(payload) = &button.payload {
            validate::name(format!("buttons[{at}].payload"), payload, 1000)?;
        }
        Ok(Button { title: button.title.clone(), payload: button.payload.clone() })
    };
    told.iter().enumerate().map(button).collect()
}

fn template_of(template: &NewTemplate) -> Result<Content, ApiError> {
    validate::name("template.id", &template.id, MAX_TEMPLATE)?;
    if template.values.len() > MOST {
        return Err(ApiError::invalid("template.values", format!("at most {MOST}")));
    }
    for (at, value) in template.values.iter().enumerate() {
        if value.chars().count() > MAX_TEMPLATE {
            let message = format!("at most {MAX_TEMPLATE} characters");
            return Err(ApiError::invalid(format!("template.values[{at}]"), message));
        }
    }
    Ok(Content::Template { id: template.id.clone(), values: template.values.clone() })
}

async fn own_file(
    app: &App,
    chat: &Chat,
    author: Option<&EmployeeId>,
    upload: &str,
) -> Result<NewFile, ApiError> {
    let taken = take_upload(app, chat, author, "upload", upload).await?;
    let link = app.random_hex::<16>();
    Ok(NewFile {
        url: file_link(&app.public_base_url, &link),
        link,
        object: taken.object,
        mime: taken.mime,
        bytes: taken.bytes,
        name: Some(taken.name),
    })
}
