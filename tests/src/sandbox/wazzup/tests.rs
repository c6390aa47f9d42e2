//! Sending by the sandbox's Wazzup over HTTP: its refusals, and what the client then has.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::state::{Behaviour, EchoMode, Received};
use crate::sandbox::faults::{Action, Fault};
use crate::sandbox::state::{Channel, CrmState, WazzupSetup};
use crate::sandbox::tests::{CHANNEL, Scene, wazzup_scene, with};

pub(super) const PHONE: &str = "79990000001";
const TRANSPORTS: [(&str, &str); 10] = [
    ("whatsapp", "whatsapp"),
    ("wapi", "whatsapp"),
    ("tgapi", "telegram"),
    ("telegram", "telegram"),
    ("instagram", "instagram"),
    ("vk", "vk"),
    ("avito", "avito"),
    ("viber", "viber"),
    ("max", "max"),
    ("maxbot", "max"),
];

/// A scene with a channel of every transport, on each of which the client has just written, and without echoes.
pub(super) async fn scene() -> Scene {
    let (scene, _) = wazzup_scene().await;
    setup(&scene, "active").await;
    behave(&scene, EchoMode::Never).await;
    let inbound = |(transport, chat_type): &(&str, &str)| json!({ "messageId": format!("in-{transport}"), "channelId": id(transport), "chatType": chat_type, "chatId": PHONE });
    let messages: Vec<Value> = TRANSPORTS.iter().map(inbound).collect();
    scene.client.remember("key", &json!({ "messages": messages }), 0).await.unwrap();
    scene
}

async fn setup(scene: &Scene, state: &str) {
    let channel = |(transport, _): &(&str, &str)| Channel {
        channel_id: id(transport),
        transport: (*transport).to_owned(),
        plain_id: "79990000000".into(),
        state: state.into(),
        name: None,
    };
    let channels = TRANSPORTS.iter().map(channel).collect();
    let setup = WazzupSetup { channels, crm_key: Some("crm".into()) };
    scene.client.put_wazzup("key", &setup).await.unwrap();
}

pub(super) async fn behave(scene: &Scene, echo: EchoMode) {
    scene.client.behave("key", &Behaviour { echo, ..Behaviour::default() }).await.unwrap();
}

/// The id of a transport's channel: the first is the scene's own.
pub(super) fn id(transport: &str) -> String {
    let at = TRANSPORTS.iter().position(|(name, _)| *name == transport).unwrap();
    if at == 0 { CHANNEL.into() } else { format!("b96a353b-9999-4cac-8413-ba99999{at:05}") }
}

/// A text on a transport's channel.
pub(super) fn by(transport: &str, text: &str) -> Value {
    let chat_type = TRANSPORTS.iter().find(|(name, _)| *name == transport).unwrap().1;
    json!({ "channelId": id(transport), "chatType": chat_type, "chatId": PHONE, "text": text })
}

pub(super) fn without(mut body: Value, field: &str) -> Value {
    body.as_object_mut().unwrap().remove(field);
    body
}

fn file_by(transport: &str, link: &str) -> Value {
    with(without(by(transport, ""), "text"), "contentUri", json!(link))
}

impl Scene {
    pub(super) async fn post(&self, body: Value) -> (u16, Value) {
        self.wazzup(Method::POST, "message", "key", body).await
    }

    /// Sends a message that must be accepted; returns its id.
    pub(super) async fn taken(&self, body: Value) -> String {
        let (status, answer) = self.post(body).await;
        assert_eq!(status, 201, "{answer}");
        answer["messageId"].as_str().unwrap().to_owned()
    }

    /// Sends a message that must be refused; returns the code.
    pub(super) async fn code(&self, body: Value) -> String {
        let (status, answer) = self.post(body).await;
        assert_eq!((status, &answer["status"]), (400, &json!(400)), "{answer}");
        answer["error"].as_str().unwrap().to_owned()
    }

    pub(super) async fn edit(&self, id: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.wazzup(Method::PATCH, &format!("message/{id}"), "key", body).await;
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    }

    pub(super) async fn delete(&self, id: &str) -> (u16, String) {
        let (status, answer) = self.wazzup(Method::DELETE, &format!("message/{id}"), "key", json!({})).await;
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    }

    pub(super) async fn phone(&self) -> Vec<Received> {
        self.client.received("key", PHONE).await.unwrap()
    }

    pub(super) async fn crm_until(&self, wanted: impl Fn(&CrmState) -> bool) -> CrmState {
        self.client.crm_until("garage", Duration::from_secs(5), wanted).await.unwrap()
    }
}

