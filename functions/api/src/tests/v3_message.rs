//! `/v3/message` as a CRM uses it at Wazzup.

use super::rows;
use super::sending::Office;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use futures::future::join_all;
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::EmployeeId;
use shared::model::channel::Distribution;
use shared::model::chat::state::AssignmentState;
use shared::model::employee::Role;
use shared::model::event::Origin;
use shared::model::outbound::Action;
use tower::ServiceExt;

impl Office {
    async fn v3(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.company.key));
        let request =
            request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap();
        let answer = self.bench.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn taken(&self, body: Value) -> String {
        let (status, answer) = self.v3("POST", "/v3/message", body.clone()).await;
        assert_eq!(status, 201, "{body} → {answer}");
        answer["messageId"].as_str().unwrap().to_owned()
    }

    async fn not_taken(&self, body: Value, code: &str) -> Value {
        let before = self.jobs(&self.id_of_chat()).await.len();
        let (status, answer) = self.v3("POST", "/v3/message", body.clone()).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some(code)), "{body} → {answer}");
        assert_eq!(answer["status"], 400);
        assert!(answer["requestId"].is_string() && answer["description"].is_string(), "{answer}");
        assert_eq!(self.jobs(&self.id_of_chat()).await.len(), before, "nothing is stored: {body}");
        answer
    }

    fn id_of_chat(&self) -> String {
        "chat".into()
    }
}

/// An office to whose chat `chatId` 79011112233 is an alias.
async fn office() -> Office {
    let office = Office::open(Distribution::FirstResponder).await;
    let account = office.bench.app.store.account(&rows::account(&office.company)).await.unwrap().unwrap();
    let channel = shared::base::ids::ChannelId::new(office.channel.as_str());
    let id = shared::base::ids::ChatId::derive(&account.id_salt, &channel, "whatsapp:79011112233");
    let alias = shared::model::chat::ChatAliasRow {
        v: 1,
        account: account.account.clone(),
        chat: id,
        alias_of: shared::base::ids::ChatId::new("chat"),
    };
    rows::create(&office.bench, &[alias]).await;
    office.join("17", Role::Manager, |_| {}).await;
    office
}

fn text(text: &str) -> Value {
    json!({"channelId": "c1", "chatType": "whatsapp", "chatId": "79011112233", "text": text})
}

