//! Chats are finished automatically: not early, not late, once.

use super::{Live, PATIENCE, moment};
use shared::base::clock::{Ambient, Machine, Timestamp};
use std::time::Duration;
use tests::wazzup::{messages, text};

/// The channel's window; the only real waiting in the tests.
const WINDOW_S: u32 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p6_a_chat_finishes_once_within_a_minute_of_its_window_and_never_while_somebody_writes() {
    let live = Live::get();
    let account = live.account(&[WINDOW_S], &["anna"]).await;
    let channel = &account.channels[0];
    let phone = "79011114001";
    // The client writes more often than the window, during more than one sweep of the schedule.
    for n in 0..18 {
        account
            .post(&messages(&[text(
                &channel.external,
                phone,
                &format!("{}-{n}", account.id),
                &moment(),
                "Ещё тут",
            )]))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(
            live.sandbox.crm(&account.crm).await.unwrap().finished.is_empty(),
            "finished while the client writes"
        );
    }
    let last = Machine.now();
    let crm = live.sandbox.crm_until(&account.crm, PATIENCE, |crm| !crm.finished.is_empty()).await.unwrap();
    let finished = Timestamp::parse_rfc3339(&crm.finished[0].finished_at).unwrap();
    // The last message was accepted a few seconds before `last`; the schedule runs every minute.
    assert!(
        finished.since(last) <= Duration::from_secs(u64::from(WINDOW_S) + 60),
        "{:?}",
        finished.since(last)
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    let crm = live.sandbox.crm(&account.crm).await.unwrap();
    assert_eq!(crm.finished.len(), 1, "once");
    let general = account.chats(channel, "general").await.unwrap();
    assert_eq!((general.len(), account.chats(channel, "live").await.unwrap().len()), (1, 0));
    // The client comes back: the chat opens again.
    account
        .post(&messages(&[text(
            &channel.external,
            phone,
            &format!("{}-again", account.id),
            &moment(),
            "Я вернулся",
        )]))
        .await
        .unwrap();
    live.sandbox.crm_until(&account.crm, PATIENCE, |crm| crm.message_count() == 19).await.unwrap();
    let live_chats = account.chats(channel, "live").await.unwrap();
    assert_eq!(live_chats.len(), 1);
    assert_eq!(live_chats[0]["case_no"], 1, "the same case goes on");
    assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
}
