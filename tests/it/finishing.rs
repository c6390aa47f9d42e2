//! A chat that an employee finishes (F3), as the CRM is notified of it.

use crate::world::{TOKEN, World, messages, text};
use shared::base::clock::Ambient;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::chat::state::{ChatState, ChatStatus, FinishReason};
use shared::model::crm::CrmKind;
use shared::store::chat_transaction::ChatTransaction;
use std::time::Duration;
use tests::sandbox::words;

const PHONE: &str = "79011112233";

#[tokio::test]
async fn f3_the_crm_learns_who_finished_it_and_how_far_it_had_come() {
    let world = World::with_employees(&["anna"]).await;
    world.post(TOKEN, messages(&[text(PHONE, "m1", "Здравствуйте")])).await;
    world.settle().await;
    let before = world.chat(PHONE).await.unwrap();
    let closing = Closing::default();
    let now = world.clock.now();
    let mut change = ChatTransaction::of(before, &closing, CrmKind::Universal);
    let finish = |chat: &mut Chat| chat.finish_with(FinishReason::ByHand, Some(ChatStatus::Closed), now);
    let event = change.change(finish).unwrap();
    change.event(&event);
    world.store.commit(change.writes(now).unwrap().1).await.unwrap();
    // The nudge was lost: the due index finds the chat.
    world.pass(Duration::from_secs(1800)).await;
    let crm = world.crm().await;
    let told: Vec<_> = crm.finished.iter().map(|finished| (finished.reason, finished.status)).collect();
    assert_eq!(
        told,
        [(words::FinishReason::ByHand, Some(words::ChatStatus::Closed))],
        "once, and not for inactivity"
    );
    assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!(
        (chat.state, chat.status, chat.check_at),
        (ChatState::General, Some(ChatStatus::Closed), None)
    );
    world.post(TOKEN, messages(&[text(PHONE, "m2", "Ещё вопрос")])).await;
    world.settle().await;
    let chat = world.chat(PHONE).await.unwrap();
    assert_eq!((chat.state, chat.case_no, chat.status), (ChatState::Live, 1, Some(ChatStatus::Open)));
}
