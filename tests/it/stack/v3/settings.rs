//! Keys, routes, channels, webhooks, templates.

use super::bench::{Bench, TRANSPORTS, uuid};
use super::table::{Seen, no, ok};
use serde_json::{Value, json};
use tests::sandbox::faults::{Action, Fault};

const UNAUTHORIZED: (u16, &str) = (401, "UNAUTHORIZED");
const NOT_FOUND: (u16, &str) = (404, "NOT_FOUND");
const WEBHOOKS: (&str, &str) = ("PATCH", "/v3/webhooks");

/// Addresses that are invalid or not public.
const ADDRESSES: [&str; 6] = [
    "",
    "nowhere",
    "/hook",
    "ftp://crm.example.com/hook",
    "http://169.254.169.254/latest",
    "http://127.0.0.1:1/",
];

pub async fn run(bench: &Bench, seen: &mut Seen) {
    keys(bench, seen).await;
    routes(bench, seen).await;
    webhooks(bench, seen).await;
    templates(bench, seen).await;
}

async fn keys(bench: &Bench, seen: &mut Seen) {
    let channels = ("GET", "/v3/channels");
    for key in
        [None, Some("wrong"), Some("sb_0000000000000000000000000000000000000000000000000000000000000000")]
    {
        let asker = bench.asker.with(key);
        seen.run(&asker, &[no("a key that opens nothing", channels, None, UNAUTHORIZED, Value::Null)]).await;
    }
    let path = "/v1/employees/anna/tokens";
    let token = bench.asker.expect(201, "POST", path, Some(&json!({}))).await;
    let employee = bench.asker.with(token["token"].as_str());
    let body = bench.message("whatsapp", json!({"text": "Добрый день!"}));
    seen.run(
        &employee,
        &[
            no("an employee's token", channels, None, (403, "FORBIDDEN"), Value::Null),
            no("an employee's token", ("POST", "/v3/message"), Some(body), (403, "FORBIDDEN"), Value::Null),
        ],
    )
    .await;
}

async fn routes(bench: &Bench, seen: &mut Seen) {
    let listed = TRANSPORTS.map(|(transport, ..)| {
        let name = format!("Канал {transport}");
        json!({
            "channelId": bench.channel(transport), "transport": transport, "plainId": "79990000000",
            "state": "active", "name": name
        })
    });
    let channels = bench.asker.ask("GET", "/v3/channels", None).await;
    seen.note(&ok("channels", ("GET", "/v3/channels"), None, json!("<any>")), &channels);
    let all = channels.body.as_array().cloned().unwrap_or_default();
    for one in &listed {
        if !all.iter().any(|channel| super::table::fits(one, channel).is_ok()) {
            let named = |channel: &&Value| channel["channelId"] == one["channelId"];
            seen.wrong.push(format!("not among the channels: {one}: {:?}", all.iter().find(named)));
        }
    }
    let large = json!([{"id": "1", "name": "x".repeat(1 << 20)}]);
    seen.run(
        &bench.asker,
        &[
            no("no such route", ("GET", "/v3/nothing"), None, NOT_FOUND, Value::Null),
            no("a route of the chat window", ("POST", "/v3/iframe"), Some(json!({})), NOT_FOUND, Value::Null),
            no("a method", ("DELETE", "/v3/channels"), None, (405, "METHOD_NOT_ALLOWED"), Value::Null),
            no("too large", ("POST", "/v3/users"), Some(large), (413, "PAYLOAD_TOO_LARGE"), Value::Null),
            ok("a slash at the end", ("GET", "/v3/channels/"), None, json!("<any>")),
        ],
    )
    .await;
    // Clients of Wazzup send all sorts of content types, and put a byte order mark before the body.
    let user = json!([{"id": "typed", "name": "Вера", "unknownField": {"a": 1}}]).to_string();
    for (kind, body) in [
        ("text/plain", user.clone()),
        ("application/x-www-form-urlencoded", user.clone()),
        ("application/json; charset-utf-8", format!("\u{feff}{user}")),
    ] {
        let answer = bench.asker.raw("POST", "/v3/users", Some((kind, body)), &[]).await;
        seen.note(&ok(kind, ("POST", "/v3/users"), None, json!({})), &answer);
    }
    for body in ["", "{", "не JSON"] {
        let answer = bench.asker.raw("POST", "/v3/users", Some(("application/json", body.into())), &[]).await;
        let case = no("no JSON", ("POST", "/v3/users"), None, (400, "VALIDATION_ERROR"), Value::Null);
        seen.note(&case, &answer);
    }
}

fn subscriptions(on: bool) -> Value {
    json!({
        "messagesAndStatuses": true, "contactsAndDealsCreation": true, "channelsUpdates": on,
        "templateStatus": on
    })
}

