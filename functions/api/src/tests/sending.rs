//! Sending: rights, claims, idempotency keys and limits, and that a refused send stores nothing.

use super::rows;
use crate::testing::{Bench, Company, OPERATOR};
use axum::http::Request;
use futures::future::join_all;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::{ChannelId, ChatId, ContactId, EmployeeId, MessageId};
use shared::model::channel::{Channel, Distribution};
use shared::model::chat::Chat;
use shared::model::chat::state::AssignmentState;
use shared::model::contact::Contact;
use shared::model::employee::{Employee, Membership, Role};
use shared::model::message::Message;
use shared::model::outbound::{Action, JobState, OutboundJob};
use shared::store::{Read, keys};

/// An account with a channel, a chat on it that has no responsible yet, and its contact.
pub struct Office {
    pub bench: Bench,
    pub company: Company,
    pub channel: String,
}

impl Office {
    pub async fn open(distribution: Distribution) -> Self {
        let bench = Bench::new().await;
        let company = bench.company("One").await;
        let (channels, _) = bench.connected(&company.key, &["c1"]).await;
        let channel = channels[0].clone();
        rows::contact(&bench, &company, "contact", Some("+79011112233"), &[]).await;
        let now = bench.clock.now().millis();
        let chat = rows::chat(&bench, &company, &channel, "chat", now - 60_000, 1).await;
        rows::change(&bench, &chat, |chat| {
            chat.offer_to_all();
            chat.assignment_state = AssignmentState::Unclaimed;
        })
        .await;
        let office = Self { bench, company, channel };
        office.set_channel(|row| row.distribution = distribution).await;
        office
    }

    pub async fn set_channel(&self, change: impl FnOnce(&mut Channel)) {
        let (account, id) = (rows::account(&self.company), ChannelId::new(self.channel.as_str()));
        let known = self.bench.app.store.channel(&account, &id, Read::Consistent).await.unwrap().unwrap();
        rows::change(&self.bench, &known, change).await;
    }

    pub async fn join(&self, name: &str, role: Role, change: impl FnOnce(&mut Membership)) {
        let (account, employee) = (rows::account(&self.company), EmployeeId::new(name));
        let channel = ChannelId::new(self.channel.as_str());
        let mut place = Membership::new(&account, &channel, &employee, role, self.bench.clock.now());
        change(&mut place);
        let mut row = Employee::new(&account, &employee, &format!("Name of {name}"), self.bench.clock.now());
        row.signature = Some(format!("{name}, sales"));
        rows::create(&self.bench, &[row]).await;
        rows::create(&self.bench, &[place]).await;
    }

    pub async fn chat(&self, id: &str) -> Chat {
        let found = self.bench.app.store.chat(&rows::account(&self.company), &ChatId::new(id)).await.unwrap();
        found.unwrap()
    }

    pub async fn jobs(&self, id: &str) -> Vec<OutboundJob> {
        self.bench.app.store.outbound_jobs(&rows::account(&self.company), &ChatId::new(id)).await.unwrap()
    }

    pub async fn contact(&self, id: &ContactId) -> Contact {
        let found = self.bench.app.store.contact(&rows::account(&self.company), id, Read::Consistent).await;
        found.unwrap().unwrap()
    }

    pub async fn row(&self, chat: &str, id: &str) -> Message {
        let (account, ids) = (rows::account(&self.company), [MessageId::new(id)]);
        let found = self.bench.app.store.messages(&account, &ChatId::new(chat), &ids).await.unwrap();
        found.into_iter().next().unwrap()
    }

    /// Sends into the chat, with or without an idempotency key.
    pub async fn send(&self, body: Value, key: Option<&str>) -> (u16, Value) {
        self.send_as(&self.company.key, body, key).await
    }

    async fn send_as(&self, bearer: &str, body: Value, key: Option<&str>) -> (u16, Value) {
        let request = Request::builder().method("POST").uri("/v1/chats/chat/messages");
        let request = request.header("authorization", format!("Bearer {bearer}"));
        let request = request.header("content-type", "application/json");
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        let (status, answer, _) = self.bench.send(request.body(body.to_string().into()).unwrap()).await;
        (status.as_u16(), answer)
    }

    async fn refused(&self, body: Value, status: u16, code: &str) -> Value {
        let before = (self.chat("chat").await, self.jobs("chat").await);
        let (got, answer) = self.send(body.clone(), None).await;
        assert_eq!((got, answer["error"]["code"].as_str()), (status, Some(code)), "{body} → {answer}");
        assert_eq!((self.chat("chat").await, self.jobs("chat").await), before, "nothing is stored: {body}");
        answer
    }
}

