//! The OpenAPI document, and requests as API Gateway sends them.

use super::access::routes_of;
use super::rows;
use crate::testing::{Bench, OPERATOR};
use axum::body::to_bytes;
use serde_json::{Value, json};
use shared::model::message::listing::{ChatListing, Listing};
use shared::store::keys;
use std::collections::HashSet;
use std::sync::Arc;
use tower::ServiceExt;

async fn document(bench: &Bench) -> Value {
    bench.expect(200, "", "GET", "/v1/openapi.json", None).await
}

/// Visits every value below, with its path.
fn walk(value: &Value, at: &str, see: &mut dyn FnMut(&str, &Value)) {
    see(at, value);
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| walk(value, &format!("{at}/{name}"), see))
        }
        Value::Array(entries) => entries.iter().for_each(|value| walk(value, at, see)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_whole() {
    let bench = Bench::new().await;
    let document = document(&bench).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    walk(&document, "", &mut |at, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let target = document.pointer(reference.strip_prefix('#').unwrap());
            assert!(target.is_some_and(|target| !target.is_null()), "{at} → {reference}");
        }
        // `nullable` is of OpenAPI 3.0; 3.1 does not have it.
        assert!(!(at.contains("/schemas/") && value.get("nullable").is_some_and(Value::is_boolean)), "{at}");
    });
    let mut ids = HashSet::new();
    let tags: HashSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name}");
            assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{name}");
            check_parameters(&name, path, operation);
            check_answers(&name, operation);
        }
    }
}

fn check_parameters(name: &str, path: &str, operation: &Value) {
    let named: HashSet<_> =
        path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let declared: HashSet<_> = parameters
        .iter()
        .filter(|one| one["in"] == "path")
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(named, declared, "{name}");
    for parameter in parameters.iter().filter(|one| one.get("$ref").is_none()) {
        assert!(["path", "query", "header"].contains(&parameter["in"].as_str().unwrap()), "{name}");
        assert!(
            parameter["schema"].is_object() && parameter["required"] == json!(parameter["in"] == "path"),
            "{name} {parameter}"
        );
    }
}

fn check_answers(name: &str, operation: &Value) {
    let responses = operation["responses"].as_object().unwrap();
    // No kind of CRM supports refreshing its employees yet, so this route never succeeds.
    let never_done = name == "post /v1/crm/refresh";
    let done = responses.keys().any(|status| status.starts_with(['2', '3']));
    assert!(done != never_done && responses.contains_key("500"), "{name}");
    let public = operation["security"] == json!([{}]);
    assert_eq!(public, operation["tags"][0] == "about" || operation["tags"][0] == "media", "{name}");
    if !public {
        assert!(responses.contains_key("401") && responses.contains_key("503"), "{name}");
    }
    for (status, response) in responses {
        assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {status}");
        let content = &response["content"]["application/json"];
        let v3 = operation["tags"][0] == "v3";
        if status == "204" || status == "302" || status == "304" || (v3 && status == "429") {
            assert!(content.is_null(), "{name}");
            continue;
        }
        assert!(!content["example"].is_null(), "{name} {status}");
        if status.starts_with(['4', '5']) {
            let shape = if v3 { "V3ErrorAnswer" } else { "ErrorAnswer" };
            assert_eq!(content["schema"]["$ref"], format!("#/components/schemas/{shape}"), "{name} {status}");
        }
    }
    if let Some(body) = operation.get("requestBody") {
        assert!(!body["content"]["application/json"]["example"].is_null(), "{name}");
    }
}

/// The document describes the fields of the entities of `/v3`, and its examples have the required ones.
#[tokio::test]
async fn the_bodies_of_v3_are_described() {
    let document = document(&Bench::new().await).await;
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"];
            let listed =
                if body["schema"]["type"] == "array" { &body["schema"]["items"] } else { &body["schema"] };
            let Some(reference) = listed["$ref"].as_str().filter(|_| path.starts_with("/v3/")) else {
                continue;
            };
            let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
            let example = body["example"].as_array().map_or(&body["example"], |entries| &entries[0]);
            let known: HashSet<_> = schema["properties"].as_object().unwrap().keys().collect();
            assert!(example.as_object().unwrap().keys().all(|name| known.contains(name)), "{method} {path}");
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(example.get(name.as_str().unwrap()).is_some(), "{method} {path} {name}");
            }
            described.push(path.trim_start_matches("/v3/"));
        }
    }
    for entity in ["contacts", "deals", "users", "pipelines", "webhooks"] {
        assert!(described.contains(&entity), "{entity} {described:?}");
    }
}

/// The router and the document come from one list, so every route is in both; this test checks the list itself.
#[tokio::test]
async fn the_document_lists_every_route() {
    let bench = Bench::new().await;
    let document = document(&bench).await;
    let mut routes: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        routes.extend(
            item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())),
        );
    }
    routes.sort();
    let mut expected: Vec<&str> = include_str!("routes.txt").lines().collect();
    expected.sort_unstable();
    assert_eq!(routes, expected);
    // Each route is served: its documented method is not refused with 405.
    for (method, path, _) in routes_of(&document) {
        let (status, _) = bench.call("", &method, &path, None).await;
        assert_eq!(status, 401, "{method} {path}");
        assert_eq!(bench.call("", "TRACE", &path, None).await.0, 405, "{path}");
    }
}

