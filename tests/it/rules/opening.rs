//! A rule that finishes a chat as it opens (F3): the chat never appears in the live list.

use super::rule;
use crate::world::World;
use crate::world::sends::PHONE;
use serde_json::json;
use shared::base::ids::EmployeeId;
use shared::model::chat::state::{AssignmentState, ChatState, ChatStatus};
use std::time::Duration;

#[tokio::test]
async fn f3_finished_as_it_opens_it_is_never_live_and_somebody_has_it() {
    let world = World::with_employees(&["anna"]).await;
    world
        .set_rules(vec![rule(json!("chat_opened"), json!([]), json!([{"finish": {"status": "waiting"}}]))])
        .await;
    let body = tests::wazzup::text(crate::world::CHANNEL, PHONE, "m1", "2026-11-21T09:00:31.000Z", "Привет");
    world.post(crate::world::TOKEN, tests::wazzup::messages(&[body]).to_string()).await;
    world.deliver("inbound.fifo").await;
    let chat = world.there().await;
    assert_eq!((chat.state, chat.status), (ChatState::General, Some(ChatStatus::Waiting)));
    world.settle().await;
    let chat = world.there().await;
    assert_eq!((chat.state, chat.assignment_state), (ChatState::General, AssignmentState::Assigned));
    assert_eq!((chat.responsible, chat.unanswered_at.is_some()), (Some(EmployeeId::new("anna")), true));
    world.pass(Duration::from_secs(1000)).await;
    let crm = world.crm().await;
    assert_eq!((crm.finished.len(), crm.contacts.len()), (1, 1));
    let open =
        world.items().await.into_iter().filter(|item| item["pk"]["S"].as_str().unwrap().contains("#OPEN#"));
    assert_eq!(open.count(), 0, "it counts under no cap");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn f5_each_time_it_would_open_it_is_finished_again() {
    let world = World::with_employees(&["anna"]).await;
    world.set_rules(vec![rule(json!("chat_opened"), json!([]), json!([{"finish": {}}]))]).await;
    for id in ["m1", "m2", "m3"] {
        world.client_writes(id, "Привет").await;
        assert_eq!(world.there().await.state, ChatState::General, "{id}");
    }
    assert_eq!(world.crm().await.finished.len(), 3);
    assert_eq!(world.messages(PHONE).await.len(), 3);
}
