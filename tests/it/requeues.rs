//! An employee who leaves: their clients are requeued, each at the place of arrival, whatever is lost or comes twice.

mod gathering;
mod many;
mod returning;

use crate::world::asking::Asking;
use crate::world::{TOKEN, World, messages, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::assignment::requeue::{Requeue, RequeueScope};
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::state::{AssignmentState, ChatState, FinishReason};
use shared::model::employee::Membership;
use shared::store::chat_transaction::rows_beside;
use shared::store::row::Write;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The phone of the client of this number.
fn phone(number: usize) -> String {
    format!("790111122{number:02}")
}

impl World {
    /// These clients write, a second apart, and everything is handled after each.
    async fn clients_come(&self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.clock.advance(Duration::from_secs(1));
            let words =
                text(&phone(number), &format!("m{number}-{}", self.clock.now().millis()), "Здравствуйте");
            self.post(TOKEN, messages(&[words])).await;
            self.settle().await;
        }
    }

    /// The employees to whom these clients are assigned; a dash for none.
    async fn whose_are(&self, numbers: std::ops::Range<usize>) -> Vec<String> {
        let mut found = Vec::new();
        for number in numbers {
            let chat = self.chat(&phone(number)).await.unwrap();
            let given = chat.responsible.filter(|_| chat.assignment_state == AssignmentState::Assigned);
            found.push(given.map_or_else(|| "-".to_owned(), |employee| employee.to_string()));
        }
        found
    }

    /// Loads these as the CRM's users.
    async fn load_users(&self, api: &Asking, names: &[&str]) {
        let users: Vec<Value> = names.iter().map(|name| json!({"id": name, "name": name})).collect();
        api.done(Method::POST, "/v3/users", Some(users.into())).await;
    }

    fn path_of(&self, name: &str) -> String {
        format!("/v1/channels/{}/employees/{name}", self.channel)
    }

    /// Sets an employee's membership.
    async fn set_place(&self, api: &Asking, name: &str, place: Value) {
        api.done(Method::PUT, &self.path_of(name), Some(place)).await;
    }

    async fn membership_of(&self, name: &str) -> Option<Membership> {
        self.store.member(&self.account, &self.channel, &EmployeeId::new(name)).await.unwrap()
    }

    async fn requeue_of(&self, name: &str, everywhere: bool) -> Option<Requeue> {
        let channel = (!everywhere).then(|| self.channel.clone());
        let whose = RequeueScope::Employee { employee: EmployeeId::new(name), channel };
        self.store.requeue(&self.account, &whose).await.unwrap()
    }

    /// A client's assignment history, the latest entry first.
    async fn records_of_client(&self, number: usize) -> Vec<AssignmentRecord> {
        let chat = self.chat_id(&phone(number));
        self.store.assignment_records(&self.account, &chat, 100, None).await.unwrap().items
    }

    /// The numbers of the waiting clients, in order of arrival.
    async fn who_waits(&self, numbers: std::ops::Range<usize>) -> Vec<usize> {
        let waiting = self.store.waiting(&self.account, &self.channel, 1000).await.unwrap();
        let of = |client: &shared::model::assignment::WaitingClient| {
            numbers.clone().find(|number| self.chat_id(&phone(*number)) == client.chat).unwrap()
        };
        waiting.iter().map(of).collect()
    }

    /// Finishes a client's chat, either answered or unanswered.
    async fn finish_of(&self, number: usize, is_answered: bool) {
        let before = self.chat(&phone(number)).await.unwrap();
        let mut after = before.clone();
        if is_answered {
            after.unanswered_at = None;
        }
        after.finish(FinishReason::ByHand, self.clock.now());
        let mut writes: Vec<Write> = Write::change(&before, &after, &[]).unwrap().into_iter().collect();
        writes.extend(rows_beside(Some(&before), Some(&after)).unwrap());
        self.store.commit(writes).await.unwrap();
    }
}

const MANAGER: fn(bool) -> Value = |receives| json!({"role": "manager", "receives_new_clients": receives});

/// Anna has clients 0 and 2, Boris has 1 and 3 and receives no new ones any more.
async fn at_work() -> (World, Asking) {
    let world = World::with_employees(&["anna", "boris"]).await;
    let api = world.serve().await;
    world.load_users(&api, &["anna", "boris"]).await;
    world.clients_come(0..4).await;
    assert_eq!(world.whose_are(0..4).await, ["anna", "boris", "anna", "boris"]);
    world.set_place(&api, "boris", MANAGER(false)).await;
    (world, api)
}

