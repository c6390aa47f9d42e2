//! Starts erasures of clients, and shows their progress (P12). The function `erasure` does the work.

use crate::app::App;
use crate::contacts::person::existing_person;
use crate::http::auth::AccountKey;
use crate::http::body::{Id, Ids, Params, moment, page_size};
use crate::http::error::ApiError;
use crate::http::page::{self, List, PageParams};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::base::ids::{AccountId, ContactId};
use shared::model::erasure::{Erasure, ErasureState};
use shared::platform::nudge::ErasureNudge;
use shared::platform::queue::Outgoing;
use shared::store::row::Write;
use shared::store::{Read, StoreError, keys};
use std::sync::Arc;
use utoipa::ToSchema;

/// An erasure. It holds no data of the client.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa700-1b2c-7d3e-8f40-5a6b7c8d9e0f", "contacts": ["019aa600-2f4b-7d01-93c4-5d1a0e7b8c22"], "state": "done",
    "chats": 2, "messages": 140, "objects": 12, "dead_letters": 0, "requested_at": "2026-11-21T10:00:00.000Z",
    "finished_at": "2026-11-21T10:00:09.000Z"
}))]
pub struct ErasureView {
    id: String,
    /// The contact, and the contacts merged into it.
    contacts: Vec<String>,
    state: ErasureState,
    /// Chats that are erased.
    chats: u64,
    /// Messages that are erased.
    messages: u64,
    /// Files and raw records that are erased.
    objects: u64,
    /// Messages removed from dead-letter queues.
    dead_letters: u64,
    #[schema(format = DateTime)]
    requested_at: String,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

impl From<Erasure> for ErasureView {
    fn from(erasure: Erasure) -> Self {
        Self {
            id: erasure.erasure,
            contacts: erasure.contacts.iter().map(ToString::to_string).collect(),
            state: erasure.state,
            chats: erasure.chats,
            messages: erasure.messages,
            objects: erasure.objects,
            dead_letters: erasure.dead_letters,
            requested_at: erasure.requested_at.rfc3339(),
            finished_at: moment(erasure.finished_at),
        }
    }
}

/// An erasure that was started.
#[derive(Debug, Serialize, ToSchema)]
pub struct StartedErasure {
    erasure: ErasureView,
}

/// A page of erasures.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erasures {
    erasures: Vec<ErasureView>,
    /// The cursor of the next page; null on the last one.
    next_cursor: Option<String>,
}

/// Erase a contact
///
/// Erases all data of the contact and of the contacts merged into it: chats, messages, files, raw records, messages in
/// dead-letter queues. Redelivered messages do not bring the client back; what they write from now on creates a new
/// client. It cannot be undone. The CRM's own data is not touched. A repeated request returns the same erasure while it
/// runs.
#[utoipa::path(
    delete, path = "/v1/contacts/{contact}", tag = "contacts", params(("contact" = String, Path, description = "The contact's id")),
    responses((status = 202, description = "The erasure has started", body = StartedErasure))
)]
pub async fn start(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<(StatusCode, Json<StartedErasure>), ApiError> {
    let id = ContactId::new(id);
    let erasure = match at_work(&app, &account, &id).await? {
        Some(erasure) => erasure,
        None => {
            let contacts = existing_person(&app, &account, &id).await?.ids();
            match running(&app, &account, &contacts).await? {
                Some(erasure) => erasure,
                None => begin(&app, &account, contacts).await?,
            }
        }
    };
    nudge(&app, &erasure).await;
    Ok((StatusCode::ACCEPTED, Json(StartedErasure { erasure: erasure.into() })))
}

/// The erasure that has already detached the contact. Such a contact is an alias of no person, and no other route finds
/// it ([`Erasure::nobody`]).
async fn at_work(app: &App, account: &AccountId, id: &ContactId) -> Result<Option<Erasure>, StoreError> {
    let row = app.store.contact(account, id, Read::Consistent).await?;
    match row.and_then(|contact| contact.merged_into) {
        Some(erasure) => app.store.get(&keys::erasure(account, erasure.as_str()), Read::Consistent).await,
        None => Ok(None),
    }
}

/// The running erasure of all these contacts. Two that were requested at the same moment do the same work twice, which
/// does no harm.
async fn running(
    app: &App,
    account: &AccountId,
    contacts: &[ContactId],
) -> Result<Option<Erasure>, StoreError> {
    let mut from = None;
    loop {
        let page = app.store.erasures(account, 1000, from).await?;
        let same = |erasure: &Erasure| {
            erasure.state == ErasureState::Running
                && contacts.iter().all(|contact| erasure.contacts.contains(contact))
        };
        let found = page.items.into_iter().find(same);
        from = page.next;
        if found.is_some() || from.is_none() {
            return Ok(found);
        }
    }
}

/// Stores an erasure that is due at once, so that the due index finds it also when its nudge is lost.
async fn begin(app: &App, account: &AccountId, contacts: Vec<ContactId>) -> Result<Erasure, ApiError> {
    let erasure = Erasure::new(account, app.ambient.uuid().to_string(), contacts, app.ambient.now());
    app.store.commit(vec![Write::create(&erasure)?]).await?;
    Ok(erasure)
}

async fn nudge(app: &App, erasure: &Erasure) {
    let sent = match Outgoing::standard(&ErasureNudge::new(&erasure.account, &erasure.erasure)) {
        Ok(nudge) => app.queues.send(&app.erasures_url, vec![nudge]).await,
        Err(error) => Err(error),
    };
    if let Err(error) = sent {
        tracing::warn!(error = %error, "the erasure was not nudged; the due index will");
    }
}

/// List erasures
#[utoipa::path(
    get, path = "/v1/erasures", tag = "contacts", params(PageParams),
    responses((status = 200, description = "A page of erasures, the oldest first", body = Erasures))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Params(page): Params<PageParams>,
) -> Result<Json<Erasures>, ApiError> {
    let limit = page_size(page.limit)?;
    let from = List::erasures(&account).start(page.cursor.as_deref())?;
    let found = page::page(app.store.erasures(&account, limit, from).await, page.cursor.is_some())?;
    let erasures = found.items.into_iter().map(ErasureView::from).collect();
    Ok(Json(Erasures { erasures, next_cursor: page::next(found.next.as_ref())? }))
}

/// Get an erasure
#[utoipa::path(
    get, path = "/v1/erasures/{erasure}", tag = "contacts", params(("erasure" = String, Path, description = "The erasure's id")),
    responses((status = 200, description = "The erasure with its progress", body = ErasureView))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<ErasureView>, ApiError> {
    let found: Option<Erasure> = app.store.get(&keys::erasure(&account, &id), Read::Consistent).await?;
    Ok(Json(found.ok_or_else(|| ApiError::not_found("erasure"))?.into()))
}
