//! Contacts: read and searched.

use super::rows::{chat, contact, ids, telegram};
use crate::testing::{Bench, Company};
use serde_json::{Value, json};
use shared::model::contact::Identity;
use shared::model::messenger::Messenger;

fn whatsapp(user: &str) -> Identity {
    Identity { messenger: Messenger::Whatsapp, group: false, user: user.into() }
}

async fn found(bench: &Bench, company: &Company, query: &str) -> Vec<String> {
    let path = format!("/v1/contacts?{query}");
    let answer = bench.expect(200, &company.key, "GET", &path, None).await;
    let ids = answer["contacts"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test]
async fn p11_a_phone_finds_its_owner_in_every_spelling() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    contact(&bench, &company, "anna", Some("+79011112233"), &[telegram("42")]).await;
    contact(&bench, &company, "boris", None, &[whatsapp("79021112233")]).await;
    for spelling in ["%2B79011112233", "8+901+111-22-33", "8(901)1112233", "9011112233"] {
        assert_eq!(found(&bench, &company, &format!("phone={spelling}")).await, ["anna"], "{spelling}");
    }
    assert_eq!(found(&bench, &company, "phone=89021112233").await, ["boris"], "the id is the phone");
    assert_eq!(found(&bench, &company, "phone=89031112233").await, Vec::<String>::new());
    assert_eq!(found(&bench, &company, "messenger=telegram&user=42").await, ["anna"]);
    for none in
        ["messenger=telegram&user=43", "messenger=telegram&user=42&group=true", "messenger=vk&user=42"]
    {
        assert_eq!(found(&bench, &company, none).await, Vec::<String>::new(), "{none}");
    }
    for spelled in
        ["WhatsApp&user=%2B7+902+111-22-33", "+whatsapp+&user=89021112233", "whatsapp&user=79021112233"]
    {
        assert_eq!(found(&bench, &company, &format!("messenger={spelled}")).await, ["boris"], "{spelled}");
    }
    assert_eq!(found(&bench, &company, "messenger=Telegram&user=+42+").await, ["anna"]);
    // The client's number today has no 1 in it; the messenger's id is older.
    contact(&bench, &company, "juan", None, &[whatsapp("5215512345678")]).await;
    assert_eq!(found(&bench, &company, "messenger=whatsapp&user=5215512345678").await, ["juan"]);
    let other = bench.company("Two").await;
    assert_eq!(found(&bench, &other, "phone=89011112233").await, Vec::<String>::new());
    assert_eq!(found(&bench, &other, "messenger=telegram&user=42").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_phone_is_read_as_of_the_accounts_region() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    contact(&bench, &company, "hans", Some("+4915112345678"), &[]).await;
    let query = "phone=0151+12345678";
    bench
        .refused(
            &company.key,
            ("GET", &format!("/v1/contacts?{query}")),
            None,
            (400, "invalid_value", Some("phone")),
        )
        .await;
    bench.expect(200, &company.key, "PATCH", "/v1/account", Some(json!({"region": "DE"}))).await;
    assert_eq!(found(&bench, &company, query).await, ["hans"]);
}

#[tokio::test]
async fn a_look_up_says_what_it_lacks() {
    let bench = Bench::new().await;
    let key = bench.company("One").await.key;
    for (query, code, field) in [
        ("", "missing_field", "phone"),
        ("messenger=vk", "missing_field", "user"),
        ("user=1", "missing_field", "messenger"),
        ("phone=89011112233&messenger=vk", "invalid_value", "messenger"),
        ("phone=89011112233&user=1", "invalid_value", "user"),
        ("phone=89011112233&group=true", "invalid_value", "group"),
        ("phone=junk", "invalid_value", "phone"),
        ("phone=", "invalid_value", "phone"),
        ("phone=89011112233;89021112233", "invalid_value", "phone"),
        ("messenger=vk&user=", "invalid_value", "user"),
        ("messenger=&user=1", "invalid_value", "messenger"),
        ("messenger=whatsgroup&user=1", "invalid_value", "messenger"),
        ("messenger=TeleGroup&user=1", "invalid_value", "messenger"),
        ("messenger=maxgroup&user=1&group=true", "invalid_value", "messenger"),
        ("messenger=whatsapp&user=junk", "invalid_value", "user"),
        ("messenger=viber&user=89011112233;89021112233", "invalid_value", "user"),
        ("name=Ivan", "unknown_field", "name"),
    ] {
        let path = format!("/v1/contacts?{query}");
        bench.refused(&key, ("GET", &path), None, (400, code, Some(field))).await;
    }
}

#[tokio::test]
async fn a_contact_shows_all_by_which_he_is_known() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    contact(&bench, &company, "anna", Some("+79011112233"), &[telegram("42")]).await;
    contact(&bench, &company, "also", Some("+79021112233"), &[whatsapp("79021112233")]).await;
    bench.expect(200, &company.key, "POST", "/v1/contacts/also/merge", Some(json!({"into": "anna"}))).await;
    let anna = bench.expect(200, &company.key, "GET", "/v1/contacts/anna", None).await;
    assert_eq!(anna, bench.expect(200, &company.key, "GET", "/v1/contacts/also", None).await, "resolved");
    assert_eq!((&anna["id"], &anna["merged_from"]), (&json!("anna"), &json!(["also"])));
    assert_eq!(anna["phone"], "+79011112233");
    assert_eq!(anna["phones"], json!(["+79011112233", "+79021112233"]));
    let users: Vec<&Value> = anna["identities"].as_array().unwrap().iter().map(|one| &one["user"]).collect();
    assert_eq!(users, ["42", "79021112233"]);
    assert_eq!(anna["crm"]["contact_id"], "crm-anna");
    assert_eq!(found(&bench, &company, "phone=89021112233").await, ["anna"]);
}

#[tokio::test]
async fn a_persons_chats_are_those_of_all_his_contacts() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    contact(&bench, &company, "contact", None, &[telegram("1")]).await;
    contact(&bench, &company, "other", None, &[telegram("2")]).await;
    contact(&bench, &company, "empty", None, &[telegram("3")]).await;
    for id in ["a", "b", "c"] {
        chat(&bench, &company, "channel", id, 1_000_000, 1).await;
    }
    for (from, into) in [("contact", "other"), ("empty", "other")] {
        let path = format!("/v1/contacts/{from}/merge");
        bench.expect(200, key, "POST", &path, Some(json!({"into": into}))).await;
    }
    for (contact, limit) in [("other", 1), ("other", 2), ("contact", 3), ("empty", 100)] {
        let path = format!("/v1/contacts/{contact}/chats?limit={limit}");
        let mut all = ids(&bench, key, &path, "chats").await;
        all.sort();
        assert_eq!(all, ["a", "b", "c"], "{path}");
    }
    let page = bench.expect(200, key, "GET", "/v1/contacts/other/chats?limit=1", None).await;
    assert_eq!(page["chats"][0]["contact"], "other", "resolved");
    let cursor = page["next_cursor"].as_str().unwrap();
    bench.expect(200, key, "POST", "/v1/contacts/other/merges/contact/undo", None).await;
    let path = format!("/v1/contacts/other/chats?cursor={cursor}");
    bench.refused(key, ("GET", &path), None, (400, "invalid_cursor", Some("cursor"))).await;
    assert_eq!(ids(&bench, key, "/v1/contacts/other/chats?limit=1", "chats").await, Vec::<String>::new());
    let first = bench.expect(200, key, "GET", "/v1/chats/a", None).await;
    assert_eq!(first["contact"]["id"], "contact", "no row was rewritten");
}
