//! Posts webhooks to the product, as a provider does.

use super::now_ms;
use super::state::{SendOutcome, WebhookPost};
use axum::body::Bytes;
use axum::http::HeaderName;
use std::time::Duration;
use tokio::time::Instant;

/// Posts a webhook, and returns the result.
pub(crate) async fn post(
    http: &reqwest::Client,
    uri: &str,
    headers: &[(HeaderName, String)],
    bytes: Bytes,
    timeout: Duration,
) -> WebhookPost {
    let (posted_at, size, started) = (now_ms(), bytes.len(), Instant::now());
    let mut request = http.post(uri).timeout(timeout).body(bytes);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answered = async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.text().await?))
    };
    let (status, body, error) = match answered.await {
        Ok((status, body)) => (Some(status), body, None),
        Err(e) => (None, String::new(), Some(chain(&e))),
    };
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    WebhookPost { posted_at, bytes: size, outcome: SendOutcome { status, body, elapsed_ms, error } }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
