//! Notices of rules, each listed for its addressees only; and channels on which clients wait.

use super::rows::{account, change, create};
use super::staff::Staff;
use serde_json::{Value, json};
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::{ChannelId, ChatId, EmployeeId};
use shared::model::assignment::{Ring, WaitingClient};
use shared::model::chat::{Chat, NoticeTo, RuleNotice};
use shared::model::employee::Membership;
use shared::store::keys;
use shared::store::notices::notice_writes;
use shared::store::row::Write;
use std::time::Duration;

/// Stores a notice that a rule made in a chat, as routing writes it.
async fn say(staff: &Staff, chat: &Chat, to: NoticeTo, text: &str) -> Chat {
    let at = staff.bench.clock.now();
    let mut after = chat.clone();
    let event = after.notify(RuleNotice::new(to, text), at);
    let mut writes = notice_writes(&after, &event).unwrap();
    writes.push(Write::create(&event).unwrap());
    writes.push(Write::change(chat, &after, &[]).unwrap().unwrap());
    staff.bench.app.store.commit(writes).await.unwrap();
    staff.bench.clock.advance(Duration::from_secs(1));
    after
}

/// An employee's membership of the channel.
async fn place(staff: &Staff, who: &str) -> Membership {
    let (account, channel) = (account(&staff.company), ChannelId::new(staff.channel.as_str()));
    staff.bench.app.store.member(&account, &channel, &EmployeeId::new(who)).await.unwrap().unwrap()
}

