//! The universal CRM's webhook: authorization, form and size of its requests.

pub(super) mod files;
pub mod notices;
pub(super) mod page;
pub mod rules;
pub mod schema;
pub(super) mod store;

use crate::sandbox::net::Connection;
use crate::sandbox::reply::Reply;
use crate::sandbox::state::Delivery;
use crate::sandbox::words::AnomalyKind;
use store::{Arrival, Crm};

use crate::sandbox::{App, READ_AT_MOST, faults, now_ms, read_json};
use axum::body::{Bytes, to_bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The largest webhook that a CRM accepts.
pub const MAX_BODY: usize = 6 * 1024 * 1024;

const MEMBERS: [&str; 10] = [
    "test",
    "messages",
    "statuses",
    "createContact",
    "createDeal",
    "channelsUpdates",
    "templateStatus",
    "chatFinished",
    "notification",
    "waitingClients",
];

/// `POST /crm/{crm}/webhook`
pub(crate) async fn webhook(
    State(app): State<App>,
    Path(name): Path<String>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, READ_AT_MOST).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let body = read_json(&bytes);
    let members: Vec<&str> = MEMBERS.into_iter().filter(|member| body.get(member).is_some()).collect();
    let key = parts
        .headers
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok())
        .filter(|key| !key.is_empty());

    let arrived = app.world(|world| {
        let crm = world.crms.get_mut(&name)?;
        let hit = world.faults.hit(&format!("crm:{name}"), &members, &bytes);
        let seq = crm.arrive(Delivery {
            seq: 0,
            received_at: now_ms(),
            kind: if members.is_empty() { "invalid".into() } else { members.join("+") },
            idempotency_key: key.map(str::to_owned),
            body: body.clone(),
            answer: None,
            fault: hit.as_ref().map(|hit| hit.applied.clone()),
        });
        Some((seq, hit))
    });
    let Some((seq, hit)) = arrived else { return no_such_crm().into_response() };

    let arrival = Arrival { seq, body: &body, idempotency_key: key };
    let act = async {
        app.world(|world| world.crms.get_mut(&name).map(|crm| receive(crm, arrival, &parts.headers, &bytes)))
            .unwrap_or_else(no_such_crm)
    };
    let Some(reply) = faults::answer(hit, &connection, act).await else { return ().into_response() };
    app.world(|world| {
        if let Some(delivery) = world.crms.get_mut(&name).and_then(|crm| crm.delivery(seq)) {
            delivery.answer = Some(reply.record());
        }
    });
    reply.into_response()
}

fn no_such_crm() -> Reply {
    Reply::json(StatusCode::NOT_FOUND, json!({ "error": "noSuchCrm" }))
}

/// Checks a delivery's headers and form, then lets the CRM act.
fn receive(crm: &mut Crm, arrival: Arrival, headers: &HeaderMap, bytes: &Bytes) -> Reply {
    let authorization = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
    match &crm.setup.crm_key {
        Some(key) if authorization != Some(format!("Bearer {key}").as_bytes()) => {
            return crm.refuse(arrival, StatusCode::UNAUTHORIZED, "Authorization", "is not the CRM's key");
        }
        None if authorization.is_some() => {
            crm.anomaly(arrival.seq, AnomalyKind::UnexpectedAuthorization, "this CRM has given no key");
        }
        _ => {}
    }
    if bytes.len() > MAX_BODY {
        return crm.refuse(arrival, StatusCode::PAYLOAD_TOO_LARGE, ".", "more than 6 MB");
    }
    if !is_json(headers) {
        return crm.refuse(
            arrival,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type",
            "must be application/json",
        );
    }
    match schema::parse(bytes) {
        Ok(hook) => crm.act(arrival, hook),
        Err(violation) => crm.refuse(arrival, StatusCode::BAD_REQUEST, &violation.path, &violation.message),
    }
}

/// Whether the type is `application/json`, with any suffix: Wazzup itself sends `; charset-utf-8`.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// `GET /state/crm/{crm}`
pub(crate) async fn show(State(app): State<App>, Path(name): Path<String>) -> Reply {
    app.world(|world| world.crms.get(&name).map(|crm| Reply::json(StatusCode::OK, json!(crm.state))))
        .unwrap_or_else(no_such_crm)
}

/// `GET /state/crm/{crm}/deliveries?after=N`
pub(crate) async fn deliveries(
    State(app): State<App>,
    Path(name): Path<String>,
    axum::extract::Query(query): axum::extract::Query<After>,
) -> Reply {
    app.world(|world| {
        let log = &world.crms.get(&name)?.log;
        let after = usize::try_from(query.after).unwrap_or(usize::MAX);
        Some(Reply::json(StatusCode::OK, json!(log.get(after..).unwrap_or_default())))
    })
    .unwrap_or_else(no_such_crm)
}

/// The query of the deliveries view.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: u64,
}

/// `POST /control/crm/{crm}/alter`
pub(crate) async fn alter(State(app): State<App>, Path(name): Path<String>, bytes: Bytes) -> Reply {
    let Alter { message_id, text } = match crate::sandbox::read_strict(&bytes) {
        Ok(asked) => asked,
        Err(reply) => return reply,
    };
    match app.world(|world| Some(world.crms.get_mut(&name)?.alter(&message_id, text))) {
        None => no_such_crm(),
        Some(false) => Reply::json(StatusCode::NOT_FOUND, json!({ "error": "noSuchMessage" })),
        Some(true) => Reply::json(StatusCode::OK, Value::Object(serde_json::Map::new())),
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Alter {
    message_id: String,
    text: String,
}
