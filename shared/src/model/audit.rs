//! The audit trail of settings changes: who changed what and when, without credentials and without data of clients.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ApiKeyId, EmployeeId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long an entry is kept: a year, and a month to review it.
pub const AUDIT_KEPT: Duration = Duration::from_secs(400 * 24 * 3600);
/// Longest value that is kept as it was sent, in bytes of its JSON; of a longer one only the length is kept.
const LONGEST: usize = 2000;
/// The placeholder for values that are not kept.
const LEFT_OUT: &str = "…";
/// A field whose name contains one of these is a credential.
const CREDENTIALS: [&str; 5] = ["key", "secret", "token", "password", "credential"];
/// Fields that describe a client, wherever they occur: names, addresses, and notes. Employees' names are kept, because
/// they are the company's own data.
const OF_CLIENTS: [&str; 7] = ["phone", "identity", "note", "user", "username", "email", "contact_data"];

/// The author of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChangedBy {
    /// The operator.
    Operator,
    /// The holder of this API key.
    Key {
        /// The key's id.
        key_id: ApiKeyId,
        /// Its first characters.
        prefix: String,
    },
    /// An employee who was granted the section.
    Employee {
        /// The employee's id.
        employee: EmployeeId,
    },
}

/// A change of settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Its id, a UUID.
    pub id: String,
    /// When the request was answered.
    pub at: Timestamp,
    /// Who made the change.
    pub by: ChangedBy,
    /// The HTTP method.
    pub method: String,
    /// The route, with its placeholders: `/v1/channels/{channel}`.
    pub route: String,
    /// The values of the placeholders, by their names.
    #[serde(default)]
    pub ids: BTreeMap<String, String>,
    /// The fields that were sent, each with its value as JSON text, by [`fields`].
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// The status of the answer: 2xx, or 5xx, where part of the change may have been made all the same.
    #[serde(default = "done")]
    pub status: u16,
    /// When the row is deleted, in seconds since the epoch (the table's TTL).
    pub expires_at: i64,
}

/// The status of entries that are older than the field.
fn done() -> u16 {
    200
}

impl AuditEntry {
    /// The entry's sort key among the account's entries: by time.
    pub fn sort(&self) -> String {
        format!("{:013}#{}", self.at.millis().max(0), self.id)
    }
}

/// The fields of a body as the audit trail keeps them: credentials and data of clients without their values, links
/// without the parts that may be secret, long values by their length. For a body that is a list, its length.
pub fn fields(body: &[u8]) -> BTreeMap<String, String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => {
            members.into_iter().map(|(name, value)| (name.clone(), shortened(&kept(&name, value)))).collect()
        }
        Ok(Value::Array(entries)) => BTreeMap::from([("entries".to_owned(), entries.len().to_string())]),
        _ => BTreeMap::new(),
    }
}

fn kept(name: &str, value: Value) -> Value {
    let lower = name.to_lowercase();
    let is_left_out =
        CREDENTIALS.iter().any(|word| lower.contains(word)) || OF_CLIENTS.contains(&lower.as_str());
    match value {
        // The removal of a value is recorded.
        Value::Null => Value::Null,
        _ if is_left_out => LEFT_OUT.into(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name.clone(), kept(&name, value))).collect()
        }
        Value::Array(entries) => entries.into_iter().map(|entry| kept("", entry)).collect(),
        Value::String(text) => origin(&text).unwrap_or(text).into(),
        other => other,
    }
}

/// The beginning of a link, because path and query may contain a secret.
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text.trim()).ok().filter(|url| url.has_host())?;
    Some(format!("{}/{LEFT_OUT}", url.origin().ascii_serialization()))
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= LONGEST { text } else { Value::from(format!("({} bytes)", text.len())).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(body: Value) -> Vec<(String, String)> {
        fields(body.to_string().as_bytes()).into_iter().collect()
    }

    #[test]
    fn p9_credentials_are_named_and_not_kept() {
        let body = json!({
            "api_key": "very-secret", "crm_key": "very-secret", "clientSecret": "very-secret", "Token": ["very-secret"],
            "password": {"value": "very-secret"}, "inside": [{"access_token": "very-secret"}],
            "webhook_url": "https://user:very-secret@crm.example.com/very-secret?k=very-secret#very-secret"
        });
        let kept = of(body);
        assert_eq!(kept.len(), 7);
        assert!(!format!("{kept:?}").contains("very-secret"), "{kept:?}");
        let url = kept.iter().find(|(name, _)| name == "webhook_url").unwrap();
        assert_eq!(url.1, r#""https://crm.example.com/…""#);
    }

    #[test]
    fn p9_nothing_of_a_client_is_kept() {
        let kept = of(json!({
            "phone": "+79011112233", "identity": {"messenger": "vk", "user": "Ivan"}, "note": "Ivan rang",
            "expires_at": null
        }));
        assert!(!format!("{kept:?}").contains("Ivan") && !format!("{kept:?}").contains("7901"), "{kept:?}");
        assert_eq!(kept[0], ("expires_at".to_owned(), "null".to_owned()));
    }

    #[test]
    fn settings_are_kept_as_they_were_sent() {
        let kept = of(json!({"title": "Sales", "paused": true, "close_after_s": 600, "echo_mark": null}));
        let expected =
            [("close_after_s", "600"), ("echo_mark", "null"), ("paused", "true"), ("title", r#""Sales""#)];
        assert_eq!(kept, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn long_values_and_lists_are_kept_by_their_length() {
        let longest = "x".repeat(LONGEST - 2);
        assert_eq!(of(json!({"name": longest}))[0].1.len(), LONGEST);
        let over = "x".repeat(LONGEST - 1);
        assert_eq!(of(json!({"name": over}))[0].1, r#""(2001 bytes)""#);
        assert_eq!(of(json!([{"phone": "+79011112233"}, {}])), [("entries".to_owned(), "2".to_owned())]);
        assert!(fields(b"").is_empty() && fields(b"x").is_empty());
    }
}
