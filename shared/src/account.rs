//! Accounts: one company each.

use crate::clock::Timestamp;
use crate::crm::CrmKind;
use crate::ids::{AccountId, ApiKeyId, IdSalt};
use serde::{Deserialize, Serialize};

/// One company with one CRM connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Version of the row's shape.
    pub v: u16,
    /// Its id.
    pub account: AccountId,
    /// Its name, for people.
    pub name: String,
    /// Goes into its chat ids.
    pub id_salt: IdSalt,
    /// Which CRM it works with.
    #[serde(default)]
    pub crm_kind: CrmKind,
    /// ISO 3166 region that numbers without a country code are read in.
    pub region: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// An API key of an account, found by the key's hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Version of the row's shape.
    pub v: u16,
    /// The account it opens.
    pub account: AccountId,
    /// The key's id.
    pub key_id: ApiKeyId,
    /// The first characters, to tell keys apart in lists.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
}
