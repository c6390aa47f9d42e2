//! Merging contacts by an employee, and undoing it (C3).

use super::rows::{account, change, chat, contact, create, telegram};
use crate::testing::{Bench, Company};
use serde_json::{Value, json};
use shared::base::ids::{ChatId, ContactId};
use shared::model::contact::merge::MAX_ALIASES;
use shared::model::contact::{Contact, ContactChat};
use shared::store::row::Write;
use shared::store::{Read, keys};

async fn merge(bench: &Bench, company: &Company, from: &str, into: &str) -> Value {
    let path = format!("/v1/contacts/{from}/merge");
    bench.expect(200, &company.key, "POST", &path, Some(json!({"into": into}))).await
}

async fn row(bench: &Bench, company: &Company, id: &str) -> Contact {
    let found = bench.app.store.contact(&account(company), &ContactId::new(id), Read::Consistent).await;
    found.unwrap().unwrap()
}

/// A company with contacts of these names.
async fn with(names: &[&str]) -> (Bench, Company) {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    for (at, name) in names.iter().enumerate() {
        contact(&bench, &company, name, None, &[telegram(&at.to_string())]).await;
    }
    (bench, company)
}

#[tokio::test]
async fn p11_a_merge_is_an_alias_with_a_log() {
    let (bench, company) = with(&["a", "b", "c"]).await;
    let merged = merge(&bench, &company, "b", "a").await;
    assert_eq!((&merged["id"], &merged["merged_from"]), (&json!("a"), &json!(["b"])));
    assert_eq!(merge(&bench, &company, "b", "a").await, merged, "again: nothing happens");
    let again = merge(&bench, &company, "a", "b").await;
    assert_eq!(again, merged, "the other way round: they are one already");
    bench.clock.advance(std::time::Duration::from_secs(1));
    // Naming an alias means the contact that it was merged into.
    let all = merge(&bench, &company, "b", "c").await;
    assert_eq!((&all["id"], &all["merged_from"]), (&json!("c"), &json!(["a", "b"])));
    assert_eq!(row(&bench, &company, "b").await.merged_into, Some(ContactId::new("c")), "one level deep");
    let log = bench.expect(200, &company.key, "GET", "/v1/contacts/b/merges", None).await;
    let told: Vec<_> =
        log["merges"].as_array().unwrap().iter().map(|one| (&one["from"], &one["into"])).collect();
    assert_eq!(told, [(&json!("b"), &json!("a")), (&json!("a"), &json!("c"))]);
    assert_eq!(
        (&log["merges"][0]["reason"], &log["merges"][0]["undone_at"]),
        (&json!("manual"), &Value::Null)
    );
}

#[tokio::test]
async fn p11_an_undone_merge_leaves_two_who_stay_apart() {
    let (bench, company) = with(&["a", "b", "c"]).await;
    merge(&bench, &company, "c", "b").await;
    merge(&bench, &company, "b", "a").await;
    let before = row(&bench, &company, "a").await;
    change(&bench, &before, |contact| contact.crm = Default::default()).await;
    let free = bench.expect(200, &company.key, "POST", "/v1/contacts/a/merges/b/undo", None).await;
    assert_eq!(
        (&free["id"], &free["merged_from"]),
        (&json!("b"), &json!(["c"])),
        "contacts that were merged along leave along"
    );
    assert_eq!(free["kept_apart"], json!(["a"]));
    let (a, c) = (row(&bench, &company, "a").await, row(&bench, &company, "c").await);
    assert_eq!((a.merged_from.len(), a.kept_apart), (0, vec![ContactId::new("b")]));
    assert_eq!(c.merged_into, Some(ContactId::new("b")));
    let log = bench.expect(200, &company.key, "GET", "/v1/contacts/a/merges", None).await;
    assert_eq!(log["merges"][0]["undone_at"], "2026-11-21T09:10:00.000Z");
    bench.expect(404, &company.key, "POST", "/v1/contacts/a/merges/b/undo", None).await;
    bench.clock.advance(std::time::Duration::from_secs(1));
    merge(&bench, &company, "b", "a").await;
    let alone = bench.expect(200, &company.key, "POST", "/v1/contacts/a/merges/c/undo", None).await;
    assert_eq!(
        (&alone["id"], &alone["merged_from"]),
        (&json!("c"), &json!([])),
        "merged by another entry of the log"
    );
    assert_eq!(row(&bench, &company, "a").await.merged_from, [ContactId::new("b")]);
    assert_eq!(row(&bench, &company, "b").await.merged_from, []);
}

