//! Connecting a provider: what is stored when, and what remains after a failure.

use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::ids::{AccountId, ConnectionId};
use shared::model::connection::TokenOwner;

fn new() -> Option<Value> {
    Some(json!({"provider": "wazzup", "name": "Our Wazzup", "api_key": "wazzup-key"}))
}

async fn connections(bench: &Bench, key: &str) -> Vec<Value> {
    let answer = bench.expect(200, key, "GET", "/v1/connections", None).await;
    answer["connections"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_connection_lists_its_channels_and_registers_its_webhook() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    bench.list(&["c1", "c2"]);
    let answer = bench.expect(201, &company.key, "POST", "/v1/connections", new()).await;
    let url = answer["webhook_url"].as_str().unwrap();
    let token = url.strip_prefix("https://api.example.com/webhooks/wazzup/").unwrap();
    assert_eq!(token.len(), 32);
    assert_eq!(bench.world.lock().unwrap().webhooks[0]["webhooksUri"], url);
    assert_eq!((&answer["connection"]["state"], &answer["skipped"]), (&json!("connected"), &json!([])));
    assert_eq!(
        (&answer["channels"][0]["external"], &answer["channels"][0]["name"]),
        (&json!("c1"), &json!("7900"))
    );
    let row = bench.app.store.webhook_token(token).await.unwrap().unwrap();
    let TokenOwner::Connection(owner) = &row.owner else { panic!("{row:?}") };
    assert_eq!((owner.account.as_str(), row.provider.as_str()), (company.id.as_str(), "wazzup"));
    let listed = bench.expect(200, &company.key, "GET", "/v1/connections", None).await.to_string();
    let id = answer["connection"]["id"].as_str().unwrap();
    let one =
        bench.expect(200, &company.key, "GET", &format!("/v1/connections/{id}"), None).await.to_string();
    for shown in [listed, one, answer.to_string().replace(url, "")] {
        assert!(!shown.contains(token) && !shown.contains("wazzup-key"), "{shown}");
    }
    let account = AccountId::new(company.id.as_str());
    let stored = bench.app.store.connection(&account, &ConnectionId::new(id)).await.unwrap().unwrap();
    assert!(!format!("{stored:?}").contains("wazzup-key"));
}

#[tokio::test]
async fn what_the_provider_refuses_leaves_nothing_behind() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    bench.list(&["c1"]);
    let unauthorized = (422, "provider_unauthorized", Some("api_key"));
    bench.world.lock().unwrap().list_fails = Some((401, json!({})));
    bench.refused(key, ("POST", "/v1/connections"), new(), unauthorized).await;
    bench.world.lock().unwrap().list_fails =
        Some((403, json!({"error": "FORBIDDEN", "description": "closed"})));
    let answer = bench.expect(422, key, "POST", "/v1/connections", new()).await;
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["message"]),
        (&json!("provider_refused"), &json!("FORBIDDEN: closed"))
    );
    {
        let mut world = bench.world.lock().unwrap();
        world.list_fails = None;
        world.register_fails = Some((400, json!({"error": "testPostNotPassed", "description": "no 200"})));
    }
    let answer = bench.expect(422, key, "POST", "/v1/connections", new()).await;
    assert_eq!(answer["error"]["message"], "testPostNotPassed: no 200");
    assert!(connections(&bench, key).await.is_empty());
    assert_eq!(bench.expect(200, key, "GET", "/v1/channels", None).await["channels"], json!([]));
    let tried = bench.world.lock().unwrap().webhooks[0]["webhooksUri"].as_str().unwrap().to_owned();
    let token = tried.rsplit('/').next().unwrap();
    assert!(bench.app.store.webhook_token(token).await.unwrap().is_none());
    bench.world.lock().unwrap().register_fails = None;
    let other = bench.company("Two").await;
    bench.expect(201, &other.key, "POST", "/v1/connections", new()).await;
}

