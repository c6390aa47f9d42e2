//! The sandbox over HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use super::Sandbox;
use super::client::{Client, Error};
use super::faults::{Action, Fault};
use super::state::{Channel, CrmSetup, CrmState, WazzupSetup};
use super::words::AnomalyKind::{self, *};
use super::words::MessageStatus;

pub(super) const CHANNEL: &str = "b96a353b-9999-4cac-8413-ba999990f981";

pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    pub(super) client: Client,
    pub(super) http: reqwest::Client,
}

pub(super) async fn scene(setup: CrmSetup) -> Scene {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let client = Client::new(&sandbox.url()).unwrap();
    client.put_crm("garage", &setup).await.unwrap();
    Scene { sandbox, client, http: reqwest::Client::builder().no_proxy().build().unwrap() }
}

impl Scene {
    fn request(&self, body: &Value) -> reqwest::RequestBuilder {
        self.http.post(self.client.crm_webhook_url("garage")).json(body).timeout(Duration::from_secs(5))
    }

    pub(super) async fn push(&self, body: Value) -> u16 {
        self.request(&body).send().await.unwrap().status().as_u16()
    }

    pub(super) async fn crm(&self) -> CrmState {
        self.client.crm("garage").await.unwrap()
    }
}

pub(super) fn message(id: &str, text: &str) -> Value {
    json!({ "messageId": id, "channelId": CHANNEL, "chatType": "whatsapp", "chatId": "79990000001", "type": "text",
        "dateTime": "2025-05-06T14:16:00.002Z", "isEcho": true, "contact": { "name": "Анна" }, "text": text, "status": "sent" })
}

fn status(id: &str, word: &str) -> Value {
    json!({ "messageId": id, "timestamp": "2025-02-05T06:01:07.499Z", "status": word })
}

pub(super) fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

fn contact() -> Value {
    json!({ "createContact": { "responsibleUserId": "1", "name": "Анна", "source": "auto",
        "contactData": [{ "chatType": "whatsapp", "chatId": "79990000001" }] } })
}

fn deal(contact: &str) -> Value {
    json!({ "createDeal": { "responsibleUserId": "1", "contacts": [contact], "source": "auto",
        "stage": { "pipelineId": "p", "stageId": "s" } } })
}

fn kinds(state: &CrmState) -> Vec<AnomalyKind> {
    state.anomalies.iter().map(|anomaly| anomaly.kind).collect()
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    assert!(Sandbox::start("0.0.0.0:0".parse().unwrap()).await.is_err());
    scene(CrmSetup::default()).await.sandbox.stop().await;
}

#[tokio::test]
async fn a_crm_is_for_who_has_its_key_and_speaks_json() {
    let scene = scene(CrmSetup { crm_key: Some("secret".into()), ..CrmSetup::default() }).await;
    let body = json!({ "test": true });
    let post = |auth: &'static str| scene.request(&body).header("authorization", auth).send();
    assert_eq!(post("Bearer secret").await.unwrap().status(), 200);
    for bad in ["Bearer other", "bearer secret", "secret", "Bearer secret2"] {
        assert_eq!(post(bad).await.unwrap().status(), 401, "{bad}");
    }
    assert_eq!(scene.push(body.clone()).await, 401);
    let typed = |content: &'static str| {
        let request = scene
            .http
            .post(scene.client.crm_webhook_url("garage"))
            .bearer_auth("secret")
            .body("{\"test\":true}");
        request.header("content-type", content).send()
    };
    assert_eq!(typed("application/json; charset-utf-8").await.unwrap().status(), 200);
    assert_eq!(typed("text/plain").await.unwrap().status(), 415);
    let large = json!({ "messages": [message("m", &"я".repeat(3 * 1024 * 1024))] });
    assert_eq!(scene.request(&large).bearer_auth("secret").send().await.unwrap().status(), 413);
    let state = scene.crm().await;
    assert_eq!(state.refused.len(), 7);
    assert_eq!(state.deliveries, 9);
    assert!(state.anomalies.is_empty());
}

