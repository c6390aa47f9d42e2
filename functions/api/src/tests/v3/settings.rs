//! Channels, pipelines, webhooks and templates.

use super::refused;
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::ids::{AccountId, ChannelId};
use shared::model::channel::Channel;
use shared::model::messenger::ChannelRef;
use shared::store::Read;
use std::time::Duration;

/// An address of the small server that acts as the CRM.
fn crm_url(bench: &Bench, path: &str) -> String {
    format!("{}/{path}", bench.outside).replace("//", "/").replacen(":/", "://", 1)
}

#[tokio::test]
async fn channels_are_listed_in_wazzups_words() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    assert_eq!(bench.expect(200, key, "GET", "/v3/channels", None).await, json!([]));
    bench.world.lock().unwrap().channels = json!([
        {"channelId": "0bba75b0-8855-41a0-b2ee-4d51f596b350", "transport": "whatsapp", "plainId": "79011112233", "state": "active"},
        {"channelId": "1cba75b0-8855-41a0-b2ee-4d51f596b350", "transport": "tgapi", "plainId": "79011112244", "state": "openElsewhere"}
    ]);
    let body = json!({"provider": "wazzup", "name": "Wazzup", "api_key": "wazzup-key"});
    let made = bench.expect(201, key, "POST", "/v1/connections", Some(body)).await;
    let id = made["channels"][0]["id"].as_str().unwrap();
    bench.expect(200, key, "PATCH", &format!("/v1/channels/{id}"), Some(json!({"title": "Sales"}))).await;
    let mut listed = bench.expect(200, key, "GET", "/v3/channels", None).await;
    let list = listed.as_array_mut().unwrap();
    list.sort_by_key(|one| one["channelId"].to_string());
    assert_eq!(
        listed,
        json!([
            {"channelId": "0bba75b0-8855-41a0-b2ee-4d51f596b350", "transport": "whatsapp", "plainId": "79011112233", "state": "active", "name": "Sales"},
            {"channelId": "1cba75b0-8855-41a0-b2ee-4d51f596b350", "transport": "tgapi", "plainId": "79011112244", "state": "openelsewhere", "name": "79011112244"}
        ])
    );
}

#[tokio::test]
async fn a_channel_that_sent_events_before_it_was_listed_is_asked_about() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let (channels, _) = bench.connected(key, &["c1"]).await;
    let account = AccountId::new(company.id.as_str());
    let known =
        bench.app.store.channel(&account, &ChannelId::new(channels[0].as_str()), Read::Consistent).await;
    let reference = ChannelRef {
        id: ChannelId::derive(&account, "wazzup", "late"),
        provider: "wazzup".into(),
        external: "late".into(),
    };
    let late =
        Channel::new(&account, &known.unwrap().unwrap().connection, &reference, bench.app.ambient.now());
    bench.app.store.create_channel(&late).await.unwrap();
    let shown = || async {
        let listed = bench.expect(200, key, "GET", "/v3/channels", None).await;
        let found =
            listed.as_array().unwrap().iter().find(|one| one["channelId"] == late.channel.as_str()).cloned();
        found.unwrap()
    };
    let unknown = shown().await;
    assert_eq!(
        (&unknown["transport"], &unknown["plainId"]),
        (&json!(""), &json!("late")),
        "it is not in the list"
    );
    bench.world.lock().unwrap().list_fails = Some((500, json!({})));
    assert_eq!(shown().await, unknown, "the provider's failure is no failure of ours");
    bench.world.lock().unwrap().list_fails = None;
    bench.list(&["c1", "late"]);
    let learned = shown().await;
    assert_eq!((&learned["transport"], &learned["plainId"]), (&json!("whatsapp"), &json!("7900")));
    bench.world.lock().unwrap().list_fails = Some((500, json!({})));
    assert_eq!(shown().await, learned, "it is asked about once");
}

#[tokio::test]
async fn there_is_no_websocket_of_counters() {
    let bench = Bench::new().await;
    for key in ["0123456789abcdef0123456789abcdef", "sb_key"] {
        let path = format!("/counters/ws_host/api_v3/{key}");
        refused(&bench, "", ("GET", &path), None, (501, "NOT_IMPLEMENTED")).await;
    }
    refused(&bench, "", ("GET", "/counters/other"), None, (404, "NOT_FOUND")).await;
}

