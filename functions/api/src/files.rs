//! Stable links to files: each redirects to a signed link that works for five minutes.

use crate::app::App;
use crate::http::body::{Id, Ids};
use crate::http::error::ApiError;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use shared::base::ids::hex_digest;
use shared::platform::files::FileError;
use std::sync::Arc;

/// Length of the token at a link's end: 128 bits in hexadecimal.
const LENGTH: usize = 32;

/// Follow a stable link to a file
///
/// Takes no key, because the link ends with 128 random bits that cannot be guessed. `HEAD` is answered like `GET`, with
/// a link that accepts `HEAD`.
#[utoipa::path(
    get, path = "/media/{link}", tag = "media", security(()),
    params(("link" = String, Path, description = "The token at the link's end")),
    responses(
        (status = 302, description = "Redirects to the file, at a URL that works for five minutes", headers(
            ("Location" = String, description = "That URL"), ("Cache-Control" = String, description = "`no-store`")
        )),
        (status = 404, description = "No such file, or it has expired: `not_found`")
    )
)]
pub async fn follow(
    method: Method,
    State(app): State<Arc<App>>,
    Ids(Id(link)): Ids<Id>,
) -> Result<Response, ApiError> {
    let gone = || ApiError::not_found("file");
    // A token of another form does not exist, so it needs no read.
    let possible =
        link.len() == LENGTH && link.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !possible {
        return Err(gone());
    }
    let now = app.ambient.now();
    // DynamoDB deletes expired rows late; by then the bucket has deleted the file.
    let found = app.store.file_link(&hex_digest(link.as_bytes())).await?;
    let file = found.filter(|file| file.expires_at > now.seconds()).ok_or_else(gone)?;
    // S3 accepts a signed link only with the method that it was signed for.
    let place = match method {
        Method::HEAD => app.files.link_for_head(&file, now).await?,
        _ => app.files.link(&file, now).await?,
    };
    let place = HeaderValue::from_str(&place).map_err(|_| ApiError::internal("a link that is no header"))?;
    let headers = [(LOCATION, place), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::FOUND, headers).into_response())
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        Self::busy(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, OPERATOR};
    use axum::body::Body;
    use axum::http::{HeaderMap, Request};
    use serde_json::{Value, json};
    use shared::base::clock::Ambient;
    use shared::base::ids::{AccountId, ChatId};
    use shared::model::message::media::FileLink;
    use shared::store::keys::FileLinkRow;
    use shared::store::row::Write;
    use std::time::Duration;

    const LINK: &str = "0123456789abcdef0123456789abcdef";

    async fn bench() -> Bench {
        let bench = Bench::new().await;
        let link = FileLink {
            v: 1,
            account: AccountId::new("account"),
            chat: ChatId::new("chat"),
            object: "account/chat/object".into(),
            mime: "image/png".into(),
            expires_at: (bench.clock.now() + Duration::from_secs(86_400)).seconds(),
        };
        let row = FileLinkRow { hash: hex_digest(LINK.as_bytes()), link };
        bench.app.store.commit(vec![Write::create(&row).unwrap()]).await.unwrap();
        bench
    }

    async fn ask(bench: &Bench, method: &str, path: &str) -> (u16, Value, HeaderMap) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (status, body, headers) = bench.send(request).await;
        (status.as_u16(), body, headers)
    }

    #[tokio::test]
    async fn a_link_leads_to_the_object_for_five_minutes_and_is_kept_by_nobody() {
        let bench = bench().await;
        let mut places = Vec::new();
        for method in ["GET", "HEAD"] {
            let (status, body, headers) = ask(&bench, method, &format!("/media/{LINK}")).await;
            assert_eq!((status, body), (302, Value::Null), "{method}");
            let place = headers["location"].to_str().unwrap();
            assert!(place.contains("/account/chat/object?") && place.contains("X-Amz-Signature="), "{place}");
            assert!(
                place.contains("X-Amz-Date=20261121T091000Z") && place.contains("X-Amz-Expires=300"),
                "{place}"
            );
            assert!(place.contains("response-content-type=image%2Fpng"), "{place}");
            assert!(place.contains("X-Amz-SignedHeaders=host&"), "a browser sends no other: {place}");
            assert_eq!(headers["cache-control"], "no-store");
            places.push(place.to_owned());
        }
        assert_ne!(places[0], places[1], "the method is signed");
        assert_eq!(ask(&bench, "POST", &format!("/media/{LINK}")).await.0, 405);
    }

    #[tokio::test]
    async fn an_unknown_or_expired_link_is_not_found_whatever_it_looks_like() {
        let bench = bench().await;
        let hash = hex_digest(LINK.as_bytes());
        for ending in ["0123456789abcdef0123456789abcde0", &hash, &LINK.to_uppercase(), "x", "%00", "..%2f"] {
            let (status, body, _) = ask(&bench, "GET", &format!("/media/{ending}")).await;
            assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")), "{ending}");
        }
        bench.clock.advance(Duration::from_secs(86_401));
        // An operator's key does not open an expired link either.
        bench.expect(404, OPERATOR, "GET", &format!("/media/{LINK}"), None).await;
    }
}
