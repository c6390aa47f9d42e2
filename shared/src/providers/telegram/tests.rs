//! The rules of reading updates, one by one.

use super::inbound::{TelegramInbound, parse};
use super::secret::HEADER;
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ConnectionId, IdSalt, hex_digest};
use crate::model::channel::Channel;
use crate::model::connection::ChannelOwner;
use crate::model::event::{Event, MessageEvent, Origin, Revision, Side};
use crate::model::message::kind::Kind;
use crate::model::messenger::{ChannelRef, Messenger};
use crate::providers::inbound::{Forged, Inbound, Item, Owners, Parsed, Sample, WebhookRequest};
use http::{HeaderMap, Method};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::HashMap;

/// When the bodies are accepted: after every time in them.
pub(super) const ACCEPTED: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// The bot's id.
pub(super) const BOT: &str = "7770001";

const SECRET: &str = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";

/// A bot of account `a`, connection `c`.
pub(super) fn owner() -> ChannelOwner {
    ChannelOwner {
        account: AccountId::new("a"),
        connection: ConnectionId::new("c"),
        id_salt: IdSalt::from_bytes([7; 16]),
    }
}

/// A channel of the bot's connection.
pub(super) fn channel(external: &str) -> Channel {
    let id = ChannelId::derive(&AccountId::new("a"), "telegram", external);
    let of = ChannelRef { id, provider: "telegram".into(), external: external.into() };
    Channel::new(&AccountId::new("a"), &ConnectionId::new("c"), &of, ACCEPTED)
}

fn items(body: &str) -> Vec<Item> {
    match parse(&owner(), BOT, body.as_bytes(), ACCEPTED) {
        Parsed::Items(items) => items,
        other => panic!("{other:?}"),
    }
}

fn unreadable(body: impl AsRef<[u8]>) -> String {
    match parse(&owner(), BOT, body.as_ref(), ACCEPTED) {
        Parsed::Unreadable(why) => why,
        other => panic!("{other:?}"),
    }
}

/// A message with `changes` merged into it; a change to null removes the member.
fn body(changes: &Value) -> Value {
    let person = json!({ "id": 55, "first_name": "Марина", "username": "marina" });
    let mut message = json!({
        "message_id": 10, "from": person, "chat": person, "date": 1_795_000_000, "text": "Добрый день",
    });
    message["chat"]["type"] = json!("private");
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => message.as_object_mut().unwrap().remove(name),
            value => message.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    message
}

fn one(body: &Value) -> Item {
    let mut items = items(&body.to_string());
    assert_eq!(items.len(), 1);
    items.remove(0)
}

fn of(item: Item) -> MessageEvent {
    match item {
        Item::Event { event: Event::Message(message), .. } => *message,
        other => panic!("{other:?}"),
    }
}

pub(super) fn message(changes: Value) -> MessageEvent {
    of(one(&json!({ "update_id": 1, "message": body(&changes) })))
}

fn business(changes: Value) -> MessageEvent {
    let mut message = body(&changes);
    message["business_connection_id"] = json!("BC1");
    of(one(&json!({ "update_id": 1, "business_message": message })))
}

/// The reason why a message is poison, and its placeholder.
fn poison(body: &Value) -> (String, Option<MessageEvent>) {
    match one(body) {
        Item::Poison { why, event: Some(event), .. } => match *event {
            Event::Message(message) => (why, Some(*message)),
            other => panic!("{other:?}"),
        },
        Item::Poison { why, event: None, .. } => (why, None),
        other => panic!("{other:?}"),
    }
}

fn bad(changes: Value) -> (String, Option<MessageEvent>) {
    poison(&json!({ "update_id": 1, "message": body(&changes) }))
}

fn asked(headers: &HeaderMap, body: &[u8], check: impl FnOnce(&WebhookRequest<'_>)) {
    let query = HashMap::new();
    check(&WebhookRequest { method: &Method::POST, query: &query, headers, body });
}

fn headers(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HEADER, value.parse().unwrap());
    headers
}

#[test]
fn who_does_not_show_the_secret_is_not_believed() {
    let secret = SecretString::from(SECRET);
    let verdict = |headers: &HeaderMap, secret: Option<&SecretString>| {
        let mut verdict = Ok(());
        asked(headers, b"{}", |request| verdict = TelegramInbound.verify(request, secret));
        verdict
    };
    assert_eq!(verdict(&headers(&format!("{BOT}-{SECRET}")), Some(&secret)), Ok(()));
    assert_eq!(verdict(&headers(SECRET), Some(&secret)), Ok(()));
    assert_eq!(verdict(&headers(&format!("{BOT}-{SECRET}0")), Some(&secret)), Err(Forged));
    assert_eq!(verdict(&headers(BOT), Some(&secret)), Err(Forged));
    assert_eq!(verdict(&HeaderMap::new(), Some(&secret)), Err(Forged));
    assert_eq!(verdict(&headers(SECRET), None), Err(Forged), "without a secret nothing is believed");
}

