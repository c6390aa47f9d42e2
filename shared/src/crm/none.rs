//! An account without a CRM: its client subscribes to nothing.

use super::client::{CrmCall, CrmClient, CrmError, CrmRecord, Pushed, Topics};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, EmployeeId};
use crate::model::chat::Chat;
use crate::model::contact::{Contact, CreationRequest, CrmRecords};
use crate::model::crm::progress::Change;
use crate::model::crm::{Capabilities, CrmConnection, CrmKind};
use crate::model::field::Field;
use async_trait::async_trait;
use std::collections::BTreeMap;
use url::Url;

/// No capabilities.
pub(super) const CAPABILITIES: Capabilities = Capabilities::NONE;

/// The client of an account without a CRM.
pub struct Client;

fn no_crm() -> CrmError {
    CrmError::Never { why: "there is no CRM".into() }
}

#[async_trait]
impl CrmClient for Client {
    fn kind(&self) -> CrmKind {
        CrmKind::None
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn settings_fields(&self) -> &'static [Field] {
        &[]
    }

    fn connection(
        &self,
        account: &AccountId,
        _: BTreeMap<String, String>,
        _: Option<&CrmConnection>,
        now: Timestamp,
    ) -> CrmConnection {
        CrmConnection::new(account, CrmKind::None, now)
    }

    fn wants(&self, _: &CrmConnection) -> Topics {
        Topics::NONE
    }

    fn address(&self, _: &CrmConnection) -> Result<Url, CrmError> {
        Err(no_crm())
    }

    async fn push(
        &self,
        _: &CrmCall<'_>,
        _: &Chat,
        _: &CrmRecords,
        _: &[Change],
    ) -> Result<Pushed, CrmError> {
        Err(no_crm())
    }

    fn contact_request(&self, _: &Chat, _: &Contact, _: &EmployeeId) -> Result<String, CrmError> {
        Err(no_crm())
    }

    async fn create_contact(&self, _: &CrmCall<'_>, _: &CreationRequest) -> Result<CrmRecord, CrmError> {
        Err(no_crm())
    }
}
