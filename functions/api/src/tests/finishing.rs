//! Finishing a chat by an employee, its status, and assigning a client to another employee (F3).

use super::rows::{account, change, contact, event, ids};
use super::staff::Staff;
use serde_json::{Value, json};
use shared::base::clock::Timestamp;
use shared::base::ids::{ChannelId, ChatId, ContactId};
use shared::model::account::Account;
use shared::model::assignment::Ring;
use shared::model::chat::{Chat, ForRules};
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::{Read, keys};

/// The chats of which the CRM was notified since the last call.
fn told(staff: &Staff) -> Vec<Value> {
    let nudges = std::mem::take(&mut staff.bench.world.lock().unwrap().nudges);
    nudges
        .into_iter()
        .filter(|nudge| !nudge["contact"].is_null())
        .map(|nudge| nudge["chat"].clone())
        .collect()
}

async fn with_crm(staff: &Staff) {
    let crm = json!({"kind": "universal", "webhook_url": "https://crm.example.com/hook"});
    staff.bench.expect(200, &staff.company.key, "PUT", "/v1/crm", Some(crm)).await;
}

async fn stored(staff: &Staff, id: &str) -> Chat {
    staff.bench.app.store.chat(&account(&staff.company), &ChatId::new(id)).await.unwrap().unwrap()
}

#[tokio::test]
async fn f3_an_employee_finishes_a_chat_with_a_status() {
    let staff = Staff::new().await;
    with_crm(&staff).await;
    let before = staff.chat("a", "anna", 1_000_000).await;
    told(&staff);
    let closed = || Some(json!({"status": "closed"}));
    let done = staff.bench.expect(200, staff.key("anna"), "POST", "/v1/chats/a/finish", closed()).await;
    assert_eq!(
        (&done["state"], &done["finish_reason"], &done["status"]),
        (&json!("general"), &json!("by_hand"), &json!("closed"))
    );
    assert_eq!(done["finished_at"], "2026-11-21T09:10:00.000Z");
    assert!(done["unanswered_at"].is_string(), "finished but unanswered still counts");
    assert_eq!(told(&staff), [json!("a")]);
    for (state, expected) in [("live", [].as_slice()), ("general", &["a"])] {
        let mine = format!("/v1/chats?list=mine&state={state}&limit=5");
        assert_eq!(ids(&staff.bench, staff.key("anna"), &mine, "chats").await, expected, "{state}");
        let channel = format!("/v1/chats?channel={}&state={state}&limit=5", staff.channel);
        assert_eq!(ids(&staff.bench, staff.key("head"), &channel, "chats").await, expected, "{state}");
    }
    let news = format!("/v1/chats/a/changes?since={}", before.seq);
    let news = staff.bench.expect(200, staff.key("anna"), "GET", &news, None).await;
    let at = "2026-11-21T09:10:00.000Z";
    let finished = json!({"at": at, "reason": "by_hand", "status": "closed"});
    let seq = before.seq + 1;
    let told = json!({"seq": seq, "message": null, "finished": finished, "assignment": null, "notice": null});
    assert_eq!(news["changes"], json!([told]));
    let again =
        staff.bench.expect(200, staff.key("head"), "POST", "/v1/chats/a/finish", Some(json!({}))).await;
    assert_eq!(again["status"], "closed");
    assert_eq!(stored(&staff, "a").await.seq, before.seq + 1, "the chat was finished already");
    let open = Some(json!({"status": "open"}));
    let said = staff.bench.expect(200, staff.key("anna"), "POST", "/v1/chats/a/finish", open).await;
    assert_eq!((&said["status"], &said["state"]), (&json!("open"), &json!("general")));
}