#[tokio::test]
async fn a_message_reaches_the_phone_with_all_it_has() {
    let scene = scene().await;
    let body = with(by("whatsapp", "Да, белая"), "crmMessageId", json!("m1"));
    let (status, answer) = scene.post(with(body, "refMessageId", json!("in-whatsapp"))).await;
    assert_eq!((status, &answer["chatId"]), (201, &json!(PHONE)));
    let [message] = &scene.phone().await[..] else { panic!() };
    assert_eq!(json!(message.message_id), answer["messageId"]);
    let words = [&message.text, &message.crm_message_id, &message.quotes].map(Option::as_deref);
    assert_eq!(words, [Some("Да, белая"), Some("m1"), Some("in-whatsapp")]);
    let html = scene.http.get(scene.sandbox.url()).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("The phone of whatsapp 79990000001") && html.contains("Да, белая"), "{html}");
}

#[tokio::test]
async fn members_are_checked_and_named() {
    let scene = scene().await;
    let text = || by("whatsapp", "Да");
    for (body, field) in [
        (with(text(), "channelId", json!("c1")), "channelId"),
        (without(text(), "channelId"), "channelId"),
        (with(text(), "chatType", json!("wapi")), "chatType"),
        (with(text(), "chatId", json!("+79990000001")), "chatId"),
        (with(text(), "chatId", json!(79_990_000_001_u64)), "chatId"),
        (without(text(), "chatId"), "chatId"),
        (with(text(), "phone", json!(PHONE)), "chatId"),
        (with(without(text(), "chatId"), "phone", json!(PHONE)), "phone"),
        (with(without(by("vk", "Да"), "chatId"), "username", json!("anna")), "username"),
        (with(without(by("tgapi", "Да"), "chatId"), "username", json!("@anna")), "username"),
        (with(text(), "crmMessageID", json!("m1")), "crmMessageID"),
        (with(text(), "buttonsObject", json!({ "buttons": [] })), "buttonsObject"),
        (with(text(), "templateValues", json!(["a"])), "templateValues"),
        (with(text(), "templateId", json!("t")), "templateId"),
        (with(file_by("whatsapp", "ftp://a/b"), "chatId", json!(PHONE)), "contentUri"),
    ] {
        let (status, answer) = scene.post(body.clone()).await;
        let told = (status, &answer["error"], &answer["data"]["fields"]);
        assert_eq!(told, (400, &json!("INVALID_MESSAGE_DATA"), &json!([field])), "{body}");
    }
    for (body, code) in [
        (without(text(), "text"), "MESSAGE_NOTHING_TO_SEND"),
        (with(text(), "contentUri", json!("https://a.example")), "MESSAGE_ONLY_TEXT_OR_CONTENT"),
        (by("whatsapp", " \n"), "MESSAGES_TEXT_CAN_NOT_BE_BLANK"),
        (with(text(), "channelId", json!("b96a353b-9999-4cac-8413-ba9999999999")), "CHANNEL_NOT_FOUND"),
        (with(text(), "chatType", json!("instagram")), "WRONG_TRANSPORT"),
        (with(text(), "refMessageId", json!("in-vk")), "REFERENCE_MESSAGE_NOT_FOUND"),
        (with(by("vk", "Да"), "chatId", json!("strange")), "CHAT_NO_ACCESS"),
    ] {
        assert_eq!(scene.code(body).await, code);
    }
    assert!(scene.phone().await.is_empty());
}

#[tokio::test]
async fn texts_have_their_transports_limits() {
    let scene = scene().await;
    for (transport, most, code) in [
        ("whatsapp", 10_000, "MESSAGE_TEXT_TOO_LONG"),
        ("wapi", 1024, "MESSAGES_TOO_LONG_WABA"),
        ("tgapi", 4096, "MESSAGES_TOO_LONG_TELEGRAM"),
        ("telegram", 4096, "MESSAGES_TOO_LONG_TELEGRAM"),
        ("instagram", 1000, "MESSAGES_TOO_LONG_INSTAGRAM"),
        ("vk", 1000, "MESSAGES_TOO_LONG_VK"),
        ("avito", 1000, "MESSAGES_TOO_LONG_AVITO"),
        ("viber", 6999, "MESSAGES_TOO_LONG_VIBER"),
        ("max", 4096, "MESSAGE_TEXT_TOO_LONG"),
        ("maxbot", 4096, "MESSAGE_TEXT_TOO_LONG"),
    ] {
        scene.taken(by(transport, &"я".repeat(most))).await;
        assert_eq!(scene.code(by(transport, &"я".repeat(most + 1))).await, code, "{transport}");
    }
    assert_eq!(scene.phone().await.len(), TRANSPORTS.len());
}

