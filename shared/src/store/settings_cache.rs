//! Accounts and channels as workers need them at every event: read once in thirty seconds.

use super::{Read, Store, StoreError};
use crate::account::Account;
use crate::cache::{Cache, SETTINGS};
use crate::channel::Channel;
use crate::clock::Timestamp;
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
    /// An account.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn account(
        &self,
        store: &Store,
        id: &AccountId,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        if let Some(account) = self.accounts.get(id, now) {
            return Ok(Some(account));
        }
        let found = store.account(id).await?;
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
        let found = store.channel(account, id, Read::Eventual).await?;
        if let Some(channel) = &found {
            self.channels.put(key, channel.clone(), now);
        }
        Ok(found)
    }
}
