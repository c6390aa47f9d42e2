//! Deals that the CRM loads.

use super::refused;
use crate::testing::Bench;
use crate::tests::rows;
use serde_json::{Value, json};
use shared::base::ids::{AccountId, ContactId};
use shared::model::messenger::Messenger;
use shared::store::Read;

fn deal(id: &str, contacts: &[&str]) -> Value {
    json!({
        "id": id, "responsibleUserId": "17", "name": "Mazda", "uri": format!("https://crm.example.com/deals/{id}"),
        "contacts": contacts, "closed": false
    })
}

#[tokio::test]
async fn deals_are_loaded_listed_and_deleted() {
    let bench = Bench::new().await;
    let key = &bench.company("One").await.key;
    let mut linked = deal("815", &["4711"]);
    bench.expect(200, key, "POST", "/v3/deals", Some(json!([linked]))).await;
    assert_eq!(bench.expect(200, key, "GET", "/v3/deals/815", None).await, linked);
    let odd = json!([{"id": 816, "responsibleUserId": 17, "name": "B", "link": "https://crm.example.com/b", "contacts": [4711], "closed": "true"}]);
    bench.expect(200, key, "POST", "/v3/deals", Some(odd)).await;
    let read = bench.expect(200, key, "GET", "/v3/deals/816", None).await;
    assert_eq!(
        (&read["uri"], &read["contacts"], &read["closed"]),
        (&json!("https://crm.example.com/b"), &json!(["4711"]), &json!(true))
    );
    linked["closed"] = json!(true);
    bench.expect(200, key, "POST", "/v3/deals", Some(json!([linked]))).await;
    assert_eq!(bench.expect(200, key, "GET", "/v3/deals/815", None).await["closed"], true);
    assert_eq!(bench.expect(200, key, "GET", "/v3/deals?offset=0", None).await["count"], 2);
    assert_eq!(bench.expect(200, key, "GET", "/v3/deals?offset=2", None).await["data"], json!([]));
    bench.expect(200, key, "DELETE", "/v3/deals/815", None).await;
    refused(&bench, key, ("DELETE", "/v3/deals/815"), None, (404, "NOT_FOUND")).await;
    let unknown =
        bench.expect(200, key, "PATCH", "/v3/deals/bulk_delete", Some(json!(["x", "816", 17]))).await;
    assert_eq!(unknown, json!(["x", "17"]));
    assert_eq!(bench.expect(200, key, "GET", "/v3/deals", None).await["count"], 0);
    let post = ("POST", "/v3/deals");
    let bad = json!([deal("1", &[]), deal("1", &[]), {"id": "2", "contacts": [{}]},
        {"id": 1.5, "responsibleUserId": "1\u{0}", "name": "A", "contacts": [1.5], "link": "javascript:alert(1)"}]);
    let data = refused(&bench, key, post, Some(bad), (400, "INVALID_DEALS_DATA")).await;
    assert_eq!(
        data,
        json!([{"index": 1, "fields": ["id"]}, {"index": 2, "fields": ["responsibleUserId", "name", "contacts"]},
            {"index": 3, "fields": ["id", "responsibleUserId", "link", "contacts"]}])
    );
    let many: Value = (0..101).map(|id| deal(&id.to_string(), &[])).collect();
    refused(&bench, key, post, Some(many), (400, "TOO_MANY_ENTITIES")).await;
}

#[tokio::test]
async fn a_deal_becomes_its_clients_as_far_as_he_has_none() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let crm = json!({"kind": "universal", "webhook_url": "https://crm.example.com/hook"});
    bench.expect(200, key, "PUT", "/v1/crm", Some(crm)).await;
    let identity =
        shared::model::contact::Identity { messenger: Messenger::Vk, group: false, user: "77".into() };
    let contact = rows::contact(&bench, &company, "contact", None, &[identity]).await;
    rows::change(&bench, &contact, |contact| contact.crm = Default::default()).await;
    let account = AccountId::new(company.id.as_str());
    let records = || async {
        let read = bench.app.store.contact(&account, &ContactId::new("contact"), Read::Consistent).await;
        read.unwrap().unwrap().crm
    };
    bench.expect(200, key, "POST", "/v3/deals", Some(json!([deal("814", &["4711"])]))).await;
    assert_eq!(records().await.deal_id, None, "no client is linked to that contact yet");
    let loaded = json!([{"id": "4711", "responsibleUserId": "17", "name": "A", "contactData": [{"chatType": "vk", "chatId": "77"}]}]);
    bench.expect(200, key, "POST", "/v3/contacts", Some(loaded)).await;
    bench.expect(200, key, "POST", "/v3/deals", Some(json!([deal("815", &["4711", "4712"])]))).await;
    assert_eq!(records().await.deal_id.as_deref(), Some("815"));
    bench.expect(200, key, "POST", "/v3/deals", Some(json!([deal("816", &["4711"])]))).await;
    assert_eq!(records().await.deal_id.as_deref(), Some("815"), "the first one stays");
    bench.expect(200, key, "DELETE", "/v3/deals/815", None).await;
    let left = records().await;
    assert_eq!((left.contact_id.as_deref(), left.deal_id, left.generation), (Some("4711"), None, 1));
}
