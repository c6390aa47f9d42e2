//! Connecting, files, and Telegram's description, against a local server.

use super::client::Telegram;
use super::testing::{Fake, TOKEN};
use super::tests::{BOT, channel};
use crate::base::clock::Timestamp;
use crate::model::limits::{By, Draft, DraftFile, check, check_first};
use crate::model::message::media::Media;
use crate::model::messenger::{ChannelState, Messenger};
use crate::providers::client::{Client, FileSource, ListedChannel, ProviderError, Webhook};
use crate::providers::provider::{Provider, RateScope};
use secrecy::SecretString;
use serde_json::json;

const HOOK: &str = "https://bridge.example/webhooks/telegram/t0ken";

fn secret() -> SecretString {
    SecretString::from("5e884898da28047151d0e56f8dc62927")
}

async fn subscribe(status: &str, body: &str) -> Result<(), ProviderError> {
    let (fake, secret) = (Fake::one(status, body), secret());
    let result = Telegram.subscribe(&fake.call(), &Webhook { url: HOOK, secret: Some(&secret) }).await;
    fake.asked();
    result
}

#[tokio::test]
async fn the_bot_is_the_channel() {
    let body = json!({ "ok": true, "result": {
        "id": 7_770_001, "is_bot": true, "first_name": "Салон", "username": "salon_example_bot", "can_connect_to_business": true,
    }});
    let fake = Fake::one("200 OK", &body.to_string());
    let listed = Telegram.channels(&fake.call()).await.unwrap();
    let expected = ListedChannel {
        external: BOT.into(),
        name: "Салон".into(),
        plain_id: Some("@salon_example_bot".into()),
        messenger: Some(Messenger::Telegram),
        transport: "bot".into(),
        state: ChannelState::Active,
        raw_state: "active".into(),
    };
    assert_eq!(listed, [expected]);
    assert_eq!(fake.asked()[0].path, format!("/telegram/bot{TOKEN}/getMe"));
}

