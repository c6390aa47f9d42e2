//! The whole way: written through `/v1`, read by the client, told to the CRM.

use super::asked;
use crate::world::World;
use crate::world::sends::PHONE;
use serde_json::{Value, json};
use shared::account::ApiKey;
use shared::clock::Ambient;
use shared::ids::{ApiKeyId, hex_digest};
use shared::store::keys::ApiKeyRow;
use std::sync::Arc;
use std::time::Duration;

const API_KEY: &str = "sb_a_key_of_the_account";

/// Serves the World's API, and answers its address.
async fn serve(world: &World) -> String {
    let key = ApiKey {
        v: 1,
        account: world.account.clone(),
        key_id: ApiKeyId::new("key"),
        prefix: "a-key".into(),
        name: None,
        secret: None,
        last_used_at: None,
        expires_at: None,
        created_at: world.clock.now(),
    };
    world.write(&ApiKeyRow { hash: hex_digest(API_KEY.as_bytes()), key }).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api::router(Arc::clone(&world.api));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn post(address: &str, path: &str, key: &str, body: Value) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .post(format!("{address}{path}"))
        .bearer_auth(API_KEY)
        .header("idempotency-key", key)
        .header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn e1_a_send_by_v1_ends_as_sent_delivered_and_read_at_the_crm() {
    let world = asked().await;
    let address = serve(&world).await;
    let path = format!("/v1/chats/{}/messages", world.chat_id(PHONE));
    let body = json!({"text": "Да, приезжайте"});
    let (status, told) = post(&address, &path, "k-1", body.clone()).await;
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
    let address = serve(&world).await;
    let path = format!("/v1/chats/{}/messages", world.chat_id(PHONE));
    let body = json!({"text": "Да, приезжайте"});
    let calls = (0..10).map(|_| post(&address, &path, "k-1", body.clone()));
    let answers = futures::future::join_all(calls).await;
    let taken = answers.iter().filter(|(status, _)| (200..300).contains(status)).count();
    assert!(taken >= 1, "{answers:?}");
    assert!(answers.iter().all(|(status, _)| *status < 500 || *status == 503), "{answers:?}");
    world.pass_everywhere(Duration::from_secs(70)).await;
    assert_eq!((world.received().await.len(), world.messages(PHONE).await.len()), (1, 2));
    world.assert_crm_content().await;
}