#[tokio::test]
async fn messages_are_kept_in_order_with_their_edits_and_statuses() {
    let scene = scene(CrmSetup::default()).await;
    let inbound =
        with(with(message("m1", "Здравствуйте"), "status", json!("inbound")), "isEcho", json!(false));
    let both = json!({ "messages": [inbound, message("m2", "Добрый день")], "statuses": [status("m2", "delivered")] });
    assert_eq!(scene.push(both).await, 200);
    let edit = with(message("m2", "Добрый вечер"), "isEdited", json!(true));
    assert_eq!(scene.push(json!({ "messages": [with(edit, "status", json!("delivered"))] })).await, 200);
    assert_eq!(scene.push(json!({ "statuses": [status("m2", "read"), status("m1", "edited")] })).await, 200);
    let delete = with(with(inbound_again(), "isDeleted", json!(true)), "text", json!(""));
    assert_eq!(scene.push(json!({ "messages": [delete] })).await, 200);

    let state = scene.crm().await;
    assert!(state.refused.is_empty() && state.anomalies.is_empty(), "{state:?}");
    let [chat] = state.chats.as_slice() else { panic!("{state:?}") };
    let [m1, m2] = chat.messages.as_slice() else { panic!("{chat:?}") };
    assert_eq!(
        (m1.text.as_deref(), m1.edited, m1.deleted, m1.deliveries),
        (Some("Здравствуйте"), true, true, 2)
    );
    assert_eq!(
        (m2.text.as_deref(), m2.edited, m2.status, m2.deliveries),
        (Some("Добрый вечер"), true, MessageStatus::Read, 2)
    );

    scene.client.alter("garage", "m2", "Иначе").await.unwrap();
    assert_eq!(scene.crm().await.chats[0].messages[1].text.as_deref(), Some("Иначе"));
    assert!(matches!(scene.client.alter("garage", "m9", "").await, Err(Error::Refused { status: 404, .. })));
}

fn inbound_again() -> Value {
    with(with(message("m1", "Здравствуйте"), "status", json!("inbound")), "isEcho", json!(false))
}

#[tokio::test]
async fn what_a_bridge_should_not_do_is_noted_but_taken() {
    let scene = scene(CrmSetup::default()).await;
    scene.push(json!({ "messages": [message("m1", "а"), message("m1", "а")] })).await;
    scene.push(json!({ "statuses": [status("m1", "read"), status("m1", "delivered")] })).await;
    scene.push(json!({ "messages": [with(message("m2", "а"), "isEdited", json!(true))] })).await;
    scene.push(json!({ "messages": [with(message("m3", "а"), "isDeleted", json!(true))] })).await;
    scene.push(json!({ "messages": [with(with(message("m3", "б"), "isEdited", json!(true)), "status", json!("sent"))] })).await;
    scene.push(json!({ "messages": [inbound_as("m4")], "statuses": [status("m4", "read")] })).await;
    scene.push(json!({ "messages": [with(message("m1", "а"), "chatId", json!("79990000002"))] })).await;
    let finished = json!({ "chatFinished": { "channelId": CHANNEL, "chatType": "whatsapp", "chatId": "79990000001",
        "reason": "by_hand", "status": "closed", "finishedAt": "2026-11-01T10:00:00Z", "contactId": "9" } });
    scene.push(finished.clone()).await;
    scene.push(finished).await;
    let state = scene.crm().await;
    let expected = [
        MessageTwice,
        StatusBackwards,
        FirstSeenEdited,
        FirstSeenDeleted,
        ChangeAfterDelete,
        StatusOnInbound,
        MessageInTwoChats,
        StatusBackwards,
        UnknownEntity,
        FinishedTwice,
        UnknownEntity,
    ];
    assert_eq!(kinds(&state), expected, "{:?}", state.anomalies);
    assert!(state.refused.is_empty());
    assert_eq!(state.chats[0].messages[0].deliveries, 3);
    assert_eq!(state.chats[0].messages[0].status, MessageStatus::Read);
}

