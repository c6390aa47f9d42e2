//! The sandbox's Telegram over HTTP: its refusals, its updates, and what the client then has.

use super::state::{BotSetup, BusinessConnection, Person};
use super::{Act, Edited, Joined, Migrated, Place, Pressed, Said};
use crate::sandbox::Sandbox;
use crate::sandbox::client::{Client, Error};
use crate::sandbox::faults::{Action, Fault};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const TOKEN: &str = "7770001:TEST_opens_nothing_0123456789abcdef";
pub(super) const CONNECTION: &str = "Iz1SVWMBeUuYAwAAcFYexample";
const GROUP: i64 = -1_001_293_752_024;

/// A bot with a client who has just written, and a receiver of its updates.
pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    pub(super) client: Client,
    http: reqwest::Client,
    /// The updates received: the secret in the header, and the update.
    came: Came,
    hook: String,
}

type Came = Arc<Mutex<Vec<(Option<String>, Value)>>>;

pub(super) fn person(id: i64) -> Person {
    Person { id, first_name: format!("Клиент {id}"), username: Some(format!("client_{id}")) }
}

pub(super) fn marina() -> Person {
    person(218_485_655)
}

fn owner() -> Person {
    person(518_485_658)
}

/// A receiver that refuses the first `refuses` updates and accepts the others.
async fn receiver(came: Came, refuses: usize) -> String {
    let take = move |State(came): State<Came>, headers: HeaderMap, body: String| async move {
        let secret = headers.get(super::updates::SECRET).map(|value| value.to_str().unwrap().to_owned());
        let mut came = came.lock().unwrap();
        came.push((secret, serde_json::from_str(&body).unwrap()));
        if came.len() > refuses { StatusCode::OK } else { StatusCode::BAD_GATEWAY }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(take)).with_state(came);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

pub(super) fn setup() -> BotSetup {
    BotSetup {
        first_name: "Салон".into(),
        username: "salon_example_bot".into(),
        can_connect_to_business: true,
        local_webhooks: true,
    }
}

pub(super) async fn scene() -> Scene {
    scene_where_first_updates_fail(0).await
}

async fn scene_where_first_updates_fail(fail: usize) -> Scene {
    let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let client = Client::new(&sandbox.url()).unwrap();
    client.put_bot(TOKEN, &setup()).await.unwrap();
    let came = Came::default();
    let hook = receiver(came.clone(), fail).await;
    let scene = Scene { sandbox, client, http: reqwest::Client::new(), came, hook };
    let hook = json!({ "url": scene.hook, "secret_token": "777-ab12" });
    assert_eq!(scene.call("setWebhook", &hook).await, (200, json!({ "ok": true, "result": true })));
    scene.says(Place::private(&marina()), &marina(), "Добрый день").await;
    scene
}

impl Scene {
    /// Makes a call; returns HTTP status and body.
    pub(super) async fn call(&self, method: &str, body: &Value) -> (u16, Value) {
        self.call_as(TOKEN, method, body).await
    }

    async fn call_as(&self, token: &str, method: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/bot{token}/{method}", self.client.telegram_url());
        let answer = self.http.post(url).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Makes a call that must succeed; returns its result.
    async fn done(&self, method: &str, body: &Value) -> Value {
        let (status, mut answer) = self.call(method, body).await;
        assert_eq!((status, &answer["ok"]), (200, &json!(true)), "{method} {answer}");
        answer["result"].take()
    }

    /// Makes a call that must be refused; returns its description.
    async fn refused(&self, method: &str, body: &Value) -> String {
        let (status, answer) = self.call(method, body).await;
        assert_eq!((&answer["ok"], &answer["error_code"]), (&json!(false), &json!(status)), "{answer}");
        answer["description"].as_str().unwrap().to_owned()
    }

    pub(super) async fn does(&self, act: Act) -> i64 {
        self.client.act(TOKEN, &act).await.unwrap().0
    }

    /// A person writes; returns the number of the message.
    pub(super) async fn says(&self, place: Place, from: &Person, text: &str) -> i64 {
        self.does(Act::Say(Said::text(place, from, text))).await
    }

    pub(super) async fn after_hours(&self, hours: u64) {
        self.after(Duration::from_secs(hours * 3600)).await;
    }

    /// Waits until the rate limits allow another message.
    pub(super) async fn after_a_pause(&self) {
        self.after(Duration::from_secs(5)).await;
    }

    async fn after(&self, time: Duration) {
        self.client.advance_bot(TOKEN, time).await.unwrap();
    }

    /// The last update received.
    fn last(&self) -> Value {
        self.came.lock().unwrap().last().unwrap().1.clone()
    }

    /// Connects a business account whose client writes to it; returns the number of their message.
    pub(super) async fn business(&self, can_reply: bool) -> i64 {
        self.does(Act::Connect(business(can_reply, true))).await;
        self.says(Place::business(CONNECTION, &marina()), &marina(), "Ещё продаёте?").await
    }
}

fn business(can_reply: bool, enabled: bool) -> BusinessConnection {
    BusinessConnection {
        id: CONNECTION.into(),
        owner: owner(),
        enabled,
        can_reply,
        can_delete_sent: can_reply,
    }
}

fn text(text: &str) -> Value {
    json!({ "chat_id": marina().id, "text": text })
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn a_token_that_is_none_and_a_method_that_is_none_are_refused() {
    let scene = scene().await;
    let stranger = "7770002:TEST_opens_nothing_0123456789abcdef";
    let unauthorized = json!({ "ok": false, "error_code": 401, "description": "Unauthorized" });
    assert_eq!(scene.call_as(stranger, "getMe", &json!({})).await, (401, unauthorized));
    let not_found = json!({ "ok": false, "error_code": 404, "description": "Not Found" });
    assert_eq!(scene.call_as("7770001:short", "getMe", &json!({})).await, (404, not_found));
    assert_eq!(scene.refused("sendHologram", &json!({})).await, "Not Found: method not found");
    let me = scene.done("getMe", &json!({})).await;
    assert_eq!((&me["id"], &me["can_connect_to_business"]), (&json!(7_770_001), &json!(true)));
    assert_eq!(scene.done("getme", &json!({})).await["username"], "salon_example_bot");
}

#[tokio::test]
async fn texts_have_limits_and_parameters_are_known() {
    let scene = scene().await;
    for (body, words) in [
        (text(""), "message text is empty"),
        (json!({ "chat_id": marina().id }), "message text is empty"),
        (text(" \n"), "text must be non-empty"),
        (text(&"я".repeat(4097)), "message is too long"),
        (json!({ "text": "Да" }), "chat_id is empty"),
        (with(text("Да"), "chat_id", json!(5)), "chat not found"),
        (with(text("Да"), "chat_id", json!("@marina")), "chat not found"),
        (with(text("Да"), "txet", json!("Нет")), "unexpected parameter \"txet\""),
        (with(text("Да"), "text", json!(5)), "can't parse \"text\": it must be a String"),
        (with(text("Да"), "reply_parameters", json!({ "message_id": 5 })), "message to be replied not found"),
    ] {
        assert_eq!(scene.refused("sendMessage", &body).await, format!("Bad Request: {words}"));
    }
    let sent = scene.done("sendMessage", &text(&"я".repeat(4096))).await;
    assert_eq!((&sent["chat"]["id"], &sent["from"]["id"]), (&json!(marina().id), &json!(7_770_001)));
    let without = json!({ "message_id": 5, "allow_sending_without_reply": true });
    scene.done("sendMessage", &with(text("Да"), "reply_parameters", without)).await;
    let written = scene.client.written_by_bot(TOKEN, None, marina().id).await.unwrap();
    assert_eq!((written.len(), written[1].text.as_deref(), written[1].quotes), (2, Some("Да"), None));
    let page = scene.http.get(scene.sandbox.url()).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("@salon_example_bot") && page.contains("Добрый день") && !page.contains(TOKEN));
}

#[tokio::test]
async fn buttons_have_a_text_and_one_deed() {
    let scene = scene().await;
    let with_button =
        |button: Value| with(text("?"), "reply_markup", json!({ "inline_keyboard": [[button]] }));
    let parse = "can't parse inline keyboard button: ";
    for (button, words) in [
        (json!({ "text": "Да", "callback_data": "я".repeat(33) }), "BUTTON_DATA_INVALID".to_owned()),
        (json!({ "text": "Да", "callback_data": "" }), "BUTTON_DATA_INVALID".into()),
        (json!({ "text": "Да", "url": "file:///etc" }), "BUTTON_URL_INVALID".into()),
        (json!({ "callback_data": "да" }), format!("{parse}Can't find field \"text\"")),
        (json!({ "text": "Да" }), format!("{parse}Text buttons are unallowed in the inline keyboard")),
    ] {
        let refused = scene.refused("sendMessage", &with_button(button)).await;
        assert_eq!(refused, format!("Bad Request: {words}"));
    }
    let button = json!({ "text": "Да", "callback_data": "yes" });
    for (keyboard, words) in [
        (json!([vec![button.clone(); 101]]), "reply markup is too long"),
        (json!([button]), "field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays"),
    ] {
        let body = with(text("?"), "reply_markup", json!({ "inline_keyboard": keyboard }));
        assert_eq!(scene.refused("sendMessage", &body).await, format!("Bad Request: {words}"));
    }
    let button = json!({ "text": "Да", "callback_data": "я".repeat(32) });
    let sent = scene.done("sendMessage", &with_button(button.clone())).await;
    assert_eq!(sent["reply_markup"]["inline_keyboard"], json!([[button]]));
    let press = |data: &str| {
        Act::Press(Pressed {
            place: Place::private(&marina()),
            from: marina(),
            message_id: sent["message_id"].as_i64().unwrap(),
            data: data.into(),
        })
    };
    scene.does(press(&"я".repeat(32))).await;
    assert_eq!(scene.last()["callback_query"]["message"]["message_id"], sent["message_id"]);
    let wrong = scene.client.act(TOKEN, &press("no")).await;
    assert!(matches!(wrong, Err(Error::Refused { status: 409, .. })), "{wrong:?}");
}

#[tokio::test]
async fn who_has_not_started_the_bot_or_blocked_it_gets_nothing() {
    let scene = scene().await;
    let member = person(318_485_656);
    scene.says(Place::group(GROUP, "Клуб"), &member, "Кто уже ездил?").await;
    let to = |chat: i64| json!({ "chat_id": chat, "text": "Да" });
    let refused = scene.refused("sendMessage", &to(member.id)).await;
    assert_eq!(refused, "Forbidden: bot can't initiate conversation with a user");
    scene.does(Act::Block(marina())).await;
    assert_eq!(scene.last()["my_chat_member"]["new_chat_member"]["status"], "kicked");
    let refused = scene.refused("sendMessage", &to(marina().id)).await;
    assert_eq!(refused, "Forbidden: bot was blocked by the user");
    let writes = Act::Say(Said::text(Place::private(&marina()), &marina(), "Да"));
    assert!(matches!(scene.client.act(TOKEN, &writes).await, Err(Error::Refused { status: 409, .. })));
    scene.does(Act::Unblock(marina())).await;
    scene.done("sendMessage", &to(marina().id)).await;
    let sent = scene.done("sendMessage", &to(GROUP)).await;
    let place = Place::group(GROUP, "Клуб");
    scene.does(Act::Join(Joined { place, by: member, is_in: false })).await;
    for method in ["sendMessage", "editMessageText"] {
        let body = match method {
            "sendMessage" => to(GROUP),
            _ => with(to(GROUP), "message_id", sent["message_id"].clone()),
        };
        let refused = scene.refused(method, &body).await;
        assert_eq!(refused, "Forbidden: bot was kicked from the supergroup chat");
    }
}

#[tokio::test]
async fn a_group_that_moved_names_its_supergroup() {
    let scene = scene().await;
    scene.says(Place::group(-402_345_678, "Клуб"), &marina(), "Кто?").await;
    let sent = scene.done("sendMessage", &json!({ "chat_id": -402_345_678, "text": "Я" })).await;
    assert_eq!(sent["chat"]["type"], "group");
    let place = Place::group(-402_345_678, "Клуб");
    scene.does(Act::Migrate(Migrated { place, by: marina(), to: GROUP })).await;
    let (status, answer) = scene.call("sendMessage", &json!({ "chat_id": -402_345_678, "text": "Я" })).await;
    let expected = json!({
        "ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": { "migrate_to_chat_id": GROUP },
    });
    assert_eq!((status, &answer), (400, &expected));
    let delete = json!({ "chat_id": -402_345_678, "message_id": sent["message_id"] });
    assert_eq!(scene.call("deleteMessage", &delete).await, (400, expected));
    let sent = scene.done("sendMessage", &json!({ "chat_id": GROUP, "text": "Я" })).await;
    assert_eq!(sent["chat"]["type"], "supergroup");
}

#[tokio::test]
async fn edits_change_what_is_there_and_the_bots_own() {
    let scene = scene().await;
    let asked = scene.says(Place::private(&marina()), &marina(), "Белая?").await;
    let sent = scene.done("sendMessage", &text("Да")).await["message_id"].clone();
    let link = scene.client.put_file("p.jpg", "image/jpeg", vec![7; 9]).await.unwrap();
    let photo = json!({ "chat_id": marina().id, "photo": link });
    let photo = scene.done("sendPhoto", &photo).await["message_id"].clone();
    let edit = |id: &Value, text: &str| json!({ "chat_id": marina().id, "message_id": id, "text": text });
    let caption =
        |id: &Value, text: &str| json!({ "chat_id": marina().id, "message_id": id, "caption": text });
    for (method, body, words) in [
        ("editMessageText", edit(&json!(5), "Нет"), "message to edit not found"),
        ("editMessageText", edit(&Value::Null, "Нет"), "message to edit not found"),
        ("editMessageText", edit(&json!(asked), "Нет"), "message can't be edited"),
        ("editMessageText", edit(&photo, "Нет"), "there is no text in the message to edit"),
        ("editMessageCaption", caption(&sent, "Нет"), "there is no caption in the message to edit"),
        ("editMessageCaption", caption(&photo, &"я".repeat(1025)), "message caption is too long"),
        ("editMessageText", edit(&sent, ""), "message text is empty"),
    ] {
        assert_eq!(scene.refused(method, &body).await, format!("Bad Request: {words}"));
    }
    let same = scene.refused("editMessageText", &edit(&sent, "Да")).await;
    assert!(same.starts_with("Bad Request: message is not modified: "), "{same}");
    scene.done("editMessageText", &edit(&sent, "Нет")).await;
    scene.done("editMessageCaption", &caption(&photo, "Вот")).await;
    let written = scene.client.written_by_bot(TOKEN, None, marina().id).await.unwrap();
    let words: Vec<_> = written.iter().map(|one| (one.text.as_deref(), one.edits)).collect();
    assert_eq!(words, [(Some("Нет"), 1), (Some("Вот"), 1)]);
}

#[tokio::test]
async fn deletions_are_refused_after_48_hours_and_for_what_is_not_there() {
    let scene = scene().await;
    let sent = async || scene.done("sendMessage", &text("Да")).await["message_id"].clone();
    let delete = |id: &Value| json!({ "chat_id": marina().id, "message_id": id });
    let missing = "Bad Request: message to delete not found";
    assert_eq!(scene.refused("deleteMessage", &delete(&json!(5))).await, missing);
    let unnamed = scene.refused("deleteMessage", &delete(&Value::Null)).await;
    assert_eq!(unnamed, "Bad Request: message identifier is not specified");
    let id = sent().await;
    assert_eq!(scene.done("deleteMessage", &delete(&id)).await, json!(true));
    assert_eq!(scene.refused("deleteMessage", &delete(&id)).await, missing);
    let old = sent().await;
    scene.after_hours(49).await;
    let late = scene.refused("deleteMessage", &delete(&old)).await;
    assert_eq!(late, "Bad Request: message can't be deleted for everyone");
    let member = scene.says(Place::group(GROUP, "Клуб"), &marina(), "Кто?").await;
    let other = scene.refused("deleteMessage", &json!({ "chat_id": GROUP, "message_id": member })).await;
    assert_eq!(other, "Bad Request: message can't be deleted");
}

#[tokio::test]
async fn a_business_account_has_its_rights_and_its_window() {
    let scene = scene().await;
    let body = with(text("Да"), "business_connection_id", json!(CONNECTION));
    let words = scene.refused("sendMessage", &body).await;
    assert_eq!(words, "Bad Request: business connection not found");
    scene.business(false).await;
    let words = scene.refused("sendMessage", &body).await;
    assert_eq!(words, "Bad Request: BUSINESS_CONNECTION_NOT_ALLOWED");
    let asked = scene.business(true).await;
    let other = with(body.clone(), "chat_id", json!(5));
    assert_eq!(scene.refused("sendMessage", &other).await, "Bad Request: BUSINESS_PEER_INVALID");
    let sent = scene.done("sendMessage", &body).await;
    let names = (&sent["from"]["id"], &sent["sender_business_bot"]["id"]);
    assert_eq!(names, (&json!(owner().id), &json!(7_770_001)));
    let delete = |ids: Value| json!({ "business_connection_id": CONNECTION, "message_ids": ids });
    for (ids, words) in [
        (json!([]), "message identifiers are not specified, or are too many"),
        (json!([5]), "message to delete not found"),
        (json!([asked]), "not enough rights to delete the message"),
    ] {
        let refused = scene.refused("deleteBusinessMessages", &delete(ids)).await;
        assert_eq!(refused, format!("Bad Request: {words}"));
    }
    scene.done("deleteBusinessMessages", &delete(json!([sent["message_id"]]))).await;
    scene.after_hours(25).await;
    let words = scene.refused("sendMessage", &body).await;
    assert_eq!(words, "Bad Request: BUSINESS_PEER_USAGE_MISSING");
    // The owner's own message does not open the window.
    scene.says(Place::business(CONNECTION, &marina()), &owner(), "Ждём вас").await;
    assert_eq!(scene.last()["business_message"]["from"]["id"], owner().id);
    assert_eq!(scene.refused("sendMessage", &body).await, "Bad Request: BUSINESS_PEER_USAGE_MISSING");
    scene.does(Act::Connect(business(true, false))).await;
    assert_eq!(scene.refused("sendMessage", &body).await, "Bad Request: business connection not found");
}

#[tokio::test]
async fn files_by_link_have_the_type_and_the_size_of_their_method() {
    let scene = scene().await;
    let limit = 5 << 20;
    for (method, member, mime, bytes, words) in [
        ("sendPhoto", "photo", "image/jpeg", limit, None),
        ("sendPhoto", "photo", "image/jpeg", limit + 1, Some("failed to get HTTP URL content")),
        ("sendPhoto", "photo", "application/pdf", 9, Some("wrong type of the web page content")),
        ("sendDocument", "document", "application/pdf", limit + 1, None),
        (
            "sendDocument",
            "document",
            "application/pdf",
            4 * limit + 1,
            Some("failed to get HTTP URL content"),
        ),
        ("sendDocument", "document", "text/plain", 9, Some("wrong type of the web page content")),
        ("sendVoice", "voice", "audio/mpeg", 9, Some("wrong type of the web page content")),
    ] {
        scene.after_a_pause().await;
        let link = scene.client.put_file("f", mime, vec![7; bytes]).await.unwrap();
        let body = json!({ "chat_id": marina().id, member: link });
        match words {
            Some(words) => assert_eq!(scene.refused(method, &body).await, format!("Bad Request: {words}")),
            None => assert!(scene.done(method, &body).await[member].is_array() == (member == "photo")),
        }
    }
    for (link, words) in [
        ("not a link", "wrong file identifier/HTTP URL specified"),
        (scene.client.file_url("nothing").as_str(), "failed to get HTTP URL content"),
    ] {
        let body = json!({ "chat_id": marina().id, "photo": link });
        assert_eq!(scene.refused("sendPhoto", &body).await, format!("Bad Request: {words}"));
    }
}

#[tokio::test]
async fn a_clients_file_is_had_by_its_id_for_an_hour_and_up_to_20_mb() {
    let scene = scene().await;
    let photo = |name: &str| Act::Say(Said::file(Place::private(&marina()), &marina(), "photo", name));
    scene.client.put_file("a.jpg", "image/jpeg", vec![7; 900]).await.unwrap();
    scene.does(photo("a.jpg")).await;
    let sizes = scene.last()["message"]["photo"].clone();
    assert_eq!((&sizes[1]["file_size"], sizes.as_array().unwrap().len()), (&json!(900), 2));
    let file = scene.done("getFile", &json!({ "file_id": sizes[1]["file_id"] })).await;
    let path = file["file_path"].as_str().unwrap();
    let url = format!("{}/file/bot{TOKEN}/{path}", scene.client.telegram_url());
    let got = async || {
        let answer = scene.http.get(&url).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().len())
    };
    assert_eq!(got().await, (200, 900));
    scene.after_hours(1).await;
    assert_eq!(got().await.0, 404);
    let unknown = scene.refused("getFile", &json!({ "file_id": "nothing" })).await;
    assert_eq!(unknown, "Bad Request: wrong file_id or the file is temporarily unavailable");
    assert_eq!(scene.refused("getFile", &json!({})).await, "Bad Request: file_id not specified");
    scene.client.put_file("b.jpg", "image/jpeg", vec![7; (20 << 20) + 1]).await.unwrap();
    scene.does(photo("b.jpg")).await;
    let large = json!({ "file_id": scene.last()["message"]["photo"][1]["file_id"] });
    assert_eq!(scene.refused("getFile", &large).await, "Bad Request: file is too big");
}

#[tokio::test]
async fn a_webhook_has_https_a_port_of_four_and_a_plain_secret() {
    let scene = scene().await;
    scene.client.put_bot(TOKEN, &BotSetup { local_webhooks: false, ..setup() }).await.unwrap();
    let bad = "bad webhook: ";
    for (body, words) in [
        (
            json!({ "url": "http://bridge.example/" }),
            format!("{bad}An HTTPS URL must be provided for webhook"),
        ),
        (
            json!({ "url": "https://bridge.example:8080/" }),
            format!("{bad}Webhook can be set up only on ports 80, 88, 443 or 8443"),
        ),
        (json!({ "url": "bridge" }), "invalid webhook URL specified".into()),
        (
            json!({ "url": "https://bridge.example/", "secret_token": "a b" }),
            "secret token contains unallowed characters".into(),
        ),
        (
            json!({ "url": "https://bridge.example/", "secret_token": "a".repeat(257) }),
            "secret token is too long".into(),
        ),
    ] {
        assert_eq!(scene.refused("setWebhook", &body).await, format!("Bad Request: {words}"));
    }
    let good = json!({ "url": "https://bridge.example:8443/", "allowed_updates": ["message"], "max_connections": 500 });
    scene.done("setWebhook", &good).await;
    let shown = scene.done("getWebhookInfo", &json!({})).await;
    assert_eq!((&shown["url"], &shown["max_connections"]), (&good["url"], &json!(100)));
    assert_eq!(shown["allowed_updates"], json!(["message"]));
    let block = scene.client.act(TOKEN, &Act::Block(marina())).await;
    assert!(matches!(block, Err(Error::Refused { status: 409, .. })), "not asked for: {block:?}");
    scene.done("deleteWebhook", &json!({})).await;
    assert_eq!(scene.done("getWebhookInfo", &json!({})).await["url"], "");
}

#[tokio::test]
async fn updates_rise_show_the_secret_and_come_again_until_they_are_taken() {
    let scene = scene_where_first_updates_fail(2).await;
    let asked = scene.says(Place::private(&marina()), &marina(), "Белая?").await;
    let edited = Edited { place: Place::private(&marina()), message_id: asked, text: "Чёрная?".into() };
    scene.does(Act::Edit(edited)).await;
    let came = scene.came.lock().unwrap().clone();
    assert!(came.iter().all(|(secret, _)| secret.as_deref() == Some("777-ab12")));
    let numbers: Vec<i64> = came.iter().map(|(_, update)| update["update_id"].as_i64().unwrap()).collect();
    let first = numbers[0];
    assert_eq!(numbers, [first, first, first, first + 1, first + 2], "the first came three times");
    let last = &came.last().unwrap().1["edited_message"];
    assert_eq!((&last["text"], &last["message_id"]), (&json!("Чёрная?"), &json!(asked)));
}

#[tokio::test]
async fn too_many_messages_are_refused_with_a_pause_and_so_is_what_a_fault_hits() {
    let scene = scene().await;
    for _ in 0..3 {
        scene.done("sendMessage", &text("Да")).await;
    }
    let (status, answer) = scene.call("sendMessage", &text("Да")).await;
    let told = (status, &answer["parameters"]["retry_after"], &answer["description"]);
    assert_eq!(told, (429, &json!(1), &json!("Too Many Requests: retry after 1")));
    scene.after_a_pause().await;
    scene.done("sendMessage", &text("Да")).await;
    let flood = Fault::telegram(TOKEN, "send", Action::telegram_flood(7)).times(1);
    scene.client.add_fault(&flood).await.unwrap();
    let (status, answer) = scene.call("sendMessage", &text("Да")).await;
    assert_eq!((status, &answer["parameters"]["retry_after"]), (429, &json!(7)));
    let calls = scene.client.bot(TOKEN).await.unwrap().requests;
    let last = calls.last().unwrap();
    assert_eq!((last.route.as_str(), last.fault.is_some()), ("POST /sendMessage", true));
}
