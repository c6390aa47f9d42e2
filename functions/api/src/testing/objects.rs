//! The media bucket in the tests: the part of S3 that the API uses.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use shared::base::ids::hex_digest;
use std::collections::BTreeMap;

/// An object in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `Content-Type`.
    pub mime: String,
    /// `Content-Disposition`.
    pub disposition: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Object {
    /// A file as an uploading client stores it.
    pub fn put(mime: &str, bytes: &[u8]) -> Self {
        Self { mime: mime.into(), disposition: String::new(), bytes: bytes.into() }
    }

    fn tag(&self) -> String {
        format!("\"{}\"", &hex_digest(&self.bytes)[..32])
    }
}

/// Responds as S3 does.
pub fn answer(
    objects: &mut BTreeMap<String, Object>,
    (method, key): (&Method, &str),
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let missing = || (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response();
    match (method, header("x-amz-copy-source")) {
        (&Method::HEAD, _) => match objects.get(key) {
            Some(object) => {
                let headers = [("content-type", object.mime.clone()), ("etag", object.tag())];
                (headers, object.bytes.clone()).into_response()
            }
            None => missing(),
        },
        (&Method::PUT, Some(source)) => {
            assert_eq!(header("x-amz-metadata-directive").as_deref(), Some("REPLACE"));
            let Some(source) = objects.get(source.strip_prefix("media/").unwrap()).cloned() else {
                return missing();
            };
            if header("x-amz-copy-source-if-match").is_some_and(|tag| tag != source.tag()) {
                return StatusCode::PRECONDITION_FAILED.into_response();
            }
            let (mime, disposition) =
                (header("content-type").unwrap(), header("content-disposition").unwrap());
            objects.insert(key.to_owned(), Object { mime, disposition, bytes: source.bytes });
            "<CopyObjectResult><ETag>\"copied\"</ETag></CopyObjectResult>".into_response()
        }
        (&Method::PUT, None) => {
            objects.insert(key.to_owned(), Object::put(&header("content-type").unwrap(), body));
            StatusCode::OK.into_response()
        }
        (&Method::DELETE, None) => {
            objects.remove(key);
            StatusCode::NO_CONTENT.into_response()
        }
        other => panic!("S3 does not answer {other:?}"),
    }
}
