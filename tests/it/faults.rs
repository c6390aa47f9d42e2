//! Faults of the table, the queues, a record and the CRM, and what remains of them.

use crate::world::wire::{Fault, How};
use crate::world::{TOKEN, World, messages, text};
use serde_json::json;
use shared::base::clock::Ambient;
use shared::model::chat::state::AssignmentState;
use shared::model::message::kind::Kind;
use std::time::Duration;
use tests::sandbox::faults::{Action, Fault as SandboxFault};

fn throttle(operation: &'static str, holding: &str, times: usize) -> Fault {
    Fault { operation, holding: holding.into(), times, how: How::Throttled }
}

#[tokio::test]
async fn an_unknown_token_is_404_and_nothing_is_kept() {
    let world = World::with_employees(&["anna"]).await;
    world.table.take_traffic();
    assert_eq!(
        world.post("ffffffffffffffffffffffffffffffff", messages(&[text("79011112233", "m1", "x")])).await,
        404
    );
    assert_eq!(world.table.take_traffic().write_units, 0.0);
    assert!(world.queues.holds("inbound.fifo").is_empty() && world.bucket.objects.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_json_is_answered_200_and_kept_whole() {
    let world = World::with_employees(&["anna"]).await;
    let body = "это не JSON {";
    assert_eq!(world.post(TOKEN, body).await, 200);
    let objects: Vec<Vec<u8>> = world.bucket.objects.lock().unwrap().values().cloned().collect();
    assert_eq!(objects, [body.as_bytes()]);
}

#[tokio::test]
async fn throttled_queues_are_answered_503_and_the_retry_brings_all() {
    let world = World::with_employees(&["anna"]).await;
    world.sqs.fail(throttle("SendMessageBatch", "", 1));
    let body = messages(&[text("79011112233", "m1", "Привет")]);
    assert_eq!(world.post(TOKEN, body.clone()).await, 503);
    assert_eq!(world.post(TOKEN, body).await, 200);
    world.settle().await;
    assert_eq!(world.messages("79011112233").await.len(), 1);
}

#[tokio::test]
async fn p2_one_bad_entry_of_a_batch_stands_as_unsupported_and_the_rest_is_stored() {
    let world = World::with_employees(&["anna"]).await;
    let mut bad = text("79011112233", "bad", "x");
    bad["text"] = json!({"not": "a text"});
    let body = messages(&[text("79011112233", "m1", "раз"), bad, text("79011112244", "m2", "два")]);
    assert_eq!(world.post(TOKEN, body).await, 200);
    world.settle().await;
    let stored = world.messages("79011112233").await;
    let kinds: Vec<Kind> = stored.iter().map(|message| message.kind).collect();
    assert_eq!(kinds.len(), 2);
    assert!(kinds.contains(&Kind::Text) && kinds.contains(&Kind::Unsupported));
    assert!(stored.iter().any(|message| message.quarantined.is_some()));
    assert_eq!(world.bucket.objects.lock().unwrap().len(), 1);
    assert_eq!(world.messages("79011112244").await.len(), 1);
}

#[tokio::test]
async fn p2_a_message_the_table_cannot_hold_stands_as_unsupported() {
    let world = World::with_employees(&["anna"]).await;
    let body = messages(&[
        text("79011112233", "m1", "раз"),
        text("79011112233", "big", &"я".repeat(250_000)),
        text("79011112233", "m3", "три"),
    ]);
    assert_eq!(world.post(TOKEN, body).await, 200);
    world.settle().await;
    let stored = world.messages("79011112233").await;
    assert_eq!(stored.len(), 3);
    assert_eq!(stored.iter().filter(|message| message.kind == Kind::Unsupported).count(), 1);
    assert_eq!(world.bucket.objects.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn p2_what_fails_for_a_while_holds_up_its_own_chat_only() {
    let world = World::with_employees(&["anna"]).await;
    let stuck = world.chat_id("79011112233").to_string();
    world.table.fail(throttle("TransactWriteItems", &stuck, 3));
    let body = messages(&[
        text("79011112233", "m1", "раз"),
        text("79011112244", "m2", "два"),
        text("79011112233", "m3", "три"),
    ]);
    world.post(TOKEN, body).await;
    world.settle().await;
    assert!(world.chat("79011112233").await.is_none());
    assert_eq!(world.messages("79011112244").await.len(), 1);
    world.pass(Duration::from_secs(60)).await;
    let ids: Vec<String> = world
        .messages("79011112233")
        .await
        .iter()
        .map(|message| message.message_id.as_str().to_owned())
        .collect();
    assert_eq!(ids, ["m1", "m3"]);
}

#[tokio::test]
async fn p12_a_commit_whose_answer_is_lost_is_not_done_twice() {
    let world = World::with_employees(&["anna"]).await;
    let fault = Fault {
        how: How::AnswerLost,
        ..throttle("TransactWriteItems", &world.chat_id("79011112233").to_string(), 1)
    };
    world.table.fail(fault);
    world.post(TOKEN, messages(&[text("79011112233", "m1", "раз")])).await;
    world.pass(Duration::from_secs(60)).await;
    assert_eq!(world.messages("79011112233").await.len(), 1);
    assert_eq!(world.chat("79011112233").await.unwrap().assignment_state, AssignmentState::Assigned);
    assert_eq!(world.crm().await.contacts.len(), 1);
}

#[tokio::test]
async fn a_routing_that_dies_between_commit_and_nudge_is_made_good() {
    let world = World::with_employees(&["anna"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "раз")])).await;
    // The nudge cannot be sent. As after a dead process, the event is redelivered, and is then a duplicate.
    world.sqs.fail(throttle("SendMessageBatch", "assignment.fifo", 2));
    world.pass(Duration::from_secs(30)).await;
    assert_eq!(world.crm().await.contacts.len(), 1);
}

#[tokio::test]
async fn a_nudge_that_is_lost_for_good_is_found_by_the_due_index() {
    let world = World::with_employees(&["anna"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "раз")])).await;
    assert!(world.deliver("inbound.fifo").await);
    world.queues.lose("assignment.fifo");
    world.pass(Duration::from_secs(700)).await;
    assert_eq!(world.crm().await.contacts.len(), 1);
}

