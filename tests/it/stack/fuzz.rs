//! Fuzzes the API by its own OpenAPI document (schemathesis, `tests/fuzz`): no 5xx, no hang, no undocumented status,
//! type or shape, and no internals in an error.

use super::Live;
use super::asking::Asker;
use super::belongings::belongings;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,no_internals";

const EMPLOYEE: &str = "anna";

/// The most time for a whole run: if it takes longer, something hangs.
const LONGEST: Duration = Duration::from_secs(900);

/// One run: the API, the key, and the operations.
struct Run<'a> {
    name: &'a str,
    api: &'a str,
    key: &'a str,
    operations: &'a [&'a str],
    /// The phases of schemathesis: `coverage` tries every bound of every field, and makes most of the requests.
    phases: &'a str,
    examples: u32,
    ids: BTreeMap<String, String>,
}

/// The result of a run.
struct Outcome {
    /// The printed output.
    told: String,
    report: Value,
}

impl Run<'_> {
    async fn go(&self) -> Outcome {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let home = folder(root, self.name);
        let report = home.join("report.json");
        let config = root.join("tests/fuzz/schemathesis.toml");
        let mut command = Command::new(root.join(".venv/bin/schemathesis"));
        command.args(["--no-color", "--config-file"]).arg(&config);
        command.args(["run", &format!("{}/v1/openapi.json", self.api), "--url", self.api]);
        command.args(["--header", &format!("Authorization: Bearer {}", self.key), "--checks", CHECKS]);
        // One worker: with several, CPython's parser, which Hypothesis uses, sometimes fails ("recursion depth
        // mismatch").
        command.args(["--workers", "1", "--max-examples", &self.examples.to_string()]);
        command.args(["--phases", self.phases]);
        command.args(["--report", "json", "--report-json-path"]).arg(&report).args(self.operations);
        command
            .env("SCHEMATHESIS_HOOKS", root.join("tests/fuzz/hooks.py"))
            .env("SWITCHBOARD_FUZZ_IDS", json!(self.ids).to_string())
            .env("NO_PROXY", "127.0.0.1")
            .current_dir(&home)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(LONGEST, command.output()).await;
        let output = output.expect("it hangs").expect("`make` installs schemathesis into .venv");
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let report = std::fs::read(&report).unwrap_or_else(|error| panic!("{error}\n{told}"));
        Outcome { told, report: serde_json::from_slice(&report).unwrap() }
    }

    /// Runs, and fails with the requests that prove a finding, if there is any.
    async fn finds_nothing(&self) {
        let Outcome { told, report } = self.go().await;
        assert_eq!(report["exit_code"], 0, "{}: {told}", self.name);
        let operations = &report["operations"];
        assert_eq!(operations["tested"], operations["selected"], "{}: {told}", self.name);
        let cases = report["test_cases"]["generated"].as_u64().unwrap();
        let tested = operations["tested"].as_u64().unwrap();
        println!("{}: {tested} operations, {cases} requests", self.name);
        assert!(cases >= tested * 4, "{}: {cases} requests for {tested} operations", self.name);
    }
}

/// An empty folder.
fn folder(root: &Path, name: &str) -> PathBuf {
    let home = root.join("target/fuzz").join(name);
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).unwrap();
    home
}

/// Runs all in one test, one after the other: two share the machine and each takes longer than both in turn, and a test
/// that only waits for another one delays the tests behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fuzzing_finds_nothing_with_any_key() {
    with_an_accounts_key().await;
    with_the_operators_key().await;
    with_an_employees_token().await;
}

async fn with_an_accounts_key() {
    let live = Live::get();
    let account = live.account(&[600], &[EMPLOYEE]).await;
    let ids = belongings(live, &account, EMPLOYEE).await;
    let run = Run {
        name: "key",
        api: &live.stack.api_url,
        key: &account.key,
        operations: &["--exclude-tag", "about"],
        // The bounds of operations that an employee may call too are tried with the employee's token.
        phases: "examples,fuzzing",
        examples: 6,
        // The run does not use existing key ids, because it would rotate or revoke its own key midway.
        ids: ids.into_iter().filter(|(name, _)| name != "key").collect(),
    };
    run.finds_nothing().await;
    let still = account.api.get("/v1/account").await.unwrap();
    assert_eq!(still["id"], account.id.as_str(), "the key works to the end");
}

