//! The fallback employee, the time to answer, and a channel's working hours.

use super::channel_settings::{carrying, universal};
use crate::testing::{Bench, Company};
use serde_json::{Value, json};

/// An account with a channel, and employees 17 (manager), 18 (head), 19 (quality control), 20 (unbound), 21 (no
/// membership).
async fn staffed(bench: &Bench) -> (Company, String) {
    let company = bench.company("One").await;
    let (channels, _) = carrying(bench, &company.key, &[("c1", "whatsapp")]).await;
    let load: Vec<_> = (17..=21).map(|id| json!({"id": id.to_string(), "name": "E"})).collect();
    bench.expect(200, &company.key, "PUT", "/v1/employees", Some(json!({"employees": load}))).await;
    for (id, role, sends) in [
        ("17", "manager", true),
        ("18", "head", true),
        ("19", "quality_control", true),
        ("20", "manager", false),
    ] {
        let place = json!({"role": role, "receives_new_clients": true, "sends": sends});
        let path = format!("/v1/channels/{}/employees/{id}", channels[0]);
        bench.expect(200, &company.key, "PUT", &path, Some(place)).await;
    }
    bench.nudged();
    (company, channels[0].clone())
}

#[tokio::test]
async fn how_clients_are_given_out_is_set_and_waiting_ones_are_looked_at() {
    let bench = Bench::new().await;
    let (company, channel) = staffed(&bench).await;
    let (key, path) = (&company.key, format!("/v1/channels/{channel}"));
    let shown = |channel: &Value| {
        ["fallback", "reservation", "always_same", "working_hours"].map(|name| channel[name].clone())
    };
    let queue = json!({"type": "queue", "employee": null});
    let fresh = bench.expect(200, key, "GET", &path, None).await;
    assert_eq!(shown(&fresh), [queue.clone(), json!(null), json!(false), json!(null)]);
    for (body, told) in [
        (json!({"fallback": {"type": "employee", "employee": "17"}}), true),
        (json!({"fallback": {"type": "employee", "employee": "18"}}), true),
        (json!({"fallback": {"type": "heads", "employee": null}}), true),
        (json!({"fallback": {"type": "queue", "employee": null}}), true),
        (json!({"reservation": {"answer_within_s": 30, "passes": 1}}), true),
        (json!({"reservation": {"answer_within_s": 86_400, "passes": 10}}), true),
        (json!({"reservation": null}), true),
        (json!({"always_same": true}), true),
        (json!({"always_same": false}), true),
        (
            json!({"working_hours": {"zone": "Asia/Almaty", "spans": [{"days": ["friday"], "from": "09:00", "to": "24:00"}]}}),
            false,
        ),
        (json!({"working_hours": null}), false),
    ] {
        let answer = bench.expect(200, key, "PATCH", &path, Some(body.clone())).await;
        let (name, value) = body.as_object().unwrap().iter().next().unwrap();
        assert_eq!(answer[name], *value);
        assert_eq!(answer, bench.expect(200, key, "GET", &path, None).await);
        assert_eq!(bench.nudged().len(), usize::from(told), "{body}");
    }
    let heads = bench.expect(200, key, "PATCH", &path, Some(json!({"fallback": {"type": "heads"}}))).await;
    assert_eq!(heads["fallback"], json!({"type": "heads", "employee": null}));
    let back = bench.expect(200, key, "PATCH", &path, Some(json!({"fallback": null}))).await;
    assert_eq!(shown(&back), shown(&fresh));
}

