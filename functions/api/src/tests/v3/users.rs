//! `/v3` users are our employees.

use super::refused;
use crate::testing::Bench;
use serde_json::{Value, json};

#[tokio::test]
async fn users_are_loaded_listed_and_deleted_and_are_our_employees() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    let load = json!([{"id": "17", "name": "Anna", "phone": "+7 901 111-22-33", "sort": 5}, {"id": 18, "name": "Boris"}]);
    bench.expect(200, key, "POST", "/v3/users", Some(load)).await;
    let anna = json!({"id": "17", "name": "Anna", "phone": "79011112233"});
    let all = bench.expect(200, key, "GET", "/v3/users", None).await;
    assert_eq!(all, json!([anna, {"id": "18", "name": "Boris"}]));
    assert_eq!(bench.expect(200, key, "GET", "/v3/users/17", None).await, anna);
    let ours = bench.expect(200, key, "GET", "/v1/employees", None).await;
    assert_eq!(ours["employees"].as_array().unwrap().len(), 2);
    // A new name keeps the phone; an empty phone removes it.
    bench.expect(200, key, "POST", "/v3/users", Some(json!([{"id": "17", "name": "Anna P."}]))).await;
    let after = bench.expect(200, key, "GET", "/v3/users/17", None).await;
    assert_eq!(after, json!({"id": "17", "name": "Anna P.", "phone": "79011112233"}));
    bench
        .expect(200, key, "POST", "/v3/users", Some(json!({"id": "17", "name": "Anna P.", "phone": ""})))
        .await;
    let after = bench.expect(200, key, "GET", "/v3/users/17", None).await;
    assert_eq!(after, json!({"id": "17", "name": "Anna P."}));
    bench.expect(200, key, "DELETE", "/v3/users/17", None).await;
    refused(&bench, key, ("GET", "/v3/users/17"), None, (404, "NOT_FOUND")).await;
    refused(&bench, key, ("DELETE", "/v3/users/17"), None, (404, "NOT_FOUND")).await;
    let unknown = bench
        .expect(200, key, "PATCH", "/v3/users/bulk_delete", Some(json!({"ids": ["98", "18", "99", ""]})))
        .await;
    assert_eq!(unknown, json!(["98", "99", ""]));
    assert_eq!(bench.expect(200, key, "GET", "/v3/users", None).await, json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_users_is_named() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    let post = ("POST", "/v3/users");
    let body = json!([
        {"id": "1", "name": "A"}, {"id": "", "name": "x".repeat(201)}, {"id": "a/b", "name": "B", "phone": "7"}, {"id": "x".repeat(201), "name": "B"}, "x",
        {"id": "1", "name": "C"}
    ]);
    let data = refused(&bench, key, post, Some(body), (400, "INVALID_USERS_DATA")).await;
    assert_eq!(
        data,
        json!([
            {"index": 1, "fields": ["id", "name"]}, {"index": 2, "fields": ["id"]},
            {"index": 3, "fields": ["id"]}, {"index": 4, "fields": ["id", "name"]}, {"index": 5, "fields": ["id"]}
        ])
    );
    assert_eq!(bench.expect(200, key, "GET", "/v3/users", None).await, json!([]), "all or none");
    let many: Value = (0..101).map(|id| json!({"id": id, "name": "A"})).collect();
    let data = refused(&bench, key, post, Some(many), (400, "TOO_MANY_ENTITIES")).await;
    assert_eq!(data, json!({"limit": 100}));
    let twice = json!([{"id": "1", "name": "A", "phone": "79011112233"}, {"id": "2", "name": "B", "phone": "89011112233"}]);
    refused(&bench, key, post, Some(twice), (400, "DUPLICATE_PHONE_NUMBER")).await;
    bench
        .expect(
            200,
            key,
            "POST",
            "/v3/users",
            Some(json!([{"id": "1", "name": "A", "phone": "79011112233"}])),
        )
        .await;
    let same = json!([{"id": "1", "name": "A", "phone": "79011112233"}]);
    bench.expect(200, key, "POST", "/v3/users", Some(same)).await;
    let other = json!([{"id": "2", "name": "B", "phone": "79011112233"}]);
    refused(&bench, key, post, Some(other), (400, "DUPLICATE_PHONE_NUMBER")).await;
    let ids = json!((0..101).collect::<Vec<_>>());
    refused(&bench, key, ("PATCH", "/v3/users/bulk_delete"), Some(ids), (400, "TOO_MANY_ENTITIES")).await;
    refused(&bench, key, ("PATCH", "/v3/users/bulk_delete"), Some(json!({})), (400, "VALIDATION_ERROR"))
        .await;
}

#[tokio::test]
async fn users_are_listed_by_name_and_what_is_no_phone_is_left_out() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    let long = "x".repeat(200);
    let load = json!([{"id": "1", "name": "Boris", "phone": "79011112233"}, {"id": long, "name": "Anna", "phone": "ext. 7"},
        {"id": "3", "name": "Clara", "phone": 79011112244u64}, {"id": "2", "name": "Anna", "phone": {"mobile": "1"}}]);
    bench.expect(200, key, "POST", "/v3/users", Some(load)).await;
    let listed = json!([{"id": "2", "name": "Anna"}, {"id": long, "name": "Anna"},
        {"id": "1", "name": "Boris", "phone": "79011112233"}, {"id": "3", "name": "Clara", "phone": "79011112244"}]);
    assert_eq!(bench.expect(200, key, "GET", "/v3/users", None).await, listed);
    // A phone that cannot be read changes nothing.
    let again = json!([{"id": "1", "name": "Boris", "phone": "y".repeat(101)}]);
    bench.expect(200, key, "POST", "/v3/users", Some(again)).await;
    assert_eq!(bench.expect(200, key, "GET", "/v3/users", None).await, listed);
    bench.expect(200, key, "GET", &format!("/v3/users/{long}"), None).await;
    bench.expect(200, key, "GET", &format!("/v3/unanswered/{long}"), None).await;
    let contact = json!([{"id": "1", "responsibleUserId": long, "name": "A", "contactData": []}]);
    bench.expect(200, key, "POST", "/v3/contacts", Some(contact)).await;
    bench.expect(200, key, "DELETE", &format!("/v3/users/{long}"), None).await;
}

