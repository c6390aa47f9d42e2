//! The triggers of rules.

use super::{automatic, reply, rule, tag};
use crate::world::sends::PHONE;
use crate::world::{CHANNEL, TOKEN, World};
use serde_json::json;
use shared::base::clock::Ambient;
use shared::base::ids::MessageId;
use shared::model::chat::ForRules;
use shared::model::chat::state::ChatState;
use std::time::Duration;
use tests::wazzup;

#[tokio::test]
async fn f6_a_message_is_answered_once_however_often_it_is_delivered() {
    let world = World::with_employees(&["anna"]).await;
    world
        .set_rules(vec![rule(json!("message_in"), json!([]), json!([reply("Здравствуйте, {client_name}!")]))])
        .await;
    let at = world.clock.now().rfc3339();
    let asked = wazzup::messages(&[wazzup::text(CHANNEL, PHONE, "m1", &at, "Ещё продаёте?")]).to_string();
    for _ in 0..3 {
        assert_eq!(world.post(TOKEN, asked.clone()).await, 200);
        world.settle().await;
        world.clock.advance(Duration::from_secs(400));
    }
    let sent = world.received_texts().await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("Здравствуйте, ") && !sent[0].contains('{'), "{sent:?}");
    let chat = world.there().await;
    assert!(chat.unanswered_at.is_some(), "a rule's reply is no employee's answer");
    assert_eq!(world.crm_texts().await, ["Ещё продаёте?", sent[0].as_str()]);
    // The echo and the statuses of a rule's message trigger nothing as the company's messages.
    let received = world.received().await;
    world.echo_of(&received[0]).await;
    world.status_of(&received[0].message_id, "read").await;
    world.settle().await;
    let after = world.there().await;
    assert_eq!((after.last_activity_at, world.messages(PHONE).await.len()), (chat.last_activity_at, 2));
    world.assert_crm_content().await;
}

#[tokio::test]
async fn f6_what_a_rule_does_pulls_no_trigger() {
    let world = World::with_employees(&["anna"]).await;
    world
        .set_rules(vec![
            rule(json!("message_in"), json!([]), json!([reply("Ответим"), {"finish": {}}])),
            rule(json!("message_out"), json!([]), json!([tag("out")])),
            rule(json!("chat_finished"), json!([]), json!([tag("finished")])),
        ])
        .await;
    world.client_writes("m1", "Привет").await;
    let received = world.received().await;
    world.echo_of(&received[0]).await;
    world.pass_everywhere(Duration::from_secs(1000)).await;
    assert_eq!(world.tags().await, Vec::<String>::new());
    assert_eq!((world.there().await.state, received.len()), (ChatState::General, 1));
}

#[tokio::test]
async fn c9_f6_a_missed_call_is_answered() {
    let world = World::with_employees(&["anna"]).await;
    world.set_rules(vec![rule(json!("call"), json!([]), json!([reply("Мы перезвоним")]))]).await;
    let call = wazzup::missed_call(CHANNEL, PHONE, "call1", &world.clock.now().rfc3339());
    assert_eq!(world.post(TOKEN, wazzup::messages(&[call]).to_string()).await, 200);
    world.settle().await;
    assert_eq!(world.received_texts().await, ["Мы перезвоним"]);
    world.client_writes("m1", "Жду").await;
    assert_eq!(world.received_texts().await.len(), 1, "a message is no call");
    assert_eq!(world.there().await.state, ChatState::Live);
    world.assert_crm_content().await;
}

