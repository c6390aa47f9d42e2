//! What the CRM shows its users: clients who wait, and notices of rules; and that the CRM may refuse a responsible.

use crate::rules::rule;
use crate::world::{CHANNEL, TOKEN, World, messages, text};
use reqwest::Method;
use serde_json::json;
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::state::AssignmentState;
use shared::model::crm::CrmConnection;
use shared::model::employee::{Membership, Role, Status};
use shared::store::row::Write;
use shared::store::settings::member_writes;
use std::time::Duration;
use tests::sandbox::faults::{Action as Deed, Fault};
use tests::sandbox::state::{CrmSetup, CrmState};
use tests::sandbox::words::NoticeTo;

const PHONE: &str = "79011112233";
const MINUTE: Duration = Duration::from_secs(60);

impl World {
    /// Adds or replaces a member, with their turn in the ring, as the API does.
    pub async fn seat(&self, member: &Membership) {
        let before = self.store.member(&self.account, &self.channel, &member.employee).await.unwrap();
        self.store.commit(member_writes(before.as_ref(), Some(member), &[]).unwrap()).await.unwrap();
    }

    async fn writes_to_us(&self, phone: &str, id: &str) {
        self.post(TOKEN, messages(&[text(phone, id, "Здравствуйте")])).await;
        self.settle().await;
    }

    /// Makes the CRM refuse to create records for these users.
    async fn crm_refuses(&self, users: &[&str]) {
        let refused_users = users.iter().map(|user| (*user).to_owned()).collect();
        let setup = CrmSetup { refused_users, ..CrmSetup::default() };
        self.sandbox.client().put_crm("demo", &setup).await.unwrap();
    }

    async fn assert_crm_is_content(&self) {
        let crm = self.crm().await;
        assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
    }
}

/// A channel with a manager who is away, and a head who receives no new clients.
async fn nobody_there() -> (World, Membership) {
    let world = World::with_employees(&[]).await;
    let anna = Membership { status: Status::Away, ..world.member("anna", 1) };
    world.seat(&anna).await;
    let head = world.member("olga", 2);
    world.seat(&Membership { role: Role::Head, receives_new_clients: false, ..head }).await;
    (world, anna)
}

#[tokio::test]
async fn b4_heads_are_told_through_the_crm_who_waits_until_they_are_served() {
    let (world, anna) = nobody_there().await;
    let arrived = world.clock.now();
    world.writes_to_us(PHONE, "m1").await;
    world.pass(MINUTE * 6).await;
    let told = world.crm().await.waiting;
    assert!((2..=4).contains(&told.len()), "at first, and again while the client waits: {told:?}");
    for one in &told {
        assert_eq!((one.channel_id.as_str(), one.count), (CHANNEL, 1));
        assert_eq!(
            (one.oldest_at.as_deref(), &one.heads),
            (Some(&*arrived.rfc3339()), &vec!["olga".to_owned()])
        );
    }
    world.seat(&Membership { status: Status::Available, ..anna }).await;
    world.pass(MINUTE * 6).await;
    assert_eq!(world.chat(PHONE).await.unwrap().responsible, Some(EmployeeId::new("anna")));
    let told = world.crm().await.waiting;
    assert_eq!(told.last().map(|one| (one.count, one.oldest_at.is_none())), Some((0, true)), "{told:?}");
    let count = told.len();
    world.pass(MINUTE * 20).await;
    assert_eq!(world.crm().await.waiting.len(), count, "no client waits, no head is notified");
    world.assert_crm_is_content().await;
}

#[tokio::test]
async fn b4_a_crm_that_is_left_alone_learns_afterwards_that_nobody_waits_any_more() {
    let (world, anna) = nobody_there().await;
    world.writes_to_us(PHONE, "m1").await;
    world.pass(MINUTE).await;
    let told = world.crm().await.waiting;
    assert_eq!(told.last().map(|one| one.count), Some(1));
    let crm = world.crm_connection().await;
    let paused = CrmConnection { paused_until: Some(world.clock.now() + MINUTE * 8), ..crm.clone() };
    world.store.commit(vec![Write::change(&crm, &paused, &[]).unwrap().unwrap()]).await.unwrap();
    world.seat(&Membership { status: Status::Available, ..anna }).await;
    world.pass(MINUTE * 6).await;
    assert_eq!(world.store.waiting(&world.account, &world.channel, 10).await.unwrap(), []);
    assert_eq!(world.crm().await.waiting.len(), told.len(), "the CRM is left alone");
    world.pass(MINUTE * 4).await;
    let told = world.crm().await.waiting;
    assert_eq!(told.last().map(|one| (one.count, one.oldest_at.is_none())), Some((0, true)), "{told:?}");
    world.assert_crm_is_content().await;
}

#[tokio::test]
async fn b4_a_crm_that_does_not_take_it_holds_nothing_up() {
    for status in [400, 500] {
        let (world, anna) = nobody_there().await;
        let deed = Deed::Status { status, body: None, retry_after_seconds: None };
        let fault = Fault::crm("demo", "waitingClients", deed);
        world.sandbox.client().add_fault(&fault).await.unwrap();
        world.writes_to_us(PHONE, "m1").await;
        world.pass(MINUTE * 3).await;
        assert!(world.queues.holds("crm.fifo").is_empty(), "{status}: given up after a few attempts");
        world.seat(&Membership { status: Status::Available, ..anna }).await;
        world.pass(MINUTE * 6).await;
        let crm = world.crm().await;
        assert_eq!((crm.contacts.len(), crm.message_count()), (1, 1), "{status}");
    }
}

type Said = (String, NoticeTo, Option<String>);

