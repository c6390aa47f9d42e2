//! Which key may call which route, and the shape of every error.

use crate::testing::{Bench, OPERATOR};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use shared::base::ids::AccountId;
use shared::store::keys;
use shared::store::row::{Key, Row, Write};
use std::time::Duration;

/// Every route: method, path with its placeholders filled, and whether it is for the operator only.
pub fn routes_of(document: &Value) -> Vec<(String, String, bool)> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let filled: Vec<_> =
                path.split('/').map(|part| if part.starts_with('{') { "unknown" } else { part }).collect();
            routes.push((method.to_uppercase(), filled.join("/"), operation["tags"][0] == "operator"));
        }
    }
    // Two routes take no key.
    routes.retain(|(_, path, _)| path != "/v1/openapi.json" && !path.starts_with("/media/"));
    // Errors of `/v3` have another shape, which `tests/v3` checks.
    routes.retain(|(_, path, _)| !path.starts_with("/v3/"));
    routes
}

pub async fn document(bench: &Bench) -> Value {
    bench.expect(200, "", "GET", "/v1/openapi.json", None).await
}

#[tokio::test]
async fn no_route_opens_without_a_key() {
    let bench = Bench::new().await;
    let routes = routes_of(&document(&bench).await);
    assert!(routes.len() >= 50, "{}", routes.len());
    for (method, path, _) in &routes {
        let bare = Request::builder().method(method.as_str()).uri(path).body(Body::empty()).unwrap();
        let (status, body, headers) = bench.send(bare).await;
        assert_eq!(status, 401, "{method} {path} {body}");
        assert_eq!(headers["www-authenticate"], "Bearer");
        for key in ["sb_unknown", "unknown", " ", &"x".repeat(5000), &format!("sb_{}", "x".repeat(5000))] {
            bench.expect(401, key, method, path, None).await;
        }
        let basic =
            Request::builder().method(method.as_str()).uri(path).header("authorization", "Basic b3A6b3A=");
        assert_eq!(bench.send(basic.body(Body::empty()).unwrap()).await.0, 401);
    }
}

#[tokio::test]
async fn an_account_key_opens_no_operator_route() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let routes = routes_of(&document(&bench).await);
    for (method, path, _) in routes.iter().filter(|(_, _, operator)| *operator) {
        let own = path.replace("unknown", &company.id);
        for path in [path, &own] {
            bench.refused(&company.key, (method, path), Some(json!({})), (403, "forbidden", None)).await;
        }
    }
}

#[tokio::test]
async fn the_operator_says_for_which_account_he_acts() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let routes = routes_of(&document(&bench).await);
    for (method, path, _) in routes.iter().filter(|(_, _, operator)| !*operator) {
        let required = (400, "account_required", Some("Switchboard-Account"));
        bench.refused(OPERATOR, (method, path), None, required).await;
        let principal = |account: &str| {
            let request = Request::builder().method(method.as_str()).uri(path);
            let request = request
                .header("authorization", format!("bearer  {OPERATOR}"))
                .header("switchboard-account", account);
            request.body(Body::empty()).unwrap()
        };
        for unknown in ["unknown", "", "a#b", "00000000-0000-7000-8000-000000000000"] {
            let (status, body, _) = bench.send(principal(unknown)).await;
            assert_eq!(
                (status.as_u16(), &body["error"]["code"]),
                (404, &json!("not_found")),
                "{method} {path}"
            );
        }
        let (status, body, _) = bench.send(principal(&company.id)).await;
        assert!(status != 401 && status != 403, "{method} {path} {body}");
        assert_ne!(body["error"]["code"], "account_required");
    }
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked_and_one_always_stays() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let path = format!("/v1/accounts/{}/keys", company.id);
    bench.clock.advance(Duration::from_millis(1));
    let second = bench.expect(201, OPERATOR, "POST", &path, None).await;
    let second_key = second["key"].as_str().unwrap();
    assert!(second_key.starts_with("sb_") && second_key.len() == 67 && second_key != company.key);
    let keys = bench.expect(200, second_key, "GET", "/v1/keys", None).await;
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert!(!keys.to_string().contains(second_key) && !keys.to_string().contains(&company.key));
    let first = keys["keys"][0]["id"].as_str().unwrap();
    assert!(company.key.starts_with(keys["keys"][0]["prefix"].as_str().unwrap()));
    bench.expect(204, second_key, "DELETE", &format!("/v1/keys/{first}"), None).await;
    bench.expect(401, &company.key, "GET", "/v1/account", None).await;
    let last = second["id"].as_str().unwrap();
    bench.refused(second_key, ("DELETE", &format!("/v1/keys/{last}")), None, (409, "last_key", None)).await;
    bench.expect(404, second_key, "DELETE", &format!("/v1/keys/{first}"), None).await;
    bench.expect(404, OPERATOR, "POST", "/v1/accounts/unknown/keys", None).await;
    let own = bench.expect(200, second_key, "GET", "/v1/account", None).await;
    assert_eq!(own["id"], company.id);
}

