//! Rules through the API (F6): saved, read, refused with the place of the fault, and who may do so.

use super::staff::Staff;
use crate::testing::{Bench, Company};
use serde_json::{Value, json};
use shared::base::ids::AccountId;
use shared::store::{Read, keys};

pub const RULES: &str = "/v1/rules";

pub fn rule(when: Value, conditions: Value, actions: Value) -> Value {
    json!({"name": "Rule", "when": when, "if": conditions, "then": actions})
}

pub fn on_message(conditions: Value, actions: Value) -> Value {
    rule(json!({"type": "message_in"}), conditions, actions)
}

pub async fn save(bench: &Bench, company: &Company, rules: Value) -> Value {
    bench.expect(200, &company.key, "PUT", RULES, Some(json!({"rules": rules}))).await
}

async fn account(bench: &Bench, company: &Company) -> shared::model::account::Account {
    let key = keys::account(&AccountId::new(company.id.as_str()));
    bench.app.store.get(&key, Read::Consistent).await.unwrap().unwrap()
}

/// Every trigger, condition and action that there is, as the API writes them.
fn whole(channel: &str) -> Value {
    json!([
        {
            "id": "all", "name": "All conditions", "enabled": false, "when": {"type": "message_in"},
            "if": [
                {"type": "channel", "any_of": [channel]}, {"type": "messenger", "any_of": ["whatsapp", "vk"]},
                {"type": "text", "contains": "цена"}, {"type": "text", "equals": "цена"},
                {"type": "text", "matches": "(?i)price"}, {"type": "kind", "any_of": ["text", "missed_call"]},
                {"type": "new_client", "is": true}, {"type": "tag", "has": "vip"}, {"type": "tag", "lacks": "spam"},
                {"type": "working_hours", "inside": false}, {"type": "responsible", "any_of": ["anna"]},
                {"type": "responsible", "present": false}
            ],
            "then": [
                {"type": "auto_reply", "text": "Hi {client_name}"}, {"type": "assign", "employee": "anna"},
                {"type": "assign", "distribute": true}, {"type": "tag", "add": ["a"], "remove": ["b"]},
                {"type": "finish", "status": "closed"}, {"type": "finish"}, {"type": "set_status", "status": "waiting"},
                {"type": "notify", "to": "responsible", "text": "x"}, {"type": "notify", "to": "heads", "text": "x"},
                {"type": "notify", "to": "employee", "employee": "anna", "text": "x"}
            ]
        },
        {"id": "c", "name": "c", "enabled": true, "when": {"type": "call"}, "if": [], "then": [{"type": "ignore"}]},
        {"id": "o", "name": "o", "enabled": true, "when": {"type": "message_out"}, "if": [], "then": [{"type": "finish"}]},
        {"id": "n", "name": "n", "enabled": true, "when": {"type": "chat_opened"}, "if": [], "then": [{"type": "finish"}]},
        {"id": "f", "name": "f", "enabled": true, "when": {"type": "chat_finished"}, "if": [], "then": [{"type": "finish"}]},
        {"id": "i", "name": "i", "enabled": true, "when": {"type": "idle", "minutes": 30}, "if": [], "then": [{"type": "finish"}]}
    ])
}

#[tokio::test]
async fn rules_are_saved_and_read_back_word_for_word() {
    let staff = Staff::new().await;
    let (bench, company) = (&staff.bench, &staff.company);
    let empty = bench.expect(200, &company.key, "GET", RULES, None).await;
    assert_eq!(empty, json!({"version": 0, "rules": []}));
    let whole = whole(&staff.channel);
    let saved = save(bench, company, whole.clone()).await;
    assert_eq!(saved, json!({"version": 1, "rules": whole}));
    assert_eq!(bench.expect(200, &company.key, "GET", RULES, None).await, saved);
    // The answer of a read can be sent back.
    let again = bench.expect(200, &company.key, "PUT", RULES, Some(saved)).await;
    assert_eq!(again["version"], 2);
}

