//! Rules saved through the API, and run by the deployed functions.

use crate::stack::asking::until;
use crate::stack::outbound::office::{Office, texts};
use crate::stack::{PATIENCE, moment};
use serde_json::json;
use tests::wazzup::{messages, missed_call, text};

const CALL_BACK: &str = "Перезвоним в течение часа.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f6_a_missed_call_is_answered_and_an_advertisement_is_finished_with_a_status() {
    let office = Office::new("round_robin", &["anna"]).await;
    let wrong = json!({"rules": [{"name": "Цена", "when": {"type": "message_in"},
        "if": [{"type": "text", "matches": "(цена"}], "then": [{"type": "auto_reply", "text": "Скоро ответим"}]}]});
    let refused = office.asker.expect(400, "PUT", "/v1/rules", Some(&wrong)).await;
    assert_eq!(refused["error"]["field"], "rules[0].if[0].matches", "{refused}");
    let rules = json!({"rules": [
        {"name": "Пропущенный звонок", "when": {"type": "call"}, "if": [],
         "then": [{"type": "auto_reply", "text": CALL_BACK}]},
        {"name": "Реклама", "when": {"type": "chat_opened"}, "if": [{"type": "text", "contains": "РЕКЛАМА"}],
         "then": [{"type": "finish", "status": "closed"}]},
    ]});
    office.asker.expect(200, "PUT", "/v1/rules", Some(&rules)).await;
    let external = &office.channel().external;
    // A call that is reported twice is answered once.
    let call =
        messages(&[missed_call(external, office.client, &format!("call-{}", office.account.id), &moment())]);
    for _ in 0..2 {
        assert_eq!(office.account.post(&call).await.unwrap().status, Some(200));
    }
    assert_eq!(texts(&office.received(1).await), [CALL_BACK]);
    let spam = "79011118811";
    let advert = text(external, spam, &format!("spam-{}", office.account.id), &moment(), "Недорогая реклама");
    office.account.post(&messages(&[advert])).await.unwrap();
    let finished = until("the rule finishes the chat", || async {
        let chats = office.account.chats(office.channel(), "general").await.unwrap();
        chats.into_iter().find(|chat| chat["provider_chat_id"] == spam && chat["client"] == "assigned")
    })
    .await;
    assert_eq!((&finished["finish_reason"], &finished["status"]), (&json!("rule"), &json!("closed")));
    let crm = office.crm_until(|crm| crm.finished.len() == 1 && crm.message_count() == 3).await;
    assert_eq!(json!(crm.finished[0].status), "closed");
    // A rule's message does not count as an answer: the caller is still unanswered.
    let unanswered = office.asker.expect(200, "GET", "/v1/employees/anna/unanswered", None).await;
    assert_eq!(unanswered["count"], 2, "{unanswered}");
    let received =
        office.live.sandbox.received_until(&office.account.wazzup_key, office.client, PATIENCE, |_| true);
    assert_eq!(received.await.unwrap().len(), 1, "an action's own message triggers nothing");
}
