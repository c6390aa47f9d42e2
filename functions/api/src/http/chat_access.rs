//! Chats that the caller may see (B9). A chat that the caller may not see is answered 404.

use crate::app::App;
use crate::http::auth::Principal;
use crate::http::error::ApiError;
use crate::http::existing::existing_chat;
use shared::base::ids::ChatId;
use shared::model::access::sending::{Refusal, Sender};
use shared::model::access::{self, Operation};
use shared::model::chat::Chat;
use shared::service::place::{self, VisibleChat, place_of, places_on};
use shared::store::StoreError;

/// A refusal of the access model as an API error.
pub fn denied(refusal: Refusal) -> ApiError {
    ApiError::denied(refusal.code(), refusal.to_string())
}

/// A chat that must exist, as of the last write, and that the caller may see.
///
/// # Errors
/// 404 when it does not exist, belongs to another account, or is hidden from the caller.
pub async fn visible_chat(app: &App, principal: &Principal, id: &str) -> Result<VisibleChat, ApiError> {
    Ok(place::seen_chat(&app.store, &principal.account, &ChatId::new(id), principal.by.employee()).await?)
}

/// A chat that the caller asks to write in. Sending decides whether the caller may write, and says why not. Here an
/// employee needs only a role on the channel, because they may have seen the chat until a faster colleague claimed it a
/// moment ago.
///
/// # Errors
/// 404 when it does not exist, belongs to another account, or is on a channel where the employee has no role.
pub async fn send_target(app: &App, principal: &Principal, id: &str) -> Result<Chat, ApiError> {
    let chat = existing_chat(app, &principal.account, id).await?;
    match principal.by.employee() {
        Some(employee)
            if place_of(&app.store, &principal.account, &chat.channel, employee).await?.is_none() =>
        {
            Err(ApiError::not_found("chat"))
        }
        _ => Ok(chat),
    }
}

/// Those of the chats for which the caller may do the operation.
///
/// # Errors
/// Those of the store.
pub async fn visible(
    app: &App,
    principal: &Principal,
    operation: Operation,
    mut chats: Vec<Chat>,
) -> Result<Vec<Chat>, StoreError> {
    let Some(employee) = principal.by.employee() else { return Ok(chats) };
    let channels = chats.iter().map(|chat| &chat.channel);
    let places = places_on(&app.store, &principal.account, channels, employee).await?;
    chats.retain(|chat| access::may(operation, Sender::Employee(places.get(&chat.channel)), chat).is_ok());
    Ok(chats)
}

/// Admits an employee with a membership on any channel, and with a role that writes if `writes`; an admin always. An
/// employee who was removed from all channels keeps the token until it expires, but reaches no data of the company with
/// it.
///
/// # Errors
/// 403 `no_role`, and those of the store.
pub async fn require_any_channel(app: &App, principal: &Principal, writes: bool) -> Result<(), ApiError> {
    let Some(employee) = principal.by.employee() else { return Ok(()) };
    let channels = app.store.channels(&principal.account).await?;
    let ids = channels.iter().map(|channel| &channel.channel);
    let places = places_on(&app.store, &principal.account, ids, employee).await?;
    let works = places.values().any(|place| !writes || place.role.may_write());
    if works { Ok(()) } else { Err(denied(Refusal::NoRole)) }
}
