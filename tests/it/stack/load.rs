//! Many chats at once: fair, in order, each message once.

use super::{Live, PATIENCE, assert_logs_hold_nothing_personal, moment};
use futures::StreamExt;
use std::collections::BTreeMap;
use tests::wazzup::{messages, text};

const CHATS: usize = 200;
const EACH: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_p8_two_hundred_chats_at_once_are_given_out_evenly_and_arrive_in_order_each_message_once() {
    let live = Live::get();
    let account = live.account(&[600], &["anna", "boris", "vera"]).await;
    let channel = &account.channels[0];
    let clients: Vec<String> = (0..CHATS).map(|n| format!("7901111{n:04}")).collect();
    let posts = futures::stream::iter(clients.iter().map(|phone| {
        let account = &account;
        async move {
            for n in 0..EACH {
                let body = messages(&[text(
                    &channel.external,
                    phone,
                    &format!("{phone}-{n}"),
                    &moment(),
                    &format!("Сообщение {n}"),
                )]);
                let outcome = account.post(&body).await.unwrap();
                assert_eq!(outcome.status, Some(200), "{outcome:?}");
            }
        }
    }));
    posts.buffer_unordered(16).collect::<Vec<()>>().await;
    let crm = live
        .sandbox
        .crm_until(&account.crm, PATIENCE * 2, |crm| {
            crm.message_count() == CHATS * EACH && crm.deals.len() == CHATS
        })
        .await
        .unwrap();

    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for contact in &crm.contacts {
        *counts.entry(contact.responsible_user_id.as_str()).or_default() += 1;
    }
    let (min, max) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    assert!(counts.len() == 3 && max - min <= 1, "{counts:?}");
    assert_eq!((crm.contacts.len(), crm.deals.len(), crm.chats.len()), (CHATS, CHATS, CHATS));
    for chat in &crm.chats {
        let ids: Vec<String> = chat.messages.iter().map(|message| message.message_id.clone()).collect();
        let expected: Vec<String> = (0..EACH).map(|n| format!("{}-{n}", chat.chat_id)).collect();
        assert_eq!(ids, expected, "in order");
        assert!(chat.messages.iter().all(|message| message.deliveries == 1), "each once");
    }
    assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
    assert_logs_hold_nothing_personal(&account).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p2_a_body_of_three_megabytes_with_many_entries_is_stored_whole() {
    let live = Live::get();
    let account = live.account(&[600], &["anna"]).await;
    let channel = &account.channels[0];
    let long = "Длинное сообщение клиента. ".repeat(65);
    let (at, entries) = (moment(), 1000);
    let batch: Vec<_> = (0..entries)
        .map(|n| {
            text(
                &channel.external,
                &format!("7901112{:04}", n % 50),
                &format!("big-{}-{n}", account.id),
                &at,
                &format!("{n}: {long}"),
            )
        })
        .collect();
    let body = messages(&batch);
    assert!(body.to_string().len() > 3_000_000, "{}", body.to_string().len());
    let outcome = account.post(&body).await.unwrap();
    assert_eq!(outcome.status, Some(200), "{outcome:?}");
    let crm = live
        .sandbox
        .crm_until(&account.crm, PATIENCE * 2, |crm| crm.message_count() == entries)
        .await
        .unwrap();
    for chat in &crm.chats {
        let numbers: Vec<usize> = chat
            .messages
            .iter()
            .map(|message| message.message_id.rsplit('-').next().unwrap().parse().unwrap())
            .collect();
        assert!(numbers.is_sorted(), "in order: {numbers:?}");
    }
    assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
}
