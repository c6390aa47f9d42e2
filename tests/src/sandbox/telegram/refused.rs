//! Refusals in Telegram's words. Unless another source is named, the words are those of the official server
//! (`telegram-bot-api/Client.cpp` of github.com/tdlib/telegram-bot-api), and those of MTProto, in upper case, that it
//! passes on (core.telegram.org/methods, "Possible errors").

use crate::sandbox::reply::Reply;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

/// The error of a call (Bot API, "Making requests").
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) code: u16,
    pub(crate) description: String,
    parameters: Value,
}

impl Refused {
    fn of(code: u16, description: String) -> Self {
        Self { code, description, parameters: Value::Null }
    }

    /// 400 with these words.
    pub(crate) fn bad(words: &str) -> Self {
        Self::of(400, format!("Bad Request: {words}"))
    }

    /// 403 with these words.
    pub(crate) fn forbidden(words: &str) -> Self {
        Self::of(403, format!("Forbidden: {words}"))
    }

    /// An unknown token.
    pub(crate) fn unauthorized() -> Self {
        Self::of(401, "Unauthorized".into())
    }

    /// An address that is neither a method's nor a file's.
    pub(crate) fn not_found() -> Self {
        Self::of(404, "Not Found".into())
    }

    /// An unknown method.
    pub(crate) fn no_method() -> Self {
        Self::of(404, "Not Found: method not found".into())
    }

    /// Too many calls (Bot API, ResponseParameters).
    pub(crate) fn too_many(seconds: i64) -> Self {
        let words = format!("Too Many Requests: retry after {seconds}");
        Self { parameters: json!({ "retry_after": seconds }), ..Self::of(429, words) }
    }

    /// A group that has become a supergroup (Bot API, ResponseParameters).
    pub(crate) fn migrated(to: i64) -> Self {
        let words = "group chat was upgraded to a supergroup chat";
        Self { parameters: json!({ "migrate_to_chat_id": to }), ..Self::bad(words) }
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "ok": false, "error_code": self.code, "description": self.description });
        if !self.parameters.is_null() {
            body["parameters"] = self.parameters.clone();
        }
        body
    }

    /// The answer. The server names the pause in a header too (`HttpConnection.cpp`).
    pub(crate) fn reply(&self) -> Reply {
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_REQUEST);
        let pause = self.parameters["retry_after"].as_i64().map(|seconds| seconds.to_string());
        Reply::json(status, self.body()).with(header::RETRY_AFTER, pause)
    }
}
