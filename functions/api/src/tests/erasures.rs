//! Erasures: requested and read (P12). What they do is tested with the function `erasure`.

use super::rows::{account, change, contact, create, telegram};
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::base::ids::ContactId;
use shared::model::erasure::{Erasure, ErasureState};
use shared::store::due::{DueBetween, Shard};
use shared::store::keys::Due;

async fn due(bench: &Bench) -> Vec<Due> {
    let mut found = Vec::new();
    for shard in Shard::all() {
        let now = shared::base::clock::Ambient::now(&*bench.clock);
        let page = bench.app.store.due(shard, DueBetween::until(now), 100, None).await.unwrap();
        found.extend(page.items.into_iter().map(|(due, _)| due));
    }
    found
}

#[tokio::test]
async fn p12_an_erasure_is_asked_for_once_and_runs_for_all_of_him() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    for (at, id) in ["a", "b"].into_iter().enumerate() {
        contact(&bench, &company, id, None, &[telegram(&at.to_string())]).await;
    }
    bench.expect(200, key, "POST", "/v1/contacts/b/merge", Some(json!({"into": "a"}))).await;
    let begun = bench.expect(202, key, "DELETE", "/v1/contacts/b", None).await;
    let erasure = &begun["erasure"];
    assert_eq!((&erasure["contacts"], &erasure["state"]), (&json!(["a", "b"]), &json!("running")));
    assert_eq!(erasure["requested_at"], "2026-11-21T09:10:00.000Z");
    let id = erasure["id"].as_str().unwrap();
    let nudge = json!({"v": 1, "account": company.id, "erasure": id});
    assert_eq!(std::mem::take(&mut bench.world.lock().unwrap().nudges), std::slice::from_ref(&nudge));
    assert_eq!(
        due(&bench).await,
        [Due::Erasure(account(&company), id.to_owned())],
        "a lost nudge is made good"
    );
    let again = bench.expect(202, key, "DELETE", "/v1/contacts/a", None).await;
    assert_eq!(again, begun, "the same one");
    assert_eq!(std::mem::take(&mut bench.world.lock().unwrap().nudges), [nudge]);
    let all = bench.expect(200, key, "GET", "/v1/erasures", None).await;
    assert_eq!(all, json!({"erasures": [erasure], "next_cursor": null}));
    assert_eq!(&bench.expect(200, key, "GET", &format!("/v1/erasures/{id}"), None).await, erasure);
    bench.expect(404, key, "GET", "/v1/erasures/x", None).await;
    bench.expect(404, key, "DELETE", "/v1/contacts/x", None).await;
}

#[tokio::test]
async fn p12_an_erasure_that_has_let_go_of_him_still_answers_for_him() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    let row = contact(&bench, &company, "a", None, &[telegram("1")]).await;
    bench.expect(200, key, "GET", "/v1/contacts/a", None).await;
    let begun = bench.expect(202, key, "DELETE", "/v1/contacts/a", None).await;
    let id = begun["erasure"]["id"].as_str().unwrap();
    change(&bench, &row, |contact| contact.merged_into = Some(ContactId::new(id))).await;
    bench.expect(404, key, "GET", "/v1/contacts/a", None).await;
    assert_eq!(bench.expect(202, key, "DELETE", "/v1/contacts/a", None).await, begun, "the same one");
    assert_eq!(bench.world.lock().unwrap().nudges.len(), 2);
    let other = bench.company("Two").await;
    bench.expect(404, &other.key, "DELETE", "/v1/contacts/a", None).await;
}

#[tokio::test]
async fn p12_a_queue_that_is_down_stops_no_erasure() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    contact(&bench, &company, "a", None, &[]).await;
    bench.world.lock().unwrap().queue_down = true;
    bench.expect(202, &company.key, "DELETE", "/v1/contacts/a", None).await;
    assert_eq!(due(&bench).await.len(), 1);
}

#[tokio::test]
async fn an_erasure_that_is_over_shows_what_it_did_and_is_no_answer_to_the_next() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let key = &company.key;
    contact(&bench, &company, "a", None, &[]).await;
    let now = shared::base::clock::Ambient::now(&*bench.clock);
    let old = Erasure::new(&account(&company), "0", vec![ContactId::new("a")], now);
    create(&bench, std::slice::from_ref(&old)).await;
    change(&bench, &old, |erasure| {
        erasure.state = ErasureState::Done;
        (erasure.chats, erasure.messages, erasure.objects, erasure.dead_letters) = (1, 2, 3, 4);
        (erasure.finished_at, erasure.check_at) = (Some(now), None);
    })
    .await;
    let shown = bench.expect(200, key, "GET", "/v1/erasures/0", None).await;
    let counts: Vec<&Value> =
        ["chats", "messages", "objects", "dead_letters"].map(|name| &shown[name]).into();
    assert_eq!(counts, [&json!(1), &json!(2), &json!(3), &json!(4)]);
    assert_eq!(
        (&shown["state"], &shown["finished_at"]),
        (&json!("done"), &json!("2026-11-21T09:10:00.000Z"))
    );
    let next = bench.expect(202, key, "DELETE", "/v1/contacts/a", None).await;
    assert_ne!(next["erasure"]["id"], "0");
    let page = bench.expect(200, key, "GET", "/v1/erasures?limit=1", None).await;
    let path = format!("/v1/erasures?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = bench.expect(200, key, "GET", &path, None).await;
    assert_eq!((&page["erasures"][0], &rest["erasures"][0]), (&shown, &next["erasure"]));
    let other = bench.company("Two").await;
    bench.expect(404, &other.key, "GET", "/v1/erasures/0", None).await;
}
