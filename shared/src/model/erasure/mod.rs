//! Erasing a client (P12): what is left is digests and times, so that nothing that still travels brings him back.

mod traces;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ContactId, IdSalt};
use crate::base::phone::Phone;
use crate::model::contact::blacklist::Subject;
use crate::model::contact::{Contact, Identity};
pub use crate::model::erasure::traces::Traces;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long what is left of an erased message is kept: providers deliver again for days, a dead-letter queue holds for
/// two weeks, and somebody may redrive it.
pub const TOMBSTONES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// How far an erasure has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// At work.
    Running,
    /// Nothing of him is left.
    Done,
}

/// Which part of the work is next. Each is over before the one behind it begins, so what a part leaves nothing can undo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Identities and phones are let go of, and leave their digests.
    #[default]
    Contacts,
    /// The chats are closed, all of them before the first one is emptied: whoever writes meanwhile waits.
    Closing,
    /// The chats, with all that stands in them, and their files.
    Chats,
    /// The account's raw records in the quarantine.
    Quarantine,
    /// Raw records of nobody knows which account.
    Unknown,
    /// What was given up and lies in a dead-letter queue.
    DeadLetters,
    /// The contacts themselves, last: they say what was to be looked for.
    Rest,
}

/// One erasure: a job that goes on where it stopped. At its end it holds nothing of the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Erasure {
    /// Version of the row's shape.
    pub v: u16,
    /// In whose account.
    pub account: AccountId,
    /// Its id: a UUID v7.
    pub erasure: String,
    /// The contact, and those that were merged into him.
    pub contacts: Vec<ContactId>,
    /// How far it has come.
    pub state: ErasureState,
    /// Which part is next.
    #[serde(default)]
    pub phase: Phase,
    /// Where that part goes on; nothing personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// What is looked for in raw records and stood in rows that are gone already. Empty at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Chats that are gone.
    pub chats: u64,
    /// Messages that are gone.
    pub messages: u64,
    /// Files and raw records that are gone.
    pub objects: u64,
    /// Messages taken out of dead-letter queues.
    pub dead_letters: u64,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// When it must be looked at: its place in the due index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

impl Erasure {
    /// An erasure that is to begin at once: the due index finds it, should its nudge be lost.
    pub fn new(
        account: &AccountId,
        erasure: impl Into<String>,
        contacts: Vec<ContactId>,
        now: Timestamp,
    ) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            erasure: erasure.into(),
            contacts,
            state: ErasureState::Running,
            phase: Phase::default(),
            cursor: None,
            words: Vec::new(),
            chats: 0,
            messages: 0,
            objects: 0,
            dead_letters: 0,
            requested_at: now,
            finished_at: None,
            check_at: Some(now),
        }
    }

    /// What a contact under erasure becomes an alias of: nobody. Whoever follows it finds no person, so that nothing joins
    /// him and nothing is claimed for him any more.
    pub fn nobody(&self) -> ContactId {
        ContactId::new(&self.erasure)
    }

    /// Goes on with another part.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.cursor = None;
    }

    /// Nothing of him is left, and the job holds nothing either.
    pub fn finish(&mut self, now: Timestamp) {
        self.state = ErasureState::Done;
        self.cursor = None;
        self.words.clear();
        self.finished_at = Some(now);
        self.check_at = None;
    }
}

/// Every digest that a contact leaves, each once: of his identities, of what the blacklist knows them as, of his phone.
pub fn digests_of(contact: &Contact, salt: &IdSalt) -> Vec<String> {
    digests(&contact.identities, contact.phone.as_ref(), salt)
}

/// The same of identities and a phone that are not a contact's row.
pub fn digests(identities: &[Identity], phone: Option<&Phone>, salt: &IdSalt) -> Vec<String> {
    let by_identity =
        identities.iter().flat_map(|identity| [identity.digest(salt), Subject::of(identity).digest(salt)]);
    let by_phone = phone.map(|phone| Subject::Phone(phone.clone()).digest(salt));
    let mut all: Vec<String> = by_identity.chain(by_phone).collect();
    all.sort();
    all.dedup();
    all
}

