//! The test message (A6): through the public webhook and every queue into the CRM.

use super::{Live, PATIENCE, assert_logs_hold_nothing_personal};
use serde_json::{Value, json};
use std::time::Duration;

fn states(answer: &Value) -> Vec<&str> {
    answer["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_a_test_message_goes_the_whole_way_and_tells_how_far_it_got() {
    let live = Live::get();
    let account = live.account(&[600], &["anna"]).await;
    let mut ids = Vec::new();
    // It can be repeated.
    for round in 1..=2 {
        let sent = account.api.post("/v1/test-messages", &json!({})).await.unwrap();
        assert_eq!(sent["steps"][0]["state"], "done", "our own webhook took it: {sent}");
        let path = format!("/v1/test-messages/{}", sent["id"].as_str().unwrap());
        live.sandbox.crm_until(&account.crm, PATIENCE, |crm| crm.message_count() == round).await.unwrap();
        let mut seen = account.api.get(&path).await.unwrap();
        // The CRM gets the message a moment before the table says so.
        for _ in 0..100 {
            if seen["done"] == true {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            seen = account.api.get(&path).await.unwrap();
        }
        assert_eq!(states(&seen), ["done"; 4], "{seen}");
        assert_eq!(seen["steps"][2]["detail"], "anna");
        ids.push(sent["chat"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    let crm = live.sandbox.crm_until(&account.crm, PATIENCE, |crm| crm.message_count() == 2).await.unwrap();
    assert!(crm.refused.is_empty(), "{:?}", crm.refused);
    assert_logs_hold_nothing_personal(&account).await;
}