#[test]
fn the_header_says_which_bot_an_update_is_for() {
    let update = json!({ "update_id": 1, "message": body(&json!({})) }).to_string();
    let external = |header: &str| {
        let mut external = String::new();
        asked(&headers(header), update.as_bytes(), |request| {
            let Parsed::Items(mut items) = TelegramInbound.parse(request, &Owners::One(owner()), ACCEPTED)
            else {
                panic!()
            };
            external = of(items.remove(0)).channel.external;
        });
        external
    };
    assert_eq!(external(&format!("{BOT}-{SECRET}")), BOT);
    assert_eq!(external(SECRET), "c", "the connection, where it is not said");
}

#[test]
fn an_address_is_one_bots() {
    asked(&HeaderMap::new(), b"{}", |request| {
        let owners = Owners::ByChannel(HashMap::new());
        assert!(matches!(TelegramInbound.parse(request, &owners, ACCEPTED), Parsed::Unreadable(_)));
    });
}

#[test]
fn a_test_message_comes_in_as_telegrams_own() {
    let secret = SecretString::from(SECRET);
    for (external, expected) in [(BOT, BOT), ("business:BC1", "business:BC1"), ("c", "c")] {
        let channel = channel(external);
        let sample = Sample {
            channel: &channel,
            from: "70000000000",
            name: "Тест",
            message_id: "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a92",
            text: "Проверка",
            at: Timestamp::from_millis(1_795_000_000_000),
            secret: Some(&secret),
        };
        let posted = TelegramInbound.sample(&sample).unwrap();
        let [(name, value)] = posted.headers.as_slice() else { panic!() };
        assert_eq!(*name, HEADER);
        asked(&headers(value), &posted.body, |request| {
            assert_eq!(TelegramInbound.verify(request, Some(&secret)), Ok(()));
            let parsed = TelegramInbound.parse(request, &Owners::One(owner()), ACCEPTED);
            let Parsed::Items(mut items) = parsed else { panic!() };
            let message = of(items.remove(0));
            assert_eq!(message.message_id.as_str(), sample.message_id);
            assert_eq!((message.side, message.text.as_deref()), (Side::Client, Some("Проверка")));
            assert_eq!(message.channel.external, expected);
            let chat = channel.chat_id(&owner().id_salt, &Messenger::Telegram, false, sample.from);
            assert_eq!(message.chat, chat);
        });
        assert!(TelegramInbound.sample(&Sample { secret: None, ..sample }).is_none());
    }
}

#[test]
fn what_is_no_update_is_unreadable() {
    for body in ["", "hello", "[]", "null", "1", "{", r#"{"message":[}"#, r#"{"update_id":1} x"#] {
        assert_eq!(unreadable(body), "no JSON object", "{body}");
    }
    for body in ["{}", r#"{"update_id":1}"#, r#"{"update_id":1,"message":null}"#, r#"{"hello":{}}"#] {
        assert_eq!(unreadable(body), "no known member", "{body}");
    }
}

#[test]
fn updates_of_no_interest_are_counted() {
    for (member, name) in
        [("poll", "poll"), ("chat_join_request", "chat_join_request"), ("new", "unknown_update")]
    {
        let body = json!({ "update_id": 1, member: { "id": "x" } });
        assert!(matches!(one(&body), Item::Ignored(word) if word == name), "{member}");
    }
}

#[test]
fn bytes_that_are_no_text_and_a_mark_before_them_do_no_harm() {
    let body = json!({ "update_id": 1, "message": body(&json!({ "text": "XX" })) }).to_string();
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(body.into_bytes());
    let at = bytes.windows(2).position(|pair| pair == b"XX").unwrap();
    bytes[at] = 0xd0;
    let Parsed::Items(mut items) = parse(&owner(), BOT, &bytes, ACCEPTED) else { panic!() };
    assert_eq!(of(items.remove(0)).text.as_deref(), Some("\u{fffd}X"));
}

#[test]
fn the_digest_is_of_the_raw_body() {
    let raw = json!({ "update_id": 1, "message": body(&json!({})) }).to_string().replace("\":", "\" :  ");
    let items = items(&raw);
    let [Item::Event { digest, .. }] = items.as_slice() else { panic!() };
    assert_eq!(*digest, hex_digest(raw.as_bytes()));
}

