//! Channels, employees, members, pipelines and the CRM.

use crate::testing::{Bench, OPERATOR};
use serde_json::json;
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use shared::model::employee::{Employee, Membership, Role};
use shared::store::Read;
use shared::store::row::Write;
use std::time::Duration;

async fn load(bench: &Bench, key: &str, ids: &[&str]) {
    let employees: Vec<_> = ids.iter().map(|id| json!({"id": id, "name": format!("Name of {id}")})).collect();
    bench.expect(200, key, "PUT", "/v1/employees", Some(json!({"employees": employees}))).await;
}

#[tokio::test]
async fn employees_are_loaded_renamed_and_removed_with_their_places() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = bench.connected(&key, &["c1", "c2"]).await;
    load(&bench, &key, &["1", "Анна", "a b"]).await;
    bench.clock.advance(Duration::from_secs(5));
    let again = json!({"employees": [{"id": "1", "name": "Renamed"}]});
    let answer = bench.expect(200, &key, "PUT", "/v1/employees", Some(again)).await;
    assert_eq!(
        answer["employees"][0]["created_at"], "2026-11-21T09:10:00.000Z",
        "the place in the ring stays"
    );
    let all = bench.expect(200, &key, "GET", "/v1/employees", None).await;
    assert_eq!(all["employees"].as_array().unwrap().len(), 3);
    let member = json!({"role": "manager", "receives_new_clients": true});
    for channel in &channels {
        let path = format!("/v1/channels/{channel}/employees/1");
        bench.expect(200, &key, "PUT", &path, Some(member.clone())).await;
    }
    assert_eq!(bench.nudged(), channels);
    let one = bench.expect(200, &key, "GET", "/v1/employees/1", None).await;
    assert_eq!((one["name"].as_str(), one["channels"].as_array().unwrap().len()), (Some("Renamed"), 2));
    bench.expect(204, &key, "DELETE", "/v1/employees/1", None).await;
    let mut nudged = bench.nudged();
    nudged.sort();
    let mut expected = channels.clone();
    expected.sort();
    assert_eq!(nudged, expected);
    for channel in &channels {
        let members =
            bench.expect(200, &key, "GET", &format!("/v1/channels/{channel}/employees"), None).await;
        assert_eq!(members["members"], json!([]));
    }
    bench.expect(404, &key, "DELETE", "/v1/employees/1", None).await;
    bench.expect(404, &key, "GET", "/v1/employees/1", None).await;
    bench.expect(200, &key, "GET", "/v1/employees/a%20b", None).await;
    bench.expect(204, &key, "DELETE", "/v1/employees/%D0%90%D0%BD%D0%BD%D0%B0", None).await;
}

#[tokio::test]
async fn a_place_left_over_by_a_broken_removal_goes_with_the_next() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let (channels, _) = bench.connected(&company.key, &["c1"]).await;
    let (account, channel) = (AccountId::new(company.id.as_str()), ChannelId::new(channels[0].as_str()));
    let employee = EmployeeId::new("gone");
    let orphan = Membership::new(&account, &channel, &employee, Role::Head, Timestamp::from_millis(1));
    bench.app.store.commit(vec![Write::create(&orphan).unwrap()]).await.unwrap();
    bench.expect(204, &company.key, "DELETE", "/v1/employees/gone", None).await;
    bench.expect(404, &company.key, "DELETE", "/v1/employees/gone", None).await;
}

#[tokio::test]
async fn employees_are_checked() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let put = ("PUT", "/v1/employees");
    let many: Vec<_> = (0..101).map(|index| json!({"id": index.to_string(), "name": "A"})).collect();
    for (employees, field) in [
        (json!([]), "employees"),
        (json!(many), "employees"),
        (json!([{"id": "", "name": "A"}]), "employees[0].id"),
        (json!([{"id": "x".repeat(201), "name": "A"}]), "employees[0].id"),
        (json!([{"id": "a\nb", "name": "A"}]), "employees[0].id"),
        (json!([{"id": "a/b", "name": "A"}]), "employees[0].id"),
        (json!([{"id": "1", "name": "x".repeat(201)}]), "employees[0].name"),
        (json!([{"id": "1", "name": "A"}, {"id": "1", "name": "B"}]), "employees[1].id"),
    ] {
        let body = Some(json!({"employees": employees}));
        bench.refused(key, put, body, (400, "invalid_value", Some(field))).await;
    }
    let largest = json!([{"id": "я".repeat(100), "name": "ю".repeat(200)}]);
    bench.expect(200, key, "PUT", "/v1/employees", Some(json!({"employees": largest}))).await;
    let account = AccountId::new(company.id.as_str());
    let rows = (0..995).map(|index| {
        let (account, employee) = (account.clone(), EmployeeId::new(format!("e{index}")));
        Write::put(&Employee::new(&account, &employee, "E", bench.clock.now())).unwrap()
    });
    bench.app.store.commit_in_parts(rows.collect()).await.unwrap();
    let body = |ids: std::ops::Range<u32>| json!({"employees": ids.map(|id| json!({"id": format!("n{id}"), "name": "N"})).collect::<Vec<_>>()});
    let refusal = (422, "too_many_employees", Some("employees"));
    bench.refused(key, put, Some(body(0..5)), refusal).await;
    bench.expect(200, key, "PUT", "/v1/employees", Some(body(0..4))).await;
    let all = bench.expect(200, key, "GET", "/v1/employees", None).await;
    assert_eq!(all["employees"].as_array().unwrap().len(), 1000, "answered whole");
}

