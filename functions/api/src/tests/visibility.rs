//! Who sees which chats, and what they may do with them (B1, B9, P10).

use super::rows::{change, ids};
use super::staff::{EVERYBODY, Staff};
use serde_json::{Value, json};
use shared::base::ids::EmployeeId;
use shared::model::chat::Chat;

/// The responsible of each chat, and the callers who see it.
const SEEN: [(&str, [&str; 4]); 4] = [
    ("anna", ["admin", "head", "quality", "anna"]),
    ("boris", ["admin", "head", "quality", "boris"]),
    ("pool", ["admin", "head", "quality", "anna"]),
    ("waiting", ["admin", "head", "quality", ""]),
];

/// The paths that read a chat.
const READS: [&str; 4] = ["", "/messages", "/changes", "/listings"];

/// The calls that change a chat; repeating one has no further effect.
fn changes() -> [(&'static str, &'static str, Value); 4] {
    [
        ("POST", "/read", json!({"message": "m0"})),
        ("POST", "/no-answer-needed", json!({"message": "m0"})),
        ("PUT", "/status", json!({"status": "waiting"})),
        ("POST", "/finish", json!({"status": "closed"})),
    ]
}

#[tokio::test]
async fn p10_each_role_opens_and_changes_what_it_may() {
    let staff = Staff::new().await;
    for (whose, seen_by) in SEEN {
        staff.chat(whose, whose, 1_000_000).await;
        for who in EVERYBODY {
            let visible = seen_by.contains(&who);
            let key = staff.key(who);
            for what in READS {
                let (status, answer) =
                    staff.bench.call(key, "GET", &format!("/v1/chats/{whose}{what}"), None).await;
                assert_eq!(status, if visible { 200 } else { 404 }, "{who} reads {whose}{what}: {answer}");
            }
            for (method, what, body) in changes() {
                let expected = match (visible, who) {
                    (false, _) => 404,
                    (true, "quality") => 403,
                    (true, _) => 200,
                };
                let path = format!("/v1/chats/{whose}{what}");
                let (status, answer) = staff.bench.call(key, method, &path, Some(body)).await;
                assert_eq!(status, expected, "{who} {what} {whose}: {answer}");
                if !visible {
                    let unknown = staff.bench.call(key, "GET", "/v1/chats/nothing", None).await.1;
                    assert_eq!(answer["error"], unknown["error"], "the same answer as for an unknown chat");
                }
            }
        }
    }
}

#[tokio::test]
async fn p10_who_gives_clients_to_others() {
    let staff = Staff::new().await;
    for (whose, seen_by) in SEEN {
        for who in EVERYBODY {
            let id = format!("{whose}-{who}");
            staff.chat(&id, whose, 1_000_000).await;
            let expected = match (seen_by.contains(&who), who) {
                (false, _) => 404,
                (true, "admin" | "head") => 200,
                (true, _) => 403,
            };
            let path = format!("/v1/chats/{id}/assign");
            let to = Some(json!({"employee": "boris"}));
            let (status, answer) = staff.bench.call(staff.key(who), "POST", &path, to).await;
            assert_eq!(status, expected, "{who} assigns {whose}: {answer}");
            let now =
                staff.bench.expect(200, staff.key("admin"), "GET", &format!("/v1/chats/{id}"), None).await;
            let his = now["chat"]["responsible"] == "boris";
            assert_eq!(his, expected == 200 || whose == "boris", "{who} assigns {whose}");
        }
    }
}

