//! A whole Switchboard in one process: the functions' own libraries over a real table engine, queues on a clock that
//! the test moves, and the sandbox's CRM.

pub mod asking;
pub mod drops;
pub mod events;
pub mod sends;
pub mod services;
pub mod wire;

use assignment::Assignment;
use auto_close::AutoClose;
use crm_push::CrmPush;
use delivery::rate::Rates;
use delivery::{Connections, Delivery};
use erasure::Eraser;
use lambda_http::{Body, RequestExt};
use media::{Keeping, Media};
use routing::Routing;
use serde_json::{Value, json};
use services::{Bucket, Kms, Queued, Queues, Table, dead_letters};
use shared::base::clock::{Ambient, Manual, Timestamp};
use shared::base::ids::{AccountId, ChannelId, ChatId, ConnectionId, EmployeeId, IdSalt, hex_digest};
use shared::crm::universal::settings::{self, Subscriptions};
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::connection::{ChannelOwner, TokenOwner, WebhookToken};
use shared::model::crm::{CrmConnection, CrmKind};
use shared::model::employee::{Membership, Role};
use shared::model::message::Message;
use shared::model::messenger::ChannelRef;
use shared::model::pipeline::{Pipeline, Pipelines, Stage};
use shared::platform::batch::{BatchAnswer, BatchContext, SqsBatch};
use shared::platform::dead_letters::DeadLetters;
use shared::platform::files::Files;
use shared::platform::http::{AllowList, OutboundHttp};
use shared::platform::nudger::{NudgeQueues, Nudger};
use shared::platform::objects::Objects;
use shared::platform::quarantine::Quarantine;
use shared::platform::secrets::Vault;
use shared::providers::base_urls::BaseUrls;
use shared::store::chat_transaction::ChatTransaction;
use shared::store::keys::WebhookTokenRow;
use shared::store::row::{Row, Write};
use shared::store::settings_cache::SettingsCache;
use shared::store::{Read, Store};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tests::sandbox::Sandbox;
use tokio::sync::Notify;
use wire::Wire;

pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub const CHANNEL: &str = "b96a353b-0000-4cac-8413-ba0000000981";
/// The public address of the deployment: links of files begin with it.
pub const BASE_URL: &str = "https://switchboard.example";
const QUEUES: [&str; 8] = [
    "inbound.fifo",
    "statuses",
    "assignment.fifo",
    "outbound.fifo",
    "crm.fifo",
    "timers",
    "media",
    "erasures",
];
const TIME_LEFT: Duration = Duration::from_secs(55);

pub struct World {
    pub clock: Arc<Manual>,
    pub pauses: Arc<Pauses>,
    pub store: Store,
    pub table: Wire<Table>,
    pub queues: Arc<Queues>,
    pub sqs: Wire<Queues>,
    pub bucket: Arc<Bucket>,
    /// The media bucket.
    pub files: Arc<Bucket>,
    /// The wire to the media bucket.
    pub files_wire: Wire<Bucket>,
    /// The wire to the quarantine.
    pub s3: Wire<Bucket>,
    pub sandbox: Sandbox,
    pub account: AccountId,
    pub channel: ChannelId,
    salt: IdSalt,
    pub ingest: webhook_ingest::Ingest,
    pub kms: aws_sdk_kms::Client,
    routing: Routing,
    pub assignment: Assignment,
    crm_push: CrmPush,
    pub delivery: Delivery,
    auto_close: AutoClose,
    pub media: Media,
    /// The API, for tests that serve it.
    pub api: Arc<api::App>,
    pub eraser: Eraser,
    pub context: BatchContext,
}

/// The test's clock. A writer that conflicts waits in real time before it retries, so the wait is a tenth of the usual
/// one.
struct Calm(Arc<Manual>, Arc<Pauses>);

/// Where the API pauses. Usually the clock is moved on by the pause; a test can do something in it.
#[derive(Default)]
pub struct Pauses {
    held: AtomicBool,
    begun: Notify,
    over: Notify,
}

