//! The dry run of rules (F6): it reports what they would do and does nothing; and what rules learn of a send.

use super::rows;
use super::rules::{RULES, on_message, rule, save};
use super::staff::Staff;
use serde_json::{Value, json};
use shared::base::ids::{AccountId, ChatId, EmployeeId, MessageId};
use shared::model::account::Account;
use shared::model::chat::assignment_reason::AssignedBy;
use shared::model::chat::{Chat, ForRules};
use shared::store::row::Write;
use shared::store::{Read, keys};

const DRY_RUN: &str = "/v1/rules/dry-run";

impl Staff {
    async fn tried(&self, body: Value) -> Value {
        self.bench.expect(200, &self.company.key, "POST", DRY_RUN, Some(body)).await
    }

    async fn stored(&self, chat: &str) -> Chat {
        let account = AccountId::new(self.company.id.as_str());
        self.bench.app.store.chat(&account, &ChatId::new(chat)).await.unwrap().unwrap()
    }
}

fn outcomes(answer: &Value) -> Vec<&str> {
    answer["rules"].as_array().unwrap().iter().map(|rule| rule["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_rule_is_told_with_what_became_of_it() {
    let staff = Staff::new().await;
    let price = json!([{"type": "text", "contains": "цена"}, {"type": "new_client", "is": true}]);
    let act = json!([
        {"type": "auto_reply", "text": "Hello {client_name}, this is {company}"}, {"type": "tag", "add": ["price"]},
        {"type": "finish", "status": "closed"}
    ]);
    let mut off = on_message(json!([]), json!([{"type": "finish"}]));
    off["enabled"] = json!(false);
    let opened =
        rule(json!({"type": "chat_opened"}), json!([]), json!([{"type": "assign", "distribute": true}]));
    let idle = rule(json!({"type": "idle", "minutes": 5}), json!([]), json!([{"type": "finish"}]));
    let rules = json!([on_message(price, act), off, opened, idle]);
    save(&staff.bench, &staff.company, rules.clone()).await;
    let imagined =
        json!({"channel": staff.channel, "client_name": "Иван", "message": {"text": "Какая ЦЕНА?"}});
    let answer = staff.tried(imagined.clone()).await;
    assert_eq!(answer["happened"], json!([{"type": "message_in"}, {"type": "chat_opened"}]));
    assert_eq!(outcomes(&answer), ["runs", "disabled", "runs", "not_called"]);
    let actions = &answer["rules"][0]["actions"];
    assert_eq!(
        (&actions[0]["text"], &actions[0]["skipped"]),
        (&json!("Hello Иван, this is One"), &Value::Null)
    );
    assert_eq!(actions[1]["would"], "add the tags price");
    assert_eq!(actions[2]["action"], json!({"type": "finish", "status": "closed"}));
    assert_eq!((&answer["in_working_hours"], &answer["drops_message"]), (&json!(true), &json!(false)));
    // The client is known and has no name: the second condition fails, and later conditions are not reported.
    let mut known = imagined.clone();
    known["new_client"] = json!(false);
    let answer = staff.tried(known).await;
    assert_eq!(
        (&answer["rules"][0]["outcome"], &answer["rules"][0]["fails_at"]),
        (&json!("condition_fails"), &json!(1))
    );
    assert_eq!(answer["rules"][0]["actions"], json!([]));
    let nameless = json!({"channel": staff.channel, "message": {"text": "цена"}});
    let answer = staff.tried(nameless).await;
    assert_eq!(answer["rules"][0]["actions"][0]["skipped"], "no_value");
    // Rules in the request are tried instead of the saved ones.
    let mut given = imagined;
    given["rules"] = json!([idle]);
    given["happened"] = json!([{"type": "idle", "minutes": 5}]);
    assert_eq!(outcomes(&staff.tried(given).await), ["runs"]);
    assert_eq!(staff.bench.expect(200, &staff.company.key, "GET", RULES, None).await["version"], 1);
}

#[tokio::test]
async fn a_call_pulls_its_trigger_and_a_dropped_message_leaves_nothing_to_do() {
    let staff = Staff::new().await;
    let call = rule(json!({"type": "call"}), json!([]), json!([{"type": "ignore"}]));
    let message = on_message(json!([]), json!([{"type": "finish"}]));
    save(&staff.bench, &staff.company, json!([message, call])).await;
    let of_kind = |kind: &str| json!({"channel": staff.channel, "message": {"kind": kind}});
    let answer = staff.tried(of_kind("missed_call")).await;
    assert_eq!(answer["drops_message"], true);
    assert_eq!(outcomes(&answer), ["message_dropped", "runs"]);
    assert_eq!(answer["rules"][0]["actions"], json!([]));
    assert_eq!(outcomes(&staff.tried(of_kind("image")).await), ["runs", "not_called"]);
    // The message has the account's fixed text for a missed call.
    let words =
        on_message(json!([{"type": "text", "equals": "Пропущенный звонок"}]), json!([{"type": "finish"}]));
    let mut by_words = of_kind("missed_call");
    by_words["rules"] = json!([words]);
    assert_eq!(outcomes(&staff.tried(by_words).await), ["runs"]);
    // A reaction is no message of a person.
    assert_eq!(outcomes(&staff.tried(of_kind("reaction")).await), ["not_called", "not_called"]);
}

#[tokio::test]
async fn a_chat_is_tried_as_it_is_and_stays_so() {
    let staff = Staff::new().await;
    let chat = staff.chat("chat", "anna", 1).await;
    let chat = rows::change(&staff.bench, &chat, |chat| {
        chat.tags.insert("vip".into());
        chat.assigned_by = Some(AssignedBy::Person);
    })
    .await;
    let hers = json!([{"type": "responsible", "any_of": ["anna"]}, {"type": "tag", "has": "vip"}]);
    let act = json!([{"type": "assign", "employee": "boris"}, {"type": "auto_reply", "text": "Hi"}]);
    save(&staff.bench, &staff.company, json!([on_message(hers, act)])).await;
    let answer = staff.tried(json!({"chat": "chat", "message": {"text": "x"}})).await;
    assert_eq!(outcomes(&answer), ["runs"], "{answer}");
    assert_eq!(answer["rules"][0]["actions"][0]["skipped"], "given_by_hand");
    assert_eq!(answer["rules"][0]["actions"][1]["text"], "Hi");
    assert_eq!(staff.stored("chat").await, chat);
    // The section for rules does not make chats visible.
    let grant = Some(json!({"sections": ["account"]}));
    let key = &staff.company.key;
    staff.bench.expect(200, key, "PUT", "/v1/employees/boris/sections", grant).await;
    let body = Some(json!({"chat": "chat", "message": {"text": "x"}}));
    staff.bench.refused(staff.key("boris"), ("POST", DRY_RUN), body, (404, "not_found", None)).await;
}

#[tokio::test]
async fn what_cannot_be_imagined_is_refused_naming_the_field() {
    let staff = Staff::new().await;
    staff.chat("chat", "anna", 1).await;
    let message = json!({"text": "x"});
    for (body, status, code, field) in [
        (json!({"message": message}), 400, "missing_field", "channel"),
        (json!({"channel": staff.channel}), 400, "missing_field", "message"),
        (json!({"channel": "x", "message": message}), 422, "unknown_channel", "channel"),
        (json!({"chat": "chat", "tags": [], "message": message}), 400, "invalid_value", "tags"),
        (json!({"channel": staff.channel, "message": message, "at": "noon"}), 400, "invalid_value", "at"),
        (json!({"channel": staff.channel, "happened": []}), 400, "invalid_value", "happened"),
        (
            json!({"channel": staff.channel, "message": {"text": "x".repeat(4_097)}}),
            400,
            "invalid_value",
            "message.text",
        ),
        (json!({"channel": staff.channel, "message": {"body": "x"}}), 400, "unknown_field", "message.body"),
    ] {
        staff
            .bench
            .refused(&staff.company.key, ("POST", DRY_RUN), Some(body), (status, code, Some(field)))
            .await;
    }
    let body = Some(json!({"chat": "unknown", "message": message}));
    staff.bench.refused(&staff.company.key, ("POST", DRY_RUN), body, (404, "not_found", None)).await;
}

/// How many checks of a chat were scheduled since the last call.
fn looks(staff: &Staff) -> usize {
    let nudges = std::mem::take(&mut staff.bench.world.lock().unwrap().nudges);
    nudges.iter().filter(|nudge| nudge["at"].is_number() && nudge["chat"].is_string()).count()
}

#[tokio::test]
async fn rules_are_told_of_what_is_written_here() {
    let staff = Staff::new().await;
    staff.chat("chat", "anna", 1).await;
    let path = "/v1/chats/chat/messages";
    let send = || Some(json!({"text": "Good afternoon!"}));
    staff.bench.expect(202, staff.key("anna"), "POST", path, send()).await;
    assert!(staff.stored("chat").await.for_rules.is_empty(), "there are no rules");
    assert_eq!(looks(&staff), 0);
    save(&staff.bench, &staff.company, json!([on_message(json!([]), json!([{"type": "finish"}]))])).await;
    looks(&staff);
    let sent = staff.bench.expect(202, staff.key("anna"), "POST", path, send()).await;
    let id = MessageId::new(sent["message"]["id"].as_str().unwrap());
    let marked = staff.stored("chat").await;
    assert_eq!(marked.for_rules, [ForRules::MessageOut(id)]);
    assert!(marked.check_at.is_some(), "in case the scheduled check is lost");
    assert_eq!(looks(&staff), 1);
    // A flood of triggers is cut off.
    for _ in 0..25 {
        staff.bench.clock.advance(std::time::Duration::from_secs(1));
        staff.bench.expect(202, staff.key("anna"), "POST", path, send()).await;
    }
    assert_eq!(staff.stored("chat").await.for_rules.len(), 20);
    // The end of the chat is recorded for rules all the same.
    staff.bench.expect(200, staff.key("anna"), "POST", "/v1/chats/chat/finish", Some(json!({}))).await;
    let told = staff.stored("chat").await.for_rules;
    assert_eq!((told.len(), told.last()), (21, Some(&ForRules::Finished)));
}

#[tokio::test]
async fn rules_are_told_of_a_chat_that_a_send_opened() {
    let staff = Staff::new().await;
    save(&staff.bench, &staff.company, json!([on_message(json!([]), json!([{"type": "finish"}]))])).await;
    let chat = staff.chat("chat", "anna", 1).await;
    let finished = Some(json!({}));
    staff.bench.expect(200, staff.key("anna"), "POST", "/v1/chats/chat/finish", finished).await;
    let before = staff.stored("chat").await;
    let emptied = Chat { for_rules: Vec::new(), ..before.clone() };
    let write = Write::change(&before, &emptied, &[]).unwrap();
    staff.bench.app.store.commit(write.into_iter().collect()).await.unwrap();
    let send = Some(json!({"text": "One more thing"}));
    staff.bench.expect(202, staff.key("anna"), "POST", "/v1/chats/chat/messages", send).await;
    let marked = staff.stored("chat").await;
    assert_eq!(marked.responsible, Some(EmployeeId::new("anna")));
    assert!(
        matches!(marked.for_rules[..], [ForRules::Opened, ForRules::MessageOut(_)]),
        "{:?}",
        marked.for_rules
    );
    let owner: Account =
        staff.bench.app.store.get(&keys::account(&chat.account), Read::Consistent).await.unwrap().unwrap();
    assert!(owner.has_rules);
}
