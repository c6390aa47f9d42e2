//! The calls against a local server.

use super::*;
use crate::model::messenger::{ChannelState, Messenger};
use crate::platform::http::AllowList;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const HOOK: &str = "https://bridge.example/webhooks/wazzup/t0ken";

/// A server that answers one request and returns the request.
pub(in super::super) fn server(status: &str, body: &str) -> (Url, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Url::parse(&format!("http://{}/wazzup", listener.local_addr().unwrap())).unwrap();
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while !whole(&request) {
            let read = stream.read(&mut chunk).unwrap();
            assert_ne!(read, 0, "the request broke off");
            request.extend_from_slice(&chunk[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (base, asked)
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

pub(in super::super) fn http(base: &Url) -> OutboundHttp {
    OutboundHttp::new(AllowList::parse(&format!("127.0.0.1:{}", base.port().unwrap()))).unwrap()
}

pub(in super::super) fn key() -> SecretString {
    SecretString::from("key-1")
}

async fn list(status: &str, body: &str) -> (Result<Vec<ListedChannel>, ProviderError>, String) {
    let (base, asked) = server(status, body);
    let result = WazzupApi::new(&http(&base), &base).list_channels(&key(), NOW).await;
    (result, asked.join().unwrap())
}

async fn register(status: &str, body: &str) -> (Result<(), ProviderError>, String) {
    let (base, asked) = server(status, body);
    let result = WazzupApi::new(&http(&base), &base).register_webhook(&key(), HOOK, NOW).await;
    (result, asked.join().unwrap())
}

pub(in super::super) fn body_of(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn channels_are_listed() {
    let body = json!([
        { "channelId": "c1", "transport": "whatsapp", "plainId": "79990001122", "state": "active", "new": {} },
        { "channelId": "c2", "transport": "tgapi", "plainId": 79990001122_i64, "name": "Салон", "state": "qridle" },
        { "channelId": "c3", "transport": null, "name": {}, "state": "somethingNew" },
        { "transport": "vk" }, "odd",
    ]);
    let (channels, request) = list("200 OK", &body.to_string()).await;
    let channels = channels.unwrap();
    assert!(request.starts_with("GET /wazzup/v3/channels HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("authorization: bearer key-1\r\n"));
    assert_eq!(channels.len(), 3);
    assert_eq!(
        channels[0],
        ListedChannel {
            external: "c1".into(),
            name: "79990001122".into(),
            plain_id: Some("79990001122".into()),
            messenger: Some(Messenger::Whatsapp),
            transport: "whatsapp".into(),
            state: ChannelState::Active,
            raw_state: "active".into(),
        }
    );
    assert_eq!((channels[1].name.as_str(), channels[1].state), ("Салон", ChannelState::NeedsAttention));
    assert_eq!((channels[2].name.as_str(), channels[2].raw_state.as_str()), ("c3", "somethingNew"));
}

#[tokio::test]
async fn a_webhook_is_registered_and_ended() {
    let (result, request) = register("200 OK", "{}").await;
    result.unwrap();
    assert!(request.starts_with("PATCH /wazzup/v3/webhooks HTTP/1.1\r\n"), "{request}");
    let subscriptions = |on: bool| {
        json!({
            "messagesAndStatuses": on, "channelsUpdates": on, "templateStatus": false, "contactsAndDealsCreation": false,
        })
    };
    assert_eq!(body_of(&request), json!({ "webhooksUri": HOOK, "subscriptions": subscriptions(true) }));

    let (base, asked) = server("200 OK", "");
    WazzupApi::new(&http(&base), &base).unregister_webhook(&key(), HOOK, NOW).await.unwrap();
    assert_eq!(
        body_of(&asked.join().unwrap()),
        json!({ "webhooksUri": HOOK, "subscriptions": subscriptions(false) })
    );
}

#[tokio::test]
async fn answers_against_us_are_told_apart() {
    assert!(matches!(list("401 Unauthorized", "").await.0, Err(ProviderError::Unauthorized)));
    for status in ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"] {
        assert!(matches!(list(status, "{}").await.0, Err(ProviderError::Unavailable(_))), "{status}");
    }
    assert!(matches!(list("200 OK", "<html>").await.0, Err(ProviderError::Unavailable(_))));
    let words = |result: Result<(), ProviderError>| match result {
        Err(ProviderError::Refused(words)) => words,
        other => panic!("{other:?}"),
    };
    for (status, body, expected) in [
        ("400 Bad Request", r#"{"error":"uriNotValid"}"#, "uriNotValid"),
        ("403 Forbidden", r#"{"error":{"code":"FORBIDDEN"},"description":"no"}"#, "FORBIDDEN: no"),
        ("403 Forbidden", "", "HTTP 403"),
        ("404 Not Found", r#"{"description":"no such route"}"#, "no such route"),
        ("302 Found", "", "HTTP 302"),
    ] {
        assert_eq!(words(register(status, body).await.0), expected);
    }
    let long = json!({ "error": "testPostNotPassed", "description": format!("{}{HOOK}", "я".repeat(270)) });
    let words = words(register("400 Bad Request", &long.to_string()).await.0);
    assert!(words.starts_with("testPostNotPassed: яяя") && words.ends_with("я…"), "{words}");
    assert!(words.chars().count() <= 300);
}

#[tokio::test]
async fn no_answer_is_unavailable() {
    let base = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap()
    };
    let result = WazzupApi::new(&http(&base), &base).list_channels(&key(), NOW).await;
    assert!(matches!(result, Err(ProviderError::Unavailable(_))));
}

#[tokio::test]
async fn an_address_that_wazzup_would_not_take_is_not_sent() {
    let base = Url::parse("https://api.wazzup24.com").unwrap();
    let hook = format!("https://bridge.example/{}", "x".repeat(200));
    let result = WazzupApi::new(&http_of_nobody(), &base).register_webhook(&key(), &hook, NOW).await;
    assert!(matches!(result, Err(ProviderError::Refused(_))));
}

fn http_of_nobody() -> OutboundHttp {
    OutboundHttp::new(AllowList::default()).unwrap()
}

#[test]
fn the_route_is_joined_to_any_base() {
    let joined = |base: &str| address(&Url::parse(base).unwrap(), &["channels"]).map(String::from);
    for (base, expected) in [
        ("https://api.wazzup24.com", "https://api.wazzup24.com/v3/channels"),
        ("https://api.wazzup24.com/", "https://api.wazzup24.com/v3/channels"),
        ("http://127.0.0.1:9/wazzup", "http://127.0.0.1:9/wazzup/v3/channels"),
        ("http://127.0.0.1:9/wazzup/", "http://127.0.0.1:9/wazzup/v3/channels"),
    ] {
        assert_eq!(joined(base).unwrap(), expected);
    }
    assert!(joined("mailto:someone@example.com").is_err());
    let base = Url::parse("https://api.wazzup24.com").unwrap();
    let odd = address(&base, &["message", "a/b?c#d"]).unwrap();
    assert_eq!(odd.as_str(), "https://api.wazzup24.com/v3/message/a%2Fb%3Fc%23d");
}