#[tokio::test]
async fn pipelines_are_the_same_as_ours() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    assert_eq!(bench.expect(200, key, "GET", "/v3/pipelines", None).await, json!([]));
    let load = json!([{"id": "1", "name": "Sales", "stages": [{"id": 10, "name": "New"}]}, {"id": "2", "name": "Parts"}]);
    bench.expect(200, key, "POST", "/v3/pipelines", Some(load)).await;
    let expected = json!([{"id": "1", "name": "Sales", "stages": [{"id": "10", "name": "New"}]}, {"id": "2", "name": "Parts"}]);
    assert_eq!(bench.expect(200, key, "GET", "/v3/pipelines", None).await, expected);
    let ours = bench.expect(200, key, "GET", "/v1/pipelines", None).await;
    assert_eq!(ours["pipelines"], expected);
    let body = json!([
        {"id": "1", "name": "Sales", "stages": []}, {"id": "2", "name": "Parts", "stages": [{"id": "1"}, {"id": "1", "name": "B"}]},
        {"name": "x".repeat(101)}
    ]);
    let post = ("POST", "/v3/pipelines");
    let data = refused(&bench, key, post, Some(body), (400, "INVALID_PIPELINES_DATA")).await;
    assert_eq!(
        data,
        json!([
            {"index": 0, "fields": ["stages"]}, {"index": 1, "fields": ["stages[0].name", "stages[1].id"]},
            {"index": 2, "fields": ["id", "name"]}
        ])
    );
    assert_eq!(bench.expect(200, key, "GET", "/v3/pipelines", None).await, expected);
}

#[tokio::test]
async fn webhooks_are_tried_and_make_the_account_a_universal_crms() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let none = bench.expect(200, key, "GET", "/v3/webhooks", None).await;
    assert_eq!(
        (&none["webhooksUri"], &none["subscriptions"]["messagesAndStatuses"]),
        (&json!(""), &json!(false))
    );
    let uri = crm_url(&bench, "crm/hook?x=1");
    let on = json!({"messagesAndStatuses": true, "contactsAndDealsCreation": "true", "wabaTemplatesStatus": true, "more": 1});
    let body = json!({"webhooksUri": uri, "subscriptions": on});
    assert_eq!(bench.expect(200, key, "PATCH", "/v3/webhooks", Some(body)).await, json!({"ok": true}));
    assert_eq!(bench.world.lock().unwrap().crm_posts, [(None, json!({"test": true}))]);
    let set = bench.expect(200, key, "GET", "/v3/webhooks", None).await;
    let expected = json!({"webhooksUri": uri, "subscriptions": {
        "messagesAndStatuses": true, "contactsAndDealsCreation": true, "channelsUpdates": false,
        "templateStatus": true
    }});
    assert_eq!(set, expected, "Wazzup's four, and nothing that its clients do not know");
    let crm = bench.expect(200, key, "GET", "/v1/crm", None).await;
    assert_eq!((&crm["kind"], &crm["webhook_url"]), (&json!("universal"), &json!(uri)));
    // Without an address only the subscriptions change, and no request is made to test one.
    let change = json!({"subscriptions": {"channelsUpdates": true, "messagesAndStatuses": false}});
    bench.expect(200, key, "PATCH", "/v3/webhooks", Some(change)).await;
    let set = bench.expect(200, key, "GET", "/v3/webhooks", None).await;
    assert_eq!(set["subscriptions"]["channelsUpdates"], true);
    assert_eq!(set["subscriptions"]["messagesAndStatuses"], false);
    assert_eq!(set["subscriptions"]["contactsAndDealsCreation"], true, "an omitted field stays");
    assert_eq!(bench.world.lock().unwrap().crm_posts.len(), 1);
}

#[tokio::test]
async fn what_is_ours_is_shown_where_it_is_on() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let ours = ["chatFinished", "waitingClients", "notification", "dealStage", "errorNotice", "textMarks"];
    let patch = async |subscriptions: Value| {
        let body = json!({"webhooksUri": crm_url(&bench, "crm"), "subscriptions": subscriptions});
        bench.expect(200, key, "PATCH", "/v3/webhooks", Some(body)).await;
        bench.expect(200, key, "GET", "/v3/webhooks", None).await["subscriptions"].clone()
    };
    let mut expected = json!({
        "messagesAndStatuses": true, "contactsAndDealsCreation": false, "channelsUpdates": false,
        "templateStatus": false
    });
    assert_eq!(patch(json!({"messagesAndStatuses": true})).await, expected);
    for name in ours {
        expected[name] = json!(true);
        assert_eq!(patch(json!({name: "true"})).await, expected, "the others stay");
    }
    for name in ours {
        expected.as_object_mut().unwrap().remove(name);
        assert_eq!(patch(json!({name: false})).await, expected);
    }
    let body = Some(json!({"subscriptions": {"textMarks": "yes"}}));
    let data = refused(&bench, key, ("PATCH", "/v3/webhooks"), body, (400, "VALIDATION_ERROR")).await;
    assert_eq!(data, json!({"fields": ["subscriptions.textMarks"]}));
}

