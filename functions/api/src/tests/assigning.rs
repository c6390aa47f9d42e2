//! Requeueing a client by an employee, and the assignment history of a chat (B4).

use super::rows::{account, change, contact, create};
use super::staff::Staff;
use serde_json::{Value, json};
use shared::base::clock::Timestamp;
use shared::base::ids::{ChatId, ContactId, EmployeeId};
use shared::model::assignment::WaitingClient;
use shared::model::chat::Chat;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::assignment_record::{AssignmentRecord, Considered};
use shared::model::chat::state::{AssignmentState, QueuePreference};
use shared::model::employee::Ineligible;
use shared::model::employee::Membership;
use shared::store::keys::{self, OpenChat};
use shared::store::row::Write;
use shared::store::{Read, chat_transaction::rows_beside};

async fn stored(staff: &Staff, id: &str) -> Chat {
    staff.bench.app.store.chat(&account(&staff.company), &ChatId::new(id)).await.unwrap().unwrap()
}

async fn waiting(staff: &Staff) -> Vec<WaitingClient> {
    let chat = stored(staff, "a").await;
    staff.bench.app.store.waiting(&chat.account, &chat.channel, 10).await.unwrap()
}

fn anew() -> Option<Value> {
    Some(json!({"distribute": true}))
}

#[tokio::test]
async fn b4_a_head_puts_a_client_back_at_his_place_of_before() {
    let staff = Staff::new().await;
    contact(&staff.bench, &staff.company, "contact", None, &[]).await;
    let before = staff.chat("a", "anna", 1_000_000).await;
    let before = change(&staff.bench, &before, |chat| {
        chat.arrived_at = Some(Timestamp::from_millis(900_000));
        chat.missed_by = vec![EmployeeId::new("boris")];
    })
    .await;
    let store = &staff.bench.app.store;
    store.commit(rows_beside(None, Some(&before)).unwrap()).await.unwrap();
    let path = "/v1/chats/a/assign";
    staff.bench.nudged();
    let back = staff.bench.expect(200, staff.key("head"), "POST", path, anew()).await;
    assert_eq!((&back["client"], &back["responsible"]), (&json!("waiting"), &Value::Null));
    assert_eq!(back["waiting_since"], "1970-01-01T00:15:00.000Z");
    let now = stored(&staff, "a").await;
    assert_eq!(
        (now.seq, &now.queue_preference, now.missed_by.len()),
        (before.seq + 1, &Some(QueuePreference::Anyone), 0)
    );
    let queue = waiting(&staff).await;
    assert_eq!(queue.iter().map(|one| one.arrived_at).collect::<Vec<_>>(), [Timestamp::from_millis(900_000)]);
    let open: Option<OpenChat> = {
        let row = OpenChat::of(&before).unwrap();
        store.get(&shared::store::row::Row::key(&row), Read::Consistent).await.unwrap()
    };
    assert!(open.is_none(), "the employee has room under the cap again");
    assert_eq!(staff.bench.nudged(), std::slice::from_ref(&staff.channel));
    // Requeueing again changes nothing, and nudges.
    staff.bench.expect(200, staff.key("admin"), "POST", path, anew()).await;
    assert_eq!(stored(&staff, "a").await.seq, now.seq);
    assert_eq!(staff.bench.nudged(), std::slice::from_ref(&staff.channel));
    let person = store.contact(&now.account, &ContactId::new("contact"), Read::Consistent).await;
    assert!(person.unwrap().unwrap().responsible.is_none(), "unassigned, as before");
    let told = staff.bench.expect(200, staff.key("head"), "GET", "/v1/chats/a/assignment", None).await;
    let entry = json!({
        "seq": now.seq, "at": "2026-11-21T09:10:00.000Z", "why": "back_by_hand", "responsible": null, "by": "head",
        "arrived_at": "1970-01-01T00:15:00.000Z", "waits": true, "considered": [], "more": false
    });
    assert_eq!(told["history"], json!([entry]));
    assert_eq!(told["wish"], json!({"type": "anew"}));
    // A client who is assigned to an employee leaves the queue.
    let to = Some(json!({"employee": "boris"}));
    staff.bench.expect(200, staff.key("head"), "POST", path, to).await;
    assert!(waiting(&staff).await.is_empty());
}

#[tokio::test]
async fn b4_a_client_who_has_not_written_is_given_out_to_nobody() {
    let staff = Staff::new().await;
    let before = staff.chat("a", "anna", 1_000_000).await;
    change(&staff.bench, &before, |chat| chat.assignment_state = AssignmentState::Silent).await;
    let refused = (422, "client_silent", Some("distribute"));
    staff.bench.refused(staff.key("head"), ("POST", "/v1/chats/a/assign"), anew(), refused).await;
    for (who, status) in [("anna", 403), ("quality", 403), ("boris", 404), ("stranger", 404)] {
        staff.bench.expect(status, staff.key(who), "POST", "/v1/chats/a/assign", anew()).await;
    }
}

