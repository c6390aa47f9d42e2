//! An account's own settings, and what of its channels' stands in texts.

use crate::testing::Bench;
use serde_json::{Value, json};
use shared::account::Account;
use shared::ids::AccountId;
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
    // Set under a CRM that could: another one switches it off.
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
            "these stay"
        );
    }
    let back = json!({"ignored": false, "import_echoes": true, "name_in_crm": false});
    bench.expect(200, &key, "PATCH", &path, Some(back)).await;
    assert_eq!(bench.expect(200, &key, "GET", &path, None).await, fresh);
}