#[tokio::test]
async fn p11_who_loses_his_crm_records_by_an_undo_gets_new_ones() {
    for shared in [true, false] {
        let (bench, company) = with(&["contact", "b", "c"]).await;
        let id = account(&company);
        let contacts = ["contact", "b", "c"];
        for name in contacts {
            let row = chat(&bench, &company, "channel", name, 1_000_000, 1).await;
            change(&bench, &row, |chat| chat.records_in = Some("crm".into())).await;
        }
        // Three contacts, one chat each.
        for name in ["b", "c"] {
            let chat = bench.app.store.chat(&id, &ChatId::new(name)).await.unwrap().unwrap();
            let contact = ContactId::new(name);
            let (v, channel, created_at) = (1, chat.channel.clone(), chat.listed_at);
            create(
                &bench,
                &[ContactChat { v, account: id.clone(), contact, chat: chat.chat, channel, created_at }],
            )
            .await;
            let of_first = keys::contact_chat(&id, &ContactId::new("contact"), &ChatId::new(name));
            bench.app.store.commit(vec![Write::delete(of_first)]).await.unwrap();
        }
        for name in ["b", "c"] {
            merge(&bench, &company, name, "contact").await;
        }
        // The remaining contact's CRM records were created for the leaving contact, or for itself.
        let of = if shared { "b" } else { "contact" };
        let records = row(&bench, &company, of).await.crm;
        change(&bench, &row(&bench, &company, "contact").await, |contact| contact.crm = records).await;
        bench.expect(200, &company.key, "POST", "/v1/contacts/contact/merges/b/undo", None).await;
        assert_eq!(row(&bench, &company, "contact").await.crm.contact_id.is_none(), shared);
        for name in contacts {
            let chat = bench.app.store.chat(&id, &ChatId::new(name)).await.unwrap().unwrap();
            assert_eq!(chat.records_in.is_none(), shared, "{name}");
        }
    }
}

#[tokio::test]
async fn p11_two_merges_at_once_leave_one_root() {
    for _ in 0..20 {
        let (bench, company) = with(&["a", "b"]).await;
        let call = |from: &'static str, into: &'static str| {
            let path = format!("/v1/contacts/{from}/merge");
            let (bench, company) = (&bench, &company);
            async move { bench.call(&company.key, "POST", &path, Some(json!({"into": into}))).await }
        };
        let (one, two) = tokio::join!(call("a", "b"), call("b", "a"));
        assert_eq!((one.0, two.0), (200, 200), "{} {}", one.1, two.1);
        let (a, b) = (row(&bench, &company, "a").await, row(&bench, &company, "b").await);
        let (root, alias) = if a.merged_into.is_none() { (a, b) } else { (b, a) };
        assert_eq!((root.merged_into, alias.merged_into.as_ref()), (None, Some(&root.contact)));
        assert_eq!(root.merged_from, [alias.contact]);
    }
}

#[tokio::test]
async fn what_cannot_be_merged_is_told() {
    let (bench, company) = with(&["a", "b"]).await;
    let key = &company.key;
    let post = ("POST", "/v1/contacts/a/merge");
    for (body, code) in [
        (json!({}), "missing_field"),
        (json!({"into": "a"}), "invalid_value"),
        (json!({"into": ""}), "invalid_value"),
        (json!({"into": 7}), "invalid_value"),
    ] {
        bench.refused(key, post, Some(body), (400, code, Some("into"))).await;
    }
    bench.expect(404, key, "POST", "/v1/contacts/a/merge", Some(json!({"into": "x"}))).await;
    bench.expect(404, key, "POST", "/v1/contacts/a/merges/b/undo", None).await;
    let other = bench.company("Two").await;
    contact(&bench, &other, "foreign", None, &[telegram("1")]).await;
    bench.expect(404, key, "POST", "/v1/contacts/a/merge", Some(json!({"into": "foreign"}))).await;
    bench.expect(404, &other.key, "POST", "/v1/contacts/foreign/merge", Some(json!({"into": "a"}))).await;
    let full = row(&bench, &company, "b").await;
    change(&bench, &full, |contact| {
        contact.merged_from = (0..MAX_ALIASES).map(|at| ContactId::new(at.to_string())).collect();
    })
    .await;
    bench.refused(key, post, Some(json!({"into": "b"})), (422, "too_many_merged", Some("into"))).await;
}
