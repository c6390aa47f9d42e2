//! The test environment: the table in process, and one small server that acts as KMS, SQS, Secrets Manager, S3, Wazzup
//! and the CRM.

mod objects;
mod reads;

use crate::app::App;
use crate::http::operator_key::OperatorKey;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub use objects::Object;
use reads::Reads;
use serde_json::{Value, json};
use shared::base::clock::{Manual, Timestamp};
use shared::platform::files::Files;
use shared::platform::http::{AllowList, OutboundHttp};
use shared::platform::nudger::{NudgeQueues, Nudger};
use shared::platform::queue::Queues;
use shared::platform::secrets::Vault;
use shared::store::Store;
use shared::store::row::Key;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// The operator's key in the tests.
pub const OPERATOR: &str = "operator-key";

/// An address at which nothing listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// What the small server received, and what it is to respond with.
#[derive(Debug, Default)]
pub struct World {
    /// Bodies of the messages sent to SQS.
    pub nudges: Vec<Value>,
    /// Bodies of the webhook registrations sent to Wazzup.
    pub webhooks: Vec<Value>,
    /// The channels that Wazzup lists.
    pub channels: Value,
    /// Wazzup's status and body for listing channels, when not 200.
    pub list_fails: Option<(u16, Value)>,
    /// Wazzup's status and body for registering the webhook, when not 200.
    pub register_fails: Option<(u16, Value)>,
    /// How often the operator's key was read from Secrets Manager.
    pub secret_reads: usize,
    /// Whether SQS refuses every batch.
    pub queue_down: bool,
    /// A part of the URL of a queue that SQS refuses.
    pub refused_queue: Option<&'static str>,
    /// The objects of the media bucket, by key.
    pub objects: BTreeMap<String, Object>,
    /// Bodies posted to our own webhook, each with the token from its URL.
    pub posted: Vec<(String, Value)>,
    /// The status of our own webhook, when not 200.
    pub webhook_fails: Option<u16>,
    /// Bodies posted to the CRM's webhook, each with its `Authorization`.
    pub crm_posts: Vec<(Option<String>, Value)>,
    /// The status of the CRM's webhook, when not 200.
    pub crm_fails: Option<u16>,
    /// The templates that Wazzup lists.
    pub templates: Value,
}

impl World {
    fn refuses(&self, batch: &Value) -> bool {
        let queue = batch["QueueUrl"].as_str().unwrap();
        self.queue_down || self.refused_queue.is_some_and(|refused| queue.contains(refused))
    }
}

/// An API with everything that it calls.
pub struct Bench {
    /// The URL of the small server.
    pub outside: String,
    pub router: Router,
    pub app: Arc<App>,
    pub world: Arc<Mutex<World>>,
    pub clock: Arc<Manual>,
    reads: Reads,
}

/// An account and its key.
pub struct Company {
    pub id: String,
    pub key: String,
}

impl Bench {
    pub async fn new() -> Self {
        Self::broken("").await
    }

    /// An API that can be reached at its own public URL: what it posts to its webhooks is recorded in the world.
    pub async fn reached() -> Self {
        Self::broken("reached").await
    }

    /// An API in which one part does not respond: the table, or everything else of AWS.
    pub async fn broken(part: &str) -> Self {
        let world = Arc::new(Mutex::new(World { channels: json!([]), ..World::default() }));
        let outside = serve(Router::new().fallback(outside).with_state(Arc::clone(&world))).await;
        let outside = if part == "outside" { NOBODY.to_owned() } else { outside };
        let clock = Arc::new(Manual::new(Timestamp::parse_rfc3339("2026-11-21T09:10:00Z").unwrap()));
        let (region, credentials) =
            (Region::new("us-east-1"), Credentials::new("test", "test", None, None, "tests"));
        let kms =
            aws_sdk_kms::Config::builder().behavior_version(BehaviorVersion::latest()).region(region.clone());
        let kms = kms.credentials_provider(credentials.clone()).endpoint_url(&outside).build();
        let sqs =
            aws_sdk_sqs::Config::builder().behavior_version(BehaviorVersion::latest()).region(region.clone());
        let sqs = sqs.credentials_provider(credentials.clone()).endpoint_url(&outside).build();
        let secrets = aws_sdk_secretsmanager::Config::builder().behavior_version(BehaviorVersion::latest());
        let s3 =
            aws_sdk_s3::Config::builder().behavior_version(BehaviorVersion::latest()).region(region.clone());
        let s3 = s3
            .credentials_provider(credentials.clone())
            .endpoint_url(&outside)
            .force_path_style(true)
            .build();
        let secrets = secrets.region(region).credentials_provider(credentials).endpoint_url(&outside).build();
        let allow = AllowList::parse(outside.trim_start_matches("http://"));
        let reads = Reads::default();
        let queues = Queues::new(aws_sdk_sqs::Client::from_conf(sqs));
        let urls = NudgeQueues {
            assignment: format!("{outside}/assignment.fifo"),
            crm: format!("{outside}/crm.fifo"),
            outbound: format!("{outside}/outbound.fifo"),
            timers: format!("{outside}/timers"),
            ..NudgeQueues::default()
        };
        let nudger = Nudger::new(queues.clone(), urls, shared::crm::capabilities, Arc::clone(&clock) as _);
        let app = Arc::new(App {
            store: Store::new(table(part == "table", reads.clone()).await, "table"),
            vault: Vault::sealing(aws_sdk_kms::Client::from_conf(kms), "key".into()),
            queues,
            nudger,
            media_days: 365,
            erasures_url: format!("{outside}/erasures"),
            timers_url: format!("{outside}/timers"),
            files: Files::new(aws_sdk_s3::Client::from_conf(s3), "media"),
            http: OutboundHttp::new(allow).unwrap(),
            operator: OperatorKey::new(aws_sdk_secretsmanager::Client::from_conf(secrets), "operator".into()),
            rate: crate::http::rate_limit::RateLimit::default(),
            public_base_url: if part == "reached" {
                outside.clone()
            } else {
                "https://api.example.com/".into()
            },
            base_urls: format!("wazzup={outside}").parse().unwrap(),
            ambient: Arc::clone(&clock) as _,
        });
        Self { outside, router: crate::router(Arc::clone(&app)), app, world, clock, reads }
    }