fn inbound_as(id: &str) -> Value {
    with(inbound_again(), "messageId", json!(id))
}

#[tokio::test]
async fn what_is_not_held_is_refused() {
    let scene = scene(CrmSetup::default()).await;
    let body =
        json!({ "messages": [message("m1", "а")], "statuses": [status("m1", "read"), status("m2", "read")] });
    assert_eq!(scene.push(body).await, 400);
    assert_eq!(scene.push(deal("1")).await, 400);
    assert_eq!(scene.push(with(contact(), "surplus", json!(1))).await, 400);
    let state = scene.crm().await;
    let refused: Vec<_> = state.refused.iter().map(|refusal| refusal.path.as_str()).collect();
    assert_eq!(refused, ["statuses[1].messageId", "createDeal.contacts[0]", "surplus"]);
    assert!(state.chats.is_empty() && state.deals.is_empty(), "a refused delivery has no effect");
    let other = scene.http.post(scene.client.crm_webhook_url("other")).json(&contact()).send().await.unwrap();
    assert_eq!(other.status(), 404);
}

#[tokio::test]
async fn an_idempotency_key_makes_one_entity_where_it_is_honoured() {
    for honour in [true, false] {
        let scene = scene(CrmSetup { honour_idempotency_key: honour, ..CrmSetup::default() }).await;
        let mut answers: Vec<Value> = Vec::new();
        for body in [contact(), contact(), deal("1"), deal("1")] {
            let request = scene.request(&body).header("idempotency-key", "k1");
            answers.push(request.send().await.unwrap().json().await.unwrap());
        }
        let state = scene.crm().await;
        assert_eq!((answers[0] == answers[1], answers[2] == answers[3]), (honour, honour));
        let (made, noted) = if honour { (1, vec![]) } else { (2, vec![ContactTwice, DealTwice]) };
        assert_eq!((state.contacts.len(), state.deals.len(), kinds(&state)), (made, made, noted));
        assert_eq!(answers[0]["contactData"], contact()["createContact"]["contactData"]);
        assert_eq!(answers[2]["closed"], json!(false));
        assert_eq!(state.deals[0].stage.as_ref().map(|stage| stage.stage_id.as_str()), Some("s"));
    }
    let scene = scene(CrmSetup::default()).await;
    for name in ["Анна", "Олег"] {
        let mut body = contact();
        body["createContact"]["name"] = json!(name);
        scene.request(&body).header("idempotency-key", "k1").send().await.unwrap();
    }
    assert_eq!(kinds(&scene.crm().await), [IdempotencyKeyReused]);
}

#[tokio::test]
async fn faults_answer_delay_garble_and_drop() {
    let scene = scene(CrmSetup::default()).await;
    let set = |action| Fault::crm("garage", "createContact", action).times(1);
    for action in [
        Action::retry_after(429, 7),
        Action::garbage(),
        Action::act_then_drop(),
        Action::delay(Duration::from_millis(300)),
    ] {
        scene.client.add_fault(&set(action)).await.unwrap();
    }
    let limited = scene.request(&contact()).send().await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    let garbage = scene.request(&contact()).send().await.unwrap();
    assert!(garbage.status().is_success() && garbage.json::<Value>().await.is_err());
    assert_eq!(scene.crm().await.contacts.len(), 0);
    assert!(scene.request(&contact()).send().await.is_err_and(|e| !e.is_timeout()));
    assert_eq!(scene.crm().await.contacts.len(), 1);
    let impatient = scene.request(&contact()).timeout(Duration::from_millis(100)).send().await;
    assert!(impatient.is_err_and(|e| e.is_timeout()));
    assert_eq!(scene.crm().await.contacts.len(), 2, "a delayed request takes effect at once");
    assert_eq!(scene.push(contact()).await, 200);

    let log = scene.client.deliveries("garage", 0).await.unwrap();
    let answers: Vec<_> =
        log.iter().map(|d| (d.seq, d.answer.as_ref().map(|a| a.status), d.fault.is_some())).collect();
    assert_eq!(
        answers,
        [(1, Some(429), true), (2, Some(200), true), (3, None, true), (4, None, true), (5, Some(200), false)]
    );
    assert_eq!(scene.client.deliveries("garage", 4).await.unwrap().len(), 1);
    assert!(
        scene.client.faults().await.unwrap().iter().all(|view| view.hits == 1 && view.remaining == Some(0))
    );
}