#[tokio::test]
async fn a_member_keeps_his_place_and_every_change_nudges() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = bench.connected(&key, &["c1"]).await;
    let channel = &channels[0];
    load(&bench, &key, &["1", "2"]).await;
    let path = |employee: &str| format!("/v1/channels/{channel}/employees/{employee}");
    let place = |role: &str, receives: bool| Some(json!({"role": role, "receives_new_clients": receives}));
    bench.expect(200, &key, "PUT", &path("2"), place("manager", true)).await;
    bench.clock.advance(Duration::from_secs(60));
    bench.expect(200, &key, "PUT", &path("1"), place("quality_control", true)).await;
    let changed = bench.expect(200, &key, "PUT", &path("2"), place("head", false)).await;
    assert_eq!(changed["joined_at"], "2026-11-21T09:10:00.000Z");
    bench.expect(200, &key, "PUT", &path("2"), place("head", false)).await;
    assert_eq!(bench.nudged().len(), 4, "also when nothing changed");
    let members = bench.expect(200, &key, "GET", &format!("/v1/channels/{channel}/employees"), None).await;
    assert_eq!(
        (&members["members"][0]["employee"], &members["members"][1]["employee"]),
        (&json!("2"), &json!("1"))
    );
    for (body, code, field) in [
        (json!({"role": "boss", "receives_new_clients": true}), "invalid_value", "role"),
        (json!({"role": "head"}), "missing_field", "receives_new_clients"),
        (json!({"role": "head", "receives_new_clients": "yes"}), "invalid_value", "receives_new_clients"),
        (json!({"role": "head", "receives_new_clients": true, "turn": 1}), "unknown_field", "turn"),
    ] {
        bench.refused(&key, ("PUT", &path("1")), Some(body), (400, code, Some(field))).await;
    }
    bench.expect(404, &key, "PUT", &path("3"), place("head", true)).await;
    bench.expect(204, &key, "DELETE", &path("1"), None).await;
    bench.expect(404, &key, "DELETE", &path("1"), None).await;
    assert_eq!(bench.nudged(), [channel.as_str()]);
    bench.world.lock().unwrap().queue_down = true;
    bench.expect(200, &key, "PUT", &path("1"), place("head", true)).await;
}

#[tokio::test]
async fn assignment_says_who_waits_and_who_is_eligible() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let (channels, _) = bench.connected(key, &["c1"]).await;
    let path = format!("/v1/channels/{}/assignment", channels[0]);
    load(&bench, key, &["1", "2", "3"]).await;
    for (employee, role, receives) in
        [("1", "manager", true), ("2", "quality_control", true), ("3", "head", false)]
    {
        let place = json!({"role": role, "receives_new_clients": receives});
        let path = format!("/v1/channels/{}/employees/{employee}", channels[0]);
        bench.expect(200, key, "PUT", &path, Some(place)).await;
    }
    let empty = bench.expect(200, key, "GET", &path, None).await;
    assert_eq!(
        (&empty["waiting"], &empty["oldest_waiting_since"], &empty["last"]),
        (&json!(0), &json!(null), &json!(null))
    );
    let verdicts: Vec<_> =
        empty["members"].as_array().unwrap().iter().map(|m| (&m["eligible"], &m["reason"])).collect();
    let (yes, no) = (json!(true), json!(false));
    let (none, mute, off) = (json!(null), json!("may_not_write"), json!("receives_no_new_clients"));
    assert_eq!(verdicts, [(&yes, &none), (&no, &mute), (&no, &off)]);
    let (account, channel) = (AccountId::new(company.id.as_str()), ChannelId::new(channels[0].as_str()));
    let mut ring = shared::model::assignment::Ring::new(&account, &channel);
    ring.turns = 3;
    ring.last = Some(shared::model::assignment::RingPlace {
        joined_at: Timestamp::default(),
        employee: EmployeeId::new("1"),
    });
    let mut writes = vec![Write::create(&ring).unwrap()];
    for at in [2_000, 1_000] {
        let (chat, contact, arrived_at) =
            (ChatId::new(at.to_string()), ContactId::new("c"), Timestamp::from_millis(at));
        let (account, channel) = (account.clone(), channel.clone());
        let waiting =
            shared::model::assignment::WaitingClient { v: 1, account, channel, chat, contact, arrived_at };
        writes.push(Write::create(&waiting).unwrap());
    }
    bench.app.store.commit(writes).await.unwrap();
    let full = bench.expect(200, key, "GET", &path, None).await;
    assert_eq!((&full["last"], &full["turns"], &full["waiting"]), (&json!("1"), &json!(3), &json!(2)));
    assert_eq!(full["oldest_waiting_since"], "1970-01-01T00:00:01.000Z");
}

