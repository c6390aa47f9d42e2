//! The services behind the wires: a real table engine, and SQS and S3 as far as the functions use them, on the test's
//! own clock.

use super::wire::{Answer, Service};
use dynoxide::Database;
use serde_json::{Value, json};
use shared::base::clock::{Ambient, Manual, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// DynamoDB: dynoxide behind its own HTTP server on loopback, because the server implements the whole protocol.
pub struct Table {
    url: String,
    http: reqwest::Client,
}

impl Table {
    /// Starts an engine and creates the table of `template.yaml` (which the deployed table is compared with).
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, Database::memory().unwrap()));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        tests::table::create(&url, "table").await.unwrap();
        Self { url, http }
    }
}

impl Service for Table {
    async fn answer(&self, operation: &str, body: Vec<u8>) -> Answer {
        let request = self
            .http
            .post(&self.url)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", tests::table::AUTHORIZATION)
            .header("x-amz-date", "20260101T000000Z")
            .body(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }
}

/// A message in a queue.
#[derive(Clone, Debug)]
pub struct Queued {
    pub id: String,
    pub body: String,
    pub group: Option<String>,
    visible_at: Timestamp,
    pub receive_count: u32,
}

/// SQS: FIFO groups, five minutes of deduplication, visibility timeouts.
pub struct Queues {
    clock: Arc<Manual>,
    queues: Mutex<BTreeMap<String, Vec<Queued>>>,
    seen: Mutex<BTreeMap<(String, String), Timestamp>>,
}

impl Queues {
    pub fn new(clock: Arc<Manual>) -> Self {
        Self { clock, queues: Mutex::default(), seen: Mutex::default() }
    }

    fn send(&self, queue: &str, entry: &Value) {
        let now = self.clock.now();
        let text = |name: &str| entry[name].as_str().map(str::to_owned);
        if let Some(digest) = text("MessageDeduplicationId") {
            assert!(digest.len() <= 128, "a deduplication id ends at 128 characters");
            let key = (queue.to_owned(), format!("{:?}:{digest}", text("MessageGroupId")));
            let known = self.seen.lock().unwrap().insert(key.clone(), now);
            if let Some(at) = known.filter(|at| now.since(*at) < Duration::from_secs(300)) {
                self.seen.lock().unwrap().insert(key, at);
                return;
            }
        } else {
            assert!(!queue.ends_with(".fifo"), "a FIFO queue needs a group and a deduplication id");
        }
        let delay = Duration::from_secs(entry["DelaySeconds"].as_u64().unwrap_or(0));
        let message = Queued {
            id: self.clock.uuid().to_string(),
            body: text("MessageBody").unwrap(),
            group: text("MessageGroupId"),
            visible_at: now + delay,
            receive_count: 0,
        };
        self.queues.lock().unwrap().entry(queue.to_owned()).or_default().push(message);
    }

    /// Up to ten messages that may be delivered now; a FIFO group waits behind its first message.
    pub fn receive(&self, queue: &str) -> Vec<Queued> {
        let now = self.clock.now();
        let mut queues = self.queues.lock().unwrap();
        let mut blocked = std::collections::BTreeSet::new();
        let mut batch = Vec::new();
        for message in queues.entry(queue.to_owned()).or_default() {
            let waits = message.visible_at > now
                || message.group.as_ref().is_some_and(|group| blocked.contains(group));
            if waits {
                blocked.extend(message.group.clone());
            } else if batch.len() < 10 {
                message.receive_count += 1;
                batch.push(message.clone());
            }
        }
        batch
    }

    /// Deletes the acknowledged messages of a batch.
    pub fn acknowledge(&self, queue: &str, batch: &[Queued], returned: &[&str]) {
        let gone: Vec<&str> =
            batch.iter().map(|message| message.id.as_str()).filter(|id| !returned.contains(id)).collect();
        self.queues
            .lock()
            .unwrap()
            .entry(queue.to_owned())
            .or_default()
            .retain(|message| !gone.contains(&message.id.as_str()));
    }

    /// Returns messages that were taken out, to be delivered at once.
    pub fn give_back(&self, queue: &str, messages: Vec<Queued>) {
        self.queues.lock().unwrap().entry(queue.to_owned()).or_default().extend(messages);
    }

    /// Everything in a queue.
    pub fn holds(&self, queue: &str) -> Vec<Queued> {
        self.queues.lock().unwrap().get(queue).cloned().unwrap_or_default()
    }

    /// Empties a queue, as if its messages were lost.
    pub fn lose(&self, queue: &str) {
        self.queues.lock().unwrap().remove(queue);
    }

    /// Moves a queue's messages into its dead-letter queue.
    pub fn give_up(&self, queue: &str) {
        let mut queues = self.queues.lock().unwrap();
        let given_up = queues.remove(queue).unwrap_or_default();
        queues.entry(dead_letters(queue)).or_default().extend(given_up);
    }

    /// The contents of all queues, as text.
    pub fn dump(&self) -> String {
        let queues = self.queues.lock().unwrap();
        let texts = queues.iter().flat_map(|(name, messages)| {
            messages.iter().map(move |message| format!("{name} {:?} {}\n", message.group, message.body))
        });
        texts.collect()
    }

    /// When the next message of these queues may be delivered.
    pub fn next_visible(&self, of: &[&str]) -> Option<Timestamp> {
        let queues = self.queues.lock().unwrap();
        let messages = of.iter().filter_map(|name| queues.get(*name)).flatten();
        messages.map(|message| message.visible_at).min()
    }

