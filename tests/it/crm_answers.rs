//! Whatever a CRM answers, no client is held up for ever, and nothing is passed while the CRM is down (P8).

use crate::world::{TOKEN, World, echo, messages, text};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::crm::universal::settings::Subscriptions;
use shared::model::channel::Distribution;
use shared::model::chat::state::AssignmentState;
use shared::model::contact::Contact;
use shared::store::Read;
use std::time::Duration;
use tests::sandbox::faults::{Action, Fault};

const MARINA: &str = "79011112233";
const OLEG: &str = "79022223344";
/// Part of the body that a CRM cannot store.
const BAD: &str = "😀";
const DISTRIBUTIONS: [Distribution; 3] =
    [Distribution::RoundRobin, Distribution::FirstResponder, Distribution::ByCrm];
const HALF_AN_HOUR: Duration = Duration::from_secs(30 * 60);

/// An answer with a JSON body.
fn says(status: u16, body: Value) -> Action {
    Action::Status { status, retry_after_seconds: None, body: Some(body) }
}

/// The answers of a CRM that does not take a body.
fn failures() -> [Action; 8] {
    [
        Action::status(500),
        Action::status(403),
        Action::status(404),
        Action::status(302),
        Action::status(401),
        Action::status(422),
        says(200, json!({"error": "cannot be stored"})),
        says(200, json!({"success": false})),
    ]
}

/// Some of them, one of each class.
fn classes() -> [Action; 4] {
    let [fails, _, _, _, unauthorized, refuses, _, denies] = failures();
    [fails, unauthorized, refuses, denies]
}

impl World {
    async fn fault(&self, kind: &str, action: Action) -> u64 {
        self.sandbox.client().add_fault(&Fault::crm("demo", kind, action)).await.unwrap()
    }

    async fn fault_at(&self, kind: &str, part: &str, action: Action) -> u64 {
        self.sandbox.client().add_fault(&Fault::crm("demo", kind, action).matching(part)).await.unwrap()
    }

    async fn text_from(&self, phone: &str, id: &str, body: &str) {
        self.post(TOKEN, messages(&[text(phone, id, body)])).await;
        self.settle().await;
    }

    /// The ids of a client's messages as the CRM has them.
    async fn in_crm(&self, phone: &str) -> Vec<String> {
        let crm = self.crm().await;
        let chat = crm.chats.iter().find(|chat| chat.chat_id == phone);
        chat.map(|chat| chat.messages.iter().map(|message| message.message_id.clone()).collect())
            .unwrap_or_default()
    }

    /// Passes time while another client writes every two minutes. Returns how many messages that client wrote.
    async fn pass_with_traffic(&self, phone: &str, from: usize, span: Duration) -> usize {
        let end = self.clock.now() + span;
        let mut number = from;
        while self.clock.now() < end {
            self.text_from(phone, &format!("{phone}-{number}"), "Добрый день").await;
            number += 1;
            self.pass(Duration::from_secs(120)).await;
        }
        number - from
    }

    async fn person(&self, phone: &str) -> Contact {
        let chat = self.chat(phone).await.unwrap();
        self.store.person(&self.account, &chat.contact, Read::Consistent).await.unwrap().unwrap()
    }

    async fn failed_changes(&self) -> Vec<Value> {
        let listed = self.serve().await.done(Method::GET, "/v1/crm/failures", None).await;
        listed["failures"].as_array().unwrap().clone()
    }
}

/// Each distribution with each class of answers.
fn cases() -> impl Iterator<Item = (Distribution, Action)> {
    (0..).map(|n| DISTRIBUTIONS[n % 3]).zip(classes())
}

#[tokio::test]
async fn p8_messages_wait_for_no_role_and_no_queue() {
    for distribution in DISTRIBUTIONS {
        for records in [true, false] {
            let world = World::with_employees(&[]).await;
            world.set_channel(|channel| channel.distribution = distribution).await;
            let subscriptions =
                Subscriptions { contacts_and_deals_creation: records, ..Subscriptions::default() };
            world.subscribe(subscriptions).await;
            world.text_from(MARINA, "m1", "Здравствуйте").await;
            world.pass(Duration::from_secs(8)).await;
            let words = format!("{distribution:?}, records {records}");
            assert_eq!(world.in_crm(MARINA).await, ["m1"], "{words}");
            world.text_from(MARINA, "m2", "Есть кто-нибудь?").await;
            world.pass(Duration::from_secs(2)).await;
            assert_eq!(
                world.in_crm(MARINA).await,
                ["m1", "m2"],
                "{words}: at once, once it is known that the client waits"
            );
            assert_eq!(world.crm().await.contacts.len(), 0, "{words}");
        }
    }
}

