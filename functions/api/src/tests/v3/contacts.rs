//! Contacts that the CRM loads: their responsible becomes ours at once (B1).

use super::refused;
use crate::testing::{Bench, Company};
use crate::tests::rows;
use serde_json::{Value, json};
use shared::base::ids::{AccountId, ChatId, ContactId};
use shared::model::chat::Chat;
use shared::model::chat::state::AssignmentState;
use shared::model::contact::Contact;
use shared::model::messenger::Messenger;
use shared::store::{Read, keys};

const PHONE: &str = "79011112233";

fn loaded(id: &str, responsible: &str, chat_id: &str) -> Value {
    json!({
        "id": id, "responsibleUserId": responsible, "name": "Marina", "uri": format!("https://crm.example.com/{id}"),
        "contactData": [{"chatType": "whatsapp", "chatId": chat_id}]
    })
}

/// An account with a CRM, two employees, and a client whose chat has no responsible.
async fn with_a_client(client: fn(&mut Chat)) -> (Bench, Company) {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let crm = json!({"kind": "universal", "webhook_url": "https://crm.example.com/hook"});
    bench.expect(200, &company.key, "PUT", "/v1/crm", Some(crm)).await;
    let users = json!([{"id": "17", "name": "Anna"}, {"id": "18", "name": "Boris"}]);
    bench.expect(200, &company.key, "POST", "/v3/users", Some(users)).await;
    let (channels, _) = bench.connected(&company.key, &["c1"]).await;
    let chat = rows::chat(&bench, &company, &channels[0], "chat", 1000, 1).await;
    rows::change(&bench, &chat, client).await;
    let identity =
        shared::model::contact::Identity { messenger: Messenger::Whatsapp, group: false, user: PHONE.into() };
    let contact = rows::contact(&bench, &company, "contact", Some(PHONE), &[identity]).await;
    rows::change(&bench, &contact, |contact| contact.crm = Default::default()).await;
    (bench, company)
}

async fn chat(bench: &Bench, company: &Company) -> Chat {
    bench.app.store.chat(&AccountId::new(company.id.as_str()), &ChatId::new("chat")).await.unwrap().unwrap()
}

async fn contact(bench: &Bench, company: &Company) -> Contact {
    let account = AccountId::new(company.id.as_str());
    bench.app.store.contact(&account, &ContactId::new("contact"), Read::Consistent).await.unwrap().unwrap()
}

#[tokio::test]
async fn contacts_are_loaded_paged_and_deleted() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    let marina = loaded("4711", "17", PHONE);
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([marina]))).await;
    assert_eq!(bench.expect(200, key, "GET", "/v3/contacts/4711", None).await, marina);
    for page in 0..2 {
        let hundred: Value =
            (0..100).map(|id| loaded(&format!("c{}", page * 100 + id), "17", "79020000000")).collect();
        bench.expect(200, key, "POST", "/v3/contacts", Some(hundred)).await;
    }
    let (mut ids, mut offset) = (Vec::new(), 0);
    loop {
        let page = bench.expect(200, key, "GET", &format!("/v3/contacts?offset={offset}"), None).await;
        assert_eq!(page["count"], 201);
        let found = page["data"].as_array().unwrap();
        ids.extend(found.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        if found.len() < 100 {
            break;
        }
        offset += 100;
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 201, "each once");
    bench.expect(200, key, "DELETE", "/v3/contacts/4711", None).await;
    refused(&bench, key, ("GET", "/v3/contacts/4711"), None, (404, "NOT_FOUND")).await;
    refused(&bench, key, ("DELETE", "/v3/contacts/4711"), None, (404, "NOT_FOUND")).await;
    let some = json!({"ids": (0..100).map(|id| format!("c{id}")).collect::<Vec<_>>()});
    bench.expect(200, key, "PATCH", "/v3/contacts/bulk_delete", Some(some)).await;
    assert_eq!(bench.expect(200, key, "GET", "/v3/contacts", None).await["count"], 100);
    refused(&bench, key, ("GET", "/v3/contacts?offset=x"), None, (400, "VALIDATION_ERROR")).await;
}

