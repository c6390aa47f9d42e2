//! The employee who writes a message, or changes one.

use crate::base::ids::{AccountId, EmployeeId};
use crate::model::access::sending::Refusal;
use crate::model::employee::Employee;
use crate::service::new_message::AuthorRights;
use crate::service::refused::Refused;
use crate::store::Store;

/// Loads the author by the id that the caller named. `None` where no employee was ever loaded for the account: such a
/// CRM does not list its users, so every id is accepted. Where some were loaded, an unknown id has no rights, whether
/// the employee is new or gone; as a label it is accepted all the same.
///
/// # Errors
/// [`Refused::MayNotSend`] for an unknown id; as the store's.
pub async fn known_author(
    store: &Store,
    account: &AccountId,
    employee: &EmployeeId,
    rights: AuthorRights,
) -> Result<Option<Employee>, Refused> {
    if let Some(known) = store.employee(account, employee).await? {
        return Ok(Some(known));
    }
    if rights == AuthorRights::Label || store.employees(account).await?.is_empty() {
        return Ok(None);
    }
    Err(Refused::MayNotSend(Refusal::NoRole))
}
