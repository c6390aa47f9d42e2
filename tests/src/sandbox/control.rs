//! Sets the sandbox up, and shows its set-up.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use super::crm::store::Crm;
use super::faults::{Fault, Faults};
use super::files::Files;
use super::reply::Reply;
use super::state::{CrmSetup, WazzupSetup};
use super::telegram::Bot;
use super::wazzup::Account;
use super::{App, bad_request, read_strict};

/// The whole state of the sandbox.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) wazzup: BTreeMap<String, Account>,
    pub(crate) telegram: BTreeMap<String, Bot>,
    pub(crate) crms: BTreeMap<String, Crm>,
    pub(crate) files: Files,
    pub(crate) faults: Faults,
}

fn done() -> Reply {
    Reply::json(StatusCode::OK, json!({}))
}

fn not_found(error: &str) -> Reply {
    Reply::json(StatusCode::NOT_FOUND, json!({ "error": error }))
}

/// `PUT /control/wazzup/{apiKey}`: creates an account or changes its channels; its subscriptions stay.
pub(crate) async fn put_wazzup(State(app): State<App>, Path(key): Path<String>, bytes: Bytes) -> Reply {
    let setup: WazzupSetup = match read_strict(&bytes) {
        Ok(setup) => setup,
        Err(reply) => return reply,
    };
    if key.len() > 100 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return bad_request("an API key is up to 100 visible ASCII characters");
    }
    app.world(|world| {
        let account = world.wazzup.entry(key).or_default();
        account.crm_key = setup.crm_key;
        account.state.channels = setup.channels;
    });
    done()
}

/// `GET /state/wazzup/{apiKey}`
pub(crate) async fn show_wazzup(State(app): State<App>, Path(key): Path<String>) -> Reply {
    app.world(|world| world.wazzup.get(&key).map(|account| Reply::json(StatusCode::OK, json!(account.state))))
        .unwrap_or_else(|| not_found("noSuchAccount"))
}

/// `PUT /control/crm/{crm}`: creates a CRM or changes its set-up; its entities stay.
pub(crate) async fn put_crm(State(app): State<App>, Path(name): Path<String>, bytes: Bytes) -> Reply {
    let setup: CrmSetup = match read_strict(&bytes) {
        Ok(setup) => setup,
        Err(reply) => return reply,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.len() > 64 || !name.bytes().all(plain) {
        return bad_request("a CRM's name is up to 64 letters, digits, - and _");
    }
    app.world(|world| {
        let crm = world.crms.entry(name.clone()).or_insert_with(|| Crm::new(&name, &app.base));
        crm.setup = setup;
    });
    done()
}

/// `GET /control/faults`
pub(crate) async fn faults(State(app): State<App>) -> Reply {
    Reply::json(StatusCode::OK, json!(app.world(|world| world.faults.views())))
}

/// `POST /control/faults`
pub(crate) async fn add_fault(State(app): State<App>, bytes: Bytes) -> Reply {
    let fault: Fault = match read_strict(&bytes) {
        Ok(fault) => fault,
        Err(reply) => return reply,
    };
    match app.world(|world| world.faults.add(fault)) {
        Ok(id) => Reply::json(StatusCode::OK, json!({ "id": id })),
        Err(wrong) => bad_request(wrong),
    }
}

/// `DELETE /control/faults`
pub(crate) async fn clear_faults(State(app): State<App>) -> Reply {
    app.world(|world| world.faults.clear());
    done()
}

/// `DELETE /control/faults/{id}`
pub(crate) async fn remove_fault(State(app): State<App>, Path(id): Path<u64>) -> Reply {
    if app.world(|world| world.faults.remove(id)) { done() } else { not_found("noSuchFault") }
}

/// `POST /control/reset`: deletes everything, set-ups included.
pub(crate) async fn reset(State(app): State<App>) -> Reply {
    app.world(|world| {
        world.faults.clear();
        world.wazzup.clear();
        world.telegram.clear();
        world.crms.clear();
        world.files.clear();
    });
    done()
}
