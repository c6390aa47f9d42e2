//! The number check (E3): what is known of a number, and who may ask.

use super::rows;
use super::staff::Staff;
use crate::testing::{Bench, Company};
use serde_json::{Value, json};
use shared::base::clock::{Ambient, Timestamp};
use shared::base::phone::Phone;
use shared::model::account::Account;
use shared::model::contact::Identity;
use shared::model::contact::number_check::LearnedFrom;
use shared::model::messenger::Messenger;
use shared::store::{Read, keys};
use std::time::Duration;

const PATH: &str = "/v1/numbers/+79011112233";

async fn owner(bench: &Bench, company: &Company) -> Account {
    let key = keys::account(&rows::account(company));
    bench.app.store.get(&key, Read::Consistent).await.unwrap().unwrap()
}

async fn learn(bench: &Bench, company: &Company, has: bool, at: Timestamp) {
    let number = (&Messenger::Whatsapp, &Phone::parse("+79011112233", "RU").unwrap());
    let owner = owner(bench, company).await;
    bench.app.store.learn_number(&owner, number, has, LearnedFrom::Delivery, at).await.unwrap();
}

async fn known(bench: &Bench, company: &Company) -> Value {
    bench.expect(200, &company.key, "GET", PATH, None).await["whatsapp"].clone()
}

#[tokio::test]
async fn a_number_is_unknown_until_a_send_tells_and_the_last_report_counts() {
    let bench = Bench::new().await;
    let (company, other) = (bench.company("One").await, bench.company("Two").await);
    let unknown = bench.expect(200, &company.key, "GET", PATH, None).await;
    let nothing = json!({"phone": "+79011112233", "whatsapp": "unknown", "learned_at": null, "from": null});
    assert_eq!(unknown, nothing);
    let now = bench.clock.now();
    learn(&bench, &company, false, now).await;
    for spelling in ["+79011112233", "89011112233", "8%20(901)%20111-22-33", "79011112233"] {
        for query in ["", "?messenger=whatsapp"] {
            let path = format!("/v1/numbers/{spelling}{query}");
            let answer = bench.expect(200, &company.key, "GET", &path, None).await;
            let expected = json!({"phone": "+79011112233", "whatsapp": "none", "learned_at": now.rfc3339(), "from": "delivery"});
            assert_eq!(answer, expected, "{path}");
        }
    }
    learn(&bench, &company, true, now + Duration::from_secs(1)).await;
    assert_eq!(known(&bench, &company).await, "has");
    learn(&bench, &company, false, now).await;
    assert_eq!(known(&bench, &company).await, "has", "an older report comes late");
    assert_eq!(
        bench.expect(200, &other.key, "GET", PATH, None).await,
        nothing,
        "what one account knows, no other one does"
    );
}

#[tokio::test]
async fn a_client_who_wrote_from_the_number_has_it() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    let (channels, _) = bench.connected(&company.key, &["c1"]).await;
    let whatsapp = Identity { messenger: Messenger::Whatsapp, group: false, user: "79011112233".into() };
    rows::contact(&bench, &company, "contact", Some("+79011112233"), &[whatsapp]).await;
    assert_eq!(known(&bench, &company).await, "unknown", "a chat that we began proves nothing");
    let at = bench.clock.now();
    let chat = rows::chat(&bench, &company, &channels[0], "chat", at.millis(), 1).await;
    assert_eq!(chat.client_wrote_at, Some(at));
    let answer = bench.expect(200, &company.key, "GET", PATH, None).await;
    assert_eq!((&answer["whatsapp"], &answer["from"]), (&json!("has"), &json!("message")));
    // A send that failed before the client wrote no longer counts; one that fails afterwards does.
    learn(&bench, &company, false, Timestamp::from_millis(at.millis() - 1000)).await;
    assert_eq!(known(&bench, &company).await, "has");
    learn(&bench, &company, false, at + Duration::from_secs(1)).await;
    assert_eq!(known(&bench, &company).await, "none");
    // The same client's chat in Telegram proves nothing of WhatsApp.
    rows::change(&bench, &chat, |chat| chat.messenger = Messenger::Telegram).await;
    assert_eq!(known(&bench, &company).await, "none");
}

#[tokio::test]
async fn an_employee_who_writes_learns_whether_and_not_who_wrote_when() {
    let staff = Staff::new().await;
    let bench = &staff.bench;
    learn(bench, &staff.company, true, bench.clock.now()).await;
    for who in ["quality", "stranger"] {
        bench.refused(staff.key(who), ("GET", PATH), None, (403, "no_role", None)).await;
    }
    let answer = bench.expect(200, staff.key("boris"), "GET", PATH, None).await;
    let expected = json!({"phone": "+79011112233", "whatsapp": "has", "learned_at": null, "from": null});
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn what_is_no_number_or_not_checked_is_refused() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    for phone in ["x", "123", "+7901111223", "@ivan", "89011112233;89021112233"] {
        let refusal = (400, "invalid_value", Some("phone"));
        bench.refused(&company.key, ("GET", &format!("/v1/numbers/{phone}")), None, refusal).await;
    }
    for (query, code, field) in
        [("messenger=telegram", "invalid_value", "messenger"), ("force=1", "unknown_field", "force")]
    {
        let path = format!("{PATH}?{query}");
        bench.refused(&company.key, ("GET", &path), None, (400, code, Some(field))).await;
    }
    let off = Some(json!({"number_check": false}));
    bench.expect(200, &company.key, "PATCH", "/v1/account", off).await;
    bench.refused(&company.key, ("GET", PATH), None, (422, "number_check_off", None)).await;
    learn(&bench, &company, true, bench.clock.now()).await;
    let on = Some(json!({"number_check": true}));
    bench.expect(200, &company.key, "PATCH", "/v1/account", on).await;
    assert_eq!(known(&bench, &company).await, "unknown", "nothing is learned while it is off");
}

#[tokio::test]
async fn of_two_reports_at_once_the_later_one_counts() {
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    for round in 0..10 {
        let at = bench.clock.now() + Duration::from_secs(round * 10);
        let (later, has) = (at + Duration::from_secs(1), round % 2 == 0);
        tokio::join!(learn(&bench, &company, !has, at), learn(&bench, &company, has, later));
        assert_eq!(known(&bench, &company).await, if has { "has" } else { "none" });
    }
}
