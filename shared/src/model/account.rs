//! Accounts: one company each.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, IdSalt};
use crate::model::closing_options::ClosingOptions;
use crate::model::crm::CrmKind;
use crate::model::texts::Language;
use crate::model::working_hours::WorkingHours;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One company with one CRM connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Version of the row's shape.
    pub v: u16,
    /// Its id.
    pub account: AccountId,
    /// Its name, for people.
    pub name: String,
    /// The salt of its chat ids.
    pub id_salt: IdSalt,
    /// The kind of CRM that it uses.
    #[serde(default)]
    pub crm_kind: CrmKind,
    /// The language of texts that employees and clients read.
    #[serde(default)]
    pub language: Language,
    /// Whether the blacklist has an entry; otherwise no client is looked up in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_blacklist: bool,
    /// Whether the CRM has loaded contacts; otherwise no client is looked up among them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_crm_contacts: bool,
    /// Option "8 → +7" (C4), where the CRM allows us to change its contacts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewrite_leading_eight: bool,
    /// By messenger: the channel by which dialogues are started by bots, and by employees who are bound but have no
    /// default (B7).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub default_channels: BTreeMap<String, ChannelId>,
    /// Whether a send that fails for good adds no notice to the chat (E2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hide_send_errors: bool,
    /// Whether the number check is switched off (E3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_number_check: bool,
    /// Whether the author that a CRM names for a message (`crmUserId` of `/v3`) needs the right to send it. Otherwise the
    /// name is only a label.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub crm_user_rights: bool,
    /// How chats are finished on channels that do not set it.
    #[serde(default, skip_serializing_if = "ClosingOptions::is_default")]
    pub closing: ClosingOptions,
    /// The company's working hours, which rules check on channels without their own. `None`: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkingHours>,
    /// Whether it has rules; otherwise none are read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_rules: bool,
    /// After how many minutes of silence rules want to check a live chat; ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idle_minutes: Vec<u32>,
    /// The ISO 3166 region for reading numbers without a country code.
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
            crm_user_rights: false,
            closing: ClosingOptions::default(),
            hours: None,
            has_rules: false,
            idle_minutes: Vec::new(),
            region: region.to_owned(),
            created_at: now,
        }
    }
}
