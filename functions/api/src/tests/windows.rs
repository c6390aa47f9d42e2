//! What an agent's window reads: lists since a moment, changes since a number, a client's chats.

use super::rows::{change, chat, contact, event, ids, telegram};
use super::staff::Staff;
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::clock::Timestamp;
use shared::base::ids::EmployeeId;
use shared::model::chat::Chat;
use shared::model::chat::state::FinishReason;
use shared::model::contact::Identity;
use shared::model::event::Revision;
use shared::model::messenger::Messenger;
use shared::store::row::Write;

#[tokio::test]
async fn a_channels_list_since_a_moment() {
    let staff = Staff::new().await;
    for (id, at) in [("a", 1_000_000), ("b", 2_000_000), ("c", 2_030_000), ("d", 2_030_001)] {
        staff.chat(id, "anna", at).await;
    }
    let key = staff.key("head");
    for (since, expected) in [
        ("1970-01-01T00:00:00Z", ["d", "c", "b", "a"].as_slice()),
        ("1970-01-01T00:33:50Z", &["d", "c", "b"]),
        ("1970-01-01T00:34:20.001Z", &["d"]),
        ("1970-01-01T00:35:00Z", &[]),
    ] {
        let path = format!("/v1/chats?channel={}&limit=1&since={since}", staff.channel);
        assert_eq!(ids(&staff.bench, key, &path, "chats").await, expected, "{since}");
    }
    for (query, field) in [
        ("channel=c&since=yesterday", "since"),
        ("list=mine&since=1970-01-01T00:00:00Z", "since"),
        ("employee=anna&since=1970-01-01T00:00:00Z", "since"),
        ("list=mine&channel=c", "channel"),
        ("list=mine&employee=anna", "employee"),
        ("list=unclaimed&channel=c&unanswered_by=anna", "unanswered_by"),
        ("list=all", "list"),
        ("channel=c&employee=anna", "employee"),
    ] {
        let path = format!("/v1/chats?{query}");
        staff
            .bench
            .refused(staff.key("anna"), ("GET", &path), None, (400, "invalid_value", Some(field)))
            .await;
    }
    let missing = (400, "missing_field", Some("channel"));
    staff.bench.refused(key, ("GET", "/v1/chats?list=unclaimed"), None, missing).await;
}

