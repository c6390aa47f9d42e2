//! Identifiers as newtypes, and how the derived ones are made.
//!
//! A [`ChannelId`] and a [`ChatId`] are derived by hash, so every function computes a row's key without a look-up and
//! two concurrent first messages meet in one row (invariant P3). The hash contains the account's [`IdSalt`]: a chat id
//! may be logged, and without the salt phone numbers cannot be tested against it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an identifier that is already known to be well formed.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// One company (tenant): a UUID v7 that we create.
    AccountId
}
text_id! {
    /// One credential at a provider: a UUID v7 that we create.
    ConnectionId
}
text_id! {
    /// One number, profile or bot of a connection: derived from account, provider and the provider's own id.
    ChannelId
}
text_id! {
    /// One chat of a channel: derived from the account's salt, the channel and the provider's chat id.
    ChatId
}
text_id! {
    /// One client of an account: a UUID v7 that we create.
    ContactId
}
text_id! {
    /// One employee, by the CRM's own user id (at most 100 characters).
    EmployeeId
}
text_id! {
    /// One API key of an account: a UUID v7 that we create; not the key itself.
    ApiKeyId
}

/// A message's id from the provider. It may contain personal data (a WhatsApp id encodes the phone), so `Debug` redacts
/// it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// Wraps a provider's message id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The provider's id, unchanged.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id in table keys: a digest, so that a key holds no personal data, is short, and may stay when the message is
    /// erased.
    pub fn in_key(&self) -> String {
        in_key(&[b"message", self.0.as_bytes()])
    }
}

impl MessageId {
    /// The id as a sort key among messages of one moment: numbers by their size, other ids by their beginning. The part
    /// of a long id that is cut off is replaced by its digest.
    pub fn in_order(&self) -> String {
        const WHOLE: usize = 128;
        match self.0.parse::<u64>() {
            Ok(number) => format!("{number:020}"),
            Err(_) if self.0.chars().count() <= WHOLE => self.0.clone(),
            Err(_) => format!("{}#{}", self.0.chars().take(WHOLE).collect::<String>(), self.in_key()),
        }
    }
}

/// A text of any length as a short part of a key: 32 hexadecimal digits.
pub fn in_key(parts: &[&[u8]]) -> String {
    derived_uuid(parts).simple().to_string()
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageId(…)")
    }
}

/// 128 random bits of an account that go into its chat ids. Not a credential, but never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdSalt(Uuid);

impl IdSalt {
    /// Makes a salt from 16 random bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// A digest of personal data, fit for keys: without the salt, phone numbers cannot be tested against it.
    pub fn digest(&self, parts: &[&str]) -> String {
        let salted: Vec<&[u8]> = std::iter::once(self.0.as_bytes().as_slice())
            .chain(parts.iter().map(|part| part.as_bytes()))
            .collect();
        in_key(&salted)
    }
}

impl fmt::Debug for IdSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdSalt(…)")
    }
}

impl ChannelId {
    /// The id of the channel that `provider` knows as `external`, inside `account`.
    pub fn derive(account: &AccountId, provider: &str, external: &str) -> Self {
        Self(
            derived_uuid(&[
                b"channel",
                account.as_str().as_bytes(),
                provider.as_bytes(),
                external.as_bytes(),
            ])
            .to_string(),
        )
    }
}

impl ChatId {
    /// The id of the chat that the provider knows as `provider_chat` on `channel`.
    pub fn derive(salt: &IdSalt, channel: &ChannelId, provider_chat: &str) -> Self {
        Self(
            derived_uuid(&[
                b"chat",
                salt.0.as_bytes(),
                channel.as_str().as_bytes(),
                provider_chat.as_bytes(),
            ])
            .to_string(),
        )
    }
}

/// UUID v8 of the SHA-256 over length-prefixed parts (the prefix keeps `ab|c` and `a|bc` apart).
fn derived_uuid(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes)
}

/// Lower-case hexadecimal SHA-256: by it API keys and URL tokens are looked up, and raw items are named.
pub fn hex_digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let account = AccountId::new("a");
        assert_ne!(ChannelId::derive(&account, "ab", "c"), ChannelId::derive(&account, "a", "bc"));
    }

    #[test]
    fn the_salt_is_part_of_a_chat_id() {
        let channel = ChannelId::new("c");
        let first = ChatId::derive(&IdSalt::from_bytes([1; 16]), &channel, "79011112233");
        assert_ne!(first, ChatId::derive(&IdSalt::from_bytes([2; 16]), &channel, "79011112233"));
        assert_eq!(first, ChatId::derive(&IdSalt::from_bytes([1; 16]), &channel, "79011112233"));
    }

    #[test]
    fn a_message_id_of_any_length_fits_a_key_and_tells_nothing_there() {
        assert_eq!(MessageId::new("x".repeat(5000)).in_key().len(), 32);
        assert_ne!(MessageId::new("wamid.1").in_key(), MessageId::new("wamid.2").in_key());
        assert!(!MessageId::new("79011112233").in_key().contains("7901111"));
    }

    #[test]
    fn p7_ids_of_one_moment_have_an_order() {
        let order = |id: &str| MessageId::new(id).in_order();
        assert!(order("9") < order("10") && order("m1") < order("m2"));
        let long = "x".repeat(5000);
        assert!(order(&long).len() < 1000 && order(&long) != order(&format!("{long}y")));
        assert!(order(&"я".repeat(5000)).len() < 1000);
    }

    #[test]
    fn nothing_personal_prints() {
        assert!(!format!("{:?}", MessageId::new("79011112233")).contains('7'));
    }
}
