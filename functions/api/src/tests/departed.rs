//! Sending to clients whose responsible no longer works on the channel; and employees whom the CRM refuses.

use super::rows;
use super::sending::Office;
use super::staff::Staff;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::{ChannelId, EmployeeId};
use shared::model::channel::Distribution;
use shared::model::chat::Chat;
use shared::model::chat::assignment_reason::AssignedBy;
use shared::model::chat::state::{AssignmentState, ChatState, FinishReason};
use shared::model::contact::Contact;
use shared::model::employee::{Membership, Role};
use shared::service::reassign::reassign_contact;
use shared::store::chat_transaction::rows_beside;
use shared::store::{Read, keys};

fn id(name: &str) -> EmployeeId {
    EmployeeId::new(name)
}

/// Changes the office's chat, and its row in the queue with it.
async fn set(office: &Office, change: impl FnOnce(&mut Chat)) -> Chat {
    let before = office.chat("chat").await;
    let after = rows::change(&office.bench, &before, change).await;
    office.bench.app.store.commit(rows_beside(Some(&before), Some(&after)).unwrap()).await.unwrap();
    after
}

/// Finishes the chat as answered; it still names its responsible.
async fn finished(office: &Office, whose: &str, client: AssignmentState) {
    let now = office.bench.clock.now();
    set(office, |chat| {
        chat.set_responsible(&id(whose));
        chat.assignment_state = client;
        chat.unanswered_at = None;
        chat.state = ChatState::Live;
        chat.finish(FinishReason::Inactivity, now);
    })
    .await;
}

/// The latest entry of the assignment history: its reason, and the responsible that it names.
async fn told(office: &Office, chat: &str) -> Option<(String, Value)> {
    let path = format!("/v1/chats/{chat}/assignment");
    let answer = office.bench.expect(200, &office.company.key, "GET", &path, None).await;
    let last = answer["history"].as_array().unwrap().first()?;
    Some((last["why"].as_str().unwrap().to_owned(), last["responsible"].clone()))
}

async fn queue(office: &Office) -> usize {
    let (account, channel) = (rows::account(&office.company), ChannelId::new(office.channel.as_str()));
    office.bench.app.store.waiting(&account, &channel, 10).await.unwrap().len()
}

fn hello(author: Option<&str>) -> Value {
    author.map_or_else(|| json!({"text": "ок"}), |author| json!({"text": "ок", "employee": author}))
}

#[tokio::test]
async fn b4_a_dialogue_does_not_go_to_somebody_who_is_gone() {
    for (works, author, answer, whose) in [
        (true, Some("anna"), 403, None),
        (true, None, 202, Some(("kept", "gone"))),
        (false, Some("anna"), 202, Some(("dialogue", "anna"))),
        (false, None, 202, None),
    ] {
        let office = Office::open(Distribution::RoundRobin).await;
        office.join("anna", Role::Manager, |_| {}).await;
        office.join("gone", Role::Manager, |place| place.sends = works).await;
        let person = rows::contact(&office.bench, &office.company, "p", Some("+79020001122"), &[]).await;
        let person: Contact =
            rows::change(&office.bench, &person, |person| person.responsible = Some(id("gone"))).await;
        let ask = json!({"channel": office.channel, "phone": "+79020001122", "message": hello(author)});
        let begun = office.bench.expect(answer, &office.company.key, "POST", "/v1/chats", Some(ask)).await;
        let Some(chat) = begun["chat"].as_str() else { continue };
        let stored = office.chat(chat).await;
        assert_eq!((&stored.contact, stored.state), (&person.contact, ChatState::Live));
        let client = if whose.is_some() { AssignmentState::Assigned } else { AssignmentState::Silent };
        assert_eq!(
            (stored.assignment_state, stored.responsible.as_ref()),
            (client, whose.map(|of| id(of.1)).as_ref())
        );
        assert_eq!(told(&office, chat).await, whose.map(|(why, of)| (why.to_owned(), json!(of))));
        let now = office.contact(&person.contact).await.responsible;
        assert_eq!(now, Some(id(whose.map_or("gone", |of| of.1))), "{author:?}");
    }
}

