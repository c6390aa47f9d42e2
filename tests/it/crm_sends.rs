//! Messages that a CRM sends by `/v3/message`, up to the provider's own request, and what the CRM is told of them.

use crate::world::asking::Asking;
use crate::world::sends::KEY;
use crate::world::{CHANNEL, TOKEN, World};
use reqwest::Method;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::store::Read;
use std::time::Duration;
use tests::sandbox::faults::Action as Deed;
use tests::wazzup;

/// A World whose channel is of this transport.
async fn on(transport: &str) -> World {
    let world = World::with_employees(&["anna"]).await;
    let known = world.store.channel(&world.account, &world.channel, Read::Consistent).await.unwrap().unwrap();
    let channel = shared::model::channel::Channel { transport: Some(transport.into()), ..known };
    world.write(&channel).await;
    let setup = json!({
        "channels": [{"channelId": CHANNEL, "transport": transport, "plainId": "1", "state": "active"}],
    });
    world.wazzup().put_wazzup(KEY, &serde_json::from_value(setup).unwrap()).await.unwrap();
    world
}

impl World {
    /// A client writes on the channel.
    async fn writes(&self, chat_type: &str, chat: &str) {
        let at = self.clock.now().rfc3339();
        let body = wazzup::text(CHANNEL, chat, &format!("m-{chat}"), &at, "Добрый день");
        let body = wazzup::messages(&[wazzup::with(body, json!({"chatType": chat_type}))]);
        self.wazzup().remember(KEY, &body, 0).await.unwrap();
        assert_eq!(self.post(TOKEN, body.to_string()).await, 200);
        self.settle().await;
    }
}

async fn sends(api: &Asking, body: &Value) -> Value {
    api.done(Method::POST, "/v3/message", Some(body.clone())).await
}

#[tokio::test]
async fn buttons_reach_the_provider_as_the_crm_wrote_them() {
    for (transport, chat_type, objects) in [
        (
            "telegram",
            "telegram",
            vec![
                json!({"replyMarkup": "inline", "buttons": [
                    [{"text": "Сайт", "url": "https://e.example"}, {"text": "Да", "callbackData": "y", "style": {"n": [1.5]}}],
                    [{"text": "Нет", "callbackData": "n"}],
                ]}),
                json!({"replyMarkup": "reply", "buttons": [[{"text": "А"}, {"text": "Б"}], [{"text": "В"}]]}),
                json!({"replyMarkup": "reply", "oneTimeKeyboard": true, "buttons": [[{"text": "А"}]]}),
                json!({"removeKeyboard": true}),
            ],
        ),
        (
            "maxbot",
            "max",
            vec![json!({"chatType": "max", "buttons": [[
                {"type": "link", "text": "Сайт", "url": "https://e.example", "intent": "positive"},
                {"type": "callback", "text": "Да", "payload": "y"},
            ]]})],
        ),
        ("wapi", "whatsapp", vec![json!({"buttons": [{"text": "Да", "type": "text", "payload": "y"}]})]),
    ] {
        let world = on(transport).await;
        let api = world.serve().await;
        let chat = if chat_type == "whatsapp" { "79011112233" } else { "218485655" };
        world.writes(chat_type, chat).await;
        for object in &objects {
            let body = json!({
                "channelId": CHANNEL, "chatType": chat_type, "chatId": chat, "text": "Удобно?", "buttonsObject": object,
            });
            sends(&api, &body).await;
            world.settle().await;
        }
        let calls = world.calls("POST").await;
        let sent: Vec<&Value> = calls.iter().map(|body| &body["buttonsObject"]).collect();
        assert_eq!(sent, objects.iter().collect::<Vec<_>>(), "{transport}");
        let received = world.wazzup().received(KEY, chat).await.unwrap();
        assert_eq!(received.len(), objects.len(), "{transport}");
    }
}

#[tokio::test]
async fn a_template_has_the_payloads_that_the_crm_gave_its_buttons() {
    let world = on("wapi").await;
    let api = world.serve().await;
    let object = json!({"buttons": [{"payload": "visit"}, {"payload": "later"}]});
    let body = json!({
        "channelId": CHANNEL, "chatType": "whatsapp", "chatId": "79011112233", "templateId": "t1", "buttonsObject": object,
    });
    sends(&api, &body).await;
    world.settle().await;
    let calls = world.calls("POST").await;
    assert_eq!((&calls[0]["templateId"], &calls[0]["buttonsObject"]), (&json!("t1"), &object));
}

