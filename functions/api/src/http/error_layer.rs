//! The outermost layer: it gives every error its shape.

use crate::app::App;
use crate::http::error::{ApiError, ErrorAnswer, unnamed};
use crate::http::request_id::request_id;
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use tracing::Instrument;

/// Answers a request whose route does not exist.
pub async fn no_route() -> ApiError {
    ApiError::not_found("route")
}

/// Answers a request whose route does not have the method.
pub async fn no_method() -> ApiError {
    ApiError::method_not_allowed()
}

/// The outermost layer: opens the request's span, gives every error its shape, and logs an internal one.
pub async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let request_id = request_id(&app, &request);
    // The span has the highest level, so that it exists at every LOG_LEVEL.
    let span = tracing::error_span!("request", request_id, account = tracing::field::Empty);
    let of_v3 = ["/v3/", "/counters/"].iter().any(|wazzup| request.uri().path().starts_with(wazzup));
    async {
        let response = next.run(request).await;
        let failed = response.status().is_client_error() || response.status().is_server_error();
        if failed && of_v3 {
            crate::v3::error::shaped(response, request_id.clone())
        } else if failed {
            shaped(response, request_id.clone())
        } else {
            response
        }
    }
    .instrument(span)
    .await
}

fn shaped(response: Response, request_id: String) -> Response {
    let error =
        response.extensions().get::<ApiError>().cloned().unwrap_or_else(|| unnamed(response.status()));
    error.log();
    let status = error.status();
    let (mut parts, _) = response.into_parts();
    let (shape, body) =
        Json(ErrorAnswer { error: error.detail().clone(), request_id }).into_response().into_parts();
    parts.headers.extend(shape.headers);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::UNAUTHORIZED {
        parts.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        parts.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    // The length of the empty body that this one replaces.
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::new(body))
}
