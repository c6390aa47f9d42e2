//! Whether a number has a messenger (E3): learned from delivery statuses, from clients who write, and from a provider
//! that can be asked.
//!
//! A fact is stored under a salted digest, so neither key nor row reveals a phone.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, IdSalt};
use crate::base::phone::Phone;
use crate::model::chat::Chat;
use crate::model::contact::{Contact, Identity};
use crate::model::message::kind::DeliveryStatus;
use crate::model::messenger::Messenger;
use crate::model::outbound::call::FailureReason;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// The messengers for which such facts are stored. An erasure deletes the facts for each.
pub const CHECKED: [Messenger; 1] = [Messenger::Whatsapp];

/// The fact that a number still has the messenger is rewritten no more often than this, because each delivery confirms
/// it.
const REFRESHED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The source of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LearnedFrom {
    /// The outcome of a send: delivered or read, or refused because the number does not exist there.
    Delivery,
    /// The answer of the provider.
    Provider,
    /// A client wrote from the number.
    Message,
}

/// The fact that is known about a number in one messenger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberFact {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// [`digest`] of messenger and number.
    pub digest: String,
    /// The messenger.
    pub messenger: Messenger,
    /// Whether the number has it.
    pub has: bool,
    /// When that was observed.
    pub learned_at: Timestamp,
    /// The source.
    pub from: LearnedFrom,
}

/// The digest of a number in the key of its fact: without the account's salt, numbers cannot be tested against it.
pub fn digest(salt: &IdSalt, messenger: &Messenger, phone: &Phone) -> String {
    salt.digest(&["number", messenger.as_str(), phone.as_str()])
}

/// The digests under which facts about a client's numbers may be stored: an erasure of the client deletes them.
pub fn digests_of_numbers(contact: &Contact, salt: &IdSalt) -> Vec<String> {
    let told = contact.identities.iter().filter_map(Identity::phone);
    let phones: BTreeSet<Phone> = told.chain(contact.phone.clone()).collect();
    let of = |phone: &Phone| CHECKED.map(|messenger| digest(salt, &messenger, phone));
    phones.iter().flat_map(of).collect()
}

/// The fact after a report; `None` when nothing changes. The later report counts; of two reports of the same moment,
/// the one that proves the messenger.
pub fn learn(known: Option<&NumberFact>, report: NumberFact) -> Option<NumberFact> {
    let Some(known) = known else { return Some(report) };
    let later = match report.learned_at.cmp(&known.learned_at) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => report.has && !known.has,
        std::cmp::Ordering::Less => false,
    };
    // A report that the number lacks the messenger is always new: a client may have written from it between two
    // failures.
    let news = !report.has || !known.has || report.learned_at.since(known.learned_at) >= REFRESHED_AFTER;
    (later && news).then_some(report)
}

