//! A call that may have been carried out stays in doubt until there is proof, whatever later answers say; and no queued
//! job is lost.

use super::asked;
use crate::world::sends::{KEY, PHONE};
use crate::world::{CHANNEL, World};
use serde_json::{Value, json};
use shared::base::ids::{ConnectionId, MessageId};
use shared::model::connection::{Connection, ConnectionState};
use shared::model::event::{MessageEvent, Origin};
use shared::model::message::Message;
use shared::model::message::content::Quote;
use shared::model::message::kind::DeliveryStatus::{Failed, Queued, Sent, Unknown};
use shared::model::outbound::{Action, JobState};
use shared::store::keys;
use shared::store::row::{Row, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tests::sandbox::faults::Action as Deed;

fn refusal(status: u16, body: Value) -> Deed {
    Deed::Status { status, retry_after_seconds: None, body: Some(body) }
}

/// Passes time in small steps, so that the clocks of both sides agree; after a minute, in steps as long as the
/// schedule's.
async fn pass(world: &World, seconds: u64) {
    for _ in 0..seconds.min(60).div_ceil(5) {
        world.pass_everywhere(Duration::from_secs(5)).await;
    }
    for _ in 0..seconds.saturating_sub(60).div_ceil(60) {
        world.pass_everywhere(Duration::from_secs(60)).await;
    }
}

#[tokio::test]
async fn p4_a_message_that_was_taken_is_not_sent_again_after_a_later_refusal_for_now() {
    for deed in [Deed::retry_after(429, 70), Deed::retry_after(429, 3600), Deed::status(401)] {
        let world = asked().await;
        world.wazzup_fails("send", Deed::act_then_drop(), 1).await;
        world.wazzup_fails("send", deed.clone(), 1).await;
        world.send("own-1", "Да, приезжайте").await;
        pass(&world, 300).await;
        assert_eq!((world.received().await.len(), world.calls("POST").await.len()), (1, 2), "{deed:?}");
        let row = world.own("own-1").await;
        assert_eq!((row.status, world.notices().await.len()), (Some(Unknown), 1), "{deed:?}");
        assert!(world.jobs().await.is_empty(), "{deed:?}");
        world.assert_crm_content().await;
        world.echo_of(&world.received().await[0]).await;
        world.settle().await;
        assert_eq!(world.own("own-1").await.status, Some(Sent), "proved: {deed:?}");
    }
}

#[tokio::test]
async fn p4_a_refusal_for_good_of_a_repetition_leaves_the_doubt_and_the_echo_proves_it() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::act_then_drop(), 1).await;
    world.wazzup_fails("send", refusal(400, json!({"error": "BALANCE_IS_EMPTY"})), 1).await;
    world.send("own-1", "Да, приезжайте").await;
    pass(&world, 20).await;
    assert!(matches!(world.jobs().await[0].state, JobState::Unknown(_)));
    assert_eq!((world.own("own-1").await.status, world.notices().await.len()), (Some(Queued), 0));
    assert_eq!(world.chat(PHONE).await.unwrap().pending_sends.len(), 1, "the echo is known for ours");
    world.echo_of(&world.received().await[0]).await;
    pass(&world, 240).await;
    assert_eq!((world.own("own-1").await.status, world.notices().await.len()), (Some(Sent), 0));
    assert_eq!(world.messages(PHONE).await.len(), 2, "client, answer");
    assert!(world.jobs().await.is_empty());
    world.assert_crm_content().await;
}

#[tokio::test]
async fn p4_a_repetition_for_which_its_key_got_too_old_on_the_way_is_not_made() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::act_then_drop(), 1).await;
    world.wazzup_fails("send", Deed::retry_after(429, 40), 1).await;
    world.send("own-1", "Да, приезжайте").await;
    pass(&world, 30).await;
    assert_eq!(world.calls("POST").await.len(), 2);
    // Only the write that records the call lies between checking the key's age and making the call; here it takes long.
    let (clock, provider) = (Arc::clone(&world.clock), Arc::new(AtomicUsize::new(0)));
    let noted = Arc::clone(&provider);
    world.table.mutate(Arc::new(move |operation: &str, request: &mut Value| {
        let of_job = request["Key"]["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("O#"));
        if operation == "UpdateItem" && of_job && noted.fetch_add(1, Ordering::SeqCst) == 0 {
            clock.advance(Duration::from_secs(15));
        }
    }));
    pass(&world, 15).await;
    assert!(provider.load(Ordering::SeqCst) >= 2, "begun, and left to its proof");
    assert_eq!(world.calls("POST").await.len(), 2);
    assert!(matches!(world.jobs().await[0].state, JobState::Unknown(_)));
    assert_eq!(world.received().await.len(), 1);
}

