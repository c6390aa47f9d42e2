//! An account's own settings, and the channel settings that concern texts.

use super::channel_settings::carrying;
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::ids::AccountId;
use shared::model::account::Account;
use shared::store::{Read, keys};

#[tokio::test]
async fn an_account_is_set_up() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let before = bench.expect(200, key, "GET", "/v1/account", None).await;
    assert_eq!((&before["language"], &before["rewrite_leading_eight"]), (&json!("ru"), &json!(false)));
    let change = json!({"name": "Two", "language": "en", "region": "KZ"});
    let after = bench.expect(200, key, "PATCH", "/v1/account", Some(change)).await;
    assert_eq!(
        (&after["name"], &after["language"], &after["region"]),
        (&json!("Two"), &json!("en"), &json!("KZ"))
    );
    assert_eq!(bench.expect(200, key, "PATCH", "/v1/account", Some(json!({}))).await, after);
    assert_eq!(bench.expect(200, key, "GET", "/v1/account", None).await, after);
    for (body, code, field) in [
        (json!({"name": ""}), "invalid_value", "name"),
        (json!({"name": null}), "invalid_value", "name"),
        (json!({"language": "de"}), "invalid_value", "language"),
        (json!({"region": "Russia"}), "invalid_value", "region"),
        (json!({"rewrite_leading_eight": 1}), "invalid_value", "rewrite_leading_eight"),
        (json!({"crm_kind": "none"}), "unknown_field", "crm_kind"),
        (json!({"has_blacklist": false}), "unknown_field", "has_blacklist"),
    ] {
        bench.refused(key, ("PATCH", "/v1/account"), Some(body), (400, code, Some(field))).await;
    }
    assert_eq!(bench.expect(200, key, "GET", "/v1/account", None).await, after);
}

#[tokio::test]
async fn phones_are_rewritten_only_where_the_crm_lets_us() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let on = json!({"rewrite_leading_eight": true});
    let refusal = (422, "setting_not_applicable", Some("rewrite_leading_eight"));
    for crm in
        [json!({"kind": "none"}), json!({"kind": "universal", "webhook_url": "https://crm.example.com/h"})]
    {
        let crm = bench.expect(200, key, "PUT", "/v1/crm", Some(crm)).await;
        assert_eq!(crm["capabilities"]["writes_contacts"], false);
        bench.refused(key, ("PATCH", "/v1/account"), Some(on.clone()), refusal).await;
        bench.expect(200, key, "PATCH", "/v1/account", Some(json!({"rewrite_leading_eight": false}))).await;
    }
    // Set under a CRM that allowed it: another CRM switches it off.
    let account = keys::account(&AccountId::new(company.id.as_str()));
    let row: Account = bench.app.store.get(&account, Read::Consistent).await.unwrap().unwrap();
    super::rows::change(&bench, &row, |row| row.rewrite_leading_eight = true).await;
    bench.expect(200, key, "PUT", "/v1/crm", Some(json!({"kind": "none"}))).await;
    assert_eq!(bench.expect(200, key, "GET", "/v1/account", None).await["rewrite_leading_eight"], false);
}

#[tokio::test]
async fn a_channel_says_what_it_takes_in_and_how_the_crm_reads_it() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = bench.connected(&key, &["c1"]).await;
    let path = format!("/v1/channels/{}", channels[0]);
    let texts = |channel: &Value| {
        ["ignored", "import_echoes", "echo_mark", "name_in_crm"].map(|name| channel[name].clone())
    };
    let fresh = bench.expect(200, &key, "GET", &path, None).await;
    assert_eq!(texts(&fresh), [json!(false), json!(true), json!(null), json!(false)]);
    let change = json!({"ignored": true, "import_echoes": false, "echo_mark": "", "name_in_crm": true});
    let changed = bench.expect(200, &key, "PATCH", &path, Some(change)).await;
    assert_eq!(texts(&changed), [json!(true), json!(false), json!(""), json!(true)]);
    for mark in [json!("[с телефона]"), json!("x".repeat(100)), json!(null)] {
        let answer = bench.expect(200, &key, "PATCH", &path, Some(json!({"echo_mark": mark}))).await;
        assert_eq!(answer["echo_mark"], mark);
        assert_eq!(
            (&answer["ignored"], &answer["import_echoes"]),
            (&json!(true), &json!(false)),
            "omitted fields stay"
        );
    }
    let back = json!({"ignored": false, "import_echoes": true, "name_in_crm": false});
    bench.expect(200, &key, "PATCH", &path, Some(back)).await;
    assert_eq!(bench.expect(200, &key, "GET", &path, None).await, fresh);
}

