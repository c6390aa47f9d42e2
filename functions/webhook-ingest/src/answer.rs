//! The answers to providers.

use lambda_http::{Body, Response};
use shared::providers::inbound::Reply;

/// The possible answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The events are durable or of no use, or it is a handshake: the body that the provider expects.
    Reply(Reply),
    /// Unknown webhook: 404, and nothing is kept.
    Unknown,
    /// Not signed as the provider signs: 401, and nothing is kept.
    Forged,
    /// Only POST is allowed: 405.
    PostOnly,
    /// Not durable: 503, and the provider retries.
    NotNow,
}

/// The HTTP response of an answer.
pub fn answer(answer: Answer) -> Response<Body> {
    let again = answer == Answer::NotNow;
    let reply = match answer {
        Answer::Reply(reply) => reply,
        Answer::Unknown => error(404, "not_found", "no such webhook"),
        Answer::Forged => error(401, "unauthorized", "not signed as this webhook was registered"),
        Answer::PostOnly => error(405, "method_not_allowed", "webhooks are posted"),
        Answer::NotNow => error(503, "unavailable", "try again"),
    };
    let builder = Response::builder().status(reply.status).header("content-type", reply.content_type);
    let builder = if again { builder.header("retry-after", "1") } else { builder };
    // Status and headers are constants, so this cannot fail.
    builder.body(Body::from(reply.body)).unwrap_or_default()
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#))
}
