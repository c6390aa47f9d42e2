//! A client with data in every place where there can be any, and the search for it.

use crate::world::{TOKEN, World, echo, messages, status, text};
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::{ChatId, ContactId, IdSalt, MessageId, hex_digest};
use shared::model::chat::Chat;
use shared::model::chat::state::AssignmentState;
use shared::model::contact::Contact;
use shared::model::contact::blacklist::{BlockEntry, Subject};
use shared::model::erasure::{Erasure, ErasureState};
use shared::model::message::Message;
use shared::model::message::media::{FileCopy, FileLink};
use shared::platform::batch::SqsBatch;
use shared::platform::nudge::ErasureNudge;
use shared::platform::queue::Outgoing;
use shared::store::Read;
use shared::store::keys::{self, FileLinkRow};
use shared::store::row::Write;
use std::time::Duration;

pub const PHONE: &str = "79011112233";
pub const TELEGRAM: &str = "218485655";
pub const OTHER: &str = "79025556677";
/// The client's data: finding any of these strings anywhere means that the client is not erased.
pub const HIS: [&str; 15] = [
    PHONE,
    TELEGRAM,
    "Client 7901",
    "marina_86",
    "Здравствуйте",
    "Здравствуйте ещё",
    "Добрый день",
    "из телеграма",
    "в очереди",
    "в отказах",
    "files.example",
    "аааа-первое",
    "11111111-aaaa",
    "22222222-bbbb",
    "link0123456789",
];

pub fn id(kind: char, n: u32) -> String {
    let (head, tail) = if kind == 'c' { ("11111111-aaaa", "client") } else { ("22222222-bbbb", "company") };
    format!("{head}-4ccc-8ddd-{n:04}{tail}")
}

/// A World with the client's data, and all webhook bodies that were posted.
pub struct Story {
    pub world: World,
    pub posted: Vec<String>,
}

pub fn telegram(n: u32, body: &str, phone: bool) -> Value {
    let mut message = text(TELEGRAM, &id('c', n), body);
    message["chatType"] = json!("telegram");
    message["contact"] = json!({"name": format!("Client {PHONE}"), "username": "marina_86"});
    if phone {
        message["contact"]["phone"] = json!(PHONE);
    }
    message
}

fn image(n: u32) -> Value {
    let mut message = text(PHONE, &id('c', n), "");
    message["type"] = json!("image");
    message["text"] = Value::Null;
    message["contentUri"] = json!("https://files.example/photo.jpg");
    message
}

impl Story {
    pub async fn post(&mut self, body: String) {
        assert_eq!(self.world.post(TOKEN, body.clone()).await, 200);
        self.posted.push(body);
    }

    /// Two chats that prove to be one person's, the second one waiting, and data of the client in every place.
    pub async fn begin() -> Self {
        let world = World::with_employees(&["anna"]).await;
        let mut story = Self { world, posted: Vec::new() };
        story.chats().await;
        story.files().await;
        story.dead_letters().await;
        story.standing().await;
        story.records().await;
        story.blacklist().await;
        story.world.clock.advance(Duration::from_secs(1));
        story
    }

    async fn chats(&mut self) {
        self.post(messages(&[
            text(PHONE, &id('c', 1), "Здравствуйте"),
            text(OTHER, "33333333-cccc-4ccc-8ddd-000000000001", "Я другой"),
        ]))
        .await;
        self.post(messages(&[echo(PHONE, &id('e', 1), "Добрый день"), image(2)])).await;
        self.world.settle().await;
        self.post(status(&id('e', 1), "delivered")).await;
        self.world.settle().await;
        let anna = self.world.member("anna", 0);
        let leaves = Write::forget(keys::membership(&anna.account, &anna.channel, &anna.employee));
        self.world.store.commit(vec![leaves]).await.unwrap();
        self.post(messages(&[telegram(3, "из телеграма", false)])).await;
        self.world.settle().await;
        let before = self.contact(&self.telegram().await.unwrap()).await.unwrap();
        self.post(messages(&[telegram(4, "из телеграма ещё раз", true)])).await;
        self.world.settle().await;
        let chat = self.telegram().await.unwrap();
        assert_eq!(chat.assignment_state, AssignmentState::Waiting);
        assert_eq!(chat.contact, before.contact, "a merge is an alias");
        assert_eq!(self.person().await.merged_from, [before.contact], "one person by the phone");
    }

