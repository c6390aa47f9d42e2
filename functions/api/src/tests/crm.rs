//! What each kind of CRM can do (A3), the key that is sent to it, and refreshing its employees (A5).

use super::channel_settings::{carrying, universal};
use crate::testing::Bench;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use shared::base::ids::AccountId;
use shared::crm::universal::settings::Subscriptions;
use shared::store::Read;

#[tokio::test]
async fn a3_each_kind_says_what_it_can_do() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let can = |crm: Value| crm["capabilities"].as_object().unwrap().clone();
    let none = can(bench.expect(200, &key, "GET", "/v1/crm", None).await);
    assert!(none.values().all(|can| *can == false), "{none:?}");
    universal(&bench, &key).await;
    let able = can(bench.expect(200, &key, "GET", "/v1/crm", None).await);
    let yes: Vec<_> = able.iter().filter(|(_, can)| **can == true).map(|(name, _)| name.as_str()).collect();
    assert_eq!(yes, ["assigns", "deletions", "edits", "finished", "stages", "statuses"]);
    assert_eq!(able.len(), 10);
}

/// Every setting that only some CRMs support, with the capability that it needs.
#[tokio::test]
async fn a3_what_does_not_apply_is_refused() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = carrying(&bench, &key, &[("c1", "whatsapp")]).await;
    let channel = format!("/v1/channels/{}", channels[0]);
    let pipelines =
        json!({"pipelines": [{"id": "1", "name": "Sales", "stages": [{"id": "10", "name": "New"}]}]});
    bench.expect(200, &key, "PUT", "/v1/pipelines", Some(pipelines)).await;
    let settings = [
        ("assigns", "PATCH", channel.as_str(), json!({"distribution": "by_crm"})),
        ("stages", "PATCH", &channel, json!({"deal_stage": {"pipeline_id": "1", "stage_id": "10"}})),
        ("groups", "PATCH", &channel, json!({"group": "sales"})),
        ("writes_contacts", "PATCH", "/v1/account", json!({"rewrite_leading_eight": true})),
        ("refreshes", "POST", "/v1/crm/refresh", Value::Null),
    ];
    for with_crm in [false, true] {
        if with_crm {
            universal(&bench, &key).await;
        }
        let can = bench.expect(200, &key, "GET", "/v1/crm", None).await["capabilities"].clone();
        for (capability, method, path, body) in &settings {
            let field = body.as_object().and_then(|body| body.keys().next()).map(String::as_str);
            let body = Some(body.clone()).filter(|body| !body.is_null());
            if can[*capability] == true {
                bench.expect(200, &key, method, path, body).await;
            } else {
                let refusal = (422, "setting_not_applicable", field);
                bench.refused(&key, (method, path), body, refusal).await;
            }
        }
    }
}

#[tokio::test]
async fn a2_every_kind_is_listed_and_is_set_by_its_examples() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let kinds = bench.expect(200, &key, "GET", "/v1/crms", None).await["crms"].clone();
    let kinds = kinds.as_array().unwrap();
    assert_eq!(kinds.iter().map(|kind| &kind["kind"]).collect::<Vec<_>>(), ["none", "universal"]);
    for kind in kinds {
        let settings = kind["settings"].as_array().unwrap();
        let mut crm = json!({"kind": kind["kind"]});
        for field in settings {
            crm[field["name"].as_str().unwrap()] = field["example"].clone();
        }
        let set = bench.expect(200, &key, "PUT", "/v1/crm", Some(crm.clone())).await;
        assert_eq!((&set["kind"], &set["capabilities"]), (&kind["kind"], &kind["capabilities"]));
        for field in settings {
            let name = field["name"].as_str().unwrap();
            assert_eq!(set.get(name).is_none(), field["secret"] == true, "{name}: a secret is not shown");
            let mut lacking = crm.clone();
            lacking.as_object_mut().unwrap().remove(name);
            if field["required"] == true {
                let refusal = (400, "missing_field", Some(name));
                bench.refused(&key, ("PUT", "/v1/crm"), Some(lacking), refusal).await;
            } else {
                bench.expect(200, &key, "PUT", "/v1/crm", Some(lacking)).await;
            }
        }
    }
}

#[tokio::test]
async fn a_fields_title_is_in_the_accounts_language() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    for (language, title) in [("ru", "Адрес для вебхуков"), ("en", "Webhook address")] {
        bench.expect(200, &key, "PATCH", "/v1/account", Some(json!({"language": language}))).await;
        let kinds = bench.expect(200, &key, "GET", "/v1/crms", None).await;
        let field = json!({
            "name": "webhook_url", "title": title, "secret": false, "required": true,
            "pattern": r"^https?://\S{1,1992}$", "example": "https://crm.example.com/hooks/switchboard"
        });
        assert_eq!(kinds["crms"][1]["settings"][0], field);
    }
}

#[tokio::test]
async fn a5_a_crm_that_brings_its_employees_is_not_asked() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let mut told = Vec::new();
    for with_crm in [false, true] {
        if with_crm {
            universal(&bench, &key).await;
        }
        let answer = bench.expect(422, &key, "POST", "/v1/crm/refresh", None).await;
        told.push(answer["error"]["message"].as_str().unwrap().to_owned());
    }
    assert_ne!(told[0], told[1], "each names its reason");
}

