//! Availability that employees set themselves, and what else decides whether they receive new clients now (B4).

use super::channel_settings::carrying;
use super::rows;
use crate::testing::{Bench, Company, OPERATOR};
use serde_json::{Value, json};
use shared::base::ids::{ChannelId, EmployeeId};
use shared::model::employee::{Membership, Status};
use shared::store::keys::{OpenChat, Turn};
use shared::store::row::Row;
use shared::store::{Read, keys};

const CHANNELS: [(&str, &str); 3] = [("c1", "whatsapp"), ("c2", "tgapi"), ("c3", "vk")];

/// An account with three channels; employee 17, a member of the first two; and a token of theirs.
async fn staffed(bench: &Bench) -> (Company, Vec<String>, String) {
    let company = bench.company("One").await;
    let (channels, _) = carrying(bench, &company.key, &CHANNELS).await;
    let token = bench.token(&company.key, "17").await;
    for channel in &channels[..2] {
        put(bench, &company, channel, json!({})).await;
    }
    bench.nudged();
    (company, channels, token)
}

fn place(channel: &str) -> String {
    format!("/v1/channels/{channel}/employees/17")
}

fn manager(more: Value) -> Option<Value> {
    let mut body = json!({"role": "manager", "receives_new_clients": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Some(body)
}

async fn put(bench: &Bench, company: &Company, channel: &str, more: Value) -> Value {
    bench.expect(200, &company.key, "PUT", &place(channel), manager(more)).await
}

/// The employee's membership row, and whether the ring has a turn for them when available, and when away.
async fn stored(bench: &Bench, company: &Company, channel: &str) -> (Membership, bool, bool) {
    let (account, channel) = (rows::account(company), ChannelId::new(channel));
    let store = &bench.app.store;
    let member = store.member(&account, &channel, &EmployeeId::new("17")).await.unwrap().unwrap();
    let mut turns = Vec::new();
    for status in [Status::Available, Status::Away] {
        let turn = Turn { member: Membership { status, ..member.clone() } };
        let found: Option<Turn> = store.get(&turn.key(), Read::Consistent).await.unwrap();
        assert!(found.as_ref().is_none_or(|found| found.member == member), "copied whole");
        turns.push(found.is_some());
    }
    (member, turns[0], turns[1])
}

/// The employee as the channel's assignment queue shows them.
async fn turn(bench: &Bench, company: &Company, channel: &str) -> Value {
    let path = format!("/v1/channels/{channel}/assignment");
    bench.expect(200, &company.key, "GET", &path, None).await["members"][0].clone()
}

fn sorted(mut channels: Vec<String>) -> Vec<String> {
    channels.sort();
    channels
}

#[tokio::test]
async fn a_status_is_set_on_all_of_his_channels_or_on_some() {
    let bench = Bench::new().await;
    let (company, channels, token) = staffed(&bench).await;
    let path = "/v1/employees/17/status";
    let away = bench.expect(200, &company.key, "PUT", path, Some(json!({"status": "away"}))).await;
    assert_eq!(away["employee"], "17");
    let statuses = |answer: &Value| {
        let told = answer["channels"].as_array().unwrap().clone();
        let of =
            |id: &String| told.iter().find(|one| one["channel"] == **id).map(|one| one["status"].clone());
        channels.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&away), [Some(json!("away")), Some(json!("away")), None], "no member of the third");
    assert_eq!(sorted(bench.nudged()), sorted(channels[..2].to_vec()));
    for channel in &channels[..2] {
        assert_eq!(turn(&bench, &company, channel).await["reason"], "away");
        let (member, there, resting) = stored(&bench, &company, channel).await;
        assert_eq!((member.status, there, resting), (Status::Away, false, true));
    }
    let some = Some(json!({"status": "available", "channels": [channels[1], channels[1]]}));
    let back = bench.expect(200, &token, "PUT", "/v1/me/status", some.clone()).await;
    assert_eq!(statuses(&back), [Some(json!("away")), Some(json!("available")), None]);
    assert_eq!(bench.nudged(), channels[1..2]);
    bench.expect(200, &token, "PUT", "/v1/me/status", some).await;
    assert_eq!(bench.nudged(), channels[1..2], "also when nothing changed");
    let (_, there, resting) = stored(&bench, &company, &channels[1]).await;
    assert_eq!((there, resting), (true, false));
    assert_eq!(turn(&bench, &company, &channels[1]).await["eligible"], true);
    let me = bench.expect(200, &token, "GET", "/v1/me", None).await;
    let mine = me["employee"]["channels"].as_array().unwrap().iter();
    assert_eq!(mine.filter(|place| place["status"] == "away").count(), 1);
}

#[tokio::test]
async fn a_status_on_more_channels_than_one_transaction_takes() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let names: Vec<String> = (0..40).map(|index| format!("c{index}")).collect();
    let carried: Vec<_> = names.iter().map(|name| (name.as_str(), "whatsapp")).collect();
    let (channels, _) = carrying(&bench, &company.key, &carried).await;
    bench.token(&company.key, "17").await;
    for channel in &channels {
        put(&bench, &company, channel, json!({})).await;
    }
    let off = Some(json!({"status": "off"}));
    let answer = bench.expect(200, &company.key, "PUT", "/v1/employees/17/status", off).await;
    let all = answer["channels"].as_array().unwrap();
    assert!(all.len() == 40 && all.iter().all(|one| one["status"] == "off"), "{answer}");
    for channel in [&channels[0], &channels[39]] {
        let (member, there, resting) = stored(&bench, &company, channel).await;
        assert_eq!((member.status, there, resting), (Status::Off, false, true));
    }
}