fn with(mut body: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn an_employee_answers_from_the_crm_and_gets_the_client() {
    let office = office().await;
    let body =
        with(text("Добрый день"), json!({"crmUserId": "17", "crmMessageId": "m1", "whatever": {"a": 1}}));
    let id = office.taken(body).await;
    let chat = office.chat("chat").await;
    assert_eq!(
        (chat.assignment_state, chat.responsible),
        (AssignmentState::Assigned, Some(EmployeeId::new("17")))
    );
    let row = office.row("chat", &id).await;
    assert_eq!((row.origin, row.text.as_deref()), (Some(Origin::Crm), Some("Добрый день")));
    assert_eq!(row.author.unwrap().id.as_deref(), Some("17"));
    assert_eq!(office.jobs("chat").await[0].signature.as_deref(), Some("17, sales"));
}

#[tokio::test]
async fn e4_a_crm_message_id_is_taken_once_for_good() {
    let office = office().await;
    let body = with(text("Добрый день"), json!({"crmMessageId": "m1"}));
    let answers = join_all((0..10).map(|_| office.v3("POST", "/v3/message", body.clone()))).await;
    let taken = answers.iter().filter(|(status, _)| *status == 201).count();
    let repeated = |answer: &Value| answer["error"] == "REPEATED_CRM_MESSAGE_ID";
    let refused = answers.iter().filter(|(status, answer)| *status == 400 && repeated(answer)).count();
    assert_eq!((taken, refused, office.jobs("chat").await.len()), (1, 9, 1), "{answers:?}");
    office.bench.clock.advance(std::time::Duration::from_secs(3600));
    office.not_taken(body, "REPEATED_CRM_MESSAGE_ID").await;
    office.not_taken(with(text("Другое"), json!({"crmMessageId": "m1"})), "REPEATED_CRM_MESSAGE_ID").await;
}

#[tokio::test]
async fn what_is_wrong_has_wazzups_code() {
    let office = office().await;
    let without = |name: &str| {
        let mut body = text("a");
        body.as_object_mut().unwrap().remove(name);
        body
    };
    for (body, code) in [
        (without("text"), "MESSAGE_NOTHING_TO_SEND"),
        (with(text("a"), json!({"contentUri": "https://example.com/a.jpg"})), "MESSAGE_ONLY_TEXT_OR_CONTENT"),
        (with(text("a"), json!({"channelId": "unknown"})), "CHANNEL_NOT_FOUND"),
        (with(text("a"), json!({"chatType": "vk"})), "WRONG_TRANSPORT"),
        (with(text("a"), json!({"refMessageId": "unknown"})), "REFERENCE_MESSAGE_NOT_FOUND"),
        (with(text("a"), json!({"crmUserId": "x".repeat(201)})), "INVALID_MESSAGE_DATA"),
        (with(text("a"), json!({"buttonsObject": {"removeKeyboard": true}})), "INVALID_MESSAGE_DATA"),
        (with(text("a"), json!({"chatId": "1"})), "INVALID_MESSAGE_DATA"),
        (with(text("a"), json!({"chatId": "abc5"})), "INVALID_MESSAGE_DATA"),
        (with(text("a"), json!({"chatId": "0".repeat(36)})), "INVALID_MESSAGE_DATA"),
        (text(&"я".repeat(10_001)), "MESSAGE_TEXT_TOO_LONG"),
        (
            with(without("text"), json!({"contentUri": "http://10.0.0.1/a.jpg"})),
            "MESSAGE_DOWNLOAD_CONTENT_ERROR",
        ),
    ] {
        office.not_taken(body, code).await;
    }
    let answer = office
        .not_taken(json!({"chatType": "whatsapp", "text": 7.5, "phone": []}), "INVALID_MESSAGE_DATA")
        .await;
    assert_eq!(answer["data"]["fields"], json!(["channelId", "phone", "chatId"]));
    let answer = office.not_taken(with(text("a"), json!({"chatType": "vk"})), "WRONG_TRANSPORT").await;
    assert_eq!(answer["data"], json!({"channelId": "c1", "transport": "whatsapp", "chatType": "vk"}));
}

#[tokio::test]
async fn a_bots_answer_leaves_the_client_unanswered() {
    let office = office().await;
    let id = office.taken(with(text("Ждите"), json!({"clearUnanswered": "false"}))).await;
    assert_eq!(office.row("chat", &id).await.origin, Some(Origin::Bot));
    assert!(office.chat("chat").await.unanswered_at.is_some());
}

#[tokio::test]
async fn a_stranger_is_written_to_by_phone() {
    let office = office().await;
    let (status, answer) = office
        .v3("POST", "/v3/message", with(text("Здравствуйте"), json!({"chatId": "+7 902 000-11-22"})))
        .await;
    assert_eq!((status, answer["chatId"].as_str()), (201, Some("79020001122")), "{answer}");
    for spelled in ["89020001122", "8 (902) 000-11-22"] {
        let (_, answer) =
            office.v3("POST", "/v3/message", with(text("Здравствуйте"), json!({"chatId": spelled}))).await;
        assert_eq!(answer["chatId"], "79020001122", "p11: one client, however the number is spelled");
    }
}

#[tokio::test]
async fn a_message_is_edited_and_deleted_by_its_id_alone() {
    let office = office().await;
    let id = office.taken(with(text("Да"), json!({"crmUserId": "17"}))).await;
    let path = format!("/v3/message/{id}");
    let (status, answer) =
        office.v3("PATCH", &path, json!({"text": "Да, до пятницы", "crmUserId": "17"})).await;
    assert_eq!((status, answer["messageId"].as_str()), (200, Some(id.as_str())), "{answer}");
    assert_eq!(office.v3("DELETE", &path, Value::Null).await.0, 200);
    let jobs = office.jobs("chat").await;
    let actions: Vec<&Action> = jobs.iter().map(|job| &job.action).collect();
    assert_eq!(actions, [&Action::Send, &Action::EditText("Да, до пятницы".into()), &Action::Delete]);
    for (method, path, body, code) in [
        ("PATCH", "/v3/message/unknown", json!({"text": "a"}), "MESSAGES_NOT_FOUND"),
        ("DELETE", "/v3/message/unknown", Value::Null, "MESSAGES_NOT_FOUND"),
        ("PATCH", path.as_str(), json!({}), "MESSAGE_NOTHING_TO_SEND"),
    ] {
        let (status, answer) = office.v3(method, path, body).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some(code)), "{answer}");
    }
}

/// The chat's responsible, and the author of a message.
async fn ends(office: &Office, id: &str) -> (Option<EmployeeId>, Option<String>, Option<String>) {
    let author = office.row("chat", id).await.author.unwrap();
    (office.chat("chat").await.responsible, author.name, author.id)
}

#[tokio::test]
async fn a_crm_user_id_is_a_label() {
    let office = office().await;
    office.join("18", Role::QualityControl, |_| {}).await;
    let user = json!({"employees": [{"id": "19", "name": "Вера"}]});
    office.bench.expect(200, &office.company.key, "PUT", "/v1/employees", Some(user)).await;
    let long = "я".repeat(200);
    for (id, name) in
        [("18", Some("Name of 18")), ("19", Some("Вера")), ("stranger", None), (long.as_str(), None)]
    {
        let sent = office.taken(with(text("Добрый день"), json!({"crmUserId": id}))).await;
        let expected = (None, name.map(str::to_owned), Some(id.to_owned()));
        assert_eq!(ends(&office, &sent).await, expected, "{id}");
        let path = format!("/v3/message/{sent}");
        let (status, answer) = office.v3("PATCH", &path, json!({"text": "Да", "crmUserId": id})).await;
        assert_eq!(status, 200, "{id}: {answer}");
    }
    let sent = office.taken(with(text("Добрый день"), json!({"crmUserId": "17"}))).await;
    assert_eq!(ends(&office, &sent).await.0, Some(EmployeeId::new("17")), "who may be assigned is");
    // Another employee's client: the message goes, and the client stays.
    office.join("20", Role::Manager, |_| {}).await;
    let sent = office.taken(with(text("Добрый день"), json!({"crmUserId": "20"}))).await;
    assert_eq!(ends(&office, &sent).await.0, Some(EmployeeId::new("17")));
}

