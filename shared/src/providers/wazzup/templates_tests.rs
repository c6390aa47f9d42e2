//! The list of templates against a local server.

use super::*;
use crate::providers::wazzup::api::tests::{http, key, server};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

async fn list(status: &str, body: &str) -> (Result<Vec<Template>, ProviderError>, String) {
    let (base, asked) = server(status, body);
    let result = WazzupApi::new(&http(&base), &base).templates(&key(), Page { limit: 500, offset: 200 }, NOW).await;
    (result, asked.join().unwrap())
}

#[tokio::test]
async fn templates_are_listed_with_what_sending_needs() {
    let body = json!([
        {
            "templateGuid": "t-1", "accountId": 17, "title": "Запись", "name": "visit", "language": "ru",
            "status": "APPROVED", "channels": ["c1", { "channelId": "c2" }, {}],
            "templateCode": "@template: t-1 { [[headerVar1]]; [[bodyVar1]] }",
            "components": [
                { "type": "HEADER", "format": "TEXT", "text": "{{1}}" },
                { "type": "body", "text": "Ждём вас {{1}}" },
            ],
        },
        {
            "templateGuid": "t-2", "name": "plain", "status": "rejected", "components": [
                { "type": "BODY", "text": "{{1}} и {{2}}" },
                { "type": "BUTTONS", "buttons": [{ "text": "Открыть", "url": "https://e.example/{{1}}" }] },
            ],
        },
        { "templateGuid": 3, "components": "odd" }, { "title": "nameless" }, "odd",
    ]);
    let (templates, request) = list("200 OK", &body.to_string()).await;
    let templates = templates.unwrap();
    assert!(
        request.starts_with("GET /wazzup/v3/templates/whatsapp?limit=100&offset=200 HTTP/1.1\r\n"),
        "{request}"
    );
    let [first, second, third] = templates.as_slice() else { panic!("{templates:?}") };
    assert_eq!((first.id.as_str(), first.title.as_deref(), first.places), ("t-1", Some("Запись"), 2));
    assert_eq!((first.body.as_deref(), first.is_approved()), (Some("Ждём вас {{1}}"), true));
    assert_eq!((first.channels.as_slice(), &first.raw), (&["c1".to_owned(), "c2".into()][..], &body[0]));
    assert_eq!((second.title.as_deref(), second.places, second.is_approved()), (Some("plain"), 3, false));
    assert_eq!((third.id.as_str(), third.places, third.body.as_deref()), ("3", 0, None));
}

#[tokio::test]
async fn answers_against_us_are_told_apart() {
    assert!(matches!(list("401 Unauthorized", "").await.0, Err(ProviderError::Unauthorized)));
    assert!(matches!(list("429 Too Many Requests", "").await.0, Err(ProviderError::Unavailable(_))));
    assert!(matches!(list("200 OK", "{}").await.0, Err(ProviderError::Unavailable(_))));
    let forbidden = list("403 Forbidden", r#"{"error":"FORBIDDEN"}"#).await.0;
    assert!(matches!(forbidden, Err(ProviderError::Refused(words)) if words == "FORBIDDEN"));
}
