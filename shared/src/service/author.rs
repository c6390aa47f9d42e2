//! Who writes, or changes what was written.

use crate::base::ids::{AccountId, EmployeeId};
use crate::model::access::sending::Refusal;
use crate::model::employee::Employee;
use crate::service::refused::Refused;
use crate::store::Store;

/// The author, by the id that was told. Where no employee was ever loaded, every id is taken: the CRM keeps its users to itself.
/// Where some were, an unknown one has no rights, be they new or gone.
///
/// # Errors
/// [`Refused::MayNotSend`] for such a one; as the store's.
pub async fn known_author(
    store: &Store,
    account: &AccountId,
    employee: &EmployeeId,
) -> Result<Option<Employee>, Refused> {
    if let Some(known) = store.employee(account, employee).await? {
        return Ok(Some(known));
    }
    if store.employees(account).await?.is_empty() {
        return Ok(None);
    }
    Err(Refused::MayNotSend(Refusal::NoRole))
}
