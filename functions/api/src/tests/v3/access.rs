//! Authentication, unknown routes, invalid bodies, and the document's examples.

use super::refused;
use crate::testing::{Bench, OPERATOR};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

async fn routes(bench: &Bench) -> Vec<(String, String, Value)> {
    let document = bench.expect(200, "", "GET", "/v1/openapi.json", None).await;
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if path.starts_with("/v3/") {
                assert_eq!(operation["tags"][0], "v3", "{path}");
                let example = operation["requestBody"]["content"]["application/json"]["example"].clone();
                found.push((method.to_uppercase(), path.replace("{id}", "unknown"), example));
            }
        }
    }
    assert!(found.len() >= 20, "{}", found.len());
    found
}

#[tokio::test]
async fn only_an_accounts_key_opens_it() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let load = json!([{"id": "17", "name": "Anna"}]);
    bench.expect(200, &company.key, "POST", "/v3/users", Some(load)).await;
    let token = bench.expect(201, &company.key, "POST", "/v1/employees/17/tokens", Some(json!({}))).await;
    for (method, path, _) in routes(&bench).await {
        let route = (method.as_str(), path.as_str());
        let bare = Request::builder().method(method.as_str()).uri(&path).body(Body::empty()).unwrap();
        let (status, body, headers) = bench.send(bare).await;
        assert_eq!((status.as_u16(), &body["error"]), (401, &json!("UNAUTHORIZED")), "{method} {path}");
        assert_eq!(headers["www-authenticate"], "Bearer");
        refused(&bench, "sb_unknown", route, None, (401, "UNAUTHORIZED")).await;
        refused(&bench, "0123456789abcdef0123456789abcdef", route, None, (401, "UNAUTHORIZED")).await;
        refused(&bench, OPERATOR, route, None, (403, "FORBIDDEN")).await;
        refused(&bench, token["token"].as_str().unwrap(), route, None, (403, "FORBIDDEN")).await;
    }
}

#[tokio::test]
async fn what_is_no_route_is_told_in_the_same_shape() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    for path in ["/v3/iframe", "/v3/", "/v3/contacts/a/b", "/v3/templates"] {
        refused(&bench, &key, ("GET", path), None, (404, "NOT_FOUND")).await;
    }
    refused(&bench, &key, ("PUT", "/v3/channels"), None, (405, "METHOD_NOT_ALLOWED")).await;
    let large = json!([{"id": "1", "name": "x".repeat(1 << 20)}]);
    refused(&bench, &key, ("POST", "/v3/users"), Some(large), (413, "PAYLOAD_TOO_LARGE")).await;
}

#[tokio::test]
async fn a_body_is_read_whatever_its_type_is_called() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let post = |body: &'static str, kind: Option<&'static str>| {
        let request = Request::builder().method("POST").uri("/v3/users");
        let request = request.header("authorization", format!("Bearer {key}"));
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        request.body(Body::from(body)).unwrap()
    };
    for kind in
        [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/json")]
    {
        assert_eq!(bench.send(post(r#"[{"id": 1, "name": "A", "role": "boss"}]"#, kind)).await.0, 200);
    }
    assert_eq!(bench.send(post("\u{feff}[]", None)).await.0, 200);
    for body in ["", "{", "id=1&name=A", "[] x", "7"] {
        let (status, answer, _) = bench.send(post(body, Some("application/json"))).await;
        assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("VALIDATION_ERROR")), "{body}");
    }
}

#[tokio::test]
async fn examples_are_accepted() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    for (method, path, example) in routes(&bench).await {
        // Sending has tests of its own, and nothing listens at the webhook address of the example.
        if example.is_null() || path.starts_with("/v3/message") || path == "/v3/webhooks" {
            continue;
        }
        bench.expect(200, &company.key, &method, &path, Some(example)).await;
    }
}

/// A request as an HTTP API passes it on, with the path decoded.
fn passed_on(key: &str, method: &str, path: &str, query: &str) -> lambda_http::Request {
    let event = json!({
        "version": "2.0", "routeKey": "ANY /v3/{proxy+}", "rawPath": path, "rawQueryString": query,
        "headers": {"authorization": format!("Bearer {key}"), "host": "d"},
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d", "requestId": "r", "stage": "$default",
            "routeKey": "ANY /v3/{proxy+}", "time": "21/Nov/2026:09:10:00 +0000", "timeEpoch": 1_795_252_200_000_i64,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "1.2.3.4", "userAgent": "x"}
        },
        "isBase64Encoded": false
    });
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

#[tokio::test]
async fn a_slash_at_the_end_does_no_harm() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let request = passed_on(&key, "GET", "/v3/users/", "");
    let answer = crate::service(Arc::clone(&bench.app)).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_decoded_question_mark_does_not_end_the_path() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let user = json!([{"id": "a", "name": "Anna"}]);
    bench.expect(200, &key, "POST", "/v3/users", Some(user)).await;
    for (method, path, query, status) in [
        ("GET", "/v3/users/a", "x=1", 200),
        ("GET", "/v3/users/a?b", "", 404),
        ("GET", "/v3/users/a#b", "x=1", 404),
        // Neither is the route of a chat, which takes no PUT.
        ("PUT", "/v1/chats/\u{75dcf}?/tags", "", 415),
        ("PUT", "/v1/chats/a#/tags", "", 415),
        // Nor is a control character at the end no id.
        ("GET", "/v3/users/\u{1e}", "", 404),
        ("DELETE", "/v3/users/\u{1e}", "", 404),
        ("GET", "/v3/users/a\t", "", 404),
        ("GET", "/v1/chats/a?/messages", "limit=0", 400),
    ] {
        let request = passed_on(&key, method, path, query);
        let answer = crate::service(Arc::clone(&bench.app)).oneshot(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path} {query}");
    }
}

#[tokio::test]
async fn another_accounts_entities_are_as_unknown_ones() {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    let contact = json!([{"id": "e1", "name": "A", "responsibleUserId": "1", "contactData": []}]);
    bench.expect(200, &one.key, "POST", "/v3/contacts", Some(contact)).await;
    bench.expect(200, &one.key, "POST", "/v3/users", Some(json!([{"id": "e1", "name": "A"}]))).await;
    let deal = json!([{"id": "e1", "name": "A", "responsibleUserId": "1", "contacts": [], "closed": false}]);
    bench.expect(200, &one.key, "POST", "/v3/deals", Some(deal)).await;
    for kind in ["contacts", "deals", "users"] {
        for method in ["GET", "DELETE"] {
            let strip = |mut answer: Value| {
                answer["requestId"].take();
                answer
            };
            let own = bench.expect(404, &two.key, method, &format!("/v3/{kind}/e1"), None).await;
            let unknown = bench.expect(404, &two.key, method, &format!("/v3/{kind}/e2"), None).await;
            assert_eq!(strip(own), strip(unknown));
        }
        let path = format!("/v3/{kind}/bulk_delete");
        let unknown = bench.expect(200, &two.key, "PATCH", &path, Some(json!(["e1"]))).await;
        assert_eq!(unknown, json!(["e1"]));
        bench.expect(200, &one.key, "GET", &format!("/v3/{kind}/e1"), None).await;
        let all = bench.expect(200, &two.key, "GET", &format!("/v3/{kind}"), None).await;
        assert!(!all.to_string().contains("e1"), "{all}");
    }
    let own = bench.expect(200, &two.key, "GET", "/v3/unanswered/e1", None).await;
    assert_eq!(own, bench.expect(200, &two.key, "GET", "/v3/unanswered/e2", None).await);
}