#[tokio::test]
async fn b4_a_finished_chat_that_we_open_does_not_stay_with_somebody_who_is_gone() {
    for (author, whose, queued) in [
        (Some("anna"), Some(("first_answer", json!("anna"))), 0),
        (Some("head"), Some(("removed", Value::Null)), 1),
        (None, Some(("removed", Value::Null)), 1),
    ] {
        let office = Office::open(Distribution::RoundRobin).await;
        office.join("anna", Role::Head, |_| {}).await;
        office.join("head", Role::Head, |place| place.receives_new_clients = false).await;
        finished(&office, "gone", AssignmentState::Assigned).await;
        office.bench.nudged();
        let (status, answer) = office.send(hello(author), None).await;
        assert_eq!(status, 202, "{answer}");
        assert_eq!(told(&office, "chat").await, whose.map(|(why, of)| (why.to_owned(), of)), "{author:?}");
        let chat = office.chat("chat").await;
        let client = if queued == 0 { AssignmentState::Assigned } else { AssignmentState::Waiting };
        assert_eq!(
            (chat.state, chat.assignment_state, queue(&office).await),
            (ChatState::Live, client, queued)
        );
        let nudged = office.bench.nudged().contains(&office.channel);
        assert_eq!(nudged, queued == 1, "{author:?}");
        if queued == 0 {
            assert_eq!(office.contact(&chat.contact).await.responsible, Some(id("anna")));
        } else {
            assert_eq!(
                chat.waiting_since,
                Some(office.bench.clock.now()),
                "the client has not waited before"
            );
        }
    }
}

#[tokio::test]
async fn b4_a_chat_that_opens_stays_with_whoever_works_there_and_a_bot_takes_it_from_nobody() {
    let office = Office::open(Distribution::RoundRobin).await;
    office.join("there", Role::Manager, |place| place.receives_new_clients = false).await;
    finished(&office, "there", AssignmentState::Assigned).await;
    assert_eq!(office.send(hello(None), None).await.0, 202);
    assert_eq!(office.chat("chat").await.responsible, Some(id("there")));
    finished(&office, "gone", AssignmentState::Assigned).await;
    assert_eq!(office.send(json!({"text": "ок", "bot": true}), None).await.0, 202);
    assert_eq!(office.chat("chat").await.responsible, Some(id("gone")), "it opens no chat");
    // A client who has not written does not wait: the chat has no responsible, as with any stranger.
    finished(&office, "gone", AssignmentState::Silent).await;
    assert_eq!(office.send(hello(None), None).await.0, 202);
    let chat = office.chat("chat").await;
    assert_eq!(
        (chat.assignment_state, chat.responsible, queue(&office).await),
        (AssignmentState::Silent, None, 0)
    );
}

#[tokio::test]
async fn b5_who_answers_before_he_is_asked_keeps_his_client() {
    let office = Office::open(Distribution::RoundRobin).await;
    office.join("anna", Role::Manager, |_| {}).await;
    let now = office.bench.clock.now();
    set(&office, |chat| {
        chat.set_responsible(&id("anna"));
        chat.enqueue(None, now);
    })
    .await;
    assert_eq!(queue(&office).await, 1);
    assert_eq!(office.send(hello(Some("anna")), None).await.0, 202);
    assert_eq!(told(&office, "chat").await, Some(("kept".to_owned(), json!("anna"))));
    assert_eq!(queue(&office).await, 0);
}

#[tokio::test]
async fn b7_nobody_is_given_a_client_by_hand_whom_he_could_not_write_to() {
    let staff = Staff::new().await;
    rows::contact(&staff.bench, &staff.company, "contact", None, &[]).await;
    staff.chat("a", "anna", 1_000_000).await;
    let path = format!("/v1/channels/{}/employees/boris", staff.channel);
    let unbound = json!({"role": "manager", "receives_new_clients": true, "sends": false});
    staff.bench.expect(200, &staff.company.key, "PUT", &path, Some(unbound)).await;
    let to = |who: &str| Some(json!({"employee": who}));
    let at = ("POST", "/v1/chats/a/assign");
    for (who, code) in [("boris", "not_bound"), ("stranger", "no_role"), ("quality", "quality_control")] {
        staff.bench.refused(staff.key("head"), at, to(who), (422, code, Some("employee"))).await;
    }
    // Assigning anna, who is responsible already, is news when an employee does it: no rule takes the client from her
    // then.
    let store = &staff.bench.app.store;
    for _ in 0..2 {
        staff.bench.expect(200, staff.key("head"), at.0, at.1, to("anna")).await;
        let chat = store.chat(&rows::account(&staff.company), &shared::base::ids::ChatId::new("a")).await;
        let chat = chat.unwrap().unwrap();
        assert_eq!((chat.assigned_by, chat.responsible), (Some(AssignedBy::Person), Some(id("anna"))));
    }
    let told = staff.bench.expect(200, staff.key("head"), "GET", "/v1/chats/a/assignment", None).await;
    let whys: Vec<&Value> = told["history"].as_array().unwrap().iter().map(|entry| &entry["why"]).collect();
    assert_eq!(whys, ["by_hand"], "and once");
}