#[tokio::test]
async fn p10_a_list_shows_what_opens_and_nothing_else() {
    let staff = Staff::new().await;
    for (at, (whose, _)) in SEEN.into_iter().enumerate() {
        staff.chat(whose, whose, 1_000_000 + i64::try_from(at).unwrap() * 1000).await;
    }
    let channel = format!("/v1/chats?channel={}", staff.channel);
    let pool = format!("/v1/chats?list=unclaimed&channel={}", staff.channel);
    let mine = "/v1/chats?list=mine".to_owned();
    let all = ["waiting", "pool", "boris", "anna"].as_slice();
    for (who, path, expected) in [
        ("admin", &channel, Ok(all)),
        ("head", &channel, Ok(all)),
        ("quality", &channel, Ok(all)),
        ("anna", &channel, Err((403, "no_role"))),
        ("boris", &channel, Err((403, "no_role"))),
        ("stranger", &channel, Err((404, "not_found"))),
        ("admin", &pool, Ok(["pool"].as_slice())),
        ("head", &pool, Ok(["pool"].as_slice())),
        ("quality", &pool, Ok(["pool"].as_slice())),
        ("anna", &pool, Ok(["pool"].as_slice())),
        ("boris", &pool, Err((403, "no_role"))),
        ("stranger", &pool, Err((404, "not_found"))),
        ("admin", &mine, Err((400, "invalid_value"))),
        ("anna", &mine, Ok(["anna"].as_slice())),
        ("boris", &mine, Ok(["boris"].as_slice())),
        ("head", &mine, Ok([].as_slice())),
        ("stranger", &mine, Ok([].as_slice())),
    ] {
        match expected {
            Ok(expected) => {
                let found = ids(&staff.bench, staff.key(who), &format!("{path}&limit=1"), "chats").await;
                assert_eq!(found, expected, "{who} {path}");
            }
            Err((status, code)) => {
                let answer = staff.bench.expect(status, staff.key(who), "GET", path, None).await;
                assert_eq!(answer["error"]["code"], code, "{who} {path}");
            }
        }
    }
    for (who, whose, status) in
        [("admin", "anna", 200), ("anna", "anna", 200), ("anna", "boris", 403), ("head", "anna", 403)]
    {
        for list in ["employee", "unanswered_by"] {
            let path = format!("/v1/chats?{list}={whose}");
            let answer = staff.bench.expect(status, staff.key(who), "GET", &path, None).await;
            assert!(status != 200 || answer["chats"][0]["id"] == whose, "{who} {path} {answer}");
        }
    }
}

#[tokio::test]
async fn b1_no_role_no_access_also_to_ones_own_clients() {
    let staff = Staff::new().await;
    staff.chat("a", "anna", 1_000_000).await;
    let place = format!("/v1/channels/{}/employees/anna", staff.channel);
    staff.bench.expect(204, staff.key("admin"), "DELETE", &place, None).await;
    staff.bench.expect(404, staff.key("anna"), "GET", "/v1/chats/a", None).await;
    for list in ["list=mine&limit=5", "unanswered_by=anna&limit=5"] {
        let path = format!("/v1/chats?{list}");
        assert!(ids(&staff.bench, staff.key("anna"), &path, "chats").await.is_empty(), "{list}");
    }
}

#[tokio::test]
async fn b3_a_claim_takes_a_chat_out_of_the_others_list_in_that_write() {
    let staff = Staff::new().await;
    staff.place("boris", "manager", true).await;
    let before = staff.chat("a", "pool", 1_000_000).await;
    let pool = format!("/v1/chats?list=unclaimed&channel={}&limit=5", staff.channel);
    for who in ["anna", "boris"] {
        assert_eq!(ids(&staff.bench, staff.key(who), &pool, "chats").await, ["a"]);
        staff.bench.expect(200, staff.key(who), "GET", "/v1/chats/a", None).await;
    }
    change(&staff.bench, &before, |chat: &mut Chat| chat.set_responsible(&EmployeeId::new("anna"))).await;
    for who in ["admin", "anna", "boris", "head"] {
        assert!(ids(&staff.bench, staff.key(who), &pool, "chats").await.is_empty(), "{who}");
    }
    assert_eq!(ids(&staff.bench, staff.key("anna"), "/v1/chats?list=mine&limit=5", "chats").await, ["a"]);
    staff.bench.expect(200, staff.key("anna"), "GET", "/v1/chats/a", None).await;
    staff.bench.expect(404, staff.key("boris"), "GET", "/v1/chats/a", None).await;
}

#[tokio::test]
async fn a_chat_says_whether_one_may_write() {
    let staff = Staff::new().await;
    for (whose, _) in SEEN {
        staff.chat(whose, whose, 1_000_000).await;
    }
    let channel = format!("/v1/channels/{}", staff.channel);
    let first = json!({"distribution": "first_responder"});
    staff.bench.expect(200, staff.key("admin"), "PATCH", &channel, Some(first)).await;
    let yes = |claims: bool| json!({"allowed": true, "claims": claims, "reason": null});
    let no = |reason: &str| json!({"allowed": false, "claims": false, "reason": reason});
    for (who, whose, expected) in [
        ("admin", "anna", yes(false)),
        ("anna", "anna", yes(false)),
        ("anna", "pool", yes(true)),
        ("head", "pool", yes(false)),
        ("head", "waiting", yes(false)),
        ("quality", "anna", no("quality_control")),
    ] {
        let shown = staff.bench.expect(200, staff.key(who), "GET", &format!("/v1/chats/{whose}"), None).await;
        assert_eq!(shown["may_send"], expected, "{who} {whose}");
    }
}

