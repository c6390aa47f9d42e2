//! What a provider is answered.

use lambda_http::{Body, Response};

/// The answers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Durable, or of no use for ever: 200.
    Accepted,
    /// No such webhook: 404, and nothing is kept.
    Unknown,
    /// This provider posts: 405.
    PostOnly,
    /// Not durable: 503, to be tried again.
    NotNow,
}

/// The answer as HTTP.
pub fn answer(answer: Answer) -> Response<Body> {
    let (status, body) = match answer {
        Answer::Accepted => (200, r#"{"status":"ok"}"#),
        Answer::Unknown => (404, r#"{"error":{"code":"not_found","message":"no such webhook"}}"#),
        Answer::PostOnly => {
            (405, r#"{"error":{"code":"method_not_allowed","message":"webhooks are posted"}}"#)
        }
        Answer::NotNow => (503, r#"{"error":{"code":"unavailable","message":"try again"}}"#),
    };
    let builder = Response::builder().status(status).header("content-type", "application/json");
    let builder = if answer == Answer::NotNow { builder.header("retry-after", "1") } else { builder };
    // Status and headers are constants, so this cannot fail.
    builder.body(Body::from(body)).unwrap_or_default()
}
