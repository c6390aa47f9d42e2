//! The owners of the channels that a webhook names.

use crate::Ingest;
use shared::base::clock::Timestamp;
use shared::base::ids::ChannelId;
use shared::model::connection::{ChannelOwner, TokenOwner, WebhookToken};
use shared::providers::inbound::{Inbound, Owners, WebhookRequest};
use shared::store::{Read, StoreError, keys};
use std::collections::HashMap;

impl Ingest {
    /// The owners: the token's own connection, or, for an app that serves several accounts, the owners of the channels
    /// that the body names.
    pub(crate) async fn owners(
        &self,
        provider: &dyn Inbound,
        request: &WebhookRequest<'_>,
        token: &WebhookToken,
        now: Timestamp,
    ) -> Result<Owners, StoreError> {
        if let TokenOwner::Connection(owner) = &token.owner {
            return Ok(Owners::One(owner.clone()));
        }
        let mut owners = HashMap::new();
        for external in provider.channels_named(request) {
            if let Some(owner) = self.owner_of_channel(&token.provider, &external, now).await? {
                owners.insert(external, owner);
            }
        }
        Ok(Owners::ByChannel(owners))
    }

    /// The owner of a channel: the account that claimed it, the connection that carries it, and the account's salt.
    async fn owner_of_channel(
        &self,
        provider: &str,
        external: &str,
        now: Timestamp,
    ) -> Result<Option<ChannelOwner>, StoreError> {
        let of = (provider.to_owned(), external.to_owned());
        if let Some(known) = self.known.owners.get(&of, now) {
            return Ok(Some(known));
        }
        let claim = keys::external_channel(provider, external);
        let Some(claim) = self.store.get::<keys::ExternalChannel>(&claim, Read::Eventual).await? else {
            return Ok(None);
        };
        let id = ChannelId::derive(&claim.account, provider, external);
        let channel = self.store.channel(&claim.account, &id, Read::Eventual).await?;
        let account = self.store.account(&claim.account).await?;
        let (Some(channel), Some(account)) = (channel, account) else { return Ok(None) };
        let owner =
            ChannelOwner { account: claim.account, connection: channel.connection, id_salt: account.id_salt };
        self.known.owners.put(of, owner.clone(), now);
        Ok(Some(owner))
    }
}
