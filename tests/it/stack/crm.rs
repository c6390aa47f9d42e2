//! A CRM that fails, and another account that is not affected.

use super::{Live, PATIENCE, assert_logs_hold_nothing_personal, moment};
use tests::sandbox::faults::{Action, Fault};
use tests::wazzup::{messages, text};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_failing_crm_holds_up_nobody_else_and_catches_up_by_itself() {
    let live = Live::get();
    let ill = live.account(&[600], &["anna"]).await;
    let well = live.account(&[600], &["boris"]).await;
    for (kind, action, times) in [
        ("createContact", Action::status(500), 1),
        ("createContact", Action::act_then_drop(), 1),
        ("createDeal", Action::retry_after(429, 3), 1),
        // After 30 s without an answer, we close the connection.
        ("messages", Action::hang(), 1),
    ] {
        live.sandbox.add_fault(&Fault::crm(&ill.crm, kind, action).times(times)).await.unwrap();
    }
    for n in 0..3 {
        for account in [&ill, &well] {
            let id = format!("{}-{n}", account.id);
            let body = messages(&[text(
                &account.channels[0].external,
                "79011115001",
                &id,
                &moment(),
                "Здравствуйте",
            )]);
            assert_eq!(account.post(&body).await.unwrap().status, Some(200));
        }
    }
    let done = |crm: &tests::sandbox::state::CrmState| crm.message_count() == 3;
    live.sandbox.crm_until(&well.crm, PATIENCE, done).await.unwrap();
    let crm = live.sandbox.crm_until(&ill.crm, PATIENCE, done).await.unwrap();
    assert_eq!((crm.contacts.len(), crm.deals.len()), (1, 1), "the lost answer made no second contact");
    let ids: Vec<&str> = crm.chats[0].messages.iter().map(|message| message.message_id.as_str()).collect();
    assert_eq!(ids, (0..3).map(|n| format!("{}-{n}", ill.id)).collect::<Vec<_>>());
    assert!(crm.refused.is_empty(), "{:?}", crm.refused);
    let chat = &ill.chats(&ill.channels[0], "live").await.unwrap()[0];
    let whole = ill.api.get(&format!("/v1/chats/{}", chat["id"].as_str().unwrap())).await.unwrap();
    assert!(whole["contact"]["crm"]["uncertain"].as_u64().unwrap() >= 1, "the case is shown: {whole}");
    assert_logs_hold_nothing_personal(&ill).await;
}
