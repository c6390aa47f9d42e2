//! The trail of settings changes: what is written down, and reading it.

use crate::account::accounts::PageParams;
use crate::app::App;
use crate::employees::sections;
use crate::http::auth::Tenant;
use crate::http::body::{MAX_BODY, Params, page_size};
use crate::http::error::ApiError;
use crate::http::page::{self, List};
use crate::http::request_context::Visit;
use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::StatusCode;
use futures::TryStreamExt;
use serde::Serialize;
use serde_json::Value;
use shared::base::ids::AccountId;
use shared::model::audit::{AUDIT_KEPT, AuditEntry, ChangedBy, fields};
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::store::row::Write;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// A request that is written down unless it was refused.
#[derive(Debug)]
pub struct Draft {
    method: String,
    route: String,
    ids: BTreeMap<String, String>,
    body: Arc<Mutex<Vec<u8>>>,
}

/// Watches a request on a settings route: what the handler reads of its body is kept aside. `None` for other requests.
pub async fn watch(request: Request) -> (Request, Option<Draft>) {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(route) = route.filter(|route| sections::is_written_down(request.method(), route)) else {
        return (request, None);
    };
    let (mut parts, body) = request.into_parts();
    let ids = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let ids = ids.iter().flatten().map(|(name, id)| (name.to_owned(), id.to_owned())).collect();
    let (kept, method) = (Arc::new(Mutex::new(Vec::new())), parts.method.to_string());
    let copy = Arc::clone(&kept);
    let body = Body::from_stream(body.into_data_stream().inspect_ok(move |chunk| {
        let mut kept = copy.lock().unwrap_or_else(PoisonError::into_inner);
        // The handler refuses a longer one.
        if kept.len() + chunk.len() <= MAX_BODY {
            kept.extend_from_slice(chunk);
        }
    }));
    (Request::from_parts(parts, body), Some(Draft { method, route, ids, body: kept }))
}

impl Draft {
    /// Writes it down, with what was answered. What was changed is changed: a table that does not take the entry is told to the log and counted.
    pub async fn record(self, app: &App, visit: &Visit, status: StatusCode) {
        let Some((account, by)) = visit.by() else { return };
        // The operator names the account in the path where he acts on it from outside.
        let account = account.or_else(|| self.ids.get("account").map(AccountId::new));
        let Some(account) = account else { return };
        let at = app.ambient.now();
        let entry = AuditEntry {
            v: 1,
            account,
            id: app.ambient.uuid().to_string(),
            at,
            by,
            method: self.method,
            route: self.route,
            ids: self.ids,
            fields: fields(&self.body.lock().unwrap_or_else(PoisonError::into_inner)),
            status: status.as_u16(),
            expires_at: (at + AUDIT_KEPT).seconds(),
        };
        let written = match Write::create(&entry) {
            Ok(write) => app.store.commit(vec![write]).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::error!(error = %error, route = entry.route, "a change is not in the audit trail");
            telemetry::count(Metric::AuditLost, 1);
        }
    }
}

/// Who changed something.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChangedByView {
    /// The operator.
    Operator,
    /// Whoever had a key.
    Key {
        /// The key's id; it may be revoked by now.
        key: String,
        /// Its first characters.
        prefix: String,
    },
    /// An employee to whom the section was granted.
    Employee {
        /// His id.
        employee: String,
    },
}

impl From<ChangedBy> for ChangedByView {
    fn from(by: ChangedBy) -> Self {
        match by {
            ChangedBy::Operator => Self::Operator,
            ChangedBy::Key { key_id, prefix } => Self::Key { key: key_id.to_string(), prefix },
            ChangedBy::Employee { employee } => Self::Employee { employee: employee.to_string() },
        }
    }
}

/// A change of settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    id: String,
    #[schema(format = DateTime)]
    at: String,
    by: ChangedByView,
    /// The HTTP method.
    method: String,
    /// The route, with its placeholders.
    route: String,
    /// What stood in their places.
    ids: BTreeMap<String, String>,
    /// What was answered: 2xx; 5xx where something failed on the way, and nobody knows how much of it was done.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// The fields that were sent, with their values. `…` stands for a credential, for what tells of a client, and for the
    /// rest of a link; a long value is told by its length.
    fields: BTreeMap<String, Value>,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        let fields = entry.fields.into_iter();
        Self {
            id: entry.id,
            at: entry.at.rfc3339(),
            by: entry.by.into(),
            method: entry.method,
            route: entry.route,
            ids: entry.ids,
            status: entry.status,
            fields: fields
                .map(|(name, value)| (name, serde_json::from_str(&value).unwrap_or_default()))
                .collect(),
        }
    }
}

/// A page of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "entries": [{
        "id": "019aa5f3-3b10-7c55-8e01-6a2f9d417c30", "at": "2026-11-21T09:13:00.000Z",
        "by": {"kind": "key", "key": "019aa5f0-7c1f-7d20-8a11-3b6d0f9e4c22", "prefix": "sb_5f0c1a"},
        "method": "PATCH", "route": "/v1/channels/{channel}",
        "ids": {"channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11"}, "status": 200, "fields": {"close_after_s": 600}
    }],
    "next_cursor": null
}))]
pub struct Audit {
    entries: Vec<AuditView>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Read the audit trail
///
/// Who changed which settings, the newest first, for 400 days; also what failed with 5xx, for something may be done of it. Credentials and what tells of clients are not in it.
#[utoipa::path(
    get, path = "/v1/audit", tag = "account", params(PageParams),
    responses((status = 200, description = "A page of changes", body = Audit))
)]
pub async fn list(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Params(page): Params<PageParams>,
) -> Result<Json<Audit>, ApiError> {
    let limit = page_size(page.limit)?;
    let from = List::audit(&account).start(page.cursor.as_deref())?;
    let found = page::page(app.store.audit(&account, limit, from).await, page.cursor.is_some())?;
    let now = app.ambient.now().seconds();
    // The table takes its time to let expired rows go.
    let entries = found.items.into_iter().filter(|entry| now < entry.expires_at).map(AuditView::from);
    Ok(Json(Audit { entries: entries.collect(), next_cursor: page::next(found.next.as_ref())? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    #[tokio::test]
    async fn an_answer_stands_when_the_trail_cannot_be_written() {
        let bench = Bench::broken("table").await;
        let visit = Visit::default();
        visit.is_by(Some(&AccountId::new("a")), ChangedBy::Operator);
        let draft = Draft {
            method: "PATCH".into(),
            route: "/v1/account".into(),
            ids: BTreeMap::new(),
            body: Arc::default(),
        };
        draft.record(&bench.app, &visit, StatusCode::OK).await;
    }
}
