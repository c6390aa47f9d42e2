//! Employees whom the CRM refuses, and employees who return.

use super::{MANAGER, MINUTE, at_work, phone};
use reqwest::Method;
use serde_json::json;
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::state::AssignmentState;
use shared::model::employee::Membership;
use shared::store::chat_transaction::rows_beside;
use shared::store::row::Write;

#[tokio::test]
async fn b4_whom_the_crm_refuses_gets_nobody_until_it_loads_him_again() {
    for (method, path, body) in [
        (Method::POST, "/v3/users", json!([{"id": "anna", "name": "Anna"}])),
        (Method::PUT, "/v1/employees", json!({"employees": [{"id": "anna", "name": "Anna"}]})),
    ] {
        let (world, api) = at_work().await;
        let anna = EmployeeId::new("anna");
        world.store.begin_refusal(&world.account, &anna, &*world.clock).await.unwrap();
        assert!(world.membership_of("anna").await.unwrap().inactive);
        world.clients_come(4..5).await;
        assert_eq!(
            world.whose_are(0..5).await,
            ["anna", "boris", "anna", "boris", "-"],
            "the requeue has not run yet"
        );
        world.pass(2 * MINUTE).await;
        assert_eq!(world.who_waits(0..5).await, [0, 2, 4]);
        assert_eq!(world.records_of_client(0).await[0].why, AssignmentReason::RefusedByCrm);
        assert_eq!(world.requeue_of("anna", true).await, None, "the requeue is over");
        api.done(method, path, Some(body)).await;
        world.settle().await;
        assert!(!world.membership_of("anna").await.unwrap().inactive);
        let employee = world.store.employee(&world.account, &anna).await.unwrap().unwrap();
        assert_eq!(employee.refused_at, None);
        assert_eq!(world.whose_are(0..5).await, ["anna", "boris", "anna", "boris", "anna"]);
    }
}

#[tokio::test]
async fn b4_loading_an_employee_again_wakes_nobody_who_was_not_refused() {
    let (world, api) = at_work().await;
    let before = world.membership_of("boris").await;
    world.load_users(&api, &["anna", "boris"]).await;
    assert!(world.queues.holds("assignment.fifo").iter().all(|nudge| nudge.receive_count == 0));
    world.settle().await;
    assert_eq!(world.membership_of("boris").await, before, "the switch stays off");
}

#[tokio::test]
async fn a_requeue_of_somebody_who_is_there_again_does_nothing_and_ends() {
    let (world, api) = at_work().await;
    api.done(Method::DELETE, &world.path_of("anna"), None).await;
    world.set_place(&api, "anna", MANAGER(true)).await;
    world.settle().await;
    assert_eq!(world.whose_are(0..4).await, ["anna", "boris", "anna", "boris"]);
    assert!(world.requeue_of("anna", false).await.is_some(), "an index may be behind");
    world.pass(2 * MINUTE).await;
    assert_eq!(world.requeue_of("anna", false).await, None);
    assert_eq!(world.whose_are(0..4).await, ["anna", "boris", "anna", "boris"]);
}

#[tokio::test]
async fn a_second_requeue_is_not_ended_with_the_first_one() {
    let (world, api) = at_work().await;
    api.done(Method::DELETE, &world.path_of("anna"), None).await;
    world.settle().await;
    let first = world.requeue_of("anna", false).await.unwrap();
    world.set_place(&api, "anna", MANAGER(true)).await;
    world.settle().await;
    api.done(Method::DELETE, &world.path_of("anna"), None).await;
    let end = shared::store::requeues::end_write(&first);
    assert!(world.store.commit(vec![end]).await.is_err(), "another requeue has begun");
    world.pass(2 * MINUTE).await;
    assert_eq!(world.whose_are(0..1).await, ["-"]);
    assert_eq!(world.requeue_of("anna", false).await, None);
}

#[tokio::test]
async fn b4_whom_the_crm_refuses_loses_his_clients_also_where_his_place_was_made_meanwhile() {
    let (world, api) = at_work().await;
    world.set_place(&api, "boris", MANAGER(true)).await;
    let place = world.membership_of("anna").await.unwrap();
    let anna = EmployeeId::new("anna");
    world.store.begin_refusal(&world.account, &anna, &*world.clock).await.unwrap();
    world.write(&Membership { receives_new_clients: false, ..place }).await;
    world.settle().await;
    world.pass(2 * MINUTE).await;
    assert_eq!(world.whose_are(0..4).await, ["boris"; 4]);
    world.store.begin_refusal(&world.account, &anna, &*world.clock).await.unwrap();
    assert!(world.membership_of("anna").await.unwrap().inactive);
}

#[tokio::test]
async fn b5_who_waits_for_somebody_who_is_removed_is_not_kept_for_him() {
    let (world, api) = at_work().await;
    world.set_place(&api, "anna", MANAGER(false)).await;
    let before = world.chat(&phone(0)).await.unwrap();
    let mut after = before.clone();
    after.enqueue(None, world.clock.now());
    let mut writes: Vec<Write> = Write::change(&before, &after, &[]).unwrap().into_iter().collect();
    writes.extend(rows_beside(Some(&before), Some(&after)).unwrap());
    world.store.commit(writes).await.unwrap();
    api.done(Method::DELETE, "/v1/employees/anna", None).await;
    world.settle().await;
    let chat = world.chat(&phone(0)).await.unwrap();
    assert_eq!(
        (chat.assignment_state, chat.responsible),
        (AssignmentState::Waiting, None),
        "and no member is eligible"
    );
    assert_eq!(world.records_of_client(0).await[0].why, AssignmentReason::Removed);
    world.set_place(&api, "boris", MANAGER(true)).await;
    world.settle().await;
    assert_eq!(world.whose_are(0..4).await, ["boris"; 4]);
}
