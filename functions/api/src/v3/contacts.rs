//! `/v3/contacts`: the CRM's contacts, as it loads them. They identify clients, and name their responsible (B1).

use super::body::{Caller, Fields, Id, Json as AnyJson, is_possible};
use super::contact_data::{self, V3Contact};
use super::deletion::{Deleted, delete_each};
use super::document::LoadedContact;
use super::entities::{Done, MAX_NAME, MAX_URI, PAGE, SIDE_BY_SIDE, number, read_all, read_ids};
use super::error::V3Error;
use super::linking;
use crate::app::App;
use crate::http::existing::existing_account;
use axum::Json;
use axum::extract::{RawQuery, State};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, EmployeeId};
use shared::model::account::Account;
use shared::model::contact::Contact;
use shared::model::crm::entities::{ContactPoint, CrmContact, CrmSubject, MAX_POINTS, RecordKind};
use shared::store::attribute;
use shared::store::row::{Row, Write};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest part of a contact point, in characters.
const MAX_POINT: usize = 200;

/// A page of contacts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"count": 1, "data": [{
    "id": "4711", "responsibleUserId": "17", "name": "Marina Test",
    "contactData": [{"chatType": "whatsapp", "chatId": "79990001122"}]
}]}))]
pub struct V3Contacts {
    /// The number of all contacts.
    count: usize,
    data: Vec<V3Contact>,
}

fn read(fields: &mut Fields<'_>, account: &AccountId, now: Timestamp) -> CrmContact {
    let id = fields.id("id");
    let responsible = EmployeeId::new(fields.user_id("responsibleUserId"));
    let name = fields.required("name", MAX_NAME);
    let uri = fields.link("uri", MAX_URI);
    let list = fields.list("contactData");
    if fields.value("contactData").is_none() || list.len() > MAX_POINTS {
        fields.mark("contactData");
    }
    let mut points = Vec::new();
    for entry in list {
        let mut point = Fields::of(entry);
        let chat_type = point.required("chatType", 32).to_ascii_lowercase();
        let chat_id = point.text("chatId", MAX_POINT);
        let (username, phone) = (point.text("username", MAX_POINT), point.text("phone", MAX_POINT));
        let username = username.map(|name| name.trim_start_matches('@').to_owned());
        if chat_id.is_none() && username.is_none() && phone.is_none() {
            point.mark("chatId");
        }
        if point.finish().is_err() {
            fields.mark("contactData");
        }
        points.push(ContactPoint { chat_type, chat_id, username, phone });
    }
    let account = account.clone();
    CrmContact { v: 1, account, id, responsible, name, points, uri, in_crm: None, deal: None, loaded_at: now }
}

/// Load contacts
///
/// At most 100 at once; a known id is replaced. A client whom a contact identifies is that contact from now on, and the
/// contact's responsible becomes the responsible of the client and their chats at once, if that user was loaded. A
/// client who writes for the first time later is found by them too.
#[utoipa::path(
    post, path = "/v3/contacts", tag = "v3",
    request_body(content = Vec<LoadedContact>, example = json!([{
        "id": "4711", "responsibleUserId": "17", "name": "Marina Test",
        "contactData": [{"chatType": "whatsapp", "chatId": "79990001122"}], "uri": "https://crm.example.com/contacts/4711"
    }])),
    responses(
        (status = 200, description = "Loaded", body = Done),
        (status = 400, description = "`INVALID_CONTACTS_DATA` with index and fields, also for a repeated id; `TOO_MANY_ENTITIES`")
    )
)]
pub async fn load(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    AnyJson(body): AnyJson,
) -> Result<Json<Done>, V3Error> {
    let now = app.ambient.now();
    let mut contacts =
        read_all(&body, "INVALID_CONTACTS_DATA", |fields| read(fields, &account, now), |one| &one.id)?;
    let owner = existing_account(&app, account.as_str()).await?;
    let crm = linking::fingerprint(&app, &account).await?;
    contacts.iter_mut().for_each(|contact| contact.in_crm.clone_from(&crm));
    note_that_there_are_some(&app, &account).await?;
    store(&app, &owner, &mut contacts).await?;
    let linked: Vec<_> =
        contacts.iter().map(|contact| linking::contact(&app, &owner, crm.as_deref(), contact)).collect();
    stream::iter(linked).buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<()>>().await?;
    Ok(Json(Done {}))
}

/// Marks the account, so that new clients are looked up among the CRM's contacts.
async fn note_that_there_are_some(app: &App, account: &AccountId) -> Result<(), V3Error> {
    app.retry_on_conflict(|| async {
        let before = existing_account(app, account.as_str()).await?;
        let after = Account { has_crm_contacts: true, ..before.clone() };
        let write = Write::change(&before, &after, &[attribute::account::HAS_CRM_CONTACTS])?;
        Ok::<_, V3Error>(app.store.commit(write.into_iter().collect()).await?)
    })
    .await
}

