//! What a client's message does to their finished chat (F5), and who becomes responsible (B5).

use crate::world::World;
use crate::world::sends::PHONE;
use shared::base::ids::EmployeeId;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::state::{AssignmentState, ChatState, ChatStatus};
use shared::model::closing_options::Reopening;
use shared::model::employee::Membership;
use std::time::Duration;

/// A client of anna's, whose chat was finished with the status closed.
async fn finished(reopening: Option<Reopening>) -> World {
    let world = World::with_employees(&["anna", "boris"]).await;
    world
        .set_channel(|channel| {
            channel.closing.reopening = reopening;
            channel.closing.timeout_status = Some(ChatStatus::Closed);
        })
        .await;
    world.client_writes("m1", "Привет").await;
    world.pass(Duration::from_secs(700)).await;
    let chat = world.there().await;
    assert_eq!(
        (chat.state, chat.status, chat.responsible),
        (ChatState::General, Some(ChatStatus::Closed), of("anna"))
    );
    world
}

fn of(name: &str) -> Option<EmployeeId> {
    Some(EmployeeId::new(name))
}

async fn let_go(world: &World, change: impl FnOnce(&mut Membership)) {
    let before =
        world.store.member(&world.account, &world.channel, &EmployeeId::new("anna")).await.unwrap().unwrap();
    let mut after = before.clone();
    change(&mut after);
    let writes = shared::store::settings::member_writes(Some(&before), Some(&after), &[]).unwrap();
    world.store.commit(writes).await.unwrap();
}

#[tokio::test]
async fn f5_he_reopens_it_begins_a_new_case_or_goes_to_the_cases() {
    for (reopening, state, case_no, status) in [
        (None, ChatState::Live, 1, Some(ChatStatus::Open)),
        (Some(Reopening::Reopen), ChatState::Live, 1, Some(ChatStatus::Open)),
        (Some(Reopening::NewCase), ChatState::Live, 2, None),
        (Some(Reopening::CaseOnly), ChatState::Case, 1, Some(ChatStatus::Open)),
    ] {
        let world = finished(reopening).await;
        world.client_writes("m2", "Ещё вопрос").await;
        let chat = world.there().await;
        assert_eq!((chat.state, chat.case_no, chat.status), (state, case_no, status), "{reopening:?}");
        assert_eq!((chat.assignment_state, chat.responsible), (AssignmentState::Assigned, of("anna")));
        world.pass(Duration::from_secs(700)).await;
        let ends = if state == ChatState::Live { ChatState::General } else { ChatState::Case };
        assert_eq!(world.there().await.state, ends, "a case is finished by hand: {reopening:?}");
        world.assert_crm_content().await;
    }
}

#[tokio::test]
async fn b5_he_is_kept_by_who_had_him_and_takes_no_turn() {
    let world = finished(None).await;
    world.client_writes("m2", "Ещё вопрос").await;
    assert_eq!(world.responsible().await, of("anna"));
    assert_eq!(world.history().await.last().map(|(why, _)| *why), Some(AssignmentReason::Kept));
    let other = "79990000001";
    world
        .post(crate::world::TOKEN, crate::world::messages(&[crate::world::text(other, "o1", "Привет")]))
        .await;
    world.settle().await;
    assert_eq!(world.chat(other).await.unwrap().responsible, of("boris"), "the turn after Anna's first");
}

#[tokio::test]
async fn b5_he_is_passed_on_where_she_gets_no_clients_any_more() {
    let world = finished(None).await;
    let_go(&world, |anna| anna.receives_new_clients = false).await;
    world.client_writes("m2", "Ещё вопрос").await;
    assert_eq!(world.responsible().await, of("boris"));
    assert_eq!(world.crm().await.contacts.len(), 1, "it is the same contact");
    world.assert_crm_content().await;
}

#[tokio::test]
async fn b5_always_the_same_has_him_whether_she_is_there_or_not() {
    let world = finished(None).await;
    world.set_channel(|channel| channel.always_same = true).await;
    world.clock.advance(Duration::from_secs(30));
    let_go(&world, |anna| anna.receives_new_clients = false).await;
    world.client_writes("m2", "Ещё вопрос").await;
    let chat = world.there().await;
    assert_eq!((chat.assignment_state, chat.responsible), (AssignmentState::Assigned, of("anna")));
}

#[tokio::test]
async fn f5_echoes_and_statuses_reopen_nothing() {
    let world = finished(None).await;
    let before = world.there().await;
    world.answers_on_the_phone("e1", "Добрый день").await;
    world.status_of("e1", "read").await;
    world.settle().await;
    let chat = world.there().await;
    assert_eq!((chat.state, chat.finished_at, chat.case_no), (ChatState::General, before.finished_at, 1));
    assert_eq!((chat.unanswered_at, world.messages(PHONE).await.len()), (None, 2), "answered by the echo");
}
