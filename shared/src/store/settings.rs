//! Accounts and their settings: few rows, read often, written seldom.

use super::attribute::Attribute;
use super::chats::{is_tombstone, key_of};
use super::keys::{
    self, AccountEntry, ApiKeyEntry, ApiKeyRow, ExternalChannel, Pointer, Turn, WebhookTokenRow,
};
use super::row::{Item, Key, Row, Write, row_of};
use super::{Page, Read, Store, StoreError};
use crate::base::ids::{AccountId, ChannelId, ConnectionId, EmployeeId, MessageId, hex_digest};
use crate::model::access_token::TokenSecret;
use crate::model::account::Account;
use crate::model::assignment::{Ring, RingPlace, WaitingClient};
use crate::model::channel::Channel;
use crate::model::connection::{Connection, WebhookToken};
use crate::model::crm::CrmConnection;
use crate::model::employee::{Employee, Membership};
use crate::model::pipeline::Pipelines;
use std::collections::HashMap;

impl Store {
    /// An account.
    ///
    /// # Errors
    /// As [`Store::get`], here and in all reads below.
    pub async fn account(&self, account: &AccountId) -> Result<Option<Account>, StoreError> {
        self.get(&keys::account(account), Read::Eventual).await
    }

    /// A page of all accounts, the oldest first, for the operator.
    pub async fn accounts(&self, limit: i32, from: Option<Item>) -> Result<Page<Account>, StoreError> {
        let page: Page<AccountEntry> =
            self.query_prefix(keys::ACCOUNTS, "", limit, from, Read::Consistent).await?;
        let keys: Vec<_> = page.items.iter().map(|entry| keys::account(&entry.account)).collect();
        let mut accounts: Vec<Account> = self.get_many(&keys, Read::Consistent).await?;
        accounts.sort_by(|left, right| left.account.cmp(&right.account));
        Ok(Page { items: accounts, next: page.next })
    }

    /// The row of an API key, as of the last write: a new key works and a revoked one does not, at once. The caller
    /// must check that the key still [`opens`](crate::model::api_key::ApiKey::opens).
    pub async fn api_key(&self, key: &str) -> Result<Option<ApiKeyRow>, StoreError> {
        self.get(&keys::api_key(&hex_digest(key.as_bytes())), Read::Consistent).await
    }

    /// The secret of an account's tokens, as of the last write: replacing it ends all of them at once.
    pub async fn token_secret(&self, account: &AccountId) -> Result<Option<TokenSecret>, StoreError> {
        self.get(&keys::token_secret(account), Read::Consistent).await
    }

    /// An account's API keys, as of the last write, without the rows of their hashes.
    pub async fn api_keys(&self, account: &AccountId) -> Result<Vec<ApiKeyEntry>, StoreError> {
        self.query_all(&keys::settings(account), "KEY#", Read::Consistent).await
    }

    /// A webhook URL's token.
    pub async fn webhook_token(&self, token: &str) -> Result<Option<WebhookToken>, StoreError> {
        let key = keys::webhook_token(&hex_digest(token.as_bytes()));
        let mut row: Option<WebhookTokenRow> = self.get(&key, Read::Eventual).await?;
        if row.is_none() {
            // The provider tries a webhook a moment after its token was written.
            row = self.get(&key, Read::Consistent).await?;
        }
        Ok(row.map(|row| row.token))
    }

    /// A connection.
    pub async fn connection(
        &self,
        account: &AccountId,
        id: &ConnectionId,
    ) -> Result<Option<Connection>, StoreError> {
        self.get(&keys::connection(account, id), Read::Consistent).await
    }

    /// An account's connections, as of the last write.
    pub async fn connections(&self, account: &AccountId) -> Result<Vec<Connection>, StoreError> {
        self.query_all(&keys::settings(account), "CONNECTION#", Read::Consistent).await
    }

    /// A channel.
    pub async fn channel(
        &self,
        account: &AccountId,
        id: &ChannelId,
        read: Read,
    ) -> Result<Option<Channel>, StoreError> {
        self.get(&keys::channel(account, id), read).await
    }

    /// An account's channels, as of the last write.
    pub async fn channels(&self, account: &AccountId) -> Result<Vec<Channel>, StoreError> {
        self.query_all(&keys::settings(account), "CHANNEL#", Read::Consistent).await
    }

    /// Creates a channel that is new to the account and claims it in the whole deployment.
    ///
    /// # Errors
    /// [`StoreError::Lost`]: at position 0 the account has it already, at position 1 another account owns it.
    pub async fn create_channel(&self, channel: &Channel) -> Result<(), StoreError> {
        let owner = ExternalChannel {
            provider: channel.provider.clone(),
            external: channel.external.clone(),
            account: channel.account.clone(),
        };
        self.commit(vec![Write::create(channel)?, Write::create(&owner)?]).await
    }

