//! Sets the behaviour of a Wazzup account, and makes it report the status of a message.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::chats::Place;
use super::message;
use super::state::Behaviour;
use crate::sandbox::reply::Reply;
use crate::sandbox::state::SendOutcome;
use crate::sandbox::wazzup::{self, Account};
use crate::sandbox::words::StatusWord;
use crate::sandbox::{App, bad_request, read_json, read_strict, rfc3339};

/// A later status of a message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) message_id: String,
    pub(super) status: StatusWord,
    /// The code of the error, if the status is `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// The message that a call is about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Which {
    pub(super) message_id: String,
}

/// The seconds by which a clock moves forward.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    pub(super) seconds: i64,
}

/// The query of the `remember` route.
#[derive(Debug, Deserialize)]
pub(crate) struct Ago {
    /// Seconds.
    #[serde(default)]
    ago: i64,
}

fn on(app: &App, key: &str, work: impl FnOnce(&mut Account)) -> Reply {
    app.world(|world| match world.wazzup.get_mut(key) {
        Some(account) => {
            work(account);
            Reply::json(StatusCode::OK, json!({}))
        }
        None => no_account(),
    })
}

fn no_account() -> Reply {
    Reply::json(StatusCode::NOT_FOUND, json!({ "error": "noSuchAccount" }))
}

/// `PUT /control/wazzup/{apiKey}/behaviour`
pub(crate) async fn behaviour(State(app): State<App>, Path(key): Path<String>, bytes: Bytes) -> Reply {
    match read_strict::<Behaviour>(&bytes) {
        Ok(behaviour) => on(&app, &key, |account| account.desk.behaviour = behaviour),
        Err(reply) => reply,
    }
}

/// `PUT /control/wazzup/{apiKey}/templates`: the account's WABA templates, as Wazzup lists them.
pub(crate) async fn templates(State(app): State<App>, Path(key): Path<String>, bytes: Bytes) -> Reply {
    match serde_json::from_slice::<Vec<Value>>(&bytes) {
        Ok(templates) if templates.iter().all(|template| template["templateGuid"].is_string()) => {
            on(&app, &key, |account| account.desk.templates = templates)
        }
        _ => bad_request("a list of templates, each with its templateGuid"),
    }
}

/// `POST /control/wazzup/{apiKey}/remember?ago=SECONDS`: treats the messages of a webhook as posted, without posting
/// it.
pub(crate) async fn remember(
    State(app): State<App>,
    Path(key): Path<String>,
    Query(query): Query<Ago>,
    bytes: Bytes,
) -> Reply {
    let body = read_json(&bytes);
    on(&app, &key, |account| {
        let at = account.now() - query.ago.saturating_mul(1000);
        account.learn(&body, at);
    })
}

/// `POST /control/wazzup/{apiKey}/advance`: moves the account's clock forward, which affects windows, keys and
/// deadlines of edits.
pub(crate) async fn advance(State(app): State<App>, Path(key): Path<String>, bytes: Bytes) -> Reply {
    match read_strict::<Advance>(&bytes) {
        Ok(by) => on(&app, &key, |account| account.desk.ahead_ms += by.seconds.saturating_mul(1000)),
        Err(reply) => reply,
    }
}

/// `POST /control/wazzup/{apiKey}/echo`: posts the webhook of one of the account's own messages, for the first time or
/// again.
pub(crate) async fn echo(State(app): State<App>, Path(key): Path<String>, bytes: Bytes) -> Reply {
    let which: Which = match read_strict(&bytes) {
        Ok(which) => which,
        Err(reply) => return reply,
    };
    match place(&app, &key, &which.message_id) {
        Ok(place) => posted(message::echo(&app, &key, place, json!({})).await),
        Err(reply) => reply,
    }
}

/// `POST /control/wazzup/{apiKey}/status`: posts the webhook with a message's status. With `error` the client does not
/// have the message any more.
pub(crate) async fn status(State(app): State<App>, Path(key): Path<String>, bytes: Bytes) -> Reply {
    let report: Report = match read_strict(&bytes) {
        Ok(report) => report,
        Err(reply) => return reply,
    };
    let place = match place(&app, &key, &report.message_id) {
        Ok(place) => place,
        Err(reply) => return reply,
    };
    let now = message::account(&app, &key, |account| {
        let now = account.now();
        let message = &mut account.state.chats[place.0].received[place.1];
        message.status = report.status.as_str().to_owned();
        message.error = report.error.clone();
        now
    });
    let mut item =
        json!({ "messageId": report.message_id, "timestamp": rfc3339(now), "status": report.status });
    if let Some(code) = &report.error {
        item["error"] = json!({ "error": code, "description": "The message was not delivered" });
    }
    posted(wazzup::post_subscribed(&app, &key, &json!({ "statuses": [item] })).await)
}

fn place(app: &App, key: &str, id: &str) -> Result<Place, Reply> {
    let found = app.world(|world| Some(world.wazzup.get(key)?.find(id)));
    let missing = || Reply::json(StatusCode::NOT_FOUND, json!({ "error": "noSuchMessage" }));
    found.ok_or_else(no_account)?.ok_or_else(missing)
}

fn posted(outcome: Option<SendOutcome>) -> Reply {
    match outcome {
        Some(outcome) => Reply::json(StatusCode::OK, json!(outcome)),
        None => Reply::json(StatusCode::CONFLICT, json!({ "error": "notSubscribed" })),
    }
}
