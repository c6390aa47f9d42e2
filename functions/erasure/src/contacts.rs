//! Erases the contacts: first the claims by which they are found, their rows last.

use crate::job::Job;
use crate::{Eraser, ErasureError, RETRIES};
use shared::model::account::Account;
use shared::model::contact::Contact;
use shared::model::contact::blacklist::BlockEntry;
use shared::model::contact::number_check::digests_of_numbers;
use shared::model::crm::entities::RecordOwner;
use shared::model::erasure::{ErasedSubject, Phase, digests_of};
use shared::store::attribute::{self, Attribute};
use shared::store::erasure::{Claim, release};
use shared::store::row::{Key, Row, Write};
use shared::store::{MAX_WRITES, Read, StoreError, keys, retry_on_conflict};
use tokio::sync::Mutex;

/// The attributes of a contact's row on which its release depends.
const DEPENDS_ON: [Attribute<Contact>; 4] = [
    attribute::contact::IDENTITIES,
    attribute::contact::PHONE,
    attribute::contact::MERGED_INTO,
    attribute::contact::MERGED_FROM,
];

impl Eraser {
    /// Releases every identity and phone. From now on a message from one of them makes a new contact, and what was
    /// accepted before and is still in a queue is dropped by the digests.
    pub(crate) async fn release_contacts(&self, owner: &Account, job: &mut Job) -> Result<(), ErasureError> {
        let held = Mutex::new(&mut *job);
        retry_on_conflict(RETRIES, &*self.ambient, || async {
            let job = &mut **held.lock().await;
            let known = job.row.contacts.len();
            let family = self.family(job).await?;
            if job.row.contacts.len() > known {
                // Recorded before anything of them is erased.
                self.save(job).await?;
            }
            Ok::<_, ErasureError>(self.release_all(owner, job, &family).await?)
        })
        .await?;
        job.row.enter(Phase::Closing);
        Ok(())
    }

    /// The contacts as they are now. Another contact may have been merged with them since the erasure was requested: it
    /// is erased too.
    async fn family(&self, job: &mut Job) -> Result<Vec<Contact>, StoreError> {
        let (mut found, mut place) = (Vec::new(), 0);
        while let Some(id) = job.row.contacts.get(place).cloned() {
            place += 1;
            let Some(contact) = self.store.contact(&job.row.account, &id, Read::Consistent).await? else {
                continue;
            };
            let nobody = job.row.nobody();
            let root = contact.merged_into.iter().filter(|root| **root != nobody);
            for other in root.chain(&contact.merged_from) {
                if !job.row.contacts.contains(other) {
                    job.row.contacts.push(other.clone());
                }
            }
            found.push(contact);
        }
        Ok(found)
    }

    async fn release_all(&self, owner: &Account, job: &Job, family: &[Contact]) -> Result<(), StoreError> {
        let now = self.ambient.now();
        for contact in family {
            let claims = self.own_claims(job, &contact.identities, contact.phone.iter().cloned()).await?;
            let nobody = Some(job.row.nobody());
            let released = contact.merged_into == nobody;
            if released && claims.is_empty() {
                continue;
            }
            // After this no contact is merged into this one and nothing is claimed for it: every such write depends on
            // this attribute.
            let gone = Contact { merged_into: nobody, ..contact.clone() };
            let mut writes: Vec<Write> = Write::change(contact, &gone, &DEPENDS_ON)?.into_iter().collect();
            for digest in digests_of(contact, &owner.id_salt) {
                writes.push(Write::put(&ErasedSubject::at(&owner.account, digest, now))?);
            }
            writes.extend(claims.iter().map(release));
            // One transaction, except for a contact with dozens of identities: their remaining claims are found and
            // released when this is repeated.
            let rest = writes.split_off(writes.len().min(MAX_WRITES));
            self.store.commit(writes).await?;
            self.store.commit_in_parts(rest).await?;
        }
        Ok(())
    }

    /// The claims of these identities and phones that belong to a contact of the job.
    pub(crate) async fn own_claims(
        &self,
        job: &Job,
        identities: &[shared::model::contact::Identity],
        phones: impl Iterator<Item = shared::base::phone::Phone>,
    ) -> Result<Vec<Claim>, StoreError> {
        let phones: Vec<_> = phones.collect();
        let mut claims = self.store.claims(&job.row.account, identities, &phones).await?;
        claims.retain(|claim| job.row.contacts.contains(&claim.contact));
        Ok(claims)
    }

    /// Erases the remaining rows of one contact, and the contact's own row last. When no contact is left, the erasure
    /// is done.
    pub(crate) async fn erase_rest(&self, owner: &Account, job: &mut Job) -> Result<(), ErasureError> {
        let Some(contact) = self.contacts(job).await?.into_iter().next() else {
            job.row.finish(self.ambient.now());
            return Ok(());
        };
        self.forget_who_is_blocked(owner, &contact).await?;
        self.forget_in_crm(owner, &contact).await?;
        let numbers = digests_of_numbers(&contact, &owner.id_salt);
        let numbers = numbers.iter().map(|digest| keys::number(&owner.account, digest));
        self.forget_all(numbers.collect()).await?;
        let mut from = None;
        loop {
            let page = self.store.rows_of_contact(&owner.account, &contact.contact, from).await?;
            self.forget_all(page.items).await?;
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        self.store.commit(vec![Write::forget(keys::contact(&owner.account, &contact.contact))]).await?;
        Ok(())
    }

    /// A blocked client stays blocked, by the digest; the name and the note are erased.
    async fn forget_who_is_blocked(&self, owner: &Account, contact: &Contact) -> Result<(), StoreError> {
        let ids = digests_of(contact, &owner.id_salt);
        for entry in self.store.block_entries(&owner.account, &ids).await? {
            let bare = BlockEntry { subject: None, note: None, ..entry.clone() };
            let Some(write) = Write::change(&entry, &bare, &[])? else { continue };
            match self.store.commit(vec![write]).await {
                // Unblocked a moment ago: the entry is gone.
                Err(StoreError::Lost(_)) => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// Deletes what was loaded of the client from the CRM; the CRM may load it again.
    async fn forget_in_crm(&self, owner: &Account, contact: &Contact) -> Result<(), StoreError> {
        let digests = digests_of(contact, &owner.id_salt);
        let mut found = self.store.crm_contacts_by(owner, &digests).await?;
        let linked: Vec<String> = contact.crm.contact_id.iter().cloned().collect();
        found.extend(self.store.crm_contacts(&owner.account, &linked).await?);
        for loaded in found {
            self.store.commit(self.store.forget_crm_contact(owner, &loaded).await?).await?;
        }
        let deals = contact.crm.deal_id.iter().map(|deal| keys::crm_deal(&owner.account, deal));
        let leading = digests.iter().map(|digest| keys::crm_subject(&owner.account, digest));
        let owned = RecordOwner::all_of(contact);
        let owned = owned.iter().map(Row::key);
        self.forget_all(deals.chain(leading).chain(owned).collect()).await
    }

    async fn forget_all(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        let deletes = keys.into_iter().map(|key| self.store.commit(vec![Write::forget(key)]));
        futures::future::join_all(deletes).await.into_iter().collect()
    }
}
