//! Contacts and deals that a CRM loaded. They are spread over 16 partitions by a hash of their ids, because a CRM that
//! loads everything writes faster than one partition accepts.

use super::chats::key_of;
use super::row::{Row, Write};
use super::{Read, Store, StoreError, failure, keys, text};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ContactId, EmployeeId};
use crate::base::phone::Phone;
use crate::model::account::Account;
use crate::model::contact::blacklist::Subject;
use crate::model::contact::{Contact, CrmRecords, Identity};
use crate::model::crm::entities::{CrmContact, CrmDeal, CrmSubject, link_contact};
use std::collections::{HashMap, HashSet};

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
        let records = link_contact(&CrmRecords::default(), &contact, None, &crm, now).unwrap_or_default();
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

    /// The ids of all loaded records of a kind, sorted. Half a read unit for every 4 KB of the records.
    async fn loaded_ids(&self, account: &AccountId, kind: Loaded) -> Result<Vec<String>, StoreError> {
        let shards =
            (0..keys::CRM_SHARDS).map(|shard| self.ids_of_shard(keys::crm_partition(account, kind, shard)));
        let shards: Vec<Vec<String>> =
            futures::future::join_all(shards).await.into_iter().collect::<Result<_, _>>()?;
        let mut ids: Vec<String> = shards.into_iter().flatten().collect();
        ids.sort_unstable();
        Ok(ids)
    }

    async fn ids_of_shard(&self, partition: String) -> Result<Vec<String>, StoreError> {
        let query = self.client.query().table_name(&self.table).key_condition_expression("pk = :pk");
        let query = query.expression_attribute_values(":pk", text(partition)).projection_expression("pk, sk");
        let (mut ids, mut from) = (Vec::new(), None);
        loop {
            let page = query.clone().set_exclusive_start_key(from).send().await;
            let page = page.map_err(|error| failure(&error))?;
            ids.extend(page.items.unwrap_or_default().iter().filter_map(key_of).map(|key| key.sk));
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(ids);
            }
        }
    }

    /// A page of loaded records in the order of their ids, from `offset` on, by the key of each id; and how many there
    /// are in all.
    async fn loaded_page<R: Row>(
        &self,
        account: &AccountId,
        kind: Loaded,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<R>, usize), StoreError> {
        let ids = self.loaded_ids(account, kind).await?;
        let key = match kind {
            Loaded::Contacts => keys::crm_contact,
            Loaded::Deals => keys::crm_deal,
        };
        let page: Vec<_> = ids.iter().skip(offset).take(limit).map(|id| key(account, id)).collect();
        let mut found: Vec<R> =
            if page.is_empty() { Vec::new() } else { self.get_many(&page, Read::Eventual).await? };
        found.sort_by_cached_key(|row| row.key().sk);
        Ok((found, ids.len()))
    }

    /// A page of the contacts that the CRM loaded, sorted by id, and how many there are in all.
    pub async fn crm_contacts_page(
        &self,
        account: &AccountId,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<CrmContact>, usize), StoreError> {
        self.loaded_page(account, Loaded::Contacts, offset, limit).await
    }

    /// The same for deals.
    pub async fn crm_deals_page(
        &self,
        account: &AccountId,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<CrmDeal>, usize), StoreError> {
        self.loaded_page(account, Loaded::Deals, offset, limit).await
    }

    /// The identities of the persons who have these phones, verified ones, by the phone.
    pub async fn identities_by_phone(
        &self,
        account: &AccountId,
        phones: &[Phone],
    ) -> Result<HashMap<Phone, Vec<Identity>>, StoreError> {
        let claims = if phones.is_empty() { Vec::new() } else { self.claims(account, &[], phones).await? };
        if claims.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<ContactId> = claims.iter().map(|claim| claim.contact.clone()).collect();
        let persons = self.persons(account, &ids).await?;
        let aliases: HashSet<&ContactId> = persons.values().flat_map(|person| &person.merged_from).collect();
        let aliases: Vec<_> = aliases.into_iter().map(|id| keys::contact(account, id)).collect();
        let aliases: Vec<Contact> =
            if aliases.is_empty() { Vec::new() } else { self.get_many(&aliases, Read::Consistent).await? };
        let of = |phone: &Phone| {
            let at = keys::phone(account, phone);
            let person = persons.get(&claims.iter().find(|claim| claim.at == at)?.contact)?;
            let own = aliases.iter().filter(|alias| alias.merged_into.as_ref() == Some(&person.contact));
            let all = std::iter::once(person).chain(own).flat_map(|contact| contact.identities.clone());
            Some((phone.clone(), all.collect()))
        };
        Ok(phones.iter().filter_map(of).collect())
    }
}
