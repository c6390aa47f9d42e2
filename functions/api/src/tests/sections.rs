//! Employees' tokens on every route: invalid ones, and what granted sections open.

use super::access::document;
use crate::http::route_access::{Opens, opens};
use crate::testing::{Bench, Company};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::model::employee::Section;
use std::time::Duration;

/// Settings routes that any employee may call, because the handlers check the employee themselves.
const BY_THEMSELVES: [&str; 3] =
    ["/v1/quick-replies", "/v1/quick-replies/{reply}", "/v1/employees/{employee}/unanswered"];

/// Every route that asks for a key: method, pattern, and the path with ids that do not exist.
fn routes(document: &Value) -> Vec<(Method, String, String)> {
    let mut routes = Vec::new();
    for (pattern, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parts = pattern.split('/').map(|part| if part.starts_with('{') { "unknown" } else { part });
            let path = parts.collect::<Vec<_>>().join("/");
            if operation["security"] != json!([{}]) {
                routes.push((method.to_uppercase().parse().unwrap(), pattern.clone(), path));
            }
        }
    }
    assert!(routes.len() >= 60, "{}", routes.len());
    routes
}

async fn two() -> (Bench, Company, Company) {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    (bench, one, two)
}

/// Starts a new window of the rate limit, so that no request is refused because of earlier ones.
fn next_window(bench: &Bench) {
    bench.clock.advance(Duration::from_secs(5));
}

