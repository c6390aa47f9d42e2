//! The export of a client's data (P12).

use super::rows::{account, change, chat, contact, create, event, telegram};
use crate::testing::{Bench, Company};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::base::clock::Timestamp;
use shared::base::ids::{ChannelId, ChatId, ContactId};
use shared::model::chat::Chat;
use shared::model::contact::ContactChat;
use shared::model::message::Message;
use shared::model::message::content::Quote;
use shared::model::message::listing::{ChatListing, Listing};
use shared::model::message::media::{FileCopy, Media};
use shared::store::keys;
use shared::store::row::Write;

async fn pages(bench: &Bench, company: &Company, contact: &str) -> Vec<Value> {
    let (mut pages, mut next) = (Vec::new(), format!("/v1/contacts/{contact}/export"));
    loop {
        let page = bench.expect(200, &company.key, "GET", &next, None).await;
        let cursor = page["next_cursor"].as_str().map(str::to_owned);
        pages.push(page);
        match cursor {
            Some(cursor) => next = format!("/v1/contacts/{contact}/export?cursor={cursor}"),
            None => return pages,
        }
    }
}

fn message(id: &str) -> Message {
    let mut event = event("channel", "a", id, 5_000_000);
    event.media = Some(Media { expires: true, ..Media::linked("https://provider.example/secret") });
    event.quote = Some(Quote { raw: Some(json!({"as": "given"})), ..Quote::default() });
    let row =
        Message::new(&shared::base::ids::AccountId::new("x"), &ChatId::new("a"), &event, event.sent_at, 9);
    let (object, link) = ("object".into(), "0123456789abcdef".into());
    row.with_file(FileCopy::Stored { object, link, mime: "image/jpeg".into(), bytes: 7 }, 9)
}

#[tokio::test]
async fn p12_an_export_has_everything_once() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    contact(&bench, &company, "contact", Some("+79011112233"), &[telegram("1")]).await;
    contact(&bench, &company, "other", None, &[telegram("2")]).await;
    let first = chat(&bench, &company, "channel", "a", 1_000_000, 150).await;
    let pictured = Chat { avatar_url: Some("https://store.example/1".into()), ..first.clone() };
    bench.app.store.commit(vec![Write::put(&pictured).unwrap()]).await.unwrap();
    chat(&bench, &company, "channel", "b", 2_000_000, 1).await;
    create(&bench, &[Message { account: account(&company), ..message("file") }]).await;
    let listing = Listing { id: "17".into(), ..Listing::default() };
    let listing = ChatListing::tell(None, &first.account, &first.chat, &listing, Timestamp::from_millis(1));
    create(&bench, &[listing.unwrap()]).await;
    let block = json!({"phone": "89011112233"});
    bench.expect(200, &company.key, "PUT", "/v1/blacklist", Some(block)).await;
    bench
        .expect(200, &company.key, "POST", "/v1/contacts/contact/merge", Some(json!({"into": "other"})))
        .await;
    let pages = pages(&bench, &company, "contact").await;
    let head = &pages[0];
    assert_eq!(head["contact"]["id"], "other");
    assert_eq!(head["contact"]["identities"].as_array().unwrap().len(), 2);
    assert_eq!(head["contacts"].as_array().unwrap().len(), 2);
    assert_eq!(head["merges"][0]["from"], "contact");
    assert_eq!(head["blacklist"].as_array().unwrap().len(), 2, "the phone, and telegram derived from it");
    let chats: Vec<_> = head["chats"].as_array().unwrap().iter().collect();
    assert_eq!(chats.len(), 2);
    let about = chats.iter().find(|one| one["chat"]["id"] == "a").unwrap();
    assert_eq!(about["listings"][0]["site_id"], "17");
    assert_eq!(about["avatar_url"], "https://store.example/1");
    let messages: Vec<&Value> = pages.iter().flat_map(|page| page["messages"].as_array().unwrap()).collect();
    let mut ids: Vec<String> =
        messages.iter().map(|one| format!("{}/{}", one["chat"], one["message"]["id"])).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!((all, ids.len()), (152, 152));
    assert!(pages.iter().all(|page| page["messages"].as_array().unwrap().len() <= 100));
    assert!(pages[1..].iter().all(|page| page["contact"].is_null() && page["chats"] == json!([])));
    let file = messages.iter().find(|one| one["message"]["id"] == "file").unwrap();
    assert_eq!(file["message"]["file"]["url"], "https://api.example.com/media/0123456789abcdef");
    assert_eq!(
        (&file["message"]["media"]["url"], &file["raw_quote"]),
        (&Value::Null, &json!({"as": "given"}))
    );
}