#[tokio::test]
async fn the_documents_examples_are_accepted() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let (channels, connection) = bench.connected(&company.key, &["c1"]).await;
    let keys = bench.expect(200, &company.key, "GET", "/v1/keys", None).await;
    let key_id = keys["keys"][0]["id"].as_str().unwrap().to_owned();
    let document = document(&bench).await;
    // Create what the examples of bodies and paths name.
    let event = rows::event(&channels[0], "chat", "8fafd4aa-7c20-4c0d-af19-0a15d3004bc7", 1);
    let mut chat = rows::chat(&bench, &company, &channels[0], "chat", 1, 0).await;
    let message = chat.receive(&event, None, chat.listed_at).unwrap();
    rows::create(&bench, &[message]).await;
    let listing = Listing { id: "2508461773".into(), ..Listing::default() };
    let listing = ChatListing::tell(None, &chat.account, &chat.chat, &listing, chat.listed_at).unwrap();
    rows::create(&bench, &[listing]).await;
    for contact in ["contact", "019aa600-2f4b-7d01-93c4-5d1a0e7b8c22"] {
        rows::contact(&bench, &company, contact, None, &[]).await;
    }
    let reply = Some(json!({"title": "Hi", "text": "Hello"}));
    let reply = bench.expect(201, &company.key, "POST", "/v1/quick-replies", reply).await;
    let sent = Some(json!({"text": "Hello"}));
    let sent = bench.expect(202, &company.key, "POST", "/v1/chats/chat/messages", sent).await;
    let head = json!({"role": "head", "receives_new_clients": false});
    for employee in ["17", "18"] {
        bench.token(&company.key, employee).await;
        let place = format!("/v1/channels/{}/employees/{employee}", channels[0]);
        bench.expect(200, &company.key, "PUT", &place, Some(head.clone())).await;
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(body) = operation.get("requestBody").filter(|_| operation["tags"][0] != "v3") else {
                continue;
            };
            let mut example = body["content"]["application/json"]["example"].clone();
            if path == "/v1/chats" || path == "/v1/rules/dry-run" {
                example["channel"] = json!(channels[0]);
            }
            // Routes below `/v1/me` need an employee's token.
            let token = if path.starts_with("/v1/me/") {
                bench.token(&company.key, "18").await
            } else {
                String::new()
            };
            let key = match (operation["tags"][0] == "operator", token.as_str()) {
                (true, _) => OPERATOR,
                (false, "") => &company.key,
                (false, token) => token,
            };
            let path = path
                .replace("{channel}", &channels[0])
                .replace("{employee}", "17")
                .replace("{connection}", &connection)
                .replace("{chat}", "chat")
                .replace("{contact}", "contact")
                .replace("{key}", &key_id)
                .replace("{reply}", reply["id"].as_str().unwrap())
                .replace("{message}", sent["message"]["id"].as_str().unwrap())
                .replace("{listing}", &keys::listing_digest("2508461773"));
            if path == "/v1/connections" {
                bench.list(&["c9"]);
            }
            if path.contains("/employees/17") {
                let load = json!({"employees": [{"id": "17", "name": "Anna"}]});
                bench.expect(200, &company.key, "PUT", "/v1/employees", Some(load)).await;
            }
            let (status, answer) = bench.call(key, &method.to_uppercase(), &path, Some(example)).await;
            assert!((200..300).contains(&status), "{method} {path} {answer}");
        }
    }
}

#[tokio::test]
async fn api_gateways_events_reach_their_routes() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    bench.list(&["e0629e11-0f67-4567-92a9-2237e91ec1b9"]);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/api");
    let mut visible = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap().replace("sb_example", &company.key);
        let text = text
            .replace("operator-example", OPERATOR)
            .replace("019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a10", &company.id);
        let expected: Value = serde_json::from_str(&text).unwrap();
        for stage in ["$default", "prod"] {
            let mut event = expected.clone();
            event["requestContext"]["stage"] = stage.into();
            let request = lambda_http::request::from_str(&event.to_string()).unwrap();
            let answer = crate::service(Arc::clone(&bench.app)).oneshot(request).await.unwrap();
            let (parts, body) = answer.into_parts();
            let body: Value =
                serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap_or_default();
            if path.file_stem().unwrap() == "unknown-field" {
                assert_eq!(
                    (parts.status.as_u16(), &body["error"]["field"]),
                    (400, &json!("close_after")),
                    "{body}"
                );
                assert_eq!(body["request_id"], event["requestContext"]["requestId"]);
            } else if stage == "$default" || parts.status != 409 {
                assert!(parts.status.is_success(), "{} {stage} {body}", path.display());
            }
        }
        visible += 1;
    }
    assert!(visible >= 6);
}