/// A token with changed claims and its old signature.
fn forged(token: &str, header: Option<&str>, change: &dyn Fn(&mut Value)) -> String {
    let parts: Vec<&str> = token.trim_start_matches("sbe_").split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    change(&mut claims);
    let header = header.map_or(parts[0].to_owned(), |header| URL_SAFE_NO_PAD.encode(header));
    format!("sbe_{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2])
}

#[tokio::test]
async fn p9_no_route_opens_with_what_is_over_or_forged() {
    let (bench, one, other) = two().await;
    let routes = routes(&document(&bench).await);
    let gone = bench.token(&one.key, "18").await;
    bench.expect(204, &one.key, "DELETE", "/v1/employees/18", None).await;
    let over = bench.token(&one.key, "17").await;
    let keys = bench.expect(200, &one.key, "GET", "/v1/keys", None).await;
    let rotate = format!("/v1/keys/{}/rotate", keys["keys"][0]["id"].as_str().unwrap());
    let fresh = bench.expect(201, &one.key, "POST", &rotate, Some(json!({"overlap_s": 3600}))).await;
    bench.clock.advance(Duration::from_secs(3600));
    let key = fresh["key"]["key"].as_str().unwrap();
    let good = bench.token(key, "17").await;
    bench.token(&other.key, "17").await;
    let none = r#"{"alg":"none","typ":"JWT"}"#;
    let of_other = json!(other.id);
    let unsigned = format!("{}.", forged(&good, Some(none), &|_| ()).rsplit_once('.').unwrap().0);
    for (what, key) in [
        ("a key that ended", one.key.clone()),
        ("a token that ended", over.clone()),
        ("of an employee who is gone", gone),
        ("made longer", forged(&over, None, &|claims| claims["exp"] = json!(i64::MAX))),
        ("for somebody else", forged(&good, None, &|claims| claims["employee"] = json!("19"))),
        ("for another account", forged(&good, None, &|claims| claims["account"] = of_other.clone())),
        ("for no account", forged(&good, None, &|claims| claims["account"] = json!("a#b"))),
        ("alg none", forged(&good, Some(none), &|_| ())),
        ("alg none, unsigned", unsigned),
        ("no token at all", "sbe_".to_owned()),
        ("too long", format!("sbe_{}", "x".repeat(5000))),
    ] {
        for (method, _, path) in &routes {
            let request = axum::http::Request::builder().method(method).uri(path);
            let request = request.header("authorization", format!("Bearer {key}"));
            let request = request.body(axum::body::Body::empty()).unwrap();
            let answer = tower::ServiceExt::oneshot(bench.router.clone(), request).await.unwrap();
            assert_eq!(answer.status(), 401, "{what}: {method} {path}");
        }
    }
    bench.expect(200, &good, "GET", "/v1/me", None).await;
}

/// What an employee gets on a route, without a body.
async fn told(bench: &Bench, token: &str, method: &Method, path: &str) -> (u16, Value) {
    bench.call(token, method.as_str(), path, None).await
}

#[tokio::test]
async fn a_section_opens_its_routes_and_no_others() {
    let (bench, one, _) = two().await;
    let routes = routes(&document(&bench).await);
    let token = bench.token(&one.key, "17").await;
    let sections = [
        Section::Connections,
        Section::Channels,
        Section::Employees,
        Section::Crm,
        Section::Account,
        Section::Blacklist,
        Section::QuickReplies,
        Section::Contacts,
    ];
    let mut opened = Vec::new();
    for section in sections {
        let body = Some(json!({"sections": [section]}));
        bench.expect(200, &one.key, "PUT", "/v1/employees/17/sections", body).await;
        next_window(&bench);
        for (method, pattern, path) in routes.iter().filter(|(_, pattern, _)| pattern.starts_with("/v1/")) {
            let opens = opens(method, pattern);
            if BY_THEMSELVES.contains(&pattern.as_str())
                || (opens.is_none() && !pattern.starts_with("/v1/accounts"))
            {
                continue;
            }
            let (status, answer) = told(&bench, &token, method, path).await;
            let (code, name) = (&answer["error"]["code"], format!("{method} {pattern} with {section:?}"));
            match opens {
                _ if pattern.starts_with("/v1/accounts") => {
                    assert_eq!((status, code), (403, &json!("forbidden")), "{name}")
                }
                Some(Opens::Granted(needed)) if needed == section => {
                    assert!(status != 401 && status != 403, "{name}: {answer}");
                    opened.push(section);
                }
                Some(Opens::Granted(needed)) => {
                    assert_eq!((status, code), (403, &json!("section_not_granted")), "{name}: {answer}");
                    let word = json!(needed).to_string();
                    assert!(answer["error"]["message"].as_str().unwrap().contains(&word), "{name}: {answer}");
                }
                _ => assert_eq!((status, code), (403, &json!("admin_only")), "{name}: {answer}"),
            }
        }
    }
    for section in sections.iter().filter(|section| **section != Section::QuickReplies) {
        assert!(opened.contains(section), "{section:?} opens nothing");
    }
}

/// Without a section an employee changes no setting, and calls other routes by their roles.
#[tokio::test]
async fn without_a_section_a_token_opens_no_setting() {
    let (bench, one, other) = two().await;
    let token = bench.token(&one.key, "17").await;
    for (method, pattern, path) in routes(&document(&bench).await) {
        let (status, answer) = told(&bench, &token, &method, &path).await;
        assert_ne!(status, 401, "{method} {pattern} {answer}");
        if opens(&method, &pattern).is_some() && !BY_THEMSELVES.contains(&pattern.as_str()) {
            assert_eq!(status, 403, "{method} {pattern} {answer}");
        }
    }
    let request =
        axum::http::Request::builder().uri("/v1/me").header("authorization", format!("Bearer {token}"));
    let request = request.header("switchboard-account", &other.id).body(axum::body::Body::empty()).unwrap();
    assert_eq!(bench.send(request).await.0, 404, "an employee acts only for their own account");
}

/// Every route is a setting or is listed here: a new route needs one of the two.
#[tokio::test]
async fn every_route_is_a_setting_or_open_by_role() {
    let by_role = [
        "/v1/chats",
        "/v1/me",
        "/v1/uploads",
        "/v1/numbers",
        "/v1/dialogues",
        "/v3",
        "/v1/messages",
        "/v1/notices",
        "/v1/waiting",
    ];
    let bench = Bench::new().await;
    for (method, pattern, _) in routes(&document(&bench).await) {
        let known =
            opens(&method, &pattern).is_some() || by_role.iter().any(|begins| pattern.starts_with(begins));
        assert!(known, "{method} {pattern}: no line in sections.rs, and not open by role");
    }
}

#[tokio::test]
async fn grants_are_for_employees_who_are_there_and_are_replaced_whole() {
    let (bench, one, _) = two().await;
    let token = bench.token(&one.key, "17").await;
    let put = ("PUT", "/v1/employees/17/sections");
    for (body, code, field) in [
        (json!({}), "missing_field", "sections"),
        (json!({"sections": ["keys"]}), "invalid_value", "sections[0]"),
        (json!({"sections": null}), "invalid_value", "sections"),
        (json!({"sections": [], "all": true}), "unknown_field", "all"),
    ] {
        bench.refused(&one.key, put, Some(body), (400, code, Some(field))).await;
    }
    let grant = |sections: Value| Some(json!({"sections": sections}));
    let unknown = ("PUT", "/v1/employees/18/sections");
    bench.refused(&one.key, unknown, grant(json!([])), (404, "not_found", None)).await;
    bench.expect(200, &one.key, put.0, put.1, grant(json!(["account", "crm"]))).await;
    bench.expect(200, &token, "GET", "/v1/account", None).await;
    let own = ("PUT", "/v1/employees/17/sections");
    bench.refused(&token, own, grant(json!(["channels"])), (403, "admin_only", None)).await;
    bench.expect(200, &one.key, put.0, put.1, grant(json!(["crm"]))).await;
    bench.refused(&token, ("GET", "/v1/account"), None, (403, "section_not_granted", None)).await;
    let again = json!({"employees": [{"id": "17", "name": "Renamed"}]});
    bench.expect(200, &one.key, "PUT", "/v1/employees", Some(again)).await;
    bench.expect(200, &token, "GET", "/v1/crm", None).await;
}
