//! Telegram's Bot API, as far as a bridge uses it, the updates that it posts, and the clients' phones. The protocol is
//! documented at <https://core.telegram.org/bots/api>; "Bot API" below cites its sections.

mod acts;
#[cfg(test)]
mod adapter_tests;
mod body;
mod chats;
mod client;
pub(super) mod control;
mod methods;
pub(super) mod page;
mod rates;
mod refused;
pub mod state;
#[cfg(test)]
mod tests;
mod updates;

pub use acts::{Act, Connected, Deleted, Edited, File, Joined, Migrated, Place, Pressed, Said};

use crate::sandbox::net::Connection;
use crate::sandbox::reply::Reply;
use crate::sandbox::state::ApiCall;
use crate::sandbox::{App, faults, files, now_ms, read_json};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use refused::Refused;
use serde_json::{Value, json};
use state::{BotSetup, BotState};
use std::collections::BTreeMap;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// How long a file's address is valid: an hour is guaranteed (Bot API, getFile).
const LINK_MS: i64 = 3600 * 1000;

/// One bot.
#[derive(Debug)]
pub(crate) struct Bot {
    id: i64,
    setup: BotSetup,
    pub(crate) state: BotState,
    /// The clients' files: the sandbox's name of each, by Telegram's id.
    files: BTreeMap<String, String>,
    /// Addresses of files: until when each is valid, and the file's id.
    links: BTreeMap<String, (i64, String)>,
    /// Clients' messages as updates showed them, by number.
    told: BTreeMap<i64, Value>,
    spent: rates::Spent,
    /// How far its clock is ahead of real time.
    ahead_ms: i64,
    last_message: i64,
    last_update: i64,
}

impl Bot {
    fn new(id: i64) -> Self {
        Self {
            id,
            setup: BotSetup::default(),
            state: BotState::default(),
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            told: BTreeMap::new(),
            spent: rates::Spent::default(),
            ahead_ms: 0,
            // Updates begin with a random number (Bot API, Update).
            last_message: 100,
            last_update: 892_000_000,
        }
    }

    /// The bot's own time.
    fn now(&self) -> i64 {
        now_ms() + self.ahead_ms
    }

    fn next_message(&mut self) -> i64 {
        self.last_message += 1;
        self.last_message
    }

    /// A new path of a file, valid for an hour.
    fn link(&mut self, id: &str) -> String {
        let path = format!("documents/{id}");
        self.links.insert(path.clone(), (self.now() + LINK_MS, id.to_owned()));
        path
    }
}

/// Works on the bot with this token.
fn bot<T>(app: &App, token: &str, work: impl FnOnce(&mut Bot) -> T) -> Option<T> {
    app.world(|world| world.telegram.get_mut(token).map(work))
}

/// The bot's id at the start of a token (Bot API, "Authorizing your bot"); `None` for an invalid token.
fn id_of(token: &str) -> Option<i64> {
    let (id, secret) = token.split_once(':')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (secret.len() >= 30 && secret.bytes().all(plain)).then(|| id.parse().ok()).flatten()
}

/// Any route below `/telegram`: `bot{token}/{method}`, and `file/bot{token}/{path}`.
pub(crate) async fn api(
    State(app): State<App>,
    Path(path): Path<String>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    http: Method,
    bytes: Bytes,
) -> Response {
    let (is_file, rest) =
        path.strip_prefix("file/bot").map_or((false, path.strip_prefix("bot")), |rest| (true, Some(rest)));
    let Some((token, what)) = rest.and_then(|rest| rest.split_once('/')) else {
        return Refused::not_found().reply().into_response();
    };
    if id_of(token).is_none() {
        return Refused::not_found().reply().into_response();
    }
    let deed = if is_file { "file" } else { methods::method(what).map_or("", |method| method.deed) };
    let arrived = app.world(|world| {
        let bot = world.telegram.get_mut(token)?;
        let hit = world.faults.hit(&format!("telegram:{token}"), &[deed], &bytes);
        bot.state.requests.push(ApiCall {
            received_at: now_ms(),
            route: if is_file { format!("{http} /file/{what}") } else { format!("{http} /{what}") },
            body: if bytes.is_empty() { Value::Null } else { read_json(&bytes) },
            answer: None,
            fault: hit.as_ref().map(|hit| hit.applied.clone()),
        });
        Some((bot.state.requests.len() - 1, hit))
    });
    let Some((at, hit)) = arrived else { return Refused::unauthorized().reply().into_response() };
    let act = async {
        if is_file { download(&app, token, what) } else { answer(&app, token, &http, what, &bytes).await }
    };
    let Some(reply) = faults::answer(hit, &connection, act).await else { return ().into_response() };
    bot(&app, token, |bot| {
        if let Some(call) = bot.state.requests.get_mut(at) {
            call.answer = Some(reply.record());
        }
    });
    reply.into_response()
}

async fn answer(app: &App, token: &str, http: &Method, name: &str, bytes: &Bytes) -> Reply {
    let result = match methods::method(name) {
        Some(method) if *http == Method::POST || *http == Method::GET => match method.name {
            "getFile" => methods::get_file(app, token, bytes),
            _ => methods::call(app, token, method, bytes).await,
        },
        _ => Err(Refused::no_method()),
    };
    match result {
        Ok(result) => Reply::json(StatusCode::OK, json!({ "ok": true, "result": result })),
        Err(refused) => refused.reply(),
    }
}

/// A client's file. Its type is not sent, because Telegram does not send it.
fn download(app: &App, token: &str, path: &str) -> Reply {
    let found = app.world(|world| {
        let bot = world.telegram.get(token)?;
        let (until, id) = bot.links.get(path)?;
        let name = bot.files.get(id).filter(|_| bot.now() < *until)?;
        Some(files::content(&world.files, name)?.1)
    });
    match found {
        Some(bytes) => Reply::file("application/octet-stream", None, bytes),
        None => Refused::not_found().reply(),
    }
}