#[tokio::test]
async fn b1_the_crms_word_ends_a_wait_for_the_one_whom_it_names() {
    let office = Office::open(Distribution::RoundRobin).await;
    office.join("anna", Role::Manager, |_| {}).await;
    let now = office.bench.clock.now();
    let chat = set(&office, |chat| {
        chat.set_responsible(&id("anna"));
        chat.enqueue(None, now);
    })
    .await;
    let person = office.contact(&chat.contact).await;
    let app = &office.bench.app;
    let owner = app.store.account(&rows::account(&office.company)).await.unwrap().unwrap();
    for changed in [1, 0] {
        let done = reassign_contact(&app.context(), &owner, &person.contact, &id("anna")).await;
        assert_eq!(done.unwrap(), changed);
    }
    let chat = office.chat("chat").await;
    assert_eq!(
        (chat.assignment_state, chat.assigned_by),
        (AssignmentState::Assigned, Some(AssignedBy::Person))
    );
    assert_eq!(queue(&office).await, 0);
}

#[tokio::test]
async fn b4_whom_the_crm_refuses_changes_no_settings_and_does_not_end_it_himself() {
    let staff = Staff::new().await;
    let (account, key) = (rows::account(&staff.company), &staff.company.key);
    let sections = Some(json!({"sections": ["employees", "quick_replies"]}));
    staff.bench.expect(200, key, "PUT", "/v1/employees/anna/sections", sections).await;
    let load = || Some(json!({"employees": [{"id": "anna", "name": "Anna"}]}));
    staff.bench.expect(200, staff.key("anna"), "PUT", "/v1/employees", load()).await;
    let store = &staff.bench.app.store;
    store.begin_refusal(&account, &id("anna"), &*staff.bench.clock).await.unwrap();
    let refused = (403, "section_not_granted", None);
    staff.bench.refused(staff.key("anna"), ("PUT", "/v1/employees"), load(), refused).await;
    let employee = store.employee(&account, &id("anna")).await.unwrap().unwrap();
    assert!(employee.refused_at.is_some() && employee.sections.len() == 2);
    staff.bench.expect(200, key, "PUT", "/v1/employees", load()).await;
    staff.bench.expect(200, staff.key("anna"), "PUT", "/v1/employees", load()).await;
}

#[tokio::test]
async fn b4_a_place_that_a_refusal_left_behind_is_taken_back_by_loading_him() {
    let staff = Staff::new().await;
    let (account, channel) = (rows::account(&staff.company), ChannelId::new(staff.channel.as_str()));
    let at = keys::membership(&account, &channel, &id("anna"));
    for (method, path, body) in [
        ("PUT", "/v1/employees", json!({"employees": [{"id": "anna", "name": "Anna"}]})),
        ("POST", "/v3/users", json!([{"id": "anna", "name": "Anna"}])),
    ] {
        let place: Membership = staff.bench.app.store.get(&at, Read::Consistent).await.unwrap().unwrap();
        rows::change(&staff.bench, &place, |place| place.inactive = true).await;
        staff.bench.nudged();
        staff.bench.expect(200, &staff.company.key, method, path, Some(body)).await;
        let place: Membership = staff.bench.app.store.get(&at, Read::Consistent).await.unwrap().unwrap();
        assert!(!place.inactive, "{path}");
        assert_eq!(staff.bench.nudged(), std::slice::from_ref(&staff.channel));
    }
}

#[tokio::test]
async fn p7_a_queue_that_refuses_a_nudge_stops_no_other_nudge() {
    let office = Office::open(Distribution::RoundRobin).await;
    finished(&office, "gone", AssignmentState::Assigned).await;
    office.bench.nudged();
    let chats = |office: &Office| {
        let nudges = std::mem::take(&mut office.bench.world.lock().unwrap().nudges);
        nudges.iter().filter(|nudge| nudge["chat"] == "chat" && nudge.get("changed_at").is_none()).count()
    };
    office.bench.world.lock().unwrap().refused_queue = Some("assignment");
    assert_eq!(office.send(hello(None), None).await.0, 202);
    assert_eq!(office.chat("chat").await.assignment_state, AssignmentState::Waiting);
    assert!(chats(&office) >= 1, "delivery has its nudge, though assignment has not");
}