#[tokio::test]
async fn a_thousand_users_and_not_one_more() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    for page in 0..10 {
        let hundred: Value = (0..100).map(|id| json!({"id": page * 100 + id, "name": "A"})).collect();
        bench.expect(200, key, "POST", "/v3/users", Some(hundred)).await;
    }
    let one_more = json!([{"id": "more", "name": "A"}]);
    refused(&bench, key, ("POST", "/v3/users"), Some(one_more), (400, "USER_LIMIT_EXCEEDED")).await;
    bench.expect(200, key, "POST", "/v3/users", Some(json!([{"id": "7", "name": "B"}]))).await;
}

#[tokio::test]
async fn unanswered_chats_are_counted() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let load = json!([{"id": "17", "name": "A"}, {"id": "18", "name": "B"}, {"id": "19", "name": "C"}]);
    bench.expect(200, key, "POST", "/v3/users", Some(load)).await;
    let (channels, _) = bench.connected(key, &["c1"]).await;
    for (employee, role, receives) in [("17", "manager", true), ("18", "quality_control", false)] {
        let place = format!("/v1/channels/{}/employees/{employee}", channels[0]);
        let member = json!({"role": role, "receives_new_clients": receives});
        bench.expect(200, key, "PUT", &place, Some(member)).await;
    }
    for (id, at) in [("own", 1000), ("own2", 5000), ("shared", 9000)] {
        let chat = crate::tests::rows::chat(&bench, &company, &channels[0], id, at, 1).await;
        let give = |chat: &mut shared::model::chat::Chat| match id {
            "shared" => chat.offer_to_all(),
            _ => chat.set_responsible(&shared::base::ids::EmployeeId::new("17")),
        };
        crate::tests::rows::change(&bench, &chat, give).await;
    }
    let count = |id: &str| format!("/v3/unanswered/{id}");
    let anna = bench.expect(200, key, "GET", &count("17"), None).await;
    assert_eq!(anna, json!({"counterV2": 3, "type": "red", "lastMsgDateTime": "1970-01-01T00:00:09.000Z"}));
    let quality = bench.expect(200, key, "GET", &count("18"), None).await;
    assert_eq!((&quality["counterV2"], &quality["type"]), (&json!(1), &json!("grey")));
    // The employee has an old chat on a second channel, of which they are no member: they do not see it, and it does
    // not count.
    bench.connected(key, &["c1", "c2"]).await;
    let all = bench.expect(200, key, "GET", "/v1/channels", None).await;
    let second = all["channels"].as_array().unwrap().iter().find(|one| one["id"] != channels[0].as_str());
    let second = second.unwrap()["id"].as_str().unwrap().to_owned();
    let chat = crate::tests::rows::chat(&bench, &company, &second, "elsewhere", 20_000, 1).await;
    let his = |chat: &mut shared::model::chat::Chat| {
        chat.set_responsible(&shared::base::ids::EmployeeId::new("17"))
    };
    crate::tests::rows::change(&bench, &chat, his).await;
    assert_eq!(bench.expect(200, key, "GET", &count("17"), None).await, anna);
    let nobody = bench.expect(200, key, "GET", &count("19"), None).await;
    assert_eq!(nobody, json!({"counterV2": 0, "type": null, "lastMsgDateTime": null}));
    assert_eq!(
        bench.expect(200, key, "GET", &count("99"), None).await,
        nobody,
        "an unknown user has no role either"
    );
}

#[tokio::test]
async fn of_a_long_queue_the_rows_alone_are_counted() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    bench.expect(200, key, "POST", "/v3/users", Some(json!([{"id": "17", "name": "A"}]))).await;
    let (channels, _) = bench.connected(key, &["c1"]).await;
    let place = format!("/v1/channels/{}/employees/17", channels[0]);
    let head = json!({"role": "head", "receives_new_clients": false});
    bench.expect(200, key, "PUT", &place, Some(head)).await;
    for (waiting, counted, latest) in
        [(0..100, 0, Value::Null), (100..101, 101, json!("1970-01-01T00:01:40.000Z"))]
    {
        let rows: Vec<_> = waiting
            .map(|second| shared::model::assignment::WaitingClient {
                v: 1,
                account: crate::tests::rows::account(&company),
                channel: shared::base::ids::ChannelId::new(channels[0].as_str()),
                chat: shared::base::ids::ChatId::new(format!("chat-{second}")),
                contact: shared::base::ids::ContactId::new("contact"),
                arrived_at: shared::base::clock::Timestamp::from_millis(second * 1000),
            })
            .collect();
        crate::tests::rows::create(&bench, &rows).await;
        // For a short queue the chats themselves are read, and here are none.
        let told = bench.expect(200, key, "GET", "/v3/unanswered/17", None).await;
        assert_eq!((&told["counterV2"], &told["lastMsgDateTime"]), (&json!(counted), &latest));
    }
}