#[test]
fn a_chat_is_derived_from_channel_and_id_as_a_channel_does() {
    let message = message(json!({}));
    let id = ChannelId::derive(&AccountId::new("a"), "telegram", BOT);
    assert_eq!((&message.channel.id, message.channel.provider.as_str()), (&id, "telegram"));
    assert_eq!(message.chat, ChatId::derive(&owner().id_salt, &id, "telegram:55"));
    assert_eq!(message.chat, channel(BOT).chat_id(&owner().id_salt, &Messenger::Telegram, false, "55"));
    assert_eq!((message.provider_chat_id.as_str(), message.message_id.as_str()), ("55", "55:10"));
    assert_eq!((message.connection.as_str(), message.group), ("c", false));
    assert_eq!(message.sent_at.seconds(), 1_795_000_000);
}

#[test]
fn p3_a_group_and_the_supergroup_that_it_becomes_are_one_chat() {
    let group = json!({ "id": -40, "type": "group", "title": "Клуб" });
    let supergroup = json!({ "id": -10040, "type": "supergroup", "title": "Клуб" });
    let before = message(json!({ "chat": group }));
    let after = message(json!({ "chat": supergroup }));
    assert!(before.group && after.group && before.chat != after.chat);
    let leaves = message(json!({ "chat": group, "text": null, "migrate_to_chat_id": -10040 }));
    let comes = message(json!({ "chat": supergroup, "text": null, "migrate_from_chat_id": -40 }));
    for (notice, own, other) in [(&leaves, &before, &after), (&comes, &after, &before)] {
        assert_eq!((notice.kind, &notice.chat), (Kind::System, &own.chat));
        let [alias] = notice.aliases.as_slice() else { panic!() };
        assert_eq!((&alias.chat, &alias.provider_chat_id), (&other.chat, &other.provider_chat_id));
    }
}

#[test]
fn a_business_account_has_a_channel_of_its_own() {
    let (own, business) = (message(json!({})), business(json!({})));
    assert_eq!(business.channel.external, "business:BC1");
    assert_ne!(own.chat, business.chat);
    assert_eq!(own.provider_chat_id, business.provider_chat_id, "one person");
    assert_eq!(business.message_id.as_str(), "BC1:55:10", "and no message of the bot's own chat");
}

#[test]
fn who_writes_in_a_business_account_is_told_by_the_sender() {
    let written = |changes| {
        let message = business(changes);
        (message.side, message.origin, message.author.and_then(|author| author.name))
    };
    let owner = json!({ "id": 99, "first_name": "Олег" });
    let bot = json!({ "id": 7, "is_bot": true, "first_name": "Бот" });
    assert_eq!(written(json!({})), (Side::Client, None, None));
    assert_eq!(written(json!({ "from": owner })), (Side::Company, Some(Origin::Phone), Some("Олег".into())));
    let away = written(json!({ "from": owner, "is_from_offline": true }));
    assert_eq!(away.1, Some(Origin::Rule));
    assert!(Origin::Rule.is_automatic());
    let by_bot = written(json!({ "from": owner, "sender_business_bot": bot }));
    assert_eq!(by_bot, (Side::Company, Some(Origin::Bot), Some("Бот".into())));
    assert_eq!(business(json!({ "from": owner })).contact.name.as_deref(), Some("Марина"), "the client's");
}

#[test]
fn a_phone_is_verified_in_the_senders_own_card_only() {
    let phone = |card: Value| {
        let contact = message(json!({ "text": null, "contact": card })).contact;
        contact.phone.filter(|_| contact.phone_verified)
    };
    let card =
        |user: Value, number: &str| json!({ "phone_number": number, "first_name": "М", "user_id": user });
    assert_eq!(phone(card(json!(55), "79990001122")).as_deref(), Some("+79990001122"));
    assert_eq!(phone(card(json!(55), "+79990001122")).as_deref(), Some("+79990001122"));
    assert_eq!(phone(card(json!(56), "79990001122")), None);
    assert_eq!(phone(card(json!(null), "79990001122")), None);
    assert_eq!(phone(card(json!(55), "вчера")), None);
    let group = json!({ "id": -40, "type": "group", "title": "Клуб" });
    let shared = message(json!({ "text": null, "chat": group, "contact": card(json!(55), "79990001122") }));
    assert_eq!(shared.contact.phone, None, "a group has no phone");
}

#[test]
fn without_its_chat_a_message_is_only_poison() {
    for (changes, why) in [
        (json!({ "chat": null }), "message.chat: missing"),
        (json!({ "chat": [] }), "message.chat: wrong type"),
        (json!({ "chat": {} }), "message.chat: missing"),
        (json!({ "chat": { "id": "55" } }), "message.chat.id: wrong type"),
    ] {
        assert_eq!(bad(changes.clone()), (why.to_owned(), None), "{changes}");
    }
    for entry in [json!("text"), json!([]), json!(1)] {
        assert_eq!(poison(&json!({ "message": entry })), ("message: no object".to_owned(), None));
    }
    let (why, event) = poison(&json!({ "business_message": body(&json!({})) }));
    assert_eq!((why.as_str(), event), ("business_message.business_connection_id: missing", None));
}

