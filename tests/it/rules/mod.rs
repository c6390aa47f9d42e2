//! Rules end to end (F6): each trigger, each condition, each action, from a webhook to what client, CRM and table have then.

mod actions;
mod conditions;
mod ignoring;
mod opening;
mod told;
mod triggers;

use crate::world::World;
use crate::world::sends::PHONE;
use serde_json::{Value, json};
use shared::chat::Chat;
use shared::clock::Ambient;
use shared::ids::EmployeeId;
use shared::message::Message;
use shared::rules::{Rule, RuleSet};
use shared::store::row::Write;
use std::time::Duration;
use tests::wazzup;

/// A rule as it is stored.
pub fn rule(when: Value, conditions: Value, actions: Value) -> Value {
    json!({"id": "r", "name": "r", "enabled": true, "when": when, "if": conditions, "then": actions})
}

/// That a chat gets a tag.
pub fn tag(tag: &str) -> Value {
    json!({"tag": {"add": [tag]}})
}

pub fn reply(text: &str) -> Value {
    json!({"auto_reply": {"text": text}})
}

impl World {
    /// Saves these rules, as the API does.
    pub async fn set_rules(&self, rules: Vec<Value>) {
        let rules: Vec<Rule> = rules.into_iter().map(|rule| serde_json::from_value(rule).unwrap()).collect();
        let set = RuleSet { v: 1, account: self.account.clone(), version: 1, rules };
        let (has_rules, idle_minutes) = (set.runs(), set.idle_minutes());
        self.write(&set).await;
        self.set_account(|account| {
            account.has_rules = has_rules;
            account.idle_minutes = idle_minutes;
        })
        .await;
        // Workers have read them for half a minute at most.
        self.clock.advance(Duration::from_secs(30));
    }

    /// The client's chat, which is there.
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

    /// Changes the client's chat, as a writer does who takes numbers in it.
    pub async fn change_chat(&self, change: impl FnOnce(&mut Chat)) {
        let before = self.there().await;
        let mut after = before.clone();
        after.seq += 1;
        change(&mut after);
        after.watch(&shared::closing::Closing::default(), self.clock.now());
        let mut writes: Vec<Write> =
            shared::store::chats::chat_write(&before, &after).unwrap().into_iter().collect();
        writes.extend(shared::store::chats::open_chat_writes(Some(&before), Some(&after)).unwrap());
        self.store.commit(writes).await.unwrap();
    }
}

/// The messages that rules wrote.
pub fn automatic(messages: &[Message]) -> Vec<&str> {
    let by_rules = messages.iter().filter(|row| row.origin == Some(shared::event::Origin::Rule));
    by_rules.filter_map(|row| row.text.as_deref()).collect()
}
