//! Contacts as Wazzup shows them.

use super::error::V3Error;
use super::linking;
use crate::app::App;
use crate::contacts::person::with_aliases;
use crate::http::existing::existing_account;
use serde::Serialize;
use shared::base::ids::AccountId;
use shared::base::phone::Phone;
use shared::model::contact::Identity;
use shared::model::crm::entities::{ContactPoint, CrmContact, RecordKind};
use shared::model::messenger::Messenger;
use shared::store::Read;
use utoipa::ToSchema;

/// A contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "4711", "responsibleUserId": "17", "name": "Marina Test",
    "contactData": [{"chatType": "whatsapp", "chatId": "79990001122"}], "uri": "https://crm.example.com/contacts/4711"
}))]
pub struct V3Contact {
    /// The CRM's id.
    id: String,
    responsible_user_id: String,
    name: String,
    /// The addresses at which the contact can be reached: `chatType` with `chatId`, for Telegram and MAX also `phone`,
    /// for Telegram also `username`. A contact that was loaded without `chatId` has it once they have written.
    #[schema(value_type = Vec<Object>)]
    contact_data: Vec<ContactPoint>,
    /// Link to the contact's card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    uri: Option<String>,
}

/// Loaded contacts. A point that was loaded without `chatId`, by `phone`, gets the id under which the client with that
/// phone has written since.
///
/// # Errors
/// Those of the store; the same below.
pub async fn shown(
    app: &App,
    account: &AccountId,
    contacts: Vec<CrmContact>,
) -> Result<Vec<V3Contact>, V3Error> {
    let region = existing_account(app, account.as_str()).await?.region;
    let points = contacts.iter().flat_map(|contact| &contact.points);
    let mut phones: Vec<Phone> =
        points.filter(|point| point.chat_id.is_none()).filter_map(|point| point.phone(&region)).collect();
    phones.sort();
    phones.dedup();
    let known = app.store.identities_by_phone(account, &phones).await?;
    let met = |point: &ContactPoint| {
        let (messenger, _) = Messenger::of_chat_type(&point.chat_type)?;
        let here = |identity: &&Identity| identity.messenger == messenger && !identity.group;
        known.get(&point.phone(&region)?)?.iter().find(here).map(|identity| identity.user.clone())
    };
    let view = |contact: CrmContact| V3Contact {
        contact_data: contact.points.iter().map(|point| point.shown(met(point), &region)).collect(),
        id: contact.id,
        responsible_user_id: contact.responsible.to_string(),
        name: contact.name,
        uri: contact.uri,
    };
    Ok(contacts.into_iter().map(view).collect())
}

/// A contact that the CRM created on `createContact`, as the client is known here; `None` if no client is this contact.
pub async fn created(app: &App, account: &AccountId, id: &str) -> Result<Option<V3Contact>, V3Error> {
    let Some(crm) = linking::fingerprint(app, account).await? else { return Ok(None) };
    for owner in app.store.record_owners(account, RecordKind::Contact, id).await? {
        let Some(client) = app.store.person(account, &owner, Read::Consistent).await? else { continue };
        let records = client.crm.as_of(&crm);
        if records.contact_id.as_deref() != Some(id) {
            continue;
        }
        let person = with_aliases(app, client).await?;
        let phone = person.phones().next().map(|phone| phone.digits().to_owned());
        let point = |identity: &Identity| {
            let point = ContactPoint {
                chat_type: identity.messenger.chat_type(identity.group),
                chat_id: Some(identity.user.clone()),
                username: person.root.username.clone(),
                phone: phone.clone(),
            };
            point.shown(None, "")
        };
        let contact_data: Vec<ContactPoint> = person.identities().map(point).collect();
        let first = contact_data.first().and_then(|point| point.chat_id.clone());
        return Ok(Some(V3Contact {
            id: id.to_owned(),
            responsible_user_id: person
                .root
                .responsible
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            name: person.root.name.clone().or(first).unwrap_or_default(),
            contact_data,
            uri: records.contact_uri,
        }));
    }
    Ok(None)
}
