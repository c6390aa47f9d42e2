//! Finds the client of a chat (C2, C3): by an identity, else by a verified phone, else a new contact. Contacts that
//! turn out to be one person are merged by an alias, in the transaction that detected it.

use super::client_people::{ClientIdentities, People};
use super::row::Write;
use super::{Read, Store, StoreError};
use crate::base::clock::{Ambient, Timestamp};
use crate::base::ids::{AccountId, ChatId, ContactId, EmployeeId};
use crate::base::phone::Phone;
use crate::model::account::Account;
use crate::model::contact::blacklist::Subject;
use crate::model::contact::merge::{MAX_ALIASES, merge};
use crate::model::contact::{Contact, ContactChat, CrmRecords, Join, MergeReason};
use crate::model::event::MessageEvent;

/// The client found for a chat, and the writes for it.
#[derive(Debug, Default)]
pub struct Client {
    /// The contact to name on the chat: the one that holds the identity, an alias or not. So the chat stays with it if
    /// a merge is undone.
    pub id: Option<ContactId>,
    /// Whether the client was unknown until now, both here and in the CRM (C2).
    pub is_new: bool,
    /// The client's responsible.
    pub responsible: Option<EmployeeId>,
    /// The writes for the contacts and their claims.
    pub writes: Vec<Write>,
    /// The verified phone, if it is certainly the client's: then it need not be checked again.
    pub phone: Option<Phone>,
    /// How many contacts became aliases.
    pub merged: u64,
    /// When a client with this identity or phone was erased.
    pub erased_at: Option<Timestamp>,
}

impl Store {
    /// The client of a chat that we begin. `keeper` becomes the responsible, if there is none or the present one is
    /// `gone`.
    ///
    /// # Errors
    /// As [`Store::client_of`].
    pub async fn client_addressed(
        &self,
        owner: &Account,
        event: &MessageEvent,
        keeper: Option<&EmployeeId>,
        gone: Option<&EmployeeId>,
        ambient: &dyn Ambient,
    ) -> Result<Client, StoreError> {
        self.client(owner, None, event, (keeper, gone), ambient).await
    }

    /// The client of a new chat.
    ///
    /// # Errors
    /// [`StoreError::Contended`] if the client is being erased; else as [`Store::get`], here and below.
    pub async fn client_of(
        &self,
        owner: &Account,
        event: &MessageEvent,
        ambient: &dyn Ambient,
    ) -> Result<Client, StoreError> {
        self.client(owner, None, event, (None, None), ambient).await
    }

    /// Stores new facts about a known chat's client from a message: a phone, another form of the identity.
    pub async fn client_told(
        &self,
        owner: &Account,
        contact: &ContactId,
        event: &MessageEvent,
        ambient: &dyn Ambient,
    ) -> Result<Client, StoreError> {
        self.client(owner, Some(contact), event, (None, None), ambient).await
    }

    async fn client(
        &self,
        owner: &Account,
        known: Option<&ContactId>,
        event: &MessageEvent,
        (keeper, gone): (Option<&EmployeeId>, Option<&EmployeeId>),
        ambient: &dyn Ambient,
    ) -> Result<Client, StoreError> {
        let seen = ClientIdentities::of(event, owner);
        let who = self.who(owner, &seen.identities, seen.phone.as_ref()).await?;
        let owners: Vec<(ContactId, MergeReason)> = known
            .map(|id| (id.clone(), MergeReason::SameIdentity))
            .into_iter()
            .chain(seen.identities.iter().filter_map(|identity| {
                Some((who.identities.get(identity)?.clone(), MergeReason::SameIdentity))
            }))
            .chain(who.phone.clone().map(|id| (id, MergeReason::VerifiedPhone)))
            .collect();
        let ids: Vec<ContactId> = owners.iter().map(|(id, _)| id.clone()).collect();
        let found =
            if ids.is_empty() { Default::default() } else { self.persons(&owner.account, &ids).await? };
        if found.len() < ids.iter().collect::<std::collections::HashSet<_>>().len() {
            // The claim's contact does not exist: it is being erased, and its claims go first.
            return match known {
                Some(_) => Ok(Client::default()),
                None => Err(StoreError::Contended),
            };
        }
        let mut persons = owners.iter().filter_map(|(id, reason)| Some((found.get(id)?.clone(), *reason)));
        let mut people = match (persons.next(), ids.first()) {
            (Some((root, _)), Some(own)) if root.contact == *own => People::known(root, None),
            (Some((root, _)), Some(own)) => {
                let own = self.contact(&owner.account, own, Read::Consistent).await?;
                People::known(root, Some(own.ok_or(StoreError::Contended)?))
            }
            _ => People::new(self.newcomer(owner, event, &seen, ambient).await?),
        };
        for (other, reason) in persons {
            if !people.have(&other.contact) {
                self.join(&mut people, other, reason, ambient.now()).await?;
            }
        }
        if let Some(keeper) = keeper {
            people.keep_for(keeper, gone);
        }
        let claims = people.claim(&owner.account, &seen, &who)?;
        let phone_of = who.phone.as_ref().and_then(|owner| found.get(owner));
        Ok(Client {
            id: Some(people.own().contact.clone()),
            is_new: people.are_new(),
            responsible: people.root().responsible.clone(),
            merged: people.merges(),
            phone: seen.phone.filter(|phone| people.has_phone(phone, phone_of)),
            erased_at: who.erased_at,
            writes: people.writes(claims)?,
        })
    }

