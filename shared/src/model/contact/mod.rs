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
    /// The request under way, or whose outcome is unknown: it is repeated as it was, with its idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<CreationRequest>,
    /// Set when the CRM refused for good to create the contact: its answer, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// How often the outcome of a creation was unknown (no answer came). Shown, because a CRM that does not honour the
    /// idempotency key may hold a duplicate.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncertain: u32,
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
        Self { in_crm: Some(crm.to_owned()), ..Self::default() }
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
    /// The request's body.
    pub body: String,
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