#[tokio::test]
async fn a_stranger_whom_a_label_writes_to_has_no_employee() {
    let office = office().await;
    office.join("18", Role::Manager, |place| place.sends = false).await;
    for (phone, id, responsible) in [
        ("79020001122", "stranger", None),
        ("79020001133", "18", None),
        ("79020001144", "17", Some(EmployeeId::new("17"))),
    ] {
        let body = with(text("Здравствуйте"), json!({"chatId": phone, "crmUserId": id}));
        office.taken(body).await;
        let account = rows::account(&office.company);
        let owner = office.bench.app.store.account(&account).await.unwrap().unwrap();
        let channel = shared::base::ids::ChannelId::new(office.channel.as_str());
        let chat = shared::base::ids::ChatId::derive(&owner.id_salt, &channel, &format!("whatsapp:{phone}"));
        let chat = office.bench.app.store.chat(&account, &chat).await.unwrap().unwrap();
        assert_eq!(chat.responsible, responsible, "{id}");
    }
}

#[tokio::test]
async fn rights_of_a_crm_user_apply_where_the_account_says_so() {
    let office = office().await;
    office.join("18", Role::QualityControl, |_| {}).await;
    let sent = office.taken(with(text("Да"), json!({"crmUserId": "18"}))).await;
    let set = async |on: bool| {
        let body = Some(json!({"crm_user_rights": on}));
        let answer = office.bench.expect(200, &office.company.key, "PATCH", "/v1/account", body).await;
        assert_eq!(answer["crm_user_rights"], on);
    };
    set(true).await;
    for id in ["18", "gone"] {
        office.not_taken(with(text("a"), json!({"crmUserId": id})), "CHAT_NO_ACCESS").await;
        let path = format!("/v3/message/{sent}");
        let (status, answer) = office.v3("PATCH", &path, json!({"text": "a", "crmUserId": id})).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some("CHAT_NO_ACCESS")), "{answer}");
    }
    set(false).await;
    office.taken(with(text("a"), json!({"crmUserId": "gone"}))).await;
}

#[tokio::test]
async fn a_file_may_be_behind_http_at_a_public_host() {
    let office = office().await;
    let mut body = with(text(""), json!({"contentUri": "http://files.example/a.jpg"}));
    body.as_object_mut().unwrap().remove("text");
    let id = office.taken(body).await;
    assert_eq!(office.row("chat", &id).await.media.unwrap().url, "http://files.example/a.jpg");
}

#[tokio::test]
async fn a_file_is_replaced_where_the_messenger_can() {
    let office = office().await;
    let file = |uri: &str| json!({ "contentUri": uri });
    let id = office.taken(text("Да")).await;
    let path = format!("/v3/message/{id}");
    let refused = async |body: Value, code: &str| {
        let (status, answer) = office.v3("PATCH", &path, body).await;
        assert_eq!((status, answer["error"].as_str()), (400, Some(code)), "{answer}");
    };
    let public = file("http://files.example/b.jpg");
    refused(public.clone(), "CHANNEL_INVALID_TRANSPORT_FOR_CONTENT_EDITING").await;
    refused(file("http://10.0.0.1/b.jpg"), "MESSAGE_DOWNLOAD_CONTENT_ERROR").await;
    refused(with(public.clone(), json!({"text": "a"})), "MESSAGE_ONLY_TEXT_OR_CONTENT").await;
    office.set_channel(|channel| channel.transport = Some("avito".into())).await;
    refused(public.clone(), "CHANNEL_INVALID_TRANSPORT_FOR_EDITING").await;
    office.set_channel(|channel| channel.transport = Some("tgapi".into())).await;
    let (status, answer) = office.v3("PATCH", &path, public).await;
    assert_eq!((status, answer["messageId"].as_str()), (200, Some(id.as_str())), "{answer}");
    let action = office.jobs("chat").await.pop().unwrap().action;
    assert!(matches!(action, Action::EditFile(media) if media.url == "http://files.example/b.jpg"));
}

#[tokio::test]
async fn a_first_chat_id_is_waited_for_five_seconds_and_no_longer() {
    let office = office().await;
    office.set_channel(|channel| channel.transport = Some("tgapi".into())).await;
    office.set_channel(|channel| channel.messenger = None).await;
    let before = office.bench.clock.now();
    let body =
        json!({"channelId": "c1", "chatType": "telegram", "phone": "79020001122", "text": "Здравствуйте"});
    let (status, answer) = office.v3("POST", "/v3/message", body).await;
    assert_eq!((status, answer["chatId"].as_str()), (201, Some("+79020001122")), "{answer}");
    assert_eq!(office.bench.clock.now().since(before), std::time::Duration::from_secs(5));
}