impl Pauses {
    /// Does something in the next pause of `request`, which goes on afterwards.
    pub async fn within<T>(&self, request: impl Future<Output = T>, done: impl Future<Output = ()>) -> T {
        self.held.store(true, Ordering::SeqCst);
        let done = async {
            self.begun.notified().await;
            done.await;
            self.over.notify_one();
        };
        tokio::join!(request, done).0
    }
}

impl Ambient for Calm {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn pause(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        if !self.1.held.swap(false, Ordering::SeqCst) {
            return self.0.pause(span);
        }
        Box::pin(async {
            self.1.begun.notify_one();
            self.1.over.notified().await;
        })
    }

    fn jitter(&self, span: Duration) -> Duration {
        self.0.jitter(span / 10)
    }
}

fn region() -> aws_sdk_sqs::config::Region {
    aws_sdk_sqs::config::Region::new("us-east-1")
}

fn credentials() -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new("test", "test", None, None, "tests")
}

macro_rules! client {
    ($sdk:ident, $wire:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region(region())
                .credentials_provider(credentials())
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .http_client($wire)
                .build(),
        )
    };
}

impl World {
    /// An account with a universal CRM, one channel and these employees.
    pub async fn with_employees(names: &[&str]) -> Self {
        let world = Self::empty().await;
        world.furnish().await;
        for (place, name) in names.iter().enumerate() {
            world.join(name, i64::try_from(place).unwrap()).await;
        }
        world
    }