fn from(employee: &str, text: &str) -> Value {
    json!({"employee": employee, "text": text})
}

#[tokio::test]
async fn p4_sixty_four_answer_at_once_and_one_gets_the_client() {
    let office = Office::open(Distribution::FirstResponder).await;
    for index in 0..64 {
        office.join(&format!("e{index}"), Role::Manager, |_| {}).await;
    }
    let answers = (0..64).map(|index| office.send(from(&format!("e{index}"), "Здравствуйте"), None));
    let answers = join_all(answers).await;
    let won: Vec<usize> = (0..64).filter(|index| answers[*index].0 == 202).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    for (index, (status, answer)) in answers.iter().enumerate().filter(|(index, _)| *index != won[0]) {
        assert_eq!((*status, answer["error"]["code"].as_str()), (403, Some("not_responsible")), "{index}");
    }
    let chat = office.chat("chat").await;
    let winner = EmployeeId::new(format!("e{}", won[0]));
    assert_eq!(
        (chat.assignment_state, chat.responsible.as_ref()),
        (AssignmentState::Assigned, Some(&winner))
    );
    assert_eq!(office.contact(&chat.contact).await.responsible, Some(winner));
    let jobs = office.jobs("chat").await;
    assert_eq!((jobs.len(), jobs[0].state, &jobs[0].action), (1, JobState::Queued, &Action::Send));
    let pool = format!("/v1/chats?list=unclaimed&channel={}", office.channel);
    let pool = office.bench.expect(200, &office.company.key, "GET", &pool, None).await;
    assert_eq!(pool["chats"], json!([]), "it left the others' lists in that write");
}

#[tokio::test]
async fn p4_who_has_a_client_in_one_chat_has_him_in_all() {
    let office = Office::open(Distribution::FirstResponder).await;
    office.join("anna", Role::Manager, |_| {}).await;
    office.join("boris", Role::Manager, |_| {}).await;
    let chat = office.chat("chat").await;
    let person = office.contact(&chat.contact).await;
    rows::change(&office.bench, &person, |person| person.responsible = Some(EmployeeId::new("boris"))).await;
    let (status, answer) = office.send(from("anna", "Здравствуйте"), None).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (403, Some("not_responsible")), "{answer}");
    assert_eq!(
        office.chat("chat").await.responsible,
        Some(EmployeeId::new("boris")),
        "it goes to the responsible instead"
    );
    assert_eq!(office.send(from("boris", "Здравствуйте"), None).await.0, 202);
}

#[tokio::test]
async fn p2_a_dozen_sends_at_once_into_one_chat_all_go() {
    let office = Office::open(Distribution::FirstResponder).await;
    let answers = join_all((0..12).map(|_| office.send(json!({"text": "Фото"}), None))).await;
    assert!(answers.iter().all(|(status, _)| *status == 202), "{answers:?}");
    assert_eq!(office.jobs("chat").await.len(), 12);
}

#[tokio::test]
async fn b3_a_head_without_the_switch_a_bot_and_an_integration_claim_nothing() {
    let office = Office::open(Distribution::FirstResponder).await;
    office.join("head", Role::Head, |place| place.receives_new_clients = false).await;
    for body in [from("head", "Добрый день"), json!({"text": "Ждите", "bot": true}), json!({"text": "Ждите"})]
    {
        let (status, answer) = office.send(body, None).await;
        assert_eq!(status, 202, "{answer}");
        assert_eq!(office.chat("chat").await.assignment_state, AssignmentState::Unclaimed);
    }
}

#[tokio::test]
async fn b3_where_the_crm_names_the_responsible_an_answer_does_not_claim() {
    let office = Office::open(Distribution::ByCrm).await;
    office.join("anna", Role::Manager, |_| {}).await;
    assert_eq!(office.send(from("anna", "Добрый день"), None).await.0, 202);
    assert_eq!(office.chat("chat").await.assignment_state, AssignmentState::Unclaimed);
}

