//! The credential of a channel, and the handling of a provider's refusal of it.

use crate::{Delivery, DeliveryError};
use shared::base::cache::{Cache, SETTINGS};
use shared::base::ids::{AccountId, ConnectionId};
use shared::model::connection::{Connection, ConnectionState};
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::store::attribute;
use shared::store::row::Write;

/// Connections, at most half a minute old: a credential that is outdated by then is refused, and read again.
#[derive(Debug)]
pub struct Connections(Cache<(AccountId, ConnectionId), Connection>);

impl Default for Connections {
    fn default() -> Self {
        Self(Cache::new(SETTINGS))
    }
}

impl Delivery {
    /// A connection; `None` if it does not exist any more.
    pub(crate) async fn connection(
        &self,
        account: &AccountId,
        id: &ConnectionId,
    ) -> Result<Option<Connection>, DeliveryError> {
        let now = self.ambient.now();
        if let Some(known) = self.connections.0.get(&(account.clone(), id.clone()), now) {
            return Ok(Some(known));
        }
        self.connection_anew(account, id).await
    }

    async fn connection_anew(
        &self,
        account: &AccountId,
        id: &ConnectionId,
    ) -> Result<Option<Connection>, DeliveryError> {
        let found = self.store.connection(account, id).await?;
        if let Some(connection) = &found {
            self.connections.0.put((account.clone(), id.clone()), connection.clone(), self.ambient.now());
        }
        Ok(found)
    }

    /// Handles a refused credential. Returns whether the connection has another one by now; otherwise the connection is
    /// marked as refused, if it still has this credential.
    pub(crate) async fn refused(&self, used: &Connection) -> Result<bool, DeliveryError> {
        let Some(present) = self.connection_anew(&used.account, &used.connection).await? else {
            return Ok(false);
        };
        if present.credential != used.credential {
            return Ok(true);
        }
        if present.state != ConnectionState::Unauthorized {
            let mut shown = present.clone();
            shown.state = ConnectionState::Unauthorized;
            shown.error = Some("the provider refused the credential".into());
            self.show(&present, &shown).await?;
            telemetry::count(Metric::ConnectionUnauthorized, 1);
            tracing::error!(account = %used.account, connection = %used.connection, "the provider refuses the credential");
        }
        Ok(false)
    }

    /// Marks a refused connection as working, because the provider accepted the credential.
    pub(crate) async fn accepted(&self, used: &Connection) -> Result<(), DeliveryError> {
        if used.state != ConnectionState::Unauthorized {
            return Ok(());
        }
        let mut shown = used.clone();
        shown.state = ConnectionState::Connected;
        shown.error = None;
        self.show(used, &shown).await
    }

    /// Stores the connection's state, if it has the same credential and no other worker changed the state.
    async fn show(&self, before: &Connection, after: &Connection) -> Result<(), DeliveryError> {
        let write =
            Write::change(before, after, &[attribute::connection::CREDENTIAL, attribute::connection::STATE])?;
        match self.store.commit(write.into_iter().collect()).await {
            Ok(()) => {
                let key = (after.account.clone(), after.connection.clone());
                self.connections.0.put(key, after.clone(), self.ambient.now());
                Ok(())
            }
            Err(error) if error.is_conflict() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
