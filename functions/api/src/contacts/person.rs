//! A person as stored: the root contact, and the contacts merged into it.

use crate::app::App;
use crate::http::error::ApiError;
use shared::base::ids::{AccountId, ContactId};
use shared::base::phone::Phone;
use shared::model::chat::Chat;
use shared::model::contact::{Contact, Identity, Merge};
use shared::store::keys::{self};
use shared::store::row::Key;
use shared::store::{Read, StoreError};
use std::collections::{BTreeSet, HashMap};

/// A person: one client, known by one or more contacts.
#[derive(Clone, Debug)]
pub struct Person {
    /// The contact that the others were merged into.
    pub root: Contact,
    /// The contacts merged into it.
    pub aliases: Vec<Contact>,
}

impl Person {
    /// The root contact, then the aliases.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        std::iter::once(&self.root).chain(&self.aliases)
    }

    /// The ids of all contacts of the person, also of those that no longer exist; the person's lists have this order.
    pub fn ids(&self) -> Vec<ContactId> {
        std::iter::once(&self.root.contact).chain(&self.root.merged_from).cloned().collect()
    }

    /// All identities of the person.
    pub fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.contacts().flat_map(|contact| &contact.identities)
    }

    /// All verified phones of the person, each once.
    pub fn phones(&self) -> impl Iterator<Item = &Phone> {
        self.contacts().filter_map(|contact| contact.phone.as_ref()).collect::<BTreeSet<_>>().into_iter()
    }
}

/// The person to whom a contact's id belongs, as of the last write.
///
/// # Errors
/// 404 when there is none, or it belongs to another account.
pub async fn existing_person(app: &App, account: &AccountId, id: &ContactId) -> Result<Person, ApiError> {
    let root = app.store.person(account, id, Read::Consistent).await?;
    let root = root.ok_or_else(|| ApiError::not_found("contact"))?;
    Ok(with_aliases(app, root).await?)
}

/// A root contact with its aliases.
///
/// # Errors
/// Those of the store; the same for the functions below.
pub async fn with_aliases(app: &App, root: Contact) -> Result<Person, StoreError> {
    let keys: Vec<Key> = root.merged_from.iter().map(|id| keys::contact(&root.account, id)).collect();
    let mut aliases: Vec<Contact> =
        if keys.is_empty() { Vec::new() } else { app.store.get_many(&keys, Read::Consistent).await? };
    // An alias whose merge is being undone is not the person's any more.
    aliases.retain(|alias| alias.merged_into.as_ref() == Some(&root.contact));
    aliases.sort_by(|left, right| left.contact.cmp(&right.contact));
    Ok(Person { root, aliases })
}

/// The persons to whom the chats' contacts belong.
pub async fn people_of(app: &App, account: &AccountId, chats: &[Chat]) -> Result<People, StoreError> {
    let ids: Vec<ContactId> = chats.iter().map(|chat| chat.contact.clone()).collect();
    if ids.is_empty() { Ok(People::new()) } else { app.store.persons(account, &ids).await }
}

/// The merges that made a person, the earliest first; undone ones too.
pub async fn merges_of(app: &App, person: &Person) -> Result<Vec<Merge>, StoreError> {
    let mut merges = Vec::new();
    for id in person.ids() {
        merges.extend(app.store.merges(&person.root.account, &id).await?);
    }
    merges.sort_by(|left, right| (left.merged_at, &left.from).cmp(&(right.merged_at, &right.from)));
    Ok(merges)
}

/// The root contact of each contact, by the id that a chat names.
pub type People = HashMap<ContactId, Contact>;