#[tokio::test]
async fn files_are_fetched_at_once_and_kept() {
    let scene = scene().await;
    let put = async |name: &str, kind: &str, bytes: usize| {
        scene.client.put_file(name, kind, vec![7; bytes]).await.unwrap()
    };
    let link = put("a.jpg", "image/jpeg", 100).await;
    scene.taken(file_by("whatsapp", &link)).await;
    let [message] = &scene.phone().await[..] else { panic!() };
    let file = message.file.clone().unwrap();
    assert_eq!((message.kind.as_str(), file.bytes, file.fetched_from), ("image", 100, link.clone()));
    assert_eq!(file.sha256, "d876885b7f40eae70bd1f5247a9854914fa5812ce63998e2d894a68e187967cb");
    let copy = scene.http.get(&file.stored_at).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(copy, vec![7; 100]);

    let most = 5 * 1024 * 1024;
    scene.taken(file_by("wapi", &put("fits", "image/png", most).await)).await;
    let large = file_by("wapi", &put("large", "image/png", most + 1).await);
    assert_eq!(scene.code(large).await, "MESSAGES_CONTENT_SIZE_EXCEEDED_WABA");
    let pdf = file_by("instagram", &put("a.pdf", "application/pdf", 1).await);
    assert_eq!(scene.code(pdf).await, "MESSAGES_UNSUPPORTED_CONTENT_TYPE_INSTAPI");
    let empty = file_by("whatsapp", &put("empty", "image/png", 0).await);
    assert_eq!(scene.code(empty).await, "MESSAGES_CONTENT_CAN_NOT_BE_BLANK");
    let page = file_by("whatsapp", &put("page", "text/html; charset=utf-8", 9).await);
    assert_eq!(scene.code(page).await, "MESSAGE_WRONG_CONTENT_TYPE");

    let failed = "MESSAGE_DOWNLOAD_CONTENT_ERROR";
    assert_eq!(scene.code(file_by("whatsapp", &scene.client.file_url("none"))).await, failed);
    for action in [Action::redirect(&link), Action::status(503), Action::act_then_drop()] {
        scene.client.add_fault(&Fault::file("a.jpg", action).times(1)).await.unwrap();
        let keyed = || with(file_by("whatsapp", &link), "crmMessageId", json!("k"));
        assert_eq!(scene.code(keyed()).await, failed);
        // A message that was not accepted leaves its key free.
        scene.taken(keyed()).await;
        scene.client.advance("key", Duration::from_secs(60)).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_is_refused_for_a_minute_and_no_longer() {
    let scene = scene().await;
    let keyed = || with(by("whatsapp", "Да"), "crmMessageId", json!("k"));
    let at_once = futures::future::join_all((0..10).map(|_| scene.post(keyed()))).await;
    assert_eq!(at_once.iter().filter(|(status, _)| *status == 201).count(), 1, "{at_once:?}");
    assert_eq!(scene.code(keyed()).await, "REPEATED_CRM_MESSAGE_ID");
    assert_eq!(scene.phone().await.len(), 1);
    scene.client.advance("key", Duration::from_secs(60)).await.unwrap();
    scene.taken(keyed()).await;
    assert_eq!(scene.phone().await.len(), 2, "beyond a minute it is a double");
}

pub(super) fn template(status: &str) -> Value {
    json!({ "templateGuid": status, "name": "visit", "status": status, "language": "ru",
        "templateCode": format!("@template: {status} {{ [[bodyVar1]] }}"),
        "components": [{ "type": "BODY", "text": "Ждём вас, {{1}}!" }] })
}

#[tokio::test]
async fn templates_pass_where_they_are_approved_and_filled() {
    let scene = scene().await;
    scene.client.put_templates("key", &[template("APPROVED"), template("rejected")]).await.unwrap();
    let (_, page) = scene.wazzup_get("templates/whatsapp?limit=1&offset=1", "key").await;
    assert_eq!(page, json!([template("rejected")]));
    let of = |transport: &str, id: &str, values: Value| {
        let named = with(without(by(transport, ""), "text"), "templateId", json!(id));
        with(named, "templateValues", values)
    };
    // Templates are accepted outside the window too.
    scene.client.advance("key", Duration::from_secs(48 * 3600)).await.unwrap();
    scene.taken(of("wapi", "APPROVED", json!(["Анна"]))).await;
    scene.taken(by("wapi", "@template: APPROVED { [[Олег]] }")).await;
    let phone = scene.phone().await;
    let texts: Vec<_> = phone.iter().map(|message| message.text.as_deref().unwrap()).collect();
    assert_eq!(
        (texts, phone[0].kind.as_str()),
        (vec!["Ждём вас, Анна!", "Ждём вас, Олег!"], "wapi_template")
    );
    assert_eq!(scene.code(of("wapi", "rejected", json!(["Анна"]))).await, "TEMPLATE_REJECTED");
    for (transport, id, values) in [
        ("wapi", "unknown", json!(["Анна"])),
        ("wapi", "APPROVED", json!([])),
        ("wapi", "APPROVED", json!([" "])),
        ("whatsapp", "APPROVED", json!(["Анна"])),
    ] {
        assert_eq!(scene.code(of(transport, id, values)).await, "INVALID_MESSAGE_DATA");
    }
    let long = of("wapi", "APPROVED", json!(["я".repeat(540)]));
    assert_eq!(scene.code(long).await, "MESSAGES_TOO_LONG_WABA_TEMPLATE");
}

#[tokio::test]
async fn buttons_have_the_shape_of_their_transport() {
    let scene = scene().await;
    let flat = json!([{ "text": "Да", "type": "text" }, { "text": "Нет", "type": "text", "payload": "n" }]);
    let inline =
        json!([[{ "text": "Да", "callbackData": "y" }], [{ "text": "Сайт", "url": "https://e.example" }]]);
    let bot =
        json!([[{ "type": "callback", "text": "Да", "payload": "y" }, { "type": "message", "text": "Нет" }]]);
    let sent = |transport: &str, object: Value| with(by(transport, "?"), "buttonsObject", object);
    for (transport, object) in [
        ("wapi", json!({ "buttons": flat })),
        ("telegram", json!({ "replyMarkup": "inline", "buttons": inline })),
        (
            "telegram",
            json!({ "replyMarkup": "reply", "oneTimeKeyboard": true, "buttons": [[{ "text": "Да" }]] }),
        ),
        ("maxbot", json!({ "buttons": bot })),
    ] {
        scene.taken(sent(transport, object)).await;
    }
    assert_eq!(scene.phone().await[0].buttons.len(), 2);
    let long = json!([{ "text": "я".repeat(21), "type": "text" }]);
    for (transport, object) in [
        ("whatsapp", json!({ "buttons": flat })),
        ("wapi", json!({ "buttons": inline })),
        ("wapi", json!({ "buttons": long })),
        ("telegram", json!({ "buttons": inline })),
        ("telegram", json!({ "replyMarkup": "inline", "buttons": [[{ "text": "Да" }]] })),
        ("maxbot", json!({ "buttons": [[{ "type": "callback", "text": "Да" }]] })),
    ] {
        assert_eq!(scene.code(sent(transport, object)).await, "INVALID_MESSAGE_DATA");
    }
    let many: Vec<Value> = (0..11).map(|n| json!({ "text": n.to_string(), "type": "text" })).collect();
    let id = scene.taken(sent("wapi", json!({ "buttons": many }))).await;
    let phone = scene.phone().await;
    assert_eq!(phone.iter().find(|message| message.message_id == id).unwrap().buttons.len(), 10);
}

#[tokio::test]
async fn a_stranger_gets_a_chat_that_stays_his() {
    let scene = scene().await;
    let to = |transport: &str, how: &str, whom: &str| {
        with(without(by(transport, "Добрый день"), "chatId"), how, json!(whom))
    };
    let mut chats = Vec::new();
    for body in [
        to("tgapi", "phone", "79990000009"),
        to("tgapi", "phone", "79990000009"),
        to("tgapi", "username", "anna"),
        to("max", "phone", "79990000009"),
    ] {
        let (status, answer) = scene.post(body).await;
        assert_eq!(status, 201, "{answer}");
        chats.push(answer["chatId"].as_str().unwrap().to_owned());
    }
    assert!(chats[0] == chats[1] && chats[1] != chats[2] && chats[2] != chats[3], "{chats:?}");
    scene.taken(with(by("tgapi", "Ещё"), "chatId", json!(chats[0]))).await;
    assert_eq!(scene.client.received("key", &chats[0]).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_channel_that_does_not_work_sends_nothing() {
    let scene = scene().await;
    for (state, code) in [
        ("disabled", "CHANNEL_BLOCKED"),
        ("blocked", "CHANNEL_BLOCKED"),
        ("notEnoughMoney", "CHANNEL_NO_MONEY"),
        ("rejected", "CHANNEL_WAPI_REJECTED"),
        ("phoneUnavailable", "MESSAGE_CHANNEL_UNAVAILABLE"),
        ("unauthorized", "MESSAGE_CHANNEL_UNAVAILABLE"),
    ] {
        setup(&scene, state).await;
        assert_eq!(scene.code(by("whatsapp", "Да")).await, code);
    }
}

#[tokio::test]
async fn above_five_hundred_calls_in_five_seconds_the_answer_is_empty() {
    let scene = scene().await;
    let mut last = None;
    for _ in 0..501 {
        last = Some(scene.wazzup_get("channels", "key").await);
    }
    assert_eq!(last.unwrap(), (429, Value::Null));
    scene.client.advance("key", Duration::from_secs(5)).await.unwrap();
    assert_eq!(scene.wazzup_get("channels", "key").await.0, 200);
}