#[tokio::test]
async fn what_is_wrong_with_contacts_is_named() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    let post = ("POST", "/v3/contacts");
    let mut bad = [
        loaded("1", "17", "7"),
        loaded("2", "", "7"),
        loaded("3", "17", ""),
        loaded("1", "17", "7"),
        json!({}),
        json!({"id": "a\nb", "responsibleUserId": 1.5, "name": "A", "contactData": [], "uri": "javascript:alert(1)"}),
    ];
    bad[1]["uri"] = json!("x".repeat(201));
    bad[1]["name"] = json!("x".repeat(201));
    let data = refused(&bench, key, post, Some(json!(bad)), (400, "INVALID_CONTACTS_DATA")).await;
    assert_eq!(
        data,
        json!([
            {"index": 1, "fields": ["responsibleUserId", "name", "uri"]}, {"index": 2, "fields": ["contactData"]},
            {"index": 3, "fields": ["id"]}, {"index": 4, "fields": ["id", "responsibleUserId", "name", "contactData"]},
            {"index": 5, "fields": ["id", "responsibleUserId", "uri"]}
        ])
    );
    let many: Value = (0..101).map(|id| loaded(&id.to_string(), "17", "7")).collect();
    refused(&bench, key, post, Some(many), (400, "TOO_MANY_ENTITIES")).await;
    assert_eq!(bench.expect(200, key, "GET", "/v3/contacts", None).await["count"], 0);
    // Telegram contacts can be identified by phone or user name alone.
    let telegram = json!([{"id": "5", "responsibleUserId": "17", "name": "A", "contactData": [{"chatType": "telegram", "username": "a"}]}]);
    bench.expect(200, key, "POST", "/v3/contacts", Some(telegram)).await;
}

#[tokio::test]
async fn b1_the_crms_responsible_is_ours_at_once_and_again_when_he_changes() {
    let (bench, company) = with_a_client(|_| {}).await;
    let key = &company.key;
    let waiting = chat(&bench, &company).await;
    let row = shared::model::assignment::WaitingClient {
        v: 1,
        account: waiting.account.clone(),
        channel: waiting.channel.clone(),
        chat: waiting.chat.clone(),
        contact: waiting.contact.clone(),
        arrived_at: waiting.waiting_since.unwrap(),
    };
    rows::create(&bench, &[row]).await;
    bench
        .expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("4711", "17", "+7 901 111-22-33")])))
        .await;
    let given = chat(&bench, &company).await;
    assert_eq!(
        (given.assignment_state, given.responsible.as_ref().map(|id| id.as_str())),
        (AssignmentState::Assigned, Some("17"))
    );
    assert_eq!(given.waiting_since, None);
    let left = bench.app.store.waiting(&given.account, &given.channel, 10).await.unwrap();
    assert!(left.is_empty(), "no client waits any more");
    let his = contact(&bench, &company).await;
    assert_eq!(his.responsible.as_ref().map(|id| id.as_str()), Some("17"));
    assert_eq!(his.crm.contact_id.as_deref(), Some("4711"));
    assert_eq!(his.crm.contact_uri.as_deref(), Some("https://crm.example.com/4711"));
    assert_eq!(given.seq, waiting.seq + 1, "one change");
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("4711", "17", PHONE)]))).await;
    assert_eq!(chat(&bench, &company).await.seq, given.seq, "the same again changes nothing");
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("4711", "18", PHONE)]))).await;
    let passed_on = chat(&bench, &company).await;
    assert_eq!(passed_on.responsible.as_ref().map(|id| id.as_str()), Some("18"));
    assert_eq!(passed_on.seq, given.seq + 1);
}

#[tokio::test]
async fn b3_a_client_who_is_nobodys_leaves_everybodys_list_in_that_write() {
    let (bench, company) = with_a_client(Chat::offer_to_all).await;
    let shared = chat(&bench, &company).await;
    let pool = keys::unclaimed(&shared.account, &shared.channel);
    assert_eq!(bench.app.store.unanswered_in(&pool).await.unwrap().count, 1);
    bench.expect(200, &company.key, "POST", "/v3/contacts", Some(json!([loaded("4711", "17", PHONE)]))).await;
    assert_eq!(bench.app.store.unanswered_in(&pool).await.unwrap().count, 0);
    assert_eq!(chat(&bench, &company).await.assignment_state, AssignmentState::Assigned);
}