#[tokio::test]
async fn p4_before_its_first_call_nothing_proves_a_send() {
    let world = asked().await;
    world.set_channel(|channel| channel.paused = true).await;
    world.clock.advance(Duration::from_secs(45));
    world.send("own-1", "Добрый день").await;
    world.settle().await;
    // An employee wrote the same text on the phone, and its echo was taken for this send.
    let row = world.own("own-1").await;
    world.write(&Message { provider_id: Some(MessageId::new("w-phone")), status: Some(Sent), ..row }).await;
    world.set_channel(|channel| channel.paused = false).await;
    world.pass_everywhere(Duration::from_secs(330)).await;
    assert_eq!(world.received_texts().await, ["Добрый день"]);
    assert!(world.jobs().await.is_empty());
}

/// The next `times` queries for jobs find none.
fn tear(world: &World, times: usize) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    world.table.mutate(Arc::new(move |operation: &str, request: &mut Value| {
        let Some(values) = request["ExpressionAttributeValues"].as_object_mut() else { return };
        for value in values.values_mut().filter(|value| operation == "Query" && value["S"] == "O#") {
            if seen.fetch_add(1, Ordering::SeqCst) < times {
                value["S"] = "OX#".into();
            }
        }
    }));
    count
}

#[tokio::test]
async fn p2_a_query_that_does_not_show_a_queued_job_loses_nothing() {
    for times in [1, 2, 5] {
        let world = asked().await;
        let queries = tear(&world, times);
        world.send("own-1", "Да, приезжайте").await;
        world.settle().await;
        pass(&world, 180).await;
        assert!(queries.load(Ordering::SeqCst) > times);
        let chat = world.chat(PHONE).await.unwrap();
        assert_eq!((world.received().await.len(), chat.outbound_at), (1, None), "{times}");
        assert_eq!(world.own("own-1").await.status, Some(Sent), "{times}");
    }
}

#[tokio::test]
async fn p2_a_last_job_that_is_done_is_not_waited_for() {
    let world = asked().await;
    world.send("own-1", "Да, приезжайте").await;
    world.settle().await;
    // The state that a worker leaves after it finds a message erased: the job is gone, and the chat is still due.
    let before = world.chat(PHONE).await.unwrap();
    assert!(before.outbound_last.is_some());
    let mut after = before.clone();
    after.outbound_at = Some(shared::base::clock::Ambient::now(&*world.clock));
    world.write(&after).await;
    world.nudge_delivery().await;
    world.settle().await;
    assert_eq!(world.chat(PHONE).await.unwrap().outbound_at, None);
    assert_eq!(world.received().await.len(), 1);
}

#[tokio::test]
async fn e2_a_deletion_that_was_carried_out_already_is_done() {
    let world = asked().await;
    world.send("own-1", "Да, приезжайте").await;
    world.settle().await;
    world.wazzup_fails("delete", Deed::act_then_drop(), 1).await;
    world.change_sent("own-1", Action::Delete).await;
    pass(&world, 30).await;
    assert!(world.own("own-1").await.deleted_seq.is_some() && world.jobs().await.is_empty());
    assert_eq!((world.calls("DELETE").await.len(), world.notices().await.len()), (2, 0));
    // Once more: there is nothing left to delete.
    world.change_sent("own-1", Action::Delete).await;
    pass(&world, 10).await;
    assert_eq!((world.calls("DELETE").await.len(), world.notices().await.len()), (2, 0));
    assert!(world.jobs().await.is_empty() && world.chat(PHONE).await.unwrap().outbound_at.is_none());
    world.assert_crm_content().await;
}

#[tokio::test]
async fn e2_a_deletion_of_what_was_never_there_is_refused() {
    let world = asked().await;
    world.send("own-1", "Да, приезжайте").await;
    world.settle().await;
    world.wazzup_fails("delete", refusal(400, json!({"error": "MESSAGES_NOT_FOUND"})), 1).await;
    world.change_sent("own-1", Action::Delete).await;
    pass(&world, 10).await;
    assert_eq!((world.own("own-1").await.deleted_seq, world.notices().await.len()), (None, 1));
}

/// Removes the connection. A warm worker caches it for half a minute more.
async fn disconnect(world: &World) -> Connection {
    let old = world.connection().await;
    let gone = keys::connection(&world.account, &old.connection);
    world.store.commit(vec![Write::forget(gone)]).await.unwrap();
    old
}