    /// An employee.
    pub async fn employee(
        &self,
        account: &AccountId,
        id: &EmployeeId,
    ) -> Result<Option<Employee>, StoreError> {
        self.get(&keys::employee(account, id), Read::Consistent).await
    }

    /// An account's employees, as of the last write.
    pub async fn employees(&self, account: &AccountId) -> Result<Vec<Employee>, StoreError> {
        self.query_all(&keys::settings(account), "EMPLOYEE#", Read::Consistent).await
    }

    /// A channel's members, as of the last write, because assignments are decided on them.
    pub async fn members(
        &self,
        account: &AccountId,
        channel: &ChannelId,
    ) -> Result<Vec<Membership>, StoreError> {
        self.query_all(&keys::ring_partition(account, channel), "MEMBER#", Read::Consistent).await
    }

    /// One of a channel's members, as of the last write.
    pub async fn member(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        employee: &EmployeeId,
    ) -> Result<Option<Membership>, StoreError> {
        self.get(&keys::membership(account, channel, employee), Read::Consistent).await
    }

    /// A channel's ring, as of the last write.
    pub async fn ring(&self, account: &AccountId, channel: &ChannelId) -> Result<Option<Ring>, StoreError> {
        self.get(&keys::ring(account, channel), Read::Consistent).await
    }

    /// The clients that wait on a channel, in the order of arrival, at most `limit`.
    pub async fn waiting(
        &self,
        account: &AccountId,
        channel: &ChannelId,
        limit: i32,
    ) -> Result<Vec<WaitingClient>, StoreError> {
        let partition = keys::ring_partition(account, channel);
        Ok(self.query_prefix(&partition, "WAITING#", limit, None, Read::Consistent).await?.items)
    }

    /// An account's pipelines.
    pub async fn pipelines(&self, account: &AccountId) -> Result<Option<Pipelines>, StoreError> {
        self.get(&keys::pipelines(account), Read::Consistent).await
    }

    /// An account's CRM connection.
    pub async fn crm(&self, account: &AccountId, read: Read) -> Result<Option<CrmConnection>, StoreError> {
        self.get(&keys::crm(account), read).await
    }

    /// The pointers to a connection's messages, by the provider's ids, as of the last write.
    pub async fn pointers(
        &self,
        account: &AccountId,
        connection: &ConnectionId,
        messages: &[MessageId],
    ) -> Result<HashMap<MessageId, Pointed>, StoreError> {
        let by_key: HashMap<Key, &MessageId> =
            messages.iter().map(|id| (keys::pointer(account, connection, id), id)).collect();
        let wanted: Vec<Key> = by_key.keys().cloned().collect();
        let mut found = HashMap::new();
        for item in self.get_items(&wanted, Read::Consistent).await? {
            let Some(id) = key_of(&item).and_then(|key| by_key.get(&key).copied()) else { continue };
            let pointed =
                if is_tombstone(&item) { Pointed::Erased } else { Pointed::To(Box::new(row_of(item)?)) };
            found.insert(id.clone(), pointed);
        }
        Ok(found)
    }
}

/// The writes that change a membership and its turn in the ring. `depends_on` names the attributes on which the change
/// was decided; a deletion without any is unconditional.
///
/// # Errors
/// As [`Write::change`].
pub fn member_writes(
    before: Option<&Membership>,
    after: Option<&Membership>,
    depends_on: &[Attribute<Membership>],
) -> Result<Vec<Write>, StoreError> {
    let own = match (before, after) {
        (Some(before), Some(after)) => Write::change(before, after, depends_on)?,
        (None, Some(after)) => Some(Write::create(after)?),
        (Some(before), None) if depends_on.is_empty() => Some(Write::forget(before.key())),
        (Some(before), None) => Some(Write::delete_as_read(before, depends_on)?),
        (None, None) => None,
    };
    let (was, is) = (before.and_then(Turn::of), after.and_then(Turn::of));
    let mut writes: Vec<Write> = own.into_iter().collect();
    if let (Some(gone), None) = (before, after) {
        // In both lists, because the member's status may have changed since the membership was read.
        let place = RingPlace::of(gone);
        let turns = [true, false].map(|there| keys::turn(&gone.account, &gone.channel, &place, there));
        writes.extend(turns.map(Write::forget));
    } else if was != is {
        let stays = is.as_ref().map(Row::key);
        // One transaction takes one write per row.
        writes
            .extend(was.map(|turn| turn.key()).filter(|key| stays.as_ref() != Some(key)).map(Write::forget));
        writes.extend(is.map(|turn| Write::put(&turn)).transpose()?);
    }
    Ok(writes)
}

/// The row at a pointer's key.
#[derive(Clone, Debug)]
pub enum Pointed {
    /// The message exists.
    To(Box<Pointer>),
    /// It was erased.
    Erased,
}
