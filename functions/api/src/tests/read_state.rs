//! Read, unread and unanswered (D2).

use super::rows::{account, change, chat, ids};
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::clock::Timestamp;
use shared::base::ids::{ChatId, EmployeeId};
use shared::model::chat::Chat;
use shared::model::chat::state::FinishReason;
use shared::store::attribute;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn marks(chat: &Value) -> (u64, bool) {
    (chat["unread"].as_u64().unwrap(), chat["unanswered_at"].is_string())
}

#[tokio::test]
async fn an_acknowledgement_covers_what_was_there() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    chat(&bench, &company, "channel", "a", 1_000_000, 3).await;
    let shown = bench.expect(200, key, "GET", "/v1/chats/a", None).await;
    assert_eq!(marks(&shown["chat"]), (3, true));
    assert_eq!(shown["chat"]["unanswered_at"], "1970-01-01T00:16:40.000Z");
    let up_to = |message: &str| Some(json!({"message": message}));
    let one = bench.expect(200, key, "POST", "/v1/chats/a/read", up_to("m1")).await;
    assert_eq!(marks(&one), (1, true), "reading is no answer");
    let back = bench.expect(200, key, "POST", "/v1/chats/a/read", up_to("m0")).await;
    assert_eq!(marks(&back), (1, true), "the acknowledgement does not go back");
    let early = bench.expect(200, key, "POST", "/v1/chats/a/no-answer-needed", up_to("m1")).await;
    assert_eq!(marks(&early), (1, true), "another question came after the acknowledged message");
    let all = bench.expect(200, key, "POST", "/v1/chats/a/no-answer-needed", up_to("m2")).await;
    assert_eq!(marks(&all), (0, false));
    let stored = bench.app.store.chat(&account(&company), &ChatId::new("a")).await.unwrap().unwrap();
    assert_eq!((stored.seq, stored.read_count), (3, 3), "no number of the chat is used");
}

#[tokio::test]
async fn no_answer_needed_ends_the_time_to_answer_in() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    for (path, keeps) in [("read", true), ("no-answer-needed", false)] {
        let before = chat(&bench, &company, "channel", path, 1_000_000, 2).await;
        change(&bench, &before, |chat: &mut Chat| {
            chat.set_responsible(&EmployeeId::new("7"));
            (chat.reserved_until, chat.missed_by) = (Some(at(2_000_000)), vec![EmployeeId::new("8")]);
        })
        .await;
        let url = format!("/v1/chats/{path}/{path}");
        // A question after the acknowledged message keeps the reservation and the missed turns.
        for (message, kept) in [("m0", true), ("m1", keeps)] {
            bench.expect(200, &company.key, "POST", &url, Some(json!({"message": message}))).await;
            let now = bench.app.store.chat(&before.account, &before.chat).await.unwrap().unwrap();
            assert_eq!(
                (now.reserved_until.is_some(), !now.missed_by.is_empty()),
                (kept, kept),
                "{url} {message}"
            );
        }
    }
}

#[tokio::test]
async fn what_cannot_be_acknowledged_is_told() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    chat(&bench, &company, "channel", "a", 1_000_000, 1).await;
    for path in ["/v1/chats/a/read", "/v1/chats/a/no-answer-needed"] {
        for (body, code, field) in [
            (json!({}), "missing_field", "message"),
            (json!({"message": ""}), "invalid_value", "message"),
            (json!({"message": "x".repeat(1001)}), "invalid_value", "message"),
            (json!({"message": "m0", "by": "7"}), "unknown_field", "by"),
        ] {
            bench.refused(&company.key, ("POST", path), Some(body), (400, code, Some(field))).await;
        }
        bench.expect(404, &company.key, "POST", path, Some(json!({"message": "m9"}))).await;
    }
}

#[tokio::test]
async fn a_message_that_comes_meanwhile_stays_unread() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    for round in 0..20 {
        let id = format!("c{round}");
        let before = chat(&bench, &company, "channel", &id, 1_000_000, 1).await;
        let path = format!("/v1/chats/{id}/no-answer-needed");
        let writer = async {
            // As routing writes: on condition of the chat's number, repeated until it succeeds.
            loop {
                let read = bench.app.store.chat(&before.account, &before.chat).await.unwrap().unwrap();
                let mut after = read.clone();
                let event = super::rows::event("channel", &id, "late", 2_000_000);
                let row = after.receive(&event, None, at(2_000_000)).unwrap();
                let depends_on = [
                    attribute::chat::LAST_SEQ,
                    attribute::chat::READ_COUNT,
                    attribute::chat::CLIENT_COUNT,
                    attribute::chat::UNANSWERED_AT,
                ];
                let write = shared::store::row::Write::change(&read, &after, &depends_on).unwrap().unwrap();
                let writes = vec![write, shared::store::row::Write::create(&row).unwrap()];
                if bench.app.store.commit(writes).await.is_ok() {
                    break;
                }
            }
        };
        let mark = bench.call(&company.key, "POST", &path, Some(json!({"message": "m0"})));
        let (_, (status, answer)) = tokio::join!(writer, mark);
        assert_eq!(status, 200, "{answer}");
        let now = bench.app.store.chat(&before.account, &before.chat).await.unwrap().unwrap();
        assert_eq!((now.unread(), now.unanswered_at.is_some(), now.client_count), (1, true, 2));
    }
}

#[tokio::test]
async fn an_employees_unanswered_chats_are_counted_and_listed() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let load = json!({"employees": [{"id": "7", "name": "Anna"}, {"id": "8", "name": "Boris"}]});
    bench.expect(200, key, "PUT", "/v1/employees", Some(load)).await;
    let none = bench.expect(200, key, "GET", "/v1/employees/7/unanswered", None).await;
    assert_eq!(none, json!({"count": 0, "oldest_at": null}));
    for (id, begun, employee) in
        [("a", 3_000_000, "7"), ("b", 1_000_000, "7"), ("c", 2_000_000, "7"), ("d", 1, "8")]
    {
        let before = chat(&bench, &company, "channel", id, begun, 2).await;
        change(&bench, &before, |chat: &mut Chat| {
            chat.set_responsible(&EmployeeId::new(employee));
            if id == "b" {
                chat.finish(FinishReason::Inactivity, at(9_000_000));
            }
        })
        .await;
    }
    let all = bench.expect(200, key, "GET", "/v1/employees/7/unanswered", None).await;
    assert_eq!(all, json!({"count": 3, "oldest_at": "1970-01-01T00:16:40.000Z"}), "a finished one too");
    let list = "/v1/chats?unanswered_by=7&limit=1";
    assert_eq!(ids(&bench, key, list, "chats").await, ["b", "c", "a"], "the longest waiting first");
    let done = Some(json!({"message": "m1"}));
    bench.expect(200, key, "POST", "/v1/chats/b/no-answer-needed", done).await;
    let rest = bench.expect(200, key, "GET", "/v1/employees/7/unanswered", None).await;
    assert_eq!(rest, json!({"count": 2, "oldest_at": "1970-01-01T00:33:20.000Z"}));
    assert_eq!(ids(&bench, key, list, "chats").await, ["c", "a"]);
    bench.expect(404, key, "GET", "/v1/employees/9/unanswered", None).await;
    for (query, field) in [
        ("unanswered_by=7&employee=7", "employee"),
        ("unanswered_by=7&channel=x", "unanswered_by"),
        ("unanswered_by=7&state=live", "state"),
        ("unanswered_by=", "unanswered_by"),
    ] {
        let path = format!("/v1/chats?{query}");
        bench.refused(key, ("GET", &path), None, (400, "invalid_value", Some(field))).await;
    }
}
