//! The Wazzup-v3-compatible surface, route by route: what is accepted, and every documented error.

mod access;
mod clients;
mod contacts;
mod deals;
mod settings;
mod users;

use crate::testing::Bench;
use serde_json::Value;

/// Asserts the status and error of a refusal; returns its details.
async fn refused(
    bench: &Bench,
    key: &str,
    (method, path): (&str, &str),
    body: Option<Value>,
    (status, code): (u16, &str),
) -> Value {
    let mut answer = bench.expect(status, key, method, path, body.clone()).await;
    assert_eq!(answer["error"], code, "{method} {path} {body:?} → {answer}");
    answer["data"].take()
}
