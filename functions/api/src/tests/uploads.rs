//! Uploads (D6): how a file is announced, what is put into the bucket, and which upload a message may take.

use super::rows;
use super::staff::Staff;
use crate::messages::uploads::take_upload;
use crate::testing::{Bench, Company, Object};
use serde_json::{Value, json};
use shared::base::ids::EmployeeId;
use shared::model::chat::Chat;
use std::time::Duration;

fn file(bytes: u64) -> Option<Value> {
    Some(json!({"name": "Смета №2.pdf", "mime": "application/pdf", "bytes": bytes}))
}

async fn with_chat() -> (Bench, Company, Chat) {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let (channels, _) = bench.connected(&company.key, &["c1"]).await;
    let chat = rows::chat(&bench, &company, &channels[0], "chat", 1, 1).await;
    (bench, company, chat)
}

/// Announces a file of four bytes; returns its id and its key in the bucket.
pub async fn announced(bench: &Bench, key: &str, company: &Company) -> (String, String) {
    let answer = bench.expect(201, key, "POST", "/v1/uploads", file(4)).await;
    let id = answer["id"].as_str().unwrap().to_owned();
    let object = format!("uploads/{}/{id}", company.id);
    (id, object)
}

pub fn put(bench: &Bench, object: &str, mime: &str, bytes: &[u8]) {
    bench.world.lock().unwrap().objects.insert(object.to_owned(), Object::put(mime, bytes));
}

/// A refusal's status, code and field.
async fn refused(
    bench: &Bench,
    chat: &Chat,
    author: Option<&str>,
    id: &str,
) -> (u16, &'static str, Option<String>) {
    let author = author.map(EmployeeId::new);
    let error = take_upload(&bench.app, chat, author.as_ref(), "upload", id).await.unwrap_err();
    (error.status().as_u16(), error.detail().code, error.detail().field.clone())
}

