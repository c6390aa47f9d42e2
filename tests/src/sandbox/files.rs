//! Files as a messenger's store serves them: tests put them, anyone with the link can read them, and they fail on
//! demand.

use super::net::Connection;
use super::reply::Reply;
use super::state::{FileRequest, FileState, ReceivedFile};
use super::{App, bad_request, faults, now_ms};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

const LONGEST_NAME: usize = 200;

/// All files by name, including those that were only requested.
pub(crate) type Files = BTreeMap<String, File>;

/// A file, or the record of requests for a file that does not exist.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    content: Option<Content>,
    requests: Vec<FileRequest>,
}

#[derive(Clone, Debug)]
struct Content {
    content_type: String,
    disposition: Option<String>,
    bytes: Bytes,
}

impl File {
    /// The file as the state route shows it.
    pub(crate) fn view(&self, name: &str) -> FileState {
        FileState {
            name: name.to_owned(),
            content_type: self.content.as_ref().map(|content| content.content_type.clone()),
            bytes: self.content.as_ref().map_or(0, |content| content.bytes.len()),
            requests: self.requests.clone(),
        }
    }

    fn serve(&self) -> Reply {
        match &self.content {
            Some(content) => {
                Reply::file(&content.content_type, content.disposition.clone(), content.bytes.clone())
            }
            None => Reply::json(StatusCode::NOT_FOUND, json!({ "error": "noSuchFile" })),
        }
    }
}

/// The type and bytes of the file with this name, if it exists.
pub(crate) fn content<'a>(files: &'a Files, name: &str) -> Option<(&'a str, Bytes)> {
    let content = files.get(name)?.content.as_ref()?;
    Some((&content.content_type, content.bytes.clone()))
}

/// Serves a file from now on.
pub(crate) fn store(files: &mut Files, name: &str, content_type: &str, bytes: Bytes) {
    let content = Content { content_type: content_type.to_owned(), disposition: None, bytes };
    files.entry(name.to_owned()).or_default().content = Some(content);
}

/// A file that was fetched from a link.
#[derive(Debug)]
pub(crate) struct Fetched {
    uri: String,
    /// Its type, according to the server.
    pub(crate) content_type: String,
    /// Its bytes; a little more than the limit where it is larger.
    pub(crate) bytes: Vec<u8>,
}

/// Why a file could not be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is not a link.
    NoLink,
    /// There is no file at the link.
    NoAnswer,
}

/// Fetches a file as a provider does: at once and without redirects. Reading stops where it is larger than `most`.
pub(crate) async fn fetch(app: &App, uri: &str, most: usize, within: Duration) -> Result<Fetched, Missing> {
    let url = reqwest::Url::parse(uri).map_err(|_| Missing::NoLink)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Missing::NoLink);
    }
    let mut response = app.http.get(url).timeout(within).send().await.map_err(|_| Missing::NoAnswer)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(Missing::NoAnswer);
    }
    let given = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = given.unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Missing::NoAnswer)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            break;
        }
    }
    Ok(Fetched { uri: uri.to_owned(), content_type, bytes })
}

impl Fetched {
    /// Stores a copy, which the sandbox serves as the provider's own.
    pub(crate) fn keep(self, app: &App, provider: &str) -> ReceivedFile {
        let Self { uri, content_type, bytes } = self;
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let name = format!("{provider}-{}", &sha256[..32]);
        let (length, stored_at) = (bytes.len(), format!("{}/files/{name}", app.base));
        app.world(|world| store(&mut world.files, &name, &content_type, bytes.into()));
        ReceivedFile { fetched_from: uri, content_type, bytes: length, sha256, stored_at }
    }
}

/// `PUT /files/{name}`: `Content-Type` and `Content-Disposition` are served as they were put.
pub(crate) async fn put(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Reply {
    let given = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if name.is_empty() || name.len() > LONGEST_NAME {
        return bad_request("a file's name is up to 200 bytes");
    }
    let content = Content {
        content_type: given(header::CONTENT_TYPE).unwrap_or_else(|| "application/octet-stream".into()),
        disposition: given(header::CONTENT_DISPOSITION),
        bytes,
    };
    app.world(|world| world.files.entry(name).or_default().content = Some(content));
    Reply::json(StatusCode::OK, json!({}))
}

/// `GET` and `HEAD /files/{name}`
pub(crate) async fn get(
    State(app): State<App>,
    Path(name): Path<String>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let (at, hit, served) = app.world(|world| {
        let hit = world.faults.hit(&format!("file:{name}"), &[], &[]);
        let file = world.files.entry(name.clone()).or_default();
        file.requests.push(FileRequest {
            received_at: now_ms(),
            method: method.to_string(),
            authorization: headers.contains_key(header::AUTHORIZATION),
            answer: None,
            fault: hit.as_ref().map(|hit| hit.applied.clone()),
        });
        (file.requests.len() - 1, hit, file.serve())
    });
    let Some(reply) = faults::answer(hit, &connection, async { served }).await else {
        return ().into_response();
    };
    app.world(|world| {
        if let Some(request) = world.files.get_mut(&name).and_then(|file| file.requests.get_mut(at)) {
            request.answer = Some(reply.record().status);
        }
    });
    reply.into_response()
}

/// `GET /state/files`
pub(crate) async fn show(State(app): State<App>) -> Reply {
    let views: Vec<FileState> =
        app.world(|world| world.files.iter().map(|(name, file)| file.view(name)).collect());
    Reply::json(StatusCode::OK, json!(views))
}
