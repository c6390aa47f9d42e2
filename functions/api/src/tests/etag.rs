//! Reads whose answer did not change are not sent again.

use crate::testing::Bench;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use serde_json::{Value, json};

async fn read(bench: &Bench, key: &str, path: &str, known: &str) -> (u16, Value, HeaderMap) {
    let request = Request::builder().uri(path).header("authorization", format!("Bearer {key}"));
    let request = request.header("if-none-match", known).body(Body::empty()).unwrap();
    let (status, body, headers) = bench.send(request).await;
    (status.as_u16(), body, headers)
}

#[tokio::test]
async fn what_did_not_change_is_told_by_304() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (status, first, headers) = read(&bench, &key, "/v1/account", "").await;
    let tag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!((status, headers["cache-control"].to_str().unwrap()), (200, "private, no-cache"));
    assert!(tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".into()] {
        let (status, body, headers) = read(&bench, &key, "/v1/account", &known).await;
        assert_eq!((status, body), (304, Value::Null), "{known}");
        assert_eq!(headers["etag"], tag.as_str());
        assert_eq!(headers["cache-control"], "private, no-cache");
        assert!(!headers.contains_key("content-type"));
    }
    for other in ["\"x\"", &tag[1..33], &tag.to_uppercase()] {
        assert_eq!(read(&bench, &key, "/v1/account", other).await.1, first, "{other}");
    }
    bench.expect(200, &key, "PATCH", "/v1/account", Some(json!({"name": "Other"}))).await;
    let (status, body, headers) = read(&bench, &key, "/v1/account", &tag).await;
    assert_eq!((status, body["name"].as_str()), (200, Some("Other")));
    assert_ne!(headers["etag"], tag.as_str());
}

#[tokio::test]
async fn only_reads_that_went_well_are_tagged() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    assert!(read(&bench, "", "/v1/openapi.json", "").await.2.contains_key("etag"));
    for (path, status) in [("/v1/channels/unknown", 404), ("/v1/nothing", 404), ("/v1/accounts", 403)] {
        let (got, body, headers) = read(&bench, &key, path, "*").await;
        assert_eq!(got, status, "{path} {body}");
        assert!(!headers.contains_key("etag"), "{path}");
    }
    let unknown = read(&bench, "sb_x", "/v1/account", "*").await;
    assert_eq!(unknown.0, 401, "a tag grants no access");
    let load = Request::builder().method("PUT").uri("/v1/employees").header("if-none-match", "*");
    let load =
        load.header("authorization", format!("Bearer {key}")).header("content-type", "application/json");
    let load = load.body(Body::from(r#"{"employees":[{"id":"1","name":"A"}]}"#)).unwrap();
    let (status, body, headers) = bench.send(load).await;
    assert_eq!((status.as_u16(), body["employees"][0]["id"].as_str()), (200, Some("1")));
    assert!(!headers.contains_key("etag"));
}

/// The document says of each read whether its answer has a tag; the read that reveals a key has none.
#[tokio::test]
async fn the_document_tells_which_reads_have_tags() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let document = bench.expect(200, "", "GET", "/v1/openapi.json", None).await;
    let mut tagged = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let expected = method == "get" && path.starts_with("/v1/") && path != "/v1/keys/{key}/secret";
            assert_eq!(
                operation["responses"]["304"]["headers"]["ETag"].is_object(),
                expected,
                "{method} {path}"
            );
            assert_eq!(
                operation["responses"]["200"]["headers"]["ETag"].is_object(),
                expected,
                "{method} {path}"
            );
            let parameters = operation["parameters"].to_string();
            assert_eq!(
                parameters.contains("#/components/parameters/if_none_match"),
                expected,
                "{method} {path}"
            );
            tagged += usize::from(expected);
            if expected && !path.contains('{') {
                let (status, _, headers) = read(&bench, &key, path, "").await;
                assert_eq!(headers.contains_key("etag"), status == 200, "{path}");
            }
        }
    }
    assert!(tagged >= 30, "{tagged}");
    let keys = bench.expect(200, &key, "GET", "/v1/keys", None).await;
    let secret = format!("/v1/keys/{}/secret", keys["keys"][0]["id"].as_str().unwrap());
    let (status, _, headers) = read(&bench, &key, &secret, "").await;
    assert_eq!((status, headers.contains_key("etag")), (200, false));
}
