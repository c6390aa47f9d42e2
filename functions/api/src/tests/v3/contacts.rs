//! Contacts that the CRM loads: their responsible becomes ours at once (B1).

use super::refused;
use crate::testing::{Bench, Company};
use crate::tests::rows;
use serde_json::{Value, json};
use shared::base::ids::{AccountId, ChatId, ContactId};
use shared::model::chat::Chat;
use shared::model::chat::state::AssignmentState;
use shared::model::contact::Contact;
use shared::model::crm::entities::RecordKind;
use shared::model::messenger::Messenger;
use shared::store::{Read, keys};
use std::sync::Arc;
use tower::ServiceExt;

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

/// Marks the chat as one whose records the CRM has.
async fn settle(bench: &Bench, company: &Company) {
    let before = chat(bench, company).await;
    rows::change(bench, &before, |chat| chat.records_in = Some("crm".into())).await;
}

/// Stores the records that the CRM created for the client, as `crm-push` does.
async fn created(bench: &Bench, company: &Company, contact_id: &str, deal_id: Option<&str>) -> Contact {
    let account = AccountId::new(company.id.as_str());
    let crm = bench.app.store.crm(&account, Read::Consistent).await.unwrap().unwrap();
    let before = contact(bench, company).await;
    let after = rows::change(bench, &before, |contact| {
        contact.crm = contact.crm.as_of(&crm.fingerprint());
        contact.crm.contact_id = Some(contact_id.into());
        contact.crm.contact_uri = Some(format!("https://crm.example.com/{contact_id}"));
        contact.crm.deal_id = deal_id.map(str::to_owned);
    })
    .await;
    let writes = shared::store::record_owners::gained(&before, &after).unwrap();
    bench.app.store.commit(writes).await.unwrap();
    settle(bench, company).await;
    after
}

#[tokio::test]
async fn what_the_crm_created_is_shown_and_forgotten_when_it_is_deleted() {
    let (bench, company) = with_a_client(|_| {}).await;
    let key = &company.key;
    created(&bench, &company, "1", Some("2")).await;
    let shown = bench.expect(200, key, "GET", "/v3/contacts/1", None).await;
    assert_eq!(
        shown,
        json!({"id": "1", "responsibleUserId": "", "name": "Name of contact", "uri": "https://crm.example.com/1",
            "contactData": [{"chatType": "whatsapp", "chatId": PHONE}]})
    );
    assert_eq!(bench.expect(200, key, "GET", "/v3/contacts", None).await["count"], 0);
    refused(&bench, key, ("DELETE", "/v3/contacts/2"), None, (404, "NOT_FOUND")).await;
    refused(&bench, key, ("GET", "/v3/deals/2"), None, (404, "NOT_FOUND")).await;
    bench.expect(200, key, "DELETE", "/v3/deals/2", None).await;
    let left = contact(&bench, &company).await.crm;
    assert_eq!((left.contact_id.as_deref(), &left.deal_id, left.generation), (Some("1"), &None, 1));
    assert_eq!(chat(&bench, &company).await.records_in, None);
    refused(&bench, key, ("DELETE", "/v3/deals/2"), None, (404, "NOT_FOUND")).await;
    created(&bench, &company, "1", Some("3")).await;
    let unknown = bench.expect(200, key, "PATCH", "/v3/contacts/bulk_delete", Some(json!(["1", "9"]))).await;
    assert_eq!(unknown, json!(["9"]));
    let left = contact(&bench, &company).await.crm;
    assert_eq!((left.contact_id, left.deal_id, left.generation), (None, None, 2));
    assert_eq!(chat(&bench, &company).await.records_in, None);
    let account = AccountId::new(company.id.as_str());
    for (kind, id) in [(RecordKind::Contact, "1"), (RecordKind::Deal, "2"), (RecordKind::Deal, "3")] {
        assert!(bench.app.store.record_owners(&account, kind, id).await.unwrap().is_empty(), "{kind:?} {id}");
    }
    refused(&bench, key, ("GET", "/v3/contacts/1"), None, (404, "NOT_FOUND")).await;
}

