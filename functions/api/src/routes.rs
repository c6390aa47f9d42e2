//! Every route: one router per folder, the layers around them, and how Lambda serves them.

use crate::app::App;
use crate::http::{body, error_layer, etag, layers, openapi};
use crate::{account, channels, chats, connections, contacts, crm, employees, files, messages, rules, v3};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::sync::Arc;
use tower::util::MapRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every route, with its operation in the OpenAPI document.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(openapi::serve))
        .routes(routes!(files::follow))
        .merge(account::router())
        .merge(connections::router())
        .merge(channels::router())
        .merge(employees::router())
        .merge(crm::router())
        .merge(rules::router())
        .merge(chats::router())
        .merge(messages::router())
        .merge(contacts::router())
        .merge(v3::routes())
}

/// The API's router, with its layers.
pub fn router(app: Arc<App>) -> Router {
    let (router, document) = routes().split_for_parts();
    router
        .route(v3::counters::PATH, get(v3::counters::refuse))
        .layer(axum::Extension(openapi::Document::of(&document)))
        .fallback(error_layer::no_route)
        .method_not_allowed_fallback(error_layer::no_method)
        .layer(from_fn_with_state(Arc::clone(&app), layers::layer))
        .layer(from_fn(etag::tag))
        .layer(DefaultBodyLimit::max(body::MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(&app), error_layer::finish))
        .with_state(app)
}

/// The API as Lambda serves it.
pub fn service(app: Arc<App>) -> MapRequest<Router, fn(Request) -> Request> {
    MapRequest::new(router(app), |request| without_slash(without_stage(with_whole_path(request))))
}

/// What a path does not hold as it is (RFC 3986, section 3.3).
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Takes the path as it came. An HTTP API decodes `rawPath`, and `lambda_http` parses the decoded text as a URL: what
/// follows a `?` becomes the query, and a control character at the end is lost, so that `PUT /v1/chats/a%3F/tags` would
/// reach the route of `/v1/chats/a`.
fn with_whole_path(mut request: Request) -> Request {
    let whole = utf8_percent_encode(request.raw_http_path(), ESCAPED).to_string();
    if whole.is_empty() || whole == request.uri().path() {
        return request;
    }
    let query = request.query_string_parameters().to_query_string();
    let query = if query.is_empty() { query } else { format!("?{query}") };
    if let Ok(uri) = format!("{whole}{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// Removes the slash at the end of a `/v3` path, because some clients of Wazzup put one there.
fn without_slash(mut request: Request) -> Request {
    let uri = request.uri();
    let Some(path) = uri.path().strip_suffix('/').filter(|path| path.starts_with("/v3/")) else {
        return request;
    };
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    if let Ok(bare) = format!("{path}{query}").parse::<Uri>() {
        *request.uri_mut() = bare;
    }
    request
}

/// Removes a named stage from the path, because `lambda_http` puts it in front and the routes do not contain it.
fn without_stage(mut request: Request) -> Request {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return request };
    let stage = context.stage.clone().unwrap_or_default();
    let uri = request.uri();
    let Some(rest) = uri.path().strip_prefix(&format!("/{stage}")).filter(|rest| rest.starts_with('/'))
    else {
        return request;
    };
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    if let Ok(bare) = format!("{rest}{query}").parse::<Uri>() {
        *request.uri_mut() = bare;
    }
    request
}
