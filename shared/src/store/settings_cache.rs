//! Accounts and channels as workers need them at every event: read once in thirty seconds.

use super::{Read, Store, StoreError, keys};
use crate::account::Account;
use crate::cache::{Cache, SETTINGS};
use crate::channel::Channel;
use crate::clock::Timestamp;
use crate::crm::CrmKind;
use crate::ids::{AccountId, ChannelId};

/// Settings, at most half a minute old.
#[derive(Debug)]
pub struct SettingsCache {
    accounts: Cache<AccountId, Account>,
    channels: Cache<(AccountId, ChannelId), Channel>,
}

impl Default for SettingsCache {
    fn default() -> Self {
        Self { accounts: Cache::new(SETTINGS), channels: Cache::new(SETTINGS) }
    }
}

impl SettingsCache {
    /// An account, for who acts on which CRM it works with. That it has none is read from the table itself: whoever believes that passes
    /// messages by, and a CRM may have been connected a moment ago.
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
            // It may have been made a moment ago.
            None => store.channel(account, id, Read::Consistent).await?,
            found => found,
        };
        if let Some(channel) = &found {
            self.channels.put(key, channel.clone(), now);
        }
        Ok(found)
    }
}
