//! The contract that every provider in the registry is tested against, without code from its author.

use super::client::Client;
use super::inbound::{Inbound, Item, Owners, Parsed, WebhookRequest};
use super::provider::Provider;
use super::{WORDS, built, client, credential, inbound, provider};
use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ConnectionId, IdSalt};
use crate::model::connection::ChannelOwner;
use crate::model::field::Form;
use crate::model::texts::Language;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use url::Url;

fn each() -> impl Iterator<Item = (&'static dyn Provider, &'static dyn Inbound, &'static dyn Client)> {
    built().map(|known| (known, inbound(known.name()).unwrap(), client(known.name()).unwrap()))
}

fn owners() -> Owners {
    Owners::One(ChannelOwner {
        account: AccountId::new("a"),
        connection: ConnectionId::new("c"),
        id_salt: IdSalt::from_bytes([7; 16]),
    })
}

fn read(inbound: &dyn Inbound, body: &[u8]) -> Parsed {
    let (query, headers) = (HashMap::new(), HeaderMap::new());
    let request = WebhookRequest { method: &Method::POST, query: &query, headers: &headers, body };
    inbound.parse(&request, &owners(), Timestamp::from_millis(1_800_000_000_000))
}

/// The bodies in `events/{provider}/`.
fn bodies(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let found: Vec<_> =
        files.map(|file| file.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    assert!(!found.is_empty(), "{}", folder.display());
    found
}

#[test]
fn all_nine_words_are_in_the_registry_and_a_built_one_is_whole() {
    assert_eq!(WORDS.len(), 9);
    assert!(WORDS.is_sorted());
    for word in WORDS {
        let parts = [provider(word).is_some(), inbound(word).is_some(), client(word).is_some()];
        assert!(parts.iter().all(|part| *part) || parts.iter().all(|part| !part), "{word}: {parts:?}");
        assert!(provider(word).is_none_or(|known| known.name() == *word), "{word}");
    }
    assert!(provider("icq").is_none() && inbound("icq").is_none() && client("icq").is_none());
}

#[test]
fn a_provider_says_what_a_form_and_a_call_need() {
    for (known, _, _) in each() {
        let name = known.name();
        assert!(!known.title(Language::Ru).is_empty() && !known.title(Language::En).is_empty(), "{name}");
        assert!(Url::parse(known.base_url()).is_ok_and(|url| url.scheme() == "https"), "{name}");
        assert!(!known.credential_fields().is_empty() && !known.limit_table().is_empty(), "{name}");
        for field in known.credential_fields() {
            assert!(field.fits(field.example), "{name}: {}: its example does not fit", field.name);
            assert!(
                !field.fits("") && !field.fits(&format!("{}\n", field.example)),
                "{name}: {}",
                field.name
            );
        }
        for rate in known.guarantees().rates {
            assert!(rate.calls > 0 && !rate.per.is_zero(), "{name}: {rate:?}");
        }
    }
}

#[test]
fn p9_no_debug_output_holds_a_credential() {
    for (known, _, _) in each() {
        for field in known.credential_fields().iter().filter(|field| field.form == Form::Secret) {
            let opened = credential(known.name(), &SecretString::from(field.example));
            assert!(!format!("{opened:?}").contains(field.example), "{}", known.name());
        }
    }
}

#[test]
fn p9_a_provider_that_agrees_on_a_secret_takes_nothing_without_it() {
    for (known, inbound, _) in each().filter(|(_, _, client)| client.wants_secret()) {
        let (query, headers) = (HashMap::new(), HeaderMap::new());
        let request = WebhookRequest { method: &Method::POST, query: &query, headers: &headers, body: b"{}" };
        let secret = SecretString::from("agreed");
        assert!(inbound.verify(&request, Some(&secret)).is_err(), "{}: no proof", known.name());
        assert!(inbound.verify(&request, None).is_err(), "{}: nothing to hold it against", known.name());
    }
}

fn digests(parsed: &Parsed) -> Vec<&str> {
    let Parsed::Items(items) = parsed else { return Vec::new() };
    items
        .iter()
        .filter_map(|item| match item {
            Item::Event { digest, .. } => Some(digest.as_str()),
            Item::Poison { .. } | Item::Ignored(_) => None,
        })
        .collect()
}

#[test]
fn p1_the_same_body_twice_has_the_same_digests() {
    for (known, inbound, _) in each() {
        for (path, body) in bodies(known.name()) {
            let (first, again) = (read(inbound, &body), read(inbound, &body));
            assert_eq!(digests(&first), digests(&again), "{}", path.display());
        }
    }
}

/// Copies of a value with one of its parts replaced: every part in turn.
fn damaged(value: &Value) -> Vec<Value> {
    let mut found: Vec<Value> = [json!(null), json!(7), json!("x"), json!([]), json!({})].into();
    match value {
        Value::Object(members) => {
            for (name, part) in members {
                for other in damaged(part) {
                    let mut whole = members.clone();
                    whole.insert(name.clone(), other);
                    found.push(Value::Object(whole));
                }
                let mut without = members.clone();
                without.remove(name);
                found.push(Value::Object(without));
            }
        }
        Value::Array(parts) => {
            for (at, part) in parts.iter().enumerate() {
                for other in damaged(part) {
                    let mut whole = parts.clone();
                    whole[at] = other;
                    found.push(Value::Array(whole));
                }
            }
        }
        _ => {}
    }
    found
}

#[test]
fn p2_a_damaged_body_is_read_as_far_as_it_can_be_and_never_panics() {
    for (known, inbound, _) in each() {
        for (_, body) in bodies(known.name()) {
            for end in (0..body.len()).step_by(7) {
                let _ = read(inbound, &body[..end]);
            }
            let doubled = [body.as_slice(), body.as_slice()].concat();
            let _ = read(inbound, &doubled);
            let Ok(value) = serde_json::from_slice::<Value>(&body) else { continue };
            for other in damaged(&value) {
                let _ = read(inbound, other.to_string().as_bytes());
            }
        }
    }
}