#[tokio::test]
async fn p8_a_contact_goes_first_where_an_employee_can_be_had_and_follows_where_not() {
    let world = World::with_employees(&["anna"]).await;
    world.text_from(MARINA, "m1", "Здравствуйте").await;
    let kinds: Vec<String> =
        world.sandbox.client().deliveries("demo", 0).await.unwrap().into_iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["createContact", "createDeal", "messages"]);
    // Without one, the messages come, and the contact when somebody is there.
    let world = World::with_employees(&[]).await;
    world.text_from(MARINA, "m1", "Здравствуйте").await;
    world.pass(Duration::from_secs(3600)).await;
    assert_eq!((world.in_crm(MARINA).await.len(), world.crm().await.contacts.len()), (1, 0));
    world.join("anna", 1).await;
    world.drain_channel().await;
    world.pass(Duration::from_secs(60)).await;
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.message_count()), (1, 1, 1));
    assert_eq!(crm.contacts[0].responsible_user_id, "anna");
}

#[tokio::test]
async fn p8_a_creation_without_an_id_is_done_and_a_loaded_contact_names_it() {
    let bodies = [
        json!({"status": "ok"}),
        json!(""),
        json!("<html>Thank you</html>"),
        json!({"id": 0}),
        json!({"id": null}),
        json!({"id": ""}),
        json!({"id": false}),
        json!([]),
    ];
    for body in bodies {
        let world = World::with_employees(&["anna"]).await;
        let asking = world.serve().await;
        asking.done(Method::POST, "/v3/users", Some(json!([{"id": "anna", "name": "Anna"}]))).await;
        let fault = world.fault("createContact", says(200, body.clone())).await;
        world.text_from(MARINA, "m1", "раз").await;
        world.text_from(MARINA, "m2", "два").await;
        world.pass(Duration::from_secs(120)).await;
        assert_eq!(world.in_crm(MARINA).await, ["m1", "m2"], "{body}");
        let connection = world.crm_connection().await;
        assert_eq!((connection.failures, connection.paused_until), (0, None), "{body}");
        let asked = world.sandbox.client().deliveries("demo", 0).await.unwrap();
        assert_eq!(asked.iter().filter(|one| one.kind == "createContact").count(), 1, "{body}");
        assert!(world.person(MARINA).await.crm.without_id, "{body}");
        world.sandbox.client().remove_fault(fault).await.unwrap();
        let load = json!([{
            "id": "4711", "name": "Марина", "responsibleUserId": "anna",
            "contactData": [{"chatType": "whatsapp", "chatId": MARINA}]
        }]);
        asking.done(Method::POST, "/v3/contacts", Some(load)).await;
        world.text_from(MARINA, "m3", "три").await;
        world.pass(Duration::from_secs(60)).await;
        let crm = world.crm().await;
        assert_eq!(world.person(MARINA).await.crm.contact_id.as_deref(), Some("4711"), "{body}");
        assert_eq!((crm.contacts.len(), world.in_crm(MARINA).await.len()), (0, 3), "{body}");
        let asked = world.sandbox.client().deliveries("demo", 0).await.unwrap();
        let deal = asked.iter().find(|one| one.kind == "createDeal").unwrap();
        assert_eq!(deal.body["createDeal"]["contacts"], json!(["4711"]), "{body}");
    }
}

#[tokio::test]
async fn p8_a_deal_without_an_id_is_done() {
    let world = World::with_employees(&["anna"]).await;
    world.fault("createDeal", says(200, json!({"status": "ok"}))).await;
    world.text_from(MARINA, "m1", "раз").await;
    world.text_from(MARINA, "m2", "два").await;
    world.pass(Duration::from_secs(120)).await;
    let asked = world.sandbox.client().deliveries("demo", 0).await.unwrap();
    assert_eq!(asked.iter().filter(|one| one.kind == "createDeal").count(), 1);
    assert_eq!(world.in_crm(MARINA).await, ["m1", "m2"]);
}