#[test]
fn an_ill_typed_message_keeps_what_can_be_read() {
    for (changes, why, word) in [
        (json!({ "from": "Марина" }), "message.from: wrong type", Some("text")),
        (json!({ "photo": {}, "text": null }), "message.photo: wrong type", Some("photo")),
        (json!({ "photo": [], "text": null }), "message.photo: no file", Some("photo")),
        (
            json!({ "location": { "latitude": 91, "longitude": 0 }, "text": null }),
            "message.location.latitude: no place",
            Some("location"),
        ),
        (json!({ "message_id": null }), "message.message_id: missing", Some("text")),
        (json!({ "text": { "секрет": "79990001122" } }), "message.text: wrong type", Some("text")),
    ] {
        let (reason, message) = bad(changes);
        let message = message.unwrap();
        assert_eq!(reason, why);
        assert_eq!((message.kind, message.raw_kind.as_deref()), (Kind::Unsupported, word), "{why}");
        assert_eq!(message.sent_at.seconds(), 1_795_000_000);
        assert_eq!(message.side, Side::Client);
    }
    let raw = json!({ "update_id": 1, "message": body(&json!({ "message_id": null })) });
    let (_, message) = poison(&raw);
    assert_eq!(
        message.unwrap().message_id.as_str(),
        format!("raw:{}", hex_digest(raw.to_string().as_bytes()))
    );
}

#[test]
fn an_edit_has_its_own_time_and_the_messages_id() {
    let edit = json!({ "update_id": 2, "edited_message": body(&json!({ "text": "Стало", "edit_date": 1_795_000_060 })) });
    let edited = of(one(&edit));
    assert_eq!((edited.revision, edited.message_id.as_str()), (Revision::Edited, "55:10"));
    assert_eq!((edited.sent_at.seconds(), edited.text.as_deref()), (1_795_000_060, Some("Стало")));
}

#[test]
fn a_time_that_cannot_be_is_the_acceptance() {
    for date in [json!(0), json!(-5), json!(null), json!(i64::MAX)] {
        assert_eq!(message(json!({ "date": date })).sent_at, ACCEPTED, "{date}");
    }
}

#[test]
fn deletions_are_events_of_their_own() {
    let chat = json!({ "id": 55, "type": "private", "first_name": "Марина" });
    let deleted = json!({ "business_connection_id": "BC1", "chat": chat, "message_ids": [10, 11] });
    let items = items(&json!({ "update_id": 1, "deleted_business_messages": deleted }).to_string());
    let events: Vec<MessageEvent> = items.into_iter().map(of).collect();
    let ids: Vec<&str> = events.iter().map(|event| event.message_id.as_str()).collect();
    assert_eq!(ids, ["BC1:55:10", "BC1:55:11"]);
    assert!(events.iter().all(|event| event.revision == Revision::Deleted));
    assert_eq!(events[0].chat, business(json!({})).chat);
}

#[test]
fn groups_name_who_wrote() {
    let chat = json!({ "id": -40, "type": "group", "title": "Клуб" });
    let written = message(json!({ "chat": chat }));
    let author = written.author.unwrap();
    assert_eq!((author.name.as_deref(), author.user.as_deref()), (Some("Марина"), Some("55")));
    assert_eq!((written.contact.name.as_deref(), written.contact.username), (Some("Клуб"), None));
    let anonymous = message(json!({ "chat": chat, "sender_chat": chat })).author.unwrap();
    assert_eq!((anonymous.name.as_deref(), anonymous.user.as_deref()), (Some("Клуб"), Some("-40")));
    assert_eq!(message(json!({})).author, None);
}

#[test]
fn a_pressed_button_is_acknowledged_by_the_answer_to_its_update() {
    let (query, headers) = (HashMap::new(), HeaderMap::new());
    let answer = |body: &str| {
        let request = WebhookRequest {
            method: &Method::POST,
            query: &query,
            headers: &headers,
            body: body.as_bytes(),
        };
        let reply = TelegramInbound.accepted(&request);
        (reply.status, serde_json::from_str::<Value>(&reply.body).unwrap())
    };
    let call = json!({ "method": "answerCallbackQuery", "callback_query_id": "938394" });
    assert_eq!(answer(include_str!("../../../../events/telegram/callback.json")), (200, call));
    for other in [body(&json!({})).to_string().as_str(), "{", r#"{"update_id":1,"callback_query":7}"#] {
        assert_eq!(answer(other), (200, json!({ "status": "ok" })), "{other}");
    }
}