    /// One without any row.
    pub async fn empty() -> Self {
        let clock = Arc::new(Manual::new(Timestamp::parse_rfc3339("2026-11-21T09:00:00Z").unwrap()));
        let table = Wire::to(Arc::new(Table::start().await));
        let queues = Arc::new(Queues::new(Arc::clone(&clock)));
        let sqs_wire = Wire::to(Arc::clone(&queues));
        let (bucket, files) = (Arc::new(Bucket::default()), Arc::new(Bucket::default()));
        let s3_wire = Wire::to(Arc::clone(&bucket));
        let s3 = client!(aws_sdk_s3, s3_wire.clone());
        let files_wire = Wire::to(Arc::clone(&files));
        let files_s3 = client!(aws_sdk_s3, files_wire.clone());
        let store = Store::new(client!(aws_sdk_dynamodb, table.clone()), "table");
        let sqs = shared::platform::queue::Queues::new(client!(aws_sdk_sqs, sqs_wire.clone()));
        let quarantine = Quarantine::new(s3.clone(), "quarantine".into());
        let sandbox = Sandbox::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let base_urls: BaseUrls = format!("wazzup={}", sandbox.client().wazzup_url()).parse().unwrap();
        let allow = AllowList::parse(&sandbox.address().to_string());
        let pauses = Arc::new(Pauses::default());
        let ambient = || -> Arc<dyn Ambient> { Arc::new(Calm(Arc::clone(&clock), Arc::clone(&pauses))) };
        let url = |name: &str| format!("https://sqs.test/{name}");
        let kms = client!(aws_sdk_kms, Wire::to(Arc::new(Kms)));
        let urls = NudgeQueues {
            assignment: url("assignment.fifo"),
            crm: url("crm.fifo"),
            outbound: url("outbound.fifo"),
            media: url("media"),
            timers: url("timers"),
        };
        let nudger = Nudger::new(sqs.clone(), urls, shared::crm::capabilities, ambient());
        Self {
            kms: kms.clone(),
            ingest: webhook_ingest::Ingest {
                store: store.clone(),
                queues: sqs.clone(),
                quarantine: quarantine.clone(),
                inbound_url: url("inbound.fifo"),
                statuses_url: url("statuses"),
                ambient: ambient(),
                vault: Vault::opening(kms.clone()),
                registry: shared::providers::inbound,
                known: webhook_ingest::RecentlyRead::default(),
            },
            routing: Routing {
                store: store.clone(),
                nudger: nudger.clone(),
                settings: SettingsCache::default(),
                quarantine: quarantine.clone(),
                ambient: ambient(),
            },
            assignment: Assignment {
                store: store.clone(),
                nudger: nudger.clone(),
                settings: SettingsCache::default(),
                ambient: ambient(),
            },
            crm_push: CrmPush {
                store: store.clone(),
                queues: sqs.clone(),
                vault: Vault::opening(kms.clone()),
                http: OutboundHttp::new(allow.clone()).unwrap(),
                settings: SettingsCache::default(),
                public_base_url: BASE_URL.into(),
                timers_url: url("timers"),
                assignment_url: url("assignment.fifo"),
                ambient: ambient(),
            },
            delivery: Delivery {
                store: store.clone(),
                nudger: nudger.clone(),
                vault: Vault::opening(kms.clone()),
                http: OutboundHttp::new(allow.clone()).unwrap(),
                settings: SettingsCache::default(),
                connections: Connections::default(),
                rates: Rates::default(),
                files: Files::new(files_s3.clone(), "media"),
                base_urls: base_urls.clone(),
                call_within: delivery::CALL_WITHIN,
                ambient: ambient(),
            },
            auto_close: AutoClose {
                store: store.clone(),
                queues: sqs.clone(),
                inbound_url: url("inbound.fifo"),
                timers_url: url("timers"),
                assignment_url: url("assignment.fifo"),
                media_url: url("media"),
                erasures_url: url("erasures"),
                crm_url: url("crm.fifo"),
                ambient: ambient(),
            },
            media: Media {
                store: store.clone(),
                nudger: nudger.clone(),
                settings: SettingsCache::default(),
                http: OutboundHttp::new(allow.clone()).unwrap(),
                vault: Vault::opening(kms.clone()),
                base_urls: base_urls.clone(),
                files: Files::new(files_s3.clone(), "media"),
                keeping: Keeping { megabytes: 1, days: 365 },
                ambient: ambient(),
            },
            api: Arc::new(api::App {
                store: store.clone(),
                vault: Vault::sealing(kms, "key".into()),
                queues: sqs.clone(),
                nudger,
                erasures_url: url("erasures"),
                timers_url: url("timers"),
                files: Files::new(files_s3.clone(), "media"),
                http: OutboundHttp::new(allow.clone()).unwrap(),
                media_days: 365,
                operator: api::http::operator_key::OperatorKey::new(
                    client!(aws_sdk_secretsmanager, Wire::to(Arc::new(Kms))),
                    "operator".into(),
                ),
                rate: api::http::rate_limit::RateLimit::default(),
                public_base_url: BASE_URL.into(),
                base_urls: base_urls.clone(),
                ambient: ambient(),
            }),
            eraser: Eraser {
                store: store.clone(),
                queues: sqs.clone(),
                quarantine: Objects::new(s3, "quarantine"),
                files: Files::new(files_s3, "media"),
                dead_letters: DeadLetters::new(
                    client!(aws_sdk_sqs, sqs_wire.clone()),
                    QUEUES.iter().map(|name| url(&dead_letters(name))).collect(),
                ),
                erasures_url: url("erasures"),
                ambient: ambient(),
            },
            context: BatchContext {
                queues: sqs,
                queue_urls: QUEUES.iter().map(|name| url(name)).collect(),
                quarantine: Some(quarantine),
            },
            account: AccountId::new("0198-account"),
            channel: ChannelId::derive(&AccountId::new("0198-account"), "wazzup", CHANNEL),
            salt: IdSalt::from_bytes([7; 16]),
            clock,
            pauses,
            store,
            table,
            queues,
            sqs: sqs_wire,
            bucket,
            files,
            files_wire,
            s3: s3_wire,
            sandbox,
        }
    }

