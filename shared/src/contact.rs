//! Contacts: one person (or group) each, known by identities.

use crate::clock::Timestamp;
use crate::event::{MessageEvent, Messenger};
use crate::ids::{AccountId, ContactId, EmployeeId};
use crate::phone::Phone;
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
    /// Which CRM they are in: [`crate::crm::CrmConnection::fingerprint`]. In another CRM there are none of them.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The messenger.
    pub messenger: Messenger,
    /// Whether it is a group.
    pub group: bool,
    /// The messenger's id of the person or group.
    pub user: String,
}

impl Identity {
    /// The identity behind a message's chat.
    pub fn of(event: &MessageEvent) -> Self {
        Self { messenger: event.messenger.clone(), group: event.group, user: event.provider_chat_id.clone() }
    }

    /// The verified phone in it, when the messenger's ids are phones.
    pub fn phone(&self) -> Option<Phone> {
        (!self.group && self.messenger.id_is_phone())
            .then(|| Phone::from_international_digits(&self.user))
            .flatten()
    }
}

/// What an identity row or a phone row says: whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactClaim {
    /// Version of the row's shape.
    pub v: u16,
    /// The contact that owns the identity.
    pub contact: ContactId,
}
