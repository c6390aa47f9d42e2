//! What follows when the CRM deletes a contact or a deal: the clients it belonged to have no such record any more, so
//! their next message creates it anew.

use super::entities::SIDE_BY_SIDE;
use super::error::V3Error;
use crate::app::App;
use crate::contacts::merges::forget_records;
use futures::{StreamExt, TryStreamExt, stream};
use shared::base::ids::{AccountId, ContactId};
use shared::model::contact::{Contact, CrmRecords};
use shared::model::crm::entities::RecordKind;
use shared::store::row::Write;
use shared::store::{Read, StoreError, attribute, record_owners};
use std::collections::BTreeSet;

/// A record that the CRM deleted.
pub struct Deleted<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The connected CRM's fingerprint.
    pub crm: &'a str,
    /// The record's kind.
    pub kind: RecordKind,
    /// The CRM's id of the record.
    pub id: &'a str,
}

impl Deleted<'_> {
    /// A client's records without it; `None` when they do not have it.
    fn out_of(&self, records: &CrmRecords) -> Option<CrmRecords> {
        match self.kind {
            RecordKind::Contact => records.without_contact(self.id, self.crm),
            RecordKind::Deal => records.without_deal(self.id, self.crm),
        }
    }

    /// Removes it from the clients that it belongs to: those it was created for or linked with, and of `persons` those
    /// who have it, with the contacts merged into them. Returns whether there were any.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget(&self, app: &App, persons: &[Contact]) -> Result<bool, V3Error> {
        let owners = app.store.record_owners(self.account, self.kind, self.id).await?;
        let merged = persons.iter().flat_map(|person| person.merged_from.iter().chain([&person.contact]));
        let clients: BTreeSet<ContactId> = owners.into_iter().chain(merged.cloned()).collect();
        let mut had_it = false;
        for client in clients {
            had_it |= self.forget_of(app, &client).await?;
        }
        Ok(had_it)
    }

    async fn forget_of(&self, app: &App, id: &ContactId) -> Result<bool, V3Error> {
        let Some(client) = app.store.contact(self.account, id, Read::Consistent).await? else {
            return Ok(false);
        };
        if self.out_of(&client.crm).is_none() {
            return Ok(false);
        }
        let root = client.merged_into.as_ref().unwrap_or(id);
        let root = app.store.contact(self.account, root, Read::Consistent).await?;
        let person = root.iter().flat_map(|root| root.merged_from.iter().chain([&root.contact]));
        let person: Vec<ContactId> = person.cloned().collect();
        // The chats say that the CRM has the records, so none would be created. They are cleared before the contact
        // changes, because a deletion whose second half failed could not be repeated; and again, because `crm-push` may
        // have stored the records once more in between.
        forget_records(app, self.account, &person).await?;
        app.retry_on_conflict(|| self.forget_once(app, id)).await?;
        forget_records(app, self.account, &person).await?;
        Ok(true)
    }

    async fn forget_once(&self, app: &App, id: &ContactId) -> Result<(), StoreError> {
        let Some(before) = app.store.contact(self.account, id, Read::Consistent).await? else {
            return Ok(());
        };
        let Some(crm) = self.out_of(&before.crm) else { return Ok(()) };
        let after = Contact { crm, ..before.clone() };
        let write = Write::change(&before, &after, &[attribute::contact::CRM])?;
        app.store.commit(write.into_iter().collect()).await?;
        for write in record_owners::lost(&before, &after) {
            app.store.commit(vec![write]).await?;
        }
        Ok(())
    }
}

/// Deletes several records, a few at a time, each by `delete`, which says whether it existed. Returns the ids of those
/// that did not, in their order.
///
/// # Errors
/// The first error of `delete`.
pub async fn delete_each<F>(ids: &[String], delete: impl Fn(String) -> F) -> Result<Vec<String>, V3Error>
where
    F: Future<Output = Result<bool, V3Error>>,
{
    let deleted: Vec<_> = ids.iter().map(|id| delete(id.clone())).collect();
    let deleted = stream::iter(deleted).buffered(SIDE_BY_SIDE);
    let existed: Vec<bool> = deleted.try_collect().await?;
    Ok(ids.iter().zip(existed).filter(|(_, existed)| !existed).map(|(id, _)| id.clone()).collect())
}
