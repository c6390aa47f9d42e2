//! The audit trail of settings changes, recorded from the request around its handler.

use crate::app::App;
use crate::http::body::MAX_BODY;
use crate::http::request_context::RequestContext;
use crate::http::route_access::is_audited;
use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request};
use axum::http::StatusCode;
use futures::TryStreamExt;
use shared::base::ids::AccountId;
use shared::model::audit::{AUDIT_KEPT, AuditEntry, fields};
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::store::row::Write;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A request that is recorded unless it was refused.
#[derive(Debug)]
pub struct PendingAudit {
    method: String,
    route: String,
    ids: BTreeMap<String, String>,
    body: Arc<Mutex<Vec<u8>>>,
}

/// Observes a request on an audited route: copies what the handler reads of its body. `None` for other requests.
pub async fn watch(request: Request) -> (Request, Option<PendingAudit>) {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(route) = route.filter(|route| is_audited(request.method(), route)) else {
        return (request, None);
    };
    let (mut parts, body) = request.into_parts();
    let ids = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let ids = ids.iter().flatten().map(|(name, id)| (name.to_owned(), id.to_owned())).collect();
    let (kept, method) = (Arc::new(Mutex::new(Vec::new())), parts.method.to_string());
    let copy = Arc::clone(&kept);
    let body = Body::from_stream(body.into_data_stream().inspect_ok(move |chunk| {
        let mut kept = copy.lock().unwrap_or_else(PoisonError::into_inner);
        // The handler refuses a longer body.
        if kept.len() + chunk.len() <= MAX_BODY {
            kept.extend_from_slice(chunk);
        }
    }));
    (Request::from_parts(parts, body), Some(PendingAudit { method, route, ids, body: kept }))
}

impl PendingAudit {
    /// Stores the entry, with the answer's status. A write that fails is logged and counted, because the change itself
    /// is already made.
    pub async fn record(self, app: &App, context: &RequestContext, status: StatusCode) {
        let Some((account, by)) = context.by() else { return };
        // The operator names the account in the path when acting on it from outside.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;
    use shared::model::audit::ChangedBy;

    #[tokio::test]
    async fn an_answer_stands_when_the_trail_cannot_be_written() {
        let bench = Bench::broken("table").await;
        let context = RequestContext::default();
        context.is_by(Some(&AccountId::new("a")), ChangedBy::Operator);
        let draft = PendingAudit {
            method: "PATCH".into(),
            route: "/v1/account".into(),
            ids: BTreeMap::new(),
            body: Arc::default(),
        };
        draft.record(&bench.app, &context, StatusCode::OK).await;
    }
}