#[tokio::test]
async fn p8_one_change_that_a_crm_cannot_take_blocks_nobody_for_ever() {
    for (distribution, action) in cases() {
        let world = World::with_employees(&["anna"]).await;
        world.set_channel(|channel| channel.distribution = distribution).await;
        let words = format!("{distribution:?} {action:?}");
        world.text_from(MARINA, "m1", "раз").await;
        let fault = world.fault_at("messages", BAD, action).await;
        world.text_from(MARINA, "m2", BAD).await;
        world.text_from(MARINA, "m3", "три").await;
        let since = world.clock.now();
        let written = world.pass_with_traffic(OLEG, 0, HALF_AN_HOUR).await;
        assert_eq!(world.in_crm(OLEG).await.len(), written, "{words}: the others are not held up");
        world.pass_with_traffic(OLEG, written, Duration::from_secs(120)).await;
        assert!(world.clock.now().since(since) < Duration::from_secs(35 * 60));
        assert_eq!(world.in_crm(MARINA).await, ["m1", "m3"], "{words}");
        let bad =
            world.messages(MARINA).await.into_iter().find(|one| one.message_id.as_str() == "m2").unwrap();
        assert!(bad.crm_refused.is_some(), "{words}: it is marked");
        let failed = world.failed_changes().await;
        assert_eq!(failed.len(), 1, "{words}");
        assert_eq!((&failed[0]["change"], &failed[0]["message"]), (&json!("message"), &json!("m2")));
        // A person sends it again: it goes out at the end, once.
        world.sandbox.client().remove_fault(fault).await.unwrap();
        let asking = world.serve().await;
        let retry = format!("/v1/crm/failures/{}/retry", failed[0]["id"].as_str().unwrap());
        asking.done(Method::POST, &retry, None).await;
        assert_eq!(asking.with(Method::POST, &retry, None, &[]).await.0, 404, "once");
        world.pass(Duration::from_secs(60)).await;
        assert_eq!(world.in_crm(MARINA).await, ["m1", "m3", "m2"], "{words}");
        assert!(world.failed_changes().await.is_empty());
        assert!(world.crm().await.anomalies.is_empty(), "{:?}", world.crm().await.anomalies);
    }
}

#[tokio::test]
async fn p8_a_contact_that_a_crm_cannot_create_holds_its_messages_up_for_seconds() {
    for action in classes() {
        let world = World::with_employees(&["anna"]).await;
        let words = format!("{action:?}");
        world.text_from(OLEG, "o1", "раз").await;
        // The name that the World's clients have.
        let fault = world.fault_at("createContact", MARINA, action.clone()).await;
        world.text_from(MARINA, "m1", "раз").await;
        let refused_key = matches!(action, Action::Status { status: 401, .. });
        let soon = if refused_key { 1000 } else { 15 };
        world.pass(Duration::from_secs(soon)).await;
        assert_eq!(world.in_crm(MARINA).await, ["m1"], "{words}");
        world.pass_with_traffic(OLEG, 1, HALF_AN_HOUR + Duration::from_secs(120)).await;
        assert!(world.person(MARINA).await.crm.refused.is_some(), "{words}");
        assert!(world.chat(MARINA).await.unwrap().crm_creation.is_none(), "{words}");
        let failed = world.failed_changes().await;
        assert_eq!((failed.len(), &failed[0]["change"]), (1, &json!("creation")), "{words}");
        world.sandbox.client().remove_fault(fault).await.unwrap();
        let resent = world.serve().await.done(Method::POST, "/v1/crm/failures/retry", None).await;
        assert_eq!(resent, json!({"resent": 1, "more": false}));
        world.pass(Duration::from_secs(60)).await;
        let contact = world.person(MARINA).await.crm;
        assert!(
            contact.contact_id.is_some() && contact.deal_id.is_some() && contact.refused.is_none(),
            "{words}"
        );
    }
}

