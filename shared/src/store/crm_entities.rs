//! Contacts and deals that a CRM loaded. They are spread over 16 partitions by a hash of their ids, because a CRM that
//! loads everything writes faster than one partition accepts.

use super::row::{Row, Write};
use super::{Read, Store, StoreError, keys, text};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, EmployeeId};
use crate::model::account::Account;
use crate::model::contact::CrmRecords;
use crate::model::contact::blacklist::Subject;
use crate::model::crm::entities::{CrmContact, CrmDeal, CrmSubject, link_contact};

/// The kinds of records that a CRM loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Contacts.
    Contacts,
    /// Deals.
    Deals,
}

impl Store {
    /// A contact that the CRM loaded, as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`], here and below.
    pub async fn crm_contact(&self, account: &AccountId, id: &str) -> Result<Option<CrmContact>, StoreError> {
        self.get(&keys::crm_contact(account, id), Read::Consistent).await
    }

    /// Several of them, in no order.
    pub async fn crm_contacts(
        &self,
        account: &AccountId,
        ids: &[String],
    ) -> Result<Vec<CrmContact>, StoreError> {
        let wanted: Vec<_> = ids.iter().map(|id| keys::crm_contact(account, id)).collect();
        if wanted.is_empty() { Ok(Vec::new()) } else { self.get_many(&wanted, Read::Consistent).await }
    }

    /// A deal that the CRM loaded, as of the last write.
    pub async fn crm_deal(&self, account: &AccountId, id: &str) -> Result<Option<CrmDeal>, StoreError> {
        self.get(&keys::crm_deal(account, id), Read::Consistent).await
    }

    /// Several of them, in no order.
    pub async fn crm_deals(&self, account: &AccountId, ids: &[String]) -> Result<Vec<CrmDeal>, StoreError> {
        let wanted: Vec<_> = ids.iter().map(|id| keys::crm_deal(account, id)).collect();
        if wanted.is_empty() { Ok(Vec::new()) } else { self.get_many(&wanted, Read::Consistent).await }
    }

    /// The CRM's contact for a new client, if the CRM has loaded one with the same phone or identity: its records, and
    /// its responsible, if that employee is known here.
    pub async fn crm_contact_of(
        &self,
        owner: &Account,
        subjects: &[Subject],
        now: Timestamp,
    ) -> Result<Option<(CrmRecords, Option<EmployeeId>)>, StoreError> {
        let digests: Vec<String> = subjects.iter().map(|subject| subject.digest(&owner.id_salt)).collect();
        let found = self.crm_contacts_by(owner, &digests).await?;
        if found.is_empty() {
            return Ok(None);
        }
        let crm = self.crm(&owner.account, Read::Eventual).await?;
        let Some(crm) = crm.map(|crm| crm.fingerprint()) else { return Ok(None) };
        let Some(contact) = found.into_iter().find(|contact| contact.is_of(&crm)) else { return Ok(None) };
        let known = self.employee(&owner.account, &contact.responsible).await?.is_some();
        let records = link_contact(&CrmRecords::default(), &contact, &crm, now).unwrap_or_default();
        Ok(Some((records, known.then_some(contact.responsible))))
    }

    /// The CRM's contacts with one of these digests: looked up, then read, because the contacts themselves say whether
    /// the digest still holds.
    pub async fn crm_contacts_by(
        &self,
        owner: &Account,
        digests: &[String],
    ) -> Result<Vec<CrmContact>, StoreError> {
        let mut ids: Vec<String> = self
            .crm_subjects(&owner.account, digests)
            .await?
            .into_iter()
            .map(|row| row.crm_contact)
            .collect();
        ids.sort();
        ids.dedup();
        let mut found = self.crm_contacts(&owner.account, &ids).await?;
        found.retain(|contact| {
            let has = contact.subjects(&owner.region, &owner.id_salt);
            digests.iter().any(|digest| has.contains(digest))
        });
        found.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    /// The rows that map these digests to the CRM's contacts.
    pub async fn crm_subjects(
        &self,
        account: &AccountId,
        digests: &[String],
    ) -> Result<Vec<CrmSubject>, StoreError> {
        let wanted: Vec<_> = digests.iter().map(|digest| keys::crm_subject(account, digest)).collect();
        if wanted.is_empty() { Ok(Vec::new()) } else { self.get_many(&wanted, Read::Consistent).await }
    }

    /// The writes that delete a contact of the CRM, and the digest rows that point to it.
    pub async fn forget_crm_contact(
        &self,
        owner: &Account,
        contact: &CrmContact,
    ) -> Result<Vec<Write>, StoreError> {
        let digests = contact.subjects(&owner.region, &owner.id_salt);
        let leading = self.crm_subjects(&owner.account, &digests).await?;
        let leading = leading.into_iter().filter(|row| row.crm_contact == contact.id);
        Ok(leading.map(|row| Write::forget(row.key())).chain([Write::forget(contact.key())]).collect())
    }

    /// How many of a kind there are, by partition. Half a read unit for every 4 KB of them.
    pub async fn count_loaded(&self, account: &AccountId, kind: Loaded) -> Result<Vec<usize>, StoreError> {
        let shards =
            (0..keys::CRM_SHARDS).map(|shard| self.count_shard(keys::crm_partition(account, kind, shard)));
        futures::future::join_all(shards).await.into_iter().collect()
    }

    async fn count_shard(&self, partition: String) -> Result<usize, StoreError> {
        let query = self.client.query().key_condition_expression("pk = :pk");
        let count = self.count_all(query.expression_attribute_values(":pk", text(partition))).await?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// A page of loaded records, from `offset` on, in a stable order; and how many there are in all. The records before
    /// the page in its partition are read too.
    pub async fn loaded_page<R: Row>(
        &self,
        account: &AccountId,
        kind: Loaded,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<R>, usize), StoreError> {
        let counts = self.count_loaded(account, kind).await?;
        let (mut found, mut skip) = (Vec::new(), offset);
        for (shard, count) in (0..).zip(&counts) {
            if skip >= *count {
                skip -= count;
                continue;
            }
            let partition = keys::crm_partition(account, kind, shard);
            let mut from = None;
            while found.len() < limit {
                let want = i32::try_from(skip + limit - found.len()).unwrap_or(i32::MAX);
                let page = self.query_prefix::<R>(&partition, "", want, from, Read::Eventual).await?;
                let read = page.items.len();
                let left = limit - found.len();
                found.extend(page.items.into_iter().skip(skip).take(left));
                skip = skip.saturating_sub(read);
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
            skip = 0;
        }
        Ok((found, counts.iter().sum()))
    }
}