    async fn furnish(&self) {
        let now = self.clock.now();
        let account = self.account.clone();
        let crm_setup = serde_json::from_value(json!({"honourIdempotencyKey": true})).unwrap();
        self.sandbox.client().put_crm("demo", &crm_setup).await.unwrap();
        let connection = ConnectionId::new("connection");
        let external =
            ChannelRef { id: self.channel.clone(), provider: "wazzup".into(), external: CHANNEL.into() };
        let owner = Account::new(account.clone(), "Demo", self.salt.clone(), "RU", now);
        self.write(&Account { crm_kind: CrmKind::Universal, ..owner }).await;
        self.write(&WebhookTokenRow {
            hash: hex_digest(TOKEN.as_bytes()),
            token: WebhookToken {
                v: 1,
                provider: "wazzup".into(),
                owner: TokenOwner::Connection(self.owner()),
                secret: None,
            },
        })
        .await;
        let mut channel = Channel::new(&account, &connection, &external, now);
        channel.transport = Some("whatsapp".into());
        self.store.create_channel(&channel).await.unwrap();
        self.connect(&connection).await;
        let hook = self.sandbox.client().crm_webhook_url("demo");
        let mut crm = settings::connection(&account, &hook, now);
        // The tests see what is ours; `ordinary_client` is one that did not ask for it.
        Subscriptions::everything().set(&mut crm);
        self.write(&crm).await;
        let stages = vec![Stage { id: "new".into(), name: "New".into() }];
        let pipelines = vec![Pipeline { id: "sales".into(), name: "Sales".into(), stages }];
        self.write(&Pipelines { v: 1, account, pipelines }).await;
    }

    /// The account and connection that the World's channels belong to.
    pub fn owner(&self) -> ChannelOwner {
        ChannelOwner {
            account: self.account.clone(),
            connection: ConnectionId::new("connection"),
            id_salt: self.salt.clone(),
        }
    }

    pub async fn write<R: Row>(&self, row: &R) {
        self.store.commit(vec![Write::put(row).unwrap()]).await.unwrap();
    }

    pub fn member(&self, name: &str, place: i64) -> Membership {
        let employee = EmployeeId::new(name);
        Membership::new(&self.account, &self.channel, &employee, Role::Manager, Timestamp::from_millis(place))
    }

    pub async fn join(&self, name: &str, place: i64) {
        self.write(&self.member(name, place)).await;
    }

    /// Posts a webhook, as the provider does.
    pub async fn post(&self, token: &str, body: impl Into<String>) -> u16 {
        let request =
            lambda_http::http::Request::builder().method("POST").body(Body::from(body.into())).unwrap();
        let path = [
            ("provider".to_owned(), vec!["wazzup".to_owned()]),
            ("token".to_owned(), vec![token.to_owned()]),
        ];
        let path = std::collections::HashMap::from(path);
        self.ingest.handle(request.with_path_parameters(path)).await.status().as_u16()
    }

    /// Delivers visible messages until none is left.
    pub async fn settle(&self) {
        for _ in 0..10_000 {
            let mut moved = false;
            for queue in QUEUES {
                moved |= self.deliver(queue).await;
            }
            if !moved {
                return;
            }
        }
        panic!("the queues never become empty");
    }

    /// Delivers one batch of a queue; returns whether there was any.
    pub async fn deliver(&self, queue: &str) -> bool {
        let batch = self.queues.receive(queue);
        if batch.is_empty() {
            return false;
        }
        let answer = self.handle(queue, &batch).await;
        self.queues.acknowledge(queue, &batch, &answer.returned());
        true
    }

    /// Delivers all visible messages concurrently, each as a batch of its own; returns whether there was any. Groups
    /// are not held back, as happens when a delivery outlives its visibility timeout.
    pub async fn deliver_at_once(&self, queue: &str) -> bool {
        let mut batches = Vec::new();
        while let [message, ..] = self.queues.receive(queue).as_slice() {
            self.queues.acknowledge(queue, std::slice::from_ref(message), &[]);
            batches.push(message.clone());
        }
        let answers = batches.iter().map(|message| async {
            let answer = self.handle(queue, std::slice::from_ref(message)).await;
            (!answer.returned().is_empty()).then(|| message.clone())
        });
        let returned = futures::future::join_all(answers).await;
        self.queues.give_back(queue, returned.into_iter().flatten().collect());
        !batches.is_empty()
    }

