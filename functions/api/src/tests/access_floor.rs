//! The set-up on which the API is checked against `docs/ACCESS.md`: three channels, one for each distribution,
//! employees of every role with and without B2 on each channel, and a chat for every cell.

use super::access_rows::{self, ROLES, Table, WHOSE};
use super::rows;
use crate::testing::{Bench, Company};
use serde_json::{Value, json};
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use shared::model::assignment::WaitingClient;
use shared::model::channel::{Channel, Distribution};
use shared::model::chat::Chat;
use shared::model::chat::state::AssignmentState;
use shared::model::contact::ContactChat;
use shared::model::employee::Membership;
use shared::model::event::{MessageEvent, Origin, Side};
use shared::model::message::Message;
use shared::store::row::Write;
use shared::store::{Read, keys};
use std::collections::{BTreeMap, BTreeSet};

/// An employee who may be `me`: name, role and B2.
pub type Actor = (&'static str, &'static str, bool);

/// All actors.
pub const ACTORS: [Actor; 8] = [
    ("manager-on", "manager", true),
    ("manager-off", "manager", false),
    ("head-on", "head", true),
    ("head-off", "head", false),
    ("quality-on", "quality control", true),
    ("quality-off", "quality control", false),
    ("nobody", "none", false),
    ("account", "account", false),
];