#[tokio::test]
async fn two_revocations_at_once_leave_one_key() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let path = format!("/v1/accounts/{}/keys", company.id);
    bench.clock.advance(Duration::from_millis(1));
    let second = bench.expect(201, OPERATOR, "POST", &path, None).await;
    let keys = bench.expect(200, &company.key, "GET", "/v1/keys", None).await;
    let paths: Vec<_> =
        [0, 1].map(|at| format!("/v1/keys/{}", keys["keys"][at]["id"].as_str().unwrap())).into();
    // Each key revokes the other one.
    let (one, other) = tokio::join!(
        bench.call(&company.key, "DELETE", &paths[1], None),
        bench.call(second["key"].as_str().unwrap(), "DELETE", &paths[0], None),
    );
    let done = [one.0, other.0].iter().filter(|status| **status == 204).count();
    assert_eq!(done, 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn the_operators_key_is_read_once_in_five_minutes() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        bench.expect(200, OPERATOR, "GET", "/v1/accounts", None).await;
    }
    assert_eq!(bench.world.lock().unwrap().secret_reads, 1);
    bench.clock.advance(Duration::from_secs(300));
    bench.expect(200, OPERATOR, "GET", "/v1/accounts", None).await;
    assert_eq!(bench.world.lock().unwrap().secret_reads, 2);
    bench.expect(401, "sb_x", "GET", "/v1/accounts", None).await;
    bench.expect(401, "operator-ke", "GET", "/v1/accounts", None).await;
    bench.expect(401, "operator-keys", "GET", "/v1/accounts", None).await;
}

