//! Links our clients with the CRM's contacts and deals: which of its records are theirs, and who is responsible (B1).

use super::error::V3Error;
use crate::app::App;
use shared::base::ids::{AccountId, ContactId};
use shared::model::account::Account;
use shared::model::contact::{Contact, CrmRecords};
use shared::model::crm::CrmKind;
use shared::model::crm::entities::{CrmContact, CrmDeal, link_contact, link_deal};
use shared::service::reassign::reassign_contact;
use shared::service::refused::Refused;
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::{Read, StoreError, record_owners};
use std::collections::BTreeMap;

/// The fingerprint of the connected CRM.
pub async fn fingerprint(app: &App, account: &AccountId) -> Result<Option<String>, V3Error> {
    let row = app.store.crm(account, Read::Consistent).await?;
    Ok(row.filter(|row| row.kind == CrmKind::Universal).map(|row| row.fingerprint()))
}

/// Links a loaded contact with the clients that it identifies, and assigns them to its responsible. A client who is
/// already another loaded contact of the CRM keeps that contact and their responsible; a contact that was created for
/// the client is replaced. Without a connected CRM no records can be linked yet, but the responsible is assigned all the
/// same.
pub async fn contact(
    app: &App,
    owner: &Account,
    crm: Option<&str>,
    loaded: &CrmContact,
) -> Result<(), V3Error> {
    let persons = persons(app, owner, loaded).await?;
    if persons.is_empty() {
        return Ok(());
    }
    let known = app.store.employee(&owner.account, &loaded.responsible).await?.is_some();
    for person in persons.into_values() {
        let his = match crm {
            None => true,
            Some(crm) => {
                let made = made_contact(app, crm, &person, &loaded.id).await?;
                let made = made.as_deref();
                let link = |records: &CrmRecords| link_contact(records, loaded, made, crm, app.ambient.now());
                app.retry_on_conflict(|| link_records(app, owner, &person.contact, link)).await?
            }
        };
        if his && known {
            let changed = reassign_contact(&app.context(), owner, &person.contact, &loaded.responsible).await;
            match changed {
                Ok(0) => {}
                Ok(chats) => {
                    tracing::info!(account = %owner.account, contact = %person.contact, chats, "the CRM named a responsible")
                }
                // A client who is being erased, or a responsible who was deleted a moment ago, needs no change.
                Err(Refused::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// The client's contact in the CRM, if it is another one than `loaded` and the CRM has not loaded it: it was created for
/// the client.
async fn made_contact(
    app: &App,
    crm: &str,
    client: &Contact,
    loaded: &str,
) -> Result<Option<String>, StoreError> {
    let Some(known) = client.crm.as_of(crm).contact_id.filter(|known| known != loaded) else {
        return Ok(None);
    };
    let is_loaded = app.store.crm_contact(&client.account, &known).await?.is_some();
    Ok(Some(known).filter(|_| !is_loaded))
}

/// Links a loaded deal with the contacts that it names, and with their clients.
pub async fn deal(app: &App, owner: &Account, crm: Option<&str>, loaded: &CrmDeal) -> Result<(), V3Error> {
    for contact in app.store.crm_contacts(&owner.account, &loaded.contacts).await? {
        note_deal(app, &contact, contact.with_deal(loaded)).await?;
        let Some(crm) = crm else { continue };
        for person in persons(app, owner, &contact).await?.into_values() {
            let link = |records: &CrmRecords| link_deal(records, &contact.id, loaded, crm, app.ambient.now());
            app.retry_on_conflict(|| link_records(app, owner, &person.contact, link)).await?;
        }
    }
    Ok(())
}

/// Removes a deleted deal from its loaded contacts.
pub async fn forget_deal(app: &App, account: &AccountId, gone: &CrmDeal) -> Result<(), V3Error> {
    for contact in app.store.crm_contacts(account, &gone.contacts).await? {
        if contact.deal.as_ref().is_some_and(|deal| deal.id == gone.id) {
            note_deal(app, &contact, CrmContact { deal: None, ..contact.clone() }).await?;
        }
    }
    Ok(())
}

/// Stores a contact's deal. A conflict is ignored, because a concurrent load of another deal or of the contact wins.
async fn note_deal(app: &App, before: &CrmContact, after: CrmContact) -> Result<(), V3Error> {
    let write = Write::change(before, &after, &[attribute::crm_contact::DEAL])?;
    match app.store.commit(write.into_iter().collect()).await {
        Err(error) if !error.is_conflict() => Err(error.into()),
        _ => Ok(()),
    }
}

/// The persons whom a contact of the CRM identifies: by an identity, or by a verified phone. Several persons are not
/// merged because of it.
///
/// # Errors
/// Those of the store.
pub async fn persons(
    app: &App,
    owner: &Account,
    loaded: &CrmContact,
) -> Result<BTreeMap<ContactId, Contact>, StoreError> {
    let (identities, phones) = (loaded.identities(), loaded.phones(&owner.region));
    if identities.is_empty() && phones.is_empty() {
        return Ok(BTreeMap::new());
    }
    let claims = app.store.claims(&owner.account, &identities, &phones).await?;
    let ids: Vec<ContactId> = claims.into_iter().map(|claim| claim.contact).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let persons = app.store.persons(&owner.account, &ids).await?;
    Ok(persons.into_values().map(|person| (person.contact.clone(), person)).collect())
}

/// Stores a client's linked records. Returns whether the client is linked with the contact or deal.
async fn link_records(
    app: &App,
    owner: &Account,
    id: &ContactId,
    link: impl Fn(&CrmRecords) -> Option<CrmRecords>,
) -> Result<bool, V3Error> {
    let Some(before) = app.store.person(&owner.account, id, Read::Consistent).await? else {
        return Ok(false);
    };
    let Some(crm) = link(&before.crm) else { return Ok(false) };
    let after = Contact { crm, ..before.clone() };
    let write = Write::change(&before, &after, &[attribute::contact::CRM, attribute::contact::MERGED_INTO])?;
    if let Some(write) = write {
        for write in record_owners::gained(&before, &after)?.into_iter().chain([write]) {
            app.store.commit(vec![write]).await?;
        }
        for write in record_owners::lost(&before, &after) {
            app.store.commit(vec![write]).await?;
        }
    }
    Ok(true)
}