    /// Copies one of the client's files.
    async fn files(&self) {
        let world = &self.world;
        let chat = world.chat(PHONE).await.unwrap();
        let ids = [MessageId::new(id('c', 2))];
        let message = world.store.messages(&world.account, &chat.chat, &ids).await.unwrap().remove(0);
        let object = format!("{}/{}/photo", world.account, chat.chat);
        let (link, mime) = ("link0123456789".to_owned(), "image/jpeg".to_owned());
        let stored =
            FileCopy::Stored { object: object.clone(), link: link.clone(), mime: mime.clone(), bytes: 4 };
        let next = Chat { seq: chat.seq + 1, ..chat.clone() };
        let copied: Message = message.with_file(stored, next.seq);
        let writes =
            [Write::change(&chat, &next, &[]).unwrap(), Write::change(&message, &copied, &[]).unwrap()];
        world.store.commit(writes.into_iter().flatten().collect()).await.unwrap();
        let hash = hex_digest(link.as_bytes());
        let account = world.account.clone();
        let link =
            FileLink { v: 1, account, chat: chat.chat, object: object.clone(), mime, expires_at: i64::MAX };
        world.write(&FileLinkRow { hash, link }).await;
        let mut files = world.files.objects.lock().unwrap();
        files.insert(object, PHONE.into());
        files.insert(format!("{}/{}/photo", world.account, world.chat_id(OTHER)), b"another's".to_vec());
    }

    /// Puts events of the client into each dead-letter queue that holds events, among those of another client.
    async fn dead_letters(&mut self) {
        let world = &self.world;
        let others = messages(&[text(OTHER, "33333333-cccc-4ccc-8ddd-000000000002", "и другое")]);
        assert_eq!(world.post(TOKEN, others).await, 200);
        assert_eq!(world.post(TOKEN, status("33333333-cccc-4ccc-8ddd-000000000003", "read")).await, 200);
        self.post(messages(&[text(PHONE, &id('c', 5), "в отказах")])).await;
        self.post(status(&id('e', 1), "sent")).await;
        self.world.queues.give_up("inbound.fifo");
        self.world.queues.give_up("statuses");
        self.post(messages(&[text(PHONE, &id('c', 6), "Здравствуйте ещё раз")])).await;
        self.world.deliver("inbound.fifo").await;
        for queue in ["crm.fifo", "timers"] {
            self.world.queues.give_up(queue);
        }
    }

    /// Puts something of the client into each queue.
    async fn standing(&mut self) {
        self.post(messages(&[image(7)])).await;
        self.world.deliver("inbound.fifo").await;
        self.post(messages(&[
            text(PHONE, &id('c', 8), "в очереди"),
            echo(PHONE, &id('e', 2), "Добрый день"),
        ]))
        .await;
        self.post(status(&id('e', 1), "read")).await;
        for queue in ["inbound.fifo", "statuses", "crm.fifo", "media"] {
            assert!(!self.world.queues.holds(queue).is_empty(), "{queue}");
        }
    }

    /// Raw records that cannot be parsed: of the client's chat, of the account, of an unknown account; and those of
    /// others.
    async fn records(&self) {
        let world = &self.world;
        let mut bad = text(PHONE, &id('c', 9), "x");
        bad["text"] = json!({"not": "аааа-первое"});
        let bodies = [
            messages(&[bad]),
            format!("no JSON of {PHONE}"),
            format!("{{\"messageId\": \"{}\" no JSON", id('e', 1)),
        ];
        for body in bodies {
            assert_eq!(world.post(TOKEN, body).await, 200);
        }
        world.deliver("inbound.fifo").await;
        assert_eq!(world.post(TOKEN, format!("no JSON of {OTHER}")).await, 200);
        let mut records = world.bucket.objects.lock().unwrap();
        records.insert("unknown/2026-11-21/his".into(), format!("{{\"user\": {PHONE}}}").into_bytes());
        records.insert("unknown/2026-11-21/other".into(), format!("{{\"user\": 9{TELEGRAM}}}").into_bytes());
    }

    async fn blacklist(&self) {
        let person = self.person().await;
        let phone = Subject::Phone(person.phone.unwrap());
        self.world
            .write(&BlockEntry {
                v: 1,
                account: self.world.account.clone(),
                id: phone.digest(&salt()),
                subject: Some(phone),
                follows: None,
                note: Some(format!("not {PHONE} again")),
                created_at: self.world.clock.now(),
                expires_at: None,
            })
            .await;
    }

    pub fn telegram_id(&self) -> ChatId {
        ChatId::derive(&salt(), &self.world.channel, &format!("telegram:{TELEGRAM}"))
    }

    pub async fn telegram(&self) -> Option<Chat> {
        self.world.store.chat(&self.world.account, &self.telegram_id()).await.unwrap()
    }

    pub async fn contact(&self, chat: &Chat) -> Option<Contact> {
        self.world.store.contact(&chat.account, &chat.contact, Read::Consistent).await.unwrap()
    }

    /// The client's contact, found by their first chat.
    pub async fn person(&self) -> Contact {
        let chat = self.world.chat(PHONE).await.unwrap();
        self.world.store.person(&chat.account, &chat.contact, Read::Consistent).await.unwrap().unwrap()
    }

    /// Requests the erasure, as the API does.
    pub async fn ask(&self) {
        let person = self.person().await;
        let contacts = std::iter::once(person.contact).chain(person.merged_from).collect();
        self.ask_for(contacts).await;
    }

