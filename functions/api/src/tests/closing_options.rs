//! How chats end: the channel's options, the account's for channels without, and the effective ones (F1–F5).

use super::channel_settings::carrying;
use crate::testing::{Bench, Company};
use serde_json::{Value, json};

async fn company(bench: &Bench) -> (Company, String) {
    let company = bench.company("One").await;
    let (channels, _) = carrying(bench, &company.key, &[("c1", "whatsapp")]).await;
    bench.nudged();
    (company, channels[0].clone())
}

const OPTIONS: [&str; 5] = ["close_after_s", "client_waits", "timeout_status", "reopening", "farewell"];

fn own(answer: &Value) -> [Value; 5] {
    OPTIONS.map(|name| answer[name].clone())
}

fn applying(answer: &Value) -> [Value; 5] {
    OPTIONS.map(|name| answer["closing"][name].clone())
}

fn said(values: [Value; 5]) -> Value {
    OPTIONS.into_iter().zip(values).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The channels for whose live chats a recheck was requested since the last call; null is all channels.
fn looked_at(bench: &Bench) -> Vec<Value> {
    let sent = std::mem::take(&mut bench.world.lock().unwrap().nudges);
    sent.into_iter().filter(|one| one.get("changed_at").is_some()).map(|one| one["channel"].clone()).collect()
}

#[tokio::test]
async fn a_channel_before_the_account_before_the_default() {
    let bench = Bench::new().await;
    let (company, channel) = company(&bench).await;
    let (key, path) = (&company.key, format!("/v1/channels/{channel}"));
    let patch = |path: String, body: Value| {
        let bench = &bench;
        async move { set(bench, key, &path, body).await }
    };
    let nothing = [json!(null), json!(null), json!(null), json!(null), json!(null)];
    let default = [json!(600), json!(false), json!(null), json!("reopen"), json!(null)];
    for place in [path.as_str(), "/v1/account"] {
        let fresh = bench.expect(200, key, "GET", place, None).await;
        assert_eq!((own(&fresh), applying(&fresh)), (nothing.clone(), default.clone()), "{place}");
    }
    let of_account = [json!(86_400), json!(true), json!("waiting"), json!("case_only"), json!("Bye\nbye")];
    let account = patch("/v1/account".into(), said(of_account.clone())).await;
    assert_eq!((own(&account), applying(&account)), (of_account.clone(), of_account.clone()));
    assert_eq!(looked_at(&bench), [json!(null)], "all channels");
    let read = bench.expect(200, key, "GET", &path, None).await;
    assert_eq!((own(&read), applying(&read)), (nothing.clone(), of_account.clone()));
    let listed = bench.expect(200, key, "GET", "/v1/channels", None).await;
    assert_eq!(listed["channels"][0], read);
    let of_channel = [json!(10), json!(false), json!("closed"), json!("new_case"), json!("See you")];
    let changed = patch(path.clone(), said(of_channel.clone())).await;
    assert_eq!((own(&changed), applying(&changed)), (of_channel.clone(), of_channel));
    assert_eq!(looked_at(&bench), [json!(channel)]);
    let silent = patch(path.clone(), json!({"farewell": ""})).await;
    assert_eq!((&own(&silent)[4], &applying(&silent)[4]), (&json!(""), &json!(null)), "none here");
    for name in OPTIONS {
        looked_at(&bench);
        let back = patch(path.clone(), json!({name: null})).await;
        let at = OPTIONS.iter().position(|known| *known == name).unwrap();
        assert_eq!((&own(&back)[at], &applying(&back)[at]), (&json!(null), &of_account[at]), "{name}");
        assert_eq!(looked_at(&bench), [json!(channel)], "{name}");
    }
    let back = patch("/v1/account".into(), said(nothing.clone())).await;
    assert_eq!((own(&back), applying(&back)), (nothing, default));
}

async fn set(bench: &Bench, key: &str, path: &str, body: Value) -> Value {
    bench.expect(200, key, "PATCH", path, Some(body)).await
}

#[tokio::test]
async fn live_chats_are_looked_at_when_how_they_end_really_changed() {
    let bench = Bench::new().await;
    let (company, channel) = company(&bench).await;
    let (key, path) = (&company.key, format!("/v1/channels/{channel}"));
    for first in [true, false] {
        let (of_channel, of_all) =
            if first { (vec![json!(channel)], vec![json!(null)]) } else { (vec![], vec![]) };
        set(&bench, key, &path, json!({"close_after_s": 60})).await;
        assert_eq!(looked_at(&bench), of_channel);
        set(&bench, key, "/v1/account", json!({"client_waits": false})).await;
        assert_eq!(looked_at(&bench), of_all);
    }
    set(&bench, key, &path, json!({"title": "Sales", "always_same": true})).await;
    set(&bench, key, "/v1/account", json!({"name": "Two", "working_hours": null})).await;
    assert!(looked_at(&bench).is_empty());
    bench.world.lock().unwrap().queue_down = true;
    let answer = set(&bench, key, &path, json!({"close_after_s": 70})).await;
    assert_eq!(answer["close_after_s"], 70, "an option that was set stays set");
}

#[tokio::test]
async fn what_cannot_be_is_told_where() {
    let bench = Bench::new().await;
    let (company, channel) = company(&bench).await;
    let path = format!("/v1/channels/{channel}");
    for place in [path.as_str(), "/v1/account"] {
        for (body, code, field) in [
            (json!({"close_after_s": 9}), "invalid_value", "close_after_s"),
            (json!({"close_after_s": 2_592_001}), "invalid_value", "close_after_s"),
            (json!({"close_after_s": 1.5}), "invalid_value", "close_after_s"),
            (json!({"close_after_s": -10}), "invalid_value", "close_after_s"),
            (json!({"client_waits": "yes"}), "invalid_value", "client_waits"),
            (json!({"timeout_status": "done"}), "invalid_value", "timeout_status"),
            (json!({"reopening": "always"}), "invalid_value", "reopening"),
            (json!({"farewell": "x".repeat(1001)}), "invalid_value", "farewell"),
            (json!({"farewell": " \n"}), "invalid_value", "farewell"),
            (json!({"farewell": "a\tb"}), "invalid_value", "farewell"),
            (json!({"farewell": 1}), "invalid_value", "farewell"),
            (json!({"closing": {"close_after_s": 10}}), "unknown_field", "closing"),
            (
                json!({"working_hours": {"zone": "Europe/Moscow", "spans": [{"days": ["monday"], "from": "25:00", "to": "18:00"}]}}),
                "invalid_value",
                "working_hours.spans[0].from",
            ),
        ] {
            bench.refused(&company.key, ("PATCH", place), Some(body), (400, code, Some(field))).await;
        }
        for least in [10, 2_592_000] {
            set(&bench, &company.key, place, json!({"close_after_s": least})).await;
        }
        let longest = json!({"farewell": "ю".repeat(1000)});
        assert_eq!(set(&bench, &company.key, place, longest.clone()).await["farewell"], longest["farewell"]);
        let lines = set(&bench, &company.key, place, json!({"farewell": "a\r\nb"})).await;
        assert_eq!(lines["farewell"], "a\nb");
    }
    let hours =
        json!({"zone": "Europe/Moscow", "spans": [{"days": ["monday"], "from": "09:00", "to": "18:00"}]});
    let answer = set(&bench, &company.key, "/v1/account", json!({"working_hours": hours})).await;
    assert_eq!(answer["working_hours"], hours);
    let answer = set(&bench, &company.key, "/v1/account", json!({"working_hours": null})).await;
    assert_eq!(answer["working_hours"], json!(null));
}

#[tokio::test]
async fn two_options_said_at_once_both_stand() {
    let bench = Bench::new().await;
    let (company, channel) = company(&bench).await;
    let path = format!("/v1/channels/{channel}");
    for place in [path.as_str(), "/v1/account"] {
        for round in 0..10 {
            let (seconds, text) = (100 + round, format!("Bye {round}"));
            let (one, two) = tokio::join!(
                bench.call(&company.key, "PATCH", place, Some(json!({"close_after_s": seconds}))),
                bench.call(&company.key, "PATCH", place, Some(json!({"farewell": text}))),
            );
            assert_eq!((one.0, two.0), (200, 200));
            let now = bench.expect(200, &company.key, "GET", place, None).await;
            assert_eq!((&now["close_after_s"], &now["farewell"]), (&json!(seconds), &json!(text)), "{place}");
        }
    }
}
