//! A client of the deployed stack: its AWS services, its logs, and accounts on it.

use regex::Regex;
use std::path::Path;
use std::sync::OnceLock;
use tests::account::{Account, Plan, random};
use tests::sandbox::Sandbox;
use tests::sandbox::client::Client;
use tests::stack::Stack;

/// The stack that `make test` started, and the sandbox on the port that the stack was told.
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

    /// An account with these channels' windows and these employees.
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

    /// The quarantine's objects of an account, with their contents.
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

/// No log line holds a phone in any spelling, a text or a name (all of the tests' are Cyrillic), a key or a URL token.
pub async fn assert_logs_hold_nothing_personal(live: &Live, secrets: &[&str]) {
    let forbidden = [
        ("a phone", Regex::new(r"(?:\+?7|8)[\s(-]*9\d{2}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}").unwrap()),
        ("a text or a name", Regex::new("[а-яА-ЯёЁ]").unwrap()),
        ("an escaped text", Regex::new(r"\\u04[0-9a-f]{2}").unwrap()),
        ("an API key", Regex::new("sb_[0-9a-f]{8}").unwrap()),
        ("a webhook's path", Regex::new("webhooks/[a-z]+/").unwrap()),
        ("a URL token or a provider's key", Regex::new(r"\b[0-9a-f]{32}\b").unwrap()),
    ];
    let lines = live.logs().await;
    assert!(lines.len() > 100, "the logs were read: {}", lines.len());
    for (function, line) in &lines {
        for (what, pattern) in &forbidden {
            // The emulator's own lines and the metrics' time stamps are numbers of thirteen digits, no phones.
            let text = line.replace(char::is_whitespace, " ");
            let found = pattern.find(&text).filter(|found| !is_part_of_a_number(&text, found.range()));
            assert!(found.is_none(), "{function} logged {what}: {line}");
        }
        assert!(
            !secrets.iter().any(|secret| line.contains(*secret)) && !line.contains(&live.stack.operator_key),
            "{function} logged a secret"
        );
    }
}

fn is_part_of_a_number(text: &str, range: std::ops::Range<usize>) -> bool {
    let is_digit = |at: Option<u8>| at.is_some_and(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let bytes = text.as_bytes();
    is_digit(range.start.checked_sub(1).and_then(|at| bytes.get(at).copied()))
        || is_digit(bytes.get(range.end).copied())
}
