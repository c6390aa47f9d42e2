//! The Wazzup v3 API, as far as a bridge uses it, and the webhooks that it posts.

#[cfg(test)]
mod adapter_tests;
mod chats;
mod client;
pub(super) mod control;
#[cfg(test)]
mod later_tests;
mod message;
pub(super) mod page;
mod rules;
pub mod state;
#[cfg(test)]
pub(super) mod tests;

use crate::sandbox::crm::schema::{Obj, strict};
use crate::sandbox::net::Connection;
use crate::sandbox::reply::Reply;
use crate::sandbox::state::{ApiCall, SendOutcome, WazzupState};
use chats::Desk;

use crate::sandbox::{App, faults, now_ms, outgoing, read_json};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// How long Wazzup waits for a receiver.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest webhook address that it accepts.
pub const MAX_URI: usize = 200;
const WINDOW_MS: i64 = 5_000;
const CALLS_PER_WINDOW: u32 = 500;

/// One Wazzup account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) state: WazzupState,
    pub(crate) crm_key: Option<String>,
    pub(crate) desk: Desk,
    window_start: i64,
    window_calls: u32,
}

impl Account {
    /// Counts a call against the limit of 500 in 5 seconds; false: too many.
    fn admit(&mut self, now: i64) -> bool {
        if now - self.window_start >= WINDOW_MS {
            (self.window_start, self.window_calls) = (now, 0);
        }
        self.window_calls += 1;
        self.window_calls <= CALLS_PER_WINDOW
    }
}

/// Any route below `/wazzup`.
pub(crate) async fn api(
    State(app): State<App>,
    Path(path): Path<String>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let Some(key) = bearer(&headers) else { return unauthorized().into_response() };
    let kind = path.split('/').nth(1).unwrap_or_default();
    let deed = deed(&method, kind);
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let arrived = app.world(|world| {
        let account = world.wazzup.get_mut(&key)?;
        let hit = world.faults.hit(&format!("wazzup:{key}"), &[kind, deed], &bytes);
        let admitted = account.admit(account.now());
        account.state.requests.push(ApiCall {
            received_at: now_ms(),
            route: format!("{method} /{path}{query}"),
            body: if bytes.is_empty() { Value::Null } else { read_json(&bytes) },
            answer: None,
            fault: hit.as_ref().map(|hit| hit.applied.clone()),
        });
        Some((account.state.requests.len() - 1, admitted, hit))
    });
    let Some((at, admitted, hit)) = arrived else { return unauthorized().into_response() };
    let act =
        async { if admitted { route(&app, &key, &method, &path, &uri, &bytes).await } else { too_many() } };
    let Some(reply) = faults::answer(hit, &connection, act).await else { return ().into_response() };
    app.world(|world| {
        if let Some(call) = world.wazzup.get_mut(&key).and_then(|account| account.state.requests.get_mut(at))
        {
            call.answer = Some(reply.record());
        }
    });
    reply.into_response()
}

/// The action of a call of the message route, for faults that target one action.
fn deed(method: &Method, kind: &str) -> &'static str {
    match (kind, method.as_str()) {
        ("message", "POST") => "send",
        ("message", "PATCH") => "edit",
        ("message", "DELETE") => "delete",
        _ => "",
    }
}

async fn route(app: &App, key: &str, method: &Method, path: &str, uri: &Uri, bytes: &Bytes) -> Reply {
    let path = path.strip_suffix('/').unwrap_or(path);
    match (method.as_str(), path) {
        ("GET", "v3/channels") => read(app, key, |state| json!(state.channels)),
        ("GET", "v3/webhooks") => read(
            app,
            key,
            |state| json!({ "webhooksUri": state.webhooks_uri, "subscriptions": state.subscriptions }),
        ),
        ("PATCH", "v3/webhooks") => subscribe(app, key, bytes).await,
        ("POST", "v3/message") => message::send(app, key, bytes).await,
        ("GET", "v3/templates/whatsapp") => templates(app, key, uri),
        (method, path) => one_message(app, key, method, path, bytes).await,
    }
}

