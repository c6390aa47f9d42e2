//! Rules end to end (F6): each trigger, each condition, each action, from a webhook to the client, the CRM and the
//! table.

mod actions;
mod conditions;
mod ignoring;
mod opening;
mod told;
mod triggers;

use crate::world::World;
use crate::world::change_of;
use crate::world::sends::PHONE;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::{ChannelId, EmployeeId};
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::employee::Employee;
use shared::model::message::Message;
use shared::store::Read;
use std::time::Duration;
use tests::wazzup;

/// A rule as it is stored.
pub fn rule(when: Value, conditions: Value, actions: Value) -> Value {
    json!({"id": "r", "name": "r", "enabled": true, "when": when, "if": conditions, "then": actions})
}

/// Converts a stored trigger, condition or action into the form of the API.
fn asked(stored: &Value) -> Value {
    let Some((kind, what)) = stored.as_object().and_then(|object| object.iter().next()) else {
        return json!({"type": stored});
    };
    let named = |name: &str| json!({"type": kind, name: what});
    match (kind.as_str(), what) {
        ("assign", Value::Null) => json!({"type": kind, "distribute": true}),
        ("assign", _) => named("employee"),
        ("new_client", _) => named("is"),
        ("working_hours", _) => named("inside"),
        ("set_status", _) => named("status"),
        (_, Value::Array(_)) => named("any_of"),
        _ => {
            let mut asked = what.clone();
            if let Some(employee) = what["to"]["employee"].as_str() {
                (asked["to"], asked["employee"]) = (json!("employee"), json!(employee));
            }
            asked["type"] = json!(kind);
            asked
        }
    }
}

/// An action that adds a tag.
pub fn tag(tag: &str) -> Value {
    json!({"tag": {"add": [tag]}})
}

pub fn reply(text: &str) -> Value {
    json!({"auto_reply": {"text": text}})
}

impl World {
    /// Saves these rules through the API.
    pub async fn set_rules(&self, rules: Vec<Value>) {
        let rules = rules.into_iter().enumerate().map(|(place, rule)| {
            let all = |of: &Value| of.as_array().unwrap().iter().map(asked).collect::<Value>();
            json!({
                "id": format!("r{place}"), "name": rule["name"], "enabled": rule["enabled"], "when": asked(&rule["when"]),
                "if": all(&rule["if"]), "then": all(&rule["then"]),
            })
        });
        let body = json!({"rules": rules.collect::<Value>()});
        self.know_whom_rules_name().await;
        self.serve().await.done(reqwest::Method::PUT, "/v1/rules", Some(body)).await;
        // Workers cache rules for half a minute at most.
        self.clock.advance(Duration::from_secs(30));
    }

    /// Creates what the rules name: employees, and a second channel.
    async fn know_whom_rules_name(&self) {
        let now = self.clock.now();
        for name in ["anna", "boris", "vera"] {
            let id = EmployeeId::new(name);
            if self.store.employee(&self.account, &id).await.unwrap().is_none() {
                self.write(&Employee::new(&self.account, &id, name, now)).await;
            }
        }
        let own = self.store.channel(&self.account, &self.channel, Read::Consistent).await.unwrap().unwrap();
        self.write(&Channel { channel: ChannelId::new("elsewhere"), ..own }).await;
    }

    /// The client's chat, which must exist.
    pub async fn there(&self) -> Chat {
        self.chat(PHONE).await.unwrap()
    }

    pub async fn tags(&self) -> Vec<String> {
        self.there().await.tags.into_iter().collect()
    }

    pub async fn responsible(&self) -> Option<EmployeeId> {
        self.there().await.responsible
    }

    /// The company answers on the phone.
    pub async fn answers_on_the_phone(&self, id: &str, text: &str) {
        let at = self.clock.now().rfc3339();
        let echo = wazzup::echo(crate::world::CHANNEL, PHONE, id, &at, text);
        assert_eq!(self.post(crate::world::TOKEN, wazzup::messages(&[echo]).to_string()).await, 200);
        self.settle().await;
    }

    /// Changes the client's chat, as a writer does that numbers its changes.
    pub async fn change_chat(&self, change: impl FnOnce(&mut Chat)) {
        let before = self.there().await;
        let mut after = before.clone();
        after.seq += 1;
        change(&mut after);
        self.store.commit(change_of(before, after, self.clock.now())).await.unwrap();
    }
}

/// The messages that rules wrote.
pub fn automatic(messages: &[Message]) -> Vec<&str> {
    let by_rules = messages.iter().filter(|row| row.origin == Some(shared::model::event::Origin::Rule));
    by_rules.filter_map(|row| row.text.as_deref()).collect()
}
