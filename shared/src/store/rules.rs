//! The rules of an account: one row, and what the account says of them.

use super::row::{Key, Row, Write};
use super::{Read, Store, StoreError, keys};
use crate::base::ids::AccountId;
use crate::model::account::Account;
use crate::model::rules::RuleSet;
use crate::store::attribute;

impl Row for RuleSet {
    fn key(&self) -> Key {
        keys::rules(&self.account)
    }
}

impl Store {
    /// An account's rules; `None` while it has saved none.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn rules(&self, account: &AccountId, read: Read) -> Result<Option<RuleSet>, StoreError> {
        self.get(&keys::rules(account), read).await
    }
}

/// The writes that replace an account's rules, as of both rows: the set takes the next version, and the account says
/// whether there are any, and which silence they wait for.
///
/// # Errors
/// As [`Write::change`].
pub fn rule_writes(
    owner: &Account,
    before: Option<&RuleSet>,
    after: &RuleSet,
) -> Result<Vec<Write>, StoreError> {
    let says = Account { has_rules: after.runs(), idle_minutes: after.idle_minutes(), ..owner.clone() };
    let set = match before {
        Some(before) => Write::change(before, after, &[attribute::rule_set::VERSION])?,
        None => Some(Write::create(after)?),
    };
    // What the account says follows from the set: of two who save at once, one decides again on the set's version.
    let account =
        Write::change(owner, &says, &[attribute::account::HAS_RULES, attribute::account::IDLE_MINUTES])?;
    Ok(set.into_iter().chain(account).collect())
}