#[tokio::test]
async fn f3_a_status_is_said_without_finishing_and_taken_back() {
    let staff = Staff::new().await;
    staff.chat("a", "anna", 1_000_000).await;
    for status in [json!("waiting"), Value::Null] {
        let body = Some(json!({"status": status}));
        let said = staff.bench.expect(200, staff.key("anna"), "PUT", "/v1/chats/a/status", body).await;
        assert_eq!((&said["status"], &said["state"]), (&status, &json!("live")));
    }
    for (path, body, code, field) in [
        ("finish", json!({"status": null}), "invalid_value", "status"),
        ("finish", json!({"status": "done"}), "invalid_value", "status"),
        ("finish", json!({"why": "x"}), "unknown_field", "why"),
        ("assign", json!({}), "missing_field", "employee"),
        ("assign", json!({"employee": null}), "invalid_value", "employee"),
        ("assign", json!({"distribute": false}), "invalid_value", "distribute"),
        ("assign", json!({"distribute": null}), "invalid_value", "distribute"),
        ("assign", json!({"distribute": true, "employee": "anna"}), "invalid_value", "distribute"),
        ("assign", json!({"employee": ""}), "invalid_value", "employee"),
        ("assign", json!({"employee": "a#b"}), "invalid_value", "employee"),
        ("assign", json!({"employee": "anna", "by": "x"}), "unknown_field", "by"),
    ] {
        let path = format!("/v1/chats/a/{path}");
        staff.bench.refused(staff.key("head"), ("POST", &path), Some(body), (400, code, Some(field))).await;
    }
    for (body, code) in [(json!({}), "missing_field"), (json!({"status": "done"}), "invalid_value")] {
        let refused = (400, code, Some("status"));
        staff.bench.refused(staff.key("anna"), ("PUT", "/v1/chats/a/status"), Some(body), refused).await;
    }
}

#[tokio::test]
async fn f3_a_message_that_comes_meanwhile_is_not_lost_by_finishing() {
    let staff = Staff::new().await;
    for round in 0..20 {
        let id = format!("c{round}");
        let before = staff.chat(&id, "anna", 1_000_000).await;
        let path = format!("/v1/chats/{id}/finish");
        let writer = async {
            // Each round writes a little later, so that one write falls between the other call's read and its write.
            for _ in 0..round {
                stored(&staff, &id).await;
            }
            // As routing writes: on condition of the chat's number, repeated until it succeeds.
            loop {
                let read = stored(&staff, &id).await;
                let mut after = read.clone();
                let late = event(&staff.channel, &id, "late", 2_000_000);
                let row = after.receive(&late, None, Timestamp::from_millis(2_000_000)).unwrap();
                let write = Write::change(&read, &after, &[attribute::chat::LAST_SEQ]).unwrap().unwrap();
                let writes = vec![write, Write::create(&row).unwrap()];
                if staff.bench.app.store.commit(writes).await.is_ok() {
                    break;
                }
            }
        };
        let finish = staff.bench.call(staff.key("anna"), "POST", &path, Some(json!({"status": "closed"})));
        let (_, (status, answer)) = tokio::join!(writer, finish);
        assert_eq!(status, 200, "{answer}");
        let now = stored(&staff, &id).await;
        assert_eq!((now.seq, now.client_count), (before.seq + 2, 3), "both, one after the other");
        let rows = staff.bench.app.store.numbered_after(&now.account, &now.chat, before.seq).await.unwrap();
        assert_eq!(rows.len(), 2);
    }
}

