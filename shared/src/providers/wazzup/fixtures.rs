//! Reads every body in `events/wazzup/` and compares it with the expected result; then damages each of them.

use super::expected::EXPECTED;
use super::inbound::parse;
use super::tests::{ACCEPTED, token};
use crate::base::clock::Timestamp;
use crate::model::event::{Event, MessageEvent, TemplateState};
use crate::model::message::content::Details;
use crate::providers::inbound::{Item, Parsed};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events/wazzup")
}

fn fixtures() -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

fn lines(parsed: &Parsed) -> Vec<String> {
    match parsed {
        Parsed::Reply(_) => vec!["probe".into()],
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
        Event::Status(status) => {
            let error = status.error.as_ref().map(|error| format!(" {}", error.code)).unwrap_or_default();
            format!("status {}{error}{}", word(&status.status), at(status.at))
        }
        Event::ChannelState(state) => {
            format!("channel {} ({}){}", word(&state.state), state.raw_state, at(state.at))
        }
        Event::Edited(edited) => format!("edited{}", at(edited.at)),
        Event::TemplateState(event) => {
            let TemplateState { name, status, .. } = &event.template;
            format!("template {} {status}", name.as_deref().unwrap_or("?"))
        }
        Event::Check { .. } => "check".into(),
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
    tell("raw", message.raw_kind.clone());
    tell("revision", Some(word(&message.revision)).filter(|revision| revision != "new"));
    tell("origin", message.origin.as_ref().map(word));
    tell("status", message.status.as_ref().map(word));
    tell("error", message.error.as_ref().map(|error| error.code.clone()));
    tell("author", author.and_then(|author| author.name.clone()));
    tell("user", author.and_then(|author| author.id.clone()));
    tell("old", message.old_text.clone());
    tell("media", message.media.as_ref().and_then(|media| media.url.rsplit('.').next().map(str::to_owned)));
    tell("file", message.media.as_ref().and_then(|media| media.name.clone()));
    tell("phone", message.contact.phone_verified.then(|| "verified".into()));
    tell(
        "quote",
        message.quote.as_ref().map(|quote| quote.message.as_ref().map_or("?", |id| id.as_str()).into()),
    );
    tell("details", message.details.as_ref().map(details));
    tell("listing", message.listing.as_ref().map(|listing| listing.id.clone()));
    let keys = |extra: &Value| extra.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(",");
    tell("extra", message.extra.as_ref().map(keys));
    tell("id", message.message_id.as_str().get(..4).filter(|start| *start == "raw:").map(str::to_owned));
    line.push_str(&at(message.sent_at));
    if message.text.is_some() { line + " +text" } else { line }
}

/// The name of the details, and the values that distinguish them.
fn details(details: &Details) -> String {
    match details {
        Details::Location(place) => format!("location({}, {})", place.latitude, place.longitude),
        Details::ContactCards(cards) => {
            let names = cards
                .iter()
                .map(|card| format!("{} {}", card.name.as_deref().unwrap_or("?"), card.phones.join("/")));
            format!("cards({})", names.collect::<Vec<_>>().join(", "))
        }
        Details::Buttons(buttons) => format!("buttons({})", buttons.len()),
        Details::Template(template) => format!("template({})", template.values.len()),
        Details::Call(call) => format!("call({})", word(&call.outcome)),
        Details::Comment(comment) => {
            let answers =
                comment.answers.as_ref().map(|id| format!(" to {}", id.as_str())).unwrap_or_default();
            let mode = comment.mode.as_ref().map(|mode| format!(" {}", word(mode))).unwrap_or_default();
            format!("comment({}{mode}{answers})", comment.post.id)
        }
        other => format!("{other:?}"),
    }
}

/// Marks a time that Wazzup did not send.
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
        assert_eq!(lines(&parse(&token(), &body, ACCEPTED)), *expected, "{name}");
    }
    if let Some((name, body)) = fixtures.first_key_value() {
        panic!("nothing is expected of {name}, which gives {:#?}", lines(&parse(&token(), body, ACCEPTED)));
    }
}

/// N entries give N items, whatever the entries are.
#[test]
fn no_entry_is_lost() {
    for (name, body) in fixtures() {
        let Ok(Value::Object(members)) = serde_json::from_slice(&body) else { continue };
        let Parsed::Items(items) = parse(&token(), &body, ACCEPTED) else { continue };
        let list = |value: &Value| value.as_array().map_or(1, Vec::len);
        let listed = |name: &str| ["messages", "statuses", "channelsUpdates"].contains(&name);
        let entries: usize =
            members.iter().map(|(name, value)| if listed(name) { list(value) } else { 1 }).sum();
        assert_eq!(items.len(), entries, "{name}");
    }
}

#[test]
fn every_event_survives_the_queue() {
    for (name, body) in fixtures() {
        let Parsed::Items(items) = parse(&token(), &body, ACCEPTED) else { continue };
        for item in items {
            let event = match item {
                Item::Event { event, .. } => event,
                Item::Poison { event: Some(event), .. } => *event,
                _ => continue,
            };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{name}");
        }
    }
}

/// A reason goes to logs and object metadata: it names fields, never their contents.
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
            assert_discreet(&parse(&token(), &body[..end], ACCEPTED));
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
                assert_discreet(&parse(&token(), &changed, ACCEPTED));
            }
        }
    }
}

/// Every value anywhere in every body, replaced by one of another type: nothing panics, no entry is missed.
#[test]
fn values_of_another_type_do_no_harm() {
    let others = [
        Value::Null,
        true.into(),
        (-1).into(),
        1e300.into(),
        "".into(),
        "слово".into(),
        serde_json::json!([]),
        serde_json::json!([[]]),
        serde_json::json!({}),
        serde_json::json!({ "79990001122": [1] }),
    ];
    for body in fixtures().into_values() {
        let Ok(whole) = serde_json::from_slice::<Value>(&body) else { continue };
        for place in places(&whole, "") {
            for other in &others {
                let mut changed = whole.clone();
                *changed.pointer_mut(&place).unwrap() = other.clone();
                let parsed = parse(&token(), &serde_json::to_vec(&changed).unwrap(), ACCEPTED);
                assert_discreet(&parsed);
                if let (Some(entries), Parsed::Items(items)) = (changed["messages"].as_array(), &parsed) {
                    assert!(items.len() >= entries.len(), "{place} = {other}");
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
