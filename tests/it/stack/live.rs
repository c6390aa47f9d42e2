//! A client of the deployed stack: its AWS services, its logs, and accounts on it.

use regex::Regex;
use std::path::Path;
use std::sync::OnceLock;
use tests::account::{Account, Plan, random};
use tests::sandbox::Sandbox;
use tests::sandbox::client::Client;
use tests::stack::Stack;

/// The stack that `make test` started, and the sandbox on the port that the stack expects.
pub struct Live {
    pub stack: Stack,
    pub sandbox: Client,
}

static LIVE: OnceLock<Live> = OnceLock::new();

impl Live {
    /// Starts the sandbox once for all tests of the process.
    pub fn get() -> &'static Self {
        LIVE.get_or_init(|| {
            #[expect(clippy::disallowed_methods, reason = "the tests' own setting")]
            let path = std::env::var("SWITCHBOARD_STACK")
                .expect("SWITCHBOARD_STACK is not set: `make test` starts a stack");
            let stack = Stack::read(Path::new(&path)).unwrap();
            let (ready, started) = std::sync::mpsc::channel();
            let port = stack.sandbox_port;
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async move {
                    let sandbox = Sandbox::start(([127, 0, 0, 1], port).into()).await.unwrap();
                    ready.send(()).unwrap();
                    std::future::pending::<()>().await;
                    drop(sandbox);
                });
            });
            started.recv().unwrap();
            let sandbox = Client::new(&format!("http://127.0.0.1:{port}")).unwrap();
            Self { stack, sandbox }
        })
    }

    /// An account with one channel for each window, and these employees.
    pub async fn account(&self, windows: &[u32], employees: &[&str]) -> Account {
        let name = format!("it-{}", &random()[..10]);
        let channels: Vec<(&str, u32)> = windows.iter().map(|window| ("Канал", *window)).collect();
        let employees: Vec<(&str, &str)> = employees.iter().map(|id| (*id, *id)).collect();
        let plan = Plan { name: &name, channels: &channels, employees: &employees };
        Account::set_up(&self.stack, &self.sandbox, &plan).await.unwrap()
    }

    fn aws(&self) -> aws_config::ConfigLoader {
        let stack = &self.stack;
        let keys = aws_credential_types::Credentials::new(
            &stack.access_key_id,
            &stack.secret_access_key,
            None,
            None,
            "tests",
        );
        aws_config::defaults(aws_config::BehaviorVersion::latest())
            .endpoint_url(&stack.endpoint)
            .region(aws_config::Region::new(stack.region.clone()))
            .credentials_provider(keys)
    }

    pub async fn s3(&self) -> aws_sdk_s3::Client {
        let config =
            aws_sdk_s3::config::Builder::from(&self.aws().load().await).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(config)
    }

    pub async fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.aws().load().await)
    }

    pub async fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.aws().load().await)
    }

    /// Everything that the functions have logged, by function.
    pub async fn logs(&self) -> Vec<(String, String)> {
        let logs = aws_sdk_cloudwatchlogs::Client::new(&self.aws().load().await);
        let mut lines = Vec::new();
        for (function, group) in &self.stack.log_groups {
            let mut pages = logs.filter_log_events().log_group_name(group).into_paginator().send();
            while let Some(page) = pages.next().await {
                let events = page.unwrap().events.unwrap_or_default();
                lines.extend(events.into_iter().filter_map(|event| Some((function.clone(), event.message?))));
            }
        }
        lines
    }

    /// The objects of an account in the quarantine bucket, with their contents.
    pub async fn quarantined(&self, account: &str) -> Vec<Vec<u8>> {
        let s3 = self.s3().await;
        let listed = s3
            .list_objects_v2()
            .bucket(&self.stack.bucket)
            .prefix(format!("{account}/"))
            .send()
            .await
            .unwrap();
        let mut contents = Vec::new();
        for object in listed.contents.unwrap_or_default() {
            let got =
                s3.get_object().bucket(&self.stack.bucket).key(object.key.unwrap()).send().await.unwrap();
            contents.push(got.body.collect().await.unwrap().to_vec());
        }
        contents
    }
}

/// Asserts that no log line contains a phone in any spelling, a text or a name (all of the tests' are Cyrillic), a key
/// or a URL token.
pub async fn assert_logs_hold_nothing_personal(live: &Live, secrets: &[&str]) {
    let watch = Watch::new();
    let lines = live.logs().await;
    assert!(lines.len() > 100, "the logs were read: {}", lines.len());
    for (function, line) in &lines {
        let found = watch.found_in(line);
        assert!(found.is_none(), "{function} logged {found:?}: {line}");
        assert!(
            !secrets.iter().any(|secret| line.contains(*secret)) && !line.contains(&live.stack.operator_key),
            "{function} logged a secret"
        );
    }
}

/// What no log line may contain.
struct Watch {
    uuid: Regex,
    phone: Regex,
    other: Vec<(&'static str, Regex)>,
}

impl Watch {
    fn new() -> Self {
        let regex = |pattern: &str| Regex::new(pattern).unwrap();
        Self {
            uuid: regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
            phone: regex(r"(?:\+?7|8)[\s(-]*9\d{2}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}"),
            other: vec![
                ("a text or a name", regex("[а-яА-ЯёЁ]")),
                ("an escaped text", regex(r"\\u04[0-9a-fA-F]{2}")),
                ("an API key", regex("sb_[0-9a-f]{8}")),
                ("a webhook's path", regex("webhooks/[a-z]+/")),
                ("a URL token or a provider's key", regex(r"\b[0-9a-f]{32}\b")),
            ],
        }
    }

    fn found_in(&self, line: &str) -> Option<&'static str> {
        // Ids may contain what looks like a phone, and so may longer numbers (times in milliseconds).
        let line = self.uuid.replace_all(line, "id");
        let is_digit =
            |at: Option<usize>| at.and_then(|at| line.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
        let phones = self.phone.find_iter(&line);
        let alone = |found: &regex::Match<'_>| {
            !is_digit(found.start().checked_sub(1)) && !is_digit(Some(found.end()))
        };
        if phones.into_iter().any(|found| alone(&found)) {
            return Some("a phone");
        }
        self.other.iter().find(|(_, pattern)| pattern.is_match(&line)).map(|(what, _)| *what)
    }
}

#[test]
fn p9_the_search_of_the_logs_finds_what_it_looks_for() {
    let watch = Watch::new();
    for planted in [
        "79011112201",
        "+7 901 111-22-01",
        "8 (901) 111-22-01",
        "89011112201",
        "id 79011112201-0",
        "Иван",
        "\\u0418\\u0432",
        "sb_9071c4347fbc1d22eed75fadabddd80e0cb42c5c811574d3cf83eb0f747aedf0",
        "/webhooks/wazzup/x",
        "2cb36b7dc7baa3056ee39dfb760fd7fd",
    ] {
        assert!(watch.found_in(&format!(r#"{{"message":"{planted}"}}"#)).is_some(), "{planted}");
    }
    for harmless in
        ["1795256125439", "01a1fda1-c0ac-70f5-842b-a1c63dbfadb8", "2026-11-21T10:23:20.095008Z", "took 79 ms"]
    {
        assert_eq!(watch.found_in(&format!(r#"{{"message":"{harmless}"}}"#)), None, "{harmless}");
    }
}
