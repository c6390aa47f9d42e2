//! Channel settings: name, pausing, distribution, and what the messenger of a channel accepts.

use super::rows;
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::ids::ChannelId;
use shared::model::channel::Channel;
use shared::store::Read;

/// Sets the channels that Wazzup lists from now on: ids with their transports.
pub fn list(bench: &Bench, channels: &[(&str, &str)]) {
    let entry = |(id, transport): &(&str, &str)| json!({"channelId": id, "transport": transport, "plainId": format!("7900{id}"), "state": "active"});
    bench.world.lock().unwrap().channels = channels.iter().map(entry).collect();
}

/// Connects Wazzup with such channels; returns our ids in the same order, and the connection's.
pub async fn carrying(bench: &Bench, key: &str, channels: &[(&str, &str)]) -> (Vec<String>, String) {
    list(bench, channels);
    let body = json!({"provider": "wazzup", "name": "Wazzup", "api_key": "wazzup-key"});
    let answer = bench.expect(201, key, "POST", "/v1/connections", Some(body)).await;
    let named = |external: &str| {
        let mut all = answer["channels"].as_array().unwrap().iter();
        all.find(|channel| channel["external"] == external).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let ids = channels.iter().map(|(external, _)| named(external)).collect();
    (ids, answer["connection"]["id"].as_str().unwrap().to_owned())
}

/// Sets a CRM that names responsible employees.
pub async fn universal(bench: &Bench, key: &str) {
    let crm = json!({"kind": "universal", "webhook_url": "https://crm.example.com/h"});
    bench.expect(200, key, "PUT", "/v1/crm", Some(crm)).await;
}

#[tokio::test]
async fn an_accounts_name_stands_before_the_providers_and_outlives_a_refresh() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, connection) = carrying(&bench, &key, &[("c1", "whatsapp")]).await;
    let path = format!("/v1/channels/{}", channels[0]);
    let names = |channel: &Value| [channel["name"].clone(), channel["provider_name"].clone()];
    let fresh = bench.expect(200, &key, "GET", &path, None).await;
    assert_eq!(names(&fresh), [json!("7900c1"), json!("7900c1")]);
    let change = |body: Value| bench.expect(200, &key, "PATCH", &path, Some(body));
    assert_eq!(names(&change(json!({"title": "Sales"})).await), [json!("Sales"), json!("7900c1")]);
    let new_number =
        json!([{"channelId": "c1", "transport": "whatsapp", "plainId": "79001", "state": "active"}]);
    bench.world.lock().unwrap().channels = new_number;
    bench.expect(200, &key, "POST", &format!("/v1/connections/{connection}/refresh"), None).await;
    let refreshed = bench.expect(200, &key, "GET", &path, None).await;
    assert_eq!(names(&refreshed), [json!("Sales"), json!("79001")]);
    assert_eq!(names(&change(json!({"name": "Service"})).await), [json!("Service"), json!("79001")]);
    assert_eq!(names(&change(json!({"title": null})).await), [json!("79001"), json!("79001")]);
    for (body, field) in [
        (json!({"title": ""}), "title"),
        (json!({"title": "x".repeat(201)}), "title"),
        (json!({"title": "a\nb"}), "title"),
        (json!({"title": 1}), "title"),
        (json!({"title": "A", "name": "A"}), "name"),
        (json!({"title": null, "name": "A"}), "name"),
        (json!({"paused": null}), "paused"),
        (json!({"group": 1}), "group"),
    ] {
        let refusal = (400, "invalid_value", Some(field));
        bench.refused(&key, ("PATCH", &path), Some(body), refusal).await;
    }
}

#[tokio::test]
async fn pausing_and_another_distribution_let_waiting_clients_be_looked_at() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = carrying(&bench, &key, &[("c1", "whatsapp")]).await;
    let path = format!("/v1/channels/{}", channels[0]);
    for (body, field) in [
        (json!({"paused": true}), "paused"),
        (json!({"distribution": "first_responder"}), "distribution"),
        (json!({"distribution": "first_responder"}), "distribution"),
        (json!({"paused": false}), "paused"),
    ] {
        let answer = bench.expect(200, &key, "PATCH", &path, Some(body.clone())).await;
        assert_eq!(answer[field], body[field]);
        assert_eq!(bench.nudged(), channels, "{body}");
    }
    bench.expect(200, &key, "PATCH", &path, Some(json!({"title": "Sales"}))).await;
    assert!(bench.nudged().is_empty(), "nothing here affects clients");
}

