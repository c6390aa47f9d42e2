//! The listings that a chat is or was about, and the CRM's records of their cars.

use crate::app::App;
use crate::chats::listing_view::{CrmCarView, ListingView, Listings};
use crate::http::auth::Principal;
use crate::http::body::{Body, Id, Ids};
use crate::http::chat_access::visible_chat;
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use shared::base::ids::{AccountId, ChatId};
use shared::model::access::Operation;
use shared::model::message::listing::{ChatListing, CrmCar};
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::{Read, keys};
use std::sync::Arc;

/// List a chat's listings
///
/// The listings about which the client has written or called, the most recently changed first.
#[utoipa::path(
    get, path = "/v1/chats/{chat}/listings", tag = "chats",
    params(("chat" = String, Path, description = "The chat's id")),
    responses((status = 200, description = "All of them", body = Listings))
)]
pub async fn list(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<Listings>, ApiError> {
    let chat = visible_chat(&app, &principal, &id).await?.chat.chat;
    Ok(Json(Listings { listings: of_chat(&app, &principal.account, &chat).await? }))
}

/// A chat's listings, the most recently changed first.
///
/// # Errors
/// As the store's.
pub async fn of_chat(app: &App, account: &AccountId, chat: &ChatId) -> Result<Vec<ListingView>, ApiError> {
    let mut listings = app.store.chat_listings(account, chat).await?;
    listings.sort_by_key(|row| std::cmp::Reverse((row.last_at, row.first_at)));
    Ok(listings.into_iter().map(ListingView::from).collect())
}

async fn existing(
    app: &App,
    account: &AccountId,
    chat: &ChatId,
    listing: &str,
) -> Result<ChatListing, ApiError> {
    // The id is a digest; any other text is not looked up.
    let possible = listing.len() == 32 && listing.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = keys::chat_listing_by_digest(account, chat, listing);
    let found = if possible { app.store.get(&key, Read::Consistent).await? } else { None };
    found.ok_or_else(|| ApiError::not_found("listing"))
}

/// Set the CRM's record of a listing's car
///
/// The record must match the listing's car: by the VIN, by an offer that is the listing's id, or by a link that is the
/// listing's.
#[utoipa::path(
    put, path = "/v1/chats/{chat}/listings/{listing}/car", tag = "chats", request_body = CrmCarView,
    params(
        ("chat" = String, Path, description = "The chat's id"),
        ("listing" = String, Path, description = "The listing's id, as the chat's listings show it")
    ),
    responses(
        (status = 200, description = "The listing as it is now", body = ListingView),
        (status = 403, description = "Quality control may not change it (`quality_control`)"),
        (status = 422, description = "It is another car (`car_does_not_match`)")
    )
)]
pub async fn put_car(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
    Body(car): Body<CrmCarView>,
) -> Result<Json<ListingView>, ApiError> {
    let (Id(chat), Id(listing)) = ids;
    car.check()?;
    let field = car.mismatch();
    let car = CrmCar::from(car);
    let row = app.retry_on_conflict(|| write(&app, &principal, &chat, &listing, Some((&car, field)))).await?;
    Ok(Json(row.into()))
}

/// Delete the CRM's record of a listing's car
#[utoipa::path(
    delete, path = "/v1/chats/{chat}/listings/{listing}/car", tag = "chats",
    params(
        ("chat" = String, Path, description = "The chat's id"),
        ("listing" = String, Path, description = "The listing's id, as the chat's listings show it")
    ),
    responses(
        (status = 204, description = "There is none now"),
        (status = 403, description = "Quality control may not change it (`quality_control`)")
    )
)]
pub async fn delete_car(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
) -> Result<StatusCode, ApiError> {
    let (Id(chat), Id(listing)) = ids;
    app.retry_on_conflict(|| write(&app, &principal, &chat, &listing, None)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets or removes the record. Whether it matches the listing's car depends on the listing's data alone, so the write
/// is conditional on nothing else.
async fn write(
    app: &App,
    principal: &Principal,
    chat: &str,
    listing: &str,
    car: Option<(&CrmCar, &'static str)>,
) -> Result<ChatListing, ApiError> {
    let visible = visible_chat(app, principal, chat).await?;
    visible.may(Operation::Tag)?;
    let before = existing(app, &principal.account, &visible.chat.chat, listing).await?;
    if let Some((car, field)) = car
        && before.listing.matches(car).is_none()
    {
        let message = "neither VIN, offer nor URL is the listing's";
        return Err(ApiError::refused("car_does_not_match", field, message));
    }
    let after = ChatListing { crm_car: car.map(|(car, _)| car.clone()), ..before.clone() };
    let change = Write::change(&before, &after, &[attribute::chat_listing::LISTING])?;
    app.store.commit(change.into_iter().collect()).await?;
    Ok(after)
}
