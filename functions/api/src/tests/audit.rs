//! The audit trail of settings changes: who changed what, and no secrets.

use crate::testing::{Bench, Company, OPERATOR};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use std::time::Duration;

async fn two() -> (Bench, Company, Company) {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    (bench, one, two)
}

async fn trail(bench: &Bench, key: &str) -> Vec<Value> {
    let answer = bench.expect(200, key, "GET", "/v1/audit?limit=100", None).await;
    answer["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_change_is_written_down_with_who_and_what() {
    let (bench, one, other) = two().await;
    let (channels, _) = bench.connected(&one.key, &["c1"]).await;
    bench.clock.advance(Duration::from_millis(1));
    let path = format!("/v1/channels/{}", channels[0]);
    bench.expect(200, &one.key, "PATCH", &path, Some(json!({"close_after_s": 900}))).await;
    let entries = trail(&bench, &one.key).await;
    let me = bench.expect(200, &one.key, "GET", "/v1/me", None).await;
    let mut last = entries[0].clone();
    assert!(last["id"].take().is_string());
    let expected = json!({
        "id": null, "at": "2026-11-21T09:10:00.001Z",
        "by": {"kind": "key", "key": me["key"]["id"], "prefix": me["key"]["prefix"]},
        "method": "PATCH", "route": "/v1/channels/{channel}", "ids": {"channel": channels[0]},
        "status": 200, "fields": {"close_after_s": 900}
    });
    assert_eq!(last, expected);
    assert_eq!(entries[1]["route"], "/v1/connections", "the newest first");
    assert_eq!(trail(&bench, &other.key).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_operator_and_an_employee_are_told_as_such() {
    let (bench, one, _) = two().await;
    let token = bench.token(&one.key, "17").await;
    let before = trail(&bench, &one.key).await;
    assert_eq!(before.len(), 1, "creating a token is not recorded: {before:?}");
    let sections = Some(json!({"sections": ["blacklist"]}));
    bench.expect(200, &one.key, "PUT", "/v1/employees/17/sections", sections).await;
    bench.clock.advance(Duration::from_millis(1));
    let block = json!({"identity": {"messenger": "vk", "user": "Ivan"}, "note": "Ivan is rude"});
    bench.expect(200, &token, "PUT", "/v1/blacklist", Some(block)).await;
    bench.clock.advance(Duration::from_millis(1));
    bench.expect(201, OPERATOR, "POST", &format!("/v1/accounts/{}/keys", one.id), None).await;
    bench.clock.advance(Duration::from_millis(1));
    let principal =
        Request::builder().method("PATCH").uri("/v1/account").header("content-type", "application/json");
    let principal = principal.header("authorization", format!("Bearer {OPERATOR}"));
    let principal =
        principal.header("switchboard-account", &one.id).body(Body::from(r#"{"name":"New"}"#)).unwrap();
    assert_eq!(bench.send(principal).await.0, 200);
    let entries = trail(&bench, &one.key).await;
    let told: Vec<_> = entries[..3].iter().map(|entry| (&entry["by"], &entry["fields"])).collect();
    let operator = json!({"kind": "operator"});
    assert_eq!(told[0], (&operator, &json!({"name": "New"})));
    assert_eq!(told[1], (&operator, &json!({})));
    let employee = json!({"kind": "employee", "employee": "17"});
    assert_eq!(told[2], (&employee, &json!({"identity": "…", "note": "…"})));
    assert!(!json!(entries).to_string().contains("Ivan"));
}

#[tokio::test]
async fn p9_no_key_token_or_secret_is_in_the_trail() {
    let (bench, one, _) = two().await;
    let token = bench.token(&one.key, "17").await;
    bench.connected(&one.key, &["c1"]).await;
    let crm = json!({
        "kind": "universal", "webhook_url": "https://crm.example.com/hook/very-secret", "crm_key": "very-secret"
    });
    bench.expect(200, &one.key, "PUT", "/v1/crm", Some(crm)).await;
    let made = bench.expect(201, &one.key, "POST", "/v1/keys", Some(json!({}))).await;
    let id = made["id"].as_str().unwrap();
    bench.expect(200, &one.key, "GET", &format!("/v1/keys/{id}/secret"), None).await;
    bench.expect(201, &one.key, "POST", &format!("/v1/keys/{id}/rotate"), Some(json!({}))).await;
    bench.expect(204, &one.key, "POST", "/v1/tokens/rotate-secret", None).await;
    let entries = json!(trail(&bench, &one.key).await);
    let text = entries.to_string();
    for secret in [&token, &one.key, "very-secret", "wazzup-key", made["key"].as_str().unwrap()] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    for route in ["/v1/keys/{key}/secret", "/v1/keys/{key}/rotate", "/v1/tokens/rotate-secret", "/v1/crm"] {
        assert!(text.contains(&format!("\"{route}\"")), "{route} in {text}");
    }
}

#[tokio::test]
async fn what_changed_nothing_is_not_written_down() {
    let (bench, one, _) = two().await;
    bench.expect(200, &one.key, "GET", "/v1/account", None).await;
    bench.expect(400, &one.key, "PATCH", "/v1/account", Some(json!({"region": "xx"}))).await;
    bench.expect(404, &one.key, "DELETE", "/v1/channels/unknown/employees/1", None).await;
    bench.expect(401, "sb_x", "PATCH", "/v1/account", Some(json!({"name": "A"}))).await;
    let large = json!({"name": "x".repeat(1 << 20)});
    bench.expect(413, &one.key, "PATCH", "/v1/account", Some(large)).await;
    assert_eq!(trail(&bench, &one.key).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_trail_is_read_page_by_page_and_ends_after_400_days() {
    let (bench, one, other) = two().await;
    for index in 0..5 {
        bench.clock.advance(Duration::from_millis(1));
        let body = Some(json!({"name": format!("Name {index}")}));
        bench.expect(200, &one.key, "PATCH", "/v1/account", body).await;
    }
    let (mut names, mut path) = (Vec::new(), "/v1/audit?limit=2".to_owned());
    loop {
        let page = bench.expect(200, &one.key, "GET", &path, None).await;
        names.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["fields"]["name"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/audit?limit=2&cursor={cursor}");
        bench.refused(&other.key, ("GET", &path), None, (400, "invalid_cursor", Some("cursor"))).await;
    }
    assert_eq!(names, ["Name 4", "Name 3", "Name 2", "Name 1", "Name 0"]);
    bench.clock.advance(Duration::from_secs(400 * 24 * 3600 - 1));
    assert_eq!(trail(&bench, &one.key).await.len(), 5);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(trail(&bench, &one.key).await.len(), 0, "also before the table deletes the rows");
}

/// A CRM row that cannot be parsed, so that replacing it fails midway.
#[derive(serde::Serialize, serde::Deserialize)]
struct Garbage {
    account: shared::base::ids::AccountId,
    webhook_url: u32,
}

impl shared::store::row::Row for Garbage {
    fn key(&self) -> shared::store::row::Key {
        shared::store::keys::crm(&self.account)
    }
}

#[tokio::test]
async fn what_failed_midway_is_written_down_as_failed() {
    let (bench, one, _) = two().await;
    let row = Garbage { account: shared::base::ids::AccountId::new(one.id.as_str()), webhook_url: 7 };
    super::rows::create(&bench, &[row]).await;
    bench.expect(500, &one.key, "PUT", "/v1/crm", Some(json!({"kind": "none"}))).await;
    let entries = trail(&bench, &one.key).await;
    assert_eq!((&entries[0]["status"], &entries[0]["route"]), (&json!(500), &json!("/v1/crm")));
}

#[test]
fn an_entry_that_is_older_than_its_status_was_done() {
    let row = json!({
        "v": 1, "account": "a", "id": "i", "at": 1, "by": {"kind": "operator"}, "method": "PATCH", "route": "/v1/account",
        "expires_at": 1
    });
    let read: shared::model::audit::AuditEntry = serde_json::from_value(row).unwrap();
    assert_eq!(read.status, 200);
}
