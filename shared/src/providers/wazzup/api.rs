//! Calls to Wazzup's API, and those that connect an account (Wazzup API v3: "Webhooks", "Working with channels",
//! "Common errors").

use super::{wire, words};
use crate::base::clock::Timestamp;
use crate::model::messenger::Messenger;
use crate::platform::http::{Answer, OutboundHttp, Request, SendError};
use crate::providers::client::{ListedChannel, ProviderError};
pub(super) use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;
use wire::{Id, filled};

/// The time limit of one call. Wazzup tries our webhook while it answers, and waits for it up to 30 s; our callers
/// cannot wait so long.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The longest webhook address that Wazzup accepts, in characters.
const MAX_WEBHOOK_URL: usize = 200;
/// The most that is kept of a refusal's text, in characters.
const MAX_REFUSAL: usize = 300;

/// A call to one route.
pub(super) struct Call<'a> {
    pub method: Method,
    /// The route's segments after `/v3`; each is encoded.
    pub route: &'a [&'a str],
    pub query: &'a [(&'a str, String)],
    pub body: Option<Value>,
    /// The time limit of the whole call.
    pub timeout: Duration,
}

/// Wazzup's API, as far as connecting and sending need it.
#[derive(Clone, Copy, Debug)]
pub struct WazzupApi<'a> {
    http: &'a OutboundHttp,
    base: &'a Url,
}

impl<'a> WazzupApi<'a> {
    /// The API under `base`, `https://api.wazzup24.com` in production.
    pub fn new(http: &'a OutboundHttp, base: &'a Url) -> Self {
        Self { http, base }
    }

    /// The channels of the key's account: `GET /v3/channels`. An entry without an id is skipped.
    ///
    /// # Errors
    /// [`ProviderError::Unavailable`] also if the answer is not the list that Wazzup documents.
    pub async fn list_channels(
        &self,
        key: &SecretString,
        now: Timestamp,
    ) -> Result<Vec<ListedChannel>, ProviderError> {
        let answer = self.call(Method::GET, "channels", key, None, now).await.map_err(shortened)?;
        let entries: Vec<Value> = serde_json::from_slice(&answer.body)
            .map_err(|_| ProviderError::Unavailable("the answer is no list of channels".into()))?;
        Ok(entries.into_iter().filter_map(|entry| listed(&entry)).collect())
    }

    /// Sets the account's one webhook to `webhook_url` and subscribes to messages, statuses and channel states: `PATCH
    /// /v3/webhooks`. Wazzup posts `{"test":true}` there before it answers.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] if Wazzup's trial of the address failed (`testPostNotPassed`).
    pub async fn register_webhook(
        &self,
        key: &SecretString,
        webhook_url: &str,
        now: Timestamp,
    ) -> Result<(), ProviderError> {
        self.subscribe(key, webhook_url, true, now).await
    }

    /// Ends all subscriptions. Wazzup has no call that removes the address, so the call names it again.
    ///
    /// # Errors
    /// As [`Self::register_webhook`].
    pub async fn unregister_webhook(
        &self,
        key: &SecretString,
        webhook_url: &str,
        now: Timestamp,
    ) -> Result<(), ProviderError> {
        self.subscribe(key, webhook_url, false, now).await
    }

    async fn subscribe(
        &self,
        key: &SecretString,
        webhook_url: &str,
        on: bool,
        now: Timestamp,
    ) -> Result<(), ProviderError> {
        if webhook_url.chars().count() > MAX_WEBHOOK_URL {
            return Err(ProviderError::Refused(format!(
                "the webhook address is longer than {MAX_WEBHOOK_URL} characters"
            )));
        }
        let body = json!({
            "webhooksUri": webhook_url,
            "subscriptions": {
                "messagesAndStatuses": on,
                "channelsUpdates": on,
                "templateStatus": false,
                "contactsAndDealsCreation": false,
            },
        });
        match self.call(Method::PATCH, "webhooks", key, Some(body), now).await {
            // Our address contains the webhook's token, which the readers of a refusal must not see.
            Err(ProviderError::Refused(words)) => {
                Err(ProviderError::Refused(short(&words.replace(webhook_url, "…"))))
            }
            other => other.map(|_| ()),
        }
    }