    pub async fn ask_for(&self, contacts: Vec<ContactId>) {
        let world = &self.world;
        world.write(&Erasure::new(&world.account, "0198-erasure", contacts, world.clock.now())).await;
        self.nudge().await;
    }

    pub async fn nudge(&self) {
        let nudge = ErasureNudge::new(&self.world.account, "0198-erasure");
        let outgoing = vec![Outgoing::standard(&nudge).unwrap()];
        self.world.eraser.queues.send("https://sqs.test/erasures", outgoing).await.unwrap();
    }

    pub async fn job(&self) -> Erasure {
        self.world.store.erasure(&self.world.account, "0198-erasure").await.unwrap().unwrap()
    }

    /// One invocation with enough time.
    pub async fn invoke(&self) -> bool {
        let nudge = json!({"v": 1, "account": self.world.account, "erasure": "0198-erasure"}).to_string();
        let record = json!({
            "messageId": "1", "receiptHandle": "1", "body": nudge,
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:erasures",
        });
        let batch: SqsBatch = serde_json::from_value(json!({"Records": [record]})).unwrap();
        let answer = self.world.eraser.handle(batch, Duration::from_secs(300), &self.world.context).await;
        answer.returned().is_empty()
    }

    /// Everything that there is, as text: the table, the queues, the buckets.
    pub async fn dump(&self) -> String {
        let mut dump = self.world.queues.dump();
        for item in self.items().await {
            dump.push_str(&format!("{item}\n"));
        }
        for bucket in [&self.world.bucket, &self.world.files] {
            for (key, body) in bucket.objects.lock().unwrap().iter() {
                dump.push_str(&format!("{key} {}\n", String::from_utf8_lossy(body)));
            }
        }
        dump
    }

    async fn items(&self) -> Vec<Value> {
        let (mut items, mut from) = (Vec::new(), Value::Null);
        loop {
            let mut request = json!({"TableName": "table"});
            if !from.is_null() {
                request["ExclusiveStartKey"] = from;
            }
            let mut page = self.world.table.ask("Scan", &request).await;
            items.append(page["Items"].as_array_mut().unwrap());
            from = page["LastEvaluatedKey"].take();
            if from.is_null() {
                return items;
            }
        }
    }

    /// The client's data that is found, and where.
    pub async fn found(&self) -> Vec<String> {
        let dump = self.dump().await;
        let lines = dump.lines().filter_map(|line| {
            // The other client's number in a record has one digit more at the front.
            let line = line.replace(&format!("9{TELEGRAM}"), "");
            HIS.iter().find(|his| line.contains(**his)).map(|his| format!("{his}: {line}"))
        });
        lines.collect()
    }

    pub async fn assert_gone(&self) {
        let found = self.found().await;
        assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
        assert_eq!(self.job().await.state, ErasureState::Done);
    }

    /// Asserts that all data of others is still there.
    pub async fn assert_others_stay(&self) {
        let world = &self.world;
        assert_eq!(world.messages(OTHER).await.len(), 1);
        let letters = world.queues.dump();
        assert!(letters.contains("и другое") && letters.contains("33333333-cccc-4ccc-8ddd-000000000003"));
        let records: Vec<String> = world.bucket.objects.lock().unwrap().keys().cloned().collect();
        assert_eq!(records.len(), 2, "{records:?}");
        assert_eq!(world.files.objects.lock().unwrap().len(), 1);
        let blocked: Vec<BlockEntry> = world.store.blacklist(&world.account, 10, None).await.unwrap().items;
        assert_eq!(blocked.len(), 1, "a blocked client stays blocked");
    }

    pub async fn redeliver(&self) {
        for body in &self.posted {
            assert_eq!(self.world.post(TOKEN, body.clone()).await, 200);
        }
        self.world.pass(Duration::from_secs(900)).await;
    }
}

fn salt() -> IdSalt {
    IdSalt::from_bytes([7; 16])
}

/// A message of the client's, written at the present moment.
pub fn anew(world: &World, n: u32, body: &str) -> String {
    let mut message = text(PHONE, &id('c', n), body);
    message["dateTime"] = json!(world.clock.now().rfc3339());
    messages(&[message])
}

impl Story {
    /// Deletes the tombstones whose partition key contains this text.
    pub async fn lose_tombstones(&self, holding: &str) {
        for item in self.items().await {
            let of = item["pk"]["S"].as_str().unwrap().contains(holding);
            if of && item.get("erased_at").is_some() && item.get("last_seq").is_none() {
                let key = json!({"pk": item["pk"], "sk": item["sk"]});
                self.world.table.ask("DeleteItem", &json!({"TableName": "table", "Key": key})).await;
            }
        }
    }

    pub async fn is_marked(&self, chat: &ChatId) -> bool {
        let place = self.world.store.chat_place(&self.world.account, chat).await.unwrap();
        matches!(place, shared::store::erasure::ChatPlace::Mark)
    }
}