    /// When the next hidden message of these queues becomes visible; messages that only wait behind one in their group
    /// do not count.
    pub fn next_return(&self, of: &[&str]) -> Option<Timestamp> {
        let now = self.clock.now();
        let queues = self.queues.lock().unwrap();
        let messages = of.iter().filter_map(|name| queues.get(*name)).flatten();
        messages.map(|message| message.visible_at).filter(|at| *at > now).min()
    }

    /// The answer of `ReceiveMessage`: up to ten messages, hidden for a while.
    fn take(&self, queue: &str, hidden: Duration) -> Value {
        let batch = self.receive(queue);
        let now = self.clock.now();
        let mut queues = self.queues.lock().unwrap();
        for message in queues.entry(queue.to_owned()).or_default() {
            if batch.iter().any(|taken| taken.id == message.id) {
                message.visible_at = now + hidden;
            }
        }
        let messages: Vec<Value> = batch
            .iter()
            .map(
                |message| json!({"MessageId": message.id, "ReceiptHandle": message.id, "Body": message.body}),
            )
            .collect();
        json!({"Messages": messages})
    }

    fn hidden(&self, queue: &str) -> usize {
        let now = self.clock.now();
        self.holds(queue).iter().filter(|message| message.visible_at > now).count()
    }
}

/// The dead-letter queue of a queue, as the template names it.
pub fn dead_letters(queue: &str) -> String {
    match queue.strip_suffix(".fifo") {
        Some(name) => format!("{name}-dead-letters.fifo"),
        None => format!("{queue}-dead-letters"),
    }
}

fn queue_name(request: &Value) -> String {
    request["QueueUrl"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
}

impl Service for Queues {
    async fn answer(&self, operation: &str, body: Vec<u8>) -> Answer {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let queue = queue_name(&request);
        let entries = request["Entries"].as_array().cloned().unwrap_or_default();
        assert!(entries.len() <= 10, "ten entries a call");
        match operation {
            "SendMessageBatch" => entries.iter().for_each(|entry| self.send(&queue, entry)),
            "ChangeMessageVisibilityBatch" => {
                for entry in &entries {
                    let after = Duration::from_secs(entry["VisibilityTimeout"].as_u64().unwrap());
                    let mut queues = self.queues.lock().unwrap();
                    let of_queue = queues.entry(queue.clone()).or_default();
                    if let Some(message) =
                        of_queue.iter_mut().find(|message| entry["ReceiptHandle"] == message.id.as_str())
                    {
                        message.visible_at = self.clock.now() + after;
                    }
                }
            }
            "ReceiveMessage" => {
                let hidden = Duration::from_secs(request["VisibilityTimeout"].as_u64().unwrap());
                return (200, self.take(&queue, hidden).to_string().into_bytes());
            }
            "GetQueueAttributes" => {
                let hidden = self.hidden(&queue).to_string();
                let attributes = json!({"ApproximateNumberOfMessagesNotVisible": hidden});
                return (200, json!({"Attributes": attributes}).to_string().into_bytes());
            }
            "DeleteMessageBatch" => {
                let mut queues = self.queues.lock().unwrap();
                queues.entry(queue.clone()).or_default().retain(|message| {
                    !entries.iter().any(|entry| entry["ReceiptHandle"] == message.id.as_str())
                });
            }
            other => panic!("SQS operation {other} is not used"),
        }
        let done: Vec<Value> = entries
            .iter()
            .map(|entry| json!({"Id": entry["Id"], "MessageId": entry["Id"], "MD5OfMessageBody": ""}))
            .collect();
        (200, json!({"Successful": done, "Failed": []}).to_string().into_bytes())
    }
}

/// KMS and Secrets Manager: sealing leaves a text as it is, and the operator's key is a dummy.
pub struct Kms;

impl Service for Kms {
    async fn answer(&self, operation: &str, body: Vec<u8>) -> Answer {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let answer = match operation {
            "Encrypt" => json!({"CiphertextBlob": request["Plaintext"], "KeyId": "key"}),
            "Decrypt" => json!({"Plaintext": request["CiphertextBlob"], "KeyId": "key"}),
            "GetSecretValue" => json!({"SecretString": "the operator's key", "Name": "operator"}),
            other => panic!("{other} is not used"),
        };
        (200, answer.to_string().into_bytes())
    }
}

/// S3: one bucket.
#[derive(Default)]
pub struct Bucket {
    pub objects: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Service for Bucket {
    async fn answer(&self, operation: &str, body: Vec<u8>) -> Answer {
        let mut objects = self.objects.lock().unwrap();
        match operation.split_once(' ') {
            None if operation == "LIST" => return (200, list(&objects, &String::from_utf8(body).unwrap())),
            Some(("PUT", key)) => {
                objects.insert(key.to_owned(), body);
            }
            Some(("DELETE", key)) => {
                objects.remove(key);
            }
            Some(("GET", key)) => {
                let missing = || (404, b"<Error><Code>NoSuchKey</Code></Error>".to_vec());
                return objects.get(key).map_or_else(missing, |object| (200, object.clone()));
            }
            other => panic!("S3 operation {other:?} is not used"),
        }
        (200, Vec::new())
    }
}

/// The answer of `ListObjectsV2` to a query.
fn list(objects: &BTreeMap<String, Vec<u8>>, query: &str) -> Vec<u8> {
    let of = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap_or_default();
    let (prefix, after) = (of("prefix=").replace("%2F", "/"), of("start-after=").replace("%2F", "/"));
    let keys = objects.keys().filter(|key| key.starts_with(&prefix) && **key > after);
    let keys = keys.take(of("max-keys=").parse().unwrap());
    let contents: String = keys.map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    format!("<ListBucketResult>{contents}</ListBucketResult>").into_bytes()
}
