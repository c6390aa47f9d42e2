//! Our webhooks at the client's own listener.

use super::driver::Driver;
use crate::stack::asking::until;
use crate::stack::v3::bench::{Bench, TRANSPORTS};
use crate::stack::{PATIENCE, moment};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tests::account::{AccountChannel, random};
use tests::sandbox::words::StatusWord;
use tests::wazzup::{
    about_listing, advert, comment, deleted, echo, echo_from_app, edited, file, in_group, messages,
    missed_call, quoting, telegram, text, text_in, unknown_type, with,
};

const CLIENT: &str = "79011118901";
/// A client in Telegram who shows their phone.
const TELEGRAM: &str = "5550018901";

/// What the handlers got.
#[derive(Default)]
struct Heard {
    /// The last form of each message, by its id.
    messages: BTreeMap<String, Value>,
    /// Statuses, as message id and word.
    statuses: Vec<(String, String)>,
    /// Error codes of statuses.
    errors: Vec<String>,
    /// The chat ids of contacts to create.
    created: Vec<String>,
    /// Channels with their states.
    channels: Vec<(String, String)>,
}

impl Heard {
    fn note(&mut self, line: &Value) {
        let list = |name: &str| line["body"][name].as_array().unwrap().clone();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match line["model"].as_str() {
            Some("MessagesWebhook") => {
                let entries = list("messages").into_iter();
                self.messages.extend(entries.map(|entry| (word(&entry["messageId"]), entry)));
            }
            Some("StatusesWebhook") => {
                for entry in list("statuses") {
                    self.errors.extend(entry["error"]["error"].as_str().map(str::to_owned));
                    self.statuses.push((word(&entry["messageId"]), word(&entry["status"])));
                }
            }
            Some("CreateEntitiesWebhook") => {
                let contact = &line["body"]["createContact"]["contactData"][0]["chatId"];
                self.created.extend(contact.as_str().map(str::to_owned));
            }
            Some("ChannelsUpdatesWebhook") => {
                let entries = list("channelsUpdates").into_iter();
                self.channels.extend(entries.map(|entry| (word(&entry["channelId"]), word(&entry["state"]))));
            }
            // The test post of `PATCH /v3/webhooks`, and our own kinds of webhooks, for which the client has no model.
            None => {}
            other => panic!("{other:?}: {line}"),
        }
    }

    /// Reads lines until the client has set its webhooks; returns the address.
    fn until_set(&mut self, driver: &Driver) -> Value {
        loop {
            let mut line = driver.next();
            match line["set"].take() {
                Value::Null => self.note(&line),
                url => return url,
            }
        }
    }

    /// Reads lines until it is as wanted.
    fn until(&mut self, driver: &Driver, what: &str, wanted: impl Fn(&Self) -> bool) {
        let end = std::time::Instant::now() + PATIENCE;
        while !wanted(self) {
            assert!(std::time::Instant::now() < end, "not heard: {what}; {:?}", self.messages.keys());
            self.note(&driver.next());
        }
    }
}

/// Starts the listener, makes it the account's webhooks with the client's own call, and lets clients write. Returns the
/// methods that it used.
pub async fn hears(bench: &Bench) -> Value {
    let stack = &bench.live.stack;
    let given = json!({"base": stack.api_url, "key": bench.account.key, "port": stack.listener_port});
    let mut driver = Driver::start("pysdk_listener.py", &given);
    let mut heard = Heard::default();
    set(bench, &mut driver, &mut heard).await;
    for (transport, ..) in TRANSPORTS {
        let channel = AccountChannel {
            id: bench.own_channel(transport).to_owned(),
            external: bench.channel(transport).to_owned(),
        };
        bench.account.join(&channel, "anna").await.unwrap();
    }
    every_kind_of_message(bench, &driver, &mut heard).await;
    // It answers `{"status": "ok"}` to them, without the contact: its program loads contacts by itself.
    for chat in [CLIENT, TELEGRAM] {
        heard.until(&driver, &format!("createContact of {chat}"), |heard| {
            heard.created.iter().any(|created| created == chat)
        });
    }
    statuses(bench, &driver, &mut heard).await;
    channel_state(bench, &driver, &mut heard).await;
    nothing_is_behind(bench).await;
    driver.end()["used"].take()
}