/// A call that changes a chat: its column, method, path below the chat, and body.
pub type Deed = (&'static str, &'static str, &'static str, Option<Value>);

/// The employee who is responsible where the table says `other`: a manager.
pub const OTHER: &str = "other";

/// Channels, each with their employees and chats.
pub struct Floor {
    pub bench: Bench,
    company: Company,
    keys: BTreeMap<&'static str, String>,
    /// Each channel's name in the table, distribution and id.
    channels: Vec<(&'static str, Distribution, String)>,
    /// Each chat's id, the table's word for its responsible, the actor for whom that word holds (if it depends on one),
    /// and its channel.
    chats: Vec<(String, &'static str, Option<&'static str>, &'static str)>,
    table: Table,
}

/// A chat in which the company wrote `own` and then, unless it is `silent`, the client wrote `m0`; and its messages.
pub fn asked(
    account: &AccountId,
    (channel, id): (&str, &str),
    silent: bool,
    now: Timestamp,
) -> (Chat, Vec<Message>) {
    let (side, origin) = (Side::Company, Some(Origin::Window));
    let own = MessageEvent { side, origin, ..rows::event(channel, id, "own", now.millis()) };
    let mut chat = Chat::unopened(account, &own, ContactId::new(id), now);
    let asks = (!silent).then(|| rows::event(channel, id, "m0", now.millis()));
    let rows = std::iter::once(own).chain(asks).filter_map(|event| chat.receive(&event, None, now)).collect();
    (chat, rows)
}

impl Floor {
    /// A set-up with one channel for each of these distributions.
    pub async fn giving_out(ways: &[(&'static str, Distribution)]) -> Self {
        let bench = Bench::new().await;
        let company = bench.company("One").await;
        let (ids, _) = bench.connected(&company.key, &["c1", "c2", "c3"][..ways.len()]).await;
        let channels = ways.iter().copied().zip(ids).map(|((name, way), id)| (name, way, id)).collect();
        let (keys, chats, table) = (BTreeMap::new(), Vec::new(), access_rows::read());
        let mut floor = Self { bench, company, keys, channels, chats, table };
        floor.furnish().await;
        floor
    }

    async fn furnish(&mut self) {
        let people = ACTORS[..7].iter().map(|actor| actor.0).chain([OTHER]);
        let loaded: Vec<Value> = people.map(|name| json!({"id": name, "name": name})).collect();
        let (bench, key) = (&self.bench, &self.company.key);
        bench.expect(200, key, "PUT", "/v1/employees", Some(json!({"employees": loaded}))).await;
        for (name, ..) in &ACTORS[..7] {
            let path = format!("/v1/employees/{name}/tokens");
            let made = bench.expect(201, key, "POST", &path, Some(json!({}))).await;
            self.keys.insert(name, made["token"].as_str().unwrap().to_owned());
        }
        for (how, distribution, id) in self.channels.clone() {
            self.staff(&ChannelId::new(id.as_str()), distribution).await;
            for whose in WHOSE {
                let of = if whose.starts_with("me") { &ACTORS[..7] } else { &ACTORS[..1] };
                for (me, ..) in of {
                    self.open(how, &id, whose, me).await;
                }
            }
        }
    }

    /// Sets a channel's distribution and adds its employees.
    async fn staff(&self, id: &ChannelId, distribution: Distribution) {
        let account = rows::account(&self.company);
        let known: Option<Channel> =
            self.bench.app.store.channel(&account, id, Read::Consistent).await.unwrap();
        rows::change(&self.bench, &known.unwrap(), |row| row.distribution = distribution).await;
        let people = ACTORS.into_iter().chain([(OTHER, "manager", false)]);
        for (name, role, receives) in people {
            let Some((_, Some(role))) = ROLES.into_iter().find(|known| known.0 == role) else { continue };
            let now = self.bench.clock.now();
            let place = Membership::new(&account, id, &EmployeeId::new(name), role, now);
            rows::create(&self.bench, &[Membership { receives_new_clients: receives, ..place }]).await;
        }
    }

    async fn open(&mut self, how: &'static str, channel: &str, whose: &'static str, me: &'static str) {
        let (account, now) = (rows::account(&self.company), self.bench.clock.now());
        let id = format!("chat-{}", self.chats.len());
        let (mut chat, messages) = asked(&account, (channel, &id), whose == "none, silent", now);
        access_rows::place(&mut chat, whose, &EmployeeId::new(me), &EmployeeId::new(OTHER), now);
        let history = ContactChat {
            v: 1,
            account: account.clone(),
            contact: chat.contact.clone(),
            chat: chat.chat.clone(),
            channel: chat.channel.clone(),
            created_at: now,
        };
        let mut writes = vec![Write::create(&chat).unwrap(), Write::create(&history).unwrap()];
        writes.extend(messages.iter().map(|message| Write::create(message).unwrap()));
        if chat.assignment_state == AssignmentState::Waiting {
            let row = WaitingClient {
                v: 1,
                account,
                channel: chat.channel.clone(),
                chat: chat.chat.clone(),
                contact: chat.contact.clone(),
                arrived_at: now,
            };
            writes.push(Write::create(&row).unwrap());
        }
        self.bench.app.store.commit(writes).await.unwrap();
        rows::contact(&self.bench, &self.company, &id, Some(&format!("+{}", number(&id))), &[]).await;
        self.chats.push((id, whose, whose.starts_with("me").then_some(me), how));
    }

    /// The chats for an actor's cells: id, responsible, distribution. The account has no chats of its own.
    pub fn chats_for(&self, actor: Actor) -> Vec<(String, &'static str, &'static str)> {
        let his = |of: Option<&str>| of.is_none_or(|of| of == actor.0);
        let chats = self.chats.iter().filter(|chat| his(chat.2));
        chats.map(|(id, whose, _, how)| (id.clone(), *whose, *how)).collect()
    }

    /// The word of the page's cell.
    pub fn cell(&self, actor: Actor, whose: &'static str, how: &'static str, operation: &str) -> &str {
        &self.table[&(actor.1, whose, how, actor.2)][operation]
    }

    /// The actor's token; the account's key for an actor without one.
    pub fn key(&self, actor: Actor) -> &str {
        self.keys.get(actor.0).unwrap_or(&self.company.key)
    }

    /// The phone of a chat's client, as a query has it.
    pub fn phone(&self, chat: &str) -> String {
        format!("%2B{}", number(chat))
    }

    /// All chats that any of the actor's lists contain.
    pub async fn listed(&self, actor: Actor) -> BTreeSet<String> {
        let mut lists = match actor.1 {
            "account" => Vec::new(),
            _ => vec!["list=mine".to_owned(), format!("unanswered_by={}", actor.0)],
        };
        for (.., id) in &self.channels {
            lists.extend(["live", "general", "case"].map(|state| format!("channel={id}&state={state}")));
            lists.push(format!("list=unclaimed&channel={id}"));
        }
        let mut found = BTreeSet::new();
        for list in lists {
            let path = format!("/v1/chats?{list}&limit=100");
            let (status, answer) = self.bench.call(self.key(actor), "GET", &path, None).await;
            assert!([200, 403, 404].contains(&status), "{actor:?} {list}: {status} {answer}");
            let chats = answer["chats"].as_array().cloned().unwrap_or_default();
            found.extend(chats.iter().map(|chat| chat["id"].as_str().unwrap().to_owned()));
        }
        found
    }

    /// Checks the actor's counters: their own chats, those of `other`, and those without a responsible.
    pub async fn counts(&self, actor: Actor, [own, others, nobodys]: [u64; 3]) {
        let of = |name: &str| format!("/v1/employees/{name}/unanswered");
        let (status, answer) = self.bench.call(self.key(actor), "GET", &of(OTHER), None).await;
        if others > 0 {
            assert_eq!((status, &answer["count"]), (200, &json!(others)), "{actor:?}");
        } else {
            assert_eq!((status, &answer["error"]["code"]), (403, &json!("no_role")), "{actor:?}");
        }
        if actor.1 == "account" {
            return;
        }
        let answer = self.bench.expect(200, self.key(actor), "GET", &of(actor.0), None).await;
        assert_eq!(answer["count"], own, "{actor:?}");
        let path = format!("/v3/unanswered/{}", actor.0);
        let answer = self.bench.expect(200, &self.company.key, "GET", &path, None).await;
        assert_eq!(answer["counterV2"], own + nobodys, "{actor:?}");
        let colour = match actor.1 {
            _ if own + nobodys == 0 => Value::Null,
            "quality control" => json!("grey"),
            _ => json!("red"),
        };
        assert_eq!(answer["type"], colour, "{actor:?}");
    }

    /// Unbinds an employee from all channels.
    pub async fn unbind(&self, name: &str) {
        let (account, name) = (rows::account(&self.company), EmployeeId::new(name));
        for (.., id) in &self.channels {
            let key = keys::membership(&account, &ChannelId::new(id.as_str()), &name);
            let place: Option<Membership> = self.bench.app.store.get(&key, Read::Consistent).await.unwrap();
            rows::change(&self.bench, &place.unwrap(), |place| place.sends = false).await;
        }
    }

    /// Makes each of these calls on a chat, always from the same state; asserts that each ends as its word says and
    /// that refused calls change nothing. Refused calls come first, so that one comparison covers all of them.
    pub async fn does(&self, actor: Actor, id: &str, deeds: &[Deed], word: impl Fn(&str) -> String) {
        let before = self.chat(id).await;
        let (may, may_not): (Vec<&Deed>, Vec<&Deed>) =
            deeds.iter().partition(|deed| ["yes", "claims"].contains(&word(deed.0).as_str()));
        for deed in may_not {
            self.refused(actor, id, deed, &word(deed.0)).await;
        }
        assert_eq!(self.chat(id).await, before, "{actor:?} {id}: refused calls change nothing");
        let mut now = before.clone();
        for deed in may {
            now = self.done(actor, (&before, now), deed, &word(deed.0)).await;
        }
    }

    async fn refused(&self, actor: Actor, id: &str, (_, method, rest, body): &Deed, word: &str) {
        let path = format!("/v1/chats/{id}{rest}");
        let refused = match word {
            "hidden" | "no_role" => (404, "not_found", None),
            word => (403, word, None),
        };
        let key = self.key(actor);
        self.bench.refused(key, (method, &path), body.clone(), refused).await;
        if word == "no_role" && *rest == "/messages" {
            let named = Some(json!({"text": "Да", "employee": actor.0}));
            self.bench.refused(&self.company.key, (method, &path), named, (403, "no_role", None)).await;
        }
    }

    /// Makes a call that must succeed, and returns the chat restored to its state of before.
    async fn done(
        &self,
        actor: Actor,
        (before, now): (&Chat, Chat),
        (_, method, rest, body): &Deed,
        word: &str,
    ) -> Chat {
        let path = format!("/v1/chats/{}{rest}", before.chat);
        let (status, answer) = self.bench.call(self.key(actor), method, &path, body.clone()).await;
        let what = format!("{} {method} {path}: {word}, and it was {status} {answer}", actor.0);
        assert!(status == 200 || status == 202, "{what}");
        let after = self.chat(before.chat.as_str()).await;
        let took = after.assignment_state == AssignmentState::Assigned
            && before.assignment_state != AssignmentState::Assigned;
        let given = after.responsible != before.responsible;
        if *rest == "/assign" {
            assert_eq!(after.responsible, Some(EmployeeId::new(OTHER)), "{what}");
        } else if word == "claims" {
            assert_eq!((&after.responsible, took), (&Some(EmployeeId::new(actor.0)), true), "{what}");
        } else {
            assert!(!given && !took, "{what}");
        }
        if after == now { now } else { self.restored(before, &after).await }
    }

    async fn chat(&self, id: &str) -> Chat {
        let found = self.bench.app.store.chat(&rows::account(&self.company), &ChatId::new(id)).await;
        found.unwrap().unwrap()
    }

    /// Restores the chat, except for its numbers, which never decrease; and its client has no responsible again.
    async fn restored(&self, before: &Chat, after: &Chat) -> Chat {
        let numbers = (after.seq, after.outbound_last);
        let now = rows::change(&self.bench, after, |chat| {
            *chat = before.clone();
            (chat.seq, chat.outbound_last) = numbers;
        });
        let now = now.await;
        if after.responsible.is_some() {
            let (account, contact) = (&before.account, &before.contact);
            let found = self.bench.app.store.contact(account, contact, Read::Consistent).await.unwrap();
            rows::change(&self.bench, &found.unwrap(), |contact| contact.responsible = None).await;
        }
        now
    }
}

/// The phone of a chat's client, without the plus.
fn number(chat: &str) -> String {
    let number: u64 = chat.trim_start_matches("chat-").parse().unwrap();
    format!("{}", 79_010_000_000 + number)
}
