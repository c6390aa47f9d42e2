//! Finishing with a status, and the effect of the client's next message on the chat.

use crate::stack::asking::until;
use crate::stack::outbound::office::Office;
use serde_json::{Value, json};

/// Each policy has an office of its own, because functions read settings that are up to half a minute old.
async fn comes_back(policy: &str) -> Value {
    let office = Office::new("round_robin", &["anna"]).await;
    let channel = format!("/v1/channels/{}", office.channel().id);
    office.asker.expect(200, "PATCH", &channel, Some(&json!({"reopening": policy}))).await;
    let chat = office.client_writes("first").await;
    let anna = office.as_employee("anna").await;
    let ended = anna
        .expect(200, "POST", &format!("/v1/chats/{chat}/finish"), Some(&json!({"status": "closed"})))
        .await;
    assert_eq!((&ended["state"], &ended["status"]), (&json!("general"), &json!("closed")), "{policy}");
    office.writes(office.client, "again").await;
    let again = until("the chat is open again", || async {
        let shown = office.asker.expect(200, "GET", &format!("/v1/chats/{chat}"), None).await;
        let chat = shown["chat"].clone();
        (chat["state"] != "general" && chat["client"] == "assigned").then_some(chat)
    })
    .await;
    assert_eq!(again["responsible"], "anna", "{policy}");
    let crm = office.crm_until(|crm| crm.finished.len() == 1 && crm.message_count() == 2).await;
    assert_eq!(json!(crm.finished[0].status), "closed", "{policy}");
    again
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f5_a_client_who_comes_back_reopens_the_chat_begins_a_new_case_or_goes_to_the_cases() {
    let (reopened, new, case) =
        tokio::join!(comes_back("reopen"), comes_back("new_case"), comes_back("case_only"));
    let of = |chat: &Value| (chat["state"].clone(), chat["case_no"].clone(), chat["status"].clone());
    assert_eq!(of(&reopened), (json!("live"), json!(1), json!("open")));
    assert_eq!(of(&new), (json!("live"), json!(2), json!(null)));
    assert_eq!(of(&case), (json!("case"), json!(1), json!("open")));
}
