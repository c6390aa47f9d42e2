//! Chats as the caller may see them (B9). A chat that the caller may not see is not there for them.

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

/// A refusal of the model's as an answer.
pub fn denied(refusal: Refusal) -> ApiError {
    ApiError::denied(refusal.code(), refusal.to_string())
}

/// A chat that must be there, as of the last write, and that the caller may see.
///
/// # Errors
/// 404 when it is not there, is another account's, or is not for the caller.
pub async fn visible_chat(app: &App, principal: &Principal, id: &str) -> Result<VisibleChat, ApiError> {
    Ok(place::seen_chat(&app.store, &principal.account, &ChatId::new(id), principal.by.employee()).await?)
}

/// A chat that somebody wants to write in: whether he may, sending decides, and says why not. Who has no role on its channel is
/// told that it is not there; who has one may have had it before him a moment ago, before a colleague was faster.
///
/// # Errors
/// 404 when it is not there, is another account's, or is on a channel where the employee has no role.
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

/// Of some chats those that the caller may find so.
///
/// # Errors
/// As the store's.
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

/// Admits an employee with a place on some channel, one with a role that writes where `writes`; the account's admin always. An
/// employee who was taken off all of them keeps the token until it ends, and opens nothing of the company's with it.
///
/// # Errors
/// 403 `no_role`, and as the store's.
pub async fn require_any_channel(app: &App, principal: &Principal, writes: bool) -> Result<(), ApiError> {
    let Some(employee) = principal.by.employee() else { return Ok(()) };
    let channels = app.store.channels(&principal.account).await?;
    let ids = channels.iter().map(|channel| &channel.channel);
    let places = places_on(&app.store, &principal.account, ids, employee).await?;
    let works = places.values().any(|place| !writes || place.role.may_write());
    if works { Ok(()) } else { Err(denied(Refusal::NoRole)) }
}
