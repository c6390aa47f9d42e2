//! The order in which the client gets messages.

use super::asked;
use crate::world::sends::PHONE;
use shared::model::message::kind::DeliveryStatus::{Queued, Sent};
use std::time::Duration;
use tests::sandbox::faults::Action as Deed;

#[tokio::test]
async fn e1_a_send_reaches_the_client_once_and_signed_and_is_told() {
    let world = asked().await;
    let before = world.chat(PHONE).await.unwrap();
    world.send_event(&world.written("own-1", "Да, приезжайте"), Some("Анна, отдел продаж")).await;
    assert_eq!(world.own("own-1").await.status, Some(Queued));
    world.settle().await;
    assert_eq!(world.received_texts().await, ["Да, приезжайте\n\nАнна, отдел продаж"]);
    let (row, chat) = (world.own("own-1").await, world.chat(PHONE).await.unwrap());
    assert_eq!(
        (row.status, row.text.as_deref()),
        (Some(Sent), Some("Да, приезжайте")),
        "B8: the client alone"
    );
    assert_eq!(row.provider_id.unwrap().as_str(), world.received().await[0].message_id);
    assert_eq!((chat.outbound_at, chat.pending_sends.len(), world.jobs().await.len()), (None, 0, 0));
    assert!(chat.seq > before.seq && chat.crm_synced_seq == chat.seq);
    assert_eq!(world.crm_texts().await, ["Ещё продаёте?", "Да, приезжайте"]);
    world.pass_everywhere(Duration::from_secs(70)).await;
    assert_eq!(world.received().await.len(), 1);
    world.assert_crm_content().await;
}

#[tokio::test]
async fn e1_what_is_put_off_holds_up_what_is_behind_it_in_its_chat() {
    let world = asked().await;
    world.wazzup_fails("send", Deed::retry_after(429, 40), 1).await;
    world.send("own-1", "раз").await;
    world.send("own-2", "два").await;
    world.settle().await;
    assert!(world.received().await.is_empty());
    assert_eq!(world.jobs().await.len(), 2);
    world.pass_everywhere(Duration::from_secs(30)).await;
    assert!(world.received().await.is_empty(), "the provider asked for 40 s");
    world.pass_everywhere(Duration::from_secs(15)).await;
    assert_eq!(world.received_texts().await, ["раз", "два"]);
    assert_eq!(world.calls("POST").await.len(), 3);
}

#[tokio::test]
async fn e1_what_is_in_doubt_holds_up_nothing() {
    let mut world = asked().await;
    world.delivery.call_within = Duration::from_millis(100);
    world.wazzup_fails("send", Deed::hang(), 9).await;
    world.send("own-1", "раз").await;
    world.settle().await;
    world.pass_everywhere(Duration::from_secs(70)).await;
    world.wazzup().clear_faults().await.unwrap();
    world.send("own-2", "два").await;
    world.settle().await;
    assert_eq!(world.received_texts().await, ["два"]);
    assert_eq!(world.jobs().await.len(), 1, "the first is waited for");
}