fn said_in(crm: &CrmState) -> Vec<Said> {
    let said = crm.notifications.iter().map(|one| (one.text.clone(), one.to, one.user_id.clone()));
    said.collect()
}

/// The notices of the rules for each message, while `responsible` is set so.
fn said(responsible: Option<String>) -> [Said; 3] {
    [
        ("A client writes".to_owned(), NoticeTo::Responsible, responsible),
        ("Somebody writes".to_owned(), NoticeTo::Heads, None),
        ("Anna, look".to_owned(), NoticeTo::User, Some("anna".to_owned())),
    ]
}

#[tokio::test]
async fn f6_what_a_rule_says_reaches_the_crm_and_whom_it_is_for() {
    let world = World::with_employees(&["anna"]).await;
    let says = |to, text: &str| json!([{"notify": {"to": to, "text": text}}]);
    world
        .set_rules(vec![
            rule(json!("message_in"), json!([]), says(json!("responsible"), "A client writes")),
            rule(json!("message_in"), json!([]), says(json!("heads"), "Somebody writes")),
            rule(json!("message_in"), json!([]), says(json!({"employee": "anna"}), "Anna, look")),
        ])
        .await;
    world.writes_to_us(PHONE, "m1").await;
    world.pass(MINUTE).await;
    let crm = world.crm().await;
    assert_eq!(said_in(&crm), said(None), "the chat had no responsible when the rule ran");
    world.writes_to_us(PHONE, "m2").await;
    world.pass(MINUTE).await;
    let crm = world.crm().await;
    assert_eq!(said_in(&crm)[3..], said(Some("anna".to_owned())));
    world.assert_crm_is_content().await;
}

#[tokio::test]
async fn b4_whom_the_crm_refuses_gives_his_clients_back_at_their_place() {
    let world = World::with_employees(&[]).await;
    for (place, name) in ["anna", "boris"].into_iter().enumerate() {
        world.seat(&world.member(name, i64::try_from(place).unwrap())).await;
    }
    world.crm_refuses(&["anna"]).await;
    let arrived = world.clock.now();
    world.post(TOKEN, messages(&[text(PHONE, "m1", "Здравствуйте")])).await;
    world.pass(MINUTE * 3).await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(
        (chat.assignment_state, chat.responsible),
        (AssignmentState::Assigned, Some(EmployeeId::new("boris")))
    );
    assert_eq!(chat.arrived_at, Some(arrived), "the original arrival");
    let crm = world.crm().await;
    let contacts: Vec<_> = crm.contacts.iter().map(|contact| contact.responsible_user_id.as_str()).collect();
    assert_eq!((contacts, crm.deals.len(), crm.message_count()), (vec!["boris"], 1, 1));
    let history = world.store.assignment_records(&world.account, &chat.chat, 10, None).await.unwrap().items;
    let why: Vec<AssignmentReason> = history.iter().rev().map(|record| record.why).collect();
    assert_eq!(why, [AssignmentReason::Turn, AssignmentReason::RefusedByCrm, AssignmentReason::Turn]);
    let anna = world.store.member(&world.account, &world.channel, &EmployeeId::new("anna")).await.unwrap();
    assert!(anna.unwrap().inactive);
    // Later clients do not come to anna.
    world.writes_to_us("79012223344", "m2").await;
    let other = world.chat("79012223344").await.unwrap();
    assert_eq!(other.responsible, Some(EmployeeId::new("boris")));
    let asked = crm.deliveries;
    world.pass(MINUTE * 5).await;
    let creations = world.sandbox.client().crm("demo").await.unwrap().deliveries;
    assert!(creations - asked <= 4, "no further records are requested: {asked} {creations}");
    world.assert_crm_is_content().await;
}

#[tokio::test]
async fn p4_by_hand_wins_over_a_drain_in_flight() {
    let world = World::with_employees(&[]).await;
    for (place, name) in ["anna", "boris", "vera"].into_iter().enumerate() {
        // Vera never has a turn, so a client of hers was assigned by an employee.
        let receives_new_clients = name != "vera";
        let member = world.member(name, i64::try_from(place).unwrap());
        world.seat(&Membership { receives_new_clients, ..member }).await;
        let employee = EmployeeId::new(name);
        let row = shared::model::employee::Employee::new(&world.account, &employee, name, world.clock.now());
        world.write(&row).await;
    }
    let api = world.serve().await;
    for round in 0..12 {
        let phone = format!("790111133{round:02}");
        world.post(TOKEN, messages(&[text(&phone, &format!("m{round}"), "Здравствуйте")])).await;
        assert!(world.deliver("inbound.fifo").await);
        let path = format!("/v1/chats/{}/assign", world.chat_id(&phone));
        let by_hand = async {
            // Each round calls a little later, so that one call falls between the drain's read and its write.
            for _ in 0..round {
                world.chat(&phone).await;
            }
            api.done(Method::POST, &path, Some(json!({"employee": "vera"}))).await
        };
        let (told, _) = tokio::join!(by_hand, world.deliver("assignment.fifo"));
        assert_eq!(told["responsible"], "vera");
        world.settle().await;
        let chat = world.chat(&phone).await.unwrap();
        assert_eq!(chat.responsible, Some(EmployeeId::new("vera")), "{round}");
        assert!(world.store.waiting(&world.account, &world.channel, 10).await.unwrap().is_empty());
        let history =
            world.store.assignment_records(&world.account, &chat.chat, 10, None).await.unwrap().items;
        assert_eq!(history[0].why, AssignmentReason::ByHand);
        assert!(history.len() <= 2, "{history:?}");
    }
}
