//! Files that employees upload: to the bucket by the signed link, and from there into a chat (D6).

use super::{Live, PATIENCE, assert_logs_hold_nothing_personal, moment};
use reqwest::Method;
use serde_json::{Value, json};
use tests::account::Account;
use tests::wazzup::{messages, text};

const BYTES: &[u8] = "Смета".as_bytes();

/// A chat with a client of the test's own.
async fn chat_of(live: &Live, account: &Account) -> String {
    let channel = &account.channels[0];
    let id = format!("upload-{}", account.id);
    let body = messages(&[text(&channel.external, "79011116001", &id, &moment(), "Пришлите смету")]);
    assert_eq!(account.post(&body).await.unwrap().status, Some(200));
    live.sandbox.crm_until(&account.crm, PATIENCE, |crm| crm.message_count() == 1).await.unwrap();
    account.chats(channel, "live").await.unwrap()[0]["id"].as_str().unwrap().to_owned()
}

/// Uploads bytes as the answer of an upload says, and returns the status.
async fn put(upload: &Value, bytes: &'static [u8]) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = http.put(upload["url"].as_str().unwrap()).body(bytes);
    // The HTTP client sets the length, as a browser does.
    for (name, value) in
        upload["headers"].as_object().unwrap().iter().filter(|(name, _)| *name != "content-length")
    {
        request = request.header(name, value.as_str().unwrap());
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_goes_by_its_link_into_the_bucket_and_from_there_into_a_chat() {
    let live = Live::get();
    let account = live.account(&[600], &["anna"]).await;
    let chat = chat_of(live, &account).await;
    let announce = async || {
        let file = json!({"name": "Смета.txt", "mime": "text/plain", "bytes": BYTES.len()});
        account.api.post("/v1/uploads", &file).await.unwrap()
    };
    let send = async |upload: &Value| {
        let path = format!("/v1/chats/{chat}/messages");
        account.api.call(Method::POST, &path, Some(&json!({"upload": upload["id"]}))).await.unwrap()
    };
    let upload = announce().await;
    let (status, answer) = send(&upload).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (422, &json!("upload_missing")), "{answer}");
    // S3's signature check refuses a file of another size; a store that accepts it anyway changes nothing: the file is
    // not sent.
    for wrong in [b"".as_slice(), b"another size"] {
        let upload = announce().await;
        let expected = if put(&upload, wrong).await == 200 { "upload_differs" } else { "upload_missing" };
        let (status, answer) = send(&upload).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (422, &json!(expected)), "{answer}");
    }
    assert_eq!(put(&upload, BYTES).await, 200);
    let (status, answer) = send(&upload).await;
    assert!(status.is_success(), "{status} {answer}");
    let stored = account.messages(&chat).await.unwrap();
    let sent = stored.iter().find(|message| message["file"].is_object()).unwrap();
    let link = sent["file"]["url"].as_str().unwrap().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let got = http.get(link).send().await.unwrap();
    assert_eq!(got.status().as_u16(), 200);
    assert_eq!(got.bytes().await.unwrap(), BYTES);
    for (bytes, mime) in [(0, "text/plain"), (104_857_601, "text/plain"), (1, "text/html")] {
        let file = json!({"name": "a.txt", "mime": mime, "bytes": bytes});
        let (status, _) = account.api.call(Method::POST, "/v1/uploads", Some(&file)).await.unwrap();
        assert_eq!(status.as_u16(), 400, "{bytes} {mime}");
    }
    assert_logs_hold_nothing_personal(&account).await;
}
