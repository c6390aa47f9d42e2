//! The set-up check over HTTP, and an account without a CRM.

use super::channel_settings::{carrying, universal};
use super::rows;
use crate::testing::Bench;
use serde_json::{Value, json};

async fn codes(bench: &Bench, key: &str) -> Vec<String> {
    let answer = bench.expect(200, key, "GET", "/v1/setup-check", None).await;
    let findings = answer["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_account_is_led_from_nothing_to_a_good_set_up() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    assert_eq!(codes(&bench, &key).await, ["no_connection", "no_employees", "no_crm"]);
    let (channels, _) = carrying(&bench, &key, &[("c1", "whatsapp"), ("c2", "wapi")]).await;
    universal(&bench, &key).await;
    let expected = ["nobody_may_write", "nobody_may_write", "no_employees", "no_account_default"];
    assert_eq!(codes(&bench, &key).await, expected);
    let load = json!({"employees": [{"id": "7", "name": "Anna"}, {"id": "8", "name": "Boris"}]});
    bench.expect(200, &key, "PUT", "/v1/employees", Some(load)).await;
    for (index, receives) in [(0, true), (1, false)] {
        let place = json!({"role": "manager", "receives_new_clients": receives});
        let path = format!("/v1/channels/{}/employees/7", channels[index]);
        bench.expect(200, &key, "PUT", &path, Some(place)).await;
    }
    let mut now = codes(&bench, &key).await;
    now.sort();
    let missing =
        ["employee_without_default", "employee_without_role", "no_account_default", "nobody_eligible"];
    assert_eq!(now, missing);
    let head = json!({"role": "head", "receives_new_clients": true});
    bench.expect(200, &key, "PUT", &format!("/v1/channels/{}/employees/8", channels[1]), Some(head)).await;
    let defaults = json!({"default_channels": {"whatsapp": channels[0]}});
    bench.expect(200, &key, "PATCH", "/v1/account", Some(defaults)).await;
    assert!(codes(&bench, &key).await.is_empty());
}

#[tokio::test]
async fn a_finding_names_what_it_is_about_in_the_accounts_language() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = carrying(&bench, &key, &[("c1", "tgapi")]).await;
    universal(&bench, &key).await;
    let load = json!({"employees": [{"id": "7", "name": "Анна"}]});
    bench.expect(200, &key, "PUT", "/v1/employees", Some(load)).await;
    let place = json!({"role": "manager", "receives_new_clients": true, "sends": false});
    bench.expect(200, &key, "PUT", &format!("/v1/channels/{}/employees/7", channels[0]), Some(place)).await;
    let findings = |answer: Value| answer["findings"].clone();
    let russian = findings(bench.expect(200, &key, "GET", "/v1/setup-check", None).await);
    assert_eq!(
        russian[0],
        json!({
            "code": "nobody_may_write", "level": "error", "connection": null, "channel": channels[0], "employee": null,
            "messenger": null, "message": "На канале «7900c1» никто не может отвечать клиентам."
        })
    );
    assert_eq!((&russian[1]["employee"], &russian[1]["messenger"]), (&json!("7"), &json!("telegram")));
    bench.expect(200, &key, "PATCH", "/v1/account", Some(json!({"language": "en"}))).await;
    let english = findings(bench.expect(200, &key, "GET", "/v1/setup-check", None).await);
    let said = "Employee Анна: cannot write in Telegram, bound to none of its channels.";
    assert_eq!(english[1]["message"], said);
    assert_eq!(english.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_account_without_a_crm_works_whole() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let (channels, _) = carrying(&bench, key, &[("c1", "whatsapp")]).await;
    let load = json!({"employees": [{"id": "7", "name": "Anna"}]});
    bench.expect(200, key, "PUT", "/v1/employees", Some(load)).await;
    let sign = json!({"signature": "Anna"});
    bench.expect(200, key, "PATCH", "/v1/employees/7", Some(sign)).await;
    let channel = format!("/v1/channels/{}", channels[0]);
    for (path, body) in [
        ("/v1/account", json!({"default_channels": {"whatsapp": channels[0]}, "send_errors_in_chat": false})),
        (&channel, json!({"title": "Sales", "distribution": "first_responder", "paused": true})),
        (&channel, json!({"distribution": "round_robin", "paused": false, "close_after_s": 60})),
        (&channel, json!({"import_echoes": false, "echo_mark": "", "name_in_crm": true, "deal_stage": null})),
    ] {
        bench.expect(200, key, "PATCH", path, Some(body)).await;
    }
    let place = json!({"role": "manager", "receives_new_clients": true, "is_default": true});
    bench.expect(200, key, "PUT", &format!("{channel}/employees/7"), Some(place)).await;
    let pipelines = json!({"pipelines": [{"id": "1", "name": "Sales"}]});
    bench.expect(200, key, "PUT", "/v1/pipelines", Some(pipelines)).await;
    assert_eq!(codes(&bench, key).await, ["no_crm"], "nothing else is missing");
    let crm = bench.expect(200, key, "GET", "/v1/crm", None).await;
    assert_eq!((&crm["kind"], &crm["state"]), (&json!("none"), &json!("active")));
    rows::chat(&bench, &company, &channels[0], "chat", 1_000, 3).await;
    rows::contact(&bench, &company, "contact", Some("+79011112233"), &[]).await;
    let live = format!("/v1/chats?channel={}&state=live", channels[0]);
    assert_eq!(rows::ids(&bench, key, &live, "chats").await, ["chat"]);
    for path in
        ["/v1/chats/chat", "/v1/chats/chat/messages", "/v1/contacts/contact", "/v1/contacts/contact/chats"]
    {
        bench.expect(200, key, "GET", path, None).await;
    }
    let visible = |id: &str| Some(json!({"message": id}));
    bench.expect(200, key, "POST", "/v1/chats/chat/read", visible("m2")).await;
    bench.expect(200, key, "POST", "/v1/chats/chat/no-answer-needed", visible("m2")).await;
    bench.expect(200, key, "GET", &format!("{channel}/assignment"), None).await;
}