#[tokio::test]
async fn p8_a_crm_that_answers_500_429_404_or_nothing_gets_everything_once_and_in_order() {
    let world = World::with_employees(&["anna"]).await;
    let client = world.sandbox.client();
    for action in [Action::status(500), Action::retry_after(429, 7), Action::status(404), Action::status(502)]
    {
        client.add_fault(&SandboxFault::crm("demo", "any", action).times(2)).await.unwrap();
    }
    for n in 0..5 {
        world
            .post(TOKEN, messages(&[text("79011112233", &format!("m{n}"), &format!("сообщение {n}"))]))
            .await;
    }
    world.pass(Duration::from_secs(1800)).await;
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len()), (1, 1));
    let ids: Vec<&str> = crm.chats[0].messages.iter().map(|message| message.message_id.as_str()).collect();
    assert_eq!(ids, ["m0", "m1", "m2", "m3", "m4"]);
    assert!(crm.anomalies.is_empty(), "{:?}", crm.anomalies);
    let connection = world.crm_connection().await;
    assert_eq!(
        (connection.failures, connection.paused_until),
        (0, None),
        "the CRM's recorded errors are cleared"
    );
}

#[tokio::test]
async fn p8_a_creation_whose_answer_is_lost_makes_no_second_contact() {
    let world = World::with_employees(&["anna"]).await;
    let fault = SandboxFault::crm("demo", "createContact", Action::act_then_drop()).times(1);
    world.sandbox.client().add_fault(&fault).await.unwrap();
    world.post(TOKEN, messages(&[text("79011112233", "m1", "раз")])).await;
    world.pass(Duration::from_secs(300)).await;
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.chats[0].messages.len()), (1, 1, 1));
    let chat = world.chat("79011112233").await.unwrap();
    let contact = world
        .store
        .contact(&world.account, &chat.contact, shared::store::Read::Consistent)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(contact.crm.uncertain, 1, "the case is shown");
}

#[tokio::test]
async fn p8_a_crm_down_for_an_hour_catches_up_by_itself_and_its_queue_stays_empty() {
    let world = World::with_employees(&["anna", "boris"]).await;
    let fault = world
        .sandbox
        .client()
        .add_fault(&SandboxFault::crm("demo", "any", Action::status(503)))
        .await
        .unwrap();
    for n in 0..12 {
        world.post(TOKEN, messages(&[text(&format!("790111122{n:02}"), &format!("m{n}"), "Привет")])).await;
    }
    world.pass(Duration::from_secs(3600)).await;
    assert!(world.crm_connection().await.paused_until.is_some(), "the breaker is open");
    assert!(world.queues.holds("crm.fifo").is_empty(), "stuck work is in no queue");
    world.sandbox.client().remove_fault(fault).await.unwrap();
    let back_at = world.clock.now();
    world.pass(Duration::from_secs(700)).await;
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.chats.len()), (12, 12, 12));
    assert!(crm.chats.iter().all(|chat| chat.messages.len() == 1));
    assert!(crm.anomalies.is_empty(), "{:?}", crm.anomalies);
    assert!(world.clock.now().since(back_at) <= Duration::from_secs(700));
}

#[tokio::test]
async fn p8_what_the_crm_refuses_for_good_is_marked_and_passed() {
    let world = World::with_employees(&["anna"]).await;
    let fault = SandboxFault::crm("demo", "messages", Action::status(422)).matching("\"m1\"");
    world.sandbox.client().add_fault(&fault).await.unwrap();
    let body = messages(&[
        text("79011112233", "m0", "раз"),
        text("79011112233", "m1", "два"),
        text("79011112233", "m2", "три"),
    ]);
    world.post(TOKEN, body).await;
    world.pass(Duration::from_secs(60)).await;
    let crm = world.crm().await;
    let ids: Vec<&str> = crm.chats[0].messages.iter().map(|message| message.message_id.as_str()).collect();
    assert_eq!(ids, ["m0", "m2"]);
    let refused: Vec<_> = world
        .messages("79011112233")
        .await
        .into_iter()
        .filter(|message| message.crm_refused.is_some())
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].message_id.as_str(), "m1");
}

