//! The rules of parsing, one by one.

use super::inbound::parse;
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ConnectionId, IdSalt, hex_digest};
use crate::model::connection::ChannelOwner;
use crate::model::event::{Event, MessageEvent, Origin, Revision, Side};
use crate::model::message::kind::{DeliveryStatus, Kind};
use crate::model::messenger::Messenger;
use crate::providers::inbound::{Item, Parsed};
use serde_json::{Value, json};

/// When the bodies are accepted: after every time that they contain.
pub(super) const ACCEPTED: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A webhook of account `a`, connection `c`.
pub(super) fn token() -> ChannelOwner {
    ChannelOwner {
        account: AccountId::new("a"),
        connection: ConnectionId::new("c"),
        id_salt: IdSalt::from_bytes([7; 16]),
    }
}

fn items(body: &str) -> Vec<Item> {
    match parse(&token(), body.as_bytes(), ACCEPTED) {
        Parsed::Items(items) => items,
        other => panic!("{other:?}"),
    }
}

fn unreadable(body: impl AsRef<[u8]>) -> String {
    match parse(&token(), body.as_ref(), ACCEPTED) {
        Parsed::Unreadable(why) => why,
        other => panic!("{other:?}"),
    }
}

/// An inbound text with `changes` applied; a change to null removes the member.
fn entry(changes: Value) -> Value {
    let mut entry = json!({
        "messageId": "m1", "channelId": "ch1", "chatType": "whatsapp", "chatId": "79990001122", "type": "text",
        "isEcho": false, "status": "inbound", "text": "Добрый день", "dateTime": "2026-11-20T08:15:30.412Z",
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => entry.as_object_mut().unwrap().remove(name),
            value => entry.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    entry
}

pub(super) fn one(body: &Value) -> Item {
    let mut items = items(&body.to_string());
    assert_eq!(items.len(), 1);
    items.remove(0)
}

pub(super) fn message(changes: Value) -> MessageEvent {
    match one(&json!({ "messages": [entry(changes)] })) {
        Item::Event { event: Event::Message(message), .. } => *message,
        other => panic!("{other:?}"),
    }
}

/// The reason why an entry is poison, and the message that replaces it.
pub(super) fn poison(body: &Value) -> (String, Option<MessageEvent>) {
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
    poison(&json!({ "messages": [entry(changes)] }))
}

#[test]
fn a_probe_is_only_a_probe() {
    assert!(matches!(parse(&token(), br#"{"test":true}"#, ACCEPTED), Parsed::Reply(_)));
    assert!(matches!(parse(&token(), b"\xef\xbb\xbf{\"test\" : true, \"id\":1}", ACCEPTED), Parsed::Reply(_)));
    assert_eq!(unreadable(r#"{"test":false}"#), "no known member");
    assert!(items(r#"{"test":true,"messages":[]}"#).is_empty());
}

#[test]
fn what_is_no_webhook_is_unreadable() {
    for body in ["", "hello", "[]", "null", "1", "{", r#"{"messages":[}"#, r#"{"messages":[]} x"#] {
        assert_eq!(unreadable(body), "no JSON object", "{body}");
    }
    assert_eq!(unreadable("{}"), "no known member");
    assert_eq!(unreadable(r#"{"reactions":[]}"#), "no known member");
    assert_eq!(unreadable(r#"{"messages":{},"reactions":[]}"#), "messages: no list");
    assert_eq!(unreadable(r#"{"messages":1,"statuses":"x"}"#), "messages: no list");
}

#[test]
fn a_bad_member_costs_no_other() {
    let body =
        json!({ "messages": {"text": 1}, "statuses": [{ "messageId": "m", "status": "read" }], "new": 1 });
    let items = items(&body.to_string());
    assert_eq!(items.len(), 3);
    assert!(items.iter().any(|item| matches!(item, Item::Event { event: Event::Status(_), .. })));
    assert!(items.iter().any(|item| matches!(item, Item::Ignored("unknown_member"))));
    assert!(items.iter().any(|item| matches!(
        item,
        Item::Poison { why, raw, event: None } if why == "messages: no list" && raw == r#"{"text":1}"#
    )));
}

#[test]
fn a_member_that_stands_twice_is_read_twice() {
    let body = format!(r#"{{"messages":[{0}],"messages":[{0}]}}"#, entry(json!({})));
    assert_eq!(items(&body).len(), 2);
}

#[test]
fn bytes_that_are_no_text_harm_no_other_entry() {
    let body =
        json!({ "messages": [entry(json!({"text": "XX"})), entry(json!({"text": "второе"}))] }).to_string();
    let mut bytes = body.into_bytes();
    let at = bytes.windows(2).position(|pair| pair == b"XX").unwrap();
    bytes[at] = 0xd0;
    let Parsed::Items(items) = parse(&token(), &bytes, ACCEPTED) else { panic!() };
    assert!(items.iter().all(|item| matches!(item, Item::Event { .. })));
    assert_eq!(items.len(), 2);
}

#[test]
fn the_digest_is_of_the_raw_entry() {
    let raw = entry(json!({})).to_string().replace("\":", "\" :  ");
    let items =
        items(&format!(r#"{{"messages":[ {raw} ],"statuses":[{{"messageId":"m","status":"sent"}}]}}"#));
    let digests: Vec<&str> = items
        .iter()
        .map(|item| match item {
            Item::Event { digest, .. } => digest.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(digests, [hex_digest(raw.as_bytes()), hex_digest(br#"{"messageId":"m","status":"sent"}"#)]);
}

#[test]
fn a_chat_is_derived_from_channel_type_and_id() {
    let message = message(json!({ "chatId": " +79990001122 " }));
    let channel = ChannelId::derive(&AccountId::new("a"), "wazzup", "ch1");
    assert_eq!(message.channel.id, channel);
    assert_eq!((message.channel.provider.as_str(), message.channel.external.as_str()), ("wazzup", "ch1"));
    assert_eq!(message.chat, ChatId::derive(&IdSalt::from_bytes([7; 16]), &channel, "whatsapp:79990001122"));
    assert_eq!(message.provider_chat_id, "79990001122");
    assert_eq!(message.connection.as_str(), "c");
    assert_eq!(message.sent_at.rfc3339(), "2026-11-20T08:15:30.412Z");
}

#[test]
fn a_group_and_a_person_of_one_id_are_two_chats() {
    let person = message(json!({ "chatType": "max" }));
    let group = message(json!({ "chatType": "maxgroup" }));
    assert_ne!(person.chat, group.chat);
    assert_eq!((group.messenger.clone(), group.group), (Messenger::Max, true));
    assert_eq!(group.messenger.chat_type(group.group), "maxgroup");
    assert_eq!(message(json!({ "chatType": "telegram", "chatId": "+5" })).provider_chat_id, "+5");
}

#[test]
fn without_its_chat_an_entry_is_only_poison() {
    for (changes, why) in [
        (json!({ "channelId": null }), "messages[0].channelId: missing"),
        (json!({ "channelId": " " }), "messages[0].channelId: missing"),
        (json!({ "chatId": null }), "messages[0].chatId: missing"),
        (json!({ "chatId": "+" }), "messages[0].chatId: no id"),
        (json!({ "chatId": "x".repeat(513) }), "messages[0].chatId: no id"),
        (json!({ "chatId": {} }), "messages[0].chatId: wrong type"),
        (json!({ "chatType": null }), "messages[0].chatType: missing"),
        (json!({ "chatType": "a b" }), "messages[0].chatType: no type's name"),
    ] {
        assert_eq!(bad(changes.clone()), (why.to_owned(), None), "{changes}");
    }
    for entry in [json!("text"), json!([]), json!(["m1"]), json!(null), json!(1)] {
        assert_eq!(poison(&json!({ "messages": [entry] })), ("messages[0]: no object".to_owned(), None));
    }
}

#[test]
fn without_its_id_an_entry_stands_under_its_digest() {
    let raw = entry(json!({ "messageId": null }));
    let (why, message) = poison(&json!({ "messages": [raw] }));
    let message = message.unwrap();
    assert_eq!(why, "messages[0].messageId: missing");
    assert_eq!(message.message_id.as_str(), format!("raw:{}", hex_digest(raw.to_string().as_bytes())));
    assert_eq!((message.kind, message.raw_kind.as_deref()), (Kind::Unsupported, Some("text")));
    assert_eq!(message.text.as_deref(), Some("Добрый день"));
}

#[test]
fn an_ill_typed_entry_keeps_what_can_be_read() {
    for (changes, why) in [
        (json!({ "isEcho": "yes" }), "messages[0].isEcho: wrong type"),
        (json!({ "contact": { "name": ["x"] } }), "messages[0].contact.name: wrong type"),
        (json!({ "contact": [] }), "messages[0].contact: wrong type"),
        (json!({ "oldInfo": { "oldText": 5 } }), "messages[0].oldInfo.oldText: wrong type"),
        (json!({ "error": 5 }), "messages[0].error: wrong type"),
    ] {
        let (reason, message) = bad(changes);
        let message = message.unwrap();
        assert_eq!(reason, why);
        assert_eq!((message.message_id.as_str(), message.kind), ("m1", Kind::Unsupported));
        assert_eq!((message.side, message.text.as_deref()), (Side::Client, Some("Добрый день")));
        assert_eq!(message.sent_at.rfc3339(), "2026-11-20T08:15:30.412Z");
    }
    let (why, message) = bad(json!({ "text": { "секрет": "79990001122" } }));
    assert_eq!(why, "messages[0].text: wrong type");
    assert_eq!(message.unwrap().text, None);
}

#[test]
fn a_reason_names_no_key_of_somebodys_data() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let raw =
        entry(json!({})).to_string().replacen('{', &format!(r#"{{"advert":{{"79990001122":{deep}}},"#), 1);
    let items = items(&format!(r#"{{"messages":[{raw}]}}"#));
    let [Item::Poison { why, event: Some(event), .. }] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(why, "messages[0].advert: unreadable");
    let Event::Message(message) = event.as_ref() else { panic!() };
    assert_eq!((message.message_id.as_str(), message.extra.as_ref()), ("m1", None));
}

#[test]
fn the_direction_is_told_by_the_echo_then_by_the_status() {
    let side = |changes| message(changes).side;
    assert_eq!(side(json!({ "isEcho": true, "status": "inbound" })), Side::Company);
    assert_eq!(side(json!({ "isEcho": false, "status": "sent" })), Side::Client);
    assert_eq!(side(json!({ "isEcho": null, "status": "inbound" })), Side::Client);
    assert_eq!(side(json!({ "isEcho": null, "status": "read" })), Side::Company);
    assert_eq!(side(json!({ "isEcho": null, "status": null })), Side::Client);
}

#[test]
fn an_echo_tells_author_origin_status_and_error() {
    let error = json!({ "error": "SPAM", "description": "Looks like spam", "data": { "x": 1 } });
    let failed = message(json!({
        "isEcho": true, "status": "error", "error": error, "authorName": "Олег", "authorId": 17, "sentFromApp": true,
    }));
    assert_eq!((failed.origin, failed.status), (Some(Origin::ProviderApp), Some(DeliveryStatus::Failed)));
    let author = failed.author.unwrap();
    assert_eq!((author.name.as_deref(), author.id.as_deref()), (Some("Олег"), Some("17")));
    let told = failed.error.unwrap();
    assert_eq!((told.code.as_str(), told.description.as_deref()), ("SPAM", Some("Looks like spam")));

    let outside = message(json!({ "isEcho": true, "status": "sent", "error": error }));
    assert_eq!(
        (outside.origin, outside.status, outside.error),
        (Some(Origin::Outside), Some(DeliveryStatus::Sent), None)
    );
    assert_eq!(outside.author, None);
    let odd = message(json!({ "isEcho": true, "status": "played" }));
    assert_eq!((odd.status, odd.kind), (None, Kind::Text));

    let client = message(json!({ "authorName": "Марина", "sentFromApp": true, "status": "read" }));
    assert_eq!((client.origin, client.status, client.author), (None, None, None));
}

#[test]
fn a_groups_client_message_names_its_author() {
    let name = |changes| message(changes).author.and_then(|author| author.name);
    let contact = json!({ "name": "Марина" });
    assert_eq!(name(json!({ "chatType": "whatsgroup", "contact": contact })).as_deref(), Some("Марина"));
    let both = json!({ "chatType": "telegroup", "contact": contact, "authorName": "Павел" });
    assert_eq!(name(both).as_deref(), Some("Павел"));
    assert_eq!(name(json!({ "contact": contact })), None);
}

#[test]
fn kinds_that_depend_on_more_than_the_type() {
    let kind = |changes| {
        let message = message(changes);
        (message.kind, message.raw_kind)
    };
    let post = json!({ "id": "1" });
    assert_eq!(kind(json!({ "chatType": "instagram", "instPost": post })), (Kind::Comment, None));
    let picture = json!({ "chatType": "instagram", "instPost": post, "type": "image" });
    assert_eq!(kind(picture), (Kind::Comment, Some("image".into())));
    assert_eq!(kind(json!({ "chatType": "instagram", "instPost": {} })), (Kind::Text, None));
    assert_eq!(kind(json!({ "chatType": "vk", "instPost": post })), (Kind::Text, None));
    let sticker = "https://store.example/1/?filename=a.was";
    assert_eq!(kind(json!({ "type": "image", "contentUri": sticker })), (Kind::Sticker, None));
    assert_eq!(kind(json!({ "type": "document", "contentUri": sticker })), (Kind::Document, None));
    assert_eq!(kind(json!({ "interactive": [{ "text": "Да" }] })), (Kind::Text, None));
    assert_eq!(kind(json!({ "type": null })), (Kind::Text, None));
    assert_eq!(kind(json!({ "type": null, "text": null })), (Kind::Unsupported, None));
    assert_eq!(kind(json!({ "type": "hologram" })), (Kind::Unsupported, Some("hologram".into())));
}

#[test]
fn edits_and_deletions() {
    let old = json!({ "oldText": "Было", "oldAuthorId": "17" });
    let edited = message(json!({ "isEdited": true, "oldInfo": old }));
    assert_eq!((edited.revision, edited.old_text.as_deref()), (Revision::Edited, Some("Было")));
    assert_eq!(message(json!({ "isEdited": true, "isDeleted": true })).revision, Revision::Deleted);
    let new = message(json!({ "isEdited": false, "oldInfo": old }));
    assert_eq!((new.revision, new.old_text), (Revision::New, None));
}

#[test]
fn a_time_that_cannot_be_read_is_the_acceptance() {
    for time in [json!(null), json!("вчера"), json!({}), json!([1]), json!("")] {
        assert_eq!(message(json!({ "dateTime": time })).sent_at, ACCEPTED, "{time}");
    }
    let naive = message(json!({ "dateTime": "2026-11-20T08:15:30.4" }));
    assert_eq!(naive.sent_at.rfc3339(), "2026-11-20T08:15:30.400Z");
}

#[test]
fn what_is_of_no_interest_is_counted() {
    for (member, name) in [
        ("createContact", "create_contact"),
        ("createDeal", "create_deal"),
    ] {
        assert!(matches!(one(&json!({ member: {} })), Item::Ignored(word) if word == name));
    }
}
