//! The deployment itself: the table is the one that the fast tests use, the API answers, the story is true.

use super::Live;
use super::asking::Asker;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Command;
use tests::table::definition;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deployed_table_is_the_one_the_fast_tests_use() {
    let live = Live::get();
    let described =
        live.dynamodb().await.describe_table().table_name(&live.stack.table).send().await.unwrap();
    let table = described.table.unwrap();
    let wanted = definition("table");
    let key = |schema: &[aws_sdk_dynamodb::types::KeySchemaElement]| {
        let part = |element: &aws_sdk_dynamodb::types::KeySchemaElement| json!({"AttributeName": element.attribute_name(), "KeyType": element.key_type().as_str()});
        Value::Array(schema.iter().map(part).collect())
    };
    assert_eq!(key(table.key_schema()), wanted["KeySchema"]);
    let of = |indexes: &Value| -> BTreeSet<String> {
        let shape = |index: &Value| {
            format!("{} {} {}", index["IndexName"], index["KeySchema"], index["Projection"]["ProjectionType"])
        };
        indexes.as_array().unwrap().iter().map(shape).collect()
    };
    macro_rules! shapes {
        ($indexes:expr) => {
            $indexes.iter().map(|index| {
                let projection =
                    index.projection().and_then(|projection| projection.projection_type()).unwrap();
                format!(
                    "{} {} {}",
                    json!(index.index_name()),
                    key(index.key_schema()),
                    json!(projection.as_str())
                )
            })
        };
    }
    let local: BTreeSet<String> = shapes!(table.local_secondary_indexes()).collect();
    let global: BTreeSet<String> = shapes!(table.global_secondary_indexes()).collect();
    assert_eq!(local, of(&wanted["LocalSecondaryIndexes"]));
    assert_eq!(global, of(&wanted["GlobalSecondaryIndexes"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_of_make_run_holds_and_notices_an_altered_message() {
    let live = Live::get();
    #[expect(clippy::disallowed_methods, reason = "the tests' own setting")]
    let path = std::env::var("SWITCHBOARD_STACK").unwrap();
    assert!(live.stack.sandbox_port > 0);
    for (tamper, code) in [(false, Some(0)), (true, Some(1))] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_story"));
        command.arg(&path);
        if tamper {
            command.arg("--tamper");
        }
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), code, "{told}");
        assert_eq!(told.contains("is not the same in the CRM"), tamper, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_origin_may_ask_without_a_key_what_it_may_send() {
    let live = Live::get();
    let api = Asker::new(live, "").with(None);
    let origin = ("origin", "https://crm.example.com");
    for path in ["/v1/chats", "/v3/contacts"] {
        let asked = [
            origin,
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "authorization,content-type"),
        ];
        let preflight = api.raw("OPTIONS", path, None, &asked).await;
        assert_eq!(preflight.status, 204, "{path} {}", preflight.text);
        assert_eq!(preflight.headers["access-control-allow-origin"], "*");
        let allowed = |name: &str| preflight.headers[name].to_str().unwrap().to_lowercase();
        assert!(allowed("access-control-allow-methods").contains("patch"));
        assert!(allowed("access-control-allow-headers").contains("authorization"));
        let refused = api.raw("GET", path, None, &[origin]).await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.headers["access-control-allow-origin"], "*", "an error is readable too");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_serves_its_openapi_document_and_keeps_accounts_apart() {
    let live = Live::get();
    let (mine, other) = (live.account(&[600], &["anna"]).await, live.account(&[600], &["boris"]).await);
    let document = reqwest::get(format!("{}/v1/openapi.json", live.stack.api_url)).await.unwrap();
    assert_eq!(document.status().as_u16(), 200);
    let document: Value = serde_json::from_slice(&document.bytes().await.unwrap()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let foreign = format!("/v1/channels/{}", other.channels[0].id);
    let (status, body) = mine.api.call(reqwest::Method::GET, &foreign, None).await.unwrap();
    assert_eq!((status.as_u16(), &body["error"]["code"]), (404, &json!("not_found")), "{body}");
    let (status, body) =
        mine.api.with_key("sb_no_such_key").call(reqwest::Method::GET, "/v1/channels", None).await.unwrap();
    assert_eq!(status.as_u16(), 401);
    assert!(body["request_id"].is_string(), "{body}");
    let (status, _) = mine.api.call(reqwest::Method::GET, "/v1/accounts", None).await.unwrap();
    assert_eq!(status.as_u16(), 403);
}
