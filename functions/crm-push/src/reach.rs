//! What a CRM is called with.

use crate::{CrmPush, PushError};
use shared::crm::universal::client::Opened;
use shared::model::crm::CrmConnection;

impl CrmPush {
    /// Opens a connection: only KMS can fail, or an address that cannot be read.
    pub(crate) async fn reach(&self, connection: &CrmConnection) -> Result<Opened, PushError> {
        let key = match &connection.crm_key {
            Some(sealed) => Some(self.vault.open(&connection.account, sealed, self.ambient.now()).await?),
            None => None,
        };
        Ok(Opened::new(connection, key)?)
    }
}
