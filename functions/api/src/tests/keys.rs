//! Keys: created, revealed, rotated with an overlap, and when each was last used.

use crate::testing::{Bench, Company, OPERATOR};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::{AccountId, hex_digest};
use shared::store::keys::ApiKeyRow;
use shared::store::row::Write;
use shared::store::{Read, keys};
use std::time::Duration;

async fn listed(bench: &Bench, key: &str) -> Vec<Value> {
    let answer = bench.expect(200, key, "GET", "/v1/keys", None).await;
    answer["keys"].as_array().unwrap().clone()
}

async fn made(bench: &Bench, key: &str) -> (String, String) {
    bench.clock.advance(Duration::from_millis(1));
    let answer = bench.expect(201, key, "POST", "/v1/keys", Some(json!({"name": "CRM"}))).await;
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

async fn row_of(bench: &Bench, key: &str) -> ApiKeyRow {
    bench.app.store.get(&keys::api_key(&hex_digest(key.as_bytes())), Read::Consistent).await.unwrap().unwrap()
}

async fn two() -> (Bench, Company, Company) {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    (bench, one, two)
}

#[tokio::test]
async fn an_admin_makes_a_key_and_reads_it_again() {
    let (bench, one, other) = two().await;
    let (id, key) = made(&bench, &one.key).await;
    assert_eq!((key.len(), &key[..3]), (67, "sb_"));
    bench.expect(200, &key, "GET", "/v1/account", None).await;
    let all = listed(&bench, &one.key).await;
    assert_eq!((all.len(), &all[1]["name"], &all[0]["name"]), (2, &json!("CRM"), &Value::Null));
    assert!(!json!(all).to_string().contains(&key));
    let path = format!("/v1/keys/{id}/secret");
    assert_eq!(bench.expect(200, &one.key, "GET", &path, None).await, json!({"id": id, "key": key}));
    let principal = Request::builder().uri(&path).header("authorization", format!("Bearer {OPERATOR}"));
    let principal = principal.header("switchboard-account", &one.id).body(Body::empty()).unwrap();
    let (status, answer, headers) = bench.send(principal).await;
    assert_eq!((status.as_u16(), answer["key"].as_str()), (200, Some(key.as_str())));
    assert_eq!(headers["cache-control"], "no-store");
    assert!(!headers.contains_key("etag"));
    for foreign in [&path, &format!("/v1/keys/{id}/rotate"), &format!("/v1/keys/{id}")] {
        let method = if foreign.ends_with("secret") {
            "GET"
        } else if foreign.ends_with("rotate") {
            "POST"
        } else {
            "DELETE"
        };
        bench.refused(&other.key, (method, foreign), Some(json!({})), (404, "not_found", None)).await;
    }
    for (body, code, field) in [
        (json!({"name": ""}), "invalid_value", "name"),
        (json!({"name": "x".repeat(201)}), "invalid_value", "name"),
        (json!({"prefix": "sb_"}), "unknown_field", "prefix"),
    ] {
        bench.refused(&one.key, ("POST", "/v1/keys"), Some(body), (400, code, Some(field))).await;
    }
}

#[tokio::test]
async fn a_key_of_before_keys_were_kept_works_and_is_not_revealed() {
    let (bench, one, _) = two().await;
    let before = row_of(&bench, &one.key).await;
    let mut old = before.clone();
    old.key.secret = None;
    bench.app.store.commit(vec![Write::change(&before, &old, &[]).unwrap().unwrap()]).await.unwrap();
    let id = before.key.key_id;
    bench.refused(&one.key, ("GET", &format!("/v1/keys/{id}/secret")), None, (422, "not_kept", None)).await;
    bench.expect(201, &one.key, "POST", &format!("/v1/keys/{id}/rotate"), Some(json!({}))).await;
}

#[tokio::test]
async fn p9_a_key_is_printed_by_its_prefix() {
    let (bench, one, _) = two().await;
    let (id, key) = made(&bench, &one.key).await;
    let account = AccountId::new(one.id.as_str());
    let (fresh, _) = crate::account::keys::fresh_key(&bench.app, &account, None).await.unwrap();
    let secret = serde_json::to_value(&fresh).unwrap()["key"].as_str().unwrap().to_owned();
    assert!(!format!("{fresh:?}").contains(&secret));
    let row = row_of(&bench, &key).await;
    assert!(!format!("{row:?}").contains(&key) && row.key.key_id.as_str() == id);
}

#[tokio::test]
async fn a_rotated_key_works_until_its_overlap_is_over() {
    let (bench, one, _) = two().await;
    let id = listed(&bench, &one.key).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/keys/{id}/rotate");
    for wrong in [json!(-1), json!(2_592_001), json!("1"), json!(1.5), json!(null)] {
        let body = Some(json!({"overlap_s": wrong}));
        bench.refused(&one.key, ("POST", &path), body, (400, "invalid_value", Some("overlap_s"))).await;
    }
    let answer = bench.expect(201, &one.key, "POST", &path, Some(json!({"overlap_s": 100}))).await;
    let fresh = answer["key"]["key"].as_str().unwrap();
    let fresh_path = format!("/v1/keys/{}", answer["key"]["id"].as_str().unwrap());
    assert_eq!(answer["replaced"]["expires_at"], "2026-11-21T09:11:40.000Z");
    bench.refused(&one.key, ("POST", &path), Some(json!({})), (409, "already_rotated", None)).await;
    // A key that is ending does not count as the account's remaining key.
    bench.refused(fresh, ("DELETE", &fresh_path), None, (409, "last_key", None)).await;
    bench.clock.advance(Duration::from_millis(99_999));
    bench.expect(200, &one.key, "GET", "/v1/account", None).await;
    assert_eq!(listed(&bench, fresh).await.len(), 2);
    bench.clock.advance(Duration::from_millis(1));
    bench.expect(401, &one.key, "GET", "/v1/account", None).await;
    assert_eq!(listed(&bench, fresh).await.len(), 1);
    // The ended key's rows still exist, because the table deletes them later.
    for (method, path) in [("POST", path.clone()), ("DELETE", format!("/v1/keys/{id}"))] {
        bench.expect(404, fresh, method, &path, Some(json!({}))).await;
    }
    assert_eq!(row_of(&bench, &one.key).await.key.expires_at, Some(bench.clock.now().seconds()));
}

#[tokio::test]
async fn an_overlap_of_nothing_ends_the_key_at_once_and_the_default_is_a_day() {
    let (bench, one, other) = two().await;
    let rotate = async |key: &str, body: Value| {
        let id = listed(&bench, key).await[0]["id"].as_str().unwrap().to_owned();
        bench.expect(201, key, "POST", &format!("/v1/keys/{id}/rotate"), Some(body)).await
    };
    let answer = rotate(&one.key, json!({"overlap_s": 0})).await;
    bench.expect(401, &one.key, "GET", "/v1/account", None).await;
    bench.expect(200, answer["key"]["key"].as_str().unwrap(), "GET", "/v1/account", None).await;
    let answer = rotate(&other.key, json!({})).await;
    assert_eq!(answer["replaced"]["expires_at"], "2026-11-22T09:10:00.000Z");
}

#[tokio::test]
async fn an_ending_key_may_be_revoked() {
    let (bench, one, _) = two().await;
    let id = listed(&bench, &one.key).await[0]["id"].as_str().unwrap().to_owned();
    let answer = bench.expect(201, &one.key, "POST", &format!("/v1/keys/{id}/rotate"), Some(json!({}))).await;
    let fresh = answer["key"]["key"].as_str().unwrap();
    bench.expect(204, fresh, "DELETE", &format!("/v1/keys/{id}"), None).await;
    bench.expect(401, &one.key, "GET", "/v1/account", None).await;
}

#[tokio::test]
async fn of_two_rotations_at_once_one_is_done() {
    let (bench, one, _) = two().await;
    let id = listed(&bench, &one.key).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/keys/{id}/rotate");
    let rotate = || bench.call(&one.key, "POST", &path, Some(json!({})));
    let (left, right) = tokio::join!(rotate(), rotate());
    let mut statuses = [left.0, right.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{left:?} {right:?}");
    assert_eq!(listed(&bench, &one.key).await.len(), 2);
}

#[tokio::test]
async fn an_account_has_at_most_fifty_keys() {
    let (bench, one, _) = two().await;
    for _ in 1..50 {
        made(&bench, &one.key).await;
    }
    let id = listed(&bench, &one.key).await[0]["id"].as_str().unwrap().to_owned();
    let (make, body) = (("POST", "/v1/keys"), Some(json!({})));
    bench.refused(&one.key, make, body.clone(), (422, "too_many_keys", None)).await;
    let rotate = format!("/v1/keys/{id}/rotate");
    bench.refused(&one.key, ("POST", &rotate), body.clone(), (422, "too_many_keys", None)).await;
    let of_operator = format!("/v1/accounts/{}/keys", one.id);
    bench.refused(OPERATOR, ("POST", &of_operator), None, (422, "too_many_keys", None)).await;
}

#[tokio::test]
async fn the_last_use_is_noted_once_an_hour() {
    let (bench, one, _) = two().await;
    let used = async || row_of(&bench, &one.key).await.key.last_used_at;
    assert_eq!(used().await, None);
    let first = bench.clock.now();
    // A request that fails counts as a use, too.
    bench.expect(404, &one.key, "GET", "/v1/channels/unknown", None).await;
    assert_eq!(used().await, Some(first));
    bench.clock.advance(Duration::from_millis(3_599_999));
    bench.expect(200, &one.key, "GET", "/v1/account", None).await;
    assert_eq!(used().await, Some(first));
    bench.clock.advance(Duration::from_millis(1));
    bench.expect(200, &one.key, "GET", "/v1/account", None).await;
    assert_eq!(used().await, Some(bench.clock.now()));
    let shown = listed(&bench, &one.key).await;
    assert_eq!(shown[0]["last_used_at"], bench.clock.now().rfc3339());
}

#[tokio::test]
async fn a_use_that_cannot_be_noted_fails_nothing() {
    let (bench, one, _) = two().await;
    let (id, key) = made(&bench, &one.key).await;
    // The key revokes itself while its first use is recorded: in either order, it is gone and does not come back.
    bench.expect(204, &key, "DELETE", &format!("/v1/keys/{id}"), None).await;
    bench.expect(401, &key, "GET", "/v1/account", None).await;
    assert_eq!(listed(&bench, &one.key).await.len(), 1);
}