#[tokio::test]
async fn a_channel_is_left_to_the_crm_only_while_that_names_somebody() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let (channels, _) = carrying(&bench, key, &[("c1", "whatsapp"), ("c2", "vk"), ("c3", "avito")]).await;
    let path = |index: usize| format!("/v1/channels/{}", channels[index]);
    let by_crm = || Some(json!({"distribution": "by_crm"}));
    let refusal = (422, "setting_not_applicable", Some("distribution"));
    bench.refused(key, ("PATCH", &path(0)), by_crm(), refusal).await;
    universal(&bench, key).await;
    for index in [0, 1] {
        bench.expect(200, key, "PATCH", &path(index), by_crm()).await;
    }
    bench.expect(200, key, "PUT", "/v1/crm", Some(json!({"kind": "none"}))).await;
    for (index, now) in [(0, "first_responder"), (1, "first_responder"), (2, "round_robin")] {
        let channel = bench.expect(200, key, "GET", &path(index), None).await;
        assert_eq!(channel["distribution"], now, "no other distribution would assign its clients");
    }
}

#[tokio::test]
async fn a_channel_that_goes_to_the_crm_as_that_goes_away_is_nobodys_trap() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = carrying(&bench, &key, &[("c1", "whatsapp")]).await;
    let path = format!("/v1/channels/{}", channels[0]);
    for _ in 0..20 {
        universal(&bench, &key).await;
        let (changed, gone) = tokio::join!(
            bench.call(&key, "PATCH", &path, Some(json!({"distribution": "by_crm"}))),
            bench.call(&key, "PUT", "/v1/crm", Some(json!({"kind": "none"}))),
        );
        assert_eq!(gone.0, 200, "{}", gone.1);
        assert!([200, 422].contains(&changed.0), "{}", changed.1);
        let now = bench.expect(200, &key, "GET", &path, None).await;
        assert_ne!(now["distribution"], "by_crm");
    }
}

#[tokio::test]
async fn a_group_is_refused_where_the_crm_has_none() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = carrying(&bench, &key, &[("c1", "whatsapp")]).await;
    let path = format!("/v1/channels/{}", channels[0]);
    let refusal = (422, "setting_not_applicable", Some("group"));
    for with_crm in [false, true] {
        if with_crm {
            universal(&bench, &key).await;
        }
        bench.refused(&key, ("PATCH", &path), Some(json!({"group": "sales"})), refusal).await;
        let answer = bench.expect(200, &key, "PATCH", &path, Some(json!({"group": null}))).await;
        assert_eq!(answer["group"], json!(null));
    }
}

#[tokio::test]
async fn a_channel_says_what_its_messenger_takes() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let carried =
        [("c1", "whatsapp"), ("c2", "wapi"), ("c3", "instagram"), ("c4", "signal"), ("c5", "tgapi")];
    let (channels, _) = carrying(&bench, key, &carried).await;
    let mut shown = Vec::new();
    for channel in &channels {
        shown.push(bench.expect(200, key, "GET", &format!("/v1/channels/{channel}"), None).await);
    }
    let messengers: Vec<_> = shown.iter().map(|channel| channel["messenger"].as_str().unwrap()).collect();
    assert_eq!(messengers, ["whatsapp", "whatsapp", "instagram", "signal", "telegram"]);
    let limits: Vec<_> = shown.iter().map(|channel| &channel["limits"]).collect();
    let texts: Vec<_> = limits.iter().map(|limits| limits["text"].as_u64().unwrap()).collect();
    assert_eq!(texts, [10_000, 1024, 1000, 1000, 4096]);
    assert_eq!((&limits[0]["edits"], &limits[0]["edit_within_s"]), (&json!("text"), &json!(900)));
    assert_eq!((&limits[1]["buttons"]["count"], &limits[1]["template"]), (&json!(10), &json!(550)));
    assert_eq!(
        (&limits[1]["answer_within_s"], &limits[2]["answer_within_s"]),
        (&json!(86400), &json!(604_800))
    );
    assert_eq!((&limits[2]["comments"], &limits[2]["writes_first_by"]), (&json!(true), &json!([])));
    assert_eq!(limits[4]["writes_first_by"], json!(["phone", "username"]));
    assert_eq!(limits[2]["files"][0]["types"], json!(["image/jpeg", "image/png", "image/bmp"]));
    // A channel that is known only by its messages so far.
    let id = ChannelId::new(channels[0].as_str());
    let row =
        bench.app.store.channel(&rows::account(&company), &id, Read::Consistent).await.unwrap().unwrap();
    rows::change(&bench, &row, |row: &mut Channel| (row.messenger, row.transport) = (None, None)).await;
    let unknown = bench.expect(200, key, "GET", &format!("/v1/channels/{id}"), None).await;
    assert_eq!((&unknown["messenger"], &unknown["limits"]), (&json!(null), &json!(null)));
}