#[tokio::test]
async fn the_account_follows_its_rules_and_live_chats_are_looked_at_for_a_new_silence() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let idle = |minutes: u32| {
        rule(json!({"type": "idle", "minutes": minutes}), json!([]), json!([{"type": "finish"}]))
    };
    let says = |account: &shared::model::account::Account| (account.has_rules, account.idle_minutes.clone());
    let rechecks = |bench: &Bench| {
        let nudges = std::mem::take(&mut bench.world.lock().unwrap().nudges);
        nudges.iter().filter(|nudge| nudge["changed_at"].is_number()).count()
    };
    save(&bench, &company, json!([idle(30), idle(5), idle(30)])).await;
    assert_eq!(says(&account(&bench, &company).await), (true, vec![5, 30]));
    assert_eq!(rechecks(&bench), 1);
    let on_message = on_message(json!([]), json!([{"type": "finish"}]));
    save(&bench, &company, json!([idle(5), idle(30), on_message])).await;
    assert_eq!(rechecks(&bench), 0, "no new silence is waited for");
    let mut off = on_message.clone();
    off["enabled"] = json!(false);
    save(&bench, &company, json!([off])).await;
    assert_eq!(says(&account(&bench, &company).await), (false, vec![]));
    let saved = save(&bench, &company, json!([on_message, on_message])).await;
    let ids: Vec<_> = saved["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str()).collect();
    assert!(ids[0].is_some_and(|id| id.len() == 36) && ids[0] != ids[1], "ids are made: {ids:?}");
}

#[tokio::test]
async fn who_replaces_rules_that_he_did_not_read_is_told() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let put = |version: u64| Some(json!({"version": version, "rules": []}));
    let stale = (409, "changed_meanwhile", None);
    bench.refused(&company.key, ("PUT", RULES), put(1), stale).await;
    bench.expect(200, &company.key, "PUT", RULES, put(0)).await;
    bench.refused(&company.key, ("PUT", RULES), put(0), stale).await;
    // Of two who read the same version, one is refused.
    let (one, other) = tokio::join!(
        bench.call(&company.key, "PUT", RULES, put(1)),
        bench.call(&company.key, "PUT", RULES, put(1))
    );
    let mut told = [one.0, other.0];
    told.sort_unstable();
    assert_eq!(told, [200, 409]);
    assert_eq!(bench.expect(200, &company.key, "GET", RULES, None).await["version"], 2);
}