#[tokio::test]
async fn b1_who_may_not_write_is_refused_with_the_reason() {
    let office = Office::open(Distribution::FirstResponder).await;
    office.join("quality", Role::QualityControl, |_| {}).await;
    office.join("unbound", Role::Head, |place| place.sends = false).await;
    office.join("late", Role::Manager, |place| place.receives_new_clients = false).await;
    let account = rows::account(&office.company);
    rows::create(
        &office.bench,
        &[Employee::new(&account, &EmployeeId::new("none"), "N", office.bench.clock.now())],
    )
    .await;
    for (who, code) in [
        ("quality", "quality_control"),
        ("unbound", "not_bound"),
        ("late", "not_responsible"),
        ("none", "no_role"),
    ] {
        let answer = office.refused(from(who, "Здравствуйте"), 403, code).await;
        assert_eq!(answer["error"]["reason"], "CHAT_NO_ACCESS");
    }
    office.refused(from("nobody", "Здравствуйте"), 400, "invalid_value").await;
    office.set_channel(|channel| channel.paused = true).await;
    let answer = office.refused(json!({"text": "Здравствуйте"}), 403, "channel_paused").await;
    assert_eq!(answer["error"]["reason"], "MESSAGE_CHANNEL_UNAVAILABLE");
}

#[tokio::test]
async fn e4_one_key_ten_times_at_once_is_one_message() {
    let office = Office::open(Distribution::FirstResponder).await;
    let body = json!({"text": "Добрый день"});
    let answers = join_all((0..10).map(|_| office.send(body.clone(), Some("key-1")))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 200, 202]);
    let ids: std::collections::HashSet<&str> =
        answers.iter().map(|(_, answer)| answer["message"]["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), office.jobs("chat").await.len()), (1, 1));
    office.bench.clock.advance(std::time::Duration::from_secs(90 * 24 * 3600));
    let (status, answer) = office.send(body, Some("key-1")).await;
    assert_eq!((status, &answer["repeated"]), (200, &json!(true)), "the key is valid for good");
    let (status, answer) = office.send(json!({"text": "Другое"}), Some("key-1")).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (409, Some("key_reused")));
    assert_eq!(office.jobs("chat").await.len(), 1);
}

#[tokio::test]
async fn a_send_reads_the_account_once() {
    let office = Office::open(Distribution::FirstResponder).await;
    office.join("anna", Role::Head, |_| {}).await;
    let token = office.bench.token(&office.company.key, "anna").await;
    let account = keys::account(&rows::account(&office.company));
    office.bench.reads(&account);
    for (bearer, key) in [
        (&office.company.key, None),
        (&office.company.key, Some("key-1")),
        (&token, None),
        (&token, Some("key-2")),
    ] {
        let (status, answer) = office.send_as(bearer, json!({"text": "Добрый день"}), key).await;
        assert_eq!((status, office.bench.reads(&account)), (202, 1), "{key:?}: {answer}");
        let body = Some(json!({"text": "Да"}));
        let begun = json!({"channel": office.channel, "phone": "+79020001122", "message": body});
        office.bench.expect(202, bearer, "POST", "/v1/chats", Some(begun)).await;
        assert_eq!(office.bench.reads(&account), 1, "{key:?}: also where a chat begins");
    }
    // The operator names the account, whose existence is checked: that is the only read.
    let request = Request::builder().method("POST").uri("/v1/chats/chat/messages");
    let request = request.header("authorization", format!("Bearer {OPERATOR}"));
    let request =
        request.header("switchboard-account", &office.company.id).header("idempotency-key", "key-3");
    let request = request.header("content-type", "application/json");
    let (status, answer, _) =
        office.bench.send(request.body(json!({"text": "Да"}).to_string().into()).unwrap()).await;
    assert_eq!((status.as_u16(), office.bench.reads(&account)), (202, 1), "{answer}");
}

#[tokio::test]
async fn e4_an_employees_keys_are_his_own() {
    let office = Office::open(Distribution::FirstResponder).await;
    office.join("anna", Role::Head, |_| {}).await;
    office.join("boris", Role::Head, |_| {}).await;
    for who in ["anna", "boris"] {
        let token = office.bench.token(&office.company.key, who).await;
        let (status, answer) = office.send_as(&token, json!({"text": "ок"}), Some("1")).await;
        assert_eq!((status, &answer["repeated"]), (202, &json!(false)), "{who}: {answer}");
    }
    assert_eq!(office.jobs("chat").await.len(), 2);
}

#[tokio::test]
async fn what_is_refused_leaves_no_copy_of_its_file() {
    let office = Office::open(Distribution::FirstResponder).await;
    office.join("quality", Role::QualityControl, |_| {}).await;
    let (id, object) = super::uploads::announced(&office.bench, &office.company.key, &office.company).await;
    super::uploads::put(&office.bench, &object, "application/pdf", b"%PDF");
    let (status, answer) = office.send(json!({"upload": id, "employee": "quality"}), None).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (403, Some("quality_control")), "{answer}");
    let left: Vec<String> = office.bench.world.lock().unwrap().objects.keys().cloned().collect();
    assert_eq!(left, [object], "the upload alone");
    let (status, answer) = office.send(json!({"upload": id}), None).await;
    assert_eq!((status, answer["message"]["file"]["state"].as_str()), (202, Some("stored")), "{answer}");
}

