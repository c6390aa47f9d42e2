//! A message of ours comes back as an echo: before the provider's answer, after it, never, or twice; and statuses in
//! any order.

use super::asked;
use crate::world::sends::PHONE;
use crate::world::{CHANNEL, TOKEN};
use serde_json::json;
use shared::model::message::kind::DeliveryStatus::{Delivered, Read, Sent};
use std::time::Duration;
use tests::sandbox::faults::Action as Deed;
use tests::wazzup;

#[tokio::test]
async fn c6_an_echo_after_the_answer_never_or_twice_makes_no_other_message() {
    for times in [0, 1, 2] {
        let world = asked().await;
        world.send("own-1", "Да, приезжайте").await;
        world.settle().await;
        for _ in 0..times {
            let received = world.received().await;
            world.echo_of(&received[0]).await;
            world.settle().await;
        }
        assert_eq!(world.messages(PHONE).await.len(), 2, "{times}");
        assert_eq!(world.crm_texts().await, ["Ещё продаёте?", "Да, приезжайте"], "{times}");
        world.assert_crm_content().await;
    }
}

#[tokio::test]
async fn c6_an_echo_before_the_answer_is_the_same_message() {
    let world = asked().await;
    // Wazzup accepts it, and its answer is lost; the echo comes before the retry.
    world.wazzup_fails("send", Deed::act_then_drop(), 1).await;
    world.send("own-1", "Да, приезжайте").await;
    world.deliver("outbound.fifo").await;
    let received = world.received().await;
    world.echo_of(&received[0]).await;
    world.settle().await;
    assert_eq!(world.own("own-1").await.status, Some(Sent));
    world.pass_everywhere(Duration::from_secs(60)).await;
    assert_eq!((world.calls("POST").await.len(), world.messages(PHONE).await.len()), (1, 2), "it is proved");
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn c6_an_echo_while_the_call_is_made_is_the_same_message() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::delay(Duration::from_millis(400)), 1).await;
    world.send("own-1", "Да, приезжайте").await;
    let echo = async {
        let received = world
            .wazzup()
            .received_until(crate::world::sends::KEY, PHONE, Duration::from_secs(5), |all| !all.is_empty())
            .await
            .unwrap();
        world.echo_of(&received[0]).await;
        while world.deliver("inbound.fifo").await {}
    };
    tokio::join!(world.deliver("outbound.fifo"), echo);
    world.settle().await;
    let row = world.own("own-1").await;
    assert_eq!((row.status, world.messages(PHONE).await.len()), (Some(Sent), 2));
    assert_eq!(row.provider_id.unwrap().as_str(), world.received().await[0].message_id);
    let chat = world.chat(PHONE).await.unwrap();
    assert!(chat.pending_sends.is_empty() && world.jobs().await.is_empty() && chat.outbound_at.is_none());
    world.assert_crm_content().await;
}

/// An echo with another text than ours cannot be recognised before the answer names its id.
#[tokio::test]
async fn c6_an_echo_in_other_words_before_the_answer_is_taken_back() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::delay(Duration::from_millis(400)), 1).await;
    world.send("own-1", "@template: приглашение").await;
    let echo = async {
        let received = world
            .wazzup()
            .received_until(crate::world::sends::KEY, PHONE, Duration::from_secs(5), |all| !all.is_empty())
            .await
            .unwrap();
        let at = "2026-11-21T09:00:01.000Z";
        let told = wazzup::echo(CHANNEL, PHONE, &received[0].message_id, at, "Приглашаем вас в салон");
        world.post(TOKEN, wazzup::messages(&[told]).to_string()).await;
        while world.deliver("inbound.fifo").await {}
        world.status_of(&received[0].message_id, "read").await;
        while world.deliver("statuses").await {}
    };
    tokio::join!(world.deliver("outbound.fifo"), echo);
    world.settle().await;
    let rows = world.messages(PHONE).await;
    let shown: Vec<_> =
        rows.iter().filter(|row| row.deleted_seq.is_none()).map(|row| row.message_id.as_str()).collect();
    assert_eq!(shown, ["m1", "own-1"]);
    let row = world.own("own-1").await;
    assert_eq!(row.status, Some(Read), "what was reported of it is ours");
    assert!(world.crm().await.refused.is_empty());
}

#[tokio::test]
async fn e1_statuses_go_back_to_the_crm_also_when_they_come_before_the_answer() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::act_then_drop(), 1).await;
    world.send("own-1", "Да, приезжайте").await;
    world.deliver("outbound.fifo").await;
    let id = world.received().await[0].message_id.clone();
    world.status_of(&id, "delivered").await;
    world.settle().await;
    world.pass_everywhere(Duration::from_secs(30)).await;
    assert_eq!(world.own("own-1").await.status, Some(Sent), "not yet known whose status it is");
    let received = world.received().await;
    world.echo_of(&received[0]).await;
    world.pass_everywhere(Duration::from_secs(120)).await;
    assert_eq!(world.own("own-1").await.status, Some(Delivered));
    assert_eq!(world.crm_status("own-1").await, "delivered");
    world.status_of(&id, "read").await;
    world.status_of(&id, "delivered").await;
    world.settle().await;
    assert_eq!(
        (world.own("own-1").await.status, world.crm_status("own-1").await),
        (Some(Read), "read".into())
    );
    world.assert_crm_content().await;
}

#[tokio::test]
async fn c6_an_echo_of_ours_with_an_error_fails_it() {
    let world = asked().await;
    world.send("own-1", "Да, приезжайте").await;
    world.settle().await;
    let received = world.received().await;
    let at = "2026-11-21T09:00:05.000Z";
    let echo = wazzup::echo(CHANNEL, PHONE, &received[0].message_id, at, "Да, приезжайте");
    let error = json!({"error": "SPAM", "description": "x"});
    let echo = wazzup::with(echo, json!({"status": "error", "error": error}));
    world.post(TOKEN, wazzup::messages(&[echo]).to_string()).await;
    world.settle().await;
    assert_eq!(world.own("own-1").await.status, Some(shared::model::message::kind::DeliveryStatus::Failed));
    assert_eq!(
        world.messages(PHONE).await.iter().filter(|row| row.origin.is_some_and(|o| o.is_echo())).count(),
        0
    );
}