/// The client sets its address; then the company sets a key, and the client requires it.
async fn set(bench: &Bench, driver: &mut Driver, heard: &mut Heard) {
    let on = json!({"messagesAndStatuses": true, "contactsAndDealsCreation": true, "channelsUpdates": true});
    driver.tell(&json!({"bearer": null, "subscriptions": on}));
    let test = driver.next();
    assert_eq!((&test["model"], &test["body"]), (&Value::Null, &json!({"test": true})));
    let url = heard.until_set(driver);
    let crm_key = random();
    let crm = json!({"kind": "universal", "webhook_url": url, "crm_key": crm_key});
    bench.asker.expect(200, "PUT", "/v1/crm", Some(&crm)).await;
    driver.tell(&json!({"bearer": crm_key, "subscriptions": on}));
    assert_eq!(heard.until_set(driver), url);
}

/// What is posted, and the type that the handlers must see at last.
async fn entries(bench: &Bench) -> Vec<(Value, &'static str)> {
    let (whatsapp, at) = (bench.channel("whatsapp"), moment());
    let id = |name: &str| format!("said-{name}-{}", bench.account.id);
    let sandbox = &bench.live.sandbox;
    let say = |name: &str, words: &str| text(whatsapp, CLIENT, &id(name), &at, words);
    let mut entries = vec![
        (say("text", "Здравствуйте"), "text"),
        (quoting(say("quote", "Эта?"), &id("text"), "Здравствуйте"), "text"),
        (
            with(
                say("geo", ""),
                json!({"type": "geo", "text": null, "latitude": "55.75", "longitude": "37.61"}),
            ),
            "geo",
        ),
        (
            with(say("vcard", "BEGIN:VCARD\nFN:Олег\nTEL:+79011118902\nEND:VCARD"), json!({"type": "vcard"})),
            "vcard",
        ),
        (
            with(
                say("template", "Добрый день!"),
                json!({"type": "wapi_template", "isEcho": true, "status": "sent"}),
            ),
            "wapi_template",
        ),
        (missed_call(whatsapp, CLIENT, &id("call"), &at), "missing_call"),
        (unknown_type(whatsapp, CLIENT, &id("odd"), &at), "unsupported"),
        (echo(whatsapp, CLIENT, &id("phone"), &at, "С телефона"), "text"),
        (echo_from_app(whatsapp, CLIENT, &id("app"), &at, "Из приложения"), "text"),
        (in_group(whatsapp, "79990001122-1", "Марина", &id("group"), &at, "Кто свободен?"), "text"),
        (telegram(bench.channel("tgapi"), TELEGRAM, "79011118903", &id("telegram"), &at, "Привет"), "text"),
        (comment(bench.channel("instagram"), "marina", "p1", &id("comment"), &at, "Сколько?"), "text"),
        (
            about_listing(
                bench.channel("avito"),
                "u2i-18901",
                &id("listing"),
                &at,
                "Торг?",
                &advert("17", "Мазда 3", "300 000 ₽"),
            ),
            "text",
        ),
        (text_in("max", bench.channel("max"), "6660018901", &id("max"), &at, "Привет"), "text"),
        (text_in("vk", bench.channel("vk"), "4440018901", &id("vk"), &at, "Привет"), "text"),
    ];
    for (kind, ending, mime) in [
        ("image", "jpg", "image/jpeg"),
        ("audio", "ogg", "audio/ogg"),
        ("video", "mp4", "video/mp4"),
        ("document", "pdf", "application/pdf"),
    ] {
        let link = sandbox.put_file(&format!("pysdk.{ending}"), mime, vec![7_u8; 2000]).await.unwrap();
        let caption = (kind == "image").then_some("Вот она");
        entries.push((file(whatsapp, CLIENT, &id(kind), &at, (kind, &link), caption), kind));
    }
    entries
}