#[tokio::test]
async fn a4_what_is_queued_waits_for_its_channel_to_be_connected_again() {
    let world = asked().await;
    let old = disconnect(&world).await;
    world.send("own-1", "Да, приезжайте").await;
    world.pass_everywhere(Duration::from_secs(30)).await;
    assert_eq!((world.own("own-1").await.status, world.notices().await.len()), (Some(Queued), 0));
    world.write(&old).await;
    world.pass_everywhere(Duration::from_secs(400)).await;
    assert_eq!((world.own("own-1").await.status, world.received().await.len()), (Some(Sent), 1));
}

#[tokio::test]
async fn a4_a_channel_that_another_connection_took_over_is_read_anew() {
    let world = asked().await;
    world.send("own-1", "раз").await;
    world.settle().await;
    // The worker has the channel in its cache, and the connection no longer, because checking a chat without jobs needs
    // none.
    world.clock.advance(Duration::from_secs(35));
    world.nudge_delivery().await;
    world.settle().await;
    let old = disconnect(&world).await;
    let second = ConnectionId::new("second");
    world.write(&Connection { connection: second.clone(), ..old }).await;
    world.set_channel(|channel| channel.connection = second.clone()).await;
    world.send("own-2", "два").await;
    world.settle().await;
    assert_eq!(world.received_texts().await, ["раз", "два"]);
    assert_eq!(world.own("own-2").await.status, Some(Sent));
    // A later status is found under the connection that the message was sent through.
    world.status_of(&world.received().await[1].message_id, "delivered").await;
}

#[tokio::test]
async fn a4_a_refusal_without_a_word_of_the_providers_is_tried_again() {
    for status in [403, 404] {
        let world = asked().await;
        world.wazzup_fails("send", refusal(status, json!("<html>nginx</html>")), 1).await;
        world.send("own-1", "Да, приезжайте").await;
        pass(&world, 20).await;
        let row = world.own("own-1").await;
        assert_eq!((row.status, world.notices().await.len()), (Some(Sent), 0), "{status}");
        assert_eq!(world.received().await.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn d6_only_what_the_provider_knows_is_quoted_and_changed() {
    let world = asked().await;
    world.wazzup_fails("send", refusal(400, json!({"error": "MESSAGES_IS_SPAM"})), 1).await;
    world.send("own-1", "раз").await;
    world.settle().await;
    assert_eq!(world.own("own-1").await.status, Some(Failed));
    let rows = world.messages(PHONE).await;
    let notice = rows.iter().find(|row| row.origin == Some(Origin::Notice)).unwrap();
    let at = shared::base::clock::Ambient::now(&*world.clock).rfc3339();
    let echo = tests::wazzup::echo(CHANNEL, PHONE, "w-phone", &at, "Из телефона");
    let told = tests::wazzup::messages(&[echo]);
    world.wazzup().remember(KEY, &told, 0).await.unwrap();
    assert_eq!(world.post(crate::world::TOKEN, told.to_string()).await, 200);
    world.settle().await;
    let quotes = ["own-1", notice.message_id.as_str(), "w-phone"];
    for (own, id) in ["own-2", "own-3", "own-4"].into_iter().zip(quotes) {
        let quote = Some(Quote { message: Some(MessageId::new(id)), ..Quote::default() });
        world.send_event(&MessageEvent { quote, ..world.written(own, own) }, None).await;
        world.settle().await;
    }
    let refs: Vec<Value> =
        world.calls("POST").await.iter().map(|call| call["refMessageId"].clone()).collect();
    assert_eq!(refs, [Value::Null, Value::Null, Value::Null, json!("w-phone")]);
}

#[tokio::test]
async fn p2_what_the_provider_has_done_is_noted_before_anything_else() {
    let world = asked().await;
    let connection = Connection { state: ConnectionState::Unauthorized, ..world.connection().await };
    world.write(&connection).await;
    let key = connection.key().sk;
    world.table.mutate(Arc::new(move |operation: &str, request: &mut Value| {
        if operation == "UpdateItem" && request["Key"]["sk"]["S"] == key.as_str() {
            request["UpdateExpression"] = "nonsense".into();
        }
    }));
    world.send("own-1", "Да, приезжайте").await;
    world.deliver("outbound.fifo").await;
    assert_eq!((world.own("own-1").await.status, world.jobs().await.len()), (Some(Sent), 0));
    assert!(world.own("own-1").await.provider_id.is_some());
    assert_eq!(world.connection().await.state, ConnectionState::Unauthorized, "noted another time");
}
