//! Erasure of a client (P12). Only digests and times remain, so that events still in transit cannot bring the client
//! back.

mod traces;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ContactId, IdSalt};
use crate::base::phone::Phone;
use crate::model::contact::blacklist::Subject;
use crate::model::contact::{Contact, Identity};
pub use crate::model::erasure::traces::Traces;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long the remains of an erased message are kept: providers redeliver for days, a dead-letter queue keeps messages
/// for two weeks, and they may be redriven after that.
pub const TOMBSTONES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// The state of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// In progress.
    Running,
    /// Nothing of the client is left.
    Done,
}

/// The next phase of the work. Each phase ends before the next begins, so that nothing can undo an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Identities and phones are deleted and leave their digests.
    #[default]
    Contacts,
    /// All chats are closed before the first one is emptied; a client who writes meanwhile waits.
    Closing,
    /// The chats, with everything in them, and their files.
    Chats,
    /// The account's raw records in the quarantine.
    Quarantine,
    /// Raw records whose account is unknown.
    Unknown,
    /// Messages that were given up and are in a dead-letter queue.
    DeadLetters,
    /// The contacts themselves, last, because they say what to search for.
    Rest,
}

/// One erasure: a job that resumes where it stopped. When it is done it holds nothing of the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Erasure {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Its id: a UUID v7.
    pub erasure: String,
    /// The contact, and those that were merged into it.
    pub contacts: Vec<ContactId>,
    /// Its state.
    pub state: ErasureState,
    /// The next phase.
    #[serde(default)]
    pub phase: Phase,
    /// Where that phase resumes; nothing personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Strings to search raw records for, including those from rows that are already deleted. Empty at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Number of deleted chats.
    pub chats: u64,
    /// Number of deleted messages.
    pub messages: u64,
    /// Number of deleted files and raw records.
    pub objects: u64,
    /// Number of messages removed from dead-letter queues.
    pub dead_letters: u64,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// When the job must be checked: its place in the due index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

impl Erasure {
    /// An erasure that is to begin at once: the due index finds it if its nudge is lost.
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

    /// The id that a contact under erasure becomes an alias of. No contact has this id, so whatever follows the alias
    /// finds no person: nothing is merged into the erased contact and nothing is claimed for it any more.
    pub fn nobody(&self) -> ContactId {
        ContactId::new(&self.erasure)
    }

    /// Enters another phase.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.cursor = None;
    }

    /// Finishes the job: nothing of the client is left, in the job neither.
    pub fn finish(&mut self, now: Timestamp) {
        self.state = ErasureState::Done;
        self.cursor = None;
        self.words.clear();
        self.finished_at = Some(now);
        self.check_at = None;
    }
}

/// Every digest that a contact leaves, without duplicates: of its identities, of their blacklist subjects, and of its
/// phone.
pub fn digests_of(contact: &Contact, salt: &IdSalt) -> Vec<String> {
    digests(&contact.identities, contact.phone.as_ref(), salt)
}

/// The same for identities and a phone that are not in a contact's row.
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
    /// The account.
    pub account: AccountId,
    /// The subject's digest.
    pub digest: String,
    /// When the client was erased.
    pub erased_at: Timestamp,
    /// When the row may be deleted, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

impl ErasedSubject {
    /// The row that a digest leaves at this moment.
    pub fn at(account: &AccountId, digest: String, erased_at: Timestamp) -> Self {
        let expires_at = (erased_at + TOMBSTONES_KEPT).seconds();
        Self { v: 1, account: account.clone(), digest, erased_at, expires_at }
    }
}

/// What is left of an erased message, or of its pointer, at its own key, so that the message is not stored again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tombstone {
    /// When it was erased.
    pub erased_at: Timestamp,
    /// When the row may be deleted, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

impl Tombstone {
    /// A tombstone of an erasure at this moment.
    pub fn at(erased_at: Timestamp) -> Self {
        Self { erased_at, expires_at: (erased_at + TOMBSTONES_KEPT).seconds() }
    }
}

/// Whether an event belongs to what was erased: it was accepted, or written by the provider's clock, at or before the
/// erasure.
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