#[tokio::test]
async fn the_crms_key_goes_to_its_own_host_only_and_its_records_stay_its() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let crm = json!({"kind": "universal", "webhook_url": crm_url(&bench, "crm/a"), "crm_key": "crm-key"});
    bench.expect(200, key, "PUT", "/v1/crm", Some(crm)).await;
    let account = AccountId::new(company.id.as_str());
    let before = bench.app.store.crm(&account, Read::Consistent).await.unwrap().unwrap();
    let on = json!({"messagesAndStatuses": true});
    let body = json!({"webhooksUri": crm_url(&bench, "crm/b"), "subscriptions": on});
    bench.expect(200, key, "PATCH", "/v3/webhooks", Some(body)).await;
    assert_eq!(bench.world.lock().unwrap().crm_posts[0].0.as_deref(), Some("Bearer crm-key"));
    let after = bench.app.store.crm(&account, Read::Consistent).await.unwrap().unwrap();
    assert_eq!(after.fingerprint(), before.fingerprint(), "the same CRM at another path");
    assert!(after.credential.is_some());
    // Another host, written to the table directly, because the tests' own server has only one host.
    let mut elsewhere = after.clone();
    elsewhere.settings.insert("webhook_url".into(), "https://crm.example.com/a".into());
    let write = shared::store::row::Write::put(&elsewhere).unwrap();
    bench.app.store.commit(vec![write]).await.unwrap();
    let body = json!({"webhooksUri": crm_url(&bench, "crm/c"), "subscriptions": on});
    bench.expect(200, key, "PATCH", "/v3/webhooks", Some(body)).await;
    assert_eq!(bench.world.lock().unwrap().crm_posts[1].0, None, "the key belongs to another host");
    let last = bench.app.store.crm(&account, Read::Consistent).await.unwrap().unwrap();
    assert!(last.credential.is_none() && last.known_as.is_none());
    assert_ne!(last.fingerprint(), before.fingerprint());
}

#[tokio::test]
async fn an_address_that_cannot_be_the_crms_is_refused() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    let patch = ("PATCH", "/v3/webhooks");
    let to = |uri: &str| Some(json!({"webhooksUri": uri, "subscriptions": {}}));
    let long = format!("https://crm.example.com/{}", "x".repeat(180));
    for uri in [
        "crm",
        "",
        "http://169.254.169.254/latest",
        "http://127.0.0.1/",
        "https://169.254.169.254/latest",
        "https://127.0.0.1/",
        "ftp://crm.example.com",
        "https://user:pass@crm.example.com/",
        &long,
    ] {
        refused(&bench, key, patch, to(uri), (400, "uriNotValid")).await;
    }
    refused(&bench, key, patch, Some(json!({"webhooksUri": 7})), (400, "uriNotValid")).await;
    bench.world.lock().unwrap().crm_fails = Some(500);
    let uri = crm_url(&bench, "crm");
    let data = refused(&bench, key, patch, to(&uri), (400, "testPostNotPassed")).await;
    assert_eq!(data, json!({"code": 500}));
    bench.world.lock().unwrap().crm_fails = Some(204);
    refused(&bench, key, patch, to(&uri), (400, "testPostNotPassed")).await;
    let data = refused(&bench, key, patch, Some(json!({})), (400, "VALIDATION_ERROR")).await;
    assert_eq!(data, json!({"fields": ["webhooksUri"]}));
    bench.world.lock().unwrap().crm_fails = None;
    let body = json!({"webhooksUri": uri, "subscriptions": {"messagesAndStatuses": "yes"}});
    let data = refused(&bench, key, patch, Some(body), (400, "VALIDATION_ERROR")).await;
    assert_eq!(data, json!({"fields": ["subscriptions.messagesAndStatuses"]}));
    let none = bench.expect(200, key, "GET", "/v3/webhooks", None).await;
    assert_eq!(none["webhooksUri"], "", "nothing was set by all this");
}

#[tokio::test]
async fn templates_of_all_connections_are_passed_on() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    assert_eq!(bench.expect(200, key, "GET", "/v3/templates/whatsapp", None).await, json!([]));
    bench.connected(key, &["c1"]).await;
    bench.clock.advance(Duration::from_secs(1));
    bench.connected(key, &["c2"]).await;
    let template =
        |id: &str| json!({"templateGuid": id, "name": "Welcome", "status": "approved", "extra": {"a": 1}});
    bench.world.lock().unwrap().templates =
        json!([template("t1"), template("t2"), {"name": "without an id"}]);
    let ids = |list: Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|one| one["templateGuid"].as_str().unwrap().to_owned()).collect()
    };
    let channel = bench.expect(200, key, "GET", "/v1/channels", None).await["channels"][0]["id"].clone();
    let path = format!("/v1/channels/{}/templates", channel.as_str().unwrap());
    let listed = bench.expect(200, key, "GET", &path, None).await;
    assert!(!listed["templates"].as_array().unwrap().is_empty(), "{listed}");
    bench
        .refused(key, ("GET", &format!("{path}?limit=101")), None, (400, "invalid_value", Some("limit")))
        .await;
    let all = bench.expect(200, key, "GET", "/v3/templates/whatsapp", None).await;
    assert_eq!(all[0], template("t1"), "as Wazzup gave it");
    assert_eq!(ids(all), ["t1", "t2", "t1", "t2"]);
    let page = bench.expect(200, key, "GET", "/v3/templates/whatsapp?limit=2&offset=1", None).await;
    assert_eq!(ids(page), ["t2", "t1"]);
    let wrong = ("GET", "/v3/templates/whatsapp?limit=x");
    refused(&bench, key, wrong, None, (400, "VALIDATION_ERROR")).await;
}