#[tokio::test]
async fn an_unavailable_provider_is_tried_again_by_a_refresh() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    bench.list(&["c1"]);
    bench.world.lock().unwrap().list_fails = Some((503, json!({})));
    let answer = bench.expect(202, &key, "POST", "/v1/connections", new()).await;
    assert_eq!(answer["connection"]["state"], "connecting");
    assert!(answer["connection"]["error"].as_str().unwrap().contains("503"), "{answer}");
    let path = format!("/v1/connections/{}/refresh", answer["connection"]["id"].as_str().unwrap());
    let answer = bench.expect(202, &key, "POST", &path, None).await;
    assert!(answer.get("webhook_url").is_none());
    bench.world.lock().unwrap().list_fails = None;
    for _ in 0..2 {
        let answer = bench.expect(200, &key, "POST", &path, None).await;
        assert_eq!(
            (&answer["connection"]["state"], &answer["connection"]["error"]),
            (&json!("connected"), &json!(null))
        );
        assert_eq!(answer["channels"].as_array().unwrap().len(), 1);
    }
    bench.list(&["c2"]);
    let answer = bench.expect(200, &key, "POST", &path, None).await;
    let gone =
        answer["channels"].as_array().unwrap().iter().find(|channel| channel["external"] == "c1").unwrap();
    assert_eq!((&gone["state"], &gone["raw_state"]), (&json!("disabled"), &json!("not_listed")));
    bench.world.lock().unwrap().list_fails = Some((401, json!({})));
    bench.refused(&key, ("POST", &path), None, (422, "provider_unauthorized", Some("api_key"))).await;
    assert_eq!(connections(&bench, &key).await[0]["state"], "unauthorized", "it never stays green");
}

#[tokio::test]
async fn a_channel_has_one_owner_in_the_deployment() {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    bench.connected(&one.key, &["c1"]).await;
    bench.refused(&two.key, ("POST", "/v1/connections"), new(), (409, "channels_taken", None)).await;
    bench.refused(&one.key, ("POST", "/v1/connections"), new(), (409, "channels_taken", None)).await;
    assert!(connections(&bench, &two.key).await.is_empty());
    assert_eq!(connections(&bench, &one.key).await.len(), 1);
    bench.list(&["c1", "c2"]);
    let answer = bench.expect(201, &two.key, "POST", "/v1/connections", new()).await;
    assert_eq!(answer["skipped"], json!([{"external": "c1", "reason": "other_account"}]));
    assert_eq!(answer["channels"][0]["external"], "c2");
    bench.list(&["c1", "c3"]);
    let answer = bench.expect(201, &one.key, "POST", "/v1/connections", new()).await;
    assert_eq!(answer["skipped"], json!([{"external": "c1", "reason": "other_connection"}]));
}

#[tokio::test]
async fn disconnecting_closes_the_webhook_and_keeps_the_channels() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    bench.list(&["c1"]);
    let answer = bench.expect(201, &key, "POST", "/v1/connections", new()).await;
    let token = answer["webhook_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let channel = format!("/v1/channels/{}", answer["channels"][0]["id"].as_str().unwrap());
    bench.expect(200, &key, "PATCH", &channel, Some(json!({"name": "Sales", "close_after_s": 60}))).await;
    let path = format!("/v1/connections/{}", answer["connection"]["id"].as_str().unwrap());
    bench.world.lock().unwrap().register_fails = Some((500, json!({})));
    bench.expect(204, &key, "DELETE", &path, None).await;
    assert!(bench.app.store.webhook_token(&token).await.unwrap().is_none());
    let last = bench.world.lock().unwrap().webhooks.last().unwrap().clone();
    assert_eq!(last["subscriptions"]["messagesAndStatuses"], false);
    assert_eq!(bench.expect(200, &key, "GET", &channel, None).await["state"], "disabled");
    bench.expect(404, &key, "DELETE", &path, None).await;
    bench.expect(404, &key, "POST", &format!("{path}/refresh"), None).await;
    // Connected again, the channel is the same one, with its settings.
    bench.world.lock().unwrap().register_fails = None;
    let answer = bench.expect(201, &key, "POST", "/v1/connections", new()).await;
    let again = bench.expect(200, &key, "GET", &channel, None).await;
    assert_eq!(
        (&again["state"], &again["name"], &again["close_after_s"]),
        (&json!("active"), &json!("Sales"), &json!(60))
    );
    assert_eq!(again["connection"], answer["connection"]["id"]);
}