#[tokio::test]
async fn b7_the_accounts_default_channels_carry_their_messengers() {
    let bench = Bench::new().await;
    let (company, other) = (bench.company("One").await, bench.company("Two").await);
    let key = &company.key;
    let (channels, _) = carrying(&bench, key, &[("c1", "wapi"), ("c2", "tgapi")]).await;
    let (foreign, _) = carrying(&bench, &other.key, &[("c3", "whatsapp")]).await;
    let set = |defaults: Value| Some(json!({"default_channels": defaults}));
    let patch = |defaults: Value| bench.expect(200, key, "PATCH", "/v1/account", set(defaults));
    let both = patch(json!({"whatsapp": channels[0], "telegram": channels[1]})).await;
    assert_eq!(both["default_channels"], json!({"whatsapp": channels[0], "telegram": channels[1]}));
    let one = patch(json!({"telegram": null, "vk": null})).await;
    assert_eq!(one["default_channels"], json!({"whatsapp": channels[0]}), "an omitted field stays");
    for (defaults, status, code, field) in [
        (json!({"whatsapp": "unknown"}), 422, "unknown_channel", "default_channels.whatsapp"),
        (json!({"whatsapp": ""}), 422, "unknown_channel", "default_channels.whatsapp"),
        (json!({"whatsapp": "x".repeat(5000)}), 422, "unknown_channel", "default_channels.whatsapp"),
        (json!({"whatsapp": foreign[0]}), 422, "unknown_channel", "default_channels.whatsapp"),
        (json!({"whatsapp": channels[1]}), 422, "wrong_messenger", "default_channels.whatsapp"),
        (json!({"Whats App": channels[0]}), 400, "invalid_value", "default_channels"),
        (json!({"": null}), 400, "invalid_value", "default_channels"),
        (json!(null), 400, "invalid_value", "default_channels"),
        (json!([]), 400, "invalid_value", "default_channels"),
        (json!({"whatsapp": 1}), 400, "invalid_value", "default_channels.whatsapp"),
    ] {
        bench.refused(key, ("PATCH", "/v1/account"), set(defaults), (status, code, Some(field))).await;
    }
    let many: serde_json::Map<_, _> = (0..51).map(|index| (format!("m{index}"), Value::Null)).collect();
    let refusal = (400, "invalid_value", Some("default_channels"));
    bench.refused(key, ("PATCH", "/v1/account"), set(many.into()), refusal).await;
    let now = bench.expect(200, key, "GET", "/v1/account", None).await;
    assert_eq!(now["default_channels"], json!({"whatsapp": channels[0]}));
}

#[tokio::test]
async fn two_default_channels_set_at_once_both_stand() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = carrying(&bench, &key, &[("c1", "whatsapp"), ("c2", "tgapi")]).await;
    for _ in 0..20 {
        let set = |messenger: &str, channel: &Value| Some(json!({"default_channels": {messenger: channel}}));
        let clear = json!({"default_channels": {"whatsapp": null, "telegram": null}});
        bench.expect(200, &key, "PATCH", "/v1/account", Some(clear)).await;
        let (first, second) = tokio::join!(
            bench.call(&key, "PATCH", "/v1/account", set("whatsapp", &json!(channels[0]))),
            bench.call(&key, "PATCH", "/v1/account", set("telegram", &json!(channels[1]))),
        );
        assert_eq!((first.0, second.0), (200, 200));
        let now = bench.expect(200, &key, "GET", "/v1/account", None).await;
        assert_eq!(now["default_channels"].as_object().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn notices_and_the_number_check_are_on_until_somebody_says_so() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let shown = |account: &Value| [account["send_errors_in_chat"].clone(), account["number_check"].clone()];
    let fresh = bench.expect(200, key, "GET", "/v1/account", None).await;
    assert_eq!(shown(&fresh), [json!(true), json!(true)]);
    let off = json!({"send_errors_in_chat": false, "number_check": false});
    assert_eq!(
        shown(&bench.expect(200, key, "PATCH", "/v1/account", Some(off)).await),
        [json!(false), json!(false)]
    );
    let account = keys::account(&AccountId::new(company.id.as_str()));
    let row: Account = bench.app.store.get(&account, Read::Consistent).await.unwrap().unwrap();
    assert!(row.hide_send_errors && row.no_number_check);
    let on = json!({"number_check": true});
    assert_eq!(
        shown(&bench.expect(200, key, "PATCH", "/v1/account", Some(on)).await),
        [json!(false), json!(true)]
    );
    for field in ["send_errors_in_chat", "number_check"] {
        let body = Some(json!({field: null}));
        bench.refused(key, ("PATCH", "/v1/account"), body, (400, "invalid_value", Some(field))).await;
    }
}