#[tokio::test]
async fn a_channel_is_set_up() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = bench.connected(&key, &["c1"]).await;
    let path = format!("/v1/channels/{}", channels[0]);
    for (body, status, code, field) in [
        (json!({"name": ""}), 400, "invalid_value", "name"),
        (json!({"name": "x".repeat(201)}), 400, "invalid_value", "name"),
        (json!({"name": null}), 400, "invalid_value", "name"),
        (json!({"close_after_s": "600"}), 400, "invalid_value", "close_after_s"),
        (json!({"close_after_s": 9}), 400, "invalid_value", "close_after_s"),
        (json!({"close_after_s": 2_592_001}), 400, "invalid_value", "close_after_s"),
        (json!({"close_after_s": 1.5}), 400, "invalid_value", "close_after_s"),
        (json!({"distribution": "by_magic"}), 400, "invalid_value", "distribution"),
        (json!({"ignored": null}), 400, "invalid_value", "ignored"),
        (json!({"import_echoes": "no"}), 400, "invalid_value", "import_echoes"),
        (json!({"name_in_crm": null}), 400, "invalid_value", "name_in_crm"),
        (json!({"echo_mark": "x".repeat(101)}), 400, "invalid_value", "echo_mark"),
        (json!({"echo_mark": "a\nb"}), 400, "invalid_value", "echo_mark"),
        (json!({"echo_mark": " "}), 400, "invalid_value", "echo_mark"),
        (json!({"skip_echoes": true}), 400, "unknown_field", "skip_echoes"),
        (json!({"state": "active"}), 400, "unknown_field", "state"),
        (json!({"deal_stage": {"pipeline_id": "1"}}), 400, "missing_field", "deal_stage.stage_id"),
        (
            json!({"deal_stage": {"pipeline_id": "1", "stage_id": "2"}}),
            422,
            "setting_not_applicable",
            "deal_stage",
        ),
    ] {
        bench.refused(&key, ("PATCH", &path), Some(body), (status, code, Some(field))).await;
    }
    let crm = json!({"kind": "universal", "webhook_url": "https://crm.example.com/h"});
    bench.expect(200, &key, "PUT", "/v1/crm", Some(crm)).await;
    let stage = |pipeline: &str, stage: &str| {
        Some(json!({"deal_stage": {"pipeline_id": pipeline, "stage_id": stage}}))
    };
    let no_pipeline = (422, "unknown_stage", Some("deal_stage.pipeline_id"));
    bench.refused(&key, ("PATCH", &path), stage("1", "10"), no_pipeline).await;
    let pipelines =
        json!({"pipelines": [{"id": "1", "name": "Sales", "stages": [{"id": "10", "name": "New"}]}]});
    bench.expect(200, &key, "PUT", "/v1/pipelines", Some(pipelines)).await;
    bench.refused(&key, ("PATCH", &path), stage("2", "10"), no_pipeline).await;
    let no_stage = (422, "unknown_stage", Some("deal_stage.stage_id"));
    bench.refused(&key, ("PATCH", &path), stage("1", "11"), no_stage).await;
    bench.expect(200, &key, "PATCH", &path, stage("1", "10")).await;
    let change = json!({"name": "Sales", "close_after_s": 10, "distribution": "round_robin"});
    let answer = bench.expect(200, &key, "PATCH", &path, Some(change)).await;
    assert_eq!((&answer["name"], &answer["close_after_s"]), (&json!("Sales"), &json!(10)));
    assert_eq!(answer["deal_stage"], json!({"pipeline_id": "1", "stage_id": "10"}), "an omitted field stays");
    bench.expect(200, &key, "PATCH", &path, Some(json!({}))).await;
    let answer = bench.expect(200, &key, "PATCH", &path, Some(json!({"deal_stage": null}))).await;
    assert_eq!(answer["deal_stage"], json!(null));
    assert_eq!(answer, bench.expect(200, &key, "GET", &path, None).await);
}

