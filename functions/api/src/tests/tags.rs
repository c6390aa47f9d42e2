//! Tags of a chat (F6).

use super::rows::account;
use super::staff::Staff;
use serde_json::json;
use shared::base::ids::ChatId;

#[tokio::test]
async fn tags_are_replaced_and_take_a_number_when_that_is_news() {
    let staff = Staff::new().await;
    let before = staff.chat("a", "anna", 1_000_000).await;
    let path = "/v1/chats/a/tags";
    for (tags, expected, numbers) in [
        (json!(["vip", " test drive ", "vip"]), json!(["test drive", "vip"]), 1),
        (json!(["vip", "test drive"]), json!(["test drive", "vip"]), 1),
        (json!([]), json!([]), 2),
    ] {
        let said = staff.bench.expect(200, staff.key("anna"), "PUT", path, Some(json!({"tags": tags}))).await;
        assert_eq!(said["tags"], expected);
        let now = staff.bench.app.store.chat(&account(&staff.company), &ChatId::new("a")).await;
        assert_eq!(now.unwrap().unwrap().seq, before.seq + numbers);
    }
    let most: Vec<String> = (0..21).map(|at| format!("t{at}")).collect();
    staff.bench.expect(200, staff.key("anna"), "PUT", path, Some(json!({"tags": &most[..20]}))).await;
    let longest = "ж".repeat(50);
    staff.bench.expect(200, staff.key("anna"), "PUT", path, Some(json!({"tags": [longest]}))).await;
    for (body, code, field) in [
        (json!({}), "missing_field", "tags"),
        (json!({"tags": null}), "invalid_value", "tags"),
        (json!({"tags": most}), "invalid_value", "tags"),
        (json!({"tags": ["a", " "]}), "invalid_value", "tags[1]"),
        (json!({"tags": ["a\nb"]}), "invalid_value", "tags[0]"),
        (json!({"tags": [format!("{longest}ж")]}), "invalid_value", "tags[0]"),
        (json!({"tags": [7]}), "invalid_value", "tags[0]"),
        (json!({"tags": [], "by": 1}), "unknown_field", "by"),
    ] {
        let refused = (400, code, Some(field));
        staff.bench.refused(staff.key("anna"), ("PUT", path), Some(body), refused).await;
    }
    for (who, status) in [("head", 200), ("admin", 200), ("quality", 403), ("boris", 404), ("stranger", 404)]
    {
        staff.bench.expect(status, staff.key(who), "PUT", path, Some(json!({"tags": ["x"]}))).await;
    }
}
