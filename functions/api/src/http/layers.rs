//! The layer around every handler: the caller, the rate-limit wait, the audit trail.

use crate::app::App;
use crate::http::audit_layer;
use crate::http::request_context::{NOTING, RequestContext};
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// The layer around every handler. It waits for writes that were started in the background, because Lambda freezes the
/// process once it has answered. Then it stores the audit entry.
pub async fn layer(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let context = RequestContext::default();
    request.extensions_mut().insert(context.clone());
    let (request, draft) = audit_layer::watch(request).await;
    let mut response = next.run(request).await;
    let (noting, retry_after) = context.left();
    if let Some(noting) = noting {
        let _late_or_failed = tokio::time::timeout(NOTING, noting).await;
    }
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    let status = response.status();
    // A request that failed midway may have changed something.
    if let Some(draft) = draft.filter(|_| status.is_success() || status.is_server_error()) {
        draft.record(&app, &context, status).await;
    }
    response
}
