//! A credential at a provider or a CRM: a map of named fields, sealed as one text.

use crate::base::clock::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A decrypted credential. `Debug` shows the names of its fields and no value.
#[derive(Clone, Debug, Default)]
pub struct Credential {
    /// The values, by the field names in the system's `credential_fields`.
    pub fields: BTreeMap<String, SecretString>,
    /// When it expires, if it does: then the system's client obtains the next one.
    pub expires_at: Option<Timestamp>,
}

impl Credential {
    /// A credential of one field that does not expire.
    pub fn of(name: &str, value: SecretString) -> Self {
        Self { fields: BTreeMap::from([(name.to_owned(), value)]), expires_at: None }
    }

    /// A field's value; an empty one where the credential lacks the field, which every system refuses.
    pub fn field(&self, name: &str) -> SecretString {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    /// The text that is encrypted. A single field without an expiry is stored as its value alone, because previous
    /// versions wrote all credentials so and can read these.
    pub fn to_text(&self) -> SecretString {
        if let (1, None, Some(only)) = (self.fields.len(), self.expires_at, self.fields.values().next()) {
            return only.clone();
        }
        let fields: Map<String, Value> =
            self.fields.iter().map(|(name, value)| (name.clone(), json!(value.expose_secret()))).collect();
        let text = json!({ "fields": fields, "expires_at": self.expires_at.map(Timestamp::millis) });
        SecretString::from(text.to_string())
    }

    /// Reads the decrypted text; a text that is no such map is the value of the field `first`.
    pub fn from_text(text: &SecretString, first: &str) -> Self {
        let map: Option<Value> = serde_json::from_str(text.expose_secret()).ok();
        let Some(fields) = map.as_ref().and_then(|map| map.get("fields")?.as_object()) else {
            return Self::of(first, text.clone());
        };
        let read = |(name, value): (&String, &Value)| {
            Some((name.clone(), SecretString::from(value.as_str()?.to_owned())))
        };
        let expires_at = map.as_ref().and_then(|map| map["expires_at"].as_i64()).map(Timestamp::from_millis);
        Self { fields: fields.iter().filter_map(read).collect(), expires_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_read_as_it_was_written() {
        let both = Credential {
            fields: BTreeMap::from([
                ("client_id".to_owned(), SecretString::from("id-1")),
                ("client_secret".to_owned(), SecretString::from("s\"1")),
            ]),
            expires_at: Some(Timestamp::from_millis(5)),
        };
        let read = Credential::from_text(&both.to_text(), "api_key");
        assert_eq!(read.field("client_secret").expose_secret(), "s\"1");
        assert_eq!((read.fields.len(), read.expires_at), (2, Some(Timestamp::from_millis(5))));
        assert_eq!(read.field("none").expose_secret(), "");
    }

    #[test]
    fn one_field_is_stored_as_the_versions_before_stored_it() {
        let key = SecretString::from("c8cf90474f4a");
        assert_eq!(Credential::of("api_key", key.clone()).to_text().expose_secret(), "c8cf90474f4a");
        for text in ["c8cf90474f4a", "{\"a\":1}", "[]", "12"] {
            let read = Credential::from_text(&SecretString::from(text), "api_key");
            assert_eq!(read.field("api_key").expose_secret(), text);
        }
    }

    #[test]
    fn p9_no_value_is_in_the_debug_output() {
        let shown = format!("{:?}", Credential::of("token", SecretString::from("123:ABC")));
        assert!(shown.contains("token") && !shown.contains("123:ABC"), "{shown}");
    }
}
