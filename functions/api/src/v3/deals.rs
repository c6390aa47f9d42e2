//! `/v3/deals`: the CRM's deals, as it loads them.

use super::body::{Caller, Fields, Id, Json as AnyJson, is_possible};
use super::contacts::write_all;
use super::deletion::{Deleted, delete_each};
use super::document::LoadedDeal;
use super::entities::{Done, MAX_NAME, MAX_URI, PAGE, SIDE_BY_SIDE, ids_of, number, read_all, read_ids};
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
use shared::model::crm::entities::{CrmDeal, RecordKind};
use shared::store::row::{Row, Write};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most contacts of a deal.
const MAX_CONTACTS: usize = 100;

/// A deal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "815", "responsibleUserId": "17", "name": "Mazda 3", "uri": "https://crm.example.com/deals/815",
    "contacts": ["4711"], "closed": false
}))]
pub struct V3Deal {
    /// The CRM's id.
    id: String,
    responsible_user_id: String,
    name: String,
    /// Link to the deal's card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    uri: Option<String>,
    /// The CRM's ids of the deal's contacts.
    contacts: Vec<String>,
    closed: bool,
}

impl From<CrmDeal> for V3Deal {
    fn from(deal: CrmDeal) -> Self {
        Self {
            id: deal.id,
            responsible_user_id: deal.responsible.to_string(),
            name: deal.name,
            uri: deal.uri,
            contacts: deal.contacts,
            closed: deal.closed,
        }
    }
}

/// A page of deals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"count": 1, "data": [{
    "id": "815", "responsibleUserId": "17", "name": "Mazda 3", "contacts": ["4711"], "closed": false
}]}))]
pub struct V3Deals {
    /// The number of all deals.
    count: usize,
    data: Vec<V3Deal>,
}

fn read(fields: &mut Fields<'_>, account: &AccountId, now: Timestamp) -> CrmDeal {
    let id = fields.id("id");
    let responsible = EmployeeId::new(fields.user_id("responsibleUserId"));
    let name = fields.required("name", MAX_NAME);
    // Wazzup's documents name the field `uri`, but one of their examples has `link`.
    let uri = if fields.has("uri") { fields.link("uri", MAX_URI) } else { fields.link("link", MAX_URI) };
    let contacts = ids_of(fields, "contacts");
    if fields.value("contacts").is_none() || contacts.len() > MAX_CONTACTS {
        fields.mark("contacts");
    }
    let closed = fields.flag("closed").unwrap_or_default();
    let account = account.clone();
    CrmDeal { v: 1, account, id, responsible, name, uri, contacts, closed, in_crm: None, loaded_at: now }
}

/// Load deals
///
/// At most 100 at once; a known id is replaced. It becomes the deal of clients whose contacts it names, if they have
/// none; then no other deal is created for them.
#[utoipa::path(
    post, path = "/v3/deals", tag = "v3",
    request_body(content = Vec<LoadedDeal>, example = json!([{
        "id": "815", "responsibleUserId": "17", "name": "Mazda 3", "uri": "https://crm.example.com/deals/815",
        "contacts": ["4711"], "closed": false
    }])),
    responses(
        (status = 200, description = "Loaded", body = Done),
        (status = 400, description = "`INVALID_DEALS_DATA` with index and fields, also for a repeated id; `TOO_MANY_ENTITIES`")
    )
)]
pub async fn load(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    AnyJson(body): AnyJson,
) -> Result<Json<Done>, V3Error> {
    let now = app.ambient.now();
    let mut deals =
        read_all(&body, "INVALID_DEALS_DATA", |fields| read(fields, &account, now), |one| &one.id)?;
    let owner = existing_account(&app, account.as_str()).await?;
    let crm = linking::fingerprint(&app, &account).await?;
    deals.iter_mut().for_each(|deal| deal.in_crm.clone_from(&crm));
    let writes: Result<Vec<_>, _> = deals.iter().map(Write::put).collect();
    write_all(&app, writes?).await?;
    let linked: Vec<_> = deals.iter().map(|deal| linking::deal(&app, &owner, crm.as_deref(), deal)).collect();
    stream::iter(linked).buffer_unordered(SIDE_BY_SIDE).try_collect::<Vec<()>>().await?;
    Ok(Json(Done {}))
}

