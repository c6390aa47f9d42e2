//! P10: `docs/ACCESS.md`, cell by cell: against the rule in code, and by HTTP against the API.

use super::access_floor::{ACTORS, Deed, Floor, OTHER, asked};
use super::access_rows::{self, DISTRIBUTIONS, OPERATIONS, ROLES};
use crate::testing::Bench;
use serde_json::json;
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChannelId, EmployeeId};
use shared::model::access;
use shared::model::access::sending::{Permit, Sender};
use shared::model::employee::Membership;

/// The routes of a chat, each with its column.
const ROUTES: [(&str, &str, &str); 17] = [
    ("Open", "GET", ""),
    ("Open", "GET", "/messages"),
    ("Open", "GET", "/listings"),
    ("Open", "GET", "/assignment"),
    ("Notify", "GET", "/changes"),
    ("Open", "POST", "/quick-replies/{reply}"),
    ("Send", "POST", "/messages"),
    ("Edit", "PATCH", "/messages/{message}"),
    ("Edit", "DELETE", "/messages/{message}"),
    ("Mark", "POST", "/read"),
    ("Mark", "POST", "/no-answer-needed"),
    ("Finish", "POST", "/finish"),
    ("SetStatus", "PUT", "/status"),
    ("Tag", "PUT", "/tags"),
    ("Tag", "PUT", "/listings/{listing}/car"),
    ("Tag", "DELETE", "/listings/{listing}/car"),
    ("Assign", "POST", "/assign"),
];

#[test]
fn p10_the_table_is_the_rules() {
    let (me, other, now) = (EmployeeId::new("me"), EmployeeId::new(OTHER), Timestamp::from_millis(1));
    for ((role, whose, how, receives), words) in access_rows::read() {
        let (_, distribution) = DISTRIBUTIONS.into_iter().find(|(name, _)| *name == how).unwrap();
        let (_, of_role) = ROLES.into_iter().find(|(name, _)| *name == role).unwrap();
        let place = of_role.map(|role| Membership {
            receives_new_clients: receives,
            ..Membership::new(&AccountId::new("a"), &ChannelId::new("c"), &me, role, now)
        });
        let who = if role == "account" { Sender::Account } else { Sender::Employee(place.as_ref()) };
        let mut chat = asked(&AccountId::new("a"), ("c", "chat"), whose == "none, silent", now).0;
        access_rows::place(&mut chat, whose, &me, &other, now);
        for (name, word) in words {
            let said = match access::may(access_rows::operation(name, distribution), who, &chat) {
                Ok(Permit::Write) => "yes",
                Ok(Permit::Claim) => "claims",
                Err(access::Denial::Hidden) => "hidden",
                Err(denial) => denial.code(),
            };
            assert_eq!(said, word, "{role}, {whose}, {how}, {receives}: {name}");
        }
    }
}

#[tokio::test]
async fn p10_every_route_of_a_chat_stands_in_the_table() {
    let bench = Bench::new().await;
    let document = super::access::document(&bench).await;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(rest) = path.strip_prefix("/v1/chats/{chat}") else { continue };
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let known = ROUTES.iter().any(|(_, known, suffix)| *known == method && *suffix == rest);
            assert!(known, "{method} {path}: which column of docs/ACCESS.md does it belong to?");
        }
    }
    assert!(ROUTES.iter().all(|(column, ..)| OPERATIONS.contains(column)));
}

