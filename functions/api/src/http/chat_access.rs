//! Chats as whoever asks may see them (B9). One that he may not see is not there for him.

use crate::app::App;
use crate::http::auth::Acting;
use crate::http::error::ApiError;
use crate::http::existing::existing_chat;
use shared::base::ids::{AccountId, ChannelId, EmployeeId};
use shared::model::access::sending::{Refusal, Sender};
use shared::model::access::{self, Denial, Operation};
use shared::model::chat::Chat;
use shared::model::employee::Membership;
use shared::store::row::Key;
use shared::store::{Read, StoreError, keys};
use std::collections::{BTreeSet, HashMap};

/// A chat, and the caller's place on its channel.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The chat.
    pub chat: Chat,
    /// His place, when he is an employee: he has one, or he would not see it.
    pub place: Option<Membership>,
}

impl Seen {
    /// Whether the caller may do something with the chat.
    ///
    /// # Errors
    /// 403 with the reason; 404 where he does not see it.
    pub fn may(&self, operation: Operation) -> Result<(), ApiError> {
        may(
            operation,
            self.place.as_ref().map_or(Sender::Account, |place| Sender::Employee(Some(place))),
            &self.chat,
        )
    }
}

/// The rule's word on an operation, as an answer.
fn may(operation: Operation, who: Sender<'_>, chat: &Chat) -> Result<(), ApiError> {
    let words = |denial: Denial| match denial {
        Denial::Hidden => ApiError::not_found("chat"),
        Denial::NotHead => {
            ApiError::denied(denial.code(), "only a head of the channel gives clients to others")
        }
        Denial::NoRole => denied(Refusal::NoRole),
        Denial::NotResponsible => denied(Refusal::NotResponsible),
        Denial::NotBound => denied(Refusal::NotBound),
        Denial::QualityControl => denied(Refusal::QualityControl),
    };
    access::may(operation, who, chat).map(|_| ()).map_err(words)
}

/// A refusal of the model's as an answer.
pub fn denied(refusal: Refusal) -> ApiError {
    ApiError::denied(refusal.code(), refusal.to_string())
}

/// A chat that must be there, as of the last write, and that the caller may see.
///
/// # Errors
/// 404 when it is not there, is another account's, or is not for his eyes.
pub async fn seen_chat(app: &App, acting: &Acting, id: &str) -> Result<Seen, ApiError> {
    let chat = existing_chat(app, &acting.account, id).await?;
    let Some(employee) = acting.by.employee() else { return Ok(Seen { chat, place: None }) };
    let place = place_of(app, &acting.account, &chat.channel, employee).await?;
    may(Operation::Open, Sender::Employee(place.as_ref()), &chat)?;
    Ok(Seen { chat, place })
}

/// A chat that somebody wants to write in: whether he may, sending decides, and says why not. Who has no role on its channel is
/// told that it is not there; who has one may have had it before him a moment ago, before a colleague was faster.
///
/// # Errors
/// 404 when it is not there, is another account's, or is on a channel that is none of his.
pub async fn addressed_chat(app: &App, acting: &Acting, id: &str) -> Result<Chat, ApiError> {
    let chat = existing_chat(app, &acting.account, id).await?;
    match acting.by.employee() {
        Some(employee) if place_of(app, &acting.account, &chat.channel, employee).await?.is_none() => {
            Err(ApiError::not_found("chat"))
        }
        _ => Ok(chat),
    }
}

/// An employee's place on a channel, as of the last write: rights are never taken from memory. One whom the CRM does not know
/// any more has none.
///
/// # Errors
/// As the store's.
pub async fn place_of(
    app: &App,
    account: &AccountId,
    channel: &ChannelId,
    employee: &EmployeeId,
) -> Result<Option<Membership>, StoreError> {
    let place: Option<Membership> =
        app.store.get(&keys::membership(account, channel, employee), Read::Consistent).await?;
    Ok(place.filter(|place| access::active(Some(place)).is_some()))
}

/// An employee's places on channels, by channel, as of the last write.
///
/// # Errors
/// As the store's, here and below.
pub async fn places_on(
    app: &App,
    account: &AccountId,
    channels: impl IntoIterator<Item = &ChannelId>,
    employee: &EmployeeId,
) -> Result<HashMap<ChannelId, Membership>, StoreError> {
    let channels: BTreeSet<&ChannelId> = channels.into_iter().collect();
    let wanted: Vec<Key> =
        channels.into_iter().map(|channel| keys::membership(account, channel, employee)).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let places: Vec<Membership> = app.store.get_many(&wanted, Read::Consistent).await?;
    let there = places.into_iter().filter(|place| access::active(Some(place)).is_some());
    Ok(there.map(|place| (place.channel.clone(), place)).collect())
}

/// Of some chats those that the caller may find so.
///
/// # Errors
/// As the store's.
pub async fn visible(
    app: &App,
    acting: &Acting,
    operation: Operation,
    mut chats: Vec<Chat>,
) -> Result<Vec<Chat>, StoreError> {
    let Some(employee) = acting.by.employee() else { return Ok(chats) };
    let channels = chats.iter().map(|chat| &chat.channel);
    let places = places_on(app, &acting.account, channels, employee).await?;
    chats.retain(|chat| access::may(operation, Sender::Employee(places.get(&chat.channel)), chat).is_ok());
    Ok(chats)
}

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