/// The client's number, and whether it has the messenger, as far as a delivery status shows it: a delivery to a client
/// who has not written yet proves it, a refusal of the recipient as unknown disproves it.
pub fn number_news(
    chat: &Chat,
    status: DeliveryStatus,
    reason: Option<FailureReason>,
) -> Option<(Phone, bool)> {
    if !CHECKED.contains(&chat.messenger) {
        return None;
    }
    let has = match status {
        // The number of a client who wrote is known to have the messenger: that was recorded when they wrote.
        DeliveryStatus::Delivered | DeliveryStatus::Read if chat.client_count == 0 => true,
        DeliveryStatus::Failed if reason == Some(FailureReason::NoSuchRecipient) => false,
        _ => return None,
    };
    let identity = Identity {
        messenger: chat.messenger.clone(),
        group: chat.group,
        user: chat.provider_chat_id.clone(),
    };
    identity.phone().map(|phone| (phone, has))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::ContactId;
    use crate::model::chat::tests::new_chat;
    use crate::model::contact::CrmRecords;

    fn fact(has: bool, at_s: i64) -> NumberFact {
        NumberFact {
            v: 1,
            account: AccountId::new("a"),
            digest: "d".into(),
            messenger: Messenger::Whatsapp,
            has,
            learned_at: Timestamp::from_millis(at_s * 1000),
            from: LearnedFrom::Delivery,
        }
    }

    #[test]
    fn the_later_report_counts_in_whatever_order_they_come() {
        let day = i64::try_from(REFRESHED_AFTER.as_secs()).unwrap();
        let cases = [
            (None, fact(false, 5), true),
            (Some(fact(false, 5)), fact(true, 6), true),
            (Some(fact(true, 5)), fact(false, 6), true),
            (Some(fact(true, 6)), fact(false, 5), false),
            (Some(fact(false, 6)), fact(true, 5), false),
            (Some(fact(false, 5)), fact(true, 5), true),
            (Some(fact(true, 5)), fact(false, 5), false),
            (Some(fact(true, 5)), fact(true, 5), false),
            (Some(fact(false, 5)), fact(false, 6), true),
            (Some(fact(true, 0)), fact(true, day - 1), false),
            (Some(fact(true, 0)), fact(true, day), true),
        ];
        for (known, report, taken) in cases {
            let case = format!("{known:?} {report:?}");
            assert_eq!(learn(known.as_ref(), report.clone()), taken.then_some(report), "{case}");
        }
    }

    #[test]
    fn a_number_is_told_apart_by_account_and_messenger_and_stands_in_no_key() {
        let phone = Phone::parse("+79011112233", "RU").unwrap();
        let (one, other) = (IdSalt::from_bytes([1; 16]), IdSalt::from_bytes([2; 16]));
        let whatsapp = digest(&one, &Messenger::Whatsapp, &phone);
        assert_ne!(whatsapp, digest(&other, &Messenger::Whatsapp, &phone));
        assert_ne!(whatsapp, digest(&one, &Messenger::Telegram, &phone));
        assert!(!whatsapp.contains("7901"));
    }

    #[test]
    fn p12_every_number_of_a_client_is_forgotten_with_him() {
        let salt = IdSalt::from_bytes([1; 16]);
        let phone = |text: &str| Phone::parse(text, "RU").unwrap();
        let identity = |messenger, user: &str| Identity { messenger, group: false, user: user.into() };
        let contact = Contact {
            v: 1,
            account: AccountId::new("a"),
            contact: ContactId::new("c"),
            name: None,
            phone: Some(phone("+79011112233")),
            identities: vec![
                identity(Messenger::Whatsapp, "79011112233"),
                identity(Messenger::Viber, "79022223344"),
                identity(Messenger::Telegram, "79033334455"),
            ],
            merged_into: None,
            merged_from: Vec::new(),
            kept_apart: Vec::new(),
            username: None,
            responsible: None,
            crm: CrmRecords::default(),
            created_at: Timestamp::default(),
        };
        let mut expected =
            ["+79011112233", "+79022223344"].map(|text| digest(&salt, &Messenger::Whatsapp, &phone(text)));
        let mut found = digests_of_numbers(&contact, &salt);
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "a Telegram user id is no number");
    }

    #[test]
    fn e3_a_delivery_proves_a_number_and_a_refusal_as_nobodys_the_contrary() {
        use DeliveryStatus::{Delivered, Failed, Read, Sent};
        let mut chat = new_chat();
        let told = |chat: &Chat, status, reason| number_news(chat, status, reason).map(|(_, has)| has);
        for (status, reason, expected) in [
            (Delivered, None, Some(true)),
            (Read, None, Some(true)),
            (Sent, None, None),
            (Failed, Some(FailureReason::NoSuchRecipient), Some(false)),
            (Failed, Some(FailureReason::Spam), None),
            (Failed, None, None),
        ] {
            assert_eq!(told(&chat, status, reason), expected, "{status:?} {reason:?}");
        }
        chat.client_count = 1;
        assert_eq!(told(&chat, Delivered, None), None, "he wrote: that is known");
        chat.messenger = Messenger::Telegram;
        assert_eq!(told(&chat, Failed, Some(FailureReason::NoSuchRecipient)), None, "no number");
    }
}
