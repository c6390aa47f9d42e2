//! The blacklist (C5).

use super::rows::{account, change, contact, ids, telegram};
use crate::testing::{Bench, Company};
use serde_json::{Value, json};
use shared::base::phone::Phone;
use shared::model::account::Account;
use shared::model::contact::blacklist::Subject;
use shared::store::{Read, keys};
use std::time::Duration;

async fn put(bench: &Bench, company: &Company, body: Value) -> Value {
    bench.expect(200, &company.key, "PUT", "/v1/blacklist", Some(body)).await
}

async fn owner(bench: &Bench, company: &Company) -> Account {
    bench.app.store.get(&keys::account(&account(company)), Read::Consistent).await.unwrap().unwrap()
}

async fn blocked(bench: &Bench, company: &Company, subject: Subject) -> bool {
    let owner = owner(bench, company).await;
    let now = shared::base::clock::Ambient::now(&*bench.clock);
    owner.has_blacklist && bench.app.store.is_blocked(&owner, &[subject], now).await.unwrap()
}

fn phone(text: &str) -> Subject {
    Subject::Phone(Phone::parse(text, "RU").unwrap())
}

async fn listed(bench: &Bench, company: &Company) -> Vec<String> {
    ids(bench, &company.key, "/v1/blacklist?limit=2", "blacklist").await
}

#[tokio::test]
async fn a_phone_is_blocked_in_every_spelling_and_messenger() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    assert!(!owner(&bench, &company).await.has_blacklist);
    assert!(!blocked(&bench, &company, phone("+79011112233")).await);
    let entry = put(&bench, &company, json!({"phone": "8 (901) 111-22-33", "note": "Advertises"})).await;
    assert_eq!((&entry["phone"], &entry["note"]), (&json!("+79011112233"), &json!("Advertises")));
    assert!(blocked(&bench, &company, phone("+79011112233")).await);
    for (messenger, user) in [
        ("whatsapp", "79011112233"),
        ("viber", "79011112233"),
        ("WhatsApp", "+7 901 111-22-33"),
        (" VIBER", "89011112233"),
    ] {
        let identity = json!({"identity": {"messenger": messenger, "user": user}});
        let same = put(&bench, &company, identity).await;
        assert_eq!((&same["id"], &same["phone"]), (&entry["id"], &entry["phone"]), "{messenger}");
        assert_eq!(same["created_at"], entry["created_at"]);
    }
    assert_eq!(listed(&bench, &company).await.len(), 1);
    assert!(!entry["id"].as_str().unwrap().contains("7901"));
    let other = bench.company("Two").await;
    assert!(!blocked(&bench, &other, phone("+79011112233")).await);
    let path = format!("/v1/blacklist/{}", entry["id"].as_str().unwrap());
    bench.expect(404, &other.key, "DELETE", &path, None).await;
    bench.expect(204, &company.key, "DELETE", &path, None).await;
    bench.expect(404, &company.key, "DELETE", &path, None).await;
    assert!(!blocked(&bench, &company, phone("+79011112233")).await);
}

#[tokio::test]
async fn what_is_known_of_a_phones_owner_is_blocked_and_freed_with_it() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    contact(&bench, &company, "anna", Some("+79011112233"), &[telegram("1")]).await;
    contact(&bench, &company, "also", None, &[telegram("2")]).await;
    contact(&bench, &company, "boris", None, &[telegram("3")]).await;
    bench.expect(200, &company.key, "POST", "/v1/contacts/also/merge", Some(json!({"into": "anna"}))).await;
    let own =
        put(&bench, &company, json!({"identity": {"messenger": "telegram", "user": "2"}, "note": "His own"}))
            .await;
    let entry = put(&bench, &company, json!({"phone": "89011112233"})).await;
    for (user, is) in [("1", true), ("2", true), ("3", false)] {
        assert_eq!(blocked(&bench, &company, Subject::Identity(telegram(user))).await, is, "{user}");
    }
    let page = bench.expect(200, &company.key, "GET", "/v1/blacklist", None).await;
    let of = |user: &str| {
        let all = page["blacklist"].as_array().unwrap();
        all.iter().find(|one| one["identity"]["user"] == user).unwrap().clone()
    };
    assert_eq!((&of("1")["follows"], &of("2")["follows"]), (&entry["id"], &Value::Null));
    assert_eq!(of("2"), own, "an entry of its own stays unchanged");
    let path = format!("/v1/blacklist/{}", entry["id"].as_str().unwrap());
    bench.expect(204, &company.key, "DELETE", &path, None).await;
    for (user, is) in [("1", false), ("2", true)] {
        assert_eq!(blocked(&bench, &company, Subject::Identity(telegram(user))).await, is, "{user}");
    }
}