async fn webhooks(bench: &Bench, seen: &mut Seen) {
    let uri = bench.live.sandbox.crm_webhook_url(&bench.account.crm);
    let not_valid = (400, "uriNotValid");
    let not_passed = (400, "testPostNotPassed");
    let invalid = (400, "VALIDATION_ERROR");
    let set = |uri: &str| Some(json!({"webhooksUri": uri, "unknownField": true}));
    let long = format!("{uri}?{}", "x".repeat(200 - uri.chars().count()));
    let shown = json!({"webhooksUri": uri, "subscriptions": subscriptions(true)});
    let mut cases = vec![
        ok("webhooks", ("GET", "/v3/webhooks"), None, json!({"webhooksUri": uri, "subscriptions": {}})),
        no("201 characters", WEBHOOKS, set(&long), not_valid, Value::Null),
        no("a missing page", WEBHOOKS, set(&format!("{uri}/nobody")), not_passed, json!({"code": 404})),
        no(
            "no list of switches",
            WEBHOOKS,
            Some(json!({"subscriptions": 7})),
            invalid,
            json!({"fields": ["subscriptions"]}),
        ),
        no(
            "a switch that is none",
            WEBHOOKS,
            Some(json!({"subscriptions": {"channelsUpdates": "perhaps"}})),
            invalid,
            json!({"fields": ["subscriptions.channelsUpdates"]}),
        ),
        ok(
            "off",
            WEBHOOKS,
            Some(json!({"webhooksUri": uri, "subscriptions": subscriptions(false)})),
            json!({"ok": true}),
        ),
        // As the documentation writes them, and as live accounts do.
        ok(
            "on",
            WEBHOOKS,
            Some(json!({"subscriptions": {"channelsUpdates": "true", "wabaTemplatesStatus": true}})),
            json!({"ok": true}),
        ),
        ok("webhooks", ("GET", "/v3/webhooks"), None, shown),
    ];
    cases.extend(ADDRESSES.map(|address| no(address, WEBHOOKS, set(address), not_valid, Value::Null)));
    seen.run(&bench.asker, &cases).await;
    probes(bench, seen, &uri).await;
}

/// The test post is sent, and its answer counts.
async fn probes(bench: &Bench, seen: &mut Seen, uri: &str) {
    let sandbox = &bench.live.sandbox;
    let not_passed = (400, "testPostNotPassed");
    let set = Some(json!({"webhooksUri": uri}));
    let fault = sandbox
        .add_fault(&Fault::crm(&bench.account.crm, "test", Action::status(500)).times(1))
        .await
        .unwrap();
    seen.run(&bench.asker, &[no("500", WEBHOOKS, set, not_passed, json!({"code": 500}))]).await;
    let _ = sandbox.remove_fault(fault).await;
    let probed = sandbox.deliveries(&bench.account.crm, 0).await.unwrap();
    if !probed.iter().any(|delivery| delivery.body == json!({"test": true})) {
        seen.wrong.push(format!("no test post came: {probed:?}"));
    }
}

async fn templates(bench: &Bench, seen: &mut Seen) {
    let sandbox = &bench.live.sandbox;
    let template = |guid: &str, status: &str| {
        json!({
            "templateGuid": guid, "title": "Welcome", "name": "welcome", "language": "ru", "status": status,
            "templateCode": format!("@template: {guid} {{ [[name]] }}"),
            "components": [{"type": "BODY", "text": "{{1}}, добро пожаловать"}]
        })
    };
    let (first, second) = (template(&uuid(), "approved"), template(&uuid(), "rejected"));
    sandbox.put_templates(&bench.account.wazzup_key, &[first.clone(), second.clone()]).await.unwrap();
    let get = |query: &'static str| ("GET", query);
    let bad = (400, "VALIDATION_ERROR");
    seen.run(
        &bench.asker,
        &[
            ok("all", get("/v3/templates/whatsapp"), None, json!([first, second])),
            ok("a page", get("/v3/templates/whatsapp?limit=1&offset=1"), None, json!([second])),
            ok("beyond", get("/v3/templates/whatsapp?offset=2"), None, json!([])),
            no("no number", get("/v3/templates/whatsapp?limit=x"), None, bad, json!({"fields": ["limit"]})),
        ],
    )
    .await;
    let down = Fault::wazzup(&bench.account.wazzup_key, "templates", Action::status(500));
    let fault = sandbox.add_fault(&down).await.unwrap();
    let unavailable = (503, "SERVICE_UNAVAILABLE");
    seen.run(
        &bench.asker,
        &[no("Wazzup is down", get("/v3/templates/whatsapp"), None, unavailable, Value::Null)],
    )
    .await;
    sandbox.remove_fault(fault).await.unwrap();
}
