//! The webhooks of a CRM that set its address by `PATCH /v3/webhooks`. The sandbox's CRM accepts only bodies that match
//! Wazzup's format exactly (apart from our additions), and only with its key.

use crate::stack::asking::{Asker, until};
use crate::stack::{Live, PATIENCE, assert_logs_hold_nothing_personal, moment};
use serde_json::{Value, json};
use tests::account::Account;
use tests::sandbox::words::StatusWord;
use tests::wazzup::{messages, text};

const CLIENT: &str = "79011117201";

/// An account whose CRM gets webhooks as its vendor configured them.
async fn plugged_in(live: &Live) -> (Account, Asker) {
    let account = live.account(&[600], &["anna"]).await;
    let asker = Asker::new(live, &account.key);
    let uri = live.sandbox.crm_webhook_url(&account.crm);
    let on = json!({"messagesAndStatuses": true, "contactsAndDealsCreation": true, "channelsUpdates": true});
    let set = json!({"webhooksUri": uri, "subscriptions": on});
    asker.expect(200, "PATCH", "/v3/webhooks", Some(&set)).await;
    (account, asker)
}

async fn writes(account: &Account, name: &str) {
    let id = format!("{name}-{}", account.id);
    let body = messages(&[text(&account.channels[0].external, CLIENT, &id, &moment(), "Здравствуйте")]);
    assert_eq!(account.post(&body).await.unwrap().status, Some(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_crm_gets_contact_deal_messages_and_statuses_as_wazzup_posts_them() {
    let live = Live::get();
    let (account, asker) = plugged_in(live).await;
    writes(&account, "first").await;
    live.sandbox.crm_until(&account.crm, PATIENCE, |crm| crm.deals.len() == 1).await.unwrap();
    let body = json!({
        "channelId": account.channels[0].external, "chatType": "whatsapp", "chatId": CLIENT, "text": "Добрый день!",
        "crmUserId": "anna", "crmMessageId": "m-1"
    });
    let sent = asker.expect(201, "POST", "/v3/message", Some(&body)).await;
    let id = sent["messageId"].as_str().unwrap();
    let received = live
        .sandbox
        .received_until(&account.wazzup_key, CLIENT, PATIENCE, |all| !all.is_empty())
        .await
        .unwrap();
    // Otherwise the message itself would carry the later status.
    live.sandbox.crm_until(&account.crm, PATIENCE, |crm| crm.message_count() == 2).await.unwrap();
    for status in [StatusWord::Delivered, StatusWord::Read] {
        live.sandbox.report(&account.wazzup_key, &received[0].message_id, status, None).await.unwrap();
    }
    let read = |crm: &tests::sandbox::state::CrmState| {
        let mut messages = crm.chats.iter().flat_map(|chat| &chat.messages);
        messages.any(|message| message.message_id == id && json!(message.status) == "read")
    };
    let crm = live.sandbox.crm_until(&account.crm, PATIENCE, read).await.unwrap();
    assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
    let own = crm.chats[0].messages.iter().find(|message| message.message_id == id).unwrap();
    assert!(
        own.is_echo && own.body["authorId"] == "anna" && own.text.as_deref() == Some("Добрый день!"),
        "{own:?}"
    );
    let kinds: Vec<String> =
        live.sandbox.deliveries(&account.crm, 0).await.unwrap().into_iter().map(|one| one.kind).collect();
    for kind in ["createContact", "createDeal", "messages", "statuses"] {
        assert!(kinds.iter().any(|known| known.contains(kind)), "{kind}: {kinds:?}");
    }
    assert_logs_hold_nothing_personal(&account).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_crm_gets_a_channels_new_state() {
    let live = Live::get();
    let (account, asker) = plugged_in(live).await;
    let external = &account.channels[0].external;
    let report = json!({"channelsUpdates": [{"channelId": external, "state": "qr", "timestamp": 1_900_000_000_000_i64}]});
    assert_eq!(account.post(&report).await.unwrap().status, Some(200));
    let crm =
        live.sandbox.crm_until(&account.crm, PATIENCE, |crm| !crm.channels_updates.is_empty()).await.unwrap();
    assert_eq!(crm.channels_updates[0]["channelId"], external.as_str());
    assert_eq!(crm.channels_updates[0]["state"], "qr");
    assert!(crm.refused.is_empty(), "{:?}", crm.refused);
    let listed = asker.expect(200, "GET", "/v3/channels", None).await;
    assert_eq!(listed[0]["state"], "qridle", "the list spells it differently");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crm_has_not_subscribed_to_it_does_not_get() {
    let live = Live::get();
    let (account, asker) = plugged_in(live).await;
    let off = json!({"subscriptions": {"contactsAndDealsCreation": false, "channelsUpdates": false}});
    asker.expect(200, "PATCH", "/v3/webhooks", Some(&off)).await;
    let report = json!({"channelsUpdates": [
        {"channelId": account.channels[0].external, "state": "qr", "timestamp": 1_900_000_000_000_i64}
    ]});
    assert_eq!(account.post(&report).await.unwrap().status, Some(200));
    until("the channel's new state", || async {
        let listed = asker.expect(200, "GET", "/v3/channels", None).await;
        (listed[0]["state"] == "qridle").then_some(())
    })
    .await;
    writes(&account, "first").await;
    let crm = live.sandbox.crm_until(&account.crm, PATIENCE, |crm| crm.message_count() == 1).await.unwrap();
    assert!(crm.contacts.is_empty() && crm.deals.is_empty(), "{:?}", crm.contacts);
    assert_eq!(crm.channels_updates, Vec::<Value>::new());
    assert!(crm.refused.is_empty(), "{:?}", crm.refused);
}
