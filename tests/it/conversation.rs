//! The main path as stories, end to end.

use crate::world::{TOKEN, World, echo, messages, status, text};
use serde_json::json;
use shared::base::ids::EmployeeId;
use shared::model::chat::state::{AssignmentState, ChatState};
use std::time::Duration;

#[tokio::test]
async fn a_webhook_becomes_an_assigned_chat_in_the_crm_and_finishes_by_itself() {
    let world = World::with_employees(&["anna", "boris"]).await;
    assert_eq!(
        world
            .post(
                TOKEN,
                messages(&[
                    text("79011112233", "m1", "Здравствуйте"),
                    text("79011112233", "m2", "Ещё в продаже?")
                ])
            )
            .await,
        200
    );
    world.settle().await;
    let chat = world.chat("79011112233").await.unwrap();
    assert_eq!((chat.state, chat.assignment_state), (ChatState::Live, AssignmentState::Assigned));
    assert_eq!(chat.responsible, Some(EmployeeId::new("anna")));
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.chats.len()), (1, 1, 1));
    assert_eq!(crm.contacts[0].responsible_user_id, "anna");
    assert_eq!(crm.chats[0].messages.len(), 2);
    world.pass(Duration::from_secs(700)).await;
    assert_eq!(world.chat("79011112233").await.unwrap().state, ChatState::General);
    let crm = world.crm().await;
    assert_eq!(crm.finished.len(), 1);
    assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
}

#[tokio::test]
async fn p2_the_same_webhook_five_times_and_an_hour_later_is_one_message() {
    let world = World::with_employees(&["anna"]).await;
    let body = messages(&[text("79011112233", "m1", "Привет")]);
    for _ in 0..5 {
        assert_eq!(world.post(TOKEN, body.clone()).await, 200);
    }
    world.settle().await;
    world.pass(Duration::from_secs(3600)).await;
    assert_eq!(world.post(TOKEN, body).await, 200);
    world.settle().await;
    assert_eq!(world.messages("79011112233").await.len(), 1);
    assert_eq!(
        world.chat("79011112233").await.unwrap().state,
        ChatState::General,
        "a duplicate reopens nothing"
    );
    let crm = world.crm().await;
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.chats[0].messages.len()), (1, 1, 1));
    assert!(crm.anomalies.is_empty(), "{:?}", crm.anomalies);
}

#[tokio::test]
async fn p5_clients_are_given_out_strictly_in_turn() {
    let world = World::with_employees(&["anna", "boris", "vera"]).await;
    let clients: Vec<String> = (0..9).map(|n| format!("7901111220{n}")).collect();
    for phone in &clients {
        world.post(TOKEN, messages(&[text(phone, &format!("m{phone}"), "Привет")])).await;
        world.settle().await;
    }
    let mut order = Vec::new();
    for phone in &clients {
        order.push(world.chat(phone).await.unwrap().responsible.unwrap().to_string());
    }
    assert_eq!(order, ["anna", "boris", "vera"].repeat(3));
}

#[tokio::test]
async fn p5_who_waits_is_served_in_order_of_arrival_when_somebody_comes() {
    let world = World::with_employees(&[]).await;
    for n in 0..3 {
        world.post(TOKEN, messages(&[text(&format!("7901111220{n}"), &format!("m{n}"), "Привет")])).await;
        world.settle().await;
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(world.chat("79011112200").await.unwrap().assignment_state, AssignmentState::Waiting);
    assert!(world.crm().await.contacts.is_empty(), "no employee is responsible yet");
    world.join("anna", 1).await;
    world.join("boris", 2).await;
    // Adding the member sends no nudge: the due index finds the channel.
    world.pass(Duration::from_secs(400)).await;
    let mut order = Vec::new();
    for n in 0..3 {
        order.push(world.chat(&format!("7901111220{n}")).await.unwrap().responsible.unwrap().to_string());
    }
    assert_eq!(order, ["anna", "boris", "anna"]);
    assert_eq!(world.crm().await.contacts.len(), 3);
}

#[tokio::test]
async fn an_echo_opens_nothing_and_a_status_finds_its_message() {
    let world = World::with_employees(&["anna"]).await;
    // The status arrives before its message, and waits for it.
    world.post(TOKEN, status("e1", "delivered")).await;
    world.settle().await;
    world.post(TOKEN, messages(&[echo("79011112233", "e1", "Добрый день")])).await;
    world.pass(Duration::from_secs(30)).await;
    let chat = world.chat("79011112233").await.unwrap();
    assert_eq!((chat.state, chat.assignment_state), (ChatState::General, AssignmentState::Silent));
    world.post(TOKEN, status("e1", "sent")).await;
    world.post(TOKEN, status("e1", "read")).await;
    world.pass(Duration::from_secs(30)).await;
    let crm = world.crm().await;
    assert!(crm.contacts.is_empty());
    assert_eq!(crm.chats[0].messages.len(), 1);
    assert_eq!(json!(crm.chats[0].messages[0].status), json!("read"));
    assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
}

#[tokio::test]
async fn p6_never_finished_while_messages_come_and_once_after_they_stop() {
    let world = World::with_employees(&["anna"]).await;
    for n in 0..8 {
        world.post(TOKEN, messages(&[text("79011112233", &format!("m{n}"), "и ещё")])).await;
        world.pass(Duration::from_secs(540)).await;
        assert_eq!(world.chat("79011112233").await.unwrap().state, ChatState::Live, "after message {n}");
    }
    world.pass(Duration::from_secs(60 + 60)).await;
    let chat = world.chat("79011112233").await.unwrap();
    assert_eq!(chat.state, ChatState::General);
    let late = chat.finished_at.unwrap().since(chat.last_activity_at + Duration::from_secs(600));
    assert!(late <= Duration::from_secs(60), "{late:?}");
    world.pass(Duration::from_secs(3600)).await;
    assert_eq!(world.crm().await.finished.len(), 1);
}

#[tokio::test]
async fn p6_not_with_an_accepted_message_still_in_the_queue() {
    let world = World::with_employees(&["anna"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "Привет")])).await;
    world.settle().await;
    world.clock.advance(Duration::from_secs(599));
    world.post(TOKEN, messages(&[text("79011112233", "m2", "я тут")])).await;
    world.clock.advance(Duration::from_secs(30));
    // The check is enqueued before the message is handled, and so comes after it.
    world.sweep().await;
    world.settle().await;
    let chat = world.chat("79011112233").await.unwrap();
    assert_eq!((chat.state, chat.case_no), (ChatState::Live, 1));
}

#[tokio::test]
async fn p6_a_lost_check_is_made_good_by_the_next_sweep() {
    let world = World::with_employees(&["anna"]).await;
    world.post(TOKEN, messages(&[text("79011112233", "m1", "Привет")])).await;
    world.settle().await;
    world.clock.advance(Duration::from_secs(590));
    world.sweep().await;
    world.queues.lose("timers");
    world.pass(Duration::from_secs(130)).await;
    assert_eq!(world.chat("79011112233").await.unwrap().state, ChatState::General);
    assert_eq!(world.crm().await.finished.len(), 1);
}