async fn one_message(app: &App, key: &str, method: &str, path: &str, bytes: &Bytes) -> Reply {
    let id = path.strip_prefix("v3/message/").filter(|id| !id.is_empty() && !id.contains('/'));
    match (method, id) {
        ("PATCH", Some(id)) => message::edit(app, key, id, bytes).await,
        ("DELETE", Some(id)) => message::delete(app, key, id).await,
        _ => error(StatusCode::NOT_FOUND, "NOT_FOUND", "No such route", Value::Null),
    }
}

/// `GET /v3/templates/whatsapp`
fn templates(app: &App, key: &str, uri: &Uri) -> Reply {
    let asked = |name: &str| {
        let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(given, _)| *given == name).find_map(|(_, value)| value.parse::<usize>().ok())
    };
    let (limit, offset) = (asked("limit").unwrap_or(100), asked("offset").unwrap_or(0));
    let page = message::account(app, key, |account| {
        account.desk.templates.iter().skip(offset).take(limit).cloned().collect::<Vec<_>>()
    });
    Reply::json(StatusCode::OK, json!(page))
}

fn read(app: &App, key: &str, view: impl FnOnce(&WazzupState) -> Value) -> Reply {
    app.world(|world| world.wazzup.get(key).map(|account| Reply::json(StatusCode::OK, view(&account.state))))
        .unwrap_or_else(unauthorized)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::to_owned)
}

fn error(status: StatusCode, code: &str, description: &str, data: Value) -> Reply {
    let mut body = json!({ "error": code, "description": description });
    if !data.is_null() {
        body["data"] = data;
    }
    Reply::json(status, body)
}

fn unauthorized() -> Reply {
    error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Invalid API key", Value::Null)
}

fn too_many() -> Reply {
    Reply::text(StatusCode::TOO_MANY_REQUESTS, "text/plain; charset=utf-8", String::new())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Subscribe {
    webhooks_uri: Option<String>,
    subscriptions: Option<Obj<Switches>>,
}

/// The documentation and live accounts name the template switch differently; both names are accepted, but neither
/// twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Switches {
    messages_and_statuses: Option<bool>,
    contacts_and_deals_creation: Option<bool>,
    channels_updates: Option<bool>,
    #[serde(alias = "wabaTemplatesStatus")]
    template_status: Option<bool>,
}