    /// The contact for an unknown client. If the CRM has loaded the client, it is linked to the CRM's contact and gets
    /// the responsible from there (C2, B1).
    async fn newcomer(
        &self,
        owner: &Account,
        event: &MessageEvent,
        seen: &ClientIdentities,
        ambient: &dyn Ambient,
    ) -> Result<Contact, StoreError> {
        let mut contact = new_contact(owner, event, ambient);
        if owner.has_crm_contacts {
            let subjects = Subject::all(&seen.identities, seen.phone.as_ref());
            if let Some((crm, responsible)) = self.crm_contact_of(owner, &subjects, ambient.now()).await? {
                (contact.crm, contact.responsible) = (crm, responsible);
            }
        }
        Ok(contact)
    }

    /// Merges two contacts that turned out to be one person, if that is allowed. The one with the phone stays; between
    /// two forms of one identity the older one does.
    async fn join(
        &self,
        people: &mut People,
        other: Contact,
        reason: MergeReason,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let root = people.root();
        let other_stays = match reason {
            MergeReason::VerifiedPhone => true,
            _ => (other.created_at, &other.contact) < (root.created_at, &root.contact),
        };
        let (into, from) = if other_stays { (&other, root) } else { (root, &other) };
        if into.merged_from.len() + from.merged_from.len() >= MAX_ALIASES {
            tracing::warn!(account = %root.account, contact = %root.contact, "too many contacts are one person: not joined");
            return Ok(());
        }
        match merge(into, from, reason, now) {
            Ok(merged) => {
                let mut aliases = Vec::new();
                for id in &from.merged_from {
                    aliases.extend(self.contact(&from.account, id, Read::Consistent).await?);
                }
                people.take(other, merged, aliases, other_stays);
                Ok(())
            }
            Err(Join::Same | Join::Yes) => Ok(()),
            Err(why @ (Join::OtherPhone | Join::KeptApart)) => {
                tracing::info!(account = %root.account, one = %root.contact, other = %other.contact, ?why, "not joined");
                Ok(())
            }
        }
    }
}

fn new_contact(owner: &Account, event: &MessageEvent, ambient: &dyn Ambient) -> Contact {
    // Providers do not say whom a group's `contact` names.
    let hint = Some(&event.contact).filter(|_| !event.group);
    Contact {
        v: 1,
        account: owner.account.clone(),
        contact: ContactId::new(ambient.uuid().to_string()),
        name: hint.and_then(|hint| hint.name.clone()),
        phone: None,
        identities: Vec::new(),
        merged_into: None,
        merged_from: Vec::new(),
        kept_apart: Vec::new(),
        username: hint.and_then(|hint| hint.username.clone()),
        responsible: None,
        crm: CrmRecords::default(),
        created_at: ambient.now(),
    }
}

/// Adds a new chat to its contact's history.
///
/// # Errors
/// As [`Write::create`], here and below.
pub fn in_history(chat: &crate::model::chat::Chat, at: Timestamp) -> Result<Write, StoreError> {
    Write::create(&ContactChat {
        v: 1,
        account: chat.account.clone(),
        contact: chat.contact.clone(),
        chat: chat.chat.clone(),
        channel: chat.channel.clone(),
        created_at: at,
    })
}

/// Adds another form of a chat's id, which leads to the chat from now on.
pub fn alias_row(account: &AccountId, form: &ChatId, chat: &ChatId) -> Result<Write, StoreError> {
    Write::create(&crate::model::chat::ChatAliasRow {
        v: 1,
        account: account.clone(),
        chat: form.clone(),
        alias_of: chat.clone(),
    })
}
