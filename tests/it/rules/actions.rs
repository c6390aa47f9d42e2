//! The actions of rules.

use super::{automatic, reply, rule, tag};
use crate::world::sends::PHONE;
use crate::world::{CHANNEL, TOKEN, World};
use serde_json::json;
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::assignment_record::AssignmentRecord;
use shared::model::chat::state::{AssignmentState, ChatState, ChatStatus, FinishReason};
use shared::model::chat::{ChatEvent, ForRules, NoticeTo};
use shared::model::crm::progress::SequencedRow;
use shared::store::keys;
use std::time::Duration;
use tests::wazzup;

impl World {
    async fn numbered(&self) -> Vec<SequencedRow> {
        self.store.numbered_after(&self.account, &self.chat_id(PHONE), 0).await.unwrap()
    }

    /// The reasons of the chat's assignments with each responsible, in order.
    pub async fn history(&self) -> Vec<(AssignmentReason, Option<String>)> {
        let rows = self.numbered().await.into_iter().filter_map(|row| match row {
            SequencedRow::Assignment(record) => Some(*record),
            _ => None,
        });
        let mut records: Vec<AssignmentRecord> = rows.collect();
        records.sort_by_key(|record| record.seq);
        records.into_iter().map(|record| (record.why, record.responsible.map(|of| of.to_string()))).collect()
    }

    pub async fn chat_events(&self) -> Vec<ChatEvent> {
        let rows = self.numbered().await.into_iter().filter_map(|row| match row {
            SequencedRow::Event(event) => Some(event),
            _ => None,
        });
        let mut events: Vec<ChatEvent> = rows.collect();
        events.sort_by_key(|event| event.seq);
        events
    }
}

#[tokio::test]
async fn f6_a_client_goes_to_whom_a_rule_names() {
    let world = World::with_employees(&["anna", "boris", "vera"]).await;
    let asks = json!([{"text": {"contains": "кредит"}}]);
    world.set_rules(vec![rule(json!("message_in"), asks, json!([{"assign": "vera"}]))]).await;
    world.client_writes("m1", "Привет").await;
    assert_eq!(world.responsible().await, Some(EmployeeId::new("anna")), "in turn");
    world.client_writes("m2", "А в кредит?").await;
    assert_eq!(world.responsible().await, Some(EmployeeId::new("vera")));
    let history = world.history().await;
    let named = |why, name: &str| (why, Some(name.to_owned()));
    assert_eq!(
        history,
        [
            named(AssignmentReason::Turn, "anna"),
            named(AssignmentReason::BackByRule, "anna"),
            named(AssignmentReason::Rule, "vera")
        ]
    );
    let numbers = world.there().await.seq;
    world.client_writes("m3", "Кредит!").await;
    assert_eq!(world.there().await.seq, numbers + 1, "vera is responsible already");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn f6_a_new_client_is_given_to_whom_a_rule_names_at_once() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world.set_rules(vec![rule(json!("chat_opened"), json!([]), json!([{"assign": "boris"}]))]).await;
    world.client_writes("m1", "Привет").await;
    assert_eq!(world.responsible().await, Some(EmployeeId::new("boris")));
    assert_eq!(world.crm().await.contacts[0].responsible_user_id, "boris", "no responsible before");
}

#[tokio::test]
async fn f6_a_client_is_given_out_anew() {
    let world = World::with_employees(&["anna", "boris"]).await;
    let asks = json!([{"text": {"contains": "другой"}}]);
    world.set_rules(vec![rule(json!("message_in"), asks, json!([{"assign": null}]))]).await;
    world.client_writes("m1", "Привет").await;
    assert_eq!(world.responsible().await, Some(EmployeeId::new("anna")));
    world.client_writes("m2", "Дайте другого: другой нужен").await;
    assert_eq!(world.responsible().await, Some(EmployeeId::new("boris")), "the next in turn");
}

#[tokio::test]
async fn f6_whom_a_person_gave_him_to_keeps_him() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world
        .set_rules(vec![rule(json!("message_in"), json!([]), json!([{"assign": "boris"}, tag("seen")]))])
        .await;
    world.set_rules(vec![]).await;
    world.client_writes("m1", "Привет").await;
    world
        .change_chat(|chat| {
            chat.assign(&EmployeeId::new("anna"), AssignmentReason::ByHand, chat.last_activity_at);
        })
        .await;
    world
        .set_rules(vec![rule(json!("message_in"), json!([]), json!([{"assign": "boris"}, tag("seen")]))])
        .await;
    world.client_writes("m2", "Ещё").await;
    let chat = world.there().await;
    assert_eq!(
        (chat.responsible, chat.assignment_state),
        (Some(EmployeeId::new("anna")), AssignmentState::Assigned)
    );
    assert_eq!(world.tags().await, ["seen"], "the rest of the rule is done");
}

#[tokio::test]
async fn f6_what_cannot_be_done_is_left_out_and_the_rest_is_done() {
    let world = World::with_employees(&["anna"]).await;
    let actions =
        json!([reply("x".repeat(4096).as_str()), tag("first"), reply("Ответим"), {"set_status": "waiting"}]);
    world.set_channel(|channel| channel.paused = true).await;
    world
        .set_rules(vec![
            rule(json!("message_in"), json!([]), actions),
            rule(json!("message_in"), json!([]), json!([tag("second")])),
        ])
        .await;
    world.client_writes("m1", "Привет").await;
    assert_eq!(world.tags().await, ["first", "second"]);
    assert_eq!(world.there().await.status, Some(ChatStatus::Waiting));
    assert!(automatic(&world.messages(PHONE).await).is_empty(), "a paused channel sends nothing");
}