#[tokio::test]
async fn who_cannot_write_there_is_not_fallen_back_on() {
    let bench = Bench::new().await;
    let (company, channel) = staffed(&bench).await;
    let other = bench.company("Two").await;
    bench.token(&other.key, "99").await;
    let path = format!("/v1/channels/{channel}");
    let to = |employee: &str| Some(json!({"fallback": {"type": "employee", "employee": employee}}));
    for (employee, code) in [
        ("19", "quality_control"),
        ("20", "not_bound"),
        ("21", "no_role"),
        ("99", "no_role"),
        ("nobody", "no_role"),
    ] {
        let refusal = (422, code, Some("fallback.employee"));
        bench.refused(&company.key, ("PATCH", &path), to(employee), refusal).await;
    }
    for (body, code, field) in [
        (json!({"fallback": {}}), "missing_field", "fallback.type"),
        (json!({"fallback": {"type": "nobody"}}), "invalid_value", "fallback.type"),
        (json!({"fallback": {"type": "employee"}}), "missing_field", "fallback.employee"),
        (json!({"fallback": {"type": "employee", "employee": null}}), "missing_field", "fallback.employee"),
        (json!({"fallback": {"type": "employee", "employee": ""}}), "invalid_value", "fallback.employee"),
        (json!({"fallback": {"type": "employee", "employee": "a/b"}}), "invalid_value", "fallback.employee"),
        (json!({"fallback": {"type": "employee", "employee": 17}}), "invalid_value", "fallback.employee"),
        (json!({"fallback": {"type": "heads", "employee": "18"}}), "invalid_value", "fallback.employee"),
        (json!({"fallback": {"type": "queue", "order": 1}}), "unknown_field", "fallback.order"),
        (json!({"fallback": ["queue", null]}), "invalid_value", "fallback"),
        (json!({"reservation": {"answer_within_s": 60}}), "missing_field", "reservation.passes"),
        (
            json!({"reservation": {"answer_within_s": 29, "passes": 1}}),
            "invalid_value",
            "reservation.answer_within_s",
        ),
        (
            json!({"reservation": {"answer_within_s": 86_401, "passes": 1}}),
            "invalid_value",
            "reservation.answer_within_s",
        ),
        (json!({"reservation": {"answer_within_s": 60, "passes": 0}}), "invalid_value", "reservation.passes"),
        (
            json!({"reservation": {"answer_within_s": 60, "passes": 11}}),
            "invalid_value",
            "reservation.passes",
        ),
        (
            json!({"reservation": {"answer_within_s": 60, "passes": 1, "to": 1}}),
            "unknown_field",
            "reservation.to",
        ),
        (json!({"always_same": null}), "invalid_value", "always_same"),
        (json!({"working_hours": {"zone": "Here", "spans": []}}), "invalid_value", "working_hours.zone"),
        (
            json!({"working_hours": {"zone": "Europe/Moscow", "spans": [{"days": ["monday"], "from": "x", "to": "18:00"}]}}),
            "invalid_value",
            "working_hours.spans[0].from",
        ),
    ] {
        bench.refused(&company.key, ("PATCH", &path), Some(body), (400, code, Some(field))).await;
    }
    assert!(bench.nudged().is_empty());
}

/// Two concurrent changes leave no fallback who cannot receive clients, and the set-up check finds one that exists
/// already.
#[tokio::test]
async fn a_fallback_who_loses_his_place_as_he_is_named_is_found() {
    let bench = Bench::new().await;
    let (company, channel) = staffed(&bench).await;
    universal(&bench, &company.key).await;
    let (path, place) = (format!("/v1/channels/{channel}"), format!("/v1/channels/{channel}/employees/17"));
    let named = json!({"fallback": {"type": "employee", "employee": "17"}});
    bench.expect(200, &company.key, "PATCH", &path, Some(named)).await;
    let codes = |answer: Value| {
        let all = answer["findings"].as_array().unwrap().clone();
        all.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = codes(bench.expect(200, &company.key, "GET", "/v1/setup-check", None).await);
    assert!(!before.contains(&"fallback_cannot_write".to_owned()), "{before:?}");
    let mute = json!({"role": "quality_control", "receives_new_clients": false});
    bench.expect(200, &company.key, "PUT", &place, Some(mute)).await;
    let after = codes(bench.expect(200, &company.key, "GET", "/v1/setup-check", None).await);
    assert!(after.contains(&"fallback_cannot_write".to_owned()), "{after:?}");
    let heads = json!({"fallback": {"type": "heads"}});
    bench.expect(200, &company.key, "PATCH", &path, Some(heads)).await;
    let again = json!({"role": "manager", "receives_new_clients": false});
    bench.expect(200, &company.key, "PUT", &place, Some(again)).await;
    bench.expect(204, &company.key, "DELETE", &format!("/v1/channels/{channel}/employees/18"), None).await;
    let after = codes(bench.expect(200, &company.key, "GET", "/v1/setup-check", None).await);
    assert!(after.contains(&"fallback_without_heads".to_owned()), "{after:?}");
}
