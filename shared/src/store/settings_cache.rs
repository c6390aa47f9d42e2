//! Accounts, channels and rules as workers need them for every event: read once in thirty seconds.

use super::{Read, Store, StoreError, keys};
use crate::base::cache::{Cache, SETTINGS};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId};
use crate::model::account::Account;
use crate::model::channel::Channel;
use crate::model::crm::CrmKind;
use crate::model::rules::{Compiled, RuleSet};

/// Settings, at most half a minute old.
#[derive(Debug)]
pub struct SettingsCache {
    accounts: Cache<AccountId, Account>,
    channels: Cache<(AccountId, ChannelId), Channel>,
    rules: Cache<AccountId, Compiled>,
}

impl Default for SettingsCache {
    fn default() -> Self {
        Self { accounts: Cache::new(SETTINGS), channels: Cache::new(SETTINGS), rules: Cache::new(SETTINGS) }
    }
}

impl SettingsCache {
    /// An account, for callers that act on its kind of CRM. An account without a CRM is always read from the table,
    /// because a caller that assumes no CRM skips messages, and a CRM may have been connected a moment ago.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn owner(
        &self,
        store: &Store,
        id: &AccountId,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        if let Some(account) = self.accounts.get(id, now).filter(|account| account.crm_kind != CrmKind::None)
        {
            return Ok(Some(account));
        }
        let found: Option<Account> = store.get(&keys::account(id), Read::Consistent).await?;
        if let Some(account) = &found {
            self.accounts.put(id.clone(), account.clone(), now);
        }
        Ok(found)
    }

    /// A channel.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn channel(
        &self,
        store: &Store,
        account: &AccountId,
        id: &ChannelId,
        now: Timestamp,
    ) -> Result<Option<Channel>, StoreError> {
        let key = (account.clone(), id.clone());
        if let Some(channel) = self.channels.get(&key, now) {
            return Ok(Some(channel));
        }
        let found = match store.channel(account, id, Read::Eventual).await? {
            // The channel may have been created a moment ago.
            None => store.channel(account, id, Read::Consistent).await?,
            found => found,
        };
        if let Some(channel) = &found {
            self.channels.put(key, channel.clone(), now);
        }
        Ok(found)
    }

    /// The rules of an account, compiled; `None` if it has none, which needs no read.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn rules(
        &self,
        store: &Store,
        owner: &Account,
        now: Timestamp,
    ) -> Result<Option<Compiled>, StoreError> {
        if !owner.has_rules {
            return Ok(None);
        }
        if let Some(rules) = self.rules.get(&owner.account, now) {
            return Ok(Some(rules));
        }
        let found: Option<RuleSet> = store.get(&keys::rules(&owner.account), Read::Consistent).await?;
        let rules = Compiled::new(&found.unwrap_or_else(|| RuleSet::none(&owner.account)));
        self.rules.put(owner.account.clone(), rules.clone(), now);
        Ok(Some(rules))
    }
}
