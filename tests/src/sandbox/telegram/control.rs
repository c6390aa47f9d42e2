//! Sets bots up, and makes people do something.

use super::acts::Act;
use super::state::BotSetup;
use super::{Bot, bot, id_of, updates};
use crate::sandbox::reply::Reply;
use crate::sandbox::state::SendOutcome;
use crate::sandbox::{App, bad_request, read_strict};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The result of an action.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Acted {
    /// The number of the message, if it is one.
    pub(super) message_id: Option<i64>,
    /// The receiver's answer to the update.
    pub(super) outcome: SendOutcome,
}

/// The seconds by which a clock moves forward.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    pub(super) seconds: i64,
}

fn no_bot() -> Reply {
    Reply::json(StatusCode::NOT_FOUND, json!({ "error": "noSuchBot" }))
}

/// `PUT /control/telegram/{token}`: creates a bot or changes its set-up; its state stays.
pub(crate) async fn put(State(app): State<App>, Path(token): Path<String>, bytes: Bytes) -> Reply {
    let setup: BotSetup = match read_strict(&bytes) {
        Ok(setup) => setup,
        Err(reply) => return reply,
    };
    let Some(id) = id_of(&token) else {
        return bad_request("a token is the bot's id, a colon, and 30 or more letters, digits, _ and -");
    };
    app.world(|world| {
        world.telegram.entry(token).or_insert_with(|| Bot::new(id)).setup = setup;
    });
    Reply::json(StatusCode::OK, json!({}))
}

/// `GET /state/telegram/{token}`
pub(crate) async fn show(State(app): State<App>, Path(token): Path<String>) -> Reply {
    bot(&app, &token, |bot| Reply::json(StatusCode::OK, json!(bot.state))).unwrap_or_else(no_bot)
}

/// `POST /control/telegram/{token}/act`: makes a person do something, and posts the update that reports it.
pub(crate) async fn act(State(app): State<App>, Path(token): Path<String>, bytes: Bytes) -> Reply {
    let act: Act = match read_strict(&bytes) {
        Ok(act) => act,
        Err(reply) => return reply,
    };
    let done = app.world(|world| {
        let (telegram, files) = (&mut world.telegram, &world.files);
        telegram.get_mut(&token).map(|bot| bot.play(act, files))
    });
    let conflict = |error: &str| Reply::json(StatusCode::CONFLICT, json!({ "error": error }));
    let done = match done {
        None => return no_bot(),
        Some(Err(error)) => return conflict(error),
        Some(Ok(done)) => done,
    };
    match updates::post(&app, &token, &done).await {
        Ok(outcome) => Reply::json(StatusCode::OK, json!(Acted { message_id: done.message_id, outcome })),
        Err(error) => conflict(error),
    }
}

/// `POST /control/telegram/{token}/advance`: moves the bot's clock forward, which affects windows, rates, files and
/// deadlines of deletions.
pub(crate) async fn advance(State(app): State<App>, Path(token): Path<String>, bytes: Bytes) -> Reply {
    match read_strict::<Advance>(&bytes) {
        Ok(by) => bot(&app, &token, |bot| {
            bot.ahead_ms += by.seconds.saturating_mul(1000);
            Reply::json(StatusCode::OK, json!({}))
        })
        .unwrap_or_else(no_bot),
        Err(reply) => reply,
    }
}
