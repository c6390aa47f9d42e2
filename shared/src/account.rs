//! Accounts: one company each.

use crate::clock::Timestamp;
use crate::crm::CrmKind;
use crate::ids::{AccountId, ApiKeyId, IdSalt};
use serde::{Deserialize, Serialize};

/// The language of texts that employees and clients see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Russian.
    #[default]
    Ru,
    /// English.
    En,
}

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
    /// The language of texts that employees and clients see.
    #[serde(default)]
    pub language: Language,
    /// Whether anybody is on the blacklist: without one, nobody is looked up there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_blacklist: bool,
    /// Option "8 → +7" (C4), where the CRM lets us write its contacts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewrite_leading_eight: bool,
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