#[tokio::test]
async fn whose_status_it_is_and_where_is_checked() {
    let bench = Bench::new().await;
    let (company, channels, token) = staffed(&bench).await;
    let other = bench.company("Two").await;
    let (foreign, _) = carrying(&bench, &other.key, &[("c9", "whatsapp")]).await;
    let stranger = bench.token(&company.key, "18").await;
    let busy = |more: Value| {
        let mut body = json!({"status": "busy"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(body)
    };
    for (key, path) in [(&company.key, "/v1/employees/17/status"), (&token, "/v1/me/status")] {
        let many: Vec<String> = (0..101).map(|index| index.to_string()).collect();
        for (body, status, code, field) in [
            (json!({}), 400, "missing_field", "status"),
            (json!({"status": null}), 400, "invalid_value", "status"),
            (json!({"status": "asleep"}), 400, "invalid_value", "status"),
            (json!({"status": "busy", "until": 1}), 400, "unknown_field", "until"),
            (json!({"status": "busy", "channels": null}), 400, "invalid_value", "channels"),
            (json!({"status": "busy", "channels": []}), 400, "invalid_value", "channels"),
            (json!({"status": "busy", "channels": many}), 400, "invalid_value", "channels"),
            (json!({"status": "busy", "channels": [""]}), 400, "invalid_value", "channels[0]"),
            (json!({"status": "busy", "channels": [7]}), 400, "invalid_value", "channels[0]"),
        ] {
            bench.refused(key, ("PUT", path), Some(body), (status, code, Some(field))).await;
        }
        // Another account's channel, one without a membership of the employee, and an unknown one get the same refusal.
        for id in [&foreign[0], &channels[2], "unknown"] {
            let body = busy(json!({"channels": [channels[0], id]}));
            let refusal = (422, "unknown_channel", Some("channels[1]"));
            bench.refused(key, ("PUT", path), body, refusal).await;
        }
    }
    let (member, ..) = stored(&bench, &company, &channels[0]).await;
    assert_eq!(member.status, Status::Available, "a refused request changes nothing");
    assert!(bench.nudged().is_empty());
    let own = ("PUT", "/v1/me/status");
    bench.refused(&company.key, own, busy(json!({})), (403, "not_an_employee", None)).await;
    bench.refused(&stranger, own, busy(json!({})), (403, "no_role", None)).await;
    let his = ("PUT", "/v1/employees/17/status");
    bench.refused(&stranger, his, busy(json!({})), (403, "section_not_granted", None)).await;
    bench.refused(&token, his, busy(json!({})), (403, "section_not_granted", None)).await;
    bench
        .refused(&company.key, ("PUT", "/v1/employees/99/status"), busy(json!({})), (404, "not_found", None))
        .await;
    bench.refused(&other.key, his, busy(json!({})), (404, "not_found", None)).await;
    bench
        .refused(OPERATOR, his, busy(json!({})), (400, "account_required", Some("Switchboard-Account")))
        .await;
    let grant = Some(json!({"sections": ["employees"]}));
    bench.expect(200, &company.key, "PUT", "/v1/employees/18/sections", grant).await;
    bench.expect(200, &stranger, his.0, his.1, busy(json!({}))).await;
}

#[tokio::test]
async fn a_cap_hours_and_a_status_are_part_of_his_place() {
    let bench = Bench::new().await;
    let (company, channels, _) = staffed(&bench).await;
    let channel = &channels[0];
    let shown =
        |place: &Value| ["cap", "working_hours", "status", "inactive"].map(|name| place[name].clone());
    let fresh = put(&bench, &company, channel, json!({})).await;
    assert_eq!(shown(&fresh), [json!(null), json!(null), json!("available"), json!(false)]);
    let hours = json!({"zone": "Asia/Almaty", "spans": [{"days": ["monday", "sunday"], "from": "22:00", "to": "06:00"}]});
    let full =
        put(&bench, &company, channel, json!({"cap": 1000, "working_hours": hours, "status": "busy"})).await;
    assert_eq!(shown(&full), [json!(1000), hours.clone(), json!("busy"), json!(false)]);
    assert_eq!(
        shown(&put(&bench, &company, channel, json!({})).await),
        shown(&full),
        "an omitted field stays"
    );
    let (member, there, resting) = stored(&bench, &company, channel).await;
    assert_eq!((member.cap, there, resting), (Some(1000), false, true));
    for path in [format!("/v1/channels/{channel}/employees"), "/v1/employees/17/channels".to_owned()] {
        let list = bench.expect(200, &company.key, "GET", &path, None).await;
        let all = list["members"].as_array().or(list["channels"].as_array()).unwrap();
        assert!(all.iter().any(|place| shown(place) == shown(&full)), "{list}");
    }
    let bare =
        put(&bench, &company, channel, json!({"cap": null, "working_hours": null, "status": "available"}))
            .await;
    assert_eq!(shown(&bare), shown(&fresh));
    assert_eq!(put(&bench, &company, channel, json!({"cap": 1})).await["cap"], 1);
    let (_, there, resting) = stored(&bench, &company, channel).await;
    assert_eq!((there, resting), (true, false));
}

#[tokio::test]
async fn what_cannot_be_of_a_place_is_told_where() {
    let bench = Bench::new().await;
    let (company, channels, _) = staffed(&bench).await;
    let span = |from: &str, to: &str| json!({"days": ["monday"], "from": from, "to": to});
    let hours = |zone: &str, spans: Value| json!({"working_hours": {"zone": zone, "spans": spans}});
    let moscow = |spans: Value| hours("Europe/Moscow", spans);
    for (more, code, field) in [
        (json!({"cap": 0}), "invalid_value", "cap"),
        (json!({"cap": 1001}), "invalid_value", "cap"),
        (json!({"cap": -1}), "invalid_value", "cap"),
        (json!({"cap": "5"}), "invalid_value", "cap"),
        (json!({"status": null}), "invalid_value", "status"),
        (json!({"status": "gone"}), "invalid_value", "status"),
        (json!({"inactive": false}), "unknown_field", "inactive"),
        (json!({"working_hours": []}), "invalid_value", "working_hours"),
        (json!({"working_hours": {"zone": "Europe/Moscow"}}), "missing_field", "working_hours.spans"),
        (hours("Moscow", json!([span("09:00", "18:00")])), "invalid_value", "working_hours.zone"),
        (moscow(json!([])), "invalid_value", "working_hours.spans"),
        (moscow(json!(vec![span("09:00", "18:00"); 51])), "invalid_value", "working_hours.spans"),
        (moscow(json!([span("9:00", "18:00")])), "invalid_value", "working_hours.spans[0].from"),
        (moscow(json!([span("24:00", "18:00")])), "invalid_value", "working_hours.spans[0].from"),
        (
            moscow(json!([span("09:00", "18:00"), span("09:00", "24:01")])),
            "invalid_value",
            "working_hours.spans[1].to",
        ),
        (moscow(json!([span("09:00", "09:00")])), "invalid_value", "working_hours.spans[0].to"),
        (
            moscow(json!([{"days": [], "from": "09:00", "to": "18:00"}])),
            "invalid_value",
            "working_hours.spans[0].days",
        ),
        (
            moscow(json!([{"days": ["someday"], "from": "09:00", "to": "18:00"}])),
            "invalid_value",
            "working_hours.spans[0].days[0]",
        ),
        (
            moscow(json!([{"days": ["monday"], "from": "09:00", "to": "18:00", "lunch": true}])),
            "unknown_field",
            "working_hours.spans[0].lunch",
        ),
        (moscow(json!([["monday"]])), "invalid_value", "working_hours.spans[0]"),
    ] {
        let refusal = (400, code, Some(field));
        bench.refused(&company.key, ("PUT", &place(&channels[0])), manager(more), refusal).await;
    }
    let most = moscow(json!(vec![span("00:00", "24:00"); 50]));
    put(&bench, &company, &channels[0], most).await;
}

#[tokio::test]
async fn the_assignment_tells_who_is_full_away_or_off_hours() {
    let bench = Bench::new().await;
    let (company, channels, _) = staffed(&bench).await;
    let channel = &channels[0];
    let (account, employee) = (rows::account(&company), EmployeeId::new("17"));
    let open = |chat: &str| OpenChat {
        v: 1,
        account: account.clone(),
        channel: ChannelId::new(channel.as_str()),
        employee: employee.clone(),
        chat: shared::base::ids::ChatId::new(chat),
    };
    rows::create(&bench, &[open("a"), open("b"), open("c")]).await;
    let told = turn(&bench, &company, channel).await;
    assert_eq!(
        (&told["open_chats"], &told["cap"], &told["eligible"]),
        (&json!(null), &json!(null), &json!(true)),
        "the number of members makes no difference"
    );
    for (cap, reason) in [(4, json!(null)), (3, json!("cap_reached")), (2, json!("cap_reached"))] {
        put(&bench, &company, channel, json!({"cap": cap})).await;
        let told = turn(&bench, &company, channel).await;
        assert_eq!((&told["reason"], &told["open_chats"]), (&reason, &json!(cap.min(3))), "cap {cap}");
    }
    put(&bench, &company, channel, json!({"cap": null, "status": "off"})).await;
    assert_eq!(turn(&bench, &company, channel).await["reason"], "off");
    // It is Saturday, 12:10 in Moscow.
    let hours = |from: &str| {
        let span = json!({"days": ["saturday"], "from": from, "to": "18:00"});
        json!({"status": "available", "working_hours": {"zone": "Europe/Moscow", "spans": [span]}})
    };
    put(&bench, &company, channel, hours("12:11")).await;
    assert_eq!(turn(&bench, &company, channel).await["reason"], "outside_working_hours");
    put(&bench, &company, channel, hours("12:10")).await;
    assert_eq!(turn(&bench, &company, channel).await["eligible"], true);
    let id = ChannelId::new(channel.as_str());
    let key = keys::membership(&account, &id, &employee);
    let row: Membership = bench.app.store.get(&key, Read::Consistent).await.unwrap().unwrap();
    rows::change(&bench, &row, |row| row.inactive = true).await;
    let told = turn(&bench, &company, channel).await;
    assert_eq!((&told["reason"], &told["status"]), (&json!("inactive"), &json!("available")));
}

#[tokio::test]
async fn two_who_change_a_place_at_once_leave_one_turn() {
    let bench = Bench::new().await;
    let (company, channels, token) = staffed(&bench).await;
    let channel = &channels[0];
    let place = place(channel);
    for round in 0..20 {
        let status = if round % 2 == 0 { "away" } else { "available" };
        let (one, two) = tokio::join!(
            bench.call(&token, "PUT", "/v1/me/status", Some(json!({"status": status}))),
            bench.call(
                &company.key,
                "PUT",
                &place,
                manager(json!({"sends": round % 3 == 0, "cap": round + 1}))
            ),
        );
        assert_eq!((one.0, two.0), (200, 200), "{} {}", one.1, two.1);
        let (member, there, resting) = stored(&bench, &company, channel).await;
        assert_eq!(member.cap, Some(round + 1));
        let expected = (member.sends && round % 2 == 1, member.sends && round % 2 == 0);
        assert_eq!((there, resting), expected, "{member:?}");
    }
}