#[tokio::test]
async fn p8_a_crm_that_is_down_gets_everything_in_order_and_nothing_is_passed() {
    for (distribution, action) in cases() {
        let world = World::with_employees(&["anna"]).await;
        world.set_channel(|channel| channel.distribution = distribution).await;
        // An ordinary client: ends of chats are not sent to it, and prove nothing.
        world.subscribe(Subscriptions::default()).await;
        let words = format!("{distribution:?} {action:?}");
        world.text_from(MARINA, "m0", "до").await;
        world.text_from(OLEG, "o0", "до").await;
        let fault = world.fault("any", action).await;
        for n in 1..4 {
            world.text_from(MARINA, &format!("m{n}"), BAD).await;
            world.text_from(OLEG, &format!("o{n}"), "Добрый день").await;
            world.text_from(&format!("7903{n}000000"), &format!("new{n}"), "Здравствуйте").await;
            world.pass(Duration::from_secs(1000)).await;
        }
        assert!(world.failed_changes().await.is_empty(), "{words}: nothing is passed");
        world.sandbox.client().remove_fault(fault).await.unwrap();
        world.pass(Duration::from_secs(1200)).await;
        assert_eq!(world.in_crm(MARINA).await, ["m0", "m1", "m2", "m3"], "{words}");
        assert_eq!(world.in_crm(OLEG).await, ["o0", "o1", "o2", "o3"], "{words}");
        for n in 1..4 {
            assert_eq!(world.in_crm(&format!("7903{n}000000")).await, [format!("new{n}")], "{words}");
        }
        if distribution == Distribution::RoundRobin {
            let crm = world.crm().await;
            assert_eq!((crm.contacts.len(), crm.deals.len()), (5, 5), "{words}");
        }
        assert!(world.failed_changes().await.is_empty(), "{words}");
        let connection = world.crm_connection().await;
        assert_eq!((connection.failures, connection.paused_until), (0, None), "{words}");
    }
}

#[tokio::test]
async fn p8_a_crm_whose_messages_fail_is_down_though_it_takes_all_else() {
    let world = World::with_employees(&["anna"]).await;
    // The ends of the chats are accepted, as are the contacts.
    let fault = world.fault("messages", Action::status(422)).await;
    for n in 0..12 {
        world.text_from(&format!("790111122{n:02}"), &format!("m{n}"), "Здравствуйте").await;
        world.pass(Duration::from_secs(600)).await;
    }
    assert_eq!(world.crm().await.contacts.len(), 12, "it creates contacts");
    assert!(world.failed_changes().await.is_empty());
    world.sandbox.client().remove_fault(fault).await.unwrap();
    world.pass(Duration::from_secs(900)).await;
    assert_eq!(world.crm().await.message_count(), 12);
}

#[tokio::test]
async fn p8_a_body_that_a_crm_does_not_know_is_passed_too() {
    for status in [404, 500] {
        let world = World::with_employees(&["anna"]).await;
        world.text_from(MARINA, "m1", "раз").await;
        world.post(TOKEN, messages(&[echo(MARINA, "e1", "Добрый день")])).await;
        world.settle().await;
        world.fault("statuses", Action::status(status)).await;
        world.post(TOKEN, crate::world::status("e1", "read")).await;
        world.settle().await;
        world.text_from(MARINA, "m2", "два").await;
        world.pass_with_traffic(OLEG, 0, HALF_AN_HOUR + Duration::from_secs(120)).await;
        assert_eq!(world.in_crm(MARINA).await, ["m1", "e1", "m2"], "{status}");
        let failed = world.failed_changes().await;
        assert_eq!((failed.len(), &failed[0]["change"]), (1, &json!("status")), "{status}");
    }
}

#[tokio::test]
async fn p8_an_uncertain_creation_is_repeated_with_the_same_key_and_the_same_body() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world
        .sandbox
        .client()
        .add_fault(&Fault::crm("demo", "createContact", Action::act_then_status(502)).times(2))
        .await
        .unwrap();
    world.text_from(MARINA, "m1", "раз").await;
    let chat = world.chat(MARINA).await.unwrap();
    assert_eq!(chat.assignment_state, AssignmentState::Assigned);
    let asking = world.serve().await;
    let users = json!([{"id": "anna", "name": "Anna"}, {"id": "boris", "name": "Boris"}]);
    asking.done(Method::POST, "/v3/users", Some(users)).await;
    // The client changes their name and gets another responsible meanwhile.
    let person = world.person(MARINA).await;
    world.write(&Contact { name: Some("Марина Новая".into()), ..person }).await;
    let other = if chat.responsible == Some(EmployeeId::new("anna")) { "boris" } else { "anna" };
    let assign = format!("/v1/chats/{}/assign", chat.chat);
    asking.done(Method::POST, &assign, Some(json!({"employee": other}))).await;
    world.pass(Duration::from_secs(60)).await;
    let asked = world.sandbox.client().deliveries("demo", 0).await.unwrap();
    let creations: Vec<_> = asked.iter().filter(|one| one.kind == "createContact").collect();
    assert_eq!(creations.len(), 3);
    for again in &creations[1..] {
        assert_eq!(
            (&again.idempotency_key, &again.body),
            (&creations[0].idempotency_key, &creations[0].body)
        );
    }
    assert_eq!(world.crm().await.contacts.len(), 1);
}

