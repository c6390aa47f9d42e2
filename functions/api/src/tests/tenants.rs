//! No account sees or changes what belongs to another.

use super::access::document;
use super::{rows, test_message};
use crate::testing::{Bench, Company};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use shared::base::ids::{ChatId, MessageId};
use shared::model::message::listing::{ChatListing, Listing};
use shared::store::keys::{self, Pointer};

/// Every operation of accounts that names one of their ids: method, path, and the document's example of its body.
pub fn operations_on_ids(document: &Value) -> Vec<(String, String, Option<Value>)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let own = operation["tags"][0] != "operator" && operation["security"] != json!([{}]);
            // A phone belongs to no account; `numbers` tests what is known of it.
            if own && path.contains('{') && !path.contains("{phone}") {
                let body = operation.get("requestBody");
                let body = body.map(|body| body["content"]["application/json"]["example"].clone());
                found.push((method.to_uppercase(), path.clone(), body));
            }
        }
    }
    found
}

/// An answer without its request's id.
pub fn told(mut answer: Value) -> Value {
    for id in ["request_id", "requestId"] {
        answer.as_object_mut().map(|answer| answer.remove(id));
    }
    answer
}

/// A resource of each kind that a path can name, all of one account.
pub async fn belongings(bench: &Bench, company: &Company) -> Vec<(&'static str, String)> {
    let (channels, connection) = bench.connected(&company.key, &["c1"]).await;
    let load = json!({"employees": [{"id": "7", "name": "Anna"}]});
    bench.expect(200, &company.key, "PUT", "/v1/employees", Some(load)).await;
    let member = json!({"role": "head", "receives_new_clients": true});
    let place = format!("/v1/channels/{}/employees/7", channels[0]);
    bench.expect(200, &company.key, "PUT", &place, Some(member)).await;
    let keys = bench.expect(200, &company.key, "GET", "/v1/keys", None).await;
    let chat = rows::chat(bench, company, &channels[0], "chat", 1, 1).await;
    let listing = Listing { id: "2508461773".into(), ..Listing::default() };
    let listing = ChatListing::tell(None, &chat.account, &chat.chat, &listing, chat.listed_at).unwrap();
    rows::create(bench, std::slice::from_ref(&listing)).await;
    for contact in ["contact", "into", "from", "erased"] {
        rows::contact(bench, company, contact, None, &[rows::telegram(contact)]).await;
    }
    let merge = Some(json!({"into": "contact"}));
    bench.expect(200, &company.key, "POST", "/v1/contacts/from/merge", merge).await;
    let erasure = bench.expect(202, &company.key, "DELETE", "/v1/contacts/erased", None).await;
    let block = json!({"identity": {"messenger": "vk", "user": "1"}});
    let block = bench.expect(200, &company.key, "PUT", "/v1/blacklist", Some(block)).await;
    let reply = Some(json!({"title": "Hi", "text": "Hello"}));
    let reply = bench.expect(201, &company.key, "POST", "/v1/quick-replies", reply).await;
    let test = test_message::row_like(company);
    rows::create(bench, std::slice::from_ref(&test)).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let sent = Some(json!({"text": "Good afternoon!"}));
    let sent = bench.expect(202, &company.key, "POST", "/v1/chats/chat/messages", sent).await;
    load_entities(bench, company).await;
    let failure = rows::crm_failure(company, &channels[0], "chat");
    rows::create(bench, std::slice::from_ref(&failure)).await;
    vec![
        ("failure", failure.id),
        ("channel", channels[0].clone()),
        ("connection", connection),
        ("employee", "7".into()),
        ("key", text(&keys["keys"][0]["id"])),
        ("chat", "chat".into()),
        ("listing", keys::listing_digest(&listing.listing.id)),
        ("contact", "contact".into()),
        ("from", "from".into()),
        ("erasure", text(&erasure["erasure"]["id"])),
        ("block", text(&block["id"])),
        ("reply", text(&reply["id"])),
        ("test", test.id),
        ("message", text(&sent["message"]["id"])),
        // The employee's id, and that of everything that a CRM loads.
        ("id", "7".into()),
    ]
}