#[tokio::test]
async fn whoever_sees_a_chat_reads_who_got_it_and_why() {
    let staff = Staff::new().await;
    let mut chat = staff.chat("a", "waiting", 1_000_000).await;
    let before = chat.clone();
    let at = Timestamp::from_millis(1_700_000_000_000);
    let records: Vec<AssignmentRecord> = (0..3)
        .map(|_| {
            let considered =
                [("boris", Some(Ineligible::ReceivesNoNewClients)), ("gone", None), ("anna", None)];
            let considered =
                considered.map(|(who, reason)| Considered { employee: EmployeeId::new(who), reason });
            chat.assign(&EmployeeId::new("anna"), AssignmentReason::Turn, at).among(considered.into(), true)
        })
        .collect();
    create(&staff.bench, &records).await;
    let write = Write::change(&before, &chat, &[]).unwrap().unwrap();
    staff.bench.app.store.commit(vec![write]).await.unwrap();
    for (who, status) in
        [("admin", 200), ("anna", 200), ("head", 200), ("quality", 200), ("boris", 404), ("stranger", 404)]
    {
        staff.bench.expect(status, staff.key(who), "GET", "/v1/chats/a/assignment", None).await;
    }
    let (mut visible, mut path) = (Vec::new(), "/v1/chats/a/assignment?limit=2".to_owned());
    loop {
        let page = staff.bench.expect(200, staff.key("anna"), "GET", &path, None).await;
        assert_eq!(
            (&page["responsible"], &page["position"], &page["now"]),
            (&json!("anna"), &Value::Null, &Value::Null)
        );
        visible.extend(page["history"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/chats/a/assignment?limit=2&cursor={cursor}");
    }
    let numbers: Vec<u64> = visible.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [chat.seq, chat.seq - 1, chat.seq - 2], "the latest first");
    assert_eq!((&visible[0]["why"], &visible[0]["more"]), (&json!("turn"), &json!(true)));
    let considered = json!([
        {"employee": "boris", "name": "Name of boris", "reason": "receives_no_new_clients"},
        {"employee": "gone", "name": null, "reason": null},
        {"employee": "anna", "name": "Name of anna", "reason": null}
    ]);
    assert_eq!(visible[0]["considered"], considered);
    let other = (400, "invalid_cursor", Some("cursor"));
    staff.chat("b", "anna", 1_000_000).await;
    let path = path.replace("/a/", "/b/");
    staff.bench.refused(staff.key("anna"), ("GET", &path), None, other).await;
    let news = format!("/v1/chats/a/changes?since={}", chat.seq - 1);
    let news = staff.bench.expect(200, staff.key("anna"), "GET", &news, None).await;
    let assignment = json!({
        "at": "2023-11-14T22:13:20.000Z", "why": "turn", "responsible": "anna", "by": null, "waits": false
    });
    assert_eq!(news["changes"][0]["assignment"], assignment);
}

#[tokio::test]
async fn while_he_waits_his_place_and_everybodys_reason_are_told() {
    let staff = Staff::new().await;
    let account = account(&staff.company);
    for (id, arrived) in [("x", 1), ("a", 2), ("y", 3)] {
        let chat = staff.chat(id, "waiting", 1_000_000).await;
        let after = change(&staff.bench, &chat, |chat| {
            chat.waiting_since = Some(Timestamp::from_millis(arrived));
            chat.missed_by = vec![EmployeeId::new("anna")];
        })
        .await;
        let rows = rows_beside(Some(&chat), Some(&after)).unwrap();
        staff.bench.app.store.commit(rows).await.unwrap();
    }
    let key = keys::membership(&account, &stored(&staff, "a").await.channel, &EmployeeId::new("head"));
    let head: Membership = staff.bench.app.store.get(&key, Read::Consistent).await.unwrap().unwrap();
    change(&staff.bench, &head, |head| {
        (head.receives_new_clients, head.cap) = (true, Some(1));
    })
    .await;
    let mut open = staff.chat("open", "head", 1_000_000).await;
    open.state = shared::model::chat::state::ChatState::Live;
    staff.bench.app.store.commit(rows_beside(None, Some(&open)).unwrap()).await.unwrap();
    let told = staff.bench.expect(200, staff.key("head"), "GET", "/v1/chats/a/assignment", None).await;
    assert_eq!((&told["position"], &told["client"]), (&json!(1), &json!("waiting")));
    assert_eq!(told["passed"], json!(["anna"]));
    let members = told["now"]["members"].as_array().unwrap();
    let reasons: Vec<(&str, &str)> = members
        .iter()
        .map(|one| (one["employee"].as_str().unwrap(), one["reason"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(
        reasons,
        [
            ("anna", "did_not_answer"),
            ("boris", "receives_no_new_clients"),
            ("head", "cap_reached"),
            ("quality", "may_not_write")
        ]
    );
    assert_eq!(told["now"]["more"], false);
}
