//! Listings and the CRM's cars (C11).

use super::rows::{change, chat, create};
use crate::testing::Bench;
use serde_json::{Value, json};
use shared::model::message::listing::{ChatListing, Listing, Vehicle};
use shared::store::keys::listing_digest;

fn listing(site_id: &str) -> Listing {
    Listing {
        id: site_id.into(),
        title: Some("Mazda 3, 2008".into()),
        url: Some("https://www.avito.example/17".into()),
        vehicle: Vehicle { vin: Some("XTA210990Y2765432".into()), ..Vehicle::default() },
        ..Listing::default()
    }
}

/// A chat about two listings, one after the other. The first one's id is a link, as for a site that gives no ids.
async fn bench() -> (Bench, String, String) {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let first = chat(&bench, &company, "channel", "a", 1_000_000, 1).await;
    let rows: Vec<ChatListing> = [("https://x/?a=1#%2F", 1_000), ("17", 2_000)]
        .into_iter()
        .map(|(id, ms)| {
            let at = shared::base::clock::Timestamp::from_millis(ms);
            ChatListing::tell(None, &first.account, &first.chat, &listing(id), at).unwrap()
        })
        .collect();
    create(&bench, &rows).await;
    change(&bench, &first, |chat| {
        chat.about(&listing("17"));
    })
    .await;
    (bench, company.key, listing_digest("https://x/?a=1#%2F"))
}

#[tokio::test]
async fn a_chat_shows_its_listing_and_those_before() {
    let (bench, key, first) = bench().await;
    let all = bench.expect(200, &key, "GET", "/v1/chats/a/listings", None).await;
    let shown: Vec<_> = all["listings"].as_array().unwrap().iter().map(|one| &one["site_id"]).collect();
    assert_eq!(shown, ["17", "https://x/?a=1#%2F"], "the latest first");
    assert_eq!(all["listings"][1]["id"], first);
    let one = bench.expect(200, &key, "GET", "/v1/chats/a", None).await;
    assert_eq!(one["listing"], all["listings"][0]);
    assert_eq!(one["chat"]["listing"], all["listings"][0]["id"]);
    assert_eq!(
        (&one["listing"]["vehicle"]["vin"], &one["listing"]["price"]),
        (&json!("XTA210990Y2765432"), &Value::Null)
    );
}

#[tokio::test]
async fn the_crms_car_is_kept_when_it_is_the_listings() {
    let (bench, key, first) = bench().await;
    let path = format!("/v1/chats/a/listings/{first}/car");
    for (car, by) in [
        (json!({"id": "4711", "vin": "xta 210990y2765432", "fields": {"stock": {"yard": 2}}}), "vin"),
        (json!({"id": "4711", "offers": ["1", "https://x/?a=1#%2F"]}), "offer"),
        (
            json!({"id": "4711", "urls": ["http://avito.example/17/"], "uri": "https://crm.example/4711"}),
            "url",
        ),
    ] {
        let answer = bench.expect(200, &key, "PUT", &path, Some(car.clone())).await;
        assert_eq!(answer["matched_by"], by);
        assert_eq!(answer["crm_car"]["fields"], car.get("fields").cloned().unwrap_or_else(|| json!({})));
        let list = bench.expect(200, &key, "GET", "/v1/chats/a/listings", None).await;
        assert_eq!(list["listings"][1], answer, "and it stays");
        assert_eq!(list["listings"][0]["crm_car"], Value::Null);
    }
    bench.expect(204, &key, "DELETE", &path, None).await;
    bench.expect(204, &key, "DELETE", &path, None).await;
    let list = bench.expect(200, &key, "GET", "/v1/chats/a/listings", None).await;
    assert_eq!(
        (&list["listings"][1]["crm_car"], &list["listings"][1]["matched_by"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn another_car_is_refused_and_so_is_what_is_no_car() {
    let (bench, key, first) = bench().await;
    let path = format!("/v1/chats/a/listings/{first}/car");
    let put = ("PUT", path.as_str());
    for (car, field) in [
        (json!({"id": "1", "vin": "XTA210990Y2765433", "offers": ["9"]}), "vin"),
        (json!({"id": "1", "offers": ["9"], "urls": ["https://other.example/1"]}), "offers"),
        (json!({"id": "1", "urls": ["https://other.example/1"]}), "urls"),
        (json!({"id": "1"}), "vin"),
    ] {
        bench.refused(&key, put, Some(car), (422, "car_does_not_match", Some(field))).await;
    }
    let many: Vec<_> = (0..21).map(|at| at.to_string()).collect();
    let deep = |levels: usize| (1..levels).fold(json!({"x": 1}), |inner, _| json!({"x": inner}));
    let fits = json!({"id": "1", "vin": "XTA210990Y2765432", "fields": deep(10)});
    bench.expect(200, &key, "PUT", &path, Some(fits)).await;
    let far = format!("https://x.example/{}", "x".repeat(500));
    for (car, field) in [
        (json!({"id": ""}), "id"),
        (json!({"id": "1", "vin": ""}), "vin"),
        (json!({"id": "1", "uri": "javascript:alert(1)"}), "uri"),
        (json!({"id": "1", "offers": many}), "offers"),
        (json!({"id": "1", "urls": ["ok", "a\u{0}b"]}), "urls[1]"),
        (json!({"id": "1", "fields": {"x": "y".repeat(33_000)}}), "fields"),
        (json!({"id": "1", "fields": 7}), "fields"),
        (json!({"id": "1", "fields": deep(11)}), "fields"),
        (json!({"id": "1", "fields": deep(40)}), "fields"),
        (json!({"id": "1", "fields": {"x": [{"y": 1e101}]}}), "fields"),
        (json!({"id": "1", "fields": {"x": -1e300}}), "fields"),
        (json!({"id": "1", "fields": {"x": 1e-200}}), "fields"),
        (json!({"id": "1", "fields": {"x": {"": 1}}}), "fields"),
        (json!({"id": "1", "uri": far}), "uri"),
        (json!({"id": "1", "urls": [far]}), "urls[0]"),
    ] {
        bench.refused(&key, put, Some(car), (400, "invalid_value", Some(field))).await;
    }
    let car = json!({"id": "1", "vin": "XTA210990Y2765432"});
    for unknown in ["x".to_owned(), listing_digest("18"), "%23".into(), "0".repeat(32)] {
        let path = format!("/v1/chats/a/listings/{unknown}/car");
        bench.expect(404, &key, "PUT", &path, Some(car.clone())).await;
        bench.expect(404, &key, "DELETE", &path, None).await;
    }
    bench.expect(404, &key, "GET", "/v1/chats/b/listings", None).await;
}
