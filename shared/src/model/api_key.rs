//! API keys of an account.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ApiKeyId};
use crate::model::sealed::Sealed;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An API key of an account, found by the key's hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Version of the row's shape.
    pub v: u16,
    /// The account that the key gives access to.
    pub account: AccountId,
    /// The key's id.
    pub key_id: ApiKeyId,
    /// The first characters, by which people recognize the key in lists.
    pub prefix: String,
    /// What the key is for, in the words of the person who created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The key itself, encrypted, so that an admin can reveal it. `None` for keys created before it was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
    /// When it was last used, accurate to [`KEY_USE_NOTED`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// When it expires, in seconds since the epoch (the table's TTL), once another key has replaced it. From that
    /// second on it is invalid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The minimum interval between two records of a key's use.
pub const KEY_USE_NOTED: Duration = Duration::from_secs(3600);

impl ApiKey {
    /// Whether the key is still valid. Checked because the table deletes expired rows with a delay.
    pub fn opens(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now.seconds() < end)
    }

    /// The key after a use at `now`; `None` when the use need not be recorded.
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
