//! API errors: one shape everywhere; an internal fault is logged once and never shown.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shared::model::access::Denial;
use shared::model::access::sending::Refusal;
use shared::model::limits::LimitError;
use shared::platform::queue::QueueError;
use shared::platform::secrets::SecretError;
use shared::providers::client::ProviderError;
use shared::service::refused::{Refused, What};
use shared::store::{IsConflict, StoreError};
use utoipa::ToSchema;

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "error": {"code": "invalid_value", "message": "at most 200 characters", "field": "name"},
    "request_id": "JKJaXmPLvHcESHA="
}))]
pub struct ErrorAnswer {
    /// What is wrong.
    pub error: ErrorDetail,
    /// The request's id at API Gateway: quote it when you ask for help.
    pub request_id: String,
}

/// What is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ErrorDetail {
    /// A stable code, for programs.
    pub code: &'static str,
    /// A text, for people.
    pub message: String,
    /// The field, parameter or header at fault, if it is one: `employees[2].role`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// The provider's code for it, if it has one: `MESSAGES_TOO_LONG_INSTAGRAM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<&'static str>,
    /// The limit that was exceeded, in the field's unit: characters, bytes, seconds, pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub limit: Option<u64>,
}

impl IsConflict for ApiError {
    fn is_conflict(&self) -> bool {
        self.lost
    }
}

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: Box<ErrorDetail>,
    /// For the log only.
    cause: Option<String>,
    lost: bool,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let detail = ErrorDetail { code, message: message.into(), field: None, reason: None, limit: None };
        Self { status, detail: Box::new(detail), cause: None, lost: false }
    }

    fn at(mut self, field: impl Into<String>) -> Self {
        self.detail.field = Some(field.into()).filter(|field| !field.is_empty());
        self
    }

    /// A value that is not allowed in its field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_value", message).at(field)
    }

    /// A field that does not exist.
    pub fn unknown_field(field: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unknown_field", "there is no such field").at(field)
    }

    /// A required field that is missing.
    pub fn missing_field(field: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "missing_field", "the field is required").at(field)
    }

    /// A body that is not JSON.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", message)
    }

    /// A cursor that does not belong to this list.
    pub fn cursor() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_cursor", "the cursor does not belong to this list")
            .at("cursor")
    }

    /// The operator called an account's route without naming the account.
    pub fn account_required() -> Self {
        let message = "the operator names the account in this header";
        Self::new(StatusCode::BAD_REQUEST, "account_required", message).at(crate::http::error::ACCOUNT_HEADER)
    }

    /// No key, or an invalid one.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "a valid key is needed: Authorization: Bearer <key>",
        )
    }

    /// An account's key on an operator's route.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "only the operator's key opens this route")
    }

    /// A caller whose role does not allow it, although they may see the resource.
    pub fn denied(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// Does not exist, or belongs to another account.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// The path exists, the method does not.
    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "the path does not take this method")
    }

    /// Conflicts with what is stored.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// A body over the limit.
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "a body has at most 1 MiB")
    }

    /// A body that is not declared as JSON.
    pub fn unsupported_media_type() -> Self {
        let message = "the body is sent as application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message).at("content-type")
    }

    /// A valid request that is impossible, because of this account's set-up or because the provider refused.
    pub fn refused(code: &'static str, field: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message).at(field)
    }

    /// A valid request of an author who may not write there: 403 with the reason.
    pub fn may_not_send(refusal: Refusal) -> Self {
        let reason = match refusal {
            Refusal::ChannelPaused | Refusal::ChannelIgnored | Refusal::ChannelUnavailable => {
                "MESSAGE_CHANNEL_UNAVAILABLE"
            }
            _ => "CHAT_NO_ACCESS",
        };
        let message = format!("not sent: the author {refusal}").replace("the author the", "the");
        Self::new(StatusCode::FORBIDDEN, refusal.code(), message).because(reason)
    }

    /// Adds the provider's code.
    #[must_use]
    pub fn because(mut self, reason: &'static str) -> Self {
        self.detail.reason = Some(reason);
        self
    }

    /// Adds the limit that was exceeded.
    #[must_use]
    pub fn limited(mut self, limit: Option<u64>) -> Self {
        self.detail.limit = limit;
        self
    }

    /// Too many requests in a short time; [`crate::http::request_context`] holds when to try again.
    pub fn too_many_requests() -> Self {
        let message = "too many requests: at most 500 in five seconds";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message)
    }

    /// Temporarily unavailable.
    pub fn busy(cause: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "try again in a moment");
        Self { cause: Some(cause.into()), ..error }
    }

    /// An internal fault. The cause is logged, without personal data.
    pub fn internal(cause: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "internal error");
        Self { cause: Some(cause.into()), ..error }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong.
    pub fn detail(&self) -> &ErrorDetail {
        &self.detail
    }

    /// Logs the cause of an internal fault or of a temporary refusal; other errors have none.
    pub fn log(&self) {
        let Some(cause) = &self.cause else { return };
        if self.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = cause, "not answered");
        } else {
            tracing::warn!(error = cause, "answered: try again");
        }
    }
}

