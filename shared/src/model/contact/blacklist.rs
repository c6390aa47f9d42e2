//! The blacklist: clients whose messages are dropped before anything of them is stored (C5).

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, IdSalt};
use crate::base::phone::Phone;
use crate::model::contact::Identity;
use serde::{Deserialize, Serialize};

/// The subject of a block.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A phone, in every messenger that reports it.
    Phone(Phone),
    /// A person or group of one messenger.
    Identity(Identity),
}

impl Subject {
    /// The subject that an identity is blocked under: its phone, where the messenger's ids are phones.
    pub fn of(identity: &Identity) -> Self {
        match identity.phone() {
            Some(phone) => Self::Phone(phone),
            None => Self::Identity(identity.clone()),
        }
    }

    /// Every subject under which a person with these identities and this verified phone may be blocked.
    pub fn all(identities: &[Identity], phone: Option<&Phone>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for subject in identities.iter().map(Self::of).chain(phone.cloned().map(Self::Phone)) {
            if !all.contains(&subject) {
                all.push(subject);
            }
        }
        all
    }

    /// The subject's digest in keys: salted, so that a key reveals no phone.
    pub fn digest(&self, salt: &IdSalt) -> String {
        match self {
            Self::Phone(phone) => salt.digest(&["phone", phone.as_str()]),
            Self::Identity(identity) => identity.digest(salt),
        }
    }
}

/// An entry of the blacklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockEntry {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The subject's digest: the entry's id.
    pub id: String,
    /// The blocked subject, for people to read. Removed when the client is erased: the block stays, and says nothing
    /// about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The entry that this one follows from: a phone's entry also blocks the known identities of its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// The reason, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ends, in seconds since the epoch: the table's TTL too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl BlockEntry {
    /// Whether it blocks at this moment. Checked because the table deletes an expired row only within days.
    pub fn blocks(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now.seconds() < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::messenger::Messenger;

    fn identity(messenger: Messenger, user: &str) -> Identity {
        Identity { messenger, group: false, user: user.into() }
    }

    #[test]
    fn a_messenger_of_phones_is_blocked_by_phone_and_others_by_id() {
        let whatsapp = identity(Messenger::Whatsapp, "79011112233");
        let phone = whatsapp.phone().unwrap();
        assert_eq!(Subject::of(&whatsapp), Subject::Phone(phone.clone()));
        assert_eq!(Subject::all(std::slice::from_ref(&whatsapp), Some(&phone)).len(), 1);
        let telegram = identity(Messenger::Telegram, "218485655");
        assert_eq!(Subject::of(&telegram), Subject::Identity(telegram.clone()));
        assert_eq!(Subject::all(std::slice::from_ref(&telegram), Some(&phone)).len(), 2);
    }

    #[test]
    fn a_digest_tells_nothing_without_the_salt() {
        let subject = Subject::of(&identity(Messenger::Whatsapp, "79011112233"));
        let (one, two) = (IdSalt::from_bytes([1; 16]), IdSalt::from_bytes([2; 16]));
        assert_ne!(subject.digest(&one), subject.digest(&two));
        assert_eq!(subject.digest(&one), subject.digest(&one));
        assert!(!subject.digest(&one).contains("7901"));
    }

    #[test]
    fn an_entry_ends_to_the_second() {
        let entry = BlockEntry {
            v: 1,
            account: AccountId::new("a"),
            id: "x".into(),
            subject: None,
            follows: None,
            note: None,
            created_at: Timestamp::default(),
            expires_at: Some(100),
        };
        assert!(entry.blocks(Timestamp::from_millis(99_999)));
        assert!(!entry.blocks(Timestamp::from_millis(100_000)));
        assert!(BlockEntry { expires_at: None, ..entry }.blocks(Timestamp::from_millis(i64::MAX)));
    }
}
