//! Accounts: one company each.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ApiKeyId, ChannelId, IdSalt};
use crate::crm::CrmKind;
use crate::model::chat::closing::ClosingOptions;
use crate::model::working_hours::WorkingHours;
use crate::platform::secrets::Sealed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

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
    /// Whether the CRM has loaded contacts: without any, no client is looked up among them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_crm_contacts: bool,
    /// Option "8 → +7" (C4), where the CRM lets us write its contacts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewrite_leading_eight: bool,
    /// By messenger: the channel by which bots, and employees who are bound but have no default, begin dialogues (B7).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub default_channels: BTreeMap<String, ChannelId>,
    /// Whether a send that fails for good puts no message into the chat (E2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hide_send_errors: bool,
    /// Whether the number check is switched off (E3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_number_check: bool,
    /// How chats end on channels that do not say.
    #[serde(default, skip_serializing_if = "ClosingOptions::is_default")]
    pub closing: ClosingOptions,
    /// When the company works: what rules ask for on channels that do not say. None: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkingHours>,
    /// Whether it has rules: without any, none are read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_rules: bool,
    /// After how much silence, in minutes, rules want to look at a live chat; ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idle_minutes: Vec<u32>,
    /// ISO 3166 region that numbers without a country code are read in.
    pub region: String,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Account {
    /// An account with default settings and no CRM.
    pub fn new(account: AccountId, name: &str, id_salt: IdSalt, region: &str, now: Timestamp) -> Self {
        Self {
            v: 1,
            account,
            name: name.to_owned(),
            id_salt,
            crm_kind: CrmKind::None,
            language: Language::default(),
            has_blacklist: false,
            has_crm_contacts: false,
            rewrite_leading_eight: false,
            default_channels: BTreeMap::new(),
            hide_send_errors: false,
            no_number_check: false,
            closing: ClosingOptions::default(),
            hours: None,
            has_rules: false,
            idle_minutes: Vec::new(),
            region: region.to_owned(),
            created_at: now,
        }
    }
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
    /// What it is for, in the words of whoever made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The key itself, encrypted, to be revealed to an admin. Keys of before this was kept have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
    /// When it was last used, to within [`KEY_USE_NOTED`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// When it stops, in seconds since the epoch (the table's TTL), once another took its place; at its second it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How often a key's use is noted, at most.
pub const KEY_USE_NOTED: Duration = Duration::from_secs(3600);

impl ApiKey {
    /// Whether it still opens its account: the table takes its time to let expired rows go.
    pub fn opens(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now.seconds() < end)
    }

    /// The key as it is after a use now, when that is to be noted.
    pub fn used(&self, now: Timestamp) -> Option<Self> {
        let noted = self.last_used_at.is_some_and(|last| now.since(last) < KEY_USE_NOTED);
        (!noted).then(|| Self { last_used_at: Some(now), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKey {
        ApiKey {
            v: 1,
            account: AccountId::new("a"),
            key_id: ApiKeyId::new("k"),
            prefix: "sb_0".into(),
            name: None,
            secret: None,
            last_used_at: None,
            expires_at: None,
            created_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_key_opens_until_its_second() {
        assert!(key().opens(Timestamp::from_millis(i64::MAX)));
        let ending = ApiKey { expires_at: Some(10), ..key() };
        assert!(ending.opens(Timestamp::from_millis(9_999)));
        assert!(!ending.opens(Timestamp::from_millis(10_000)));
    }

    #[test]
    fn a_use_is_noted_once_an_hour() {
        let first = key().used(Timestamp::from_millis(5)).unwrap();
        assert_eq!(first.last_used_at, Some(Timestamp::from_millis(5)));
        let hour = 3_600_000;
        assert_eq!(first.used(Timestamp::from_millis(5 + hour - 1)), None);
        let next = first.used(Timestamp::from_millis(5 + hour)).unwrap();
        assert_eq!(next.last_used_at, Some(Timestamp::from_millis(5 + hour)));
    }
}