#[tokio::test]
async fn a_file_is_announced_and_its_link_takes_it_alone() {
    let (bench, company, _) = with_chat().await;
    let answer = bench.expect(201, &company.key, "POST", "/v1/uploads", file(48_211)).await;
    let (id, url) = (answer["id"].as_str().unwrap(), answer["url"].as_str().unwrap());
    assert!(url.contains(&format!("/uploads/{}/{id}?", company.id)), "{url}");
    assert!(url.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost&"), "{url}");
    assert!(url.contains("X-Amz-Expires=900&"), "{url}");
    assert_eq!(answer["method"], "PUT");
    assert_eq!(answer["headers"], json!({"content-length": "48211", "content-type": "application/pdf"}));
    assert_eq!(answer["expires_at"], "2026-11-21T09:25:00.000Z");
}

#[tokio::test]
async fn an_employee_who_writes_somewhere_announces_files() {
    let staff = Staff::new().await;
    for (who, status) in
        [("admin", 201), ("anna", 201), ("boris", 201), ("head", 201), ("quality", 403), ("stranger", 403)]
    {
        staff.bench.expect(status, staff.key(who), "POST", "/v1/uploads", file(1)).await;
    }
}

#[tokio::test]
async fn what_is_not_sent_is_refused_naming_the_field() {
    let (bench, company, _) = with_chat().await;
    let of = |name: &str, mime: &str, bytes: Value| json!({"name": name, "mime": mime, "bytes": bytes});
    for (body, code, field) in [
        (of("a.png", "image/png", json!(0)), "invalid_value", "bytes"),
        (of("a.png", "image/png", json!(104_857_601)), "invalid_value", "bytes"),
        (of("a.png", "image/png", json!(-1)), "invalid_value", "bytes"),
        (of("a.png", "image/png", json!("1")), "invalid_value", "bytes"),
        (of("a.html", "text/html", json!(1)), "invalid_value", "name"),
        (of("a", "text/html", json!(1)), "invalid_value", "mime"),
        (of("a.png", "image/svg+xml", json!(1)), "invalid_value", "mime"),
        (of("a.exe", "application/pdf", json!(1)), "invalid_value", "name"),
        (of("../a.png", "image/png", json!(1)), "invalid_value", "name"),
        (of("a\u{7}.png", "image/png", json!(1)), "invalid_value", "name"),
        (json!({"name": "a.png", "mime": "image/png"}), "missing_field", "bytes"),
        (json!({"name": "a.png", "mime": "image/png", "bytes": 1, "url": "x"}), "unknown_field", "url"),
    ] {
        bench.refused(&company.key, ("POST", "/v1/uploads"), Some(body), (400, code, Some(field))).await;
    }
    let most = of("a.png", "image/png", json!(104_857_600));
    bench.expect(201, &company.key, "POST", "/v1/uploads", Some(most)).await;
}

#[tokio::test]
async fn p12_a_taken_file_stands_in_its_chats_folder_with_type_and_name() {
    let (bench, company, chat) = with_chat().await;
    let (id, object) = announced(&bench, &company.key, &company).await;
    put(&bench, &object, "application/pdf", b"%PDF");
    let taken = take_upload(&bench.app, &chat, None, "upload", &id).await.unwrap();
    assert_eq!(
        (taken.mime.as_str(), taken.bytes, taken.name.as_str()),
        ("application/pdf", 4, "Смета №2.pdf")
    );
    assert!(
        taken.object.starts_with(&format!("{}/chat/", company.id)),
        "an erasure finds it: {}",
        taken.object
    );
    let copied = bench.world.lock().unwrap().objects[&taken.object].clone();
    assert_eq!((copied.mime.as_str(), copied.bytes.as_slice()), ("application/pdf", b"%PDF".as_slice()));
    assert!(copied.disposition.starts_with("inline; filename=") && copied.disposition.contains(".pdf"));
    // A later put under the link does not change what was sent.
    put(&bench, &object, "application/pdf", b"EVIL");
    assert_eq!(bench.world.lock().unwrap().objects[&taken.object].bytes, b"%PDF");
    let again = take_upload(&bench.app, &chat, None, "upload", &id).await.unwrap();
    assert_ne!(again.object, taken.object);
}

#[tokio::test]
async fn what_was_not_put_or_is_another_file_is_not_sent() {
    let (bench, company, chat) = with_chat().await;
    let (id, object) = announced(&bench, &company.key, &company).await;
    let missing = (422, "upload_missing", Some("upload".to_owned()));
    let differs = (422, "upload_differs", Some("upload".to_owned()));
    assert_eq!(refused(&bench, &chat, None, &id).await, missing);
    for (mime, bytes) in [
        ("application/pdf", b"".as_slice()),
        ("application/pdf", b"%PD"),
        ("application/pdf", b"%PDF-"),
        ("text/html", b"%PDF"),
    ] {
        put(&bench, &object, mime, bytes);
        assert_eq!(refused(&bench, &chat, None, &id).await, differs, "{mime} {bytes:?}");
    }
    assert_eq!(bench.world.lock().unwrap().objects.len(), 1, "nothing was copied");
    put(&bench, &object, "application/pdf", b"%PDF");
    take_upload(&bench.app, &chat, None, "upload", &id).await.unwrap();
}

#[tokio::test]
async fn an_upload_is_sent_in_nobody_elses_name_and_no_later_than_a_day() {
    let (bench, company, chat) = with_chat().await;
    let gone = (404, "not_found", None);
    let token = bench.token(&company.key, "7").await;
    let place = Some(json!({"role": "manager", "receives_new_clients": true}));
    let path = format!("/v1/channels/{}/employees/7", chat.channel);
    bench.expect(200, &company.key, "PUT", &path, place).await;
    let (his, object) = announced(&bench, &token, &company).await;
    put(&bench, &object, "application/pdf", b"%PDF");
    assert_eq!(refused(&bench, &chat, Some("8"), &his).await, gone);
    for author in [Some(EmployeeId::new("7")), None] {
        take_upload(&bench.app, &chat, author.as_ref(), "upload", &his).await.unwrap();
    }
    let other = bench.company("Two").await;
    let (channels, _) = bench.connected(&other.key, &["c2"]).await;
    let foreign = rows::chat(&bench, &other, &channels[0], "chat", 1, 1).await;
    assert_eq!(refused(&bench, &foreign, None, &his).await, gone, "another account's upload is unknown");
    for id in ["", "x", "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a91", "../../../../../../../../../../etc/pa"] {
        assert_eq!(refused(&bench, &chat, None, id).await, gone, "{id}");
    }
    bench.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(refused(&bench, &chat, None, &his).await, gone);
}