#[tokio::test]
async fn a_webhook_is_registered_with_the_bot_in_its_secret_and_ended() {
    let (fake, secret) = (Fake::one("200 OK", r#"{"ok":true,"result":true}"#), secret());
    assert!(Telegram.wants_secret());
    Telegram.subscribe(&fake.call(), &Webhook { url: HOOK, secret: Some(&secret) }).await.unwrap();
    let asked = fake.asked().remove(0);
    assert_eq!(asked.path, format!("/telegram/bot{TOKEN}/setWebhook"));
    let expected = json!({
        "url": HOOK,
        "secret_token": "7770001-5e884898da28047151d0e56f8dc62927",
        "allowed_updates": ["message", "edited_message", "business_connection", "business_message", "edited_business_message",
            "deleted_business_messages", "callback_query", "message_reaction", "my_chat_member"],
        "max_connections": 100,
        "drop_pending_updates": false,
    });
    assert_eq!(asked.body, expected);

    let fake = Fake::one("200 OK", r#"{"ok":true,"result":true}"#);
    Telegram.unsubscribe(&fake.call(), &Webhook { url: HOOK, secret: None }).await.unwrap();
    let asked = fake.asked().remove(0);
    assert_eq!(asked.path, format!("/telegram/bot{TOKEN}/deleteWebhook"));
    assert_eq!(asked.body, json!({ "drop_pending_updates": false }));
}

#[tokio::test]
async fn without_a_secret_no_webhook_is_registered() {
    let fake = Fake::away();
    let result = Telegram.subscribe(&fake.call(), &Webhook { url: HOOK, secret: None }).await;
    assert!(matches!(result, Err(ProviderError::Refused(_))));
}

#[tokio::test]
async fn answers_against_us_are_told_apart() {
    let not_found = r#"{"ok":false,"error_code":404,"description":"Not Found"}"#;
    for (status, body) in [
        ("401 Unauthorized", r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#),
        ("401 Unauthorized", ""),
        ("404 Not Found", not_found),
    ] {
        assert!(matches!(subscribe(status, body).await, Err(ProviderError::Unauthorized)), "{status}");
    }
    for (status, body) in [
        ("429 Too Many Requests", r#"{"ok":false,"error_code":429,"parameters":{"retry_after":5}}"#),
        ("500 Internal Server Error", "{}"),
        ("502 Bad Gateway", "<html>"),
        ("404 Not Found", "<html>"),
        ("403 Forbidden", "<html>"),
        ("302 Found", ""),
        ("200 OK", "<html>"),
        ("200 OK", r#"{"ok":false}"#),
    ] {
        assert!(
            matches!(subscribe(status, body).await, Err(ProviderError::Unavailable(_))),
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn p9_a_refusal_shows_neither_token_nor_address() {
    let words = format!("Bad Request: bad webhook: {HOOK} {TOKEN} is not https{}", "я".repeat(500));
    let body = json!({ "ok": false, "error_code": 400, "description": words }).to_string();
    let Err(ProviderError::Refused(told)) = subscribe("400 Bad Request", &body).await else { panic!() };
    assert!(told.starts_with("Bad Request: bad webhook: … … is not https"), "{told}");
    assert_eq!(told.chars().count(), 300);
    let fake = Fake::away();
    let error = Telegram.channels(&fake.call()).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable(_)));
    for shown in [format!("{error:?} {error}"), format!("{:?}", super::api::Api::of(&fake.call()))] {
        assert!(!shown.contains("TEST_opens") && !shown.contains("127.0.0.1"), "{shown}");
    }
}

fn media(url: &str, bytes: Option<u64>) -> Media {
    Media { bytes, expires: true, ..Media::linked(url) }
}

async fn file(status: &str, body: &str) -> Result<FileSource, ProviderError> {
    let fake = Fake::one(status, body);
    let source = Telegram.file(&fake.call(), &media("telegram:AgAC-1_x", None)).await;
    let asked = fake.asked().remove(0);
    assert_eq!(asked.path, format!("/telegram/bot{TOKEN}/getFile"));
    assert_eq!(asked.body, json!({ "file_id": "AgAC-1_x" }));
    source
}

#[tokio::test]
async fn a_file_is_found_by_its_id() {
    assert!(Telegram.file_needs_credential());
    let found =
        r#"{"ok":true,"result":{"file_id":"AgAC-1_x","file_size":100,"file_path":"photos/file_1.jpg"}}"#;
    let source = file("200 OK", found).await.unwrap();
    let path = source.url.path();
    assert_eq!(path, format!("/telegram/file/bot{TOKEN}/photos/file_1.jpg"));
    assert!(source.bearer.is_none());
    assert!(!format!("{source:?}").contains("TEST_opens"));
}

#[tokio::test]
async fn a_file_that_a_bot_cannot_have_is_refused() {
    let too_big = r#"{"ok":false,"error_code":400,"description":"Bad Request: file is too big"}"#;
    assert!(matches!(file("400 Bad Request", too_big).await, Err(ProviderError::Refused(_))));
    let large = r#"{"ok":true,"result":{"file_size":30000000,"file_path":"videos/1.mp4"}}"#;
    assert!(matches!(file("200 OK", large).await, Err(ProviderError::Refused(_))));
    let known = media("telegram:AgAC", Some(20 * 1024 * 1024 + 1));
    let fake = Fake::away();
    assert!(
        matches!(Telegram.file(&fake.call(), &known).await, Err(ProviderError::Refused(_))),
        "without a call"
    );

    let away = r#"{"ok":false,"error_code":400,"description":"Bad Request: wrong file_id or the file is temporarily unavailable"}"#;
    assert!(matches!(file("400 Bad Request", away).await, Err(ProviderError::Unavailable(_))));
    for path in ["", "/etc/passwd", "../x", "a/../b", "a//b"] {
        let body = json!({ "ok": true, "result": { "file_path": path } }).to_string();
        assert!(matches!(file("200 OK", &body).await, Err(ProviderError::Unavailable(_))), "{path}");
    }
}

#[tokio::test]
async fn a_link_is_a_files_own_source() {
    let fake = Fake::away();
    let link = "https://files.example/a.jpg";
    let source = Telegram.file(&fake.call(), &media(link, None)).await.unwrap();
    assert_eq!(source.url.as_str(), link);
    assert!(
        Telegram
            .file(&fake.call(), &media("telegram:a b", None))
            .await
            .is_ok_and(|s| s.url.scheme() == "telegram")
    );
}

#[test]
fn the_token_has_its_shape() {
    let [token] = Telegram.credential_fields() else { panic!() };
    assert!(token.form == crate::model::field::Form::Secret && token.fits(token.example) && token.fits(TOKEN));
    for odd in
        ["", "123456789", "123456789:short", "bot123456789:EXAMPLE_opens_nothing_0123456789abc", "1:a/b"]
    {
        assert!(!token.fits(odd), "{odd}");
    }
}

#[test]
fn sends_are_not_repeated_and_rates_are_telegrams() {
    let guarantees = Telegram.guarantees();
    assert_eq!(guarantees.repeat_window, None);
    let told: Vec<_> =
        guarantees.rates.iter().map(|rate| (rate.scope, rate.calls, rate.per.as_secs())).collect();
    let expected = [(RateScope::Connection, 30, 1), (RateScope::Chat, 1, 1), (RateScope::Group, 20, 60)];
    assert_eq!(told, expected);
}

#[test]
fn e5_a_channel_takes_what_telegram_does() {
    let limits = |external: &str| Telegram.limits(&channel(external), &Messenger::Telegram);
    assert_eq!((limits(BOT).transport, limits("business:BC1").transport), ("bot", "business"));
    let now = super::testing::NOW;
    let code =
        |external: &str, draft: &Draft<'_>| check(limits(external), draft, now).err().map(|error| error.code);
    let long = "я".repeat(4097);
    let text = Draft { text: Some(&long), client_wrote_at: Some(now), ..Draft::default() };
    assert_eq!(code(BOT, &text), Some("MESSAGES_TOO_LONG_TELEGRAM"));
    let file = |content_type, bytes| Draft {
        file: Some(DraftFile { content_type, bytes: Some(bytes) }),
        client_wrote_at: Some(now),
        ..Draft::default()
    };
    const MIB: u64 = 1 << 20;
    for (content_type, most) in [
        ("image/jpeg", 5 * MIB),
        ("image/gif", 20 * MIB),
        ("video/mp4", 20 * MIB),
        ("application/pdf", 20 * MIB),
        ("audio/ogg", 20 * MIB),
    ] {
        assert_eq!(code(BOT, &file(content_type, most)), None, "{content_type}");
        let over = code(BOT, &file(content_type, most + 1));
        assert_eq!(over, Some("MESSAGES_CONTENT_SIZE_EXCEEDED_TELEGRAM"), "{content_type}");
    }
    assert_eq!(code(BOT, &file("application/msword", 1)), Some("MESSAGE_WRONG_CONTENT_TYPE"));
    let yesterday = Timestamp::from_millis(now.millis() - 24 * 3_600_000 - 1);
    let silent =
        Draft { text: Some("Добрый день"), client_wrote_at: Some(yesterday), ..Draft::default() };
    assert_eq!(code(BOT, &silent), None);
    assert_eq!(code("business:BC1", &silent), Some("24_HOURS_EXCEEDED"));
    assert!(check_first(limits(BOT), By::Username).is_err());
}