#[tokio::test]
async fn a_phone_with_more_followers_than_a_transaction_takes_is_blocked() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let anna = contact(&bench, &company, "anna", Some("+79011112233"), &[]).await;
    let all: Vec<_> = (0..120).map(|at| telegram(&at.to_string())).collect();
    change(&bench, &anna, |contact| contact.identities = all.clone()).await;
    let entry = put(&bench, &company, json!({"phone": "89011112233"})).await;
    for identity in all {
        assert!(blocked(&bench, &company, Subject::Identity(identity)).await);
    }
    bench
        .expect(
            204,
            &company.key,
            "DELETE",
            &format!("/v1/blacklist/{}", entry["id"].as_str().unwrap()),
            None,
        )
        .await;
    assert!(!blocked(&bench, &company, Subject::Identity(telegram("119"))).await);
}

#[tokio::test]
async fn a_block_ends_when_it_says() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let body = json!({"phone": "89011112233", "expires_at": "2026-11-21T09:11:00.5Z"});
    let entry = put(&bench, &company, body).await;
    assert_eq!(entry["expires_at"], "2026-11-21T09:11:01.000Z", "not too early");
    bench.clock.advance(Duration::from_secs(60));
    assert!(blocked(&bench, &company, phone("89011112233")).await);
    assert_eq!(listed(&bench, &company).await.len(), 1);
    bench.clock.advance(Duration::from_secs(1));
    assert!(!blocked(&bench, &company, phone("89011112233")).await);
    assert_eq!(listed(&bench, &company).await.len(), 0, "also while the row is still there");
    let forever = put(&bench, &company, json!({"phone": "89011112233"})).await;
    assert_eq!(forever["expires_at"], Value::Null);
    assert!(blocked(&bench, &company, phone("89011112233")).await);
}

#[tokio::test]
async fn what_cannot_be_blocked_is_told() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let telegram = json!({"messenger": "telegram", "user": "1"});
    for (body, code, field) in [
        (json!({}), "missing_field", "phone"),
        (json!({"phone": "junk"}), "invalid_value", "phone"),
        (json!({"phone": "89011112233 89021112233"}), "invalid_value", "phone"),
        (json!({"phone": "89011112233", "identity": telegram}), "invalid_value", "identity"),
        (json!({"identity": {"messenger": "telegram"}}), "missing_field", "identity.user"),
        (json!({"identity": {"messenger": "", "user": "1"}}), "invalid_value", "identity.messenger"),
        (json!({"identity": {"messenger": "telegram", "user": ""}}), "invalid_value", "identity.user"),
        (json!({"identity": {"messenger": "whatsapp", "user": "Anna"}}), "invalid_value", "identity.user"),
        (
            json!({"identity": {"messenger": "whatsgroup", "group": true, "user": "1"}}),
            "invalid_value",
            "identity.messenger",
        ),
        (json!({"identity": {"messenger": "telegram", "user": "1", "x": 1}}), "unknown_field", "identity.x"),
        (json!({"identity": ["telegram", false, "1"]}), "invalid_value", "identity"),
        (
            json!({"phone": "89011112233", "expires_at": "2026-11-21T09:10:00Z"}),
            "invalid_value",
            "expires_at",
        ),
        (json!({"phone": "89011112233", "expires_at": "tomorrow"}), "invalid_value", "expires_at"),
        (
            json!({"phone": "89011112233", "expires_at": "9999-01-01T00:00:00Z"}),
            "invalid_value",
            "expires_at",
        ),
        (json!({"phone": "89011112233", "note": "x".repeat(201)}), "invalid_value", "note"),
        (json!({"phone": "89011112233", "note": ""}), "invalid_value", "note"),
    ] {
        bench.refused(&company.key, ("PUT", "/v1/blacklist"), Some(body), (400, code, Some(field))).await;
    }
    assert!(!owner(&bench, &company).await.has_blacklist);
}

#[tokio::test]
async fn a_blacklist_is_read_page_by_page() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    for user in 0..5 {
        let identity =
            json!({"identity": {"messenger": "telegram", "user": user.to_string(), "group": user == 4}});
        put(&bench, &company, identity).await;
    }
    let mut all = listed(&bench, &company).await;
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 5);
    let other = bench.company("Two").await;
    assert_eq!(listed(&bench, &other).await.len(), 0);
}
