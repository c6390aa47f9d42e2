//! Employees' memberships of channels, and chats as a caller may see them (B9).

use crate::base::ids::{AccountId, ChannelId, ChatId, EmployeeId};
use crate::model::access::sending::Sender;
use crate::model::access::{self, Operation};
use crate::model::chat::Chat;
use crate::model::employee::Membership;
use crate::service::refused::{Refused, What};
use crate::store::row::Key;
use crate::store::{Read, Store, StoreError, keys};
use std::collections::{BTreeSet, HashMap};

/// An employee's membership of a channel, as of the last write: rights are never read from a cache. An employee whom
/// the CRM no longer knows has none.
///
/// # Errors
/// As the store's.
pub async fn place_of(
    store: &Store,
    account: &AccountId,
    channel: &ChannelId,
    employee: &EmployeeId,
) -> Result<Option<Membership>, StoreError> {
    let place: Option<Membership> =
        store.get(&keys::membership(account, channel, employee), Read::Consistent).await?;
    Ok(place.filter(|place| access::active(Some(place)).is_some()))
}

/// An employee's memberships, by channel, as of the last write.
///
/// # Errors
/// As the store's, here and below.
pub async fn places_on(
    store: &Store,
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
    let places: Vec<Membership> = store.get_many(&wanted, Read::Consistent).await?;
    let there = places.into_iter().filter(|place| access::active(Some(place)).is_some());
    Ok(there.map(|place| (place.channel.clone(), place)).collect())
}

/// A chat, and the calling employee's membership of its channel.
#[derive(Clone, Debug)]
pub struct VisibleChat {
    /// The chat.
    pub chat: Chat,
    /// The employee's membership; `None` where the account itself calls. An employee without a membership would not see
    /// the chat.
    pub place: Option<Membership>,
}

impl VisibleChat {
    /// Whether the caller may do something with the chat.
    ///
    /// # Errors
    /// [`Refused::MayNot`].
    pub fn may(&self, operation: Operation) -> Result<(), Refused> {
        let who = self.place.as_ref().map_or(Sender::Account, |place| Sender::Employee(Some(place)));
        access::may(operation, who, &self.chat).map(|_| ()).map_err(Refused::MayNot)
    }
}

/// Loads a chat, as of the last write, that `by` may see: an employee, or the account itself. An alias of its id works
/// too.
///
/// # Errors
/// [`Refused::NotFound`] when the chat does not exist, [`Refused::MayNot`] when it is hidden from the employee.
pub async fn seen_chat(
    store: &Store,
    account: &AccountId,
    id: &ChatId,
    by: Option<&EmployeeId>,
) -> Result<VisibleChat, Refused> {
    let chat = store.chat(account, id).await?.ok_or(Refused::NotFound(What::Chat))?;
    let Some(employee) = by else { return Ok(VisibleChat { chat, place: None }) };
    let place = place_of(store, account, &chat.channel, employee).await?;
    access::may(Operation::Open, Sender::Employee(place.as_ref()), &chat).map_err(Refused::MayNot)?;
    Ok(VisibleChat { chat, place })
}