#[tokio::test]
async fn p10_lists_search_opening_and_counters_show_what_the_table_says() {
    let floor = Floor::giving_out(&DISTRIBUTIONS).await;
    for actor in ACTORS {
        let listed = floor.listed(actor).await;
        let mut counted = [0_u64; 3];
        for (chat, whose, how) in floor.chats_for(actor) {
            let cell = |name: &str| floor.cell(actor, whose, how, name) == "yes";
            let what = format!("{actor:?}, {whose}, {how}");
            assert_eq!(listed.contains(&chat), cell("List"), "List: {what}");
            let path = format!("/v1/chats/search?q={}", floor.phone(&chat));
            let found = floor.bench.expect(200, floor.key(actor), "GET", &path, None).await;
            let found = found["chats"].as_array().unwrap();
            assert_eq!(found.iter().any(|one| one["id"] == chat.as_str()), cell("Search"), "Search: {what}");
            for (name, _, rest) in ROUTES.into_iter().filter(|route| route.1 == "GET") {
                let path = format!("/v1/chats/{chat}{rest}");
                let (status, answer) = floor.bench.call(floor.key(actor), "GET", &path, None).await;
                assert_eq!(status, if cell(name) { 200 } else { 404 }, "{name} {rest}: {what}: {answer}");
                assert!(status == 200 || answer["error"]["code"] == "not_found", "{answer}");
                if rest.is_empty() {
                    // The unread count is part of the chat itself.
                    assert_eq!(answer["chat"]["unread"].is_u64(), cell("Count"), "Count: {what}: {answer}");
                }
            }
            let owed = u64::from(cell("Count") && whose != "none, silent");
            match whose {
                "me" | "me, asked first" => counted[0] += owed,
                "other" | "other, asked first" => counted[1] += owed,
                _ => counted[2] += owed,
            }
        }
        floor.counts(actor, counted).await;
    }
}

/// Checks every call that changes a chat, in every row with this distribution.
async fn deeds_are_as_the_table_says(way: usize) {
    let floor = Floor::giving_out(&DISTRIBUTIONS[way..=way]).await;
    for actor in ACTORS {
        for (chat, whose, how) in floor.chats_for(actor) {
            let word = |name: &str| floor.cell(actor, whose, how, name).to_owned();
            floor.does(actor, &chat, &deeds(way == 0), word).await;
        }
    }
}

#[tokio::test]
async fn p10_sending_editing_marking_finishing_and_giving_in_round_robin() {
    deeds_are_as_the_table_says(0).await;
}

#[tokio::test]
async fn p10_sending_editing_marking_finishing_and_giving_by_first_responder() {
    deeds_are_as_the_table_says(1).await;
}

#[tokio::test]
async fn p10_sending_editing_marking_finishing_and_giving_by_the_crm() {
    deeds_are_as_the_table_says(2).await;
}

#[tokio::test]
async fn b7_who_is_not_bound_is_told_so_after_everything_else() {
    let floor = Floor::giving_out(&DISTRIBUTIONS[1..2]).await;
    floor.unbind("manager-on").await;
    let actor = ACTORS[0];
    for (chat, whose, how) in floor.chats_for(actor) {
        let word = |name: &str| match (name, floor.cell(actor, whose, how, name)) {
            ("Send" | "Edit", "yes" | "claims") => "not_bound".to_owned(),
            (_, word) => word.to_owned(),
        };
        floor.does(actor, &chat, &deeds(false), word).await;
    }
}

/// One call of each column that changes something; all such calls if `every`.
fn deeds(every: bool) -> Vec<Deed> {
    let mut deeds = vec![
        ("Send", "POST", "/messages", Some(json!({"text": "Да"}))),
        ("Edit", "PATCH", "/messages/own", Some(json!({"text": "Нет"}))),
        ("Mark", "POST", "/read", Some(json!({"message": "own"}))),
        ("Finish", "POST", "/finish", Some(json!({"status": "closed"}))),
        ("SetStatus", "PUT", "/status", Some(json!({"status": "waiting"}))),
        ("Tag", "PUT", "/tags", Some(json!({"tags": ["test drive"]}))),
        ("Assign", "POST", "/assign", Some(json!({"employee": OTHER}))),
    ];
    if every {
        deeds.push(("Edit", "DELETE", "/messages/own", None));
        deeds.push(("Mark", "POST", "/no-answer-needed", Some(json!({"message": "own"}))));
    }
    deeds
}