#[tokio::test]
async fn p8_whatever_a_crm_answers_to_single_bodies_every_other_message_reaches_it_in_order() {
    let all = failures();
    let steps = proptest::collection::vec((0..4_usize, 0..100_u8, 0..all.len(), 1..120_u64), 30);
    let mut runner = TestRunner::deterministic();
    for (case, distribution) in DISTRIBUTIONS.into_iter().enumerate().take(2) {
        let world = World::with_employees(&["anna", "boris"]).await;
        world.set_channel(|channel| channel.distribution = distribution).await;
        for (n, action) in all.iter().enumerate() {
            world.fault_at("messages", &format!("bad-{n}-"), action.clone()).await;
        }
        let phone = |who: usize| format!("790444400{who:02}");
        // Two of the clients cannot be created.
        world.fault_at("createContact", &phone(2), Action::status(500)).await;
        world.fault_at("createContact", &phone(3), says(200, json!({"ok": false}))).await;
        let mut expected = vec![Vec::new(); 4];
        for (number, (who, chance, answer, pause)) in
            steps.new_tree(&mut runner).unwrap().current().into_iter().enumerate()
        {
            let (id, is_bad) = (format!("s{case}-{number}"), chance < 15);
            let body = if is_bad { format!("bad-{answer}-") } else { "Добрый день".into() };
            world.text_from(&phone(who), &id, &body).await;
            if !is_bad {
                expected[who].push(id);
            }
            world.pass(Duration::from_secs(pause)).await;
        }
        // Each change that is passed takes its half hour, behind the one before it in its chat.
        world.pass_with_traffic("79055555555", 0, Duration::from_secs(2 * 3600)).await;
        for (who, expected) in expected.into_iter().enumerate() {
            assert_eq!(world.in_crm(&phone(who)).await, expected, "case {case}, client {who}");
        }
        assert!(world.crm().await.anomalies.is_empty(), "{:?}", world.crm().await.anomalies);
    }
}

#[tokio::test]
async fn p8_two_first_messages_at_once_reach_the_crm_within_seconds() {
    let world = World::with_employees(&[]).await;
    world.post(TOKEN, messages(&[text(MARINA, "m1", "Здравствуйте")])).await;
    world.clock.advance(Duration::from_millis(700));
    world.post(TOKEN, messages(&[text(MARINA, "m2", "Ещё продаёте?")])).await;
    world.pass(Duration::from_secs(8)).await;
    assert_eq!(world.in_crm(MARINA).await, ["m1", "m2"]);
}

#[tokio::test]
async fn p8_a_creation_is_repeated_for_the_responsible_of_before_and_then_asked_for_the_present_one() {
    let world = World::with_employees(&["anna", "boris"]).await;
    let asking = world.serve().await;
    let users = json!([{"id": "anna", "name": "Anna"}, {"id": "boris", "name": "Boris"}]);
    asking.done(Method::POST, "/v3/users", Some(users)).await;
    // The outcome of the first creation is unknown; the repeat for the same employee is refused.
    let client = world.sandbox.client();
    client.add_fault(&Fault::crm("demo", "createContact", Action::status(502)).times(1)).await.unwrap();
    world.text_from(MARINA, "m1", "раз").await;
    let first = world.chat(MARINA).await.unwrap().responsible.unwrap();
    let other = if first.as_str() == "anna" { "boris" } else { "anna" };
    let refusal = says(422, json!({"error": "responsible_not_found"}));
    let of_first = format!("\"responsibleUserId\":\"{}\"", first.as_str());
    client.add_fault(&Fault::crm("demo", "createContact", refusal).matching(&of_first)).await.unwrap();
    let chat = world.chat(MARINA).await.unwrap();
    let assign = format!("/v1/chats/{}/assign", chat.chat);
    asking.done(Method::POST, &assign, Some(json!({"employee": other}))).await;
    world.pass(Duration::from_secs(60)).await;
    let chat = world.chat(MARINA).await.unwrap();
    assert_eq!(chat.responsible, Some(EmployeeId::new(other)), "the present responsible is not refused");
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.message_count()), (1, 1));
    assert_eq!(crm.contacts[0].responsible_user_id, other);
}