#[tokio::test]
async fn pipelines_are_loaded_as_a_whole() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    assert_eq!(bench.expect(200, &key, "GET", "/v1/pipelines", None).await, json!({"pipelines": []}));
    let loaded = json!({"pipelines": [{"id": "1", "name": "A", "stages": [{"id": "1", "name": "B"}]}, {"id": "2", "name": "C"}]});
    assert_eq!(bench.expect(200, &key, "PUT", "/v1/pipelines", Some(loaded.clone())).await, loaded);
    assert_eq!(bench.expect(200, &key, "GET", "/v1/pipelines", None).await, loaded);
    let pipeline = |id: usize| json!({"id": id.to_string(), "name": "A"});
    let stages: Vec<_> =
        (0..2000).map(|id| json!({"id": format!("{id:0100}"), "name": "n".repeat(100)})).collect();
    for (pipelines, field) in [
        (json!((0..101).map(pipeline).collect::<Vec<_>>()), "pipelines"),
        (json!([pipeline(1), pipeline(1)]), "pipelines[1].id"),
        (json!([{"id": "1", "name": "A", "stages": []}]), "pipelines[0].stages"),
        (json!([{"id": "x".repeat(101), "name": "A"}]), "pipelines[0].id"),
        (json!([{"id": "1", "name": "x".repeat(101)}]), "pipelines[0].name"),
        (
            json!([{"id": "1", "name": "A", "stages": [{"id": "1", "name": ""}]}]),
            "pipelines[0].stages[0].name",
        ),
        (
            json!([{"id": "1", "name": "A", "stages": [{"id": "1", "name": "B"}, {"id": "1", "name": "C"}]}]),
            "pipelines[0].stages[1].id",
        ),
        (json!([{"id": "1", "name": "A", "stages": stages}]), "pipelines"),
    ] {
        let body = Some(json!({"pipelines": pipelines}));
        bench.refused(&key, ("PUT", "/v1/pipelines"), body, (400, "invalid_value", Some(field))).await;
    }
    bench.expect(200, &key, "PUT", "/v1/pipelines", Some(json!({"pipelines": []}))).await;
    assert_eq!(bench.expect(200, &key, "GET", "/v1/pipelines", None).await, json!({"pipelines": []}));
}

#[tokio::test]
async fn the_crm_is_checked() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let none = bench.expect(200, key, "GET", "/v1/crm", None).await;
    assert_eq!((&none["kind"], &none["capabilities"]["stages"]), (&json!("none"), &json!(false)));
    let url = |url: &str| json!({"kind": "universal", "webhook_url": url});
    let long = format!("https://crm.example.com/{}", "x".repeat(2000));
    for (body, code, field) in [
        (json!({"kind": "universal"}), "missing_field", "webhook_url"),
        (json!({"kind": "amocrm"}), "invalid_value", "kind"),
        (url("crm"), "invalid_value", "webhook_url"),
        (url("ftp://crm.example.com/"), "invalid_value", "webhook_url"),
        (url("http://169.254.169.254/"), "invalid_value", "webhook_url"),
        (url("http://10.0.0.1/"), "invalid_value", "webhook_url"),
        (url("https://169.254.169.254/"), "invalid_value", "webhook_url"),
        (url("https://[::1]/"), "invalid_value", "webhook_url"),
        (url("https://user:pass@crm.example.com/"), "invalid_value", "webhook_url"),
        (url(&long), "invalid_value", "webhook_url"),
        (
            json!({"kind": "universal", "webhook_url": "https://crm.example.com/", "crm_key": "a b"}),
            "invalid_value",
            "crm_key",
        ),
        (
            json!({"kind": "universal", "webhook_url": "https://crm.example.com/", "crm_key": ""}),
            "invalid_value",
            "crm_key",
        ),
        (json!({"kind": "none", "webhook_url": "https://crm.example.com/"}), "invalid_value", "webhook_url"),
        (json!({"kind": "none", "crm_key": "k"}), "invalid_value", "crm_key"),
        (json!({"kind": "none", "url": "k"}), "unknown_field", "url"),
    ] {
        bench.refused(key, ("PUT", "/v1/crm"), Some(body), (400, code, Some(field))).await;
    }
    let plain = bench.expect(200, key, "PUT", "/v1/crm", Some(url("http://crm.example.com/h"))).await;
    assert_eq!(plain["webhook_url"], "http://crm.example.com/h");
}

