//! An employee's own fields: name and signature (B8).

use super::rows;
use super::staff::Staff;
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::assignment::requeue::RequeueScope;
use shared::model::employee::Section;

#[tokio::test]
async fn b8_a_signature_is_set_kept_and_taken_away() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let load = || Some(json!({"employees": [{"id": "7", "name": "Anna"}]}));
    let fresh = bench.expect(200, key, "PUT", "/v1/employees", load()).await["employees"][0].clone();
    assert_eq!((&fresh["signature"], &fresh["sections"]), (&json!(null), &json!([])));
    let path = "/v1/employees/7";
    let signed = json!({"signature": "Anna Petrova\r\nNorthern Motors"});
    let signed = bench.expect(200, key, "PATCH", path, Some(signed)).await;
    assert_eq!(signed["signature"], "Anna Petrova\nNorthern Motors");
    assert_eq!(signed["name"], "Anna", "an omitted field stays");
    let employee = bench.app.store.employee(&rows::account(&company), &EmployeeId::new("7")).await.unwrap();
    rows::change(&bench, &employee.unwrap(), |row| row.sections = [Section::Channels, Section::Crm].into())
        .await;
    let renamed = bench.expect(200, key, "PATCH", path, Some(json!({"name": "Anna P."}))).await;
    assert_eq!((&renamed["name"], &renamed["signature"]), (&json!("Anna P."), &signed["signature"]));
    let loaded = bench.expect(200, key, "PUT", "/v1/employees", load()).await["employees"][0].clone();
    assert_eq!(loaded["name"], "Anna");
    assert_eq!(
        (&loaded["signature"], &loaded["sections"]),
        (&signed["signature"], &json!(["channels", "crm"]))
    );
    assert_eq!(bench.expect(200, key, "GET", "/v1/employees", None).await["employees"][0], loaded);
    let mut one = bench.expect(200, key, "GET", path, None).await;
    assert_eq!(one.as_object_mut().unwrap().remove("channels"), Some(json!([])));
    assert_eq!(one, loaded);
    let gone = bench.expect(200, key, "PATCH", path, Some(json!({"signature": null}))).await;
    assert_eq!(gone["signature"], json!(null));
    let longest = "я".repeat(200);
    let long = bench.expect(200, key, "PATCH", path, Some(json!({"signature": longest}))).await;
    assert_eq!(long["signature"], longest);
}

#[tokio::test]
async fn changes_of_an_employee_are_checked() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let load = json!({"employees": [{"id": "7", "name": "Anna"}]});
    bench.expect(200, &key, "PUT", "/v1/employees", Some(load)).await;
    for (body, code, field) in [
        (json!({"name": ""}), "invalid_value", "name"),
        (json!({"name": null}), "invalid_value", "name"),
        (json!({"name": "a\nb"}), "invalid_value", "name"),
        (json!({"signature": ""}), "invalid_value", "signature"),
        (json!({"signature": " \n "}), "invalid_value", "signature"),
        (json!({"signature": "a\tb"}), "invalid_value", "signature"),
        (json!({"signature": "x".repeat(201)}), "invalid_value", "signature"),
        (json!({"sections": []}), "unknown_field", "sections"),
        (json!({"id": "8"}), "unknown_field", "id"),
    ] {
        bench.refused(&key, ("PATCH", "/v1/employees/7"), Some(body), (400, code, Some(field))).await;
    }
    bench.expect(404, &key, "PATCH", "/v1/employees/8", Some(json!({"name": "A"}))).await;
}

/// The requeues that assignment was nudged about; each is also due in the index, in case its nudge is lost.
async fn requeues(staff: &Staff) -> Vec<Value> {
    let nudges = std::mem::take(&mut staff.bench.world.lock().unwrap().nudges);
    let told: Vec<Value> =
        nudges.into_iter().map(|nudge| nudge["whose"].clone()).filter(|whose| !whose.is_null()).collect();
    for whose in &told {
        let whose: RequeueScope = serde_json::from_value(whose.clone()).unwrap();
        let row = staff.bench.app.store.requeue(&rows::account(&staff.company), &whose).await.unwrap();
        assert!(row.is_some_and(|row| row.check_at <= staff.bench.clock.now()), "{whose:?}");
    }
    told
}

#[tokio::test]
async fn b4_who_goes_leaves_his_clients_by_the_same_write_and_a_switch_leaves_none() {
    let staff = Staff::new().await;
    requeues(&staff).await;
    let (key, channel) = (&staff.company.key, &staff.channel);
    staff.place("anna", "manager", false).await;
    staff.place("anna", "head", true).await;
    assert!(requeues(&staff).await.is_empty());
    let here = |name: &str| json!({"employee": {"employee": name, "channel": channel}});
    staff.place("anna", "quality_control", true).await;
    assert_eq!(requeues(&staff).await, [here("anna")]);
    let path = format!("/v1/channels/{channel}/employees/boris");
    staff.bench.expect(204, key, "DELETE", &path, None).await;
    assert_eq!(requeues(&staff).await, [here("boris")]);
    let everywhere = |name: &str| json!({"employee": {"employee": name}});
    staff.bench.expect(204, key, "DELETE", "/v1/employees/head", None).await;
    assert_eq!(requeues(&staff).await, [everywhere("head")]);
    staff.bench.expect(200, key, "DELETE", "/v3/users/stranger", None).await;
    assert_eq!(requeues(&staff).await, [everywhere("stranger")]);
    let two = Some(json!(["anna", "nobody"]));
    staff.bench.expect(200, key, "PATCH", "/v3/users/bulk_delete", two).await;
    assert_eq!(requeues(&staff).await, [everywhere("anna")]);
}

#[tokio::test]
async fn b3_a_channel_that_begins_to_give_its_clients_out_in_turn_gathers_them() {
    let staff = Staff::new().await;
    let path = format!("/v1/channels/{}", staff.channel);
    for (word, gathers) in [
        ("first_responder", false),
        ("round_robin", true),
        ("round_robin", false),
        ("first_responder", false),
    ] {
        requeues(&staff).await;
        let change = Some(json!({"distribution": word}));
        staff.bench.expect(200, &staff.company.key, "PATCH", &path, change).await;
        let told = requeues(&staff).await;
        assert_eq!(told == [json!({"nobodys": {"channel": staff.channel}})], gathers, "{word} {told:?}");
    }
}
