//! Chats and messages, and that a cursor is valid only for the list that it came from.

use super::rows::{change, chat, contact, ids};
use crate::testing::{Bench, Company, OPERATOR};
use serde_json::{Value, json};
use shared::base::clock::Timestamp;
use shared::base::ids::EmployeeId;
use shared::model::chat::state::FinishReason;
use shared::store::row::Write;

#[tokio::test]
async fn chats_stand_in_lists() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let (channels, _) = bench.connected(key, &["c1"]).await;
    let channel = &channels[0];
    for (id, at) in [("a", 1_000_000), ("b", 2_000_000), ("c", 3_000_000)] {
        chat(&bench, &company, channel, id, at, 1).await;
    }
    let finished = chat(&bench, &company, channel, "d", 4_000_000, 1).await;
    let mut after = finished.clone();
    after.set_responsible(&EmployeeId::new("7"));
    after.finish(FinishReason::Inactivity, Timestamp::from_millis(5_000_000));
    bench.app.store.commit(vec![Write::change(&finished, &after, &[]).unwrap().unwrap()]).await.unwrap();
    let live = format!("/v1/chats?channel={channel}&limit=2");
    assert_eq!(ids(&bench, key, &live, "chats").await, ["c", "b", "a"]);
    let general = format!("/v1/chats?channel={channel}&state=general&limit=1");
    assert_eq!(ids(&bench, key, &general, "chats").await, ["d"]);
    assert_eq!(ids(&bench, key, "/v1/chats?employee=7&limit=1", "chats").await, ["d"]);
    assert_eq!(ids(&bench, key, "/v1/chats?employee=8&limit=1", "chats").await, Vec::<String>::new());
    let page = bench.expect(200, key, "GET", &general, None).await;
    let shown = &page["chats"][0];
    assert_eq!((&shown["finish_reason"], &shown["responsible"]), (&json!("inactivity"), &json!("7")));
    assert_eq!(shown["finished_at"], "1970-01-01T01:23:20.000Z");
    assert_eq!(shown["crm"]["behind"], 3);
}

#[tokio::test]
async fn a_chat_shows_its_contact() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    chat(&bench, &company, "channel", "a", 1_000_000, 5).await;
    let bare = bench.expect(200, key, "GET", "/v1/chats/a", None).await;
    assert_eq!(
        (&bare["contact"], &bare["chat"]["client"], &bare["chat"]["name"]),
        (&json!(null), &json!("waiting"), &json!("Ivan"))
    );
    let known = contact(&bench, &company, "contact", Some("+79011112233"), &[]).await;
    change(&bench, &known, |contact| contact.crm.deal_uri = Some("https://crm/d".into())).await;
    let shown = bench.expect(200, key, "GET", "/v1/chats/a", None).await;
    assert_eq!(
        (&shown["contact"]["phone"], &shown["contact"]["crm"]["contact_id"]),
        (&json!("+79011112233"), &json!("crm-contact"))
    );
    assert_eq!(shown["contact"]["crm"]["deal_uri"], "https://crm/d");
}

#[tokio::test]
async fn a_chat_shows_its_messages_newest_first() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    chat(&bench, &company, "channel", "a", 1_000_000, 5).await;
    assert_eq!(
        ids(&bench, key, "/v1/chats/a/messages?limit=2", "messages").await,
        ["m4", "m3", "m2", "m1", "m0"]
    );
    let page = bench.expect(200, key, "GET", "/v1/chats/a/messages?limit=1", None).await;
    let message = &page["messages"][0];
    assert_eq!(
        (&message["text"], &message["side"], &message["kind"]),
        (&json!("text of m4"), &json!("client"), &json!("text"))
    );
    assert_eq!(
        (&message["shown_at"], &message["deleted"]),
        (&json!("1970-01-01T00:16:44.000Z"), &json!(false))
    );
    bench.expect(404, key, "GET", "/v1/chats/b", None).await;
    bench.expect(404, key, "GET", "/v1/chats/b/messages", None).await;
    let other = bench.company("Two").await;
    bench.expect(404, &other.key, "GET", "/v1/chats/a", None).await;
    bench.expect(404, &other.key, "GET", "/v1/chats/a/messages", None).await;
}

#[tokio::test]
async fn a_cursor_is_good_for_one_list_of_one_account() {
    let bench = Bench::new().await;
    let (one, two) = (bench.company("One").await, bench.company("Two").await);
    let (first, _) = bench.connected(&one.key, &["c1"]).await;
    let (second, _) = bench.connected(&two.key, &["c2"]).await;
    for id in ["a", "b"] {
        for (company, channel) in [(&one, &first[0]), (&two, &second[0])] {
            let before = chat(&bench, company, channel, id, 1_000_000, 3).await;
            let mut after = before.clone();
            after.set_responsible(&EmployeeId::new("7"));
            bench
                .app
                .store
                .commit(vec![Write::change(&before, &after, &[]).unwrap().unwrap()])
                .await
                .unwrap();
        }
    }
    let lists = |company: &Company, channel: &str| {
        let key = company.key.clone();
        [
            (key.clone(), format!("/v1/chats?channel={channel}&limit=1")),
            (key.clone(), "/v1/chats?employee=7&limit=1".to_owned()),
            (key.clone(), "/v1/chats/a/messages?limit=1".to_owned()),
            (key.clone(), "/v1/chats/b/messages?limit=1".to_owned()),
        ]
    };
    let mut all: Vec<_> = lists(&one, &first[0]).into_iter().chain(lists(&two, &second[0])).collect();
    all.push((OPERATOR.to_owned(), "/v1/accounts?limit=1".to_owned()));
    let mut cursors = Vec::new();
    for (key, path) in &all {
        let page: Value = bench.expect(200, key, "GET", path, None).await;
        cursors.push(page["next_cursor"].as_str().expect(path).to_owned());
    }
    let also = format!("/v1/chats?channel={}&state=general&limit=1", first[0]);
    all.push((one.key.clone(), also));
    for (at, (key, path)) in all.iter().enumerate() {
        for (of, cursor) in cursors.iter().enumerate() {
            let path = format!("{path}&cursor={cursor}");
            if at == of {
                bench.expect(200, key, "GET", &path, None).await;
            } else {
                bench.refused(key, ("GET", &path), None, (400, "invalid_cursor", Some("cursor"))).await;
            }
        }
    }
}