    pub async fn send(&self, request: Request<Body>) -> (StatusCode, Value, HeaderMap) {
        let of_v3 = ["/v3/", "/counters/"].iter().any(|own| request.uri().path().starts_with(own));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        if of_v3 && parts.status.as_u16() >= 400 && parts.status != 429 {
            assert_eq!(body["status"], parts.status.as_u16(), "{body}");
            assert!(body["error"].is_string() && body["requestId"].is_string(), "{body}");
            assert!(body["description"].is_string(), "{body}");
            assert_eq!(parts.headers["content-type"], "application/json");
        } else if of_v3 && parts.status == 429 {
            assert_eq!(body, Value::Null);
        } else if parts.status.as_u16() >= 400 {
            assert!(body["error"]["code"].is_string() && body["error"]["message"].is_string(), "{body}");
            assert!(body["request_id"].is_string(), "{body}");
            assert_eq!(parts.headers["content-type"], "application/json");
            assert!(body["error"].get("field").is_none_or(Value::is_string), "{body}");
        }
        (parts.status, body, parts.headers)
    }

    /// Calls the API with a key, a method, a path and an optional body.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string().into()),
            None => request.body(Body::empty()),
        };
        let (status, body, _) = self.send(request.unwrap()).await;
        (status.as_u16(), body)
    }

    /// Calls the API, asserts the status and returns the body.
    pub async fn expect(
        &self,
        status: u16,
        key: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let (got, answer) = self.call(key, method, path, body.clone()).await;
        assert_eq!(got, status, "{method} {path} {body:?} → {answer}");
        answer
    }

    /// Calls the API and asserts that it refuses with this status, error code and field.
    pub async fn refused(
        &self,
        key: &str,
        (method, path): (&str, &str),
        body: Option<Value>,
        (status, code, field): (u16, &str, Option<&str>),
    ) {
        let answer = self.expect(status, key, method, path, body.clone()).await;
        assert_eq!(answer["error"]["code"], code, "{method} {path} {body:?} → {answer}");
        assert_eq!(answer["error"]["field"].as_str(), field, "{method} {path} {body:?} → {answer}");
    }

    /// Creates an account.
    pub async fn company(&self, name: &str) -> Company {
        let answer = self.expect(201, OPERATOR, "POST", "/v1/accounts", Some(json!({"name": name}))).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Company { id: text(&answer["account"]["id"]), key: text(&answer["key"]["key"]) }
    }

    /// Connects Wazzup with channels of these ids; returns the ids of our channels and of the connection.
    pub async fn connected(&self, key: &str, externals: &[&str]) -> (Vec<String>, String) {
        self.list(externals);
        let body = json!({"provider": "wazzup", "name": "Wazzup", "api_key": "wazzup-key"});
        let answer = self.expect(201, key, "POST", "/v1/connections", Some(body)).await;
        let channels = answer["channels"].as_array().unwrap().iter();
        let channels = channels.map(|channel| channel["id"].as_str().unwrap().to_owned()).collect();
        (channels, answer["connection"]["id"].as_str().unwrap().to_owned())
    }

    /// Loads an employee with this id and returns a token of theirs, valid for an hour.
    pub async fn token(&self, key: &str, employee: &str) -> String {
        let load = json!({"employees": [{"id": employee, "name": "Anna"}]});
        self.expect(200, key, "PUT", "/v1/employees", Some(load)).await;
        let path = format!("/v1/employees/{employee}/tokens");
        let answer = self.expect(201, key, "POST", &path, Some(json!({}))).await;
        answer["token"].as_str().unwrap().to_owned()
    }

    /// Sets the channels that Wazzup lists from now on.
    pub fn list(&self, externals: &[&str]) {
        let entry = |id: &&str| json!({"channelId": id, "transport": "whatsapp", "plainId": "7900", "state": "active"});
        self.world.lock().unwrap().channels = externals.iter().map(entry).collect();
    }

    /// How often the row of this key was read since the last call; reads of other rows are forgotten.
    pub fn reads(&self, key: &Key) -> usize {
        self.reads.take().iter().filter(|read| *read == key).count()
    }

    /// The channels that were nudged since the last call.
    pub fn nudged(&self) -> Vec<String> {
        let nudges = std::mem::take(&mut self.world.lock().unwrap().nudges);
        // Nudges to recheck live chats do not count.
        let nudges = nudges.iter().filter(|nudge| nudge.get("changed_at").is_none());
        nudges.filter_map(|nudge| Some(nudge["channel"].as_str()?.to_owned())).collect()
    }
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// Responds for the media bucket, KMS, SQS, Secrets Manager, Wazzup, our own webhook and the CRM.
async fn outside(
    State(world): State<Arc<Mutex<World>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut world = world.lock().unwrap();
    if let Some(key) = uri.path().strip_prefix("/media/") {
        return objects::answer(&mut world.objects, (&method, key), &headers, &body);
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let aws = |answer: Value| {
        ([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response()
    };
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    match (target, &method, uri.path()) {
        ("TrentService.Encrypt", ..) => {
            let plain = body["Plaintext"].as_str().unwrap();
            let sealed = STANDARD
                .encode(format!("{}|{plain}", body["EncryptionContext"]["account"].as_str().unwrap()));
            aws(json!({"CiphertextBlob": sealed, "KeyId": "key"}))
        }
        ("TrentService.Decrypt", ..) => {
            let sealed = STANDARD.decode(body["CiphertextBlob"].as_str().unwrap()).unwrap();
            let sealed = String::from_utf8(sealed).unwrap();
            let (account, plain) = sealed.split_once('|').unwrap();
            assert_eq!(body["EncryptionContext"]["account"], account);
            aws(json!({"Plaintext": plain, "KeyId": "key"}))
        }
        ("secretsmanager.GetSecretValue", ..) => {
            world.secret_reads += 1;
            aws(json!({"Name": "operator", "SecretString": format!("{OPERATOR}\n")}))
        }
        ("AmazonSQS.SendMessageBatch", ..) if world.refuses(&body) => StatusCode::FORBIDDEN.into_response(),
        ("AmazonSQS.SendMessageBatch", ..) => {
            let taken: Vec<Value> = take(&mut world, &body);
            aws(json!({"Successful": taken, "Failed": []}))
        }
        ("", &Method::GET, "/v3/channels") => match &world.list_fails {
            Some((status, words)) => failed(*status, words),
            None => axum::Json(world.channels.clone()).into_response(),
        },
        ("", &Method::PATCH, "/v3/webhooks") => {
            world.webhooks.push(body);
            match &world.register_fails {
                Some((status, words)) => failed(*status, words),
                None => axum::Json(json!({"ok": true})).into_response(),
            }
        }
        ("", &Method::POST, path) if path.starts_with("/webhooks/wazzup/") => {
            world.posted.push((path.rsplit('/').next().unwrap().to_owned(), body));
            StatusCode::from_u16(world.webhook_fails.unwrap_or(200)).unwrap().into_response()
        }
        ("", &Method::POST, path) if path.starts_with("/crm") => {
            let key = headers.get("authorization").map(|key| key.to_str().unwrap().to_owned());
            world.crm_posts.push((key, body));
            StatusCode::from_u16(world.crm_fails.unwrap_or(200)).unwrap().into_response()
        }
        ("", &Method::GET, "/v3/templates/whatsapp") => axum::Json(world.templates.clone()).into_response(),
        other => panic!("no response for {other:?}"),
    }
}

/// Records the bodies of a batch, and reports each entry as accepted.
fn take(world: &mut World, batch: &Value) -> Vec<Value> {
    let entries = batch["Entries"].as_array().unwrap();
    let body = |entry: &Value| serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
    world.nudges.extend(entries.iter().map(body).collect::<Vec<Value>>());
    entries.iter().map(|entry| json!({"Id": entry["Id"], "MessageId": "m"})).collect()
}

fn failed(status: u16, words: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(words.clone())).into_response()
}

/// The table as `template.yaml` defines it, on an in-process database.
async fn table(broken: bool, reads: Reads) -> aws_sdk_dynamodb::Client {
    let database = dynoxide::Database::memory().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        .interceptor(reads)
        .endpoint_url(if broken { NOBODY.to_owned() } else { format!("http://{address}") })
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    if !broken {
        tests::table::create(&format!("http://{address}"), "table").await.unwrap();
    }
    client
}