#[tokio::test]
async fn b8_the_signature_is_the_clients_alone_and_counts_in_the_length() {
    let office = Office::open(Distribution::FirstResponder).await;
    office.join("anna", Role::Manager, |_| {}).await;
    let (status, answer) = office.send(from("anna", "Добрый день"), None).await;
    assert_eq!((status, answer["message"]["text"].as_str()), (202, Some("Добрый день")));
    let job = office.jobs("chat").await.remove(0);
    assert_eq!(job.signature.as_deref(), Some("anna, sales"));
    // WhatsApp takes 10,000 characters; two line ends and the signature are thirteen.
    assert_eq!(office.send(from("anna", &"я".repeat(9_987)), None).await.0, 202);
    let answer = office.refused(from("anna", &"я".repeat(9_988)), 422, "not_sendable").await;
    let error = &answer["error"];
    assert_eq!((&error["field"], &error["limit"]), (&json!("text"), &json!(10_000)));
}

#[tokio::test]
async fn d2_an_employee_answers_and_a_bot_does_not() {
    let office = Office::open(Distribution::FirstResponder).await;
    assert!(office.chat("chat").await.unanswered_at.is_some());
    office.send(json!({"text": "Ждите", "bot": true}), None).await;
    assert!(office.chat("chat").await.unanswered_at.is_some());
    office.send(json!({"text": "Добрый день"}), None).await;
    assert_eq!(office.chat("chat").await.unanswered_at, None);
}

#[tokio::test]
async fn what_is_wrong_in_a_message_is_named() {
    let office = Office::open(Distribution::FirstResponder).await;
    for (body, status, code, field) in [
        (json!({}), 400, "missing_field", "text"),
        (json!({"text": "a", "upload": "b"}), 400, "invalid_value", "text"),
        (json!({"text": "  "}), 422, "not_sendable", "text"),
        (json!({"text": "a", "buttons": [{"title": ""}]}), 400, "invalid_value", "buttons[0].title"),
        (json!({"text": "a", "buttons": [{"title": "Yes"}]}), 422, "not_sendable", "buttons"),
        (json!({"template": {"id": "t", "values": []}}), 422, "not_sendable", "template"),
        (json!({"text": "a", "quote": "unknown"}), 422, "quote_not_found", "quote"),
        (json!({"text": "a", "colour": "red"}), 400, "unknown_field", "colour"),
        (json!({"text": "a", "comment_mode": "reply"}), 400, "invalid_value", "comment_mode"),
    ] {
        let answer = office.refused(body.clone(), status, code).await;
        assert_eq!(answer["error"]["field"], field, "{body} → {answer}");
    }
}

#[tokio::test]
async fn d6_a_quote_names_a_message_of_the_chat() {
    let office = Office::open(Distribution::FirstResponder).await;
    let (status, answer) = office.send(json!({"text": "Да", "quote": "m0"}), None).await;
    assert_eq!(status, 202, "{answer}");
    let row = office.row("chat", answer["message"]["id"].as_str().unwrap()).await;
    let quote = row.quote.unwrap();
    assert_eq!((quote.message, quote.text.as_deref()), (Some(MessageId::new("m0")), Some("text of m0")));
}

#[tokio::test]
async fn d6_edits_and_deletions_are_asked_of_the_provider() {
    let office = Office::open(Distribution::FirstResponder).await;
    let key = &office.company.key;
    office.join("anna", Role::Manager, |_| {}).await;
    let (_, answer) = office.send(from("anna", "Да"), None).await;
    let id = answer["message"]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/chats/chat/messages/{id}");
    office.bench.expect(202, key, "PATCH", &path, Some(json!({"text": "Да, до пятницы"}))).await;
    office.bench.expect(202, key, "DELETE", &path, None).await;
    let jobs = office.jobs("chat").await;
    let told: Vec<&Action> = jobs.iter().map(|job| &job.action).collect();
    assert_eq!(
        told,
        [&Action::Send, &Action::EditText("Да, до пятницы".into()), &Action::Delete],
        "in order"
    );
    assert_eq!(jobs[1].signature.as_deref(), Some("anna, sales"), "an edit keeps the signature");
    assert_eq!(
        office.row("chat", &id).await.text.as_deref(),
        Some("Да"),
        "not before the provider has edited it"
    );
    let theirs = ("PATCH", "/v1/chats/chat/messages/m0");
    office.bench.refused(key, theirs, Some(json!({"text": "a"})), (404, "not_found", None)).await;
    office.bench.clock.advance(std::time::Duration::from_secs(40 * 24 * 3600));
    let (status, answer) = office.bench.call(key, "DELETE", &path, None).await;
    assert!(status == 202 || answer["error"]["reason"] == "MESSAGES_DELETION_TIME_EXPIRED", "{answer}");
}