/// List deals
///
/// Those that the CRM has loaded, sorted by id, a hundred per page.
#[utoipa::path(
    get, path = "/v3/deals", tag = "v3",
    params(("offset" = Option<u32>, Query, description = "How many to skip", example = 0)),
    responses((status = 200, description = "A page, with the number of all deals", body = V3Deals))
)]
pub async fn list(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Json<V3Deals>, V3Error> {
    let offset = number(query.as_deref(), "offset", 0)?;
    let (found, count) = app.store.crm_deals_page(&account, offset, PAGE).await?;
    Ok(Json(V3Deals { count, data: found.into_iter().map(V3Deal::from).collect() }))
}

/// Get a deal
///
/// One that the CRM has loaded. Of a deal that it created on `createDeal` only the id is known here: it is unknown until it
/// is loaded, but can be deleted.
#[utoipa::path(
    get, path = "/v3/deals/{id}", tag = "v3", params(("id" = String, Path, description = "The CRM's id of it")),
    responses((status = 200, description = "The deal as loaded", body = V3Deal))
)]
pub async fn get(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
) -> Result<Json<V3Deal>, V3Error> {
    let deal = app.store.crm_deal(&account, &id).await?;
    deal.map(|deal| Json(deal.into())).ok_or_else(|| V3Error::not_found("deal"))
}

/// Delete a deal
///
/// The client it belonged to has no deal any more: their next message creates one anew. An id that a path cannot hold,
/// such as one with a slash, is deleted by `bulk_delete`.
#[utoipa::path(
    delete, path = "/v3/deals/{id}", tag = "v3", params(("id" = String, Path, description = "The CRM's id of it")),
    responses((status = 200, description = "Deleted", body = Done))
)]
pub async fn delete(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
    Id(id): Id,
) -> Result<Json<Done>, V3Error> {
    let unknown = forget(&app, &account, &[id]).await?;
    if unknown.is_empty() { Ok(Json(Done {})) } else { Err(V3Error::not_found("deal")) }
}

/// Deletes the deals; returns the ids of those that do not exist.
async fn forget(app: &App, account: &AccountId, ids: &[String]) -> Result<Vec<String>, V3Error> {
    let owner = existing_account(app, account.as_str()).await?;
    let crm = linking::fingerprint(app, account).await?;
    let possible: Vec<String> = ids.iter().filter(|id| is_possible(id)).cloned().collect();
    let loaded = app.store.crm_deals(account, &possible).await?;
    let (owner, crm, loaded) = (&owner, crm.as_deref(), &loaded);
    let forget_one = |id: String| async move {
        let loaded = loaded.iter().find(|deal| deal.id == id);
        let mut persons = Vec::new();
        if let Some(loaded) = loaded {
            for contact in app.store.crm_contacts(account, &loaded.contacts).await? {
                persons.extend(linking::persons(app, owner, &contact).await?.into_values());
            }
            linking::forget_deal(app, account, loaded).await?;
        }
        let was_a_clients = match crm.filter(|_| is_possible(&id)) {
            Some(crm) => {
                Deleted { account, crm, kind: RecordKind::Deal, id: &id }.forget(app, &persons).await?
            }
            None => false,
        };
        if let Some(loaded) = loaded {
            app.store.commit(vec![Write::forget(loaded.key())]).await?;
        }
        Ok(loaded.is_some() || was_a_clients)
    };
    delete_each(ids, forget_one).await
}

/// Delete deals
///
/// Answers the ids that do not exist; the others are deleted.
#[utoipa::path(
    patch, path = "/v3/deals/bulk_delete", tag = "v3",
    request_body(content = Vec<String>, example = json!(["815"])),
    responses(
        (status = 200, description = "The ids that do not exist", body = Vec<String>, example = json!(["816"])),
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