#[tokio::test]
async fn a_fault_is_told_with_its_place() {
    let staff = Staff::new().await;
    let (bench, key) = (&staff.bench, &staff.company.key);
    let fine = json!([{"type": "finish"}]);
    let one =
        |condition: Value| on_message(json!([{"type": "new_client", "is": true}, condition]), fine.clone());
    let act = |action: Value| on_message(json!([]), json!([action]));
    let when = |when: Value| rule(when, json!([]), fine.clone());
    let (condition, action) = ("rules[0].if[1]", "rules[0].then[0]");
    for (rule, status, code, field) in [
        (one(json!({"type": "text", "matches": "(a"})), 400, "invalid_value", format!("{condition}.matches")),
        (one(json!({"type": "text"})), 400, "invalid_value", condition.into()),
        (
            one(json!({"type": "text", "contains": "a", "equals": "b"})),
            400,
            "invalid_value",
            condition.into(),
        ),
        (one(json!({"type": "text", "contain": "a"})), 400, "unknown_field", format!("{condition}.contain")),
        (one(json!({"contains": "a"})), 400, "missing_field", format!("{condition}.type")),
        (one(json!({"type": "weather"})), 400, "invalid_value", format!("{condition}.type")),
        (one(json!({"type": "new_client"})), 400, "missing_field", format!("{condition}.is")),
        (one(json!(["new_client", true])), 400, "invalid_value", condition.into()),
        (
            one(json!({"type": "channel", "any_of": ["x"]})),
            422,
            "unknown_channel",
            format!("{condition}.any_of[0]"),
        ),
        (
            one(json!({"type": "messenger", "any_of": ["icq"]})),
            400,
            "invalid_value",
            format!("{condition}.any_of[0]"),
        ),
        (
            one(json!({"type": "responsible", "any_of": ["gone"]})),
            422,
            "unknown_employee",
            format!("{condition}.any_of[0]"),
        ),
        (
            one(json!({"type": "responsible", "any_of": [""]})),
            400,
            "invalid_value",
            format!("{condition}.any_of[0]"),
        ),
        (act(json!({"type": "auto_reply", "text": "{car}"})), 400, "invalid_value", format!("{action}.text")),
        (act(json!({"type": "assign"})), 400, "invalid_value", action.into()),
        (
            act(json!({"type": "assign", "distribute": false})),
            400,
            "invalid_value",
            format!("{action}.distribute"),
        ),
        (
            act(json!({"type": "assign", "employee": "gone"})),
            422,
            "unknown_employee",
            format!("{action}.employee"),
        ),
        (
            act(json!({"type": "assign", "employee": "quality"})),
            422,
            "may_not_write",
            format!("{action}.employee"),
        ),
        (act(json!({"type": "set_status", "status": "done"})), 400, "invalid_value", action.into()),
        (
            act(json!({"type": "notify", "to": "employee", "text": "x"})),
            400,
            "missing_field",
            format!("{action}.employee"),
        ),
        (
            act(json!({"type": "notify", "to": "heads", "employee": "anna", "text": "x"})),
            400,
            "invalid_value",
            format!("{action}.employee"),
        ),
        (act(json!({"type": "ignore", "text": "x"})), 400, "unknown_field", format!("{action}.text")),
        (
            when(json!({"type": "message_in", "minutes": 3})),
            400,
            "unknown_field",
            "rules[0].when.minutes".into(),
        ),
        (when(json!({"type": "idle"})), 400, "missing_field", "rules[0].when.minutes".into()),
        (when(json!({"type": "idle", "minutes": 0})), 400, "invalid_value", "rules[0].when.minutes".into()),
        (when(json!("message_in")), 400, "invalid_value", "rules[0].when".into()),
        (when(json!(["message_in"])), 400, "invalid_value", "rules[0].when".into()),
        (json!({"name": "x", "when": {"type": "call"}}), 400, "missing_field", "rules[0].then".into()),
        (
            json!({"name": "x", "if": [], "when": {"type": "call"}, "then": []}),
            400,
            "invalid_value",
            "rules[0].then".into(),
        ),
        (json!(["x"]), 400, "invalid_value", "rules[0]".into()),
    ] {
        let mut trial = json!({"rules": [rule]});
        bench.refused(key, ("PUT", RULES), Some(trial.clone()), (status, code, Some(&field))).await;
        // A dry run of the same rule is refused in the same way.
        trial["channel"] = json!(staff.channel);
        trial["message"] = json!({"text": "x"});
        bench.refused(key, ("POST", "/v1/rules/dry-run"), Some(trial), (status, code, Some(&field))).await;
    }
    assert_eq!(bench.expect(200, key, "GET", RULES, None).await["version"], 0);
}

/// Whichever odd value replaces any part of a rule, the answer is never a 500, and a body is accepted as a whole or not
/// at all.
#[tokio::test]
async fn no_body_however_odd_is_our_fault() {
    let staff = Staff::new().await;
    let (bench, key) = (&staff.bench, &staff.company.key);
    let good = json!({"rules": whole(&staff.channel)});
    let mut places = Vec::new();
    pointers(&good, String::new(), &mut places);
    assert!(places.len() > 90, "{}", places.len());
    let odd = [json!(null), json!({"type": "ignore"}), json!([[]]), json!("\u{0}{{("), json!(-1.5)];
    for (number, place) in places.iter().enumerate() {
        // The clock moves so that the account stays within its rate limit.
        bench.clock.advance(std::time::Duration::from_secs(1));
        let mut body = good.clone();
        *body.pointer_mut(place).unwrap() = odd[number % odd.len()].clone();
        let (status, answer) = bench.call(key, "PUT", RULES, Some(body)).await;
        assert!([200, 400, 422].contains(&status), "{place} {answer}");
        if status != 200 {
            let field = answer["error"]["field"].as_str().unwrap_or_default();
            assert!(field.starts_with("rules") || place.is_empty(), "{place} {answer}");
        }
    }
}

