//! Every answer that a provider may give to a call, or its absence.

use super::asked;
use crate::world::World;
use crate::world::sends::{KEY, PHONE};
use serde_json::json;
use shared::model::connection::ConnectionState;
use shared::model::message::kind::DeliveryStatus::{self, Failed, Queued, Sent};
use std::time::Duration;
use tests::sandbox::faults::Action as Deed;
use tests::sandbox::wazzup::state::{Behaviour, EchoMode, Refusal};

async fn sends(world: &World) {
    world.send("own-1", "Да, приезжайте").await;
    world.settle().await;
}

async fn status(world: &World) -> Option<DeliveryStatus> {
    world.own("own-1").await.status
}

/// The provider accepts the message, but its answer is lost: a retry under the same idempotency key is recognised, and
/// the client gets one message.
#[tokio::test]
async fn p2_a_message_that_was_taken_without_our_knowing_is_told_by_its_key() {
    for deed in [Deed::act_then_status(500), Deed::act_then_drop(), Deed::act_then_status(408)] {
        let world = asked().await;
        world.wazzup_fails("send", deed.clone(), 1).await;
        sends(&world).await;
        assert_eq!(status(&world).await, Some(Queued), "{deed:?}");
        world.pass_everywhere(Duration::from_secs(30)).await;
        assert_eq!((status(&world).await, world.received().await.len()), (Some(Sent), 1), "{deed:?}");
        assert_eq!(world.calls("POST").await.len(), 2, "{deed:?}");
        let chat = world.chat(PHONE).await.unwrap();
        assert_eq!(
            (chat.outbound_at, chat.pending_sends.len()),
            (None, 1),
            "the echo is to supply its id: {deed:?}"
        );
        let received = world.received().await;
        world.echo_of(&received[0]).await;
        world.settle().await;
        let row = world.own("own-1").await;
        assert_eq!(row.provider_id.unwrap().as_str(), received[0].message_id, "{deed:?}");
        assert!(world.chat(PHONE).await.unwrap().pending_sends.is_empty());
        assert_eq!(world.messages(PHONE).await.len(), 2, "{deed:?}");
        world.assert_crm_content().await;
    }
}

#[tokio::test]
async fn p2_a_message_that_was_not_taken_goes_out_by_its_repeat() {
    for deed in [Deed::status(500), Deed::status(502), Deed::garbage()] {
        let world = asked().await;
        world.wazzup_fails("send", deed.clone(), 2).await;
        sends(&world).await;
        world.pass_everywhere(Duration::from_secs(45)).await;
        assert_eq!((status(&world).await, world.received().await.len()), (Some(Sent), 1), "{deed:?}");
        assert!(world.notices().await.is_empty());
    }
}

