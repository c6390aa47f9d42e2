//! Contacts: one person (or group) each, known by identities.

pub mod blacklist;
pub mod merge;
pub mod number_check;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId, IdSalt};
use crate::base::phone::Phone;
use crate::model::event::{ChatAlias, MessageEvent};
use crate::model::messenger::Messenger;
use serde::{Deserialize, Serialize};

/// A client of an account, with what the CRM made of him.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose client he is.
    pub account: AccountId,
    /// His id.
    pub contact: ContactId,
    /// His name, as the messenger tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// His phone, when verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// How the messengers know him: every identity that is claimed for him.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<Identity>,
    /// The contact he turned out to be: an alias, which undoing the merge takes away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<ContactId>,
    /// The contacts that turned out to be him.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged_from: Vec<ContactId>,
    /// Contacts that a person took apart from him: nothing but a person joins them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_apart: Vec<ContactId>,
    /// His user name, an attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Who is responsible for him.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<EmployeeId>,
    /// What the CRM holds of him.
    #[serde(default)]
    pub crm: CrmRecords,
    /// When he first wrote.
    pub created_at: Timestamp,
}

/// The contact and the deal that the CRM made, and who is making them just now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CrmRecords {
    /// Which CRM they are in: [`crate::model::crm::CrmConnection::fingerprint`]. In another CRM there are none of them.
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
    /// No deal is made for him: no pipelines were loaded when his contact was made.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deal_skipped: bool,
    /// The CRM said for good that it makes no contact: its answer, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// A creation whose outcome nobody knows (no answer came): how often that was. Shown, because a CRM that does not
    /// honour the idempotency key may hold a double.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncertain: u32,
    /// Who creates at the moment, and until when nobody else does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<CreationClaim>,
}

impl CrmRecords {
    /// What there is in the CRM of this fingerprint: these records, or none.
    #[must_use]
    pub fn as_of(&self, crm: &str) -> Self {
        if self.in_crm.as_deref() == Some(crm) {
            return self.clone();
        }
        Self { in_crm: Some(crm.to_owned()), ..Self::default() }
    }

    /// Whether something is yet to be created, and may be.
    pub fn are_lacking(&self) -> bool {
        self.refused.is_none() && !self.are_complete()
    }

    /// Whether contact and deal are there.
    pub fn are_complete(&self) -> bool {
        self.contact_id.is_some() && (self.deal_id.is_some() || self.deal_skipped)
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

/// The right to create a contact's records in the CRM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreationClaim {
    /// The invocation that holds it.
    pub owner: String,
    /// When somebody else may take it over.
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

    /// The same, and the other forms of it that came with the message.
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

    /// How it stands in keys of what outlives it.
    pub fn digest(&self, salt: &IdSalt) -> String {
        let kind = if self.group { "group" } else { "person" };
        salt.digest(&["identity", self.messenger.as_str(), kind, &self.user])
    }
}

/// The verified phone that comes with a message: in its identity or another form of it, or told by a messenger that vouches
/// for it. A group has none: who its `contact` is, is not documented by every provider.
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

/// What an identity row or a phone row says: whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactClaim {
    /// Version of the row's shape.
    pub v: u16,
    /// The contact that owns the identity.
    pub contact: ContactId,
}

/// A chat of a contact: from the contact to his history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactChat {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// The contact that the chat was opened with; a merge leaves it as it is.
    pub contact: ContactId,
    /// The chat.
    pub chat: ChatId,
    /// The channel it is on.
    pub channel: ChannelId,
    /// When it began.
    pub created_at: Timestamp,
}

/// Why two contacts became one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeReason {
    /// The messenger vouched for a phone that the other one has.
    VerifiedPhone,
    /// The messenger told both forms of one identity in one message.
    SameIdentity,
    /// A person said so.
    Manual,
}

/// A merge in the log of the contact that stayed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// The contact that stayed.
    pub into: ContactId,
    /// The contact that became an alias of him.
    pub from: ContactId,
    /// Why.
    pub reason: MergeReason,
    /// When.
    pub merged_at: Timestamp,
    /// When a person took them apart again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
}

/// Whether two contacts may be joined without a person's word, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// They may.
    Yes,
    /// They are one already.
    Same,
    /// Each has a verified phone of its own, and they differ: a number may have changed hands.
    OtherPhone,
    /// A person took them apart.
    KeptApart,
}

impl Contact {
    /// Whether `other`, who turned out to have the same strong attribute, may become an alias of this contact.
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
