//! A rule that ignores messages: nothing of them is stored.

use super::{reply, rule, tag};
use crate::world::drops::told_while;
use crate::world::sends::PHONE;
use crate::world::{CHANNEL, TOKEN, World};
use serde_json::json;
use shared::base::clock::Ambient;
use tests::wazzup;

async fn spam_is_ignored() -> World {
    let world = World::with_employees(&["anna"]).await;
    let spam = json!([{"text": {"contains": "кредит"}}]);
    world
        .set_rules(vec![
            rule(json!("message_in"), json!([]), json!([reply("Ответим"), tag("seen")])),
            rule(json!("message_in"), spam, json!(["ignore"])),
        ])
        .await;
    world
}

#[tokio::test]
async fn f6_of_somebody_unknown_nothing_is_kept_and_nothing_else_is_done() {
    let world = spam_is_ignored().await;
    let before = world.items().await;
    let told = told_while(world.client_writes("m1", "Кредит дёшево")).await;
    assert_eq!(told, ["rule 1"]);
    assert_eq!(world.items().await, before, "neither contact nor chat");
    assert!(world.received().await.is_empty());
    assert!(world.crm().await.contacts.is_empty());
}

#[tokio::test]
async fn f6_in_a_chat_that_is_there_only_the_others_are_kept() {
    let world = spam_is_ignored().await;
    world.client_writes("m1", "Привет").await;
    let before = world.there().await;
    let at = world.clock.now().rfc3339();
    let texts = [("m2", "Кредит"), ("m3", "Ещё продаёте?"), ("m4", "кредит!")];
    let entries = texts.map(|(id, text)| wazzup::text(CHANNEL, PHONE, id, &at, text));
    let told = told_while(async {
        world.post(TOKEN, wazzup::messages(&entries).to_string()).await;
        world.settle().await;
    })
    .await;
    assert!(told.iter().all(|line| line.starts_with("rule ")), "{told:?}");
    let dropped: u32 = told.iter().filter_map(|line| line.strip_prefix("rule ")?.parse::<u32>().ok()).sum();
    assert_eq!(dropped, 2, "P2: each is stored, or counted: {told:?}");
    let chat = world.there().await;
    assert_eq!((chat.client_count, before.client_count), (2, 1));
    assert_eq!(world.received_texts().await.len(), 2);
}

#[tokio::test]
async fn f6_an_ignored_message_does_not_come_in_by_its_edit() {
    let world = spam_is_ignored().await;
    world.client_writes("m1", "Привет").await;
    world.client_writes("m2", "Кредит").await;
    let before = world.there().await;
    let at = world.clock.now().rfc3339();
    let edit = wazzup::edited(wazzup::text(CHANNEL, PHONE, "m2", &at, "Кредит"), "Кредит дёшево");
    let told = told_while(async {
        world.post(TOKEN, wazzup::messages(&[edit]).to_string()).await;
        world.settle().await;
    })
    .await;
    assert_eq!(told, ["rule 1"]);
    assert_eq!((world.there().await, world.messages(PHONE).await.len()), (before, 2), "question and answer");
    // An edit of a stored message is an edit, and triggers no rule.
    let edit = wazzup::edited(wazzup::text(CHANNEL, PHONE, "m1", &at, "Привет"), "Нужен кредит");
    world.post(TOKEN, wazzup::messages(&[edit]).to_string()).await;
    world.settle().await;
    let texts: Vec<_> = world.messages(PHONE).await.into_iter().filter_map(|row| row.text).collect();
    assert!(texts.contains(&"Нужен кредит".to_owned()), "{texts:?}");
}

#[tokio::test]
async fn f6_an_ignored_message_opens_nothing_and_puts_off_nothing() {
    let world = spam_is_ignored().await;
    world.client_writes("m1", "Привет").await;
    world.pass(std::time::Duration::from_secs(700)).await;
    let finished = world.there().await;
    world.client_writes("m2", "Кредит").await;
    assert_eq!(world.there().await, finished);
}