#[tokio::test]
async fn p2_no_answer_in_time_is_repeated_while_the_key_lasts_and_then_shown() {
    let mut world = asked().await;
    world.delivery.call_within = Duration::from_millis(60);
    world.wazzup_fails("send", Deed::hang(), 99).await;
    sends(&world).await;
    world.pass_everywhere(Duration::from_secs(60)).await;
    let calls = world.calls("POST").await.len();
    assert!(calls > 2, "{calls}");
    world.wazzup().clear_faults().await.unwrap();
    world.pass_everywhere(Duration::from_secs(200)).await;
    assert_eq!(world.calls("POST").await.len(), calls, "too late to repeat");
    assert_eq!(status(&world).await, Some(DeliveryStatus::Unknown));
    let error = world.own("own-1").await.error.unwrap();
    assert_eq!((error.code.as_str(), world.notices().await.len()), ("UNKNOWN_ERROR", 1));
    assert_eq!(world.chat(PHONE).await.unwrap().outbound_at, None);
    assert_eq!(world.crm_status("own-1").await, "error");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn e1_an_echo_while_it_is_in_doubt_proves_it_and_nothing_is_shown() {
    let mut world = asked().await;
    world.delivery.call_within = Duration::from_millis(60);
    world.wazzup_fails("send", Deed::hang(), 99).await;
    sends(&world).await;
    world.pass_everywhere(Duration::from_secs(70)).await;
    let at = "2026-11-21T09:01:00.000Z";
    let echo = tests::wazzup::echo(crate::world::CHANNEL, PHONE, "w-1", at, "Да, приезжайте");
    world.post(crate::world::TOKEN, tests::wazzup::messages(&[echo]).to_string()).await;
    world.pass_everywhere(Duration::from_secs(200)).await;
    assert_eq!((status(&world).await, world.notices().await.len()), (Some(Sent), 0));
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn e2_a_refusal_for_good_shows_its_reason_in_the_chat_and_to_the_crm() {
    let world = asked().await;
    let behaviour = Behaviour { echo: EchoMode::Never, ..Behaviour::default() }.without(PHONE, Refusal::Send);
    world.wazzup().behave(KEY, &behaviour).await.unwrap();
    let before = world.chat(PHONE).await.unwrap();
    sends(&world).await;
    let row = world.own("own-1").await;
    assert_eq!((row.status, row.error.unwrap().code.as_str()), (Some(Failed), "BAD_CONTACT"));
    let words = "[SWITCHBOARD ERROR] Сообщение не отправлено: у клиента нет такого аккаунта в мессенджере.";
    assert_eq!(world.notices().await, [words]);
    assert_eq!(world.crm_texts().await, ["Ещё продаёте?", "Да, приезжайте", words]);
    assert_eq!(world.crm_status("own-1").await, "error");
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!((chat.unread(), chat.case_no, chat.state), (before.unread(), before.case_no, before.state));
    assert!(chat.pending_sends.is_empty() && chat.outbound_at.is_none());
    world.assert_crm_content().await;
}

#[tokio::test]
async fn e2_where_the_messages_are_switched_off_only_the_status_shows_it() {
    let world = asked().await;
    world.set_account(|account| account.hide_send_errors = true).await;
    world.clock.advance(Duration::from_secs(45));
    let behaviour = Behaviour { echo: EchoMode::Never, ..Behaviour::default() }.without(PHONE, Refusal::Send);
    world.wazzup().behave(KEY, &behaviour).await.unwrap();
    sends(&world).await;
    assert_eq!((status(&world).await, world.notices().await.len()), (Some(Failed), 0));
}

#[tokio::test]
async fn e2_a_failure_that_a_status_tells_later_is_shown_too() {
    let world = asked().await;
    sends(&world).await;
    let id = world.received().await[0].message_id.clone();
    let at = "2026-11-21T09:00:05.000Z";
    let error = json!({"error": "BAD_CONTACT", "description": "No such account"});
    let body = json!({"statuses": [{"messageId": id, "timestamp": at, "status": "error", "error": error}]});
    for _ in 0..2 {
        assert_eq!(world.post(crate::world::TOKEN, body.to_string()).await, 200);
        world.settle().await;
    }
    assert_eq!((status(&world).await, world.notices().await.len()), (Some(Failed), 1), "once");
    world.status_of(&id, "delivered").await;
    world.settle().await;
    assert_eq!(status(&world).await, Some(DeliveryStatus::Delivered), "P7: later proof");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn e3_what_becomes_of_a_send_tells_of_the_number() {
    let world = asked().await;
    let behaviour = Behaviour { echo: EchoMode::Never, ..Behaviour::default() }.without(PHONE, Refusal::Send);
    world.wazzup().behave(KEY, &behaviour).await.unwrap();
    sends(&world).await;
    let owner = world.store.account(&world.account).await.unwrap().unwrap();
    let phone = shared::base::phone::Phone::from_international_digits(PHONE).unwrap();
    let fact = world
        .store
        .number_fact(&owner, &shared::model::messenger::Messenger::Whatsapp, &phone)
        .await
        .unwrap();
    assert!(!fact.unwrap().has);
}

#[tokio::test]
async fn a4_a_refused_credential_shows_and_the_send_waits_until_it_works_again() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::status(401), 1).await;
    sends(&world).await;
    assert_eq!(world.connection().await.state, ConnectionState::Unauthorized);
    assert_eq!((status(&world).await, world.jobs().await.len()), (Some(Queued), 1));
    world.pass_everywhere(Duration::from_secs(400)).await;
    assert_eq!((status(&world).await, world.received().await.len()), (Some(Sent), 1));
    assert_eq!(world.connection().await.state, ConnectionState::Connected, "the credential works again");
}

#[tokio::test]
async fn a4_a_credential_that_was_changed_meanwhile_is_no_refused_one() {
    let world = asked().await;
    sends(&world).await;
    // The worker is warm, and caches the old credential.
    let setup = json!({"channels": [{"channelId": crate::world::CHANNEL, "transport": "whatsapp", "plainId": "1", "state": "active"}]});
    world.wazzup().put_wazzup("other-key", &serde_json::from_value(setup).unwrap()).await.unwrap();
    let connection = world.connection().await;
    let credential = shared::model::sealed::Sealed::new(b"other-key".to_vec());
    world.write(&shared::model::connection::Connection { credential, ..connection }).await;
    world.wazzup_fails("send", Deed::status(401), 9).await;
    world.send("own-2", "и ещё").await;
    world.pass_everywhere(Duration::from_secs(30)).await;
    assert_eq!(world.connection().await.state, ConnectionState::Connected);
    assert_eq!(world.own("own-2").await.status, Some(Sent));
    assert_eq!(world.wazzup().received("other-key", PHONE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn e1_a_provider_that_puts_it_off_for_a_day_has_it_given_up() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::retry_after(429, 7200), 99).await;
    sends(&world).await;
    world.clock.advance(Duration::from_secs(24 * 3600));
    world.pass(Duration::from_secs(130)).await;
    let row = world.own("own-1").await;
    assert_eq!((row.status, row.error.unwrap().code.as_str()), (Some(Failed), "NOT_DELIVERED_IN_TIME"));
    assert_eq!((world.notices().await.len(), world.jobs().await.len()), (1, 0));
}

#[tokio::test]
async fn a4_a_paused_channel_keeps_what_is_to_be_sent() {
    let world = asked().await;
    world.set_channel(|channel| channel.paused = true).await;
    world.clock.advance(Duration::from_secs(45));
    sends(&world).await;
    assert_eq!((world.calls("POST").await.len(), status(&world).await), (0, Some(Queued)));
    world.set_channel(|channel| channel.paused = false).await;
    world.pass_everywhere(Duration::from_secs(400)).await;
    assert_eq!(world.received().await.len(), 1);
}

#[tokio::test]
async fn e5_the_rate_is_shared_by_all_workers_and_what_is_over_it_waits() {
    let world = asked().await;
    // Other workers of the connection have used up this window's share.
    let window = shared::base::clock::Ambient::now(&*world.clock).millis().div_euclid(5000);
    let key = shared::store::keys::rate(&world.account, "send-connection", window);
    world.store.count(&key, 200, 9_999_999_999).await.unwrap();
    sends(&world).await;
    assert_eq!(world.calls("POST").await.len(), 0);
    world.pass_everywhere(Duration::from_secs(15)).await;
    assert_eq!(world.received().await.len(), 1);
}
