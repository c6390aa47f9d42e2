//! Calls of the Bot API ("Making requests"): `POST {base}/bot{token}/{method}` with a JSON body; the answer has `ok`
//! and a `result`, or a `description` of the error.
//!
//! The token is part of the address, so no address is ever logged or stored: errors of the HTTP client name none, and
//! the token is removed from Telegram's descriptions before they are kept.

use super::place::MessageKey;
use super::secret;
use crate::base::clock::Timestamp;
use crate::base::ids::MessageId;
use crate::platform::http::{Answer, DEFAULT_TIMEOUT, OutboundHttp, Request, SendError};
use crate::providers::client::{Call, ProviderError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// The one field of the credential.
pub(super) const TOKEN: &str = "token";
/// Longest description of Telegram's that is kept, in characters.
const MAX_WORDS: usize = 300;
/// Longest pause that is accepted: a day.
const MAX_PAUSE: u64 = 24 * 3600;

/// A bot's API.
pub(super) struct Api<'a> {
    http: &'a OutboundHttp,
    base: &'a Url,
    token: SecretString,
    now: Timestamp,
}

impl std::fmt::Debug for Api<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api(…)")
    }
}

/// What Telegram answered.
#[derive(Debug)]
pub(super) struct Answered {
    /// HTTP status.
    pub status: u16,
    /// Whether Telegram answered, and not a proxy.
    pub genuine: bool,
    /// The result of the method; null where it failed.
    pub result: Value,
    /// The error, without token and addresses, shortened.
    pub description: Option<String>,
    /// How long to wait before the next call.
    pub retry_after: Option<Duration>,
    /// The id of the supergroup that the group became.
    pub migrated_to: Option<i64>,
}

impl Answered {
    /// Whether the call succeeded.
    pub fn is_done(&self) -> bool {
        (200..300).contains(&self.status) && self.genuine
    }
}

impl<'a> Api<'a> {
    /// The API of the call's bot.
    pub fn of(call: &Call<'a>) -> Self {
        Self { http: call.http, base: call.base_url, token: call.credential.field(TOKEN), now: call.now }
    }

    /// The bot's id: the part of its token before the colon (Bot API, "Authorizing your bot").
    pub fn bot(&self) -> Option<&str> {
        let (bot, _) = self.token.expose_secret().split_once(':')?;
        secret::is_bot(bot).then_some(bot)
    }

    /// `{base}/bot{token}/{method}`; the base may have a path of its own.
    fn address(&self, before: &[&str], route: &[&str]) -> Result<Url, SendError> {
        let mut url = self.base.clone();
        let bot = format!("bot{}", self.token.expose_secret());
        url.path_segments_mut()
            .map_err(|()| SendError::NotAllowed("the API's address takes no path"))?
            .pop_if_empty()
            .extend(before)
            .push(&bot)
            .extend(route);
        Ok(url)
    }

    /// The address at which a file can be read: `{base}/file/bot{token}/{path}`; `None` for a path that leads
    /// elsewhere.
    pub fn file_address(&self, path: &str) -> Option<Url> {
        let parts: Vec<&str> = path.split('/').collect();
        let is_plain = parts.iter().all(|part| !matches!(*part, "" | "." | ".."));
        is_plain.then(|| self.address(&["file"], &parts).ok()).flatten()
    }

    /// Makes one call, once. `hidden` are texts to remove from Telegram's description of an error.
    pub async fn ask(
        &self,
        method: &str,
        body: &Value,
        timeout: Duration,
        hidden: &[&str],
    ) -> Result<Answered, SendError> {
        let url = self.address(&[], &[method])?;
        let request = Request {
            method: reqwest::Method::POST,
            url: &url,
            bearer: None,
            headers: Vec::new(),
            body: Some(body.to_string().into_bytes()),
            timeout,
        };
        let answer = self.http.send(request, self.now).await?;
        Ok(self.read(&answer, hidden))
    }

    fn read(&self, answer: &Answer, hidden: &[&str]) -> Answered {
        let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let ok = body.get("ok").and_then(Value::as_bool);
        let seconds = body["parameters"]["retry_after"].as_u64().map(|seconds| seconds.min(MAX_PAUSE));
        let description = body["description"].as_str().map(|words| self.discreet(words, hidden));
        Answered {
            status: answer.status,
            // Where `ok` contradicts the HTTP status, a proxy answered.
            genuine: ok.is_some_and(|ok| ok == (200..300).contains(&answer.status)),
            retry_after: seconds.map(Duration::from_secs).or(answer.retry_after),
            migrated_to: body["parameters"]["migrate_to_chat_id"].as_i64(),
            description,
            result: body.get_mut("result").map(Value::take).unwrap_or_default(),
        }
    }

    /// A description without the token and the other secret texts, shortened.
    fn discreet(&self, words: &str, hidden: &[&str]) -> String {
        let token = self.token.expose_secret();
        let hidden = hidden.iter().copied().chain([token]).filter(|hidden| !hidden.is_empty());
        let words = hidden.fold(words.to_owned(), |words, hidden| words.replace(hidden, "…"));
        words.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect()
    }

    /// Makes a call that sends nothing to a person, and returns its result.
    ///
    /// # Errors
    /// [`ProviderError`]. A token that Telegram does not know is answered with 401, or with 404 where it does not have
    /// the shape of a token.
    pub async fn manage(&self, method: &str, body: &Value, hidden: &[&str]) -> Result<Value, ProviderError> {
        let answered = self.ask(method, body, DEFAULT_TIMEOUT, hidden).await?;
        if answered.is_done() {
            return Ok(answered.result);
        }
        let unavailable = || ProviderError::Unavailable(format!("HTTP {}", answered.status));
        Err(match (answered.status, answered.genuine) {
            (401, _) | (404, true) => ProviderError::Unauthorized,
            (200..=399 | 408 | 409 | 429 | 500.., _) | (_, false) => unavailable(),
            (status, true) => {
                ProviderError::Refused(answered.description.unwrap_or_else(|| format!("HTTP {status}")))
            }
        })
    }
}

/// The id of the message in an answer.
pub(super) fn message_of(result: &Value, connection: Option<&str>) -> Option<(MessageId, i64)> {
    let message = result["message_id"].as_i64()?;
    let chat = result["chat"]["id"].as_i64()?;
    Some((MessageKey { connection, chat, message }.id(), chat))
}
