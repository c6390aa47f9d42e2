//! What belongs to no chat, and is for those who work in some: numbers, uploads, shared texts.

use crate::App;
use crate::access::{denied, places_on};
use crate::auth::Acting;
use crate::error::ApiError;
use shared::sending::Refusal;

/// Lets pass whoever has a place on some channel, one with a role that writes where `writes`; the account's admin always. An
/// employee who was taken off all of them keeps his token until it ends, and opens nothing of the company's with it.
///
/// # Errors
/// 403 `no_role`, and as the store's.
pub async fn on_some_channel(app: &App, acting: &Acting, writes: bool) -> Result<(), ApiError> {
    let Some(employee) = acting.by.employee() else { return Ok(()) };
    let channels = app.store.channels(&acting.account).await?;
    let ids = channels.iter().map(|channel| &channel.channel);
    let places = places_on(app, &acting.account, ids, employee).await?;
    let works = places.values().any(|place| !writes || place.role.may_write());
    if works { Ok(()) } else { Err(denied(Refusal::NoRole)) }
}