#[tokio::test]
async fn p5_an_employee_deleted_while_his_turn_comes_gets_nobody() {
    let world = World::with_employees(&["anna", "boris"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "раз")])).await;
    assert!(world.deliver("inbound.fifo").await);
    // The drain reads that Anna is available; she is deleted before it commits.
    let gone = shared::store::keys::membership(
        &world.account,
        &world.channel,
        &shared::base::ids::EmployeeId::new("anna"),
    );
    world.table.fail(throttle("TransactWriteItems", "anna", 1));
    world.deliver("assignment.fifo").await;
    world.store.commit(vec![shared::store::row::Write::forget(gone)]).await.unwrap();
    world.pass(Duration::from_secs(30)).await;
    assert_eq!(world.chat("79011112233").await.unwrap().responsible.unwrap().as_str(), "boris");
}

fn blind(operation: &'static str, holding: &str) -> Fault {
    Fault { how: How::Blind, ..throttle(operation, holding, 1) }
}

#[tokio::test]
async fn p5_a_waiting_client_whose_chat_is_not_seen_yet_is_not_forgotten() {
    let world = World::with_employees(&["anna"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "раз")])).await;
    assert!(world.deliver("inbound.fifo").await);
    // The drain sees a transaction's waiting row, but not yet its chat.
    world.table.fail(blind("BatchGetItem", &world.chat_id("79011112233").to_string()));
    world.settle().await;
    assert_eq!(world.chat("79011112233").await.unwrap().assignment_state, AssignmentState::Assigned);
    assert_eq!(world.crm().await.contacts.len(), 1);
}

#[tokio::test]
async fn p8_a_contact_or_a_crm_that_a_read_does_not_see_yet_is_looked_for_again() {
    let world = World::with_employees(&["anna"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "раз")])).await;
    assert!(world.deliver("inbound.fifo").await);
    assert!(world.deliver("assignment.fifo").await);
    world.table.fail(blind("GetItem", "#CONTACT#"));
    world.table.fail(blind("GetItem", "\"CRM\""));
    assert!(world.deliver("crm.fifo").await);
    let crm = world.crm().await;
    assert_eq!(
        (crm.contacts.len(), crm.deals.len(), crm.message_count()),
        (1, 1, 1),
        "at once, not at the next sweep"
    );
}

#[tokio::test]
async fn p8_a_message_that_a_query_does_not_show_yet_is_not_passed() {
    let world = World::with_employees(&["anna"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "раз")])).await;
    world.settle().await;
    world.post(TOKEN, messages(&[text("79011112233", "m2", "два")])).await;
    assert!(world.deliver("inbound.fifo").await);
    world.table.fail(blind("Query", "by_seq"));
    assert!(world.deliver("crm.fifo").await);
    assert_eq!(world.crm().await.message_count(), 2);
}

#[tokio::test]
async fn p8_a_crm_set_while_messages_come_misses_none_of_them() {
    let world = World::with_employees(&["anna"]).await;
    let account = world.store.account(&world.account).await.unwrap().unwrap();
    world
        .write(&shared::model::account::Account {
            crm_kind: shared::model::crm::CrmKind::None,
            ..account.clone()
        })
        .await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "до CRM")])).await;
    world.settle().await;
    world.write(&account).await;
    // The workers are warm, and cache that there was no CRM.
    world.post(TOKEN, messages(&[text("79011112233", "m2", "после")])).await;
    world.settle().await;
    let crm = world.crm().await;
    let ids: Vec<&str> = crm.chats[0].messages.iter().map(|message| message.message_id.as_str()).collect();
    assert_eq!((ids, crm.contacts.len()), (vec!["m2"], 1));
}

#[tokio::test]
async fn p8_another_crm_gets_a_contact_of_its_own() {
    let world = World::with_employees(&["anna"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "раз")])).await;
    world.settle().await;
    let setup = serde_json::from_value(json!({"honourIdempotencyKey": true})).unwrap();
    world.sandbox.client().put_crm("next", &setup).await.unwrap();
    let mut connection = world.crm_connection().await;
    let webhook_url = world.sandbox.client().crm_webhook_url("next");
    connection.settings.insert("webhook_url".into(), webhook_url);
    world.write(&connection).await;
    world.post(TOKEN, messages(&[text("79011112233", "m2", "два")])).await;
    world.settle().await;
    let next = world.sandbox.client().crm("next").await.unwrap();
    assert_eq!((next.contacts.len(), next.deals.len(), next.message_count()), (1, 1, 1));
    assert_eq!((world.crm().await.contacts.len(), world.crm().await.message_count()), (1, 1));
}