#[tokio::test]
async fn accounts_are_made_and_paged() {
    let bench = Bench::new().await;
    let mut made = Vec::new();
    for index in 0..5 {
        bench.clock.advance(Duration::from_millis(1));
        made.push(bench.company(&format!("Company {index}")).await.id);
    }
    let (mut found, mut path) = (Vec::new(), "/v1/accounts?limit=2".to_owned());
    loop {
        let page = bench.expect(200, OPERATOR, "GET", &path, None).await;
        let ids = page["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| account["id"].as_str().unwrap().to_owned());
        found.extend(ids);
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/accounts?limit=2&cursor={cursor}");
    }
    assert_eq!(found, made);
    let one = bench.expect(200, OPERATOR, "GET", &format!("/v1/accounts/{}", made[0]), None).await;
    let expected = json!({
        "id": made[0], "name": "Company 0", "language": "ru", "region": "RU", "rewrite_leading_eight": false,
        "default_channels": {}, "send_errors_in_chat": true, "number_check": true, "crm_user_rights": false, "working_hours": null,
        "close_after_s": null, "client_waits": null, "timeout_status": null, "reopening": null, "farewell": null,
        "closing": {
            "close_after_s": 600, "client_waits": false, "timeout_status": null, "reopening": "reopen", "farewell": null
        },
        "crm_kind": "none", "created_at": "2026-11-21T09:10:00.001Z"
    });
    assert_eq!(one, expected);
    bench.expect(404, OPERATOR, "GET", "/v1/accounts/unknown", None).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_told_where() {
    let bench = Bench::new().await;
    let post = ("POST", "/v1/accounts");
    for (body, code, field) in [
        (json!({}), "missing_field", Some("name")),
        (json!({"name": "A", "nane": "B"}), "unknown_field", Some("nane")),
        (json!({"name": 7}), "invalid_value", Some("name")),
        (json!({"name": null}), "invalid_value", Some("name")),
        (json!({"name": ""}), "invalid_value", Some("name")),
        (json!({"name": " \t"}), "invalid_value", Some("name")),
        (json!({"name": "a\u{0}b"}), "invalid_value", Some("name")),
        (json!({"name": "x".repeat(201)}), "invalid_value", Some("name")),
        (json!({"name": "A", "region": "ru"}), "invalid_value", Some("region")),
        (json!(["A", "RU"]), "malformed_json", None),
        (json!("A"), "invalid_value", None),
    ] {
        bench.refused(OPERATOR, post, Some(body), (400, code, field)).await;
    }
    let large = json!({"name": "x".repeat(1 << 20)});
    bench.refused(OPERATOR, post, Some(large), (413, "payload_too_large", None)).await;
}

#[tokio::test]
async fn what_is_no_json_is_told_as_such() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let put = |body: &'static str, kind: Option<&'static str>| {
        let request = Request::builder().method("PUT").uri("/v1/employees");
        let request = request.header("authorization", format!("Bearer {}", company.key));
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        request.body(Body::from(body)).unwrap()
    };
    for (body, code, field) in [
        ("{", "malformed_json", None),
        ("", "malformed_json", None),
        ("{\"employees\":[]} x", "malformed_json", None),
        ("\u{feff}{}", "malformed_json", None),
        (
            r#"{"employees":[{"id":"1","name":"A"},{"id":"2","name":"B","role":1}]}"#,
            "unknown_field",
            Some("employees[1].role"),
        ),
        (r#"{"employees":[{"id":"1"}]}"#, "missing_field", Some("employees[0].name")),
        (r#"{"employees":[{"id":1,"name":"A"}]}"#, "invalid_value", Some("employees[0].id")),
        (r#"{"employees":[["1","A"]]}"#, "invalid_value", Some("employees[0]")),
        (r#"{"employees":{"id":"1"}}"#, "invalid_value", Some("employees")),
        (r#"{"employees":[],"employees":[]}"#, "invalid_value", Some("employees")),
    ] {
        let (status, answer, _) = bench.send(put(body, Some("application/json; charset=utf-8"))).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (400, &json!(code)), "{body}");
        assert_eq!(answer["error"]["field"].as_str(), field, "{body} {answer}");
    }
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("")] {
        assert_eq!(bench.send(put("{}", kind)).await.0, 415);
    }
}

#[tokio::test]
async fn paths_methods_and_queries_have_the_same_errors() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    for path in ["/", "/v1", "/v1/", "/v1/nothing", "/v1/accounts/", "/v2/accounts", "/v1/channels/a/b/c"] {
        bench.refused(&key, ("GET", path), None, (404, "not_found", None)).await;
    }
    for (method, path) in [
        ("POST", "/v1/account"),
        ("DELETE", "/v1/channels"),
        ("PUT", "/v1/openapi.json"),
        ("PATCH", "/v1/crm"),
    ] {
        bench.refused(&key, (method, path), None, (405, "method_not_allowed", None)).await;
    }
    for path in
        [format!("/v1/channels/{}", "x".repeat(101)), "/v1/channels/%00".into(), "/v1/channels/%FF".into()]
    {
        bench.refused(&key, ("GET", &path), None, (404, "not_found", None)).await;
    }
    for (query, code, field) in [
        ("limit=0", "invalid_value", "limit"),
        ("limit=101", "invalid_value", "limit"),
        ("limit=-1", "invalid_value", "limit"),
        ("limit=x", "invalid_value", "limit"),
        ("limit=1&limit=2", "invalid_value", "limit"),
        ("offset=1", "unknown_field", "offset"),
        ("cursor=x", "invalid_cursor", "cursor"),
        ("cursor=", "invalid_cursor", "cursor"),
    ] {
        bench
            .refused(OPERATOR, ("GET", &format!("/v1/accounts?{query}")), None, (400, code, Some(field)))
            .await;
    }
    for (query, code, field) in [
        ("", "missing_field", "channel"),
        ("channel=a&employee=b", "invalid_value", "employee"),
        ("unanswered_by=b&state=live", "invalid_value", "state"),
        ("channel=a&state=closed", "invalid_value", "state"),
        ("employee=", "invalid_value", "employee"),
    ] {
        bench.refused(&key, ("GET", &format!("/v1/chats?{query}")), None, (400, code, Some(field))).await;
    }
}

/// A pipelines row that cannot be parsed.
#[derive(serde::Serialize, serde::Deserialize)]
struct Garbage {
    account: AccountId,
    pipelines: String,
}

impl Row for Garbage {
    fn key(&self) -> Key {
        keys::pipelines(&self.account)
    }
}

#[tokio::test]
async fn our_own_faults_are_told_to_nobody() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let row = Garbage { account: AccountId::new(company.id.as_str()), pipelines: "secret words".into() };
    bench.app.store.commit(vec![Write::put(&row).unwrap()]).await.unwrap();
    let answer = bench.expect(500, &company.key, "GET", "/v1/pipelines", None).await;
    assert_eq!(answer["error"], json!({"code": "internal", "message": "internal error"}));
}

#[tokio::test]
async fn a_busy_table_or_a_silent_aws_is_503_with_retry_after() {
    for broken in ["table", "outside"] {
        let bench = Bench::broken(broken).await;
        let key = if broken == "table" { "sb_any" } else { OPERATOR };
        let request = Request::builder().uri("/v1/accounts").header("authorization", format!("Bearer {key}"));
        let (status, answer, headers) = bench.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (503, &json!("unavailable")), "{broken}");
        assert_eq!(headers["retry-after"], "1");
    }
}