#[tokio::test]
async fn f6_what_the_company_writes_outside_and_here() {
    let world = World::with_employees(&["anna"]).await;
    let said = json!([{"text": {"contains": "ПРИЕЗЖАЙТЕ"}}]);
    world.set_rules(vec![rule(json!("message_out"), said, json!([tag("invited")]))]).await;
    world.client_writes("m1", "Ещё продаёте? Приезжайте!").await;
    world.answers_on_the_phone("e1", "Да").await;
    assert!(world.tags().await.is_empty(), "neither the client's text nor another one");
    world.answers_on_the_phone("e2", "Да, приезжайте").await;
    assert_eq!(world.tags().await, ["invited"]);
    world.change_chat(|chat| chat.tags.clear()).await;
    // Written here: the writer only records the trigger in the chat, and the due index finds it.
    world.send("own-1", "Приезжайте завтра").await;
    world.change_chat(|chat| chat.for_rules.push(ForRules::MessageOut(MessageId::new("own-1")))).await;
    world.pass_everywhere(Duration::from_secs(240)).await;
    let chat = world.there().await;
    assert_eq!(
        (chat.tags.iter().map(String::as_str).collect::<Vec<_>>(), chat.for_rules.len()),
        (vec!["invited"], 0)
    );
}

#[tokio::test]
async fn f6_a_chat_is_opened_and_finished() {
    let world = World::with_employees(&["anna"]).await;
    world
        .set_rules(vec![
            rule(json!("chat_opened"), json!([]), json!([tag("opened"), {"tag": {"remove": ["finished"]}}])),
            rule(
                json!("chat_finished"),
                json!([]),
                json!([tag("finished"), {"tag": {"remove": ["opened"]}}]),
            ),
        ])
        .await;
    world.client_writes("m1", "Привет").await;
    assert_eq!(world.tags().await, ["opened"]);
    world.pass(Duration::from_secs(700)).await;
    assert_eq!(world.tags().await, ["finished"], "by inactivity");
    world.client_writes("m2", "И ещё").await;
    assert_eq!(world.tags().await, ["opened"], "again");
    world
        .change_chat(|chat| {
            chat.finish(shared::model::chat::state::FinishReason::ByHand, chat.last_activity_at);
            chat.for_rules.push(ForRules::Finished);
        })
        .await;
    world.pass(Duration::from_secs(240)).await;
    assert_eq!(world.tags().await, ["finished"], "by an employee");
    world.change_chat(|chat| chat.for_rules.push(ForRules::Opened)).await;
    world.pass(Duration::from_secs(240)).await;
    assert_eq!(world.tags().await, ["opened"], "by an employee's message");
}

#[tokio::test]
async fn f6_silence_is_told_of_once_and_precisely() {
    let world = World::with_employees(&["anna"]).await;
    world
        .set_rules(vec![
            rule(json!({"idle": {"minutes": 3}}), json!([]), json!([reply("Вы ещё здесь?")])),
            rule(json!({"idle": {"minutes": 5}}), json!([]), json!([reply("Скоро закроем")])),
        ])
        .await;
    world.client_writes("m1", "Привет").await;
    let start = world.clock.now();
    for (until, expected) in [(175, 0), (3 * 60 + 90, 1), (295, 1), (5 * 60 + 90, 2), (590, 2)] {
        let wait = (start + Duration::from_secs(until)).since(world.clock.now());
        world.pass_everywhere(wait).await;
        assert_eq!(automatic(&world.messages(PHONE).await).len(), expected, "after {until} s");
    }
    assert_eq!(world.received_texts().await, ["Вы ещё здесь?", "Скоро закроем"]);
    world.client_writes("m2", "Да").await;
    world.pass_everywhere(Duration::from_secs(3 * 60 + 90)).await;
    assert_eq!(automatic(&world.messages(PHONE).await).len(), 3, "a new silence");
    world.pass_everywhere(Duration::from_secs(1200)).await;
    let chat = world.there().await;
    assert_eq!((chat.state, automatic(&world.messages(PHONE).await).len()), (ChatState::General, 4));
    let late = chat.finished_at.unwrap().since(chat.last_activity_at + Duration::from_secs(600));
    assert!(late <= Duration::from_secs(60), "a rule's reply postpones nothing: {late:?}");
    world.assert_crm_content().await;
}