#[tokio::test]
async fn a_responsible_whom_we_do_not_know_changes_nothing_but_the_link() {
    let (bench, company) = with_a_client(|_| {}).await;
    bench.expect(200, &company.key, "POST", "/v3/contacts", Some(json!([loaded("4711", "99", PHONE)]))).await;
    assert_eq!(chat(&bench, &company).await.assignment_state, AssignmentState::Waiting);
    let his = contact(&bench, &company).await;
    assert_eq!((his.responsible, his.crm.contact_id.as_deref()), (None, Some("4711")));
}

#[tokio::test]
async fn a_client_who_is_another_contact_there_keeps_that_one_and_its_responsible() {
    let (bench, company) = with_a_client(|_| {}).await;
    let key = &company.key;
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("4711", "17", PHONE)]))).await;
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("4712", "18", PHONE)]))).await;
    let his = contact(&bench, &company).await;
    assert_eq!(his.crm.contact_id.as_deref(), Some("4711"));
    assert_eq!(his.responsible.as_ref().map(|id| id.as_str()), Some("17"));
}

#[tokio::test]
async fn a_chat_in_which_the_client_has_not_written_gets_a_responsible_and_stays_silent() {
    let (bench, company) = with_a_client(|chat| {
        chat.assignment_state = AssignmentState::Silent;
        chat.waiting_since = None;
    })
    .await;
    bench.expect(200, &company.key, "POST", "/v3/contacts", Some(json!([loaded("4711", "17", PHONE)]))).await;
    let silent = chat(&bench, &company).await;
    assert_eq!((silent.assignment_state, silent.responsible.is_some()), (AssignmentState::Silent, true));
}

#[tokio::test]
async fn a_deleted_contact_leaves_the_client_as_he_is() {
    let (bench, company) = with_a_client(|_| {}).await;
    let key = &company.key;
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("4711", "17", PHONE)]))).await;
    let before = contact(&bench, &company).await;
    bench.expect(200, key, "DELETE", "/v3/contacts/4711", None).await;
    assert_eq!(contact(&bench, &company).await, before);
    let account = AccountId::new(company.id.as_str());
    let owner = bench.app.store.account(&account).await.unwrap().unwrap();
    let digest =
        shared::model::contact::blacklist::Subject::Phone(before.phone.unwrap()).digest(&owner.id_salt);
    let found = bench.app.store.crm_contacts_by(&owner, std::slice::from_ref(&digest)).await.unwrap();
    assert!(found.is_empty(), "nothing leads to it any more");
    assert!(bench.app.store.crm_subjects(&account, &[digest]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_contact_is_found_by_what_it_has_now() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let owner = bench.app.store.account(&AccountId::new(company.id.as_str())).await.unwrap().unwrap();
    let digest = |phone: &str| {
        let phone = shared::base::phone::Phone::parse(phone, "RU").unwrap();
        shared::model::contact::blacklist::Subject::Phone(phone).digest(&owner.id_salt)
    };
    let found = |phone: &str| {
        let (store, owner, digest) = (bench.app.store.clone(), owner.clone(), digest(phone));
        async move { store.crm_contacts_by(&owner, &[digest]).await.unwrap().len() }
    };
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("1", "17", PHONE)]))).await;
    assert_eq!(found(PHONE).await, 1);
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("1", "17", "79022223344")]))).await;
    assert_eq!((found(PHONE).await, found("79022223344").await), (0, 1));
    // A second contact has the number now, so deleting the first one keeps what leads from the number to the second.
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("2", "17", "79022223344")]))).await;
    bench.expect(200, key, "DELETE", "/v3/contacts/1", None).await;
    assert_eq!(found("79022223344").await, 1);
}