/// What is left of an erased identity or phone, under its salted digest: events accepted or written up to `erased_at`
/// are dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErasedSubject {
    /// Version of the row's shape.
    pub v: u16,
    /// In whose account.
    pub account: AccountId,
    /// The subject's digest.
    pub digest: String,
    /// When he was erased.
    pub erased_at: Timestamp,
    /// When the row may go, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

impl ErasedSubject {
    /// What a digest leaves at this moment.
    pub fn at(account: &AccountId, digest: String, erased_at: Timestamp) -> Self {
        let expires_at = (erased_at + TOMBSTONES_KEPT).seconds();
        Self { v: 1, account: account.clone(), digest, erased_at, expires_at }
    }
}

/// What is left of an erased message, or of its pointer, at its own key: it was here, and does not come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tombstone {
    /// When it was erased.
    pub erased_at: Timestamp,
    /// When the row may go, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

impl Tombstone {
    /// A tombstone of this moment.
    pub fn at(erased_at: Timestamp) -> Self {
        Self { erased_at, expires_at: (erased_at + TOMBSTONES_KEPT).seconds() }
    }
}

/// Whether an event belongs to what was erased: accepted, or written by the provider's clock, not after it.
pub fn is_erased(erased_at: Option<Timestamp>, accepted_at: Timestamp, sent_at: Timestamp) -> bool {
    erased_at.is_some_and(|erased_at| accepted_at <= erased_at || sent_at <= erased_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::contact::CrmRecords;
    use crate::model::messenger::Messenger;

    fn identity(messenger: Messenger, user: &str) -> Identity {
        Identity { messenger, group: false, user: user.into() }
    }

    #[test]
    fn p12_every_strong_attribute_leaves_a_digest_that_a_new_client_is_looked_up_by() {
        let salt = IdSalt::from_bytes([7; 16]);
        let whatsapp = identity(Messenger::Whatsapp, "79011112233");
        let telegram = identity(Messenger::Telegram, "218485655");
        let phone = whatsapp.phone();
        let contact = Contact {
            v: 1,
            account: AccountId::new("a"),
            contact: ContactId::new("c"),
            name: None,
            phone: phone.clone(),
            identities: vec![whatsapp.clone(), telegram.clone()],
            merged_into: None,
            merged_from: Vec::new(),
            kept_apart: Vec::new(),
            username: None,
            responsible: None,
            crm: CrmRecords::default(),
            created_at: Timestamp::default(),
        };
        let left = digests_of(&contact, &salt);
        assert_eq!(left.len(), 3, "the phone's own, and one each: none twice");
        for digest in [whatsapp.digest(&salt), telegram.digest(&salt)] {
            assert!(left.contains(&digest), "a new chat is looked up by its identity");
        }
        assert!(left.contains(&Subject::Phone(phone.unwrap()).digest(&salt)), "and by its verified phone");
    }

    #[test]
    fn an_erasure_that_is_over_holds_nothing_of_him_and_is_not_looked_at_again() {
        let at = Timestamp::from_millis(5);
        let mut job = Erasure::new(&AccountId::new("a"), "e", vec![ContactId::new("c")], at);
        assert_eq!((job.state, job.check_at), (ErasureState::Running, Some(at)));
        job.words = vec!["79011112233".into()];
        job.cursor = Some("x".into());
        job.finish(Timestamp::from_millis(9));
        assert_eq!((job.state, job.check_at), (ErasureState::Done, None));
        assert!(job.words.is_empty() && job.cursor.is_none());
    }

    #[test]
    fn p12_what_was_written_or_accepted_before_stays_erased() {
        let at = Timestamp::from_millis;
        assert!(is_erased(Some(at(100)), at(90), at(80)));
        assert!(is_erased(Some(at(100)), at(200), at(80)), "redelivered after the erasure");
        assert!(is_erased(Some(at(100)), at(90), at(180)), "a provider's clock that is ahead");
        assert!(!is_erased(Some(at(100)), at(200), at(180)), "he writes again");
        assert!(!is_erased(None, at(1), at(1)));
    }
}
