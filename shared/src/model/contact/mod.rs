//! Contacts: each is one person (or group), known by identities.

pub mod blacklist;
pub mod merge;
pub mod number_check;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId, IdSalt};
use crate::base::phone::Phone;
use crate::model::event::{ChatAlias, MessageEvent};
use crate::model::messenger::Messenger;
use serde::{Deserialize, Serialize};

/// A client of an account, with the CRM's records of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The contact's id.
    pub contact: ContactId,
    /// The name, as the messenger reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The phone, when verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// How the messengers know the contact: every identity that is claimed for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<Identity>,
    /// The contact that this one was merged into: an alias, which undoing the merge removes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<ContactId>,
    /// The contacts that were merged into this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged_from: Vec<ContactId>,
    /// Contacts that a person separated from this one: only a person may merge them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_apart: Vec<ContactId>,
    /// The user name, an attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The employee who is responsible for the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<EmployeeId>,
    /// The CRM's records of the contact.
    #[serde(default)]
    pub crm: CrmRecords,
    /// When the client first wrote.
    pub created_at: Timestamp,
}

/// The contact and the deal that exist in the CRM, and the claim of the worker that is creating them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CrmRecords {
    /// The CRM they are in: [`crate::model::crm::CrmConnection::fingerprint`]. They do not exist in another CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_crm: Option<String>,
    /// The CRM's contact id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// Link to the contact's card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_uri: Option<String>,
    /// The CRM's deal id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_id: Option<String>,
    /// Link to the deal's card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_uri: Option<String>,
    /// No deal is created for the contact any more: no pipelines were loaded when it was created, or the CRM named no
    /// id for the deal that it created.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deal_skipped: bool,
    /// The CRM created the contact and named no id for it: a contact that it loads later names it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub without_id: bool,
    /// The request under way, or whose outcome is unknown: it is repeated as it was, under its idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<CreationRequest>,
    /// Set when the records are not to be created any more, because the CRM refused or failed at it: its last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// How often the outcome of a creation was unknown (no answer came). Shown, because a CRM that does not honour the
    /// idempotency key may hold a duplicate.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncertain: u32,
    /// How often the CRM deleted records that were created for the contact: a creation after that has another
    /// idempotency key, because the CRM would answer the old one with the deleted record.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generation: u32,
    /// The worker that is creating the records, and until when no other worker does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<CreationClaim>,
}

impl CrmRecords {
    /// The records in the CRM with this fingerprint: these, or none.
    #[must_use]
    pub fn as_of(&self, crm: &str) -> Self {
        if self.in_crm.as_deref() == Some(crm) {
            return self.clone();
        }
        // The CRM may be connected again later, and remembers the keys of its own creations.
        Self { in_crm: Some(crm.to_owned()), generation: self.generation, ..Self::default() }
    }

    /// The records after the CRM deleted its contact `id`: there is neither contact nor deal, and both may be created
    /// again. `None` when the contact is not the client's.
    #[must_use]
    pub fn without_contact(&self, id: &str, crm: &str) -> Option<Self> {
        let own = self.as_of(crm);
        let generation = self.generation.saturating_add(1);
        (own.contact_id.as_deref() == Some(id)).then(|| Self {
            in_crm: own.in_crm,
            uncertain: own.uncertain,
            generation,
            ..Self::default()
        })
    }

    /// The records after the CRM deleted its deal `id`: the deal may be created again, for the same contact. `None` when
    /// the deal is not the client's.
    #[must_use]
    pub fn without_deal(&self, id: &str, crm: &str) -> Option<Self> {
        let own = self.as_of(crm);
        let generation = self.generation.saturating_add(1);
        (own.deal_id.as_deref() == Some(id)).then_some(Self {
            deal_id: None,
            deal_uri: None,
            deal_skipped: false,
            generation,
            claim: None,
            request: None,
            ..own
        })
    }

    /// The idempotency key of a creation: `contact-<uuid>` or `deal-<uuid>`, with a number from the second generation on.
    pub fn creation_key(&self, kind: &str, contact: &ContactId) -> String {
        match self.generation {
            0 => format!("{kind}-{contact}"),
            deleted => format!("{kind}-{contact}-{}", u64::from(deleted) + 1),
        }
    }

    /// Whether a record is missing, and may be created.
    pub fn are_lacking(&self) -> bool {
        self.refused.is_none() && !self.are_complete()
    }

    /// Whether contact and deal exist.
    pub fn are_complete(&self) -> bool {
        match self.contact_id {
            Some(_) => self.deal_id.is_some() || self.deal_skipped,
            None => self.without_id,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A request that creates a record in the CRM.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct CreationRequest {
    /// Whether the record is the deal; otherwise it is the contact.
    pub deal: bool,
    /// The responsible whom it names.
    pub responsible: EmployeeId,
    /// Its idempotency key.
    pub key: String,
    /// Its body.
    pub body: String,
    /// Whether it was sent, and the outcome is unknown.
    #[serde(default, skip_serializing_if = "is_false")]
    pub uncertain: bool,
}

impl std::fmt::Debug for CreationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreationRequest").field("deal", &self.deal).finish_non_exhaustive()
    }
}

/// The right to create a contact's records in the CRM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreationClaim {
    /// The invocation that holds the claim.
    pub owner: String,
    /// When another invocation may take it over.
    pub expires_at: Timestamp,
}

/// How a messenger knows a person: the strong key of a contact (C3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The messenger.
    pub messenger: Messenger,
    /// Whether it is a group.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub group: bool,
    /// The messenger's id of the person or group.
    pub user: String,
}

impl Identity {
    /// The identity behind a message's chat.
    pub fn of(event: &MessageEvent) -> Self {
        Self { messenger: event.messenger.clone(), group: event.group, user: event.provider_chat_id.clone() }
    }

