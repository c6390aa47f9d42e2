//! Contacts and their merges as answers show them.

use crate::contacts::person::Person;
use crate::http::body::moment;
use serde::{Deserialize, Serialize};
use shared::model::contact::{Contact, CrmRecords, Identity, Merge, MergeReason};
use utoipa::ToSchema;

/// A client.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    id: String,
    name: Option<String>,
    /// E.164, when verified.
    phone: Option<String>,
    username: Option<String>,
    /// The employee's id.
    responsible: Option<String>,
    crm: CrmRecordsView,
}

/// The CRM's records of a client.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrmRecordsView {
    contact_id: Option<String>,
    /// Link to the contact's card.
    contact_uri: Option<String>,
    deal_id: Option<String>,
    /// Link to the deal's card.
    deal_uri: Option<String>,
    /// The CRM's answer, shortened, when it refuses to create a contact for the client.
    refused: Option<String>,
    /// How often it is unknown whether the CRM created a contact: it may hold duplicates.
    uncertain: u32,
}

impl From<CrmRecords> for CrmRecordsView {
    fn from(crm: CrmRecords) -> Self {
        Self {
            contact_id: crm.contact_id,
            contact_uri: crm.contact_uri,
            deal_id: crm.deal_id,
            deal_uri: crm.deal_uri,
            refused: crm.refused,
            uncertain: crm.uncertain,
        }
    }
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.contact.to_string(),
            name: contact.name,
            phone: contact.phone.map(|phone| phone.as_str().to_owned()),
            username: contact.username,
            responsible: contact.responsible.map(|employee| employee.to_string()),
            crm: contact.crm.into(),
        }
    }
}

/// A messenger's id of a person or a group.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"messenger": "telegram", "group": false, "user": "218485655"}))]
pub struct IdentityView {
    /// `whatsapp`, `telegram`, `instagram`, `viber`, `vk`, `avito`, `max`, or the provider's name for it.
    pub(crate) messenger: String,
    #[serde(default)]
    pub(crate) group: bool,
    /// The messenger's id.
    pub(crate) user: String,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        Self { messenger: identity.messenger.as_str().to_owned(), group: identity.group, user: identity.user }
    }
}

/// A client with all identities and phones.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa600-2f4b-7d01-93c4-5d1a0e7b8c22", "name": "Ivan", "phone": "+79011112233", "phones": ["+79011112233"],
    "username": "ivan", "responsible": "17",
    "crm": {
        "contact_id": "55", "contact_uri": "https://crm.example.com/contacts/55", "deal_id": "81",
        "deal_uri": "https://crm.example.com/deals/81", "refused": null, "uncertain": 0
    },
    "identities": [
        {"messenger": "whatsapp", "group": false, "user": "79011112233"},
        {"messenger": "telegram", "group": false, "user": "218485655"}
    ],
    "merged_from": ["019aa600-5c1d-7a90-8e2b-4f3a2b1c0d9e"], "kept_apart": [], "created_at": "2026-11-21T09:20:00.000Z"
}))]
pub struct PersonView {
    id: String,
    name: Option<String>,
    /// E.164: the client's main verified phone.
    phone: Option<String>,
    /// The client's verified phones, also those of contacts merged into it.
    phones: Vec<String>,
    username: Option<String>,
    /// The employee's id.
    responsible: Option<String>,
    crm: CrmRecordsView,
    /// The client's identities, also those of contacts merged into it.
    identities: Vec<IdentityView>,
    /// The contacts merged into this one.
    merged_from: Vec<String>,
    /// Contacts that a person separated from this one: only a person can merge them again.
    kept_apart: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Person> for PersonView {
    fn from(person: Person) -> Self {
        let ids = |ids: &[shared::base::ids::ContactId]| ids.iter().map(ToString::to_string).collect();
        let phones = person.phones().map(|phone| phone.as_str().to_owned()).collect();
        let identities = person.identities().cloned().map(IdentityView::from).collect();
        let root = person.root;
        Self {
            phones,
            identities,
            id: root.contact.to_string(),
            name: root.name,
            phone: root.phone.map(|phone| phone.as_str().to_owned()),
            username: root.username,
            responsible: root.responsible.map(|employee| employee.to_string()),
            crm: root.crm.into(),
            merged_from: ids(&root.merged_from),
            kept_apart: ids(&root.kept_apart),
            created_at: root.created_at.rfc3339(),
        }
    }
}

/// The contacts that a search found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Contacts {
    pub(crate) contacts: Vec<PersonView>,
}

/// A merge.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeView {
    /// The contact that stayed.
    into: String,
    /// The contact that became its alias.
    from: String,
    reason: MergeReason,
    #[schema(format = DateTime)]
    merged_at: String,
    /// When a person undid the merge.
    #[schema(format = DateTime)]
    undone_at: Option<String>,
}

impl From<Merge> for MergeView {
    fn from(merge: Merge) -> Self {
        Self {
            into: merge.into.to_string(),
            from: merge.from.to_string(),
            reason: merge.reason,
            merged_at: merge.merged_at.rfc3339(),
            undone_at: moment(merge.undone_at),
        }
    }
}

/// The merges into a contact, and into the contacts that were merged into it before.
#[derive(Debug, Serialize, ToSchema)]
pub struct Merges {
    /// The earliest first.
    pub(crate) merges: Vec<MergeView>,
}
