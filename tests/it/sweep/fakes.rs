//! An in-memory due index that holds 100,000 rows cheaply, and a queue that counts.

use super::Bench;
use crate::world::wire::{Answer, Service};
use serde::Serialize;
use serde_json::{Value, json};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChatId};
use shared::platform::batch::{BatchContext, SqsBatch};
use shared::store::due::Shard;
use shared::store::keys;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Mutex;
use std::time::Duration;

/// An SDK client for one of these services.
macro_rules! client {
    ($sdk:ident, $service:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("us-east-1"))
                .credentials_provider(aws_credential_types::Credentials::new("t", "t", None, None, "tests"))
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .http_client($crate::world::wire::Wire::to($service))
                .build(),
        )
    };
}
pub(super) use client;

/// Shard, due time, partition key, sort key.
type Entry = (String, i64, String, String);

/// The due index, and the list of live chats, which has the same chats by their due times.
#[derive(Default)]
pub struct Index(Mutex<BTreeSet<Entry>>);

fn key_of(chat: &ChatId) -> shared::store::row::Key {
    keys::chat(&AccountId::new("a"), chat)
}

impl Index {
    pub fn add(&self, shard: Shard, (pk, sk): (&str, &str), at: Timestamp) {
        self.0.lock().unwrap().insert((shard.name(), at.millis(), pk.to_owned(), sk.to_owned()));
    }

    pub fn shard_of_chat(&self, chat: &ChatId) -> u8 {
        chat.as_str().bytes().fold(0u8, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte)) % 16
    }

    pub fn add_chat(&self, chat: &ChatId, at: Timestamp) {
        let key = key_of(chat);
        self.add(Shard::Chats(self.shard_of_chat(chat)), (&key.pk, &key.sk), at);
    }

    pub fn remove_chat(&self, chat: &ChatId) {
        let (shard, key) = (Shard::Chats(self.shard_of_chat(chat)).name(), key_of(chat));
        let mut entries = self.0.lock().unwrap();
        let of_shard = entries.range((shard.clone(), i64::MIN, String::new(), String::new())..);
        let found = of_shard.take_while(|entry| entry.0 == shard).find(|entry| entry.2 == key.pk).cloned();
        entries.remove(&found.unwrap());
    }

    /// The chats of each shard, earliest first, and their number.
    pub fn by_shard(&self) -> Vec<(Vec<ChatId>, usize)> {
        let mut found: BTreeMap<String, Vec<ChatId>> = BTreeMap::new();
        for (shard, _, pk, _) in &*self.0.lock().unwrap() {
            found.entry(shard.clone()).or_default().push(ChatId::new(pk.rsplit('#').next().unwrap()));
        }
        found.into_values().map(|chats| (chats.clone(), chats.len())).collect()
    }

    fn query(&self, request: &Value) -> Value {
        let values = &request["ExpressionAttributeValues"];
        let number = |value: &Value| value["N"].as_str().map(|digits| digits.parse::<i64>().unwrap());
        let limit = usize::try_from(request["Limit"].as_u64().unwrap()).unwrap();
        let start = &request["ExclusiveStartKey"];
        let entries = self.0.lock().unwrap();
        let text = |value: &Value| value["S"].as_str().unwrap_or_default().to_owned();
        let found: Vec<Entry> = if request["IndexName"] == "due" {
            let shard = values[":shard"]["S"].as_str().unwrap().to_owned();
            let (from, until) = (number(&values[":from"]).unwrap(), number(&values[":until"]).unwrap());
            let first = match number(&start["check_at"]) {
                Some(at) => Bound::Excluded((shard.clone(), at, text(&start["pk"]), text(&start["sk"]))),
                None => Bound::Included((shard.clone(), from, String::new(), String::new())),
            };
            let last = Bound::Excluded((shard, until + 1, String::new(), String::new()));
            entries.range((first, last)).take(limit).cloned().collect()
        } else {
            let mut chats: Vec<&Entry> = entries.iter().collect();
            chats.sort_by_key(|entry| (std::cmp::Reverse(entry.1), entry.2.clone()));
            let seen = text(&start["pk"]);
            let seen = chats.iter().position(|entry| entry.2 == seen).map_or(0, |place| place + 1);
            chats.into_iter().skip(seen).take(limit).cloned().collect()
        };
        let item = |(shard, at, pk, sk): &Entry| {
            let at = json!({"N": at.to_string()});
            json!({"pk": {"S": pk}, "sk": {"S": sk}, "due_shard": {"S": shard}, "check_at": at, "list_at": at})
        };
        let items: Vec<Value> = found.iter().map(item).collect();
        let more = items.last().filter(|_| items.len() == limit).cloned();
        let mut answer = json!({"Items": items, "Count": found.len()});
        if let Some(last) = more {
            answer["LastEvaluatedKey"] = last;
        }
        answer
    }
}

