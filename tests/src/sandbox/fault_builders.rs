//! Builders of faults, for the tests that set them.

use std::time::Duration;

use super::faults::{Action, Fault};
use serde_json::json;

impl Fault {
    /// A fault of a CRM: `kind` is a member of the body, or `any`. It hits any body until cleared.
    #[must_use]
    pub fn crm(crm: &str, kind: &str, action: Action) -> Self {
        Self { target: format!("crm:{crm}"), kind: kind.to_owned(), matching: None, action, times: None }
    }

    /// A fault of a Wazzup account: `kind` is `channels`, `webhooks`, `templates`, `message`, `send`, `edit`, `delete`
    /// or `any`.
    #[must_use]
    pub fn wazzup(key: &str, kind: &str, action: Action) -> Self {
        Self { target: format!("wazzup:{key}"), ..Self::crm("", kind, action) }
    }

    /// A fault of a bot: `kind` is `channels`, `webhooks`, `file`, `send`, `edit`, `delete` or `any`.
    #[must_use]
    pub fn telegram(token: &str, kind: &str, action: Action) -> Self {
        Self { target: format!("telegram:{token}"), ..Self::crm("", kind, action) }
    }

    /// A fault of a file.
    #[must_use]
    pub fn file(name: &str, action: Action) -> Self {
        Self { target: format!("file:{name}"), ..Self::crm("", "any", action) }
    }

    /// Limits how many requests the fault hits.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Limits the fault to requests whose body contains this.
    #[must_use]
    pub fn matching(self, part: &str) -> Self {
        Self { matching: Some(part.to_owned()), ..self }
    }
}

impl Action {
    /// Answers with this status, without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after_seconds: None, body: None }
    }

    /// Answers with this status and `Retry-After`.
    #[must_use]
    pub fn retry_after(status: u16, seconds: u64) -> Self {
        Self::Status { status, retry_after_seconds: Some(seconds), body: None }
    }

    /// Telegram's refusal of one call too many, with the pause in body and header.
    #[must_use]
    pub fn telegram_flood(seconds: u64) -> Self {
        let description = format!("Too Many Requests: retry after {seconds}");
        let parameters = json!({ "retry_after": seconds });
        let body =
            json!({ "ok": false, "error_code": 429, "description": description, "parameters": parameters });
        Self::Status { status: 429, retry_after_seconds: Some(seconds), body: Some(body) }
    }

    /// Takes effect at once, answers late.
    #[must_use]
    pub fn delay(by: Duration) -> Self {
        Self::Delay { delay_ms: u64::try_from(by.as_millis()).unwrap_or(u64::MAX) }
    }

    /// Never answers.
    #[must_use]
    pub fn hang() -> Self {
        Self::Hang { hang: true }
    }

    /// Answers 200 with HTML.
    #[must_use]
    pub fn garbage() -> Self {
        Self::Garbage { garbage: true }
    }

    /// Redirects (files only).
    #[must_use]
    pub fn redirect(to: &str) -> Self {
        Self::Redirect { redirect: to.to_owned() }
    }

    /// Serves the file with another type (files only).
    #[must_use]
    pub fn wrong_type(content_type: &str) -> Self {
        Self::WrongType { content_type: content_type.to_owned() }
    }

    /// Serves this many bytes in place of the file, with their length in a header (files only).
    #[must_use]
    pub fn too_large(size_bytes: u64) -> Self {
        Self::TooLarge { size_bytes, without_length: false }
    }

    /// The same without the length, so that only reading shows the size.
    #[must_use]
    pub fn too_large_untold(size_bytes: u64) -> Self {
        Self::TooLarge { size_bytes, without_length: true }
    }

    /// Takes effect, but answers with this status and no body.
    #[must_use]
    pub fn act_then_status(status: u16) -> Self {
        Self::ActThenStatus { act_then_status: status }
    }

    /// Takes effect, but closes the connection without an answer.
    #[must_use]
    pub fn act_then_drop() -> Self {
        Self::ActThenDrop { act_then_drop: true }
    }
}