fn pointers(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| pointers(value, format!("{at}/{name}"), places));
        }
        Value::Array(entries) => {
            entries
                .iter()
                .enumerate()
                .for_each(|(place, value)| pointers(value, format!("{at}/{place}"), places));
        }
        _ => {}
    }
    places.push(at);
}

#[tokio::test]
async fn a8_rules_are_for_who_has_the_section_account() {
    let staff = Staff::new().await;
    let bench = &staff.bench;
    let denied = (403, "section_not_granted", None);
    let put = || Some(json!({"rules": []}));
    let trial = || Some(json!({"channel": staff.channel, "message": {"text": "x"}}));
    let anna = staff.key("anna");
    for (method, path, body) in
        [("GET", RULES, None), ("PUT", RULES, put()), ("POST", "/v1/rules/dry-run", trial())]
    {
        bench.refused(anna, (method, path), body, denied).await;
    }
    let grant = Some(json!({"sections": ["account"]}));
    bench.expect(200, &staff.company.key, "PUT", "/v1/employees/anna/sections", grant).await;
    for (method, path, body) in
        [("GET", RULES, None), ("PUT", RULES, put()), ("POST", "/v1/rules/dry-run", trial())]
    {
        bench.expect(200, anna, method, path, body).await;
    }
    // Saving is recorded in the audit trail, a dry run is not.
    let audit = bench.expect(200, &staff.company.key, "GET", "/v1/audit", None).await;
    let routes: Vec<_> =
        audit["entries"].as_array().unwrap().iter().map(|entry| entry["route"].as_str()).collect();
    assert!(routes.contains(&Some(RULES)) && !routes.contains(&Some("/v1/rules/dry-run")), "{routes:?}");
    // Another account's rules are its own.
    let other = bench.company("Two").await;
    save(bench, &other, json!([on_message(json!([]), json!([{"type": "finish"}]))])).await;
    assert_eq!(bench.expect(200, anna, "GET", RULES, None).await["rules"], json!([]));
    let theirs = json!([{"type": "channel", "any_of": [staff.channel]}]);
    let body = Some(json!({"rules": [on_message(theirs, json!([{"type": "finish"}]))]}));
    let unknown = (422, "unknown_channel", Some("rules[0].if[0].any_of[0]"));
    bench.refused(&other.key, ("PUT", RULES), body, unknown).await;
}

/// The examples of `docs/RULES.md` can be saved unchanged, and do what the page says.
#[tokio::test]
async fn the_guides_examples_work() {
    let staff = Staff::new().await;
    let guide = include_str!("../../../../docs/RULES.md");
    let examples: Vec<Value> = guide
        .split("```json")
        .skip(1)
        .map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap())
        .collect();
    assert_eq!(examples.len(), 2);
    let hours =
        json!({"zone": "Europe/Moscow", "spans": [{"days": ["monday"], "from": "09:00", "to": "18:00"}]});
    let hours = Some(json!({"working_hours": hours}));
    staff.bench.expect(200, &staff.company.key, "PATCH", "/v1/account", hours).await;
    // The messages arrive on a Sunday.
    let messages = [json!({"kind": "missed_call"}), json!({"text": "Спасибо!"})];
    for (example, message) in examples.into_iter().zip(messages) {
        save(&staff.bench, &staff.company, example["rules"].clone()).await;
        let tried = json!({"channel": staff.channel, "message": message, "at": "2026-11-22T09:00:00Z"});
        let answer =
            staff.bench.expect(200, &staff.company.key, "POST", "/v1/rules/dry-run", Some(tried)).await;
        assert_eq!(answer["rules"][0]["outcome"], "runs", "{answer}");
        assert_eq!(answer["rules"][0]["actions"][0]["skipped"], Value::Null, "{answer}");
    }
}