#[tokio::test]
async fn an_employees_lists_stand_apart() {
    let staff = Staff::new().await;
    for id in ["a", "b", "c"] {
        let before = staff.chat(id, "anna", 1_000_000).await;
        if id == "b" {
            let end = Timestamp::from_millis(5_000_000);
            change(&staff.bench, &before, |chat| drop(chat.finish(FinishReason::Inactivity, end))).await;
        }
        if id == "c" {
            change(&staff.bench, &before, |chat: &mut Chat| {
                chat.state = shared::model::chat::state::ChatState::Case
            })
            .await;
        }
    }
    for (who, list) in [("anna", "list=mine"), ("anna", "employee=anna"), ("admin", "employee=anna")] {
        for (state, expected) in [
            ("", ["a", "b", "c"].as_slice()),
            ("&state=live", &["a"]),
            ("&state=general", &["b"]),
            ("&state=case", &["c"]),
        ] {
            let path = format!("/v1/chats?{list}{state}&limit=1");
            assert_eq!(ids(&staff.bench, staff.key(who), &path, "chats").await, expected, "{who} {path}");
        }
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_one_callers_view() {
    let staff = Staff::new().await;
    for id in ["a", "b"] {
        staff.chat(id, "anna", 1_000_000).await;
        staff.chat(&format!("pool-{id}"), "pool", 1_000_000).await;
    }
    let channel = &staff.channel;
    let views = [
        ("anna", "/v1/chats?list=mine&limit=1".to_owned()),
        ("anna", "/v1/chats?list=mine&state=live&limit=1".to_owned()),
        ("admin", "/v1/chats?employee=anna&limit=1".to_owned()),
        ("admin", format!("/v1/chats?channel={channel}&limit=1")),
        ("head", format!("/v1/chats?channel={channel}&limit=1")),
        ("quality", format!("/v1/chats?channel={channel}&limit=1")),
        ("anna", format!("/v1/chats?list=unclaimed&channel={channel}&limit=1")),
        ("head", format!("/v1/chats?list=unclaimed&channel={channel}&limit=1")),
        ("anna", "/v1/chats?unanswered_by=anna&limit=1".to_owned()),
    ];
    let mut cursors = Vec::new();
    for (who, path) in &views {
        let page: Value = staff.bench.expect(200, staff.key(who), "GET", path, None).await;
        cursors.push(page["next_cursor"].as_str().expect(path).to_owned());
    }
    for (at, (who, path)) in views.iter().enumerate() {
        for (of, cursor) in cursors.iter().enumerate() {
            let path = format!("{path}&cursor={cursor}");
            let (status, answer) = staff.bench.call(staff.key(who), "GET", &path, None).await;
            assert_eq!(status, if at == of { 200 } else { 400 }, "{who} {path} {answer}");
        }
    }
}

/// The numbers of the changes in an answer, the number up to which it reaches, and whether there are more.
fn numbers(answer: &Value) -> (Vec<u64>, u64, bool) {
    let numbers = answer["changes"].as_array().unwrap().iter().map(|change| change["seq"].as_u64().unwrap());
    (numbers.collect(), answer["last_seq"].as_u64().unwrap(), answer["more"].as_bool().unwrap())
}

#[tokio::test]
async fn a_window_learns_every_change_once_and_in_order() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let before = chat(&bench, &company, "channel", "a", 1_000_000, 5).await;
    let asked = |since: u64, limit: u32| {
        let path = format!("/v1/chats/a/changes?since={since}&limit={limit}");
        let (bench, key) = (&bench, &company.key);
        async move { bench.expect(200, key, "GET", &path, None).await }
    };
    assert_eq!(numbers(&asked(0, 2).await), (vec![1, 2], 2, true));
    assert_eq!(numbers(&asked(2, 2).await), (vec![3, 4], 4, true));
    assert_eq!(numbers(&asked(4, 2).await), (vec![5], 5, false));
    assert_eq!(numbers(&asked(5, 2).await), (vec![], 5, false));
    assert_eq!(numbers(&asked(99, 2).await), (vec![], 99, false));
    // An edit moves its message; an assignment uses a number without a row.
    let mut after = before.clone();
    let stored = bench.app.store.numbered_after(&before.account, &before.chat, 1).await.unwrap();
    let second = stored.iter().find_map(|row| match row {
        shared::model::crm::progress::SequencedRow::Message(row) if row.seq == 2 => Some(row.clone()),
        _ => None,
    });
    let second = second.unwrap();
    let mut edit = event("channel", "a", "m1", 9_000_000);
    (edit.revision, edit.text) = (Revision::Edited, Some("edited".into()));
    let edited = after.receive(&edit, Some(&second), Timestamp::from_millis(9_000_000)).unwrap();
    after.set_responsible(&EmployeeId::new("7"));
    let writes = vec![
        Write::change(&before, &after, &[]).unwrap().unwrap(),
        Write::change(&*second, &edited, &[]).unwrap().unwrap(),
    ];
    bench.app.store.commit(writes).await.unwrap();
    let news = asked(5, 2).await;
    assert_eq!(numbers(&news), (vec![6], 7, false));
    let message = &news["changes"][0]["message"];
    assert_eq!(
        (&message["id"], &message["text"], &message["edited"]),
        (&json!("m1"), &json!("edited"), &json!(true))
    );
    assert_eq!(news["chat"]["responsible"], "7");
    assert_eq!(numbers(&asked(0, 50).await), (vec![1, 3, 4, 5, 6], 7, false));
    for (query, field) in
        [("since=-1", "since"), ("since=x", "since"), ("limit=0", "limit"), ("limit=101", "limit")]
    {
        let path = format!("/v1/chats/a/changes?{query}");
        bench.refused(&company.key, ("GET", &path), None, (400, "invalid_value", Some(field))).await;
    }
}

#[tokio::test]
async fn b9_a_client_is_found_by_what_is_his_and_only_in_ones_own_chats() {
    let staff = Staff::new().await;
    let instagram = Identity { messenger: Messenger::Instagram, group: false, user: "ivan.cars".into() };
    contact(&staff.bench, &staff.company, "contact", Some("+79011112233"), &[telegram("42"), instagram])
        .await;
    contact(&staff.bench, &staff.company, "other", Some("+79011112244"), &[]).await;
    for (at, whose) in ["anna", "boris", "pool"].into_iter().enumerate() {
        staff.chat(whose, whose, 1_000_000 + i64::try_from(at).unwrap() * 10_000).await;
    }
    let found = |who: &'static str, query: &'static str| {
        let staff = &staff;
        async move {
            let path = format!("/v1/chats/search?{query}");
            let answer = staff.bench.expect(200, staff.key(who), "GET", &path, None).await;
            let chats = answer["chats"].as_array().unwrap().iter();
            chats.map(|chat| chat["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    let all = ["pool", "boris", "anna"];
    for query in [
        "q=%2B79011112233",
        "q=8%20(901)%20111-22-33",
        "q=79011112233",
        "q=contact",
        "q=42&messenger=telegram",
        "q=%40ivan.cars&messenger=instagram",
        "q=ivan.cars&messenger=Instagram",
    ] {
        for (who, expected) in [
            ("admin", all.as_slice()),
            ("head", &all),
            ("quality", &all),
            ("anna", &["pool", "anna"]),
            ("boris", &["boris"]),
            ("stranger", &[]),
        ] {
            assert_eq!(found(who, query).await, expected, "{who} {query}");
        }
    }
    for query in
        ["q=%2B79019999999", "q=nobody", "q=43&messenger=telegram", "q=x&messenger=whatsapp", "q=Ivan"]
    {
        assert!(found("admin", query).await.is_empty(), "{query}");
    }
    assert!(found("admin", "q=other").await.is_empty(), "a client without chats");
    for (query, code, field) in [
        ("", "missing_field", "q"),
        ("q=", "invalid_value", "q"),
        ("q=1&messenger=", "invalid_value", "messenger"),
        ("q=1&messenger=whatsgroup", "invalid_value", "messenger"),
        ("q=1&name=x", "unknown_field", "name"),
    ] {
        let path = format!("/v1/chats/search?{query}");
        staff.bench.refused(staff.key("anna"), ("GET", &path), None, (400, code, Some(field))).await;
    }
    let other = staff.bench.company("Two").await;
    let path = "/v1/chats/search?q=%2B79011112233";
    let answer = staff.bench.expect(200, &other.key, "GET", path, None).await;
    assert_eq!(answer["chats"], json!([]), "another account's");
}
