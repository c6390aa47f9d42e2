//! A worker dies at every step between `queued` and `sent`: the client gets one message, or the employee sees that its
//! delivery is unknown. It is never silently sent twice.

use super::asked;
use crate::world::World;
use crate::world::sends::PHONE;
use serde_json::Value;
use shared::model::message::kind::DeliveryStatus;
use shared::model::outbound::{Action, JobState};
use std::sync::Arc;
use std::time::Duration;
use tests::sandbox::faults::Action as Deed;

/// The time after which the queue redelivers a nudge whose worker died.
const VISIBILITY: Duration = Duration::from_secs(35);

/// The worker dies at the `n`-th call to the table: the call is carried out, its answer is lost, and nothing else runs.
/// Returns whether there was such a call.
async fn die_at(world: &World, n: usize) -> bool {
    world.table.take_traffic();
    world.table.cut_off(Some(n));
    world.deliver("outbound.fifo").await;
    world.table.cut_off(None);
    let calls: usize = world.table.take_traffic().calls.values().sum();
    calls >= n
}

/// Asserts that the client got one message, which is shown as sent, and that nothing remains to do.
async fn assert_once(world: &World, case: &str) {
    let received = world.received().await;
    assert_eq!(received.len(), 1, "{case}");
    let row = world.own("own-1").await;
    assert_eq!(row.status, Some(DeliveryStatus::Sent), "{case}");
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!((chat.outbound_at, world.jobs().await.len()), (None, 0), "{case}");
    assert!(world.notices().await.is_empty(), "{case}");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn p2_a_worker_that_dies_at_any_step_of_a_send_makes_no_double() {
    let mut steps = 0;
    for n in 1..40 {
        let world = asked().await;
        world.send("own-1", "Да, приезжайте").await;
        if !die_at(&world, n).await {
            assert_once(&world, "no death").await;
            break;
        }
        steps = n;
        // The nudge is redelivered as often as needed; the echo comes as Wazzup sends it.
        world.pass_everywhere(VISIBILITY).await;
        world.nudge_delivery().await;
        world.pass_everywhere(Duration::from_secs(25)).await;
        for message in world.received().await {
            world.echo_of(&message).await;
        }
        world.pass_everywhere(Duration::from_secs(130)).await;
        assert_once(&world, &format!("died at call {n}")).await;
        assert_eq!(world.messages(PHONE).await.len(), 2, "the echo is no other message: {n}");
    }
    assert!(steps >= 6, "chat, jobs, message, reservation, begun, told: {steps}");
}

#[tokio::test]
async fn p2_a_send_whose_worker_died_and_nobody_came_in_time_is_shown_to_a_person() {
    let world = asked().await;
    world.send("own-1", "Да, приезжайте").await;
    // The worker dies after the provider accepted the message, and the nudge is lost: only the due index finds the job,
    // too late for a retry.
    let begun = begun_call(&world).await;
    world.table.cut_off(Some(begun + 1));
    world.wazzup_fails("send", Deed::act_then_drop(), 1).await;
    world.deliver("outbound.fifo").await;
    world.table.cut_off(None);
    world.queues.lose("outbound.fifo");
    assert_eq!(world.received().await.len(), 1);
    world.pass_everywhere(Duration::from_secs(400)).await;
    assert_eq!(world.received().await.len(), 1, "never sent again");
    assert_eq!(world.own("own-1").await.status, Some(DeliveryStatus::Unknown));
    assert_eq!(world.notices().await.len(), 1);
    assert!(world.notices().await[0].starts_with("[SWITCHBOARD ERROR] Неизвестно"));
    assert_eq!(world.crm_texts().await.len(), 3, "the CRM shows the notice");
    world.assert_crm_content().await;
    // In the end the echo comes, and proves that the message was sent.
    let received = world.received().await;
    world.echo_of(&received[0]).await;
    world.pass_everywhere(Duration::from_secs(60)).await;
    let row = world.own("own-1").await;
    assert_eq!((row.status, row.error), (Some(DeliveryStatus::Sent), None));
    world.status_of(&received[0].message_id, "delivered").await;
    world.settle().await;
    assert_eq!(world.own("own-1").await.status, Some(DeliveryStatus::Delivered));
    assert_eq!(world.messages(PHONE).await.len(), 3, "client, answer, notice");
    assert_eq!(world.crm_status("own-1").await, "delivered");
}

/// How many calls to the table a send makes up to the one that records its beginning; counted in a similar world.
async fn begun_call(_: &World) -> usize {
    for n in 1..40 {
        let world = asked().await;
        world.send("own-1", "Да, приезжайте").await;
        assert!(die_at(&world, n).await);
        if matches!(world.jobs().await[0].state, JobState::Sending(_)) {
            return n;
        }
    }
    panic!("it is never begun");
}

#[tokio::test]
async fn p2_two_workers_at_one_send_call_once() {
    let world = asked().await;
    world.send("own-1", "Да, приезжайте").await;
    for _ in 0..5 {
        world.nudge_delivery().await;
    }
    world.deliver_at_once("outbound.fifo").await;
    world.pass_everywhere(Duration::from_secs(60)).await;
    assert_eq!(world.calls("POST").await.len(), 1);
    assert_once(&world, "five at once").await;
}

/// A condition on the write lets only one worker begin a call. Without it, this test finds a double send.
#[tokio::test]
async fn p2_without_the_condition_on_a_begun_call_there_is_a_double_call() {
    let world = asked().await;
    world.table.mutate(Arc::new(|operation: &str, request: &mut Value| {
        let of_job = request["Key"]["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("O#"));
        if operation == "UpdateItem" && of_job {
            request["ConditionExpression"] = "attribute_exists(pk)".into();
            let used = |request: &Value, name: &str| {
                request["UpdateExpression"]
                    .as_str()
                    .unwrap_or_default()
                    .split([' ', ','])
                    .any(|word| word == name)
            };
            for map in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
                let names: Vec<String> =
                    request[map].as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
                for name in names {
                    let keep = used(request, &name);
                    if !keep {
                        request[map].as_object_mut().unwrap().remove(&name);
                    }
                }
            }
            let names = request["ExpressionAttributeNames"].as_object_mut().unwrap();
            names.insert("#pk".into(), "pk".into());
            request["ConditionExpression"] = "attribute_exists(#pk)".into();
        }
    }));
    world.send("own-1", "Да, приезжайте").await;
    for _ in 0..5 {
        world.nudge_delivery().await;
    }
    world.deliver_at_once("outbound.fifo").await;
    assert!(world.calls("POST").await.len() > 1, "the mutation is seen");
}

#[tokio::test]
async fn p2_edits_and_deletions_survive_a_death_at_any_step() {
    for action in [Action::EditText("Нет, продали".into()), Action::Delete] {
        for n in 1..40 {
            let world = asked().await;
            world.send("own-1", "Да, приезжайте").await;
            world.settle().await;
            world.change_sent("own-1", action.clone()).await;
            let died = die_at(&world, n).await;
            world.pass_everywhere(VISIBILITY).await;
            world.nudge_delivery().await;
            world.pass_everywhere(Duration::from_secs(30)).await;
            let (row, received) = (world.own("own-1").await, world.received().await.remove(0));
            assert!(world.jobs().await.is_empty(), "{action:?} {n}");
            assert!(world.notices().await.is_empty(), "{action:?} {n}: {:?}", world.notices().await);
            match &action {
                Action::Delete => assert!(row.deleted_seq.is_some() && received.deleted, "{n}"),
                _ => {
                    assert_eq!(row.text.as_deref(), Some("Нет, продали"), "{n}");
                    assert_eq!(received.text.as_deref(), Some("Нет, продали"), "{n}");
                }
            }
            world.assert_crm_content().await;
            if !died {
                break;
            }
        }
    }
}
