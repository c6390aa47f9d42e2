//! Answers end to end: written by employees and by the CRM, checked, delivered to the client's phone in the sandbox,
//! and reported to the CRM. Tests in the process show that a killed delivery sends nothing twice (`tests/it/delivery`).

pub mod office;
mod refusals;

use super::asking::until;
use super::{PATIENCE, assert_logs_hold_nothing_personal};
use office::{Office, texts};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::sandbox::wazzup::state::{Behaviour, Refusal};
use tests::sandbox::words::StatusWord;

const SIGNATURE: &str = "С уважением,\nАнна";

/// All employees answer at once, half in the window and half in the CRM. Returns the answers, each with its author.
async fn all_answer(office: &Office, chat: &str, staff: &[String]) -> Vec<(String, u16, Value)> {
    let answers = staff.iter().enumerate().map(|(at, who)| async move {
        let (status, body) = if at % 2 == 0 {
            let path = format!("/v1/chats/{chat}/messages");
            let answer = office
                .as_employee(who)
                .await
                .ask("POST", &path, Some(&json!({"text": "Добрый день!"})))
                .await;
            (answer.status, answer.body)
        } else {
            let body = office.message(json!({"text": "Добрый день!", "crmUserId": who}));
            let answer = office.asker.ask("POST", "/v3/message", Some(&body)).await;
            (answer.status, answer.body)
        };
        (who.clone(), status, body)
    });
    futures::future::join_all(answers).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_sixty_four_answer_at_once_and_one_becomes_responsible() {
    let staff: Vec<String> = (0..64).map(|n| format!("manager-{n}")).collect();
    let office = Office::new("first_responder", &staff.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for who in &staff {
        office
            .asker
            .expect(200, "PATCH", &format!("/v1/employees/{who}"), Some(&json!({"signature": SIGNATURE})))
            .await;
    }
    let chat = office.client_writes("first").await;
    let answers = all_answer(&office, &chat, &staff).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|(_, status, _)| (200..300).contains(status));
    assert_eq!(won.len(), 1, "one winner: {won:?}");
    for (who, status, body) in &lost {
        // An employee who is too late may not answer; later still, they do not see the chat at all.
        let clean = match status {
            403 => body["error"]["code"] == "not_responsible",
            404 => body["error"]["code"] == "not_found",
            _ => *status == 400 && body["error"] == "CHAT_NO_ACCESS",
        };
        assert!(clean, "{who}: {status} {body}");
    }
    let winner = won[0].0.as_str();
    let received = office.received(1).await;
    assert_eq!(texts(&received), [format!("Добрый день!\n\n{SIGNATURE}")], "signed, once");
    let crm = office.crm_until(|crm| crm.message_count() == 2 && crm.deals.len() == 1).await;
    assert_eq!((crm.contacts.len(), crm.contacts[0].responsible_user_id.as_str()), (1, winner));
    assert_eq!(crm.deals[0].responsible_user_id, winner);
    let own = crm.chats[0].messages.iter().find(|message| message.is_echo).unwrap();
    assert_eq!(
        (own.text.as_deref(), own.author_name.as_deref()),
        (Some("Добрый день!"), Some(winner)),
        "no signature here"
    );
    // The chat left the others' lists.
    for (who, ..) in &lost {
        let asker = office.as_employee(who).await;
        asker.expect(404, "GET", &format!("/v1/chats/{chat}"), None).await;
        for list in [format!("list=unclaimed&channel={}", office.channel().id), "list=mine".to_owned()] {
            let listed = asker.expect(200, "GET", &format!("/v1/chats?{list}"), None).await;
            assert_eq!(listed["chats"], json!([]), "{who} {list}");
        }
    }
    let mine = office.as_employee(winner).await.expect(200, "GET", "/v1/chats?list=mine", None).await;
    assert_eq!(mine["chats"][0]["id"], chat.as_str());
    own_echo_and_statuses(&office).await;
    assert_logs_hold_nothing_personal(&office.account).await;
}

/// The echo of the one answer was recognised; the CRM gets the statuses.
async fn own_echo_and_statuses(office: &Office) {
    let own = office.received(1).await.remove(0);
    office.echoed(1).await;
    for status in [StatusWord::Delivered, StatusWord::Read] {
        office.live.sandbox.report(&office.account.wazzup_key, &own.message_id, status, None).await.unwrap();
    }
    // This message comes after the echo in the chat's order: when it is there, the echo was handled.
    office.client_writes("second").await;
    let read = |crm: &tests::sandbox::state::CrmState| {
        let mut messages = crm.chats.iter().flat_map(|chat| &chat.messages);
        crm.message_count() >= 3 && messages.any(|message| message.is_echo && json!(message.status) == "read")
    };
    let crm = office.crm_until(read).await;
    assert_eq!(crm.message_count(), 3, "the echo does not count as a message");
    assert!(
        crm.chats[0].messages.iter().all(|message| message.deliveries == 1),
        "{:?}",
        crm.chats[0].messages
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_one_key_ten_times_at_once_is_one_message() {
    let office = Office::new("round_robin", &["anna"]).await;
    let chat = office.client_writes("first").await;
    let path = format!("/v1/chats/{chat}/messages");
    let body =
        json!({"text": "Ваш автомобиль готов", "employee": office.responsible(&chat).await}).to_string();
    let send = || {
        office.asker.raw(
            "POST",
            &path,
            Some(("application/json", body.clone())),
            &[("idempotency-key", "ready-1")],
        )
    };
    let answers = futures::future::join_all((0..10).map(|_| send())).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| [200, 202].contains(status)), "{statuses:?} {:?}", answers[0].text);
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1, "{statuses:?}");
    let ids: BTreeSet<&str> =
        answers.iter().filter_map(|answer| answer.body["message"]["id"].as_str()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    office.received(1).await;
    office.echoed(1).await;
    office.client_writes("second").await;
    let crm = office.crm_until(|crm| crm.message_count() >= 3).await;
    assert_eq!(
        (crm.message_count(), office.received(1).await.len()),
        (3, 1),
        "the client and the CRM have one each"
    );
    let other = office.asker.raw(
        "POST",
        &path,
        Some(("application/json", json!({"text": "Другое"}).to_string())),
        &[("idempotency-key", "ready-1")],
    );
    let other = other.await;
    assert_eq!((other.status, &other.body["error"]["code"]), (409, &json!("key_reused")), "{}", other.text);
    // All requests have the CRM's same id of a message: one is accepted, the others get an error.
    let body = office.message(json!({"text": "Ждём вас", "crmMessageId": "crm-1"}));
    let answers =
        futures::future::join_all((0..10).map(|_| office.asker.ask("POST", "/v3/message", Some(&body))))
            .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    let repeated = answers.iter().filter(|answer| answer.body["error"] == "REPEATED_CRM_MESSAGE_ID");
    assert_eq!(repeated.count(), 9, "{answers:?}");
    let received = office.received(2).await;
    assert_eq!(texts(&received), ["Ваш автомобиль готов", "Ждём вас"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e2_what_fails_shows_in_the_chat_and_in_the_crm() {
    for shown in [Refusal::Send, Refusal::Status] {
        let office = Office::new("round_robin", &["anna"]).await;
        let chat = office.client_writes("first").await;
        let behaviour = Behaviour::default().without(office.client, shown);
        office.live.sandbox.behave(&office.account.wazzup_key, &behaviour).await.unwrap();
        let sent = json!({"text": "Добрый день!"});
        let sent = office.asker.expect(202, "POST", &format!("/v1/chats/{chat}/messages"), Some(&sent)).await;
        let id = sent["message"]["id"].as_str().unwrap();
        let messages = until("the failure", || async {
            let messages = office.account.messages(&chat).await.unwrap();
            let notice = messages.iter().any(|message| {
                message["text"].as_str().is_some_and(|text| text.starts_with("[SWITCHBOARD ERROR] "))
            });
            notice.then_some(messages)
        })
        .await;
        let own = messages.iter().find(|message| message["id"] == id).unwrap();
        assert_eq!(
            (&own["status"], &own["error"]["code"]),
            (&json!("failed"), &json!("BAD_CONTACT")),
            "{shown:?} {own}"
        );
        let crm = office.crm_until(|crm| {
            let has_notice = |text: &str| text.starts_with("[SWITCHBOARD ERROR] ");
            let mut messages = crm.chats.iter().flat_map(|chat| &chat.messages);
            messages.any(|message| message.text.as_deref().is_some_and(has_notice))
        });
        let crm = crm.await;
        let own = crm.chats[0].messages.iter().find(|message| message.message_id == id).unwrap();
        assert_eq!(json!(own.status), "error", "{shown:?} {own:?}");
        assert_eq!(office.received(0).await.len(), 0, "the client has nothing");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_an_uploaded_file_reaches_the_client_to_the_byte() {
    let office = Office::new("round_robin", &["anna"]).await;
    let chat = office.client_writes("first").await;
    let bytes: Vec<u8> = (0..40_000_u32).map(|n| (n % 251) as u8).collect();
    let anna = office.as_employee("anna").await;
    let upload = json!({"name": "Предложение.jpg", "mime": "image/jpeg", "bytes": bytes.len()});
    let upload = anna.expect(201, "POST", "/v1/uploads", Some(&upload)).await;
    let mut put = reqwest::Client::builder().no_proxy().build().unwrap().put(upload["url"].as_str().unwrap());
    for (name, value) in upload["headers"].as_object().unwrap() {
        put = put.header(name, value.as_str().unwrap());
    }
    let put = put.body(bytes.clone()).send().await.unwrap();
    assert!(put.status().is_success(), "{put:?}");
    let send = json!({"upload": upload["id"]});
    anna.expect(202, "POST", &format!("/v1/chats/{chat}/messages"), Some(&send)).await;
    let received = office.received(1).await;
    let file = received[0].file.as_ref().unwrap();
    assert_eq!((file.bytes, file.content_type.as_str()), (bytes.len(), "image/jpeg"));
    assert_eq!(file.sha256, shared::base::ids::hex_digest(&bytes));
    // The CRM fetches the file by our link.
    let crm = office
        .crm_until(|crm| crm.chats.iter().flat_map(|chat| &chat.messages).any(|message| message.is_echo));
    let crm = crm.await;
    let own = crm.chats[0].messages.iter().find(|message| message.is_echo).unwrap();
    let fetched = office.live.sandbox.fetch_file(&office.account.crm, &own.message_id).await.unwrap();
    assert_eq!((fetched.status, fetched.bytes), (Some(200), bytes.len()), "{fetched:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_a_dialogue_begins_with_a_stranger_who_becomes_the_authors_client() {
    let office = Office::new("first_responder", &["anna", "boris"]).await;
    let anna = office.as_employee("anna").await;
    let begin = json!({
        "channel": office.channel().id, "phone": "8 (901) 111-73-99", "name": "Иван", "message": {"text": "Добрый день, Иван!"}
    });
    let begun = anna.expect(202, "POST", "/v1/chats", Some(&begin)).await;
    let key = &office.account.wazzup_key;
    let received = office
        .live
        .sandbox
        .received_until(key, "79011117399", PATIENCE, |all| !all.is_empty())
        .await
        .unwrap();
    assert_eq!(texts(&received), ["Добрый день, Иван!"]);
    let chat = begun["chat"].as_str().unwrap();
    let shown = anna.expect(200, "GET", &format!("/v1/chats/{chat}"), None).await;
    assert_eq!(shown["chat"]["responsible"], "anna", "{shown}");
    office.as_employee("boris").await.expect(404, "GET", &format!("/v1/chats/{chat}"), None).await;
    // The client answers into the same chat.
    office.writes("79011117399", "answer").await;
    until("the client's answer", || async {
        let messages = office.account.messages(chat).await.unwrap();
        (messages.len() == 2).then_some(())
    })
    .await;
}
