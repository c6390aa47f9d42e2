//! Posts updates (Bot API, setWebhook; `WebhookActor.cpp` of the official server): one per request, with the secret in
//! a header, and again where the answer is not a 2xx.

use super::acts::Done;
use super::bot;
use super::state::Hook;
use crate::sandbox::state::SendOutcome;
use crate::sandbox::{App, outgoing};
use axum::http::{HeaderName, header};
use serde_json::{Value, json};
use std::time::Duration;

/// The header with the secret.
pub(super) const SECRET: HeaderName = HeaderName::from_static("x-telegram-bot-api-secret-token");
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The pauses before an update is posted again. Telegram's first pause is zero too; then it continues from 2 seconds
/// for 24 hours.
const PAUSES: [Duration; 2] = [Duration::ZERO, Duration::from_millis(500)];
/// Kinds that are posted only where they are asked for (Bot API, getUpdates, `allowed_updates`).
const ON_DEMAND: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// Whether an update was accepted, so that it is not posted again.
pub(super) fn is_taken(outcome: &SendOutcome) -> bool {
    outcome.status.is_some_and(|status| (200..300).contains(&status))
}

impl Hook {
    /// Whether updates of a kind are posted.
    fn wants(&self, kind: &str) -> bool {
        match self.allowed_updates.as_slice() {
            [] => !ON_DEMAND.contains(&kind),
            asked => asked.iter().any(|asked| asked == kind),
        }
    }
}

/// Posts an update, and returns the final result. Nothing is posted where no webhook is registered for its kind.
pub(super) async fn post(app: &App, token: &str, done: &Done) -> Result<SendOutcome, &'static str> {
    let ready = bot(app, token, |bot| {
        let hook = bot.state.webhook.clone().ok_or("noWebhook")?;
        if !hook.wants(done.kind) {
            return Err("notAllowed");
        }
        bot.last_update += 1;
        let update: Value = json!({ "update_id": bot.last_update, done.kind: done.content });
        Ok((hook, update.to_string()))
    });
    let (hook, update) = ready.ok_or("noSuchBot")??;
    let content_type = (header::CONTENT_TYPE, "application/json".to_owned());
    let secret = hook.secret_token.map(|secret| (SECRET, secret));
    let headers: Vec<_> = [content_type].into_iter().chain(secret).collect();
    let mut pauses = PAUSES.into_iter();
    loop {
        let post = outgoing::post(&app.http, &hook.url, &headers, update.clone().into(), TIMEOUT).await;
        let outcome = post.outcome.clone();
        bot(app, token, |bot| bot.state.posts.push(post));
        match pauses.next() {
            Some(pause) if !is_taken(&outcome) => tokio::time::sleep(pause).await,
            _ => return Ok(outcome),
        }
    }
}
