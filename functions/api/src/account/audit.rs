//! The audit trail of settings changes: what an entry contains, and the route that lists them.

use crate::app::App;
use crate::http::auth::AccountKey;
use crate::http::body::{Params, page_size};
use crate::http::error::ApiError;
use crate::http::page::{self, List, PageParams};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::model::audit::{AuditEntry, ChangedBy};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Who changed a setting.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChangedByView {
    /// The operator.
    Operator,
    /// A caller with a key of the account.
    Key {
        /// The key's id; the key may have been revoked since.
        key: String,
        /// The key's first characters.
        prefix: String,
    },
    /// An employee to whom the section was granted.
    Employee {
        /// The employee's id.
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
    /// The values of the placeholders, by their names.
    ids: BTreeMap<String, String>,
    /// The status of the answer: 2xx, or 5xx where the request failed midway and it is unknown how much of it was done.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// The fields that were sent, with their values. `…` replaces a credential, data about a client, and the
    /// rest of a link; of a long value only the length is recorded.
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

/// List the audit trail
///
/// Who changed which settings, the newest first, for 400 days. Changes that failed with 5xx are listed too, because
/// part of them may have been done. Credentials and data about clients are left out.
#[utoipa::path(
    get, path = "/v1/audit", tag = "account", params(PageParams),
    responses((status = 200, description = "A page of changes", body = Audit))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Params(page): Params<PageParams>,
) -> Result<Json<Audit>, ApiError> {
    let limit = page_size(page.limit)?;
    let from = List::audit(&account).start(page.cursor.as_deref())?;
    let found = page::page(app.store.audit(&account, limit, from).await, page.cursor.is_some())?;
    let now = app.ambient.now().seconds();
    // The table deletes expired rows with a delay.
    let entries = found.items.into_iter().filter(|entry| now < entry.expires_at).map(AuditView::from);
    Ok(Json(Audit { entries: entries.collect(), next_cursor: page::next(found.next.as_ref())? }))
}
