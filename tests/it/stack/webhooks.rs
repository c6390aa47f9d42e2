//! What the public URL accepts.

use super::{Live, PATIENCE, assert_logs_hold_nothing_personal, moment};
use serde_json::{Value, json};
use tests::wazzup::{echo, messages, status, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p2_the_same_webhook_five_times_at_once_and_once_reworded_is_one_message() {
    let live = Live::get();
    let account = live.account(&[600], &["anna"]).await;
    let channel = &account.channels[0];
    let id = format!("dup-{}", account.id);
    let first = messages(&[text(&channel.external, "79011113001", &id, &moment(), "Здравствуйте")]);
    let posts = (0..5).map(|_| account.post(&first));
    assert!(
        futures::future::join_all(posts)
            .await
            .into_iter()
            .all(|outcome| outcome.unwrap().status == Some(200))
    );
    // A retry with another time passes the queue's own deduplication, and is found by the message's key.
    let later =
        messages(&[text(&channel.external, "79011113001", &id, "2026-11-21T09:00:00.000Z", "Здравствуйте")]);
    account.post(&later).await.unwrap();
    account
        .post(&messages(&[text(
            &channel.external,
            "79011113001",
            &format!("{id}-last"),
            &moment(),
            "Последнее",
        )]))
        .await
        .unwrap();
    let crm = live.sandbox.crm_until(&account.crm, PATIENCE, |crm| crm.message_count() == 2).await.unwrap();
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.chats[0].messages.len()), (1, 1, 2));
    assert!(crm.chats[0].messages.iter().all(|message| message.deliveries == 1));
    assert!(crm.anomalies.is_empty(), "{:?}", crm.anomalies);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p2_a_batch_with_a_bad_entry_and_a_body_that_is_no_json_lose_nothing() {
    let live = Live::get();
    let account = live.account(&[600], &["anna"]).await;
    let channel = &account.channels[0].external;
    let id = |name: &str| format!("{name}-{}", account.id);
    let mut bad = text(channel, "79011113101", &id("bad"), &moment(), "x");
    bad["text"] = json!(["это не текст"]);
    let mut body = messages(&[
        text(channel, "79011113101", &id("good"), &moment(), "Хорошее"),
        bad,
        echo(channel, "79011113101", &id("echo"), &moment(), "Ответ"),
    ]);
    body["statuses"] = status(&id("echo"), "delivered", &moment())["statuses"].clone();
    body["someNewMember"] = json!({"a": 1});
    assert_eq!(account.post(&body).await.unwrap().status, Some(200));
    let raw = "не JSON: {\"messages\":[";
    let outcome = live.sandbox.send_raw(&account.wazzup_key, raw, true).await.unwrap();
    assert_eq!(outcome.status, Some(200), "{outcome:?}");
    let delivered = |crm: &tests::sandbox::state::CrmState| {
        let messages = crm.chats.iter().flat_map(|chat| &chat.messages);
        crm.message_count() == 3
            && messages.clone().any(|message| json!(message.status) == json!("delivered"))
    };
    let crm = live.sandbox.crm_until(&account.crm, PATIENCE, delivered).await.unwrap();
    let kinds: Vec<Value> = crm.chats[0].messages.iter().map(|message| json!(message.kind)).collect();
    assert_eq!(kinds, ["text", "unsupported", "text"]);
    let kept = live.quarantined(&account.id).await;
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().any(|object| object == raw.as_bytes()), "the quarantine has the whole body");
    assert!(crm.refused.is_empty(), "{:?}", crm.refused);
    assert_logs_hold_nothing_personal(&account).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_token_or_provider_is_404() {
    let live = Live::get();
    let account = live.account(&[600], &[]).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let token = account.webhook_url.rsplit('/').next().unwrap();
    for (provider, token) in
        [("wazzup", "0123456789abcdef0123456789abcdef"), ("telegram", token), ("wazzup", "%2e%2e")]
    {
        let url = format!("{}/webhooks/{provider}/{token}", live.stack.api_url);
        let answer = http.post(&url).body(messages(&[]).to_string()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{provider}");
    }
    let probe = http.post(&account.webhook_url).body(r#"{"test":true}"#).send().await.unwrap();
    assert_eq!(probe.status().as_u16(), 200);
    assert!(live.quarantined(&account.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_reports_its_state_shows_it() {
    let live = Live::get();
    let account = live.account(&[600], &[]).await;
    let channel = &account.channels[0];
    let report = json!({"channelsUpdates": [{"channelId": channel.external, "state": "unauthorized", "timestamp": 1_900_000_000_000_i64}]});
    assert_eq!(account.post(&report).await.unwrap().status, Some(200));
    let mut state = Value::Null;
    for _ in 0..300 {
        state = account.api.get(&format!("/v1/channels/{}", channel.id)).await.unwrap()["state"].clone();
        if state == "unauthorized" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the channel still says {state}");
}