#[tokio::test]
async fn a5_who_is_gone_from_the_crm_gets_nobody_and_his_clients_pass_on_ahead_of_later_ones() {
    let (world, api) = at_work().await;
    world.set_place(&api, "anna", MANAGER(false)).await;
    world.clients_come(4..5).await;
    assert_eq!(world.who_waits(0..5).await, [4], "no member is eligible");
    api.done(Method::DELETE, "/v3/users/anna", None).await;
    world.settle().await;
    assert_eq!(world.who_waits(0..5).await, [0, 2, 4], "in order of arrival");
    assert_eq!(world.whose_are(0..5).await, ["-", "boris", "-", "boris", "-"]);
    let record = world.records_of_client(0).await[0].clone();
    let came = world.chat(&phone(0)).await.unwrap().opened_at;
    assert_eq!((record.why, record.responsible, record.arrived_at), (AssignmentReason::Removed, None, came));
    world.load_users(&api, &["vera"]).await;
    world.set_place(&api, "vera", MANAGER(true)).await;
    world.settle().await;
    assert_eq!(world.whose_are(0..5).await, ["vera", "boris", "vera", "boris", "vera"]);
    world.pass(2 * MINUTE).await;
    assert_eq!(world.requeue_of("anna", true).await, None, "the requeue is over");
    world.clients_come(0..1).await;
    let crm = world.crm().await;
    assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
}

#[tokio::test]
async fn b4_a_finished_and_answered_chat_stays_until_its_client_writes_again() {
    let (world, api) = at_work().await;
    world.finish_of(0, true).await;
    world.finish_of(2, false).await;
    world.set_place(&api, "boris", MANAGER(true)).await;
    api.done(Method::DELETE, "/v1/employees/anna", None).await;
    world.settle().await;
    assert_eq!(world.whose_are(0..3).await, ["anna", "boris", "boris"], "an unanswered client passes on");
    assert_eq!(world.chat(&phone(2)).await.unwrap().state, ChatState::General, "and stays finished");
    world.clients_come(0..1).await;
    assert_eq!(world.whose_are(0..3).await, ["boris", "boris", "boris"]);
}

#[tokio::test]
async fn p10_between_his_removal_and_the_next_one_nobody_without_a_place_sees_a_client() {
    let (world, api) = at_work().await;
    let token = api.done(Method::POST, "/v1/employees/anna/tokens", Some(json!({}))).await;
    let token = token["token"].as_str().unwrap().to_owned();
    let path = format!("/v1/chats/{}", world.chat_id(&phone(0)));
    let (status, _) = api.by(&token, Method::GET, &path, None, &[]).await;
    assert_eq!(status, 200, "hers");
    api.done(Method::DELETE, &world.path_of("anna"), None).await;
    let still = world.chat(&phone(0)).await.unwrap();
    assert_eq!(still.responsible, Some(EmployeeId::new("anna")), "the requeue has not run yet");
    let (status, _) = api.by(&token, Method::GET, &path, None, &[]).await;
    assert_eq!(status, 404);
    let (_, list) = api.by(&token, Method::GET, "/v1/chats", None, &[]).await;
    assert!(list["chats"].as_array().is_none_or(Vec::is_empty), "{list}");
    let send = json!({"text": "Здравствуйте"});
    let key = [("idempotency-key", "k-1")];
    let (status, _) = api.by(&token, Method::POST, &format!("{path}/messages"), Some(send), &key).await;
    assert!((400..500).contains(&status), "{status}");
}

#[tokio::test]
async fn b1_a_role_that_does_not_write_and_no_binding_are_requeues_and_a_switch_is_none() {
    for (place, goes) in [
        (json!({"role": "quality_control", "receives_new_clients": true}), true),
        (json!({"role": "manager", "receives_new_clients": true, "sends": false}), true),
        (json!({"role": "manager", "receives_new_clients": false}), false),
        (json!({"role": "head", "receives_new_clients": false}), false),
    ] {
        let (world, api) = at_work().await;
        world.set_place(&api, "boris", MANAGER(true)).await;
        world.set_place(&api, "anna", place.clone()).await;
        world.settle().await;
        let expected = if goes { "boris" } else { "anna" };
        assert_eq!(world.whose_are(0..4).await, [expected, "boris", expected, "boris"], "{place}");
        assert_eq!(world.requeue_of("anna", false).await.is_some(), goes, "{place}");
    }
}

#[tokio::test]
async fn a_lost_nudge_a_doubled_one_and_a_late_one_change_nothing() {
    let (world, api) = at_work().await;
    world.set_place(&api, "boris", MANAGER(true)).await;
    world.settle().await;
    api.done(Method::DELETE, &world.path_of("anna"), None).await;
    world.queues.lose("assignment.fifo");
    world.settle().await;
    assert_eq!(world.whose_are(0..1).await, ["anna"], "the requeue has not run");
    world.clock.advance(Duration::from_secs(1));
    world.sweep().await;
    world.sweep().await;
    assert_eq!(world.queues.holds("assignment.fifo").len(), 2, "two nudges for one requeue");
    let copies = world.queues.holds("assignment.fifo");
    world.settle().await;
    assert_eq!(world.whose_are(0..4).await, ["boris"; 4]);
    let history = world.records_of_client(0).await.len();
    world.pass(3 * MINUTE).await;
    assert_eq!(world.requeue_of("anna", false).await, None);
    world.queues.give_back("assignment.fifo", copies);
    world.settle().await;
    assert_eq!(
        (world.whose_are(0..4).await, world.records_of_client(0).await.len()),
        (vec!["boris".to_owned(); 4], history)
    );
}