/// The key that the CRM would get, decrypted.
async fn key_of(bench: &Bench, account: &AccountId) -> Option<String> {
    let row = bench.app.store.crm(account, Read::Consistent).await.unwrap().unwrap();
    let sealed = row.credential?;
    Some(
        bench
            .app
            .vault
            .open(account, &sealed, bench.app.ambient.now())
            .await
            .unwrap()
            .expose_secret()
            .to_owned(),
    )
}

#[tokio::test]
async fn a_key_goes_to_no_other_host_than_it_was_given_for() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let (key, account) = (&company.key, AccountId::new(company.id.as_str()));
    let put = |url: &str, crm_key: Option<Value>| {
        let mut body = json!({"kind": "universal", "webhook_url": url});
        if let Some(crm_key) = crm_key {
            body["crm_key"] = crm_key;
        }
        bench.expect(200, key, "PUT", "/v1/crm", Some(body))
    };
    let first = "https://crm.example.com/h";
    assert_eq!(put(first, Some(json!("one"))).await["has_key"], true);
    let moved = put("https://crm.example.com/other?x=1", None).await;
    assert_eq!(
        (&moved["has_key"], &moved["webhook_url"]),
        (&json!(true), &json!("https://crm.example.com/other?x=1"))
    );
    assert_eq!(key_of(&bench, &account).await.as_deref(), Some("one"), "the same host");
    for other in ["https://crm.example.com:8443/h", "https://crm.example.net/h"] {
        put(first, Some(json!("one"))).await;
        assert_eq!(put(other, None).await["has_key"], false, "{other}");
        assert_eq!(key_of(&bench, &account).await, None);
        assert_eq!(put(first, None).await["has_key"], false, "nor with the first host again");
    }
    put("https://crm.example.net/h", Some(json!("two"))).await;
    assert_eq!(key_of(&bench, &account).await.as_deref(), Some("two"));
    assert_eq!(put("https://crm.example.net/h", Some(json!(null))).await["has_key"], false);
    put(first, Some(json!("one"))).await;
    bench.expect(200, key, "PUT", "/v1/crm", Some(json!({"kind": "none", "crm_key": null}))).await;
    assert_eq!(put(first, None).await["has_key"], false, "a removed CRM leaves no key");
}

#[tokio::test]
async fn another_host_is_another_crm() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let (key, account) = (&company.key, AccountId::new(company.id.as_str()));
    let row = async || bench.app.store.crm(&account, Read::Consistent).await.unwrap().unwrap();
    let put = async |url: &str| {
        bench
            .expect(200, key, "PUT", "/v1/crm", Some(json!({"kind": "universal", "webhook_url": url})))
            .await;
        row().await
    };
    let first = put("https://crm.example.com/h").await;
    let none = json!({"subscriptions": {"contactsAndDealsCreation": false}});
    bench.expect(200, key, "PATCH", "/v3/webhooks", Some(none)).await;
    for path in ["/other", "/third"] {
        let moved = put(&format!("https://crm.example.com{path}")).await;
        assert_eq!(moved.fingerprint(), first.fingerprint(), "links of its clients stay valid");
        let wants = Subscriptions::of(&moved);
        assert!(!wants.contacts_and_deals_creation && wants.channels_updates);
    }
    let other = put("https://crm.example.net/h").await;
    assert_eq!(other.known_as, None);
    assert_ne!(other.fingerprint(), first.fingerprint(), "no client is linked to the new one");
    assert_eq!(Subscriptions::of(&other), Subscriptions::default());
}

#[tokio::test]
async fn what_is_ours_is_switched_by_its_name_and_is_off_at_first() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let put = async |url: &str, subscriptions: Value| {
        let crm = json!({"kind": "universal", "webhook_url": url, "subscriptions": subscriptions});
        bench.expect(200, key, "PUT", "/v1/crm", Some(crm)).await["subscriptions"].clone()
    };
    let (first, other) = ("https://crm.example.com/h", "https://crm.example.net/h");
    let mut expected = json!({
        "messages_and_statuses": true, "contacts_and_deals_creation": true, "channels_updates": true,
        "template_status": true, "chat_finished": false, "waiting_clients": false, "notification": false,
        "deal_stage": false, "error_notice": false, "text_marks": false
    });
    assert_eq!(put(first, json!({})).await, expected);
    let kinds = bench.expect(200, key, "GET", "/v1/crms", None).await["crms"].clone();
    assert_eq!((&kinds[0]["subscriptions"], &kinds[1]["subscriptions"]), (&json!({}), &expected));
    (expected["text_marks"], expected["template_status"]) = (json!(true), json!(false));
    assert_eq!(put(first, json!({"text_marks": true, "template_status": false})).await, expected);
    assert_eq!(put(first, json!({})).await, expected, "what is left out stays");
    assert_eq!(bench.expect(200, key, "GET", "/v1/crm", None).await["subscriptions"], expected);
    assert_eq!(put(other, json!({})).await["text_marks"], false, "another CRM has not asked");
    for (kind, name) in [("universal", "textMarks"), ("none", "text_marks")] {
        let mut crm = json!({"kind": kind, "subscriptions": {name: true}});
        if kind == "universal" {
            crm["webhook_url"] = json!(first);
        }
        let field = format!("subscriptions.{name}");
        let refusal = (400, "invalid_value", Some(field.as_str()));
        bench.refused(key, ("PUT", "/v1/crm"), Some(crm), refusal).await;
    }
}