/// A use case's refusal as an error of `/v1`: status, code, field, and the provider's code if it has one.
impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match refused {
            Refused::NotFound(What::SentMessage) => {
                Self::not_found(What::SentMessage.word()).because("MESSAGES_NOT_FOUND")
            }
            Refused::NotFound(what) => Self::not_found(what.word()),
            Refused::MayNot(Denial::Hidden) => Self::not_found(What::Chat.word()),
            Refused::MayNot(denial) => Self::denied(denial.code(), message),
            Refused::MayNotSend(refusal) => Self::may_not_send(refusal),
            Refused::MayNotHave(refusal) => Self::refused(refusal.code(), "employee", message),
            Refused::Limit(error) => error.into(),
            Refused::Conflict(_) => Self::conflict("key_reused", message),
            Refused::NothingQuoted => {
                Self::refused("quote_not_found", "quote", message).because("REFERENCE_MESSAGE_NOT_FOUND")
            }
            Refused::NoCommentNamed => {
                Self::refused("comment_required", "quote", message).because("REFERENCE_MESSAGE_NOT_FOUND")
            }
            Refused::NotAComment => Self::invalid("comment_mode", message),
            Refused::NeverSent => Self::refused("not_sent", "message", message).because("MESSAGES_NOT_FOUND"),
            Refused::NotAText => Self::refused("not_sendable", "text", message)
                .because("CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING"),
            Refused::NotResent => Self::refused("cannot_be_resent", "", message),
            Refused::ClientSilent => Self::refused("client_silent", "distribute", message),
            Refused::Store(error) => error.into(),
            Refused::Internal(cause) => Self::internal(cause),
        }
    }
}

impl From<LimitError> for ApiError {
    fn from(error: LimitError) -> Self {
        Self::refused("not_sendable", error.field, error.message).because(error.code).limited(error.limit)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            // Only conflicts, where another write was at the same rows, are retried at once.
            StoreError::Busy(_) => Self::busy(error.to_string()),
            StoreError::Lost(_) | StoreError::Contended => {
                Self { lost: true, ..Self::busy(error.to_string()) }
            }
            StoreError::Refused(_) | StoreError::Unreadable(_) | StoreError::Unwritable => {
                Self::internal(error.to_string())
            }
        }
    }
}

impl From<SecretError> for ApiError {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Kms => Self::busy(error.to_string()),
            SecretError::NotText => Self::internal(error.to_string()),
        }
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        Self::busy(error.to_string())
    }
}

impl From<ProviderError> for ApiError {
    fn from(error: ProviderError) -> Self {
        let message = error.to_string();
        match error {
            ProviderError::Unauthorized => Self::refused("provider_unauthorized", "", message),
            ProviderError::Refused(words) => Self::refused("provider_refused", "", words),
            ProviderError::Unavailable(_) => Self::busy(message),
        }
    }
}

impl IntoResponse for ApiError {
    /// Sets only the status; [`finish`](crate::http::error_layer::finish) writes the body, because it knows the
    /// request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The error of a status that no handler of ours produced.
pub fn unnamed(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::not_found("route"),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::method_not_allowed(),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::unsupported_media_type(),
        other if other.is_client_error() => ApiError::new(other, "bad_request", "the request cannot be read"),
        other => ApiError { status: other, ..ApiError::internal("an error without a cause") },
    }
}

/// The header in which the operator names the account that they act for.
pub const ACCOUNT_HEADER: &str = "Switchboard-Account";
