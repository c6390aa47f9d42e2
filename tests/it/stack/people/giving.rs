//! The three distributions, waiting, and requeueing.

use crate::stack::asking::until;
use crate::stack::outbound::office::Office;
use serde_json::{Value, json};

/// The chat's assignment, as soon as its last entry has this reason.
async fn given(office: &Office, chat: &str, why: &str) -> Value {
    until("the client's responsible", || async {
        let path = format!("/v1/chats/{chat}/assignment");
        let told = office.asker.expect(200, "GET", &path, None).await;
        let last = told["history"].as_array().and_then(|all| all.first()).cloned()?;
        (last["why"] == why).then_some(told)
    })
    .await
}

async fn set_status(office: &Office, who: &str, status: &str) {
    let path = format!("/v1/employees/{who}/status");
    office.asker.expect(200, "PUT", &path, Some(&json!({"status": status}))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_each_distribution_gives_the_client_in_its_way() {
    let office = Office::new("round_robin", &["anna", "boris"]).await;
    let chat = office.client_writes("first").await;
    let told = given(&office, &chat, "turn").await;
    assert_eq!(told["responsible"], "anna", "the employee who joined first");
    let considered = told["history"][0]["considered"].as_array().unwrap();
    assert_eq!(considered.len(), 2, "{considered:?}");

    let office = Office::new("first_responder", &["anna", "boris"]).await;
    let chat = office.client_writes("first").await;
    given(&office, &chat, "shown_to_all").await;
    let boris = office.as_employee("boris").await;
    boris
        .expect(202, "POST", &format!("/v1/chats/{chat}/messages"), Some(&json!({"text": "Здравствуйте"})))
        .await;
    let told = given(&office, &chat, "first_answer").await;
    assert_eq!((&told["responsible"], &told["history"][0]["by"]), (&json!("boris"), &json!("boris")));

    let office = Office::new("by_crm", &["anna", "boris"]).await;
    let chat = office.client_writes("first").await;
    given(&office, &chat, "shown_to_all").await;
    office.crm_until(|crm| crm.message_count() == 1).await;
    let contact = json!([{
        "id": "crm-1", "responsibleUserId": "boris", "name": "Клиент",
        "contactData": [{"chatType": "whatsapp", "chatId": office.client}],
    }]);
    office.asker.expect(200, "POST", "/v3/contacts", Some(&contact)).await;
    let told = given(&office, &chat, "by_crm").await;
    assert_eq!(told["responsible"], "boris", "the CRM's word is the truth");
    office.as_employee("anna").await.expect(404, "GET", &format!("/v1/chats/{chat}"), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_clients_wait_in_order_and_are_served_when_somebody_is_back_and_the_head_gives_them_on() {
    let office = Office::new("round_robin", &["anna", "boris"]).await;
    let channel = office.channel().id.clone();
    for who in ["anna", "boris"] {
        set_status(&office, who, "off").await;
    }
    let employees = json!({"employees": [{"id": "vera", "name": "Вера"}]});
    office.asker.expect(200, "PUT", "/v1/employees", Some(&employees)).await;
    let head = json!({"role": "head", "receives_new_clients": false});
    office.asker.expect(200, "PUT", &format!("/v1/channels/{channel}/employees/vera"), Some(&head)).await;
    let vera = office.as_employee("vera").await;
    let phones = ["79011118801", "79011118802"];
    for (n, phone) in phones.iter().enumerate() {
        office.writes(phone, &format!("waits-{n}")).await;
        until("the number of waiting clients", || async {
            let told = vera.expect(200, "GET", "/v1/waiting", None).await;
            (told["channels"][0]["waiting"] == n + 1).then_some(())
        })
        .await;
    }
    set_status(&office, "anna", "available").await;
    let mut chats = Vec::new();
    for phone in phones {
        let chat = until("the waiting client is assigned", || async {
            let chats = office.account.chats(office.channel(), "live").await.unwrap();
            chats.into_iter().find(|chat| chat["provider_chat_id"] == phone && chat["responsible"] == "anna")
        })
        .await;
        chats.push(chat["id"].as_str().unwrap().to_owned());
    }
    let first = given(&office, &chats[0], "turn").await;
    let boris = first["history"][0]["considered"].as_array().unwrap().iter();
    let boris = boris.filter(|member| member["employee"] == "boris").collect::<Vec<_>>();
    assert_eq!(boris[0]["reason"], "off");
    let told = vera.expect(200, "GET", "/v1/waiting", None).await;
    assert_eq!(told["channels"], json!([]), "no client waits any more");
    reassigned(&office, &chats).await;
}

/// The head assigns one client to Boris, although Boris is off; then Anna is removed, and her other client passes to
/// the employee who is available.
async fn reassigned(office: &Office, chats: &[String]) {
    let vera = office.as_employee("vera").await;
    vera.expect(200, "POST", &format!("/v1/chats/{}/assign", chats[0]), Some(&json!({"employee": "boris"})))
        .await;
    let told = given(office, &chats[0], "by_hand").await;
    assert_eq!((&told["responsible"], &told["history"][0]["by"]), (&json!("boris"), &json!("vera")));
    set_status(office, "boris", "available").await;
    office.asker.expect(204, "DELETE", "/v1/employees/anna", None).await;
    let told = until("the client of the removed employee passes to another", || async {
        let path = format!("/v1/chats/{}/assignment", chats[1]);
        let told = office.asker.expect(200, "GET", &path, None).await;
        (told["responsible"] == "boris").then_some(told)
    })
    .await;
    let whys: Vec<&str> =
        told["history"].as_array().unwrap().iter().filter_map(|entry| entry["why"].as_str()).collect();
    assert_eq!(whys, ["turn", "removed", "turn"]);
    assert_eq!(
        told["history"][0]["arrived_at"], told["history"][2]["arrived_at"],
        "the client kept their place in the queue"
    );
}