/// `PATCH /v3/webhooks`: stores an address only after it has answered a test post.
async fn subscribe(app: &App, key: &str, bytes: &Bytes) -> Reply {
    let asked: Subscribe = match strict(bytes) {
        Ok(asked) => asked,
        Err(wrong) => {
            let fields = json!({ "fields": [wrong.path] });
            return error(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", &wrong.message, fields);
        }
    };
    let stored = app.world(|world| world.wazzup.get(key)?.state.webhooks_uri.clone());
    let Some(uri) = asked.webhooks_uri.or(stored).filter(|uri| is_address(uri)) else {
        return error(StatusCode::BAD_REQUEST, "uriNotValid", "Provided URI is not valid URI", Value::Null);
    };
    let outcome = post(app, key, &uri, Bytes::from_static(br#"{"test":true}"#)).await;
    if outcome.status != Some(200) {
        let code = outcome.status.map_or_else(|| "noAnswer".to_owned(), |status| status.to_string());
        let description = "URI does not return 200 OK on test request";
        return error(StatusCode::BAD_REQUEST, "testPostNotPassed", description, json!({ "code": code }));
    }
    app.world(|world| {
        let Some(account) = world.wazzup.get_mut(key) else { return };
        account.state.webhooks_uri = Some(uri);
        let now = &mut account.state.subscriptions;
        if let Some(Obj(on)) = asked.subscriptions {
            now.messages_and_statuses = on.messages_and_statuses.unwrap_or(now.messages_and_statuses);
            now.contacts_and_deals_creation =
                on.contacts_and_deals_creation.unwrap_or(now.contacts_and_deals_creation);
            now.channels_updates = on.channels_updates.unwrap_or(now.channels_updates);
            now.waba_templates_status = on.template_status.unwrap_or(now.waba_templates_status);
        }
    });
    Reply::json(StatusCode::OK, json!({ "ok": true }))
}

fn is_address(uri: &str) -> bool {
    let parsed = reqwest::Url::parse(uri);
    uri.chars().count() <= MAX_URI
        && parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Posts a webhook as Wazzup does and records the result.
async fn post(app: &App, key: &str, uri: &str, bytes: Bytes) -> SendOutcome {
    let crm_key = app.world(|world| world.wazzup.get(key)?.crm_key.clone());
    let content_type = (header::CONTENT_TYPE, "application/json; charset-utf-8".to_owned());
    let bearer = crm_key.map(|key| (header::AUTHORIZATION, format!("Bearer {key}")));
    let headers: Vec<_> = [content_type].into_iter().chain(bearer).collect();
    let post = outgoing::post(&app.http, uri, &headers, bytes, TIMEOUT).await;
    let outcome = post.outcome.clone();
    app.world(|world| {
        if let Some(account) = world.wazzup.get_mut(key) {
            account.state.posts.push(post);
        }
    });
    outcome
}

/// Posts a webhook that no test asked for; `None` where the account has no address or has not subscribed.
pub(super) async fn post_subscribed(app: &App, key: &str, body: &Value) -> Option<SendOutcome> {
    let uri = app.world(|world| {
        let state = &world.wazzup.get(key)?.state;
        state.webhooks_uri.clone().filter(|_| wants(state, body))
    })?;
    Some(post(app, key, &uri, body.to_string().into()).await)
}

/// `POST /control/wazzup/{apiKey}/send`: posts exactly these bytes to the stored address, if the account has subscribed
/// to them. With `?force=true` also if it has not.
pub(crate) async fn send(
    State(app): State<App>,
    Path(key): Path<String>,
    axum::extract::Query(query): axum::extract::Query<Force>,
    bytes: Bytes,
) -> Reply {
    let body = read_json(&bytes);
    let found = app.world(|world| {
        let state = &world.wazzup.get(&key)?.state;
        Some((state.webhooks_uri.clone(), wants(state, &body)))
    });
    match found {
        None => Reply::json(StatusCode::NOT_FOUND, json!({ "error": "noSuchAccount" })),
        Some((None, _)) => Reply::json(StatusCode::CONFLICT, json!({ "error": "noWebhooksUri" })),
        Some((Some(_), false)) if !query.force => {
            Reply::json(StatusCode::CONFLICT, json!({ "error": "notSubscribed" }))
        }
        Some((Some(uri), _)) => {
            message::account(&app, &key, |account| account.learn(&body, account.now()));
            Reply::json(StatusCode::OK, json!(post(&app, &key, &uri, bytes).await))
        }
    }
}

/// The query of the send route.
#[derive(Debug, Deserialize)]
pub(crate) struct Force {
    #[serde(default)]
    force: bool,
}

/// Whether the account has subscribed to the body's content. A body that is not one of Wazzup's webhooks passes.
fn wants(state: &WazzupState, body: &Value) -> bool {
    let on = &state.subscriptions;
    [
        ("messages", on.messages_and_statuses),
        ("statuses", on.messages_and_statuses),
        ("createContact", on.contacts_and_deals_creation),
        ("createDeal", on.contacts_and_deals_creation),
        ("channelsUpdates", on.channels_updates),
        ("templateStatus", on.waba_templates_status),
    ]
    .iter()
    .all(|(member, subscribed)| *subscribed || body.get(member).is_none())
}