#[tokio::test]
async fn the_answer_to_a_first_message_has_the_messengers_id_of_the_chat() {
    for (transport, chat_type, name, value) in [
        ("tgapi", "telegram", "phone", "79990000009"),
        ("tgapi", "telegram", "username", "anna"),
        ("max", "max", "phone", "79990000009"),
    ] {
        let world = on(transport).await;
        let api = world.serve().await;
        let body = json!({"channelId": CHANNEL, "chatType": chat_type, name: value, "text": "Здравствуйте"});
        let answer = world.pauses.within(sends(&api, &body), world.settle()).await;
        let chat = answer["chatId"].as_str().unwrap().to_owned();
        assert!(chat.bytes().all(|byte| byte.is_ascii_digit()) && chat != value, "{answer}");
        assert_eq!(world.wazzup().received(KEY, &chat).await.unwrap().len(), 1);
        assert_eq!(world.calls("POST").await.len(), 1, "p4: sent once");
        // The next one is in the same chat, however the client is named.
        for (name, value) in [(name, value), ("chatId", chat.as_str())] {
            let body = json!({"channelId": CHANNEL, "chatType": chat_type, name: value, "text": "И ещё"});
            assert_eq!(sends(&api, &body).await["chatId"], chat, "{name}");
            world.settle().await;
        }
        let crm = world.crm().await;
        let chats: Vec<(&str, usize)> =
            crm.chats.iter().map(|of| (of.chat_id.as_str(), of.messages.len())).collect();
        assert_eq!(chats, [(chat.as_str(), 3)], "{transport} {name}");
        assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
    }
}

#[tokio::test]
async fn a_slow_messenger_names_the_chat_in_the_messages_webhook() {
    let world = on("tgapi").await;
    let api = world.serve().await;
    world.wazzup_fails("send", Deed::status(429), 1).await;
    let body = json!({
        "channelId": CHANNEL, "chatType": "telegram", "phone": "79990000009", "text": "Здравствуйте", "crmMessageId": "k1",
    });
    let answer = world.pauses.within(sends(&api, &body), world.settle()).await;
    assert_eq!(answer["chatId"], "+79990000009", "not known in five seconds");
    assert!(world.crm().await.chats.is_empty(), "it is told when the chat has its id");
    world.pass_everywhere(Duration::from_secs(60)).await;
    let crm = world.crm().await;
    assert_eq!(crm.chats.len(), 1);
    assert!(!crm.chats[0].chat_id.starts_with('+'), "{}", crm.chats[0].chat_id);
    assert_eq!(crm.chats[0].messages[0].message_id, answer["messageId"].as_str().unwrap());
    assert_eq!(world.wazzup().received(KEY, &crm.chats[0].chat_id).await.unwrap().len(), 1, "p4: once");
}

#[tokio::test]
async fn a_first_message_that_is_refused_is_answered_at_once_and_told() {
    let world = on("tgapi").await;
    let api = world.serve().await;
    let refused = Some(json!({"error": "BAD_CONTACT", "description": "No such account"}));
    let deed = Deed::Status { status: 400, retry_after_seconds: None, body: refused };
    world.wazzup_fails("send", deed, 1).await;
    let body =
        json!({"channelId": CHANNEL, "chatType": "telegram", "username": "nobody", "text": "Здравствуйте"});
    let before = world.clock.now();
    let answer = world.pauses.within(sends(&api, &body), world.settle()).await;
    assert_eq!(answer["chatId"], "@nobody");
    assert!(world.clock.now().since(before) < Duration::from_secs(5), "nothing is waited for");
    let crm = world.crm().await;
    assert_eq!(crm.chats[0].chat_id, "@nobody");
    assert_eq!(world.crm_status(answer["messageId"].as_str().unwrap()).await, "error");
}

#[tokio::test]
async fn a_file_is_replaced_where_the_transport_can() {
    let world = on("tgapi").await;
    let api = world.serve().await;
    world.writes("telegram", "218485655").await;
    let file = |name: &str| world.sandbox.client().file_url(name);
    for (name, kind) in [("a.jpg", "image/jpeg"), ("b.pdf", "application/pdf")] {
        world.sandbox.client().put_file(name, kind, "content").await.unwrap();
    }
    let body = json!({
        "channelId": CHANNEL, "chatType": "telegram", "chatId": "218485655", "contentUri": file("a.jpg"),
    });
    let id = sends(&api, &body).await["messageId"].as_str().unwrap().to_owned();
    world.settle().await;
    let path = format!("/v3/message/{id}");
    api.done(Method::PATCH, &path, Some(json!({"contentUri": file("b.pdf")}))).await;
    world.settle().await;
    assert_eq!(world.calls("PATCH").await, [json!({"contentUri": file("b.pdf")})]);
    let crm = world.crm().await;
    let told = crm.chats[0].messages.iter().find(|message| message.message_id == id).unwrap();
    let told = serde_json::to_value(told).unwrap();
    assert_eq!((&told["type"], &told["contentUri"]), (&json!("document"), &json!(file("b.pdf"))), "{told}");
}
