//! An employee who may not answer gets the reason, on the route that they use, and the client gets nothing.

use super::office::Office;
use serde_json::{Value, json};

/// Creates an employee with this membership of the channel.
async fn employ(office: &Office, who: &str, place: Option<Value>) {
    let user = json!([{"id": who, "name": "Вера"}]);
    office.asker.expect(200, "POST", "/v3/users", Some(&user)).await;
    if let Some(place) = place {
        let path = format!("/v1/channels/{}/employees/{who}", office.channel().id);
        office.asker.expect(200, "PUT", &path, Some(&place)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b1_b7_who_may_not_write_is_refused_with_the_reason() {
    let office = Office::new("round_robin", &["anna"]).await;
    let chat = office.client_writes("first").await;
    let place =
        |role: &str, sends: bool| Some(json!({"role": role, "receives_new_clients": false, "sends": sends}));
    employ(&office, "stranger", None).await;
    employ(&office, "other", place("manager", true)).await;
    employ(&office, "quality", place("quality_control", true)).await;
    employ(&office, "unbound", place("head", false)).await;
    let path = format!("/v1/chats/{chat}/messages");
    let body = json!({"text": "Добрый день!"});
    // An employee without a role does not learn that the chat exists; an employee with a role gets the reason why they
    // may not write.
    for (who, status, code) in [
        ("stranger", 404, "not_found"),
        ("other", 403, "not_responsible"),
        ("quality", 403, "quality_control"),
        ("unbound", 403, "not_bound"),
    ] {
        let answer = office.as_employee(who).await.ask("POST", &path, Some(&body)).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (status, &json!(code)),
            "{who}: {}",
            answer.text
        );
    }
    // With the account's key in an employee's name: the key sees every chat, so the answer has the reason.
    for (who, code) in [
        ("stranger", "no_role"),
        ("other", "not_responsible"),
        ("quality", "quality_control"),
        ("unbound", "not_bound"),
    ] {
        let answer =
            office.asker.ask("POST", &path, Some(&json!({"text": "Добрый день!", "employee": who}))).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (403, &json!(code)),
            "{who}: {}",
            answer.text
        );
        let body = office.message(json!({"text": "Добрый день!", "crmUserId": who}));
        let answer = office.asker.ask("POST", "/v3/message", Some(&body)).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (400, &json!("CHAT_NO_ACCESS")),
            "{who}: {}",
            answer.text
        );
    }
    let account = office.asker.expect(202, "POST", &path, Some(&json!({"text": "От салона"}))).await;
    let received = office.received(1).await;
    assert_eq!(received[0].text.as_deref(), Some("От салона"), "nothing else reached the client: {account}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_uploads_and_texts_that_cannot_be_sent_are_refused_clearly() {
    let office = Office::new("round_robin", &["anna"]).await;
    let chat = office.client_writes("first").await;
    for (upload, field) in [
        (json!({"name": "a.jpg", "mime": "image/jpeg", "bytes": 0}), "bytes"),
        (json!({"name": "a.jpg", "mime": "image/jpeg", "bytes": 104_857_601}), "bytes"),
        (json!({"name": "a.txt", "mime": "text/html", "bytes": 10}), "mime"),
        (json!({"name": "../a.jpg", "mime": "image/jpeg", "bytes": 10}), "name"),
    ] {
        let answer = office.asker.ask("POST", "/v1/uploads", Some(&upload)).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["field"]),
            (400, &json!(field)),
            "{upload} {}",
            answer.text
        );
    }
    let announced = json!({"name": "a.jpg", "mime": "image/jpeg", "bytes": 10});
    let announced = office.asker.expect(201, "POST", "/v1/uploads", Some(&announced)).await;
    let reply = json!({"title": "Машина", "text": "{client_name}, ваш {car} ждёт вас"});
    let reply = office.asker.expect(201, "POST", "/v1/quick-replies", Some(&reply)).await;
    let path = format!("/v1/chats/{chat}/messages");
    for (body, status, code) in [
        (json!({"upload": announced["id"]}), 422, "upload_missing"),
        (json!({"upload": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a91"}), 404, "not_found"),
        (json!({"quick_reply": reply["id"]}), 422, "variable_missing"),
        (json!({"text": "я".repeat(10_001)}), 422, "not_sendable"),
        (json!({"text": "Да", "quote": "nothing"}), 422, "quote_not_found"),
        (json!({"text": "Да", "txet": "Нет"}), 400, "unknown_field"),
        (json!({}), 400, "missing_field"),
    ] {
        let answer = office.asker.ask("POST", &path, Some(&body)).await;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (status, &json!(code)), "{}", answer.text);
    }
    let begin =
        |phone: &str| json!({"channel": office.channel().id, "phone": phone, "message": {"text": "Да"}});
    let answer = office.asker.ask("POST", "/v1/chats", Some(&begin("это не телефон"))).await;
    assert_eq!((answer.status, &answer.body["error"]["field"]), (400, &json!("phone")), "{}", answer.text);
}