#[tokio::test]
async fn a_taken_over_channel_goes_back_when_the_provider_refuses() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, connection) = bench.connected(&key, &["c1"]).await;
    bench.expect(204, &key, "DELETE", &format!("/v1/connections/{connection}"), None).await;
    let channel = format!("/v1/channels/{}", channels[0]);
    let before = bench.expect(200, &key, "GET", &channel, None).await;
    bench.world.lock().unwrap().register_fails = Some((400, json!({"error": "uriNotValid"})));
    bench.refused(&key, ("POST", "/v1/connections"), new(), (422, "provider_refused", None)).await;
    assert_eq!(bench.expect(200, &key, "GET", &channel, None).await, before);
}

#[tokio::test]
async fn connections_are_checked() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    for (body, code, field) in [
        (json!({"provider": "wazzup", "name": "A"}), "missing_field", "api_key"),
        (json!({"provider": "icq", "name": "A", "api_key": "k"}), "invalid_value", "provider"),
        (json!({"provider": "wazzup", "name": "", "api_key": "k"}), "invalid_value", "name"),
        (json!({"provider": "wazzup", "name": "A", "api_key": ""}), "invalid_value", "api_key"),
        (json!({"provider": "wazzup", "name": "A", "api_key": "a b"}), "invalid_value", "api_key"),
        (json!({"provider": "wazzup", "name": "A", "api_key": "x".repeat(1001)}), "invalid_value", "api_key"),
        (json!({"provider": "wazzup", "name": "A", "api_key": "k", "token": "t"}), "unknown_field", "token"),
    ] {
        bench.refused(&key, ("POST", "/v1/connections"), Some(body), (400, code, Some(field))).await;
    }
    bench.expect(404, &key, "GET", "/v1/connections/unknown", None).await;
}

#[tokio::test]
async fn a_provider_says_what_it_needs_and_a_connection_takes_it() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    bench.list(&["c1"]);
    let listed = bench.expect(200, &company.key, "GET", "/v1/providers", None).await;
    let wazzup = listed["providers"].as_array().unwrap().iter().find(|one| one["name"] == "wazzup").unwrap();
    let field = &wazzup["credential"][0];
    assert_eq!(
        (&field["name"], &field["secret"], &field["required"]),
        (&json!("api_key"), &json!(true), &json!(true))
    );
    let waba = wazzup["channels"].as_array().unwrap().iter().find(|one| one["transport"] == "wapi").unwrap();
    assert_eq!((&waba["messenger"], &waba["capabilities"]["templates"]), (&json!("whatsapp"), &json!(true)));
    for missing in ["avito", "meta"] {
        assert!(!listed.to_string().contains(&format!("\"name\":\"{missing}\"")), "{missing} is not built");
    }
    let new = |credential: Value| Some(json!({"provider": "wazzup", "name": "A", "credential": credential}));
    let post = ("POST", "/v1/connections");
    for (credential, code, field) in [
        (json!({}), "missing_field", "credential.api_key"),
        (json!({"api_key": "a b"}), "invalid_value", "credential.api_key"),
        (json!({"api_key": "k", "token": "t"}), "unknown_field", "credential.token"),
    ] {
        bench.refused(&company.key, post, new(credential), (400, code, Some(field))).await;
    }
    bench.expect(201, &company.key, "POST", "/v1/connections", new(json!({"api_key": "wazzup-key"}))).await;
}
