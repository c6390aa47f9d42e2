//! Members of channels: which employees are bound, and each one's default channel per messenger (B7).

use super::channel_settings::carrying;
use super::rows;
use crate::testing::{Bench, Company};
use serde_json::{Value, json};
use shared::base::ids::{ChannelId, EmployeeId};
use shared::model::channel::Channel;
use shared::store::Read;
use shared::store::attribute;
use shared::store::keys::Turn;
use shared::store::row::Row;
use shared::store::settings::member_writes;
use std::time::Duration;

/// An account with channels of these transports, and an employee.
async fn staffed(bench: &Bench, transports: &[&str]) -> (Company, Vec<String>) {
    let company = bench.company("One").await;
    let names: Vec<String> = (0..transports.len()).map(|index| format!("c{index}")).collect();
    let carried: Vec<_> = names.iter().map(String::as_str).zip(transports.iter().copied()).collect();
    let (channels, _) = carrying(bench, &company.key, &carried).await;
    let load = json!({"employees": [{"id": "7", "name": "Anna"}]});
    bench.expect(200, &company.key, "PUT", "/v1/employees", Some(load)).await;
    (company, channels)
}

fn place(channel: &str) -> String {
    format!("/v1/channels/{channel}/employees/7")
}

fn manager(more: Value) -> Option<Value> {
    let mut body = json!({"role": "manager", "receives_new_clients": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Some(body)
}

/// For each of `channels`, in order: whether it is one of the employee's defaults.
async fn defaults(bench: &Bench, key: &str, channels: &[String]) -> Vec<bool> {
    let his = bench.expect(200, key, "GET", "/v1/employees/7/channels", None).await;
    let his = his["channels"].as_array().unwrap().clone();
    let default =
        |id: &String| his.iter().any(|place| place["channel"] == **id && place["is_default"] == true);
    channels.iter().map(default).collect()
}

#[tokio::test]
async fn what_is_left_out_stays_and_a_new_one_is_bound() {
    let bench = Bench::new().await;
    let (company, channels) = staffed(&bench, &["whatsapp"]).await;
    let (key, path) = (&company.key, place(&channels[0]));
    let put = |more: Value| bench.expect(200, key, "PUT", &path, manager(more));
    let shown = |place: &Value| (place["sends"].clone(), place["is_default"].clone());
    assert_eq!(shown(&put(json!({})).await), (json!(true), json!(false)));
    assert_eq!(shown(&put(json!({"is_default": true})).await), (json!(true), json!(true)));
    assert_eq!(shown(&put(json!({})).await), (json!(true), json!(true)), "the default stays");
    assert_eq!(
        shown(&put(json!({"sends": false})).await),
        (json!(false), json!(false)),
        "no default without sending"
    );
    assert_eq!(shown(&put(json!({})).await), (json!(false), json!(false)));
    assert_eq!(shown(&put(json!({"sends": true, "is_default": true})).await), (json!(true), json!(true)));
    assert_eq!(shown(&put(json!({"is_default": false})).await), (json!(true), json!(false)));
    put(json!({"is_default": true})).await;
    let quality = json!({"role": "quality_control", "receives_new_clients": false});
    let quality = bench.expect(200, key, "PUT", &path, Some(quality)).await;
    assert_eq!(shown(&quality), (json!(true), json!(false)), "a member who cannot write has no default");
    for (more, field) in [
        (json!({"sends": false, "is_default": true}), "is_default"),
        (json!({"role": "quality_control", "is_default": true}), "is_default"),
        (json!({"sends": null}), "sends"),
        (json!({"is_default": null}), "is_default"),
        (json!({"sends": "yes"}), "sends"),
    ] {
        let refusal = (400, "invalid_value", Some(field));
        bench.refused(key, ("PUT", &path), manager(more), refusal).await;
    }
}

#[tokio::test]
async fn b7_one_default_of_each_messenger() {
    let bench = Bench::new().await;
    let (company, channels) = staffed(&bench, &["whatsapp", "wapi", "tgapi"]).await;
    let key = &company.key;
    for channel in &channels {
        bench.expect(200, key, "PUT", &place(channel), manager(json!({}))).await;
    }
    let default = || manager(json!({"is_default": true}));
    bench.expect(200, key, "PUT", &place(&channels[0]), default()).await;
    bench.expect(200, key, "PUT", &place(&channels[2]), default()).await;
    assert_eq!(defaults(&bench, key, &channels).await, [true, false, true], "one per messenger");
    bench.expect(200, key, "PUT", &place(&channels[1]), default()).await;
    assert_eq!(defaults(&bench, key, &channels).await, [false, true, true], "the other default ends");
    let members = format!("/v1/channels/{}/employees", channels[1]);
    let members = bench.expect(200, key, "GET", &members, None).await;
    assert_eq!(members["members"][0]["is_default"], true);
    let employee = bench.expect(200, key, "GET", "/v1/employees/7", None).await;
    let places = bench.expect(200, key, "GET", "/v1/employees/7/channels", None).await;
    assert_eq!(employee["channels"], places["channels"]);
    let telegram = places["channels"].as_array().unwrap().iter().find(|one| one["channel"] == *channels[2]);
    let telegram = telegram.unwrap();
    assert_eq!((&telegram["messenger"], &telegram["name"]), (&json!("telegram"), &json!("7900c2")));
    bench.expect(404, key, "GET", "/v1/employees/8/channels", None).await;
}

#[tokio::test]
async fn b7_two_defaults_set_at_once_leave_one() {
    let bench = Bench::new().await;
    let (company, channels) = staffed(&bench, &["whatsapp", "wapi"]).await;
    let key = &company.key;
    for round in 0..20 {
        // In even rounds the employee is a member of both channels before, in odd rounds of neither.
        for channel in &channels {
            if round % 2 == 0 {
                bench.expect(200, key, "PUT", &place(channel), manager(json!({"is_default": false}))).await;
            } else {
                bench.call(key, "DELETE", &place(channel), None).await;
            }
        }
        let default = || manager(json!({"is_default": true}));
        let (first, second) = (place(&channels[0]), place(&channels[1]));
        let (first, second) = tokio::join!(
            bench.call(key, "PUT", &first, default()),
            bench.call(key, "PUT", &second, default()),
        );
        assert_eq!((first.0, second.0), (200, 200), "{} {}", first.1, second.1);
        let set = defaults(&bench, key, &channels).await;
        assert_eq!(set.iter().filter(|default| **default).count(), 1, "{set:?}");
    }
}

#[tokio::test]
async fn who_was_put_on_again_meanwhile_is_not_taken_off_unseen() {
    let bench = Bench::new().await;
    let (company, channels) = staffed(&bench, &["whatsapp"]).await;
    let (key, path) = (&company.key, place(&channels[0]));
    let (account, channel) = (rows::account(&company), ChannelId::new(channels[0].as_str()));
    let stored =
        || async { bench.app.store.member(&account, &channel, &EmployeeId::new("7")).await.unwrap() };
    bench.expect(200, key, "PUT", &path, manager(json!({}))).await;
    let visible = stored().await.unwrap();
    bench.expect(204, key, "DELETE", &path, None).await;
    bench.clock.advance(Duration::from_secs(1));
    bench.expect(200, key, "PUT", &path, manager(json!({}))).await;
    let writes = member_writes(Some(&visible), None, &[attribute::membership::JOINED_AT]).unwrap();
    let late = bench.app.store.commit(writes).await;
    assert!(late.unwrap_err().is_conflict(), "their turn in the ring is another one");
    let again = stored().await.unwrap();
    let turn: Option<Turn> =
        bench.app.store.get(&Turn { member: again.clone() }.key(), Read::Consistent).await.unwrap();
    assert_eq!(turn.map(|turn| turn.member), Some(again));
    bench.expect(204, key, "DELETE", &path, None).await;
    assert_eq!(stored().await, None);
    bench.expect(404, key, "DELETE", &path, None).await;
}

#[tokio::test]
async fn there_is_no_default_of_a_messenger_that_nobody_knows_yet() {
    let bench = Bench::new().await;
    let (company, channels) = staffed(&bench, &["whatsapp"]).await;
    let id = ChannelId::new(channels[0].as_str());
    let row =
        bench.app.store.channel(&rows::account(&company), &id, Read::Consistent).await.unwrap().unwrap();
    rows::change(&bench, &row, |row: &mut Channel| (row.messenger, row.transport) = (None, None)).await;
    let refusal = (422, "messenger_unknown", Some("is_default"));
    let body = manager(json!({"is_default": true}));
    bench.refused(&company.key, ("PUT", &place(&channels[0])), body, refusal).await;
    bench.expect(200, &company.key, "PUT", &place(&channels[0]), manager(json!({"sends": true}))).await;
}