    async fn call(
        &self,
        method: Method,
        route: &str,
        key: &SecretString,
        body: Option<Value>,
        now: Timestamp,
    ) -> Result<Answer, ProviderError> {
        let call = Call { method, route: &[route], query: &[], body, timeout: TIMEOUT };
        verdict(self.ask(call, key, now).await?)
    }

    /// Makes one call, once; returns the answer as it came, whatever its status.
    pub(super) async fn ask(
        &self,
        call: Call<'_>,
        key: &SecretString,
        now: Timestamp,
    ) -> Result<Answer, SendError> {
        let mut url = address(self.base, call.route)?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        let request = Request {
            method: call.method,
            url: &url,
            bearer: Some(key),
            headers: Vec::new(),
            body: call.body.map(|body| body.to_string().into_bytes()),
            timeout: call.timeout,
        };
        self.http.send(request, now).await
    }
}

/// `{base}/v3/{route}`, whether the base has a path of its own or not.
fn address(base: &Url, route: &[&str]) -> Result<Url, SendError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| SendError::NotAllowed("the API's address takes no path"))?
        .pop_if_empty()
        .push("v3")
        .extend(route);
    Ok(url)
}

pub(super) fn verdict(answer: Answer) -> Result<Answer, ProviderError> {
    match answer.status {
        200..=299 => Ok(answer),
        401 => Err(ProviderError::Unauthorized),
        408 | 429 | 500.. => Err(ProviderError::Unavailable(format!("HTTP {}", answer.status))),
        status => Err(ProviderError::Refused(refusal(status, &answer.body))),
    }
}

/// Wazzup's error code and description: `{"error":"CODE","description":"…"}`; the code may also be in an object below
/// `error`, and the body may be empty (Wazzup API v3, Common errors).
fn refusal(status: u16, body: &[u8]) -> String {
    match refusal_parts(body) {
        (Some(code), Some(description)) => format!("{code}: {description}"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => format!("HTTP {status}"),
    }
}

/// The code and the description of a refusal, if it has them.
pub(super) fn refusal_parts(body: &[u8]) -> (Option<String>, Option<String>) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let nested = &body["error"];
    let code = nested.as_str().or_else(|| nested["code"].as_str()).or_else(|| nested["error"].as_str());
    let description = body["description"].as_str().or_else(|| nested["description"].as_str());
    (code.map(str::to_owned), description.map(str::to_owned))
}

/// The error with Wazzup's words shortened.
pub(super) fn shortened(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused(words) => ProviderError::Refused(short(&words)),
        other => other,
    }
}

pub(super) fn short(words: &str) -> String {
    words.chars().take(MAX_REFUSAL).collect()
}

/// One entry of the list. Each member is read by itself, so that an invalid one does not hide the channel.
fn listed(entry: &Value) -> Option<ListedChannel> {
    let read = |name: &str| -> Option<String> {
        let id: Option<Id> = serde_json::from_str(&entry.get(name)?.to_string()).ok()?;
        filled(id)
    };
    let external = read("channelId")?.trim().to_owned();
    let state = read("state").unwrap_or_default();
    Some(ListedChannel {
        name: read("name").or_else(|| read("plainId")).unwrap_or_else(|| external.clone()),
        plain_id: read("plainId"),
        messenger: read("transport").and_then(|transport| Messenger::of_transport(&transport)),
        transport: wire::word(&read("transport").unwrap_or_default()),
        state: words::channel_state(&state),
        raw_state: wire::word(&state),
        external,
    })
}

#[cfg(test)]
#[path = "api_tests.rs"]
pub(super) mod tests;