async fn with_an_employees_token() {
    let live = Live::get();
    let account = live.account(&[600], &[EMPLOYEE]).await;
    let mut ids = belongings(live, &account, EMPLOYEE).await;
    let api = Asker::new(live, &account.key);
    let sections =
        json!({"sections": ["channels", "crm", "account", "blacklist", "quick_replies", "contacts"]});
    api.expect(200, "PUT", &format!("/v1/employees/{EMPLOYEE}/sections"), Some(&sections)).await;
    let token = api.expect(201, "POST", &format!("/v1/employees/{EMPLOYEE}/tokens"), Some(&json!({}))).await;
    // The run must not remove the employee from the channel midway.
    ids.remove("employee");
    let run = Run {
        name: "token",
        api: &live.stack.api_url,
        key: token["token"].as_str().unwrap(),
        // A token may not call these two.
        operations: &[
            "--exclude-tag",
            "about",
            "--exclude-tag",
            "operator",
            "--exclude-tag",
            "v3",
            // Their bodies have more bounds than all others together; unit tests try any JSON as the body.
            "--exclude-tag",
            "rules",
        ],
        phases: "examples,coverage,fuzzing",
        examples: 2,
        ids,
    };
    run.finds_nothing().await;
    let me = api.with(run.key.into()).expect(200, "GET", "/v1/me", None).await;
    assert_eq!(me["employee"]["id"], EMPLOYEE, "the token works to the end");
}

async fn with_the_operators_key() {
    let live = Live::get();
    let account = live.account(&[600], &[]).await;
    let run = Run {
        name: "operator",
        api: &live.stack.api_url,
        key: &live.stack.operator_key,
        operations: &["--include-tag", "operator"],
        phases: "examples,coverage,fuzzing",
        examples: 4,
        ids: [("account".to_owned(), account.id.clone())].into(),
    };
    run.finds_nothing().await;
}

/// A server with one fault of each kind.
fn faulty() -> Router {
    let text = json!({"type": "string"});
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "Faulty", "version": "1"},
        "paths": {
            "/fails": {"get": {"responses": {"200": {"description": "Fine"}}}},
            "/surprises": {"get": {"responses": {"200": {"description": "Fine"}}}},
            "/misshapes": {"get": {"responses": {"200": {"description": "Fine", "content": {"application/json": {"schema": text}}}}}},
            "/leaks": {"post": {
                "requestBody": {"content": {"application/json": {"schema": text}}},
                "responses": {"200": {"description": "Fine"}, "400": {"description": "Not fine"}}
            }},
            "/things/{thing}": {"get": {
                "parameters": [{"name": "thing", "in": "path", "required": true, "schema": text}],
                "responses": {"200": {"description": "Fine"}, "404": {"description": "Not there"}}
            }}
        }
    });
    let inside = json!({"error": "StoreError: ConditionalCheckFailedException"});
    Router::new()
        .route("/v1/openapi.json", get(move || async move { Json(document) }))
        .route("/fails", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/surprises", get(|| async { StatusCode::IM_A_TEAPOT }))
        .route("/misshapes", get(|| async { Json(7) }))
        .route("/leaks", post(move || async move { (StatusCode::BAD_REQUEST, Json(inside)) }))
        // Found only with an existing id.
        .route("/things/there", get(|| async { StatusCode::BAD_GATEWAY }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fuzzing_finds_what_is_planted() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, faulty()).await });
    let ids = [("thing".to_owned(), "there".to_owned())].into();
    let phases = "examples,coverage,fuzzing";
    let run = Run { name: "planted", api: &api, key: "none", operations: &[], phases, examples: 4, ids };
    let Outcome { told, report } = run.go().await;
    assert_eq!(report["exit_code"], 1, "{told}");
    for (kind, operation) in [
        ("ServerError", "GET /fails"),
        ("ServerError", "GET /things/{thing}"),
        ("UndefinedStatusCode", "GET /surprises"),
        ("JsonSchemaError", "GET /misshapes"),
        ("CustomFailure", "POST /leaks"),
    ] {
        let failures = report["failures"].as_array().unwrap().iter();
        let found = failures.filter(|failure| failure["type"] == kind);
        let named = found.flat_map(|failure| failure["operations"].as_array().unwrap());
        assert!(named.into_iter().any(|one| one == operation), "{kind} {operation}: {told}");
    }
}