#[tokio::test]
async fn d4_a_dialogue_is_begun_with_a_stranger_who_becomes_the_authors_client() {
    let office = Office::open(Distribution::RoundRobin).await;
    let key = &office.company.key;
    office.join("anna", Role::Manager, |_| {}).await;
    office.join("boris", Role::Manager, |_| {}).await;
    let ask = |who: &str, phone: &str| {
        let message = json!({"text": "Здравствуйте", "employee": who});
        Some(json!({"channel": office.channel, "phone": phone, "name": "Пётр", "message": message}))
    };
    let begun = office.bench.expect(202, key, "POST", "/v1/chats", ask("anna", "8 (902) 000-11-22")).await;
    let chat = office.chat(begun["chat"].as_str().unwrap()).await;
    assert_eq!((chat.provider_chat_id.as_str(), chat.name.as_deref()), ("79020001122", Some("Пётр")));
    assert_eq!(chat.responsible, Some(EmployeeId::new("anna")));
    let contact = office.contact(&chat.contact).await;
    assert_eq!(contact.responsible, Some(EmployeeId::new("anna")));
    assert_eq!(contact.phone.map(|phone| phone.as_str().to_owned()).as_deref(), Some("+79020001122"));
    // The same number in another spelling is the same chat; another manager may not start a chat with this client.
    let again = office.bench.expect(202, key, "POST", "/v1/chats", ask("anna", "+79020001122")).await;
    assert_eq!(again["chat"], begun["chat"]);
    let other = ("POST", "/v1/chats");
    office.bench.refused(key, other, ask("boris", "+79020001122"), (403, "not_responsible", None)).await;
    office.bench.refused(key, other, ask("anna", "12"), (400, "invalid_value", Some("phone"))).await;
}

#[tokio::test]
async fn d4_where_nobody_can_be_written_to_first_it_says_so() {
    let office = Office::open(Distribution::RoundRobin).await;
    office.set_channel(|channel| channel.transport = Some("instagram".into())).await;
    let body = json!({"channel": office.channel, "username": "ivan", "message": {"text": "Здравствуйте"}});
    let answer = office.bench.expect(422, &office.company.key, "POST", "/v1/chats", Some(body)).await;
    assert_eq!(answer["error"]["reason"], "MESSAGES_NOT_TEXT_FIRST");
}

#[tokio::test]
async fn b7_a_dialogue_begins_on_the_default_channel() {
    let office = Office::open(Distribution::RoundRobin).await;
    office.join("anna", Role::Manager, |place| place.is_default = true).await;
    office.join("unbound", Role::Manager, |place| place.sends = false).await;
    let key = &office.company.key;
    let ask = |who: &str| {
        let message = json!({"text": "Здравствуйте", "employee": who});
        Some(json!({"messenger": "whatsapp", "phone": "+79020001122", "message": message}))
    };
    let begun = office.bench.expect(202, key, "POST", "/v1/chats", ask("anna")).await;
    assert_eq!(office.chat(begun["chat"].as_str().unwrap()).await.channel.as_str(), office.channel);
    let place = ("POST", "/v1/chats");
    office.bench.refused(key, place, ask("unbound"), (422, "no_default_channel", Some("messenger"))).await;
}

#[tokio::test]
async fn a_window_that_is_closed_is_told_before_anything_is_sent() {
    let office = Office::open(Distribution::RoundRobin).await;
    office.set_channel(|channel| channel.transport = Some("wapi".into())).await;
    assert_eq!(office.send(json!({"text": "Да"}), None).await.0, 202);
    office.bench.clock.advance(std::time::Duration::from_secs(24 * 3600));
    let answer = office.refused(json!({"text": "Да"}), 422, "not_sendable").await;
    assert_eq!(answer["error"]["field"], "chat");
    let template = json!({"template": {"id": "8d255e5d", "values": ["Anna"]}});
    assert_eq!(office.send(template, None).await.0, 202, "a template passes");
}