#[tokio::test]
async fn f3_f6_finish_and_set_a_status() {
    let world = World::with_employees(&["anna"]).await;
    let bye = json!([{"text": {"equals": "спасибо"}}]);
    world.set_rules(vec![rule(json!("message_in"), bye, json!([{"finish": {"status": "closed"}}]))]).await;
    world.client_writes("m1", "Привет").await;
    assert_eq!(world.there().await.state, ChatState::Live);
    world.client_writes("m2", "Спасибо").await;
    let chat = world.there().await;
    assert_eq!((chat.state, chat.status), (ChatState::General, Some(ChatStatus::Closed)));
    assert_eq!(chat.finish_reason, Some(FinishReason::Rule));
    let crm = world.crm().await;
    assert_eq!(
        (crm.finished.len(), crm.finished[0].status),
        (1, Some(tests::sandbox::words::ChatStatus::Closed))
    );
    world.pass(Duration::from_secs(1000)).await;
    assert_eq!(world.crm().await.finished.len(), 1, "once");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn f6_employees_are_told() {
    let world = World::with_employees(&["anna"]).await;
    let notify = json!([{"notify": {"to": "heads", "text": "Жалоба"}}, {"notify": {"to": {"employee": "anna"}, "text": "Смотри"}}]);
    world.set_rules(vec![rule(json!("message_in"), json!([{"text": {"contains": "жалоба"}}]), notify)]).await;
    world.client_writes("m1", "Это жалоба").await;
    let told: Vec<_> = world.chat_events().await.into_iter().filter_map(|event| event.notice).collect();
    let told: Vec<_> = told.iter().map(|notice| (notice.to.clone(), notice.text.as_str())).collect();
    assert_eq!(told, [(NoticeTo::Heads, "Жалоба"), (NoticeTo::Employee(EmployeeId::new("anna")), "Смотри")]);
    assert_eq!(world.messages(PHONE).await.len(), 1, "no message of the chat's");
    let (account, anna) = (&world.account, EmployeeId::new("anna"));
    for list in [keys::notices_of_heads(account, &world.channel), keys::notices_of_employee(account, &anna)] {
        let (rows, _) = world.store.notices(&[list], None, 10).await.unwrap();
        assert_eq!(rows.len(), 1, "each employee finds it in their list");
    }
    world.assert_crm_content().await;
}

#[tokio::test]
async fn f6_rules_run_in_their_order_in_one_transaction_with_what_called_them() {
    let world = World::with_employees(&["anna"]).await;
    let once =
        |name: &str| rule(json!("message_in"), json!([]), json!([reply(name), {"set_status": "open"}]));
    world.set_rules(vec![once("первый"), once("второй"), once("третий")]).await;
    // A failing write loses neither the message nor the answers: both are stored together, or retried together.
    world.client_writes("m1", "Привет").await;
    assert_eq!(automatic(&world.messages(PHONE).await), ["первый", "второй", "третий"]);
    assert_eq!(world.received_texts().await, ["первый", "второй", "третий"]);
}

#[tokio::test]
async fn f6_more_than_one_transaction_holds_is_left_out_and_no_message_is_lost() {
    let world = World::with_employees(&["anna"]).await;
    let many =
        (0..30).map(|n| rule(json!("message_in"), json!([]), json!([heads(&n.to_string()), tag("all")])));
    world.set_rules(many.collect()).await;
    world.client_writes("m1", "Привет").await;
    assert_eq!((world.chat_events().await.len(), world.messages(PHONE).await.len()), (20, 1));
    assert_eq!(world.tags().await, ["all"]);
}

fn heads(text: &str) -> serde_json::Value {
    json!({"notify": {"to": "heads", "text": text}})
}

#[tokio::test]
async fn f6_what_several_messages_call_is_done_though_they_come_at_once() {
    let world = World::with_employees(&["anna"]).await;
    let many = (0..8).map(|n| rule(json!("message_in"), json!([]), json!([heads(&n.to_string())])));
    world.set_rules(many.collect()).await;
    let at = world.clock.now().rfc3339();
    let entries = ["m1", "m2", "m3", "m4", "m5"].map(|id| wazzup::text(CHANNEL, PHONE, id, &at, "Привет"));
    assert_eq!(world.post(TOKEN, wazzup::messages(&entries).to_string()).await, 200);
    world.settle().await;
    assert_eq!((world.chat_events().await.len(), world.messages(PHONE).await.len()), (40, 5));
}

#[tokio::test]
async fn f6_what_waits_for_rules_and_does_not_fit_is_told_at_the_next_look() {
    let world = World::with_employees(&["anna"]).await;
    world.client_writes("m1", "Привет").await;
    let many = (0..15).map(|n| rule(json!("chat_opened"), json!([]), json!([heads(&n.to_string())])));
    world.set_rules(many.collect()).await;
    world.change_chat(|chat| chat.for_rules = vec![ForRules::Opened; 4]).await;
    world.pass_everywhere(Duration::from_secs(240)).await;
    assert_eq!((world.chat_events().await.len(), world.there().await.for_rules.len()), (60, 0));
    world.pass_everywhere(Duration::from_secs(700)).await;
    assert_eq!(world.there().await.state, ChatState::General);
}
