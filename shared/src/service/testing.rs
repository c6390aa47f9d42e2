//! Fixtures of the use cases' tests.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, IdSalt};
use crate::model::account::Account;

/// The account of the model's test chats, without CRM and without rules.
pub(crate) fn account() -> Account {
    let (id, salt) = (AccountId::new("account"), IdSalt::from_bytes([0; 16]));
    Account::new(id, "Company", salt, "RU", Timestamp::from_millis(0))
}
