//! Prepares calls to a CRM.

use crate::{CrmPush, PushError};
use shared::crm;
use shared::crm::client::CrmCall;
use shared::crm::formatting::Formatter;
use shared::model::crm::CrmConnection;
use shared::model::texts::Language;
use shared::providers;

impl CrmPush {
    /// Prepares a call with a connection: fails if KMS fails or the address cannot be parsed.
    pub(crate) async fn call<'a>(
        &'a self,
        connection: &'a CrmConnection,
        formatter: Formatter<'a>,
    ) -> Result<CrmCall<'a>, PushError> {
        let credential = match &connection.credential {
            Some(sealed) => Some(self.vault.open(&connection.account, sealed, self.ambient.now()).await?),
            None => None,
        };
        let address = crm::client(connection.kind).address(connection)?;
        Ok(CrmCall { http: &self.http, ambient: &*self.ambient, connection, address, credential, formatter })
    }

    /// A formatter for bodies that hold no text.
    pub(crate) fn without_texts(&self) -> Formatter<'_> {
        Formatter::new(Language::default(), None, &self.public_base_url, providers::failure_reason)
    }
}
