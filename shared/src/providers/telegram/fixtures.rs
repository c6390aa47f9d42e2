//! Reads every body in `events/telegram/` and compares the result with [`EXPECTED`]; then damages each of them.

use super::expected::EXPECTED;
use super::inbound::parse;
use super::tests::{ACCEPTED, BOT, owner};
use crate::base::clock::Timestamp;
use crate::model::event::{Event, MessageEvent};
use crate::model::message::content::Details;
use crate::providers::inbound::{Item, Parsed};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::path::PathBuf;

fn fixtures() -> BTreeMap<String, Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events/telegram");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

fn read(body: &[u8]) -> Parsed {
    parse(&owner(), BOT, body, ACCEPTED)
}

fn lines(parsed: &Parsed) -> Vec<String> {
    match parsed {
        Parsed::Reply(_) => vec!["reply".into()],
        Parsed::Unreadable(why) => vec![format!("unreadable: {why}")],
        Parsed::Items(items) => items.iter().map(line).collect(),
    }
}

fn line(item: &Item) -> String {
    match item {
        Item::Event { event, digest } => {
            assert_eq!(digest.len(), 64);
            event_line(event)
        }
        Item::Poison { why, raw, event } => {
            assert!(!raw.is_empty());
            let stands = event.as_ref().map(|event| event_line(event)).unwrap_or("nothing".into());
            format!("poison ({why}): {stands}")
        }
        Item::Ignored(what) => format!("ignored: {what}"),
    }
}

fn event_line(event: &Event) -> String {
    match event {
        Event::Message(message) => message_line(message),
        Event::ChannelState(state) => {
            let name = &state.channel.external;
            format!("channel {name} {} ({}){}", word(&state.state), state.raw_state, at(state.at))
        }
        other => format!("{other:?}"),
    }
}

fn message_line(message: &MessageEvent) -> String {
    let place = message.messenger.chat_type(message.group);
    let mut line = format!("{} {place} {}", word(&message.side), word(&message.kind));
    let mut tell = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line.push_str(&format!(" {name}={value}"));
        }
    };
    let author = message.author.as_ref();
    let media = message.media.as_ref();
    tell("id", Some(short(message.message_id.as_str())));
    tell("channel", Some(message.channel.external.clone()).filter(|external| external != BOT));
    tell("chat", Some(message.provider_chat_id.clone()).filter(|chat| chat != "218485655"));
    tell("raw", message.raw_kind.clone());
    tell("revision", Some(word(&message.revision)).filter(|revision| revision != "new"));
    tell("origin", message.origin.as_ref().map(word));
    tell("status", message.status.as_ref().map(word));
    tell("name", message.contact.name.clone().filter(|name| name != "Марина Тестова"));
    tell("author", author.and_then(|author| author.name.clone()));
    tell("user", author.and_then(|author| author.user.clone()));
    tell("alias", message.aliases.first().map(|alias| alias.provider_chat_id.clone()));
    tell("media", media.map(|media| media.url.clone()));
    tell("mime", media.and_then(|media| media.mime.clone()));
    tell("file", media.and_then(|media| media.name.clone()));
    tell("bytes", media.and_then(|media| media.bytes).map(|bytes| bytes.to_string()));
    tell("album", message.album.clone());
    tell("phone", message.contact.phone.clone().filter(|_| message.contact.phone_verified));
    let quote = message.quote.as_ref();
    tell("quote", quote.map(|quote| quote.message.as_ref().map_or("?", |id| id.as_str()).into()));
    tell("quoted", quote.and_then(|quote| quote.text.clone()));
    tell("details", message.details.as_ref().map(details));
    tell("extra", message.extra.as_ref().map(Value::to_string));
    tell("text", message.text.clone().map(|text| text.replace('\n', "|")));
    line.push_str(&at(message.sent_at));
    line
}

/// An id, without the digest that replaces a missing id.
fn short(id: &str) -> String {
    if id.starts_with("raw:") { "raw".into() } else { id.to_owned() }
}

/// The name of the details, and the value that distinguishes them.
fn details(details: &Details) -> String {
    match details {
        Details::Location(place) => {
            let words = [place.name.clone(), place.address.clone()].into_iter().flatten().collect::<Vec<_>>();
            format!(
                "location({}, {}{})",
                place.latitude,
                place.longitude,
                words.iter().map(|word| format!(", {word}")).collect::<String>()
            )
        }
        Details::ContactCards(cards) => {
            let card = |card: &crate::model::message::content::ContactCard| {
                format!("{} {}", card.name.as_deref().unwrap_or("?"), card.phones.join("/"))
            };
            format!("cards({})", cards.iter().map(card).collect::<Vec<_>>().join(", "))
        }
        Details::Answer(button) => {
            format!("answer({}, {})", button.title, button.payload.as_deref().unwrap_or("-"))
        }
        Details::Reaction(reaction) => {
            format!("reaction({}, {})", reaction.to.as_str(), reaction.emoji.as_deref().unwrap_or("-"))
        }
        Details::Story(story) => format!("story({})", story.id.as_deref().unwrap_or("-")),
        other => format!("{other:?}"),
    }
}