#[tokio::test]
async fn another_companys_or_another_crms_record_is_not_forgotten() {
    let (bench, company) = with_a_client(|_| {}).await;
    created(&bench, &company, "1", None).await;
    let other = bench.company("Other").await;
    refused(&bench, &other.key, ("DELETE", "/v3/contacts/1"), None, (404, "NOT_FOUND")).await;
    let moved = json!({"kind": "universal", "webhook_url": "https://another.example.com/hook"});
    bench.expect(200, &company.key, "PUT", "/v1/crm", Some(moved)).await;
    refused(&bench, &company.key, ("DELETE", "/v3/contacts/1"), None, (404, "NOT_FOUND")).await;
    assert_eq!(contact(&bench, &company).await.crm.contact_id.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_record_that_an_alias_has_too_is_forgotten_with_it() {
    let (bench, company) = with_a_client(|_| {}).await;
    let root = created(&bench, &company, "1", None).await;
    let alias = rows::contact(&bench, &company, "alias", None, &[rows::telegram("7")]).await;
    let before = alias.clone();
    let alias = rows::change(&bench, &alias, |alias| {
        alias.merged_into = Some(root.contact.clone());
        alias.crm = root.crm.clone();
    })
    .await;
    rows::change(&bench, &root, |root| root.merged_from = vec![alias.contact.clone()]).await;
    let writes = shared::store::record_owners::gained(&before, &alias).unwrap();
    bench.app.store.commit(writes).await.unwrap();
    let shown = bench.expect(200, &company.key, "GET", "/v3/contacts/1", None).await;
    assert_eq!(
        shown["contactData"],
        json!([{"chatType": "whatsapp", "chatId": PHONE}, {"chatType": "telegram", "chatId": "7", "phone": PHONE}])
    );
    bench.expect(200, &company.key, "DELETE", "/v3/contacts/1", None).await;
    let alias =
        bench.app.store.contact(&alias.account, &alias.contact, Read::Consistent).await.unwrap().unwrap();
    assert_eq!((contact(&bench, &company).await.crm.contact_id, alias.crm.contact_id), (None, None));
}

#[tokio::test]
async fn a_loaded_contact_replaces_the_one_that_was_created() {
    let (bench, company) = with_a_client(|_| {}).await;
    let key = &company.key;
    created(&bench, &company, "1", Some("2")).await;
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("4711", "17", PHONE)]))).await;
    let client = contact(&bench, &company).await;
    assert_eq!(
        (client.crm.contact_id.as_deref(), client.crm.contact_uri.as_deref(), client.crm.deal_id.as_deref()),
        (Some("4711"), Some("https://crm.example.com/4711"), Some("2"))
    );
    assert_eq!(client.responsible.as_ref().map(|id| id.as_str()), Some("17"));
    assert_eq!(chat(&bench, &company).await.responsible, client.responsible);
    refused(&bench, key, ("DELETE", "/v3/contacts/1"), None, (404, "NOT_FOUND")).await;
    // A created contact that the CRM loads too is a loaded one from then on.
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("4712", "18", PHONE)]))).await;
    assert_eq!(contact(&bench, &company).await.crm, client.crm);
}

#[tokio::test]
async fn a_contact_loaded_by_phone_has_the_id_under_which_it_has_written() {
    let (bench, company) = with_a_client(|_| {}).await;
    let key = &company.key;
    let load = json!([{"id": "5", "responsibleUserId": "17", "name": "A", "contactData": [
        {"chatType": "telegram", "phone": "+7 902 333-44-55", "username": "@anna"},
        {"chatType": "max", "phone": "79023334455"}, {"chatType": "vk", "chatId": "9", "phone": "79023334455"}
    ]}]);
    bench.expect(200, key, "POST", "/v3/contacts", Some(load.clone())).await;
    let data = || async { bench.expect(200, key, "GET", "/v3/contacts/5", None).await["contactData"].take() };
    let telegram = json!({"chatType": "telegram", "username": "anna", "phone": "79023334455"});
    let others =
        [json!({"chatType": "max", "phone": "79023334455"}), json!({"chatType": "vk", "chatId": "9"})];
    assert_eq!(data().await, json!([telegram, others[0], others[1]]));
    rows::contact(&bench, &company, "anna", Some("79023334455"), &[rows::telegram("55")]).await;
    let mut met = telegram.clone();
    met["chatId"] = json!("55");
    assert_eq!(data().await, json!([met, others[0], others[1]]));
    bench.expect(200, key, "POST", "/v3/contacts", Some(load)).await;
    assert_eq!(data().await, json!([met, others[0], others[1]]));
    let page = bench.expect(200, key, "GET", "/v3/contacts", None).await;
    assert_eq!(page["data"][0]["contactData"][0], met);
}

