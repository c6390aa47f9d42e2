//! Answers, before they are sent.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::state::Answer;

const ZEROS: &[u8] = &[0; 64 * 1024];

/// An answer before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    body: ReplyBody,
    headers: Vec<(HeaderName, String)>,
}

#[derive(Clone, Debug)]
enum ReplyBody {
    Json(Value),
    Text(&'static str, String),
    File(String, Bytes),
    Zeros { content_type: String, size: u64 },
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, body: ReplyBody::Json(body), headers: Vec::new() }
    }

    /// A file.
    pub(crate) fn file(content_type: &str, disposition: Option<String>, bytes: Bytes) -> Self {
        let body = ReplyBody::File(content_type.to_owned(), bytes);
        let reply = Self { status: StatusCode::OK, body, headers: Vec::new() };
        reply.with(header::CONTENT_DISPOSITION, disposition)
    }

    /// A plain text answer.
    pub(crate) fn text(status: StatusCode, content_type: &'static str, text: String) -> Self {
        Self { status, body: ReplyBody::Text(content_type, text), headers: Vec::new() }
    }

    /// The file with another type.
    pub(crate) fn typed(self, content_type: String) -> Self {
        match self.body {
            ReplyBody::File(_, bytes) => Self { body: ReplyBody::File(content_type, bytes), ..self },
            _ => self,
        }
    }

    /// Zeros in place of the file.
    pub(crate) fn swollen(self, size: u64, without_length: bool) -> Self {
        let ReplyBody::File(content_type, _) = &self.body else { return self };
        let content_type = content_type.clone();
        let swollen = Self { body: ReplyBody::Zeros { content_type, size }, ..self };
        swollen.with(header::CONTENT_LENGTH, (!without_length).then(|| size.to_string()))
    }

    /// The same with a header, if it has a value.
    pub(crate) fn with(mut self, name: HeaderName, value: Option<String>) -> Self {
        self.headers.extend(value.map(|value| (name, value)));
        self
    }

    /// The answer, as the state shows it.
    pub(crate) fn record(&self) -> Answer {
        let body = match &self.body {
            ReplyBody::Json(value) => value.clone(),
            ReplyBody::Text(_, text) => Value::String(text.clone()),
            ReplyBody::File(_, bytes) => Value::from(bytes.len()),
            ReplyBody::Zeros { size, .. } => Value::from(*size),
        };
        Answer { status: self.status.as_u16(), body }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let (content_type, body) = match self.body {
            ReplyBody::Json(value) => ("application/json".to_owned(), Body::from(value.to_string())),
            ReplyBody::Text(content_type, text) => (content_type.to_owned(), Body::from(text)),
            ReplyBody::File(content_type, bytes) => (content_type, Body::from(bytes)),
            ReplyBody::Zeros { content_type, size } => (content_type, zeros(size)),
        };
        let mut response = (self.status, body).into_response();
        let headers = [(header::CONTENT_TYPE, content_type)].into_iter().chain(self.headers);
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// This many zeros, generated as they are read.
fn zeros(size: u64) -> Body {
    let whole = ZEROS.len() as u64;
    let last = usize::try_from(size % whole).unwrap_or_default();
    let parts = std::iter::repeat_n(ZEROS, usize::try_from(size / whole).unwrap_or_default());
    let parts = parts.chain([&ZEROS[..last]]).map(|part| Ok::<_, std::io::Error>(Bytes::from_static(part)));
    Body::from_stream(futures::stream::iter(parts))
}