    async fn handle(&self, queue: &str, batch: &[Queued]) -> BatchAnswer {
        let records: Vec<Value> = batch
            .iter()
            .map(|message| {
                json!({
                    "messageId": message.id, "receiptHandle": message.id, "body": message.body,
                    "attributes": {"ApproximateReceiveCount": message.receive_count.to_string(), "MessageGroupId": message.group},
                    "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
                })
            })
            .collect();
        let event: SqsBatch = serde_json::from_value(json!({"Records": records})).unwrap();
        match queue {
            "inbound.fifo" | "statuses" => self.routing.handle(event, TIME_LEFT, &self.context).await,
            "assignment.fifo" => self.assignment.handle(event, TIME_LEFT, &self.context).await,
            "outbound.fifo" => self.delivery.handle(event, TIME_LEFT, &self.context).await,
            "crm.fifo" => self.crm_push.handle(event, TIME_LEFT, &self.context).await,
            "media" => self.media.handle(event, TIME_LEFT, &self.context).await,
            "erasures" => self.eraser.handle(event, TIME_LEFT, &self.context).await,
            _ => self.auto_close.timers(event, TIME_LEFT, &self.context).await,
        }
    }

    pub async fn sweep(&self) {
        self.auto_close.sweep(TIME_LEFT).await.unwrap();
    }

    /// Passes time: the schedule runs every minute, and messages are delivered when they become visible.
    pub async fn pass(&self, span: Duration) {
        let end = self.clock.now() + span;
        let mut next_sweep = self.clock.now() + Duration::from_secs(60);
        loop {
            self.settle().await;
            let visible = self
                .queues
                .next_visible(&QUEUES)
                .unwrap_or(end)
                .max(self.clock.now() + Duration::from_millis(1));
            let next = visible.min(next_sweep).min(end);
            self.clock.advance(next.since(self.clock.now()));
            if next == next_sweep {
                self.sweep().await;
                next_sweep = next_sweep + Duration::from_secs(60);
            }
            if next >= end {
                self.settle().await;
                return;
            }
        }
    }

    pub fn chat_id(&self, phone: &str) -> ChatId {
        ChatId::derive(&self.salt, &self.channel, &format!("whatsapp:{phone}"))
    }

    pub async fn chat(&self, phone: &str) -> Option<Chat> {
        self.store.chat(&self.account, &self.chat_id(phone)).await.unwrap()
    }

    pub async fn messages(&self, phone: &str) -> Vec<Message> {
        let mut page =
            self.store.messages_by_time(&self.account, &self.chat_id(phone), 1000, None).await.unwrap().items;
        page.reverse();
        page
    }

    pub async fn crm(&self) -> tests::sandbox::state::CrmState {
        self.sandbox.client().crm("demo").await.unwrap()
    }

    pub async fn crm_connection(&self) -> CrmConnection {
        self.store.crm(&self.account, Read::Consistent).await.unwrap().unwrap()
    }
}

/// A text message of a client, as Wazzup posts it.
pub fn text(phone: &str, id: &str, text: &str) -> Value {
    json!({
        "messageId": id, "channelId": CHANNEL, "chatType": "whatsapp", "chatId": phone,
        "dateTime": "2026-11-21T09:00:00.000Z", "type": "text", "isEcho": false, "status": "inbound",
        "text": text, "contact": {"name": format!("Client {phone}")},
    })
}

/// The same as an echo: the company's message.
pub fn echo(phone: &str, id: &str, body: &str) -> Value {
    let mut message = text(phone, id, body);
    message["isEcho"] = json!(true);
    message["status"] = json!("sent");
    message
}

pub fn messages(entries: &[Value]) -> String {
    json!({"messages": entries}).to_string()
}

pub fn status(id: &str, word: &str) -> String {
    json!({"statuses": [{"messageId": id, "status": word, "timestamp": "2026-11-21T09:00:01.000Z"}]})
        .to_string()
}

/// The writes of a chat's change, as a writer makes them who takes numbers in it.
pub fn change_of(before: Chat, after: Chat, now: Timestamp) -> Vec<Write> {
    let closing = Closing::default();
    ChatTransaction::between(Some(before), after, &closing, CrmKind::Universal).writes(now).unwrap().1
}
