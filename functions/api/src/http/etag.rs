//! Entity tags: reads under `/v1` carry a strong tag, and a request that sends the current tag is answered 304 without
//! a body.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use shared::base::ids::hex_digest;

/// How many hexadecimal digits of the body's SHA-256 are the tag: 128 bits.
const SHOWN: usize = 32;
/// The cache policy of a read: the caller's own cache may keep it, and revalidates it each time.
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// The only read whose answer may never be cached.
const NEVER_KEPT: &str = "/v1/keys/{key}/secret";

/// Whether a route's answers have tags.
pub fn concerns(method: &str, route: &str) -> bool {
    method.eq_ignore_ascii_case("get") && route.starts_with("/v1/") && route != NEVER_KEPT
}

/// The layer of entity tags. An answer with `no-store` gets no tag.
pub async fn tag(request: Request, next: Next) -> Response {
    let concerned = concerns(request.method().as_str(), request.uri().path());
    let known = concerned.then(|| known_tags(request.headers()));
    let response = next.run(request).await;
    match known {
        Some(known) if response.status() == StatusCode::OK && !is_never_kept(response.headers()) => {
            tagged(response, known).await
        }
        _ => response,
    }
}

fn is_never_kept(headers: &HeaderMap) -> bool {
    headers.get(CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"no-store"))
}

/// The tags that the caller sent.
fn known_tags(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect()
}

async fn tagged(response: Response, known: Vec<String>) -> Response {
    let (mut parts, body) = response.into_parts();
    // A body of ours is complete before it is sent.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        return Response::from_parts(parts, Body::empty());
    };
    let tag = format!("\"{}\"", &hex_digest(&bytes)[..SHOWN]);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(ETAG, value);
    }
    parts.headers.insert(CACHE_CONTROL, REVALIDATE);
    if known.iter().any(|known| is_same(known, &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(CONTENT_TYPE);
        parts.headers.remove(CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// RFC 9110, 13.1.2: compares tags weakly, because a proxy may have weakened the caller's.
fn is_same(known: &str, tag: &str) -> bool {
    known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
}
