//! Which clients of ours a record of the CRM belongs to: rows that lead from the CRM's id of a contact or deal to them.
//! A row is written before the client's own row names the record, and deleted after it stopped doing so; a row too many
//! does no harm, because the client's own row decides.

use super::row::{Row, Write};
use super::{Read, Store, StoreError, keys};
use crate::base::ids::{AccountId, ContactId};
use crate::model::contact::Contact;
use crate::model::crm::entities::{RecordKind, RecordOwner};

impl Store {
    /// The clients that a record of the CRM may belong to, aliases included, as of the last write.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn record_owners(
        &self,
        account: &AccountId,
        kind: RecordKind,
        record: &str,
    ) -> Result<Vec<ContactId>, StoreError> {
        let partition = keys::record_owners(account, kind, record);
        let rows: Vec<RecordOwner> = self.query_all(&partition, "", Read::Consistent).await?;
        Ok(rows.into_iter().map(|row| row.contact).collect())
    }
}

/// The rows to write before a client's records change.
///
/// # Errors
/// As [`Write::put`].
pub fn gained(before: &Contact, after: &Contact) -> Result<Vec<Write>, StoreError> {
    let known = RecordOwner::all_of(before);
    RecordOwner::all_of(after).iter().filter(|row| !known.contains(row)).map(Write::put).collect()
}

/// The rows to delete after a client's records have changed.
pub fn lost(before: &Contact, after: &Contact) -> Vec<Write> {
    let left = RecordOwner::all_of(after);
    let gone = RecordOwner::all_of(before).into_iter().filter(|row| !left.contains(row));
    gone.map(|row| Write::forget(row.key())).collect()
}