async fn every_kind_of_message(bench: &Bench, driver: &Driver, heard: &mut Heard) {
    let entries = entries(bench).await;
    for (entry, _) in &entries {
        let posted = bench.account.post(&messages(std::slice::from_ref(entry))).await.unwrap();
        assert_eq!(posted.status, Some(200), "{entry}");
    }
    let id_of = |entry: &Value| entry["messageId"].as_str().unwrap().to_owned();
    for (entry, kind) in &entries {
        let id = id_of(entry);
        let there = |heard: &Heard| heard.messages.get(&id).is_some_and(|got| got["type"] == *kind);
        heard.until(driver, &format!("{id} as {kind}"), there);
        let got = &heard.messages[&id];
        for name in ["channelId", "chatType", "chatId", "isEcho"] {
            assert_eq!(got[name], entry[name], "{name} of {got}");
        }
        let (said, words) =
            (got["text"].as_str().unwrap_or_default(), entry["text"].as_str().unwrap_or_default());
        assert!(said.ends_with(words) || *kind == "vcard", "{said:?} is not {words:?}");
        let is_file = ["image", "audio", "video", "document"].contains(kind);
        assert_eq!(got["contentUri"].is_string(), is_file, "{got}");
        assert!(got["contact"]["name"].is_string(), "{got}");
    }
    let quote = &heard.messages[&id_of(&entries[1].0)]["quotedMessage"];
    assert_eq!(quote["messageId"], entries[0].0["messageId"]);
    let post = &heard.messages[&format!("said-comment-{}", bench.account.id)]["instPost"];
    assert_eq!(post["id"], "p1");
    let text = entries[0].0.clone();
    let (other, id) =
        (with(text.clone(), json!({"messageId": format!("said-gone-{}", bench.account.id)})), id_of(&text));
    bench.account.post(&messages(&[edited(text, "Добрый вечер"), other.clone()])).await.unwrap();
    heard.until(driver, "an edit", |heard| heard.messages[&id]["isEdited"] == true);
    assert!(heard.messages[&id]["text"].as_str().unwrap().ends_with("Добрый вечер"));
    assert_eq!(heard.messages[&id]["oldInfo"]["oldText"], "Здравствуйте");
    let gone = id_of(&other);
    heard.until(driver, "another text", |heard| heard.messages.contains_key(&gone));
    bench.account.post(&messages(&[deleted(other)])).await.unwrap();
    heard.until(driver, "a deletion", |heard| heard.messages[&gone]["isDeleted"] == true);
}

/// The CRM's own messages: one is delivered and read, one fails on its way.
async fn statuses(bench: &Bench, driver: &Driver, heard: &mut Heard) {
    let (sandbox, key) = (&bench.live.sandbox, &bench.account.wazzup_key);
    let (transport, _, chat) = TRANSPORTS[5];
    for (words, error) in [("Добрый день!", None), ("Вы ещё здесь?", Some("24_HOURS_EXCEEDED"))]
    {
        let id = bench.send(transport, json!({"text": words})).await;
        // Otherwise the message itself would carry the later status.
        heard.until(driver, "the message", |heard| heard.messages.contains_key(&id));
        let has = |text: Option<&str>| text == Some(words);
        let received = sandbox
            .received_until(key, chat, PATIENCE, |all| all.iter().any(|one| has(one.text.as_deref())))
            .await
            .unwrap();
        let theirs = received.iter().find(|one| has(one.text.as_deref())).unwrap();
        let steps: &[StatusWord] = match error {
            None => &[StatusWord::Delivered, StatusWord::Read],
            Some(_) => &[StatusWord::Error],
        };
        for status in steps {
            sandbox.report(key, &theirs.message_id, *status, error).await.unwrap();
        }
        let last = (id, steps.last().unwrap().as_str().to_owned());
        heard.until(driver, &format!("{last:?}"), |heard| heard.statuses.contains(&last));
    }
    assert!(heard.errors.iter().any(|code| code == "24_HOURS_EXCEEDED"), "{:?}", heard.errors);
}

async fn channel_state(bench: &Bench, driver: &Driver, heard: &mut Heard) {
    let channel = bench.channel("viber");
    let report = json!({"channelsUpdates": [{"channelId": channel, "state": "unauthorized", "timestamp": 1_900_000_000_000_i64}]});
    assert_eq!(bench.account.post(&report).await.unwrap().status, Some(200));
    let wanted = (channel.to_owned(), "unauthorized".to_owned());
    heard.until(driver, "a channel's state", |heard| heard.channels.contains(&wanted));
}

/// The listener's answers count as success.
async fn nothing_is_behind(bench: &Bench) {
    until("all chats are with the CRM", || async {
        for (transport, ..) in TRANSPORTS {
            let path = format!("/v1/chats?channel={}&limit=100", bench.own_channel(transport));
            let chats = bench.account.api.all(&path, "chats").await.unwrap();
            if chats.iter().any(|chat| chat["crm"]["behind"] != 0 || !chat["crm"]["error"].is_null()) {
                return None;
            }
        }
        Some(())
    })
    .await;
    let crm = bench.asker.expect(200, "GET", "/v1/crm", None).await;
    assert_eq!((&crm["state"], &crm["failures"], &crm["error"]), (&json!("active"), &json!(0), &Value::Null));
    assert_eq!(crm["has_key"], true);
}