/// Bodies as published clients of Wazzup send them.
#[tokio::test]
async fn bodies_of_published_clients_are_accepted() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    for (method, path, body) in [
        // A PHP client writes every member of its objects, empty ones as null, and ends its paths with a slash.
        (
            "POST",
            "/v3/contacts/",
            json!([{"id": "1", "name": "A", "responsibleUserId": "17", "contactData": [
            {"chatType": "whatsapp", "chatId": "79011112233", "username": null, "phone": null}], "uri": null}]),
        ),
        ("POST", "/v3/users/", json!([{"id": "17", "name": "Anna"}])),
        (
            "POST",
            "/v3/deals/",
            json!([{"id": "8", "responsibleUserId": "17", "name": "B", "uri": null,
            "contacts": ["1"], "closed": false}]),
        ),
        ("PATCH", "/v3/contacts/bulk_delete", json!(["1"])),
        // A Python client drops what is empty.
        (
            "POST",
            "/v3/contacts",
            json!([{"id": "2", "responsibleUserId": "17", "name": "A",
            "contactData": [{"chatType": "telegram", "phone": "79011112233"}]}]),
        ),
        (
            "POST",
            "/v3/deals",
            json!([{"id": "9", "responsibleUserId": "17", "name": "B", "contacts": ["2"],
            "uri": "https://crm.example.com/9"}]),
        ),
        // A bot sends an empty id and whatever its clients typed as a phone and a name.
        (
            "POST",
            "/v3/contacts",
            json!([{"id": "3", "responsibleUserId": "17", "name": "A", "contactData": [
            {"chatType": "telegram", "chatId": "", "phone": "8 (901) 111-22-33", "username": "anna"}]}]),
        ),
        (
            "POST",
            "/v3/users",
            json!([{"id": "18", "name": "b@example.com", "phone": ""}, {"id": "19", "name": "C", "phone": "no"}]),
        ),
        // An n8n node deletes lists of ids.
        ("PATCH", "/v3/users/bulk_delete", json!(["18", "19"])),
        ("PATCH", "/v3/deals/bulk_delete", json!(["8", "9"])),
    ] {
        let request = axum::http::Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {key}"));
        let request = request.body(lambda_http::Body::from(body.to_string())).unwrap();
        let answer = crate::service(Arc::clone(&bench.app)).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200, "{method} {path} {body}");
    }
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
    let mut sorted = ids.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), 201, "each once");
    assert_eq!(ids, sorted);
    bench.expect(200, key, "DELETE", "/v3/contacts/4711", None).await;
    refused(&bench, key, ("GET", "/v3/contacts/4711"), None, (404, "NOT_FOUND")).await;
    refused(&bench, key, ("DELETE", "/v3/contacts/4711"), None, (404, "NOT_FOUND")).await;
    let some = json!({"ids": (0..100).map(|id| format!("c{id}")).collect::<Vec<_>>()});
    let unknown = bench.expect(200, key, "PATCH", "/v3/contacts/bulk_delete", Some(some.clone())).await;
    assert_eq!(unknown, json!([]));
    assert_eq!(bench.expect(200, key, "GET", "/v3/contacts", None).await["count"], 100);
    assert_eq!(
        bench.expect(200, key, "PATCH", "/v3/contacts/bulk_delete", Some(some.clone())).await,
        some["ids"]
    );
    let odd = json!(["", "x".repeat(201), "c100"]);
    let unknown = bench.expect(200, key, "PATCH", "/v3/contacts/bulk_delete", Some(odd)).await;
    assert_eq!(unknown, json!(["", "x".repeat(201)]));
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
async fn a_deleted_contact_is_not_the_clients_any_more() {
    let (bench, company) = with_a_client(|_| {}).await;
    let key = &company.key;
    bench.expect(200, key, "POST", "/v3/contacts", Some(json!([loaded("4711", "17", PHONE)]))).await;
    let before = contact(&bench, &company).await;
    settle(&bench, &company).await;
    bench.expect(200, key, "DELETE", "/v3/contacts/4711", None).await;
    let after = contact(&bench, &company).await;
    assert_eq!((after.crm.contact_id.as_deref(), after.crm.generation), (None, 1));
    assert_eq!(after, shared::model::contact::Contact { crm: after.crm.clone(), ..before.clone() });
    let chat = chat(&bench, &company).await;
    assert_eq!((chat.records_in, chat.responsible), (None, before.responsible.clone()));
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