#[tokio::test]
async fn the_crm_is_set_and_its_trouble_cleared() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let (key, account) = (&company.key, AccountId::new(company.id.as_str()));
    let set =
        json!({"kind": "universal", "webhook_url": "https://crm.example.com/h", "crm_key": "crm-secret"});
    let answer = bench.expect(200, key, "PUT", "/v1/crm", Some(set.clone())).await;
    assert!(!answer.to_string().contains("crm-secret") && answer["has_key"] == true);
    assert_eq!(bench.expect(200, key, "GET", "/v1/account", None).await["crm_kind"], "universal");
    let before = bench.app.store.crm(&account, Read::Consistent).await.unwrap().unwrap();
    let mut broken = before.clone();
    broken.state = shared::model::crm::CrmState::Unauthorized;
    broken.failures = 9;
    broken.paused_until = Some(bench.clock.now());
    broken.error = Some("HTTP 401".into());
    bench.app.store.commit(vec![Write::put(&broken).unwrap()]).await.unwrap();
    let shown = bench.expect(200, key, "GET", "/v1/crm", None).await;
    assert_eq!(
        (&shown["state"], &shown["failures"], &shown["error"]),
        (&json!("unauthorized"), &json!(9), &json!("HTTP 401"))
    );
    assert_eq!(shown["paused_until"], "2026-11-21T09:10:00.000Z");
    let cleared = bench.expect(200, key, "PUT", "/v1/crm", Some(set)).await;
    assert_eq!(
        (&cleared["state"], &cleared["failures"], &cleared["paused_until"]),
        (&json!("active"), &json!(0), &json!(null))
    );
    let gone = bench.expect(200, key, "PUT", "/v1/crm", Some(json!({"kind": "none"}))).await;
    assert_eq!(
        (&gone["kind"], &gone["webhook_url"], &gone["has_key"]),
        (&json!("none"), &json!(null), &json!(false))
    );
    assert!(bench.app.store.crm(&account, Read::Consistent).await.unwrap().is_none());
    let principal = bench.expect(200, OPERATOR, "GET", &format!("/v1/accounts/{}", company.id), None).await;
    assert_eq!(principal["crm_kind"], "none");
}

#[tokio::test]
async fn a_removed_employee_is_nobodys_member_whatever_came_at_once() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = bench.connected(&key, &["c1", "c2"]).await;
    let place = json!({"role": "manager", "receives_new_clients": true});
    let paths: Vec<_> =
        channels.iter().map(|channel| format!("/v1/channels/{channel}/employees/1")).collect();
    for _ in 0..20 {
        load(&bench, &key, &["1"]).await;
        let (first, gone, second) = tokio::join!(
            bench.call(&key, "PUT", &paths[0], Some(place.clone())),
            bench.call(&key, "DELETE", "/v1/employees/1", None),
            bench.call(&key, "PUT", &paths[1], Some(place.clone())),
        );
        assert_eq!(gone.0, 204, "{}", gone.1);
        assert!([first.0, second.0].iter().all(|status| [200, 404].contains(status)), "{first:?} {second:?}");
        for channel in &channels {
            let path = format!("/v1/channels/{channel}/employees");
            assert_eq!(bench.expect(200, &key, "GET", &path, None).await["members"], json!([]));
        }
    }
}

#[tokio::test]
async fn two_changes_of_a_channel_at_once_both_stand() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    let (channels, _) = bench.connected(&key, &["c1"]).await;
    let path = format!("/v1/channels/{}", channels[0]);
    let (one, two) = tokio::join!(
        bench.call(&key, "PATCH", &path, Some(json!({"name": "Sales"}))),
        bench.call(&key, "PATCH", &path, Some(json!({"close_after_s": 77}))),
    );
    assert_eq!((one.0, two.0), (200, 200));
    let now = bench.expect(200, &key, "GET", &path, None).await;
    assert_eq!((&now["name"], &now["close_after_s"]), (&json!("Sales"), &json!(77)));
}
