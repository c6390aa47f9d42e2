//! Faults that the properties once found, each as a test of its own.

use super::noise::{drain, post};
use super::story::at;
use super::view::{chats, messages, person};
use crate::world::{CHANNEL, World, echo, messages as webhook, text};
use serde_json::{Value, json};

fn telegram(id: &str, phone: Option<&str>) -> Value {
    let mut message = text("218485655", id, "Здравствуйте");
    message["chatType"] = json!("telegram");
    if let Some(phone) = phone {
        message["contact"]["phone"] = json!(phone);
    }
    message
}

#[tokio::test]
async fn p11_a_phone_told_by_the_second_message_of_the_first_batch_is_seen() {
    let world = World::with_employees(&["anna"]).await;
    let told = [telegram("t1", None), telegram("t2", Some("+7 901 111-22-33"))];
    post(&world, &webhook(&told)).await;
    drain(&world).await;
    let chat = chats(&world).await.remove(0);
    assert!(person(&world, &chat.contact).await.1.contains("+79011112233"));
}

#[tokio::test]
async fn p7_a_reason_that_comes_after_its_failure_is_kept() {
    let world = World::with_employees(&["anna"]).await;
    post(&world, &webhook(&[echo("79011112233", "e1", "Добрый день")])).await;
    drain(&world).await;
    for error in [Value::Null, json!({"error": "BAD_CONTACT"})] {
        let report = json!({"messageId": "e1", "status": "error", "timestamp": at(9), "error": error});
        post(&world, &json!({"statuses": [report]}).to_string()).await;
        drain(&world).await;
    }
    let shown = messages(&world, &chats(&world).await[0]).await;
    assert!(shown[0].error.is_some());
}

#[tokio::test]
async fn p1_a_listing_is_kept_whichever_came_first() {
    let advert = json!({"title": "Lada Vesta", "link": "https://www.avito.ru/item_1234567890"});
    let mut original = text("u2i-chat", "a1", "Ещё продаёте?");
    original["chatType"] = json!("avito");
    let mut deleted = original.clone();
    deleted["isDeleted"] = json!(true);
    original["advert"] = advert;
    let mut ends = Vec::new();
    for order in [[&original, &deleted], [&deleted, &original]] {
        let world = World::with_employees(&["anna"]).await;
        for entry in order {
            post(&world, &webhook(std::slice::from_ref(entry))).await;
            drain(&world).await;
        }
        let chat = chats(&world).await.remove(0);
        assert_eq!(chat.channel_external, CHANNEL);
        ends.push((chat.listing.is_some(), messages(&world, &chat).await[0].listing.clone()));
    }
    assert_eq!(ends[0], ends[1]);
}