/// Marks a time that Telegram did not send.
fn at(moment: Timestamp) -> String {
    if moment == ACCEPTED { " accepted".into() } else { String::new() }
}

fn word(value: &(impl serde::Serialize + Debug)) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn every_body_gives_what_it_must() {
    let mut fixtures = fixtures();
    for (name, expected) in EXPECTED {
        let body = fixtures.remove(*name).unwrap_or_else(|| panic!("{name} is not there"));
        assert_eq!(lines(&read(&body)), *expected, "{name}");
    }
    let left: String =
        fixtures.iter().map(|(name, body)| format!("    ({name:?}, &{:?}),\n", lines(&read(body)))).collect();
    assert!(left.is_empty(), "nothing is expected of\n{left}");
}

#[test]
fn every_event_survives_the_queue_and_is_one_of_its_own() {
    for (name, body) in fixtures() {
        let Parsed::Items(items) = read(&body) else { continue };
        let mut digests = HashSet::new();
        for item in items {
            let event = match item {
                Item::Event { event, digest } => {
                    assert!(digests.insert(digest), "{name}: one digest of two events");
                    event
                }
                Item::Poison { event: Some(event), .. } => *event,
                _ => continue,
            };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{name}");
        }
    }
}

/// Asserts that a reason, which goes to logs and object metadata, names members and never their values.
fn assert_discreet(parsed: &Parsed) {
    let discreet = |why: &str| {
        assert!(why.is_ascii() && why.len() < 120, "{why}");
        assert!(!why.contains("7999"), "{why}");
    };
    match parsed {
        Parsed::Reply(_) => {}
        Parsed::Unreadable(why) => discreet(why),
        Parsed::Items(items) => items.iter().for_each(|item| {
            if let Item::Poison { why, .. } = item {
                discreet(why);
            }
        }),
    }
}

#[test]
fn truncated_bodies_do_no_harm() {
    for body in fixtures().into_values() {
        for end in 0..body.len() {
            assert_discreet(&read(&body[..end]));
        }
    }
}

#[test]
fn bodies_with_a_changed_byte_do_no_harm() {
    for body in fixtures().into_values() {
        for (round, byte) in [b'"', b'{', b']', b',', b'0', b'\\', 0x00, 0xff].into_iter().enumerate() {
            for at in (round..body.len()).step_by(11) {
                let mut changed = body.clone();
                changed[at] = byte;
                assert_discreet(&read(&changed));
            }
        }
    }
}

/// Replaces every value in every body by one of another type: nothing panics, and a message whose chat is named still
/// leaves a placeholder in that chat.
#[test]
fn values_of_another_type_do_no_harm() {
    let others = [
        Value::Null,
        (-1).into(),
        i64::MAX.into(),
        u64::MAX.into(),
        1e300.into(),
        "".into(),
        "слово".into(),
        serde_json::json!([]),
        serde_json::json!({}),
        serde_json::json!({ "79990001122": [1] }),
    ];
    for (name, body) in fixtures() {
        let Ok(whole) = serde_json::from_slice::<Value>(&body) else { continue };
        for place in places(&whole, "") {
            for other in &others {
                let mut changed = whole.clone();
                *changed.pointer_mut(&place).unwrap() = other.clone();
                let parsed = read(&serde_json::to_vec(&changed).unwrap());
                assert_discreet(&parsed);
                let chat = &changed["message"]["chat"];
                let is_chat = chat["id"].is_i64() && chat["type"] != "channel";
                if is_chat && changed["message"].is_object() {
                    let Parsed::Items(items) = parsed else { panic!("{name}: {place} = {other}") };
                    let stands = |item: &Item| {
                        matches!(item, Item::Event { .. } | Item::Poison { event: Some(_), .. })
                    };
                    assert!(items.iter().any(stands), "{name}: {place} = {other}");
                }
            }
        }
    }
}

/// JSON pointers of all values.
fn places(value: &Value, here: &str) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    let deeper = inner.into_iter().flat_map(|(name, value)| places(value, &format!("{here}/{name}")));
    std::iter::once(here.to_owned()).chain(deeper).collect()
}
