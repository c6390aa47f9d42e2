//! Changes that the CRM did not accept and that were passed: listed, and sent again.

use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::body::{Id, Ids, Params, page_size};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::page::{self, List, PageParams};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::base::clock::Timestamp;
use shared::model::crm::failure::{CrmFailure, FailedChange};
use shared::service::refused::Refused;
use shared::service::resend_to_crm::resend;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most changes that one request sends again.
const AT_ONCE: i32 = 100;

/// A change that the CRM did not accept.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrmFailureView {
    id: String,
    /// What the CRM did not accept. `creation`: the client's contact or deal.
    change: FailedChange,
    channel: String,
    chat: String,
    /// The message, if the change is one or belongs to one; it shows the same answer as `crm_refused`.
    message: Option<String>,
    /// The CRM's last answer.
    why: String,
    /// Whether it can be sent again. The end of a chat and a notice cannot, because they are of no use later.
    can_be_resent: bool,
    #[schema(format = DateTime)]
    first_failed_at: String,
    /// When the push went on without it.
    #[schema(format = DateTime)]
    passed_at: String,
}

impl From<CrmFailure> for CrmFailureView {
    fn from(failure: CrmFailure) -> Self {
        Self {
            id: failure.id,
            change: failure.change,
            channel: failure.channel.to_string(),
            chat: failure.chat.to_string(),
            message: failure.message.map(|message| message.as_str().to_owned()),
            why: failure.why,
            can_be_resent: failure.change.can_be_resent(),
            first_failed_at: failure.first_failed_at.rfc3339(),
            passed_at: failure.at.rfc3339(),
        }
    }
}

/// A page of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "failures": [{
        "id": "1795252200000-3f0a9c1d2b4e5f60", "change": "message",
        "channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "chat": "Nq2-3fJ4v0c", "message": "d2535c85-89c4-4e49-883a-ba3479420b11",
        "why": "outcome unknown: HTTP 500", "can_be_resent": true,
        "first_failed_at": "2026-11-21T09:10:00.000Z", "passed_at": "2026-11-21T09:39:00.000Z"
    }],
    "next_cursor": null
}))]
pub struct CrmFailures {
    failures: Vec<CrmFailureView>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// What was sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"resent": 1, "more": false}))]
pub struct Resent {
    /// How many changes were put into their chats again.
    resent: u32,
    /// Whether the list holds more: send the request again.
    more: bool,
}

/// List the changes that the CRM did not accept
///
/// A change that the CRM does not accept while it accepts those of other chats is retried for half an hour at most, one
/// that it refuses for good (400, 422 …) only until it has accepted another message. Then the chat goes on without it, and it is listed
/// here for 90 days, the oldest first. While the CRM fails at everything, nothing is passed.
#[utoipa::path(
    get, path = "/v1/crm/failures", tag = "crm", params(PageParams),
    responses((status = 200, description = "A page of failed changes", body = CrmFailures))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Params(page): Params<PageParams>,
) -> Result<Json<CrmFailures>, ApiError> {
    let limit = page_size(page.limit)?;
    let from = List::crm_failures(&account).start(page.cursor.as_deref())?;
    let found = page::page(app.store.crm_failures(&account, limit, from).await, page.cursor.is_some())?;
    let now = app.ambient.now();
    let failures =
        found.items.into_iter().filter(|failure| is_listed(failure, now)).map(CrmFailureView::from);
    Ok(Json(CrmFailures { failures: failures.collect(), next_cursor: page::next(found.next.as_ref())? }))
}

/// The table deletes expired rows with a delay.
fn is_listed(failure: &CrmFailure, now: Timestamp) -> bool {
    now.seconds() < failure.expires_at
}

/// Send the CRM a failed change again
///
/// It leaves the list and goes out behind the chat's other changes: a message as it is now, the creation of contact and
/// deal with the client's present data. If the CRM does not accept it again, it comes back under another id.
#[utoipa::path(
    post, path = "/v1/crm/failures/{failure}/retry", tag = "crm",
    params(("failure" = String, Path, description = "The failed change's id")),
    responses(
        (status = 202, description = "It is on its way", body = Resent),
        (status = 422, description = "It cannot be sent again (`cannot_be_resent`)")
    )
)]
pub async fn retry(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<(StatusCode, Json<Resent>), ApiError> {
    let owner = existing_account(&app, account.as_str()).await?;
    let failure = app.store.crm_failure(&account, &id).await?;
    let failure = failure.filter(|failure| is_listed(failure, app.ambient.now()));
    let failure = failure.ok_or_else(|| ApiError::not_found("failed change"))?;
    resend(&app.context(), &owner, &failure).await?;
    Ok((StatusCode::ACCEPTED, Json(Resent { resent: 1, more: false })))
}

/// Send the CRM all failed changes again
///
/// The oldest 100 that can be sent again, in their order. Changes of erased clients are left out.
#[utoipa::path(
    post, path = "/v1/crm/failures/retry", tag = "crm",
    responses((status = 202, description = "They are on their way", body = Resent))
)]
pub async fn retry_all(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<(StatusCode, Json<Resent>), ApiError> {
    let owner = existing_account(&app, account.as_str()).await?;
    let (mut resent, mut from) = (0, None);
    loop {
        let page = app.store.crm_failures(&account, AT_ONCE, from).await?;
        for failure in page.items {
            if !failure.change.can_be_resent() || !is_listed(&failure, app.ambient.now()) {
                continue;
            }
            if resent >= AT_ONCE.unsigned_abs() {
                return Ok((StatusCode::ACCEPTED, Json(Resent { resent, more: true })));
            }
            match resend(&app.context(), &owner, &failure).await {
                Ok(()) => resent += 1,
                Err(Refused::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        from = page.next;
        if from.is_none() {
            return Ok((StatusCode::ACCEPTED, Json(Resent { resent, more: false })));
        }
    }
}
