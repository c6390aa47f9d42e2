//! Contacts: the owner of an identity, merges, a contact's chats; the blacklist and the remains of erasures.

use super::chats::key_of;
use super::row::{Item, Key, row_of};
use super::{Page, Read, Store, StoreError, keys};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ContactId};
use crate::base::phone::Phone;
use crate::model::account::Account;
use crate::model::contact::blacklist::{BlockEntry, Subject};
use crate::model::contact::{Contact, ContactChat, Identity, Merge};
use crate::model::erasure::{ErasedSubject, Erasure};
use keys::ContactClaimRow;
use std::collections::HashMap;

/// The owners of a sender's strong attributes.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// The owner of each identity.
    pub identities: HashMap<Identity, ContactId>,
    /// The owner of the phone.
    pub phone: Option<ContactId>,
    /// When one of them was last erased.
    pub erased_at: Option<Timestamp>,
}

impl Store {
    /// A contact's own row, an alias or not.
    ///
    /// # Errors
    /// As [`Store::get`], here and in all reads below.
    pub async fn contact(
        &self,
        account: &AccountId,
        contact: &ContactId,
        read: Read,
    ) -> Result<Option<Contact>, StoreError> {
        self.get(&keys::contact(account, contact), read).await
    }

    /// The person behind a contact's id: the contact itself, or the one it was merged into.
    pub async fn person(
        &self,
        account: &AccountId,
        contact: &ContactId,
        read: Read,
    ) -> Result<Option<Contact>, StoreError> {
        match self.contact(account, contact, read).await? {
            Some(Contact { merged_into: Some(root), .. }) => self.contact(account, &root, read).await,
            found => Ok(found),
        }
    }

    /// The persons behind several ids, by those ids, as of the last write.
    pub async fn persons(
        &self,
        account: &AccountId,
        ids: &[ContactId],
    ) -> Result<HashMap<ContactId, Contact>, StoreError> {
        let read = |ids: Vec<ContactId>| async move {
            let keys: Vec<Key> = ids.iter().map(|id| keys::contact(account, id)).collect();
            let rows: Vec<Contact> = self.get_many(&keys, Read::Consistent).await?;
            Ok::<_, StoreError>(
                rows.into_iter().map(|row| (row.contact.clone(), row)).collect::<HashMap<_, _>>(),
            )
        };
        let mut distinct = ids.to_vec();
        distinct.sort();
        distinct.dedup();
        let own = read(distinct).await?;
        let mut roots: Vec<ContactId> =
            own.values().filter_map(|contact| contact.merged_into.clone()).collect();
        roots.sort();
        roots.dedup();
        let roots = if roots.is_empty() { HashMap::new() } else { read(roots).await? };
        let person = |contact: &Contact| match &contact.merged_into {
            Some(root) => roots.get(root).cloned(),
            None => Some(contact.clone()),
        };
        Ok(own.iter().filter_map(|(id, contact)| Some((id.clone(), person(contact)?))).collect())
    }

    /// The owners of identities and of a phone, and when one of them was erased; one batch, as of the last write.
    pub async fn who(
        &self,
        owner: &Account,
        identities: &[Identity],
        phone: Option<&Phone>,
    ) -> Result<Who, StoreError> {
        let account = &owner.account;
        let by_key: HashMap<Key, &Identity> =
            identities.iter().map(|identity| (keys::identity(account, identity), identity)).collect();
        let phone_key = phone.map(|phone| keys::phone(account, phone));
        let digests = identities
            .iter()
            .map(|identity| identity.digest(&owner.id_salt))
            .chain(phone.map(|phone| Subject::Phone(phone.clone()).digest(&owner.id_salt)));
        let erased = digests.map(|digest| keys::erased_subject(account, &digest));
        let wanted: Vec<Key> = by_key.keys().cloned().chain(phone_key.clone()).chain(erased).collect();
        let mut who = Who::default();
        for item in self.get_items(&wanted, Read::Consistent).await? {
            let Some(key) = key_of(&item) else { continue };
            if let Some(identity) = by_key.get(&key) {
                let row: ContactClaimRow = row_of(item)?;
                who.identities.insert((*identity).clone(), row.claim.contact);
            } else if Some(&key) == phone_key.as_ref() {
                let row: ContactClaimRow = row_of(item)?;
                who.phone = Some(row.claim.contact);
            } else {
                let row: ErasedSubject = row_of(item)?;
                who.erased_at = who.erased_at.max(Some(row.erased_at));
            }
        }
        Ok(who)
    }

    /// Whether any of these subjects is on the blacklist at this moment.
    pub async fn is_blocked(
        &self,
        owner: &Account,
        subjects: &[Subject],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let digests = subjects.iter().map(|subject| subject.digest(&owner.id_salt));
        let keys: Vec<Key> = digests.map(|digest| keys::block(&owner.account, &digest)).collect();
        let found: Vec<BlockEntry> = match keys.as_slice() {
            [one] => self.get(one, Read::Eventual).await?.into_iter().collect(),
            several => self.get_many(several, Read::Eventual).await?,
        };
        Ok(found.iter().any(|entry| entry.blocks(now)))
    }

    /// A page of an account's blacklist, in no meaningful order.
    pub async fn blacklist(
        &self,
        account: &AccountId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<BlockEntry>, StoreError> {
        self.query_prefix(&keys::blacklist_partition(account), "", limit, from, Read::Consistent).await
    }

    /// A page of the chats that were opened with a contact, as of the last write; chats of its aliases are listed under
    /// the aliases.
    pub async fn contact_chats(
        &self,
        account: &AccountId,
        contact: &ContactId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<ContactChat>, StoreError> {
        let pk = keys::contact_partition(account, contact);
        self.query_prefix(&pk, "CHAT#", limit, from, Read::Consistent).await
    }

    /// The merges into a contact, the earliest first, undone ones included.
    pub async fn merges(&self, account: &AccountId, contact: &ContactId) -> Result<Vec<Merge>, StoreError> {
        self.query_all(&keys::contact_partition(account, contact), "MERGE#", Read::Consistent).await
    }

    /// A page of an account's erasures, the oldest first.
    pub async fn erasures(
        &self,
        account: &AccountId,
        limit: i32,
        from: Option<Item>,
    ) -> Result<Page<Erasure>, StoreError> {
        self.query_prefix(&keys::erasure_partition(account), "", limit, from, Read::Consistent).await
    }
}
