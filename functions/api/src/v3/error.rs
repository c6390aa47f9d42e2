//! Errors as Wazzup answers them: `{"status","requestId","error","description","data"}`.

use crate::http::error::ApiError;
use axum::Json;
use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use shared::platform::queue::QueueError;
use shared::platform::secrets::SecretError;
use shared::service::refused::Refused;
use shared::store::{IsConflict, StoreError};
use utoipa::ToSchema;

/// The body of every error of `/v3`. The body of a 429 is empty.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "status": 400, "requestId": "JKJaXmPLvHcESHA=", "error": "INVALID_CONTACTS_DATA", "description": "Contacts data is invalid",
    "data": [{"index": 0, "fields": ["name"]}]
}))]
pub struct V3ErrorAnswer {
    /// The HTTP status again.
    status: u16,
    /// The request's id at API Gateway: quote it when you ask for help.
    request_id: String,
    /// The error's code, for programs: Wazzup's.
    error: &'static str,
    /// A text, for people.
    description: String,
    /// Details, if the error has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    data: Option<Value>,
}

/// Why a request of `/v3` was not carried out.
#[derive(Clone, Debug)]
pub struct V3Error {
    status: StatusCode,
    code: &'static str,
    description: String,
    data: Option<Value>,
    /// The error of `/v1` that it was made from; it has the cause for the log.
    from: Option<ApiError>,
}

impl V3Error {
    /// An error with a status of its own.
    pub fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Self { status, code, description: description.into(), data: None, from: None }
    }

    /// 400 with one of Wazzup's codes.
    pub fn bad(code: &'static str, description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, description)
    }

    /// Adds details.
    #[must_use]
    pub fn with(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    /// Adds the names of the fields that are wrong: `{"fields": […]}`.
    #[must_use]
    pub fn with_fields(self, fields: &[String]) -> Self {
        self.with(json!({ "fields": fields }))
    }

    /// A body that is not JSON, or not of the kind that the route accepts.
    pub fn malformed(description: impl Into<String>) -> Self {
        Self::bad("VALIDATION_ERROR", description)
    }

    /// Does not exist, or belongs to another account.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("There is no such {what}"))
    }

    /// A valid key that may not use `/v3`.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", "Only a key of an account opens this route")
    }

    /// A `crmMessageId` that was used before.
    pub fn repeated_crm_message_id() -> Self {
        Self::bad("REPEATED_CRM_MESSAGE_ID", "A message with this crmMessageId was taken already")
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The error of a status that no handler of ours produced.
    fn unnamed(status: StatusCode) -> Self {
        crate::http::error::unnamed(status).into()
    }
}

impl IsConflict for V3Error {
    fn is_conflict(&self) -> bool {
        self.from.as_ref().is_some_and(IsConflict::is_conflict)
    }
}

impl From<ApiError> for V3Error {
    fn from(error: ApiError) -> Self {
        let detail = error.detail();
        let code = match detail.code {
            "unauthorized" => "UNAUTHORIZED",
            "forbidden" | "section_not_granted" => "FORBIDDEN",
            "account_required" => return Self::forbidden(),
            "not_found" => "NOT_FOUND",
            "method_not_allowed" => "METHOD_NOT_ALLOWED",
            "payload_too_large" => "PAYLOAD_TOO_LARGE",
            "unsupported_media_type" => "UNSUPPORTED_MEDIA_TYPE",
            "unavailable" => "SERVICE_UNAVAILABLE",
            "internal" => "UNKNOWN_ERROR",
            _ => "VALIDATION_ERROR",
        };
        let mut own = Self::new(error.status(), code, detail.message.clone());
        own.data = detail.field.as_ref().map(|field| json!({ "fields": [field] }));
        own.from = Some(error);
        own
    }
}

/// A use case's refusal as an error of `/v3`, with the provider's code if there is one.
impl From<Refused> for V3Error {
    fn from(refused: Refused) -> Self {
        if matches!(refused, Refused::Conflict(_)) {
            return Self::repeated_crm_message_id();
        }
        let error = ApiError::from(refused);
        let detail = error.detail();
        match detail.reason {
            Some(reason) => Self::bad(reason, detail.message.clone())
                .with(json!({ "reason": detail.code, "limit": detail.limit })),
            None => error.into(),
        }
    }
}

impl From<StoreError> for V3Error {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<SecretError> for V3Error {
    fn from(error: SecretError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<QueueError> for V3Error {
    fn from(error: QueueError) -> Self {
        ApiError::from(error).into()
    }
}

impl IntoResponse for V3Error {
    /// Sets only the status; [`shaped`] writes the body, because it gets the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives an error answer of a `/v3` route its shape. The cause is logged here, once.
pub fn shaped(response: Response, request_id: String) -> Response {
    let known = response.extensions().get::<V3Error>().cloned();
    let shared = || response.extensions().get::<ApiError>().cloned().map(V3Error::from);
    let error = known.or_else(shared).unwrap_or_else(|| V3Error::unnamed(response.status()));
    if let Some(from) = &error.from {
        from.log();
    }
    let (mut parts, _) = response.into_parts();
    // The length of the body that this one replaces.
    parts.headers.remove(CONTENT_LENGTH);
    match error.status {
        StatusCode::TOO_MANY_REQUESTS => return Response::from_parts(parts, Body::empty()),
        StatusCode::UNAUTHORIZED => {
            parts.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            parts.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    let V3Error { status, code, description, data, .. } = error;
    let answer = V3ErrorAnswer { status: status.as_u16(), request_id, error: code, description, data };
    let (shape, body) = Json(answer).into_response().into_parts();
    parts.headers.extend(shape.headers);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::new(body))
}