/// Loads a contact and a deal of the CRM, and stores a message that it sent, all with the employee's id.
async fn load_entities(bench: &Bench, company: &Company) {
    let contact = json!([{"id": "7", "name": "Ivan", "responsibleUserId": "7", "contactData": []}]);
    let deal =
        json!([{"id": "7", "name": "Ivan", "responsibleUserId": "7", "contacts": ["7"], "closed": false}]);
    for (kind, body) in [("contacts", contact), ("deals", deal)] {
        bench.expect(200, &company.key, "POST", &format!("/v3/{kind}"), Some(body)).await;
    }
    let pointer = Pointer {
        account: rows::account(company),
        connection: shared::model::outbound::own_ids(),
        message_id: MessageId::new("7"),
        chat: ChatId::new("chat"),
        own_id: Some(MessageId::new("7")),
    };
    rows::create(bench, &[pointer]).await;
}

#[tokio::test]
async fn another_accounts_ids_are_as_unknown_ones() {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    let belongings = belongings(&bench, &one).await;
    let operations = operations_on_ids(&document(&bench).await);
    assert!(operations.len() >= 57, "{}", operations.len());
    let lists = [("GET".to_owned(), "/v1/chats?channel={channel}".to_owned(), None)];
    for (method, path, body) in operations.into_iter().chain(lists) {
        let fill = |ids: &dyn Fn(&str) -> String| {
            belongings
                .iter()
                .fold(path.clone(), |path, (name, id)| path.replace(&format!("{{{name}}}"), &ids(id)))
        };
        let (foreign, unknown) = (fill(&str::to_owned), fill(&|_| "x".to_owned()));
        assert!(!foreign.contains('{'), "nothing of the kind is there: {foreign}");
        // Wazzup answers an unknown message with a 400, and an unknown user has nothing to answer.
        let status = match path.as_str() {
            "/v3/message/{id}" => 400,
            "/v3/unanswered/{id}" => 200,
            _ => 404,
        };
        let foreign_answer = bench.expect(status, &two.key, &method, &foreign, body.clone()).await;
        let unknown_answer = bench.expect(status, &two.key, &method, &unknown, body).await;
        assert_eq!(told(foreign_answer), told(unknown_answer), "{method} {foreign}");
    }
    let merge = Some(json!({"into": "contact"}));
    rows::contact(&bench, &two, "mine", None, &[]).await;
    bench.expect(404, &two.key, "POST", "/v1/contacts/mine/merge", merge).await;
    let still = bench.expect(200, &one.key, "GET", "/v1/contacts/contact", None).await;
    assert_eq!(still["merged_from"], json!(["from"]));
}

#[tokio::test]
async fn an_account_sees_only_its_own_and_acts_for_nobody_else() {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    bench.connected(&one.key, &["c1"]).await;
    let load = json!({"employees": [{"id": "7", "name": "Anna"}]});
    bench.expect(200, &one.key, "PUT", "/v1/employees", Some(load)).await;
    rows::contact(&bench, &one, "contact", Some("+79011112233"), &[]).await;
    bench.expect(200, &one.key, "PUT", "/v1/blacklist", Some(json!({"phone": "89011112233"}))).await;
    bench.expect(202, &one.key, "DELETE", "/v1/contacts/contact", None).await;
    for path in ["channels", "connections", "employees", "blacklist", "erasures"] {
        let answer = bench.expect(200, &two.key, "GET", &format!("/v1/{path}"), None).await;
        assert_eq!(answer[path], json!([]));
    }
    let request =
        Request::builder().uri("/v1/account").header("authorization", format!("Bearer {}", two.key));
    let request = request.header("Switchboard-Account", &one.id).body(Body::empty()).unwrap();
    assert_eq!(bench.send(request).await.0, 404, "an account acts only for itself");
}
