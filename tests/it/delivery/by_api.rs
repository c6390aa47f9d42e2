//! End to end: written through `/v1`, read by the client, synced to the CRM.

use super::asked;
use crate::world::asking::Asking;
use crate::world::sends::PHONE;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn post(api: &Asking, path: &str, key: &str, body: Value) -> (u16, Value) {
    api.with(Method::POST, path, Some(body), &[("idempotency-key", key)]).await
}

#[tokio::test]
async fn e1_a_send_by_v1_ends_as_sent_delivered_and_read_at_the_crm() {
    let world = asked().await;
    let api = world.serve().await;
    let path = format!("/v1/chats/{}/messages", world.chat_id(PHONE));
    let body = json!({"text": "Да, приезжайте"});
    let (status, told) = post(&api, &path, "k-1", body.clone()).await;
    assert!((200..300).contains(&status), "{status} {told}");
    let own = told["message"]["id"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
    world.settle().await;
    assert_eq!(world.received_texts().await, ["Да, приезжайте"]);
    let id = world.received().await[0].message_id.clone();
    assert_eq!(world.crm_status(&own).await, "sent");
    for word in ["delivered", "read"] {
        world.status_of(&id, word).await;
        world.settle().await;
        assert_eq!(world.crm_status(&own).await, word);
    }
    let received = world.received().await;
    world.echo_of(&received[0]).await;
    world.settle().await;
    assert_eq!(world.messages(PHONE).await.len(), 2, "an own echo never doubles");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn e4_the_same_key_ten_times_at_once_is_one_message_at_the_client() {
    let world = asked().await;
    let api = world.serve().await;
    let path = format!("/v1/chats/{}/messages", world.chat_id(PHONE));
    let body = json!({"text": "Да, приезжайте"});
    let calls = (0..10).map(|_| post(&api, &path, "k-1", body.clone()));
    let answers = futures::future::join_all(calls).await;
    let taken = answers.iter().filter(|(status, _)| (200..300).contains(status)).count();
    assert!(taken >= 1, "{answers:?}");
    assert!(answers.iter().all(|(status, _)| *status < 500 || *status == 503), "{answers:?}");
    world.pass_everywhere(Duration::from_secs(70)).await;
    assert_eq!((world.received().await.len(), world.messages(PHONE).await.len()), (1, 2));
    world.assert_crm_content().await;
}