#[tokio::test]
async fn a_hanging_request_ends_when_the_fault_is_cleared() {
    let scene = scene(CrmSetup::default()).await;
    let id = scene.client.add_fault(&Fault::crm("garage", "any", Action::hang())).await.unwrap();
    let clear = async {
        scene.client.crm_until("garage", Duration::from_secs(5), |crm| crm.deliveries == 1).await.unwrap();
        scene.client.remove_fault(id).await.unwrap();
    };
    let request = scene.request(&json!({ "test": true })).send();
    let (answer, ()) = futures::join!(request, clear);
    assert!(answer.is_err_and(|e| !e.is_timeout()), "the connection closes");
    assert_eq!(scene.push(json!({ "test": true })).await, 200);

    scene.client.add_fault(&Fault::crm("garage", "any", Action::hang())).await.unwrap();
    let Scene { sandbox, client, http } = scene;
    let request = http.post(client.crm_webhook_url("garage")).json(&json!({ "test": true }));
    let request = request.timeout(Duration::from_secs(5)).send();
    let stop = async {
        client.crm_until("garage", Duration::from_secs(5), |crm| crm.deliveries == 3).await.unwrap();
        tokio::time::timeout(Duration::from_secs(5), sandbox.stop()).await.unwrap();
    };
    let (answer, ()) = futures::join!(request, stop);
    assert!(answer.is_err_and(|e| !e.is_timeout()));
}

/// A scene whose CRM receives the webhooks of a Wazzup account `key`.
pub(super) async fn wazzup_scene() -> (Scene, String) {
    let scene = scene(CrmSetup { crm_key: Some("crm".into()), ..CrmSetup::default() }).await;
    let channel = Channel {
        channel_id: CHANNEL.into(),
        transport: "whatsapp".into(),
        plain_id: "79990000000".into(),
        state: "active".into(),
        name: Some("Сервис".into()),
    };
    let setup = WazzupSetup { channels: vec![channel], crm_key: Some("crm".into()) };
    scene.client.put_wazzup("key", &setup).await.unwrap();
    let hook = scene.client.crm_webhook_url("garage");
    (scene, hook)
}

