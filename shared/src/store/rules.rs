//! The rules of an account: one row, and the account's summary of it.

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
    /// An account's rules; `None` if it has saved none.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn rules(&self, account: &AccountId, read: Read) -> Result<Option<RuleSet>, StoreError> {
        self.get(&keys::rules(account), read).await
    }
}

/// The writes that replace an account's rules: the set gets the next version, and the account stores whether there are
/// any rules, and the silence that they wait for.
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
    // The account's summary follows from the set: of two concurrent saves one conflicts on the set's version and
    // decides again.
    let account =
        Write::change(owner, &says, &[attribute::account::HAS_RULES, attribute::account::IDLE_MINUTES])?;
    Ok(set.into_iter().chain(account).collect())
}
