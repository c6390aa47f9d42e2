//! The connection to a CRM: the fields that all kinds share, and the settings of one kind as its client named them.

use super::{CrmKind, CrmState};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, hex_digest};
use crate::model::sealed::Sealed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An account's connection to its CRM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct CrmConnection {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The kind of CRM.
    pub kind: CrmKind,
    /// Settings of the kind's client, by name; only that client knows what a value means. No secrets.
    pub settings: BTreeMap<String, String>,
    /// The credential for the CRM, encrypted.
    pub credential: Option<Sealed>,
    /// The fingerprint that the kind's client returned; `None`: it is derived from the address. See
    /// [`Self::fingerprint`].
    pub known_as: Option<String>,
    /// The connection's state.
    pub state: CrmState,
    /// Consecutive failures over all chats; those of one chat in a row count once.
    pub failures: u32,
    /// The chat of the last failure.
    pub failed_chat: Option<ChatId>,
    /// When the last call failed.
    pub failed_at: Option<Timestamp>,
    /// The first call after a failure that the CRM accepted.
    pub accepted_at: Option<Timestamp>,
    /// The first messages after a failure that the CRM accepted.
    pub messages_accepted_at: Option<Timestamp>,
    /// No call to the CRM is made before this moment.
    pub paused_until: Option<Timestamp>,
    /// From when on one chat that has not failed yet may try the CRM although it is paused. `None`: none may, because
    /// the CRM asked for the pause.
    pub probe_at: Option<Timestamp>,
    /// The CRM's last error, without personal data.
    pub error: Option<String>,
    /// When the connection was created.
    pub created_at: Timestamp,
}

impl CrmConnection {
    /// A connection without settings that has not been tried yet.
    pub fn new(account: &AccountId, kind: CrmKind, now: Timestamp) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            kind,
            settings: BTreeMap::new(),
            credential: None,
            known_as: None,
            state: CrmState::Active,
            failures: 0,
            failed_chat: None,
            failed_at: None,
            accepted_at: None,
            messages_accepted_at: None,
            paused_until: None,
            probe_at: None,
            error: None,
            created_at: now,
        }
    }

    /// A setting by its name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// Distinguishes one CRM from another, because records created in one are unknown to the next. It is what the
    /// kind's client returned when the CRM was connected, else a digest of the address, so that the table's readers
    /// know it without calling a client.
    pub fn fingerprint(&self) -> String {
        let address = || self.setting(WEBHOOK_URL).unwrap_or_default();
        let by_address = || hex_digest(address().as_bytes()).chars().take(16).collect();
        self.known_as.clone().unwrap_or_else(by_address)
    }
}

const WEBHOOK_URL: &str = "webhook_url";
/// Prefix of the names of the settings that are stored in `subscriptions`: their values are `true` and `false`.
pub const SUBSCRIPTION: &str = "subscriptions.";
const ON: &str = "true";

/// The row as it is stored. Settings that rows had before `settings` was a map keep their own attributes, because the
/// previous version reads what this one writes, and the conditions of both name these attributes.
#[derive(Serialize, Deserialize)]
struct Stored {
    v: u16,
    account: AccountId,
    kind: CrmKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crm_key: Option<Sealed>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    subscriptions: BTreeMap<String, bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known_as: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<String, String>,
    #[serde(default)]
    state: CrmState,
    #[serde(default)]
    failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed_chat: Option<ChatId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    messages_accepted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paused_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probe_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    created_at: Timestamp,
}

impl From<Stored> for CrmConnection {
    fn from(row: Stored) -> Self {
        let mut settings = row.settings;
        settings.extend(row.webhook_url.map(|url| (WEBHOOK_URL.to_owned(), url)));
        let flags = row.subscriptions.into_iter();
        settings.extend(flags.map(|(name, on)| (format!("{SUBSCRIPTION}{name}"), on.to_string())));
        Self {
            v: row.v,
            account: row.account,
            kind: row.kind,
            settings,
            credential: row.crm_key,
            known_as: row.known_as,
            state: row.state,
            failures: row.failures,
            failed_chat: row.failed_chat,
            failed_at: row.failed_at,
            accepted_at: row.accepted_at,
            messages_accepted_at: row.messages_accepted_at,
            paused_until: row.paused_until,
            probe_at: row.probe_at,
            error: row.error,
            created_at: row.created_at,
        }
    }
}

impl From<CrmConnection> for Stored {
    fn from(connection: CrmConnection) -> Self {
        let mut settings = connection.settings;
        let webhook_url = settings.remove(WEBHOOK_URL);
        let mut subscriptions = BTreeMap::new();
        settings.retain(|name, value| match name.strip_prefix(SUBSCRIPTION) {
            Some(flag) => subscriptions.insert(flag.to_owned(), value == ON).is_some(),
            None => true,
        });
        Self {
            v: connection.v,
            account: connection.account,
            kind: connection.kind,
            webhook_url,
            crm_key: connection.credential,
            subscriptions,
            known_as: connection.known_as,
            settings,
            state: connection.state,
            failures: connection.failures,
            failed_chat: connection.failed_chat,
            failed_at: connection.failed_at,
            accepted_at: connection.accepted_at,
            messages_accepted_at: connection.messages_accepted_at,
            paused_until: connection.paused_until,
            probe_at: connection.probe_at,
            error: connection.error,
            created_at: connection.created_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_dynamo::{AttributeValue, Item, from_item, to_item};

    /// Rows as the previous version wrote them: one as it was created, and one with every attribute that a row may
    /// have.
    fn recorded() -> Vec<Item> {
        serde_json::from_str(include_str!("fixtures/stored_connections.json")).unwrap()
    }

    #[test]
    fn rows_of_the_version_before_are_read_and_written_as_they_were() {
        let read: Vec<CrmConnection> = recorded().into_iter().map(|row| from_item(row).unwrap()).collect();
        let url = "https://crm.example.com/hooks/b";
        assert_eq!(read[0].settings, BTreeMap::from([("webhook_url".to_owned(), url.to_owned())]));
        assert_eq!((&read[0].credential, read[0].state), (&None, CrmState::Active));
        let full = &read[1];
        assert_eq!(full.credential, Some(Sealed::new(vec![1, 2, 250])));
        for (name, value) in [
            ("webhook_url", url),
            ("subscriptions.messages_and_statuses", "true"),
            ("subscriptions.contacts_and_deals_creation", "true"),
            ("subscriptions.channels_updates", "false"),
            ("subscriptions.template_status", "false"),
        ] {
            assert_eq!(full.setting(name), Some(value), "{name}");
        }
        assert_eq!(full.known_as.as_deref(), Some("0123456789abcdef"));
        assert_eq!((full.settings.len(), full.state, full.failures), (5, CrmState::Unauthorized, 7));
        for (row, connection) in recorded().into_iter().zip(read) {
            assert_eq!(to_item::<_, Item>(connection).unwrap(), row);
        }
    }

    #[test]
    fn other_settings_stand_in_a_map() {
        let mut connection =
            CrmConnection::new(&AccountId::new("a"), CrmKind::Universal, Timestamp::from_millis(1));
        connection.settings.insert("subdomain".into(), "demo".into());
        let row: Item = to_item(connection.clone()).unwrap();
        let map = [("subdomain".to_owned(), AttributeValue::S("demo".into()))].into_iter().collect();
        assert_eq!(row.get("settings"), Some(&AttributeValue::M(map)));
        assert_eq!(from_item::<_, CrmConnection>(row).unwrap(), connection);
    }
}