#[tokio::test]
async fn a_client_is_given_to_another_with_his_contact() {
    let staff = Staff::new().await;
    with_crm(&staff).await;
    contact(&staff.bench, &staff.company, "contact", None, &[]).await;
    let owner = account(&staff.company);
    for whose in ["pool", "waiting", "boris"] {
        staff.chat(whose, whose, 1_000_000).await;
        told(&staff);
        let path = format!("/v1/chats/{whose}/assign");
        for (to, code) in [("stranger", "no_role"), ("nobody", "no_role"), ("quality", "quality_control")] {
            let body = Some(json!({"employee": to}));
            let refused = (422, code, Some("employee"));
            staff.bench.refused(staff.key("head"), ("POST", &path), body, refused).await;
        }
        let to = || Some(json!({"employee": "anna"}));
        let now = staff.bench.expect(200, staff.key("head"), "POST", &path, to()).await;
        assert_eq!((&now["responsible"], &now["client"]), (&json!("anna"), &json!("assigned")));
        assert_eq!(told(&staff), [json!(whose)]);
        let seq = stored(&staff, whose).await.seq;
        staff.bench.expect(200, staff.key("admin"), "POST", &path, to()).await;
        assert_eq!(stored(&staff, whose).await.seq, seq, "this employee is responsible already");
        let person =
            staff.bench.app.store.contact(&owner, &ContactId::new("contact"), Read::Consistent).await;
        assert_eq!(person.unwrap().unwrap().responsible.unwrap().as_str(), "anna");
    }
    let pool = format!("/v1/chats?list=unclaimed&channel={}&limit=5", staff.channel);
    assert!(ids(&staff.bench, staff.key("anna"), &pool, "chats").await.is_empty());
    let mut mine = ids(&staff.bench, staff.key("anna"), "/v1/chats?list=mine&limit=5", "chats").await;
    mine.sort();
    assert_eq!(mine, ["boris", "pool", "waiting"]);
}

/// A ring whose last pass left a client waiting.
async fn somebody_waits(staff: &Staff) {
    let ring =
        Ring { left: 1, ..Ring::new(&account(&staff.company), &ChannelId::new(staff.channel.as_str())) };
    staff.bench.app.store.commit(vec![Write::put(&ring).unwrap()]).await.unwrap();
}

#[tokio::test]
async fn b4_whoever_frees_a_place_lets_the_next_one_in() {
    let staff = Staff::new().await;
    for (id, path, body) in [
        ("a", "finish", json!({})),
        ("b", "assign", json!({"employee": "boris"})),
        ("c", "assign", json!({"distribute": true})),
    ] {
        for waits in [false, true] {
            if waits {
                somebody_waits(&staff).await;
            }
            let id = format!("{id}{waits}");
            staff.chat(&id, "anna", 1_000_000).await;
            staff.bench.nudged();
            let path = format!("/v1/chats/{id}/{path}");
            staff.bench.expect(200, staff.key("head"), "POST", &path, Some(body.clone())).await;
            // A client who goes back into the queue is assigned again.
            let expected = waits || body["distribute"] == true;
            assert_eq!(staff.bench.nudged().contains(&staff.channel), expected, "{path} {waits}");
            staff
                .bench
                .app
                .store
                .commit(vec![Write::forget(keys::ring(
                    &account(&staff.company),
                    &ChannelId::new(staff.channel.as_str()),
                ))])
                .await
                .unwrap();
        }
    }
    // A status frees no room for a client.
    somebody_waits(&staff).await;
    staff.chat("d", "anna", 1_000_000).await;
    staff.bench.nudged();
    let waiting = Some(json!({"status": "waiting"}));
    staff.bench.expect(200, staff.key("anna"), "PUT", "/v1/chats/d/status", waiting).await;
    assert!(staff.bench.nudged().is_empty());
}

#[tokio::test]
async fn f6_rules_are_told_of_an_end_where_there_are_rules() {
    let staff = Staff::new().await;
    for has_rules in [false, true] {
        let id = format!("c{has_rules}");
        let owner: Account = staff
            .bench
            .app
            .store
            .get(&keys::account(&account(&staff.company)), Read::Consistent)
            .await
            .unwrap()
            .unwrap();
        change(&staff.bench, &owner, |owner| owner.has_rules = has_rules).await;
        staff.chat(&id, "anna", 1_000_000).await;
        let path = format!("/v1/chats/{id}/finish");
        for _ in 0..2 {
            staff.bench.expect(200, staff.key("anna"), "POST", &path, Some(json!({}))).await;
        }
        let expected = if has_rules { vec![ForRules::Finished] } else { Vec::new() };
        assert_eq!(stored(&staff, &id).await.for_rules, expected, "once");
    }
}
