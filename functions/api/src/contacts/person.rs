//! A person as the table holds him: the contact that stands for him, and those that were merged into him.

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

/// A person.
#[derive(Clone, Debug)]
pub struct Person {
    /// The contact that stands for him.
    pub root: Contact,
    /// His aliases.
    pub aliases: Vec<Contact>,
}

impl Person {
    /// The contact that stands for him, then the others.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        std::iter::once(&self.root).chain(&self.aliases)
    }

    /// The ids of all of them, also of those that are gone: the order of his lists.
    pub fn ids(&self) -> Vec<ContactId> {
        std::iter::once(&self.root.contact).chain(&self.root.merged_from).cloned().collect()
    }

    /// All his identities.
    pub fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.contacts().flat_map(|contact| &contact.identities)
    }

    /// All his verified phones, each once.
    pub fn phones(&self) -> impl Iterator<Item = &Phone> {
        self.contacts().filter_map(|contact| contact.phone.as_ref()).collect::<BTreeSet<_>>().into_iter()
    }
}

/// The person behind a contact's id, as of the last write.
///
/// # Errors
/// 404 when nobody is, also when it is another account's.
pub async fn existing_person(app: &App, account: &AccountId, id: &ContactId) -> Result<Person, ApiError> {
    let root = app.store.person(account, id, Read::Consistent).await?;
    let root = root.ok_or_else(|| ApiError::not_found("contact"))?;
    Ok(with_aliases(app, root).await?)
}

/// A person with his aliases.
///
/// # Errors
/// As the store's, here and below.
pub async fn with_aliases(app: &App, root: Contact) -> Result<Person, StoreError> {
    let keys: Vec<Key> = root.merged_from.iter().map(|id| keys::contact(&root.account, id)).collect();
    let mut aliases: Vec<Contact> =
        if keys.is_empty() { Vec::new() } else { app.store.get_many(&keys, Read::Consistent).await? };
    // One who was taken apart at this moment is none of his any more.
    aliases.retain(|alias| alias.merged_into.as_ref() == Some(&root.contact));
    aliases.sort_by(|left, right| left.contact.cmp(&right.contact));
    Ok(Person { root, aliases })
}

/// Who the contacts of chats turned out to be.
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

/// Who contacts turned out to be: by the id that a chat names.
pub type People = HashMap<ContactId, Contact>;