#[tokio::test]
async fn an_export_goes_on_over_more_chats_than_a_page_has() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    contact(&bench, &company, "contact", None, &[]).await;
    let mut rows: Vec<Chat> = Vec::new();
    let mut history = Vec::new();
    for at in 0..120 {
        let id = format!("c{at:03}");
        let mut chat = Chat::unopened(
            &account(&company),
            &event("channel", &id, "m", 1),
            ContactId::new("contact"),
            Timestamp::from_millis(1),
        );
        chat.chat = ChatId::new(id.as_str());
        history.push(ContactChat {
            v: 1,
            account: account(&company),
            contact: ContactId::new("contact"),
            chat: chat.chat.clone(),
            channel: ChannelId::new("channel"),
            created_at: Timestamp::from_millis(1),
        });
        rows.push(chat);
    }
    for part in rows.chunks(100) {
        create(&bench, part).await;
    }
    for part in history.chunks(100) {
        create(&bench, part).await;
    }
    let pages = pages(&bench, &company, "contact").await;
    let mut chats: Vec<&str> = pages
        .iter()
        .flat_map(|page| page["chats"].as_array().unwrap())
        .map(|one| one["chat"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(chats.len(), 120);
    chats.sort_unstable();
    chats.dedup();
    assert_eq!((chats.len(), pages[0]["chats"].as_array().unwrap().len()), (120, 10));
}

#[tokio::test]
async fn an_empty_client_is_one_page_and_cursors_are_his_own() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    for id in ["contact", "empty"] {
        contact(&bench, &company, id, None, &[telegram(id)]).await;
    }
    let before = chat(&bench, &company, "channel", "a", 1_000_000, 1).await;
    change(&bench, &before, |chat| chat.read_count = 1).await;
    let all = pages(&bench, &company, "empty").await;
    assert_eq!((all.len(), &all[0]["contact"]["id"]), (1, &json!("empty")));
    let first = bench.expect(200, key, "GET", "/v1/contacts/contact/export", None).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    for cursor in [cursor, "x", "", "e30", "bnVsbA"] {
        let path = format!("/v1/contacts/empty/export?cursor={cursor}");
        bench.refused(key, ("GET", &path), None, (400, "invalid_cursor", Some("cursor"))).await;
    }
    let other = bench.company("Two").await;
    for path in
        ["/v1/contacts/contact/export".to_owned(), format!("/v1/contacts/contact/export?cursor={cursor}")]
    {
        bench.expect(404, &other.key, "GET", &path, None).await;
    }
}

#[tokio::test]
async fn a_cursor_made_by_hand_opens_nobody_elses_chat() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    contact(&bench, &company, "contact", None, &[telegram("1")]).await;
    chat(&bench, &company, "channel", "a", 1_000_000, 1).await;
    let others = chat(&bench, &company, "channel", "b", 2_000_000, 1).await;
    change(&bench, &others, |chat| chat.contact = ContactId::new("other")).await;
    bench
        .app
        .store
        .commit(vec![Write::forget(keys::contact_chat(
            &account(&company),
            &ContactId::new("contact"),
            &others.chat,
        ))])
        .await
        .unwrap();
    for (chat, status) in [("a", 200), ("b", 400), ("unknown", 400)] {
        let place = json!({"messages": true, "contact": "contact", "chat": chat, "shown": null, "sk": null});
        let cursor = URL_SAFE_NO_PAD.encode(place.to_string());
        let path = format!("/v1/contacts/contact/export?cursor={cursor}");
        let answer = bench.expect(status, &company.key, "GET", &path, None).await;
        assert_eq!(answer["messages"].is_array(), status == 200, "{chat}");
    }
}