impl Service for Index {
    async fn answer(&self, operation: &str, body: Vec<u8>) -> Answer {
        assert_eq!(operation, "Query");
        let request = serde_json::from_slice(&body).unwrap();
        (200, self.query(&request).to_string().into_bytes())
    }
}

/// A message that was sent.
#[derive(Clone)]
pub struct Sent {
    pub body: Value,
    pub digest: Option<String>,
    pub delay_s: u64,
}

impl Sent {
    /// The chat of a check.
    pub fn chat(&self) -> ChatId {
        ChatId::new(self.body["event"]["data"]["chat"].as_str().unwrap_or_else(|| panic!("{}", self.body)))
    }
}

/// All queues.
#[derive(Default)]
pub struct Sqs(Mutex<State>);

#[derive(Default)]
struct State {
    sent: BTreeMap<String, Vec<Sent>>,
    refused: BTreeMap<String, bool>,
    down: Option<String>,
    calls: usize,
}

impl Sqs {
    /// Removes and returns everything in a queue.
    pub fn take(&self, queue: &str) -> Vec<Sent> {
        self.0.lock().unwrap().sent.remove(queue).unwrap_or_default()
    }

    pub fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    pub fn take_down(&self, queue: &str) {
        self.0.lock().unwrap().down = Some(queue.to_owned());
    }

    /// Refuses messages of these groups, or the whole calls that contain them.
    pub fn refuse(&self, groups: impl Iterator<Item = String>, whole_call: bool) {
        self.0.lock().unwrap().refused.extend(groups.map(|group| (group, whole_call)));
    }
}

fn error(code: &str) -> Answer {
    (400, json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": "on purpose"}).to_string().into())
}

impl Service for Sqs {
    async fn answer(&self, operation: &str, body: Vec<u8>) -> Answer {
        let request: Value = serde_json::from_slice(&body).unwrap();
        if operation == "ChangeMessageVisibilityBatch" {
            return (200, b"{}".to_vec());
        }
        assert_eq!(operation, "SendMessageBatch");
        let queue = request["QueueUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let entries = request["Entries"].as_array().unwrap();
        assert!(entries.len() <= 10);
        let mut state = self.0.lock().unwrap();
        state.calls += 1;
        if state.down.as_ref() == Some(&queue) {
            return error("RequestThrottled");
        }
        let refused = |entry: &Value| state.refused.get(entry["MessageGroupId"].as_str().unwrap_or_default());
        if entries.iter().any(|entry| refused(entry) == Some(&true)) {
            return error("InvalidParameterValue");
        }
        let (bad, good): (Vec<&Value>, Vec<&Value>) =
            entries.iter().partition(|entry| refused(entry).is_some());
        let failed: Vec<Value> = bad
            .iter()
            .map(|entry| json!({"Id": entry["Id"], "Code": "InvalidMessageContents", "SenderFault": true}))
            .collect();
        let taken: Vec<Value> = good
            .iter()
            .map(|entry| json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": ""}))
            .collect();
        let sent = good.iter().map(|entry| Sent {
            body: serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap(),
            digest: entry["MessageDeduplicationId"].as_str().map(str::to_owned),
            delay_s: entry["DelaySeconds"].as_u64().unwrap_or(0),
        });
        let sent: Vec<Sent> = sent.collect();
        state.sent.entry(queue).or_default().extend(sent);
        (200, json!({"Successful": taken, "Failed": failed}).to_string().into_bytes())
    }
}

impl Bench {
    /// Handles one message of the timers queue; returns how many were returned to the queue.
    pub async fn wake(&self, message: &impl Serialize) -> usize {
        let record = json!({
            "messageId": "m", "receiptHandle": "r", "body": serde_json::to_string(message).unwrap(),
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:timers",
        });
        let batch: SqsBatch = serde_json::from_value(json!({"Records": [record]})).unwrap();
        let context = BatchContext {
            queues: self.auto_close.queues.clone(),
            queue_urls: vec![self.auto_close.timers_url.clone()],
            quarantine: None,
        };
        self.auto_close.timers(batch, Duration::from_secs(60), &context).await.returned().len()
    }
}