#[tokio::test]
async fn d1_an_employee_counts_his_own_unanswered_and_who_sees_all_those_of_others() {
    let staff = Staff::new().await;
    staff.chat("a", "anna", 2_000_000).await;
    staff.chat("b", "anna", 1_000_000).await;
    let path = "/v1/employees/anna/unanswered";
    let count = json!({"count": 2, "oldest_at": "1970-01-01T00:16:40.000Z"});
    for who in ["admin", "anna", "head", "quality"] {
        let counted = staff.bench.expect(200, staff.key(who), "GET", path, None).await;
        assert_eq!(counted, count, "{who}");
    }
    for who in ["boris", "stranger"] {
        for path in [path, "/v1/employees/nobody/unanswered"] {
            let refused = (403, "no_role", None);
            staff.bench.refused(staff.key(who), ("GET", path), None, refused).await;
        }
    }
    // Removed from the channel, anna counts none there any more; the account still does.
    let place = format!("/v1/channels/{}/employees/anna", staff.channel);
    staff.bench.expect(204, staff.key("admin"), "DELETE", &place, None).await;
    let none = json!({"count": 0, "oldest_at": null});
    assert_eq!(staff.bench.expect(200, staff.key("anna"), "GET", path, None).await, none);
    assert_eq!(staff.bench.expect(200, staff.key("admin"), "GET", path, None).await, count);
    // A head learns nothing of chats on channels where they are no member.
    let place = format!("/v1/channels/{}/employees/head", staff.channel);
    staff.bench.expect(204, staff.key("admin"), "DELETE", &place, None).await;
    staff.bench.expect(403, staff.key("head"), "GET", path, None).await;
}

#[tokio::test]
async fn another_accounts_chats_are_not_there_for_an_employee() {
    let staff = Staff::new().await;
    let other = staff.bench.company("Two").await;
    let (channels, _) = staff.bench.connected(&other.key, &["c2"]).await;
    super::rows::chat(&staff.bench, &other, &channels[0], "theirs", 1_000_000, 2).await;
    for who in EVERYBODY {
        let key = staff.key(who);
        for what in READS {
            staff.bench.expect(404, key, "GET", &format!("/v1/chats/theirs{what}"), None).await;
        }
        let assign = ("POST", "/assign", json!({"employee": "anna"}));
        for (method, what, body) in changes().into_iter().chain([assign]) {
            staff.bench.expect(404, key, method, &format!("/v1/chats/theirs{what}"), Some(body)).await;
        }
        for list in ["", "&list=unclaimed"] {
            let path = format!("/v1/chats?channel={}{list}", channels[0]);
            staff.bench.expect(404, key, "GET", &path, None).await;
        }
        staff.bench.expect(404, &other.key, "GET", "/v1/employees/anna/unanswered", None).await;
    }
}

#[tokio::test]
async fn b9_what_is_left_out_of_a_page_is_made_up_for() {
    let staff = Staff::new().await;
    let (channels, _) = staff.bench.connected(&staff.company.key, &["c1", "c2"]).await;
    let second = channels.iter().find(|id| **id != staff.channel).unwrap();
    for at in 0..6 {
        let id = format!("elsewhere-{at}");
        let waits = super::rows::chat(&staff.bench, &staff.company, second, &id, 2_000_000 + at, 1).await;
        change(&staff.bench, &waits, |chat| chat.set_responsible(&EmployeeId::new("anna"))).await;
    }
    for id in ["a", "b"] {
        staff.chat(id, "anna", 1_000_000).await;
    }
    // Anna is no member of the second channel, where she is responsible for six later chats.
    for list in ["list=mine&state=live", "list=mine"] {
        let path = format!("/v1/chats?{list}&limit=2");
        let page = staff.bench.expect(200, staff.key("anna"), "GET", &path, None).await;
        assert_eq!(page["chats"].as_array().unwrap().len(), 2, "{page}");
        assert!(
            page["chats"].as_array().unwrap().iter().all(|chat| chat["channel"] == staff.channel.as_str())
        );
    }
}