    /// The same identity, and its other forms that came with the message.
    pub fn all_of(event: &MessageEvent) -> Vec<Self> {
        let own = Self::of(event);
        let other = |alias: &ChatAlias| Self { user: alias.provider_chat_id.clone(), ..own.clone() };
        let others = event.aliases.iter().map(other).filter(|other| *other != own);
        std::iter::once(own.clone()).chain(others).collect()
    }

    /// The verified phone in it, when the messenger's ids are phones.
    pub fn phone(&self) -> Option<Phone> {
        (!self.group && self.messenger.id_is_phone())
            .then(|| Phone::from_international_digits(&self.user))
            .flatten()
    }

    /// The digest by which it is stored in keys that outlive it.
    pub fn digest(&self, salt: &IdSalt) -> String {
        let kind = if self.group { "group" } else { "person" };
        salt.digest(&["identity", self.messenger.as_str(), kind, &self.user])
    }
}

/// The verified phone that comes with a message: in its identity or another form of it, or reported by a messenger that
/// vouches for it. A group has none, because not every provider documents whom its `contact` means.
pub fn verified_phone(event: &MessageEvent, region: &str) -> Option<Phone> {
    if event.group {
        return None;
    }
    let told = || {
        let hint = event.contact.phone.as_deref().filter(|_| event.contact.phone_verified)?;
        Phone::parse(hint, region)
    };
    Identity::all_of(event).iter().find_map(Identity::phone).or_else(told)
}

/// The owner of an identity or a phone: the content of an identity row or a phone row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactClaim {
    /// Version of the row's shape.
    pub v: u16,
    /// The contact that owns the identity.
    pub contact: ContactId,
}

/// A chat of a contact: leads from the contact to its history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactChat {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The contact that the chat was opened with; a merge leaves it as it is.
    pub contact: ContactId,
    /// The chat.
    pub chat: ChatId,
    /// The channel it is on.
    pub channel: ChannelId,
    /// When the chat began.
    pub created_at: Timestamp,
}

/// Why two contacts were merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MergeReason {
    /// The messenger vouched for a phone that the other contact has.
    VerifiedPhone,
    /// The messenger reported both forms of one identity in one message.
    SameIdentity,
    /// A person merged them.
    Manual,
}

/// A merge, in the log of the contact that stayed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The contact that stayed.
    pub into: ContactId,
    /// The contact that became its alias.
    pub from: ContactId,
    /// The reason.
    pub reason: MergeReason,
    /// When they were merged.
    pub merged_at: Timestamp,
    /// When a person separated them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
}

/// Whether two contacts may be merged without a person's decision, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// They may be merged.
    Yes,
    /// They are merged already.
    Same,
    /// Each has a verified phone of its own, and the phones differ: a number may have changed hands.
    OtherPhone,
    /// A person separated them.
    KeptApart,
}

impl Contact {
    /// Whether `other`, which has the same strong attribute, may become an alias of this contact.
    pub fn may_take(&self, other: &Self, reason: MergeReason) -> Join {
        if self.contact == other.contact
            || other.merged_into.as_ref() == Some(&self.contact)
            || self.merged_into.as_ref() == Some(&other.contact)
        {
            return Join::Same;
        }
        if reason == MergeReason::Manual {
            return Join::Yes;
        }
        if self.kept_apart.contains(&other.contact) || other.kept_apart.contains(&self.contact) {
            return Join::KeptApart;
        }
        let differ = self.phone.is_some() && other.phone.is_some() && self.phone != other.phone;
        if differ && reason == MergeReason::VerifiedPhone { Join::OtherPhone } else { Join::Yes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> CrmRecords {
        let own = |text: &str| Some(text.to_owned());
        CrmRecords {
            in_crm: own("crm"),
            contact_id: own("4711"),
            contact_uri: own("https://crm.example.com/4711"),
            deal_id: own("815"),
            deal_uri: own("https://crm.example.com/815"),
            uncertain: 2,
            ..CrmRecords::default()
        }
    }

    #[test]
    fn a_deleted_contact_takes_its_deal_along_and_both_may_be_created_again() {
        let left = records().without_contact("4711", "crm").unwrap();
        let expected =
            CrmRecords { in_crm: Some("crm".into()), uncertain: 2, generation: 1, ..CrmRecords::default() };
        assert_eq!(left, expected);
        assert!(left.are_lacking());
        let skipped = CrmRecords { deal_skipped: true, ..records() };
        assert!(
            !skipped.without_contact("4711", "crm").unwrap().deal_skipped,
            "pipelines may be loaded by now"
        );
        assert_eq!(records().without_contact("815", "crm"), None);
        assert_eq!(records().without_contact("4711", "another"), None);
    }

    #[test]
    fn a_deleted_deal_leaves_the_contact() {
        let left = records().without_deal("815", "crm").unwrap();
        let expected = CrmRecords { deal_id: None, deal_uri: None, generation: 1, ..records() };
        assert_eq!(left, expected);
        assert!(left.are_lacking());
        assert_eq!(records().without_deal("4711", "crm"), None);
        assert_eq!(records().without_deal("815", "another"), None);
    }

    #[test]
    fn every_generation_has_its_own_key() {
        let contact = ContactId::new("c");
        let key = |records: &CrmRecords| records.creation_key("contact", &contact);
        let once = records().without_deal("815", "crm").unwrap();
        let twice = once.without_contact("4711", "crm").unwrap();
        assert_eq!([key(&records()), key(&once), key(&twice)], ["contact-c", "contact-c-2", "contact-c-3"]);
        assert_eq!(key(&twice.as_of("another")), "contact-c-3", "the first CRM may be connected again");
    }
}