impl Scene {
    pub(super) async fn wazzup(
        &self,
        method: reqwest::Method,
        path: &str,
        key: &str,
        body: Value,
    ) -> (u16, Value) {
        let request =
            self.http.request(method, format!("{}/v3/{path}", self.client.wazzup_url())).bearer_auth(key);
        let response = request.json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    pub(super) async fn wazzup_get(&self, path: &str, key: &str) -> (u16, Value) {
        self.wazzup(reqwest::Method::GET, path, key, Value::Null).await
    }

    pub(super) async fn subscribe(&self, uri: &str) -> (u16, Value) {
        let body = json!({ "webhooksUri": uri, "subscriptions": { "messagesAndStatuses": true, "templateStatus": false } });
        self.wazzup(reqwest::Method::PATCH, "webhooks", "key", body).await
    }
}

#[tokio::test]
async fn wazzup_stores_an_address_only_after_its_test_post() {
    let (scene, hook) = wazzup_scene().await;
    for bad in [&format!("{hook}?{}", "x".repeat(200)), "ftp://127.0.0.1/", "nonsense"] {
        let (status, body) = scene.subscribe(bad).await;
        assert_eq!((status, &body["error"]), (400, &json!("uriNotValid")));
    }
    let (status, body) = scene.subscribe(&scene.client.crm_webhook_url("nobody")).await;
    assert_eq!(
        (status, &body["error"], &body["data"]["code"]),
        (400, &json!("testPostNotPassed"), &json!("404"))
    );
    assert_eq!(scene.wazzup_get("webhooks", "key").await.1["webhooksUri"], Value::Null);
    assert!(matches!(scene.client.send("key", &json!({})).await, Err(Error::Refused { status: 409, .. })));

    assert_eq!(scene.subscribe(&hook).await.0, 200);
    let expected = json!({ "webhooksUri": hook, "subscriptions": { "messagesAndStatuses": true,
        "contactsAndDealsCreation": false, "channelsUpdates": false, "wabaTemplatesStatus": false } });
    assert_eq!(scene.wazzup_get("webhooks", "key").await.1, expected);
}

#[tokio::test]
async fn wazzup_posts_what_it_is_told_to_who_has_subscribed() {
    let (scene, hook) = wazzup_scene().await;
    scene.subscribe(&hook).await;
    let client = &scene.client;
    let sent = client.send("key", &json!({ "messages": [message("m1", "Привет")] })).await.unwrap();
    assert_eq!(sent.status, Some(200), "{sent:?}");
    assert!(matches!(client.send("key", &contact()).await, Err(Error::Refused { status: 409, .. })));
    assert_eq!(client.send_raw("key", contact().to_string(), true).await.unwrap().status, Some(200));
    assert_eq!(client.send_raw("key", "не JSON", false).await.unwrap().status, Some(400));
    let log = client.deliveries("garage", 3).await.unwrap();
    assert_eq!(log[0].body, json!("не JSON"), "the very bytes");
    let state = client.wazzup("key").await.unwrap();
    let statuses: Vec<_> = state.posts.iter().map(|post| post.outcome.status).collect();
    assert_eq!(statuses, [Some(200), Some(200), Some(200), Some(400)]);
    assert_eq!(scene.crm().await.contacts.len(), 1);
}

#[tokio::test]
async fn wazzup_answers_its_own_keys_only_and_fails_on_demand() {
    let (scene, _) = wazzup_scene().await;
    assert_eq!(scene.wazzup_get("channels", "other").await.0, 401);
    assert_eq!(scene.wazzup_get("channels", "key").await.1[0]["name"], json!("Сервис"));
    assert_eq!(scene.wazzup(reqwest::Method::POST, "message", "key", json!({})).await.0, 400);
    scene.client.add_fault(&Fault::wazzup("key", "channels", Action::status(503))).await.unwrap();
    assert_eq!(scene.wazzup_get("channels", "key").await.0, 503);
    assert_eq!(scene.wazzup_get("webhooks", "key").await.0, 200);
}

#[tokio::test]
async fn wazzup_limits_calls() {
    let scene = scene(CrmSetup::default()).await;
    scene.client.put_wazzup("key", &WazzupSetup::default()).await.unwrap();
    let mut last = 0;
    for _ in 0..501 {
        let call = scene.http.get(format!("{}/v3/channels", scene.client.wazzup_url())).bearer_auth("key");
        last = call.send().await.unwrap().status().as_u16();
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn the_page_shows_what_is_held_and_reset_forgets_it() {
    let scene = scene(CrmSetup::default()).await;
    let page = async || scene.http.get(scene.sandbox.url()).send().await.unwrap().text().await.unwrap();
    scene.push(contact()).await;
    scene.push(json!({ "messages": [message("m1", "Привет <script>alert(1)</script>")] })).await;
    scene.client.add_fault(&Fault::crm("garage", "any", Action::garbage()).matching("<i>")).await.unwrap();
    let html = page().await;
    assert!(
        html.contains("Привет &lt;script&gt;") && !html.contains("<script>") && html.contains("Анна"),
        "{html}"
    );
    scene.client.reset().await.unwrap();
    assert!(!page().await.contains("garage"));
    assert!(matches!(scene.client.crm("garage").await, Err(Error::Refused { status: 404, .. })));
}