/// The texts of the notices that an employee's key reads, page by page.
async fn texts(staff: &Staff, who: &str, query: &str) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), format!("/v1/notices?{query}"));
    loop {
        let page = staff.bench.expect(200, staff.key(who), "GET", &next, None).await;
        let notices = page["notices"].as_array().unwrap().iter();
        found.extend(notices.map(|notice| notice["text"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("/v1/notices?{query}&cursor={cursor}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn each_reads_what_is_for_him_and_what_he_may_see() {
    let staff = Staff::new().await;
    let annas = staff.chat("a", "anna", 1_000_000).await;
    let waits = staff.chat("w", "waiting", 1_000_000).await;
    let annas = say(&staff, &annas, NoticeTo::Responsible, "1 responsible").await;
    let annas = say(&staff, &annas, NoticeTo::Heads, "2 heads").await;
    let annas = say(&staff, &annas, NoticeTo::Employee(EmployeeId::new("anna")), "3 anna").await;
    let annas = say(&staff, &annas, NoticeTo::Employee(EmployeeId::new("boris")), "4 boris").await;
    say(&staff, &waits, NoticeTo::Responsible, "5 nobody").await;
    for (who, query, expected) in [
        ("anna", "limit=1", ["3 anna", "1 responsible"].as_slice()),
        ("anna", "employee=anna", &["3 anna", "1 responsible"]),
        ("admin", "employee=anna&limit=1", &["3 anna", "1 responsible"]),
        ("boris", "", &[]),
        ("head", "limit=1", &["5 nobody", "2 heads"]),
        ("admin", "employee=head", &["5 nobody", "2 heads"]),
        ("quality", "", &[]),
        ("stranger", "", &[]),
    ] {
        assert_eq!(texts(&staff, who, query).await, expected, "{who} {query}");
    }
    let first = staff.bench.expect(200, staff.key("head"), "GET", "/v1/notices?limit=1", None).await;
    let expected = json!({
        "chat": "w", "seq": waits.seq + 1, "channel": staff.channel, "at": "2026-11-21T09:10:04.000Z",
        "to": {"type": "responsible"}, "text": "5 nobody"
    });
    assert_eq!(first["notices"], json!([expected]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/v1/notices?cursor={cursor}");
    let other = (400, "invalid_cursor", Some("cursor"));
    staff.bench.refused(staff.key("anna"), ("GET", &path), None, other).await;
    // When the chat is reassigned, the notice moves from its previous responsible to the new one.
    change(&staff.bench, &annas, |chat| chat.set_responsible(&EmployeeId::new("boris"))).await;
    assert!(texts(&staff, "anna", "").await.is_empty());
    assert_eq!(texts(&staff, "boris", "").await, ["4 boris"]);
    // Notices are listed for 30 days.
    staff.bench.clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert!(texts(&staff, "admin", "employee=head").await.is_empty());
}

#[tokio::test]
async fn whom_the_crm_refuses_reads_no_notices_of_chats() {
    let staff = Staff::new().await;
    let annas = staff.chat("a", "anna", 1_000_000).await;
    let annas = say(&staff, &annas, NoticeTo::Responsible, "responsible").await;
    let annas = say(&staff, &annas, NoticeTo::Heads, "heads").await;
    say(&staff, &annas, NoticeTo::Employee(EmployeeId::new("boris")), "boris").await;
    for (who, reads) in [("anna", vec!["responsible"]), ("head", vec!["heads"]), ("boris", vec![])] {
        assert_eq!(texts(&staff, who, "").await, reads, "{who}: what they see");
        let place = place(&staff, who).await;
        change(&staff.bench, &place, |place| place.inactive = true).await;
        assert_eq!(texts(&staff, who, "").await, Vec::<String>::new(), "{who}");
    }
}

#[tokio::test]
async fn whose_notices_may_be_asked_for() {
    let staff = Staff::new().await;
    for (who, query, refused) in [
        ("anna", "employee=boris", (403, "not_yours", None)),
        ("head", "employee=anna", (403, "not_yours", None)),
        ("admin", "", (400, "missing_field", Some("employee"))),
        ("admin", "employee=", (400, "invalid_value", Some("employee"))),
        ("admin", "employee=nobody", (404, "not_found", None)),
        ("anna", "limit=0", (400, "invalid_value", Some("limit"))),
        ("anna", "cursor=x", (400, "invalid_cursor", Some("cursor"))),
        ("anna", "since=1", (400, "unknown_field", Some("since"))),
    ] {
        let path = format!("/v1/notices?{query}");
        staff.bench.refused(staff.key(who), ("GET", &path), None, refused).await;
    }
    let other = staff.bench.company("Two").await;
    staff.bench.expect(404, &other.key, "GET", "/v1/notices?employee=anna", None).await;
}

#[tokio::test]
async fn a_window_learns_of_notices() {
    let staff = Staff::new().await;
    let before = staff.chat("a", "anna", 1_000_000).await;
    say(&staff, &before, NoticeTo::Heads, "Look here").await;
    let news = format!("/v1/chats/a/changes?since={}", before.seq);
    let news = staff.bench.expect(200, staff.key("anna"), "GET", &news, None).await;
    let notice = json!({"at": "2026-11-21T09:10:00.000Z", "to": {"type": "heads"}, "text": "Look here"});
    let change = json!({"seq": before.seq + 1, "message": null, "finished": null, "assignment": null, "notice": notice});
    assert_eq!(news["changes"], json!([change]));
}

#[tokio::test]
async fn b4_heads_learn_where_clients_wait() {
    let staff = Staff::new().await;
    let (account, channel) = (account(&staff.company), ChannelId::new(staff.channel.as_str()));
    let channels = |answer: Value| answer["channels"].clone();
    let nobody = staff.bench.expect(200, staff.key("head"), "GET", "/v1/waiting", None).await;
    assert_eq!(channels(nobody), json!([]));
    let clients: Vec<WaitingClient> = [3_000_000, 1_000_000, 2_000_000]
        .into_iter()
        .map(|at| WaitingClient {
            v: 1,
            account: account.clone(),
            channel: channel.clone(),
            chat: ChatId::new(format!("c{at}")),
            contact: shared::base::ids::ContactId::new("contact"),
            arrived_at: Timestamp::from_millis(at),
        })
        .collect();
    create(&staff.bench, &clients).await;
    let taken = staff.bench.expect(200, staff.key("head"), "GET", "/v1/waiting", None).await;
    assert_eq!(channels(taken), json!([]), "they are being assigned");
    create(&staff.bench, &[Ring { left: 1, ..Ring::new(&account, &channel) }]).await;
    let expected = json!([{
        "channel": staff.channel, "waiting": 3, "oldest_waiting_since": "1970-01-01T00:16:40.000Z"
    }]);
    for (who, sees) in [
        ("admin", true),
        ("head", true),
        ("anna", false),
        ("boris", false),
        ("quality", false),
        ("stranger", false),
    ] {
        let answer = staff.bench.expect(200, staff.key(who), "GET", "/v1/waiting", None).await;
        assert_eq!(channels(answer), if sees { expected.clone() } else { json!([]) }, "{who}");
    }
    // The CRM refuses the head: they have no membership until it loads them again.
    let head = place(&staff, "head").await;
    let refused = change(&staff.bench, &head, |place| place.inactive = true).await;
    assert_eq!(
        channels(staff.bench.expect(200, staff.key("head"), "GET", "/v1/waiting", None).await),
        json!([])
    );
    change(&staff.bench, &refused, |place| place.inactive = false).await;
    let other = staff.bench.company("Two").await;
    assert_eq!(channels(staff.bench.expect(200, &other.key, "GET", "/v1/waiting", None).await), json!([]));
    // The waiting clients were assigned since the ring's last pass.
    let gone = clients
        .iter()
        .map(|client| Write::forget(keys::waiting(&account, &channel, client.arrived_at, &client.chat)));
    staff.bench.app.store.commit(gone.collect()).await.unwrap();
    assert_eq!(
        channels(staff.bench.expect(200, staff.key("head"), "GET", "/v1/waiting", None).await),
        json!([])
    );
}