/// Writes the contacts and the rows that lead to them, and deletes rows that lead to them no more. Each row is written
/// by itself, because loading the contacts again repairs a load that stopped midway.
async fn store(app: &App, owner: &Account, contacts: &mut [CrmContact]) -> Result<(), V3Error> {
    let ids: Vec<String> = contacts.iter().map(|contact| contact.id.clone()).collect();
    let before = app.store.crm_contacts(&owner.account, &ids).await?;
    let before: HashMap<&str, &CrmContact> = before.iter().map(|one| (one.id.as_str(), one)).collect();
    let mut writes = Vec::new();
    for contact in contacts.iter_mut() {
        let digests = contact.subjects(&owner.region, &owner.id_salt);
        if let Some(before) = before.get(contact.id.as_str()) {
            contact.deal.clone_from(&before.deal);
            let old = before.subjects(&owner.region, &owner.id_salt);
            let left: Vec<String> = old.into_iter().filter(|digest| !digests.contains(digest)).collect();
            let leading = app.store.crm_subjects(&owner.account, &left).await?;
            writes.extend(
                leading
                    .iter()
                    .filter(|row| row.crm_contact == contact.id)
                    .map(|row| Write::forget(row.key())),
            );
        }
        writes.push(Write::put(&*contact)?);
        for digest in digests {
            let (account, crm_contact) = (owner.account.clone(), contact.id.clone());
            writes.push(Write::put(&CrmSubject { v: 1, account, digest, crm_contact })?);
        }
    }
    write_all(app, writes).await
}

/// Writes rows that do not depend on each other, each by itself, which costs half of what a transaction does.
pub(super) async fn write_all(app: &App, writes: Vec<Write>) -> Result<(), V3Error> {
    let written = stream::iter(writes).map(|write| app.store.commit(vec![write]));
    written.buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<()>>().await?;
    Ok(())
}

/// List contacts
///
/// Those that the CRM has loaded, sorted by id, a hundred per page. A contact that the CRM created on `createContact` is
/// listed once it is loaded.
#[utoipa::path(
    get, path = "/v3/contacts", tag = "v3",
    params(("offset" = Option<u32>, Query, description = "How many to skip", example = 0)),
    responses((status = 200, description = "A page, with the number of all contacts", body = V3Contacts))
)]
pub async fn list(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Json<V3Contacts>, V3Error> {
    let offset = number(query.as_deref(), "offset", 0)?;
    let (found, count) = app.store.crm_contacts_page(&account, offset, PAGE).await?;
    Ok(Json(V3Contacts { count, data: contact_data::shown(&app, &account, found).await? }))
}

/// Get a contact
///
/// As loaded; or, for one that the CRM created on `createContact`, as the client is known here.
#[utoipa::path(
    get, path = "/v3/contacts/{id}", tag = "v3", params(("id" = String, Path, description = "The CRM's id of it")),
    responses((status = 200, description = "The contact", body = V3Contact))
)]
pub async fn get(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
) -> Result<Json<V3Contact>, V3Error> {
    let found = match app.store.crm_contact(&account, &id).await? {
        Some(loaded) => contact_data::shown(&app, &account, vec![loaded]).await?.pop(),
        None => contact_data::created(&app, &account, &id).await?,
    };
    found.map(Json).ok_or_else(|| V3Error::not_found("contact"))
}

/// Delete a contact
///
/// The client it belonged to stays, with their chats and responsible, and has neither contact nor deal any more: their
/// next message creates both anew. An id that a path cannot hold, such as one with a slash, is deleted by `bulk_delete`.
#[utoipa::path(
    delete, path = "/v3/contacts/{id}", tag = "v3", params(("id" = String, Path, description = "The CRM's id of it")),
    responses((status = 200, description = "Deleted", body = Done))
)]
pub async fn delete(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
) -> Result<Json<Done>, V3Error> {
    let unknown = forget(&app, &account, &[id]).await?;
    if unknown.is_empty() { Ok(Json(Done {})) } else { Err(V3Error::not_found("contact")) }
}

/// Delete contacts
///
/// Answers the ids that do not exist; the others are deleted.
#[utoipa::path(
    patch, path = "/v3/contacts/bulk_delete", tag = "v3",
    request_body(content = Vec<String>, example = json!(["4711"])),
    responses(
        (status = 200, description = "The ids that do not exist", body = Vec<String>, example = json!(["4712"])),
        (status = 400, description = "`TOO_MANY_ENTITIES`, `VALIDATION_ERROR`")
    )
)]
pub async fn bulk_delete(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    AnyJson(body): AnyJson,
) -> Result<Json<Vec<String>>, V3Error> {
    Ok(Json(forget(&app, &account, &read_ids(&body)?).await?))
}

/// Deletes the contacts; returns the ids of those that do not exist.
async fn forget(app: &App, account: &AccountId, ids: &[String]) -> Result<Vec<String>, V3Error> {
    let owner = existing_account(app, account.as_str()).await?;
    let crm = linking::fingerprint(app, account).await?;
    let possible: Vec<String> = ids.iter().filter(|id| is_possible(id)).cloned().collect();
    let loaded = app.store.crm_contacts(account, &possible).await?;
    let (owner, crm, loaded) = (&owner, crm.as_deref(), &loaded);
    let forget_one = |id: String| async move {
        let loaded = loaded.iter().find(|contact| contact.id == id);
        let persons: Vec<Contact> = match loaded {
            Some(loaded) => linking::persons(app, owner, loaded).await?.into_values().collect(),
            None => Vec::new(),
        };
        let was_a_clients = match crm.filter(|_| is_possible(&id)) {
            Some(crm) => {
                let deleted = Deleted { account, crm, kind: RecordKind::Contact, id: &id };
                deleted.forget(app, &persons).await?
            }
            None => false,
        };
        if let Some(loaded) = loaded {
            app.store.commit(app.store.forget_crm_contact(owner, loaded).await?).await?;
        }
        Ok(loaded.is_some() || was_a_clients)
    };
    delete_each(ids, forget_one).await
}
