//! What callers see of a use case's refusal at `/v1` and at `/v3`: texts that they rely on.

use crate::http::error::ApiError;
use crate::v3::error::V3Error;
use axum::body::to_bytes;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use shared::model::access::Denial;
use shared::model::access::sending::Refusal;
use shared::model::limits::LimitError;
use shared::service::refused::{Conflict, Refused, What};
use shared::store::IsConflict;
use shared::store::StoreError;

fn limit() -> LimitError {
    LimitError { code: "MESSAGES_TOO_LONG", field: "text", limit: Some(10), message: "too long".into() }
}

/// Each refusal with status, code, message, field, reason and limit at `/v1`, and with status, error and data at `/v3`.
fn all() -> Vec<(Refused, Value, Value)> {
    let reused = "the key was used for another message: a key stands for one message, for good";
    let quote = "there is no such message in this chat, or it was deleted";
    let (not_found, no_reference) = ("MESSAGES_NOT_FOUND", "REFERENCE_MESSAGE_NOT_FOUND");
    let (no_access, off) = ("CHAT_NO_ACCESS", "MESSAGE_CHANNEL_UNAVAILABLE");
    let no_edit = "CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING";
    let data = |code: &str| json!({"reason": code, "limit": null});
    let (invalid, none) = ("VALIDATION_ERROR", Value::Null);
    let rows = json!([
        [404, "not_found", "there is no such chat", null, null, null], [404, "NOT_FOUND", none],
        [404, "not_found", "there is no such channel", null, null, null], [404, "NOT_FOUND", none],
        [404, "not_found", "there is no such contact", null, null, null], [404, "NOT_FOUND", none],
        [404, "not_found", "there is no such employee", null, null, null], [404, "NOT_FOUND", none],
        [404, "not_found", "there is no such message", null, null, null], [404, "NOT_FOUND", none],
        [404, "not_found", "there is no such message", null, not_found, null], [400, not_found, data("not_found")],
        [404, "not_found", "there is no such chat", null, null, null], [404, "NOT_FOUND", none],
        [403, "not_head", "only a head of the channel gives clients to others", null, null, null], [403, invalid, none],
        [403, "no_role", "has no role on the channel", null, null, null], [403, invalid, none],
        [403, "not_responsible", "is not responsible for the client", null, null, null], [403, invalid, none],
        [403, "not_bound", "is not bound to the channel", null, null, null], [403, invalid, none],
        [403, "quality_control", "quality control writes to nobody", null, null, null], [403, invalid, none],
        [403, "no_role", "not sent: the author has no role on the channel", null, no_access, null], [400, no_access, data("no_role")],
        [403, "channel_paused", "not sent: the channel is paused", null, off, null], [400, off, data("channel_paused")],
        [422, "not_bound", "is not bound to the channel", "employee", null, null], [422, invalid, {"fields": ["employee"]}],
        [422, "not_sendable", "too long", "text", "MESSAGES_TOO_LONG", 10], [400, "MESSAGES_TOO_LONG", {"reason": "not_sendable", "limit": 10}],
        [409, "key_reused", reused, null, null, null], [400, "REPEATED_CRM_MESSAGE_ID", none],
        [409, "key_reused", "the key was used for a message that is gone", null, null, null], [400, "REPEATED_CRM_MESSAGE_ID", none],
        [422, "quote_not_found", quote, "quote", no_reference, null], [400, no_reference, data("quote_not_found")],
        [422, "comment_required", "name the comment that is answered", "quote", no_reference, null], [400, no_reference, data("comment_required")],
        [400, "invalid_value", "only a comment is answered so", "comment_mode", null, null], [400, invalid, {"fields": ["comment_mode"]}],
        [422, "not_sent", "the message never reached the client", "message", not_found, null], [400, not_found, data("not_sent")],
        [422, "not_sendable", "only a text can be edited", "text", no_edit, null], [400, no_edit, data("not_sendable")],
        [422, "client_silent", "the client has not written", "distribute", null, null], [422, invalid, {"fields": ["distribute"]}],
        [503, "unavailable", "try again in a moment", null, null, null], [503, "SERVICE_UNAVAILABLE", none],
        [503, "unavailable", "try again in a moment", null, null, null], [503, "SERVICE_UNAVAILABLE", none],
        [500, "internal", "internal error", null, null, null], [500, "UNKNOWN_ERROR", none],
        [500, "internal", "internal error", null, null, null], [500, "UNKNOWN_ERROR", none],
    ]);
    let refusals = [
        Refused::NotFound(What::Chat),
        Refused::NotFound(What::Channel),
        Refused::NotFound(What::Contact),
        Refused::NotFound(What::Employee),
        Refused::NotFound(What::Message),
        Refused::NotFound(What::SentMessage),
        Refused::MayNot(Denial::Hidden),
        Refused::MayNot(Denial::NotHead),
        Refused::MayNot(Denial::NoRole),
        Refused::MayNot(Denial::NotResponsible),
        Refused::MayNot(Denial::NotBound),
        Refused::MayNot(Denial::QualityControl),
        Refused::MayNotSend(Refusal::NoRole),
        Refused::MayNotSend(Refusal::ChannelPaused),
        Refused::MayNotHave(Refusal::NotBound),
        Refused::Limit(limit()),
        Refused::Conflict(Conflict::KeyReused),
        Refused::Conflict(Conflict::KeyOfErased),
        Refused::NothingQuoted,
        Refused::NoCommentNamed,
        Refused::NotAComment,
        Refused::NeverSent,
        Refused::NotAText,
        Refused::ClientSilent,
        Refused::Store(StoreError::Busy("throttled".into())),
        Refused::Store(StoreError::Contended),
        Refused::Store(StoreError::Refused("ValidationException".into())),
        Refused::Internal("a new message changed nothing"),
    ];
    let rows: Vec<&[Value]> = rows.as_array().unwrap().chunks(2).collect();
    assert_eq!(rows.len(), refusals.len());
    refusals.into_iter().zip(rows).map(|(refused, row)| (refused, row[0].clone(), row[1].clone())).collect()
}

#[test]
fn a_refusal_has_the_words_of_v1() {
    for (refused, expected, _) in all() {
        let error = ApiError::from(refused.clone());
        let detail = error.detail();
        let told = json!([
            error.status().as_u16(),
            detail.code,
            detail.message,
            detail.field,
            detail.reason,
            detail.limit
        ]);
        assert_eq!(told, expected, "{refused:?}");
        assert_eq!(error.is_conflict(), refused.is_conflict(), "{refused:?}");
        assert_eq!(error.status().is_client_error(), refused.stored_nothing(), "{refused:?}");
        assert_eq!(error.status().as_u16() == 503, refused.may_be_retried(), "{refused:?}");
    }
}

#[tokio::test]
async fn a_refusal_has_wazzups_words_at_v3() {
    for (refused, _, expected) in all() {
        let answer = crate::v3::error::shaped(V3Error::from(refused.clone()).into_response(), "id".into());
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json!([body["status"], body["error"], body["data"]]), expected, "{refused:?} → {body}");
        let description = match &refused {
            Refused::Conflict(_) => "A message with this crmMessageId was taken already".to_owned(),
            _ => ApiError::from(refused.clone()).detail().message.clone(),
        };
        assert_eq!(body["description"], description, "{refused:?}");
    }
}
