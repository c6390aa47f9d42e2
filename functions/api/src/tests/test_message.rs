//! The test message (A6): what it posts to our own webhook, and what its status reports.

use super::channel_settings::{carrying, universal};
use super::rows;
use crate::connections::test_message::TestMessage;
use crate::testing::{Bench, Company};
use axum::http::{HeaderMap, Method};
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::base::ids::{ChatId, ContactId, EmployeeId, MessageId};
use shared::model::chat::Chat;
use shared::model::connection::TokenOwner;
use shared::model::contact::verified_phone;
use shared::model::event::{Event, MessageEvent, Side};
use shared::model::message::Message;
use shared::model::message::kind::Kind;
use shared::model::messenger::{ChannelState, Messenger};
use shared::providers::inbound::{Item, Owners, Parsed, WebhookRequest};
use shared::store::row::{Row, Write};
use shared::store::{Read, keys};
use std::collections::HashMap;
use std::time::Duration;

const PATH: &str = "/v1/test-messages";

/// The steps' states, each with its reason and detail.
fn steps(answer: &Value) -> Vec<(String, String, Value, Value)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let step = |step: &Value| {
        (text(&step["step"]), text(&step["state"]), step["why"].clone(), step["detail"].clone())
    };
    answer["steps"].as_array().unwrap().iter().map(step).collect()
}

fn step(name: &str, state: &str, why: Option<&str>, detail: Option<&str>) -> (String, String, Value, Value) {
    (name.into(), state.into(), json!(why), json!(detail))
}

async fn set_up(transport: &str) -> (Bench, Company, String) {
    let bench = Bench::reached().await;
    let company = bench.company("One").await;
    let (channels, _) = carrying(&bench, &company.key, &[("c1", transport)]).await;
    (bench, company, channels[0].clone())
}

async fn row_of(bench: &Bench, company: &Company, sent: &Value) -> TestMessage {
    let key = keys::test_message(&rows::account(company), sent["id"].as_str().unwrap());
    bench.app.store.get(&key, Read::Consistent).await.unwrap().unwrap()
}

/// The chat and message that routing would store for it.
async fn routed(bench: &Bench, company: &Company, sent: &Value) -> (Chat, Message) {
    let test = row_of(bench, company, sent).await;
    let now = bench.clock.now();
    let event = rows::event(test.channel.as_str(), test.chat.as_str(), test.message.as_str(), now.millis());
    let event = MessageEvent { message_id: MessageId::new(test.message.as_str()), ..event };
    let mut chat = Chat::unopened(&rows::account(company), &event, ContactId::new("contact"), now);
    let message = chat.receive(&event, None, now).unwrap();
    rows::create(bench, std::slice::from_ref(&message)).await;
    rows::create(bench, std::slice::from_ref(&chat)).await;
    (chat, message)
}

#[tokio::test]
async fn a_marked_message_enters_by_the_public_webhook() {
    let (bench, company, channel) = set_up("wapi").await;
    let sent = bench.expect(202, &company.key, "POST", PATH, None).await;
    let posted = bench.world.lock().unwrap().posted.clone();
    let [(token, body)] = posted.as_slice() else { panic!("one is posted: {posted:?}") };
    assert_eq!(token.len(), 32, "the connection's own");
    let registered = bench.world.lock().unwrap().webhooks[0].to_string();
    assert!(registered.contains(token.as_str()), "where Wazzup posts too");
    let [message] = body["messages"].as_array().unwrap().as_slice() else { panic!("{body}") };
    for (field, expected) in [
        ("channelId", "c1"),
        ("chatType", "whatsapp"),
        ("chatId", "70000000000"),
        ("type", "text"),
        ("status", "inbound"),
        ("dateTime", "2026-11-21T09:10:00.000Z"),
    ] {
        assert_eq!(message[field], expected, "{field}");
    }
    assert!(message["text"].as_str().unwrap().contains("тестовое сообщение"), "{message}");
    assert_eq!((&sent["channel"], &sent["done"]), (&json!(channel), &json!(false)));
    let row = row_of(&bench, &company, &sent).await;
    assert_eq!(message["messageId"], row.message.as_str());
    assert_eq!(sent["chat"], row.chat.as_str());
    let expected = [
        step("accepted", "done", None, Some("200")),
        step("stored", "waiting", Some("not_yet"), None),
        step("given", "waiting", Some("not_yet"), None),
        step("told_crm", "skipped", Some("no_crm"), None),
    ];
    assert_eq!(steps(&sent), expected);
    // It is repeatable: each time another message in the same chat, and in the account's language.
    let english = Some(json!({"language": "en"}));
    bench.expect(200, &company.key, "PATCH", "/v1/account", english).await;
    let again = bench.expect(202, &company.key, "POST", PATH, None).await;
    assert_eq!(again["chat"], sent["chat"]);
    assert_ne!(again["id"], sent["id"]);
    let second = bench.world.lock().unwrap().posted[1].1["messages"][0].clone();
    assert_ne!(second["messageId"], message["messageId"]);
    assert!(second["text"].as_str().unwrap().contains("This is a test message"), "{second}");
    assert_eq!(second["contact"]["name"], "Switchboard test");
}

/// The event that ingest parses from the last post.
async fn read_by_ingest(bench: &Bench) -> MessageEvent {
    let (token, body) = bench.world.lock().unwrap().posted.last().unwrap().clone();
    let token = bench.app.store.webhook_token(&token).await.unwrap().expect("a connection's token");
    let TokenOwner::Connection(owner) = token.owner else { panic!("an app's token") };
    let (query, headers, body) = (HashMap::new(), HeaderMap::new(), body.to_string());
    let request =
        WebhookRequest { method: &Method::POST, query: &query, headers: &headers, body: body.as_bytes() };
    let inbound = shared::providers::inbound(&token.provider).unwrap();
    let read = inbound.parse(&request, &Owners::One(owner), bench.clock.now());
    let Parsed::Items(mut items) = read else { panic!("{read:?}") };
    match (items.pop(), items.pop()) {
        (Some(Item::Event { event: Event::Message(event), .. }), None) => *event,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn ingest_reads_it_as_a_message_of_the_chat_that_is_told() {
    for (transport, messenger) in [("tgapi", Messenger::Telegram), ("wapi", Messenger::Whatsapp)] {
        let (bench, company, channel) = set_up(transport).await;
        let sent = bench.expect(202, &company.key, "POST", PATH, None).await;
        let event = read_by_ingest(&bench).await;
        assert_eq!(sent["chat"], event.chat.as_str());
        assert_eq!(event.message_id, row_of(&bench, &company, &sent).await.message);
        assert_eq!((event.channel.id.as_str(), &event.messenger), (channel.as_str(), &messenger));
        assert_eq!((event.side, event.kind), (Side::Client, Kind::Text));
        assert_eq!(verified_phone(&event, "RU"), None, "the number belongs to no client");
    }
}

#[tokio::test]
async fn how_far_it_got_is_told_step_by_step() {
    let (bench, company, channel) = set_up("whatsapp").await;
    universal(&bench, &company.key).await;
    let sent = bench.expect(202, &company.key, "POST", PATH, None).await;
    let path = format!("{PATH}/{}", sent["id"].as_str().unwrap());
    let now = async || steps(&bench.expect(200, &company.key, "GET", &path, None).await)[1..].to_vec();
    let untold = step("told_crm", "waiting", Some("not_yet"), None);
    assert_eq!(now().await[2], untold);
    let (chat, message) = routed(&bench, &company, &sent).await;
    let stored = step("stored", "done", None, None);
    let given = |state: &str, why: Option<&str>, detail: Option<&str>| step("given", state, why, detail);
    assert_eq!(
        now().await,
        [stored.clone(), given("waiting", Some("nobody_eligible"), None), untold.clone()]
    );
    // An employee is there, and their turn comes.
    let load = json!({"employees": [{"id": "7", "name": "Anna"}]});
    bench.expect(200, &company.key, "PUT", "/v1/employees", Some(load)).await;
    let place = Some(json!({"role": "manager", "receives_new_clients": true}));
    bench.expect(200, &company.key, "PUT", &format!("/v1/channels/{channel}/employees/7"), place).await;
    assert_eq!(now().await[1], given("waiting", Some("not_yet"), None));
    let paused = Some(json!({"paused": true}));
    bench.expect(200, &company.key, "PATCH", &format!("/v1/channels/{channel}"), paused).await;
    assert_eq!(now().await[1], given("waiting", Some("channel_paused"), None));
    let pool = rows::change(&bench, &chat, Chat::offer_to_all).await;
    assert_eq!(now().await[1], given("done", Some("first_responder"), None));
    let mut chat = rows::change(&bench, &pool, |chat| chat.set_responsible(&EmployeeId::new("7"))).await;
    assert_eq!(now().await[1], given("done", None, Some("7")));
    // The CRM fails, then refuses our key, and in the end accepts the message.
    chat = rows::change(&bench, &chat, |chat| chat.crm_error = Some("HTTP 500".into())).await;
    assert_eq!(now().await[2], step("told_crm", "waiting", Some("crm_fails"), Some("HTTP 500")));
    let crm = bench.app.store.crm(&rows::account(&company), Read::Consistent).await.unwrap().unwrap();
    rows::change(&bench, &crm, |crm| crm.state = shared::model::crm::CrmState::Unauthorized).await;
    assert_eq!(now().await[2], step("told_crm", "waiting", Some("crm_unauthorized"), None));
    rows::change(&bench, &chat, |chat| chat.crm_synced_seq = message.created_seq).await;
    assert_eq!(now().await[2], step("told_crm", "done", None, None));
    let all = bench.expect(200, &company.key, "GET", &path, None).await;
    assert_eq!(all["done"], true);
    assert_eq!(all["steps"][1]["at"], "2026-11-21T09:10:00.000Z");
    rows::change(&bench, &message, |message| message.crm_refused = Some("too long".into())).await;
    assert_eq!(now().await[2], step("told_crm", "failed", Some("crm_refused"), Some("too long")));
}

#[tokio::test]
async fn a_webhook_that_refuses_or_is_not_reached_is_told() {
    let (bench, company, _) = set_up("whatsapp").await;
    bench.world.lock().unwrap().webhook_fails = Some(404);
    let sent = bench.expect(202, &company.key, "POST", PATH, None).await;
    assert_eq!(steps(&sent)[0], step("accepted", "failed", Some("refused"), Some("404")));
    let path = format!("{PATH}/{}", sent["id"].as_str().unwrap());
    assert_eq!(bench.expect(200, &company.key, "GET", &path, None).await, sent, "it is kept");
    // Its public address leads nowhere: the name cannot be resolved.
    let bench = Bench::new().await;
    let company = bench.company("One").await;
    carrying(&bench, &company.key, &[("c1", "whatsapp")]).await;
    let row = TestMessage { answered: None, ..row_like(&company) };
    let unanswered = shared_answer(&bench, &company, row.clone()).await;
    assert_eq!(steps(&unanswered)[0], step("accepted", "waiting", Some("not_yet"), None));
    let nobody = Some(crate::connections::test_message::Answered { status: None, at: bench.clock.now() });
    let row = TestMessage { id: bench.app.ambient.uuid().to_string(), answered: nobody, ..row };
    let failed = shared_answer(&bench, &company, row).await;
    assert_eq!(steps(&failed)[0], step("accepted", "failed", Some("no_answer"), None));
}

/// The row of a test message that was not posted.
pub fn row_like(company: &Company) -> TestMessage {
    TestMessage {
        v: 1,
        account: rows::account(company),
        id: "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a92".into(),
        channel: shared::base::ids::ChannelId::new("c"),
        chat: ChatId::new("chat"),
        message: MessageId::new("m"),
        answered: None,
        posted_at: shared::base::clock::Timestamp::default(),
        expires_at: i64::MAX / 1000,
    }
}

async fn shared_answer(bench: &Bench, company: &Company, row: TestMessage) -> Value {
    bench.app.store.commit(vec![Write::create(&row).unwrap()]).await.unwrap();
    bench.expect(200, &company.key, "GET", &format!("{PATH}/{}", row.id), None).await
}

#[tokio::test]
async fn without_a_channel_that_can_take_it_nothing_is_posted() {
    let bench = Bench::reached().await;
    let company = bench.company("One").await;
    let none = (422, "no_channel", None);
    bench.refused(&company.key, ("POST", PATH), None, none).await;
    let listed = [("c1", "avito"), ("c2", "whatsapp"), ("c3", "tgapi")];
    let (channels, connection) = carrying(&bench, &company.key, &listed).await;
    // Channels that were added at the same moment are tried in the order of their ids.
    let mut takers = [channels[1].clone(), channels[2].clone()];
    takers.sort();
    for taker in takers {
        let sent = bench.expect(202, &company.key, "POST", PATH, None).await;
        assert_eq!(sent["channel"], taker);
        let ignored = Some(json!({"ignored": true}));
        bench.expect(200, &company.key, "PATCH", &format!("/v1/channels/{taker}"), ignored).await;
    }
    bench.refused(&company.key, ("POST", PATH), None, none).await;
    let heard = Some(json!({"ignored": false}));
    bench.expect(200, &company.key, "PATCH", &format!("/v1/channels/{}", channels[1]), heard).await;
    bench.expect(204, &company.key, "DELETE", &format!("/v1/connections/{connection}"), None).await;
    bench.refused(&company.key, ("POST", PATH), None, none).await;
    assert_eq!(bench.world.lock().unwrap().posted.len(), 2);
}

#[tokio::test]
async fn it_is_the_accounts_own_and_told_for_a_day() {
    let (bench, company, _) = set_up("whatsapp").await;
    let other = bench.company("Two").await;
    let sent = bench.expect(202, &company.key, "POST", PATH, None).await;
    let path = format!("{PATH}/{}", sent["id"].as_str().unwrap());
    bench.refused(&other.key, ("GET", &path), None, (404, "not_found", None)).await;
    let token = bench.token(&company.key, "7").await;
    bench.refused(&token, ("POST", PATH), None, (403, "section_not_granted", None)).await;
    let key = row_of(&bench, &company, &sent).await.key();
    assert!(key.pk.starts_with(&format!("A#{}#", company.id)));
    bench.clock.advance(Duration::from_secs(24 * 3600));
    bench.refused(&company.key, ("GET", &path), None, (404, "not_found", None)).await;
}

#[tokio::test]
async fn a_channel_that_is_off_takes_none_and_a_paused_one_does() {
    let bench = Bench::reached().await;
    let company = bench.company("One").await;
    let (mut channels, _) = carrying(&bench, &company.key, &[("c1", "whatsapp"), ("c2", "tgapi")]).await;
    channels.sort();
    let id = shared::base::ids::ChannelId::new(channels[0].as_str());
    let account = rows::account(&company);
    for (state, paused, taker) in [
        (ChannelState::Active, true, &channels[0]),
        (ChannelState::Disabled, false, &channels[1]),
        (ChannelState::Unauthorized, false, &channels[1]),
        (ChannelState::NeedsAttention, false, &channels[0]),
    ] {
        let channel = bench.app.store.channel(&account, &id, Read::Consistent).await.unwrap().unwrap();
        rows::change(&bench, &channel, |channel| (channel.state, channel.paused) = (state, paused)).await;
        let sent = bench.expect(202, &company.key, "POST", PATH, None).await;
        assert_eq!(sent["channel"], *taker, "{state:?}");
    }
}

/// Rows as the version before the renaming of types and fields wrote them, without their keys.
#[test]
fn recorded_rows_are_read_and_written_back_unchanged() {
    let (account, id) = ("01a1fd5e-a240-7b74-a851-6a89391beaa2", "01a1fd5e-a240-7972-80f5-d4017cdd7b4f");
    let posted = json!({
        "v": 1, "account": account, "id": id,
        "channel": "38bb128f-2796-8153-ad58-82fd80ffd35f", "chat": "05a7a40d-6996-8a66-bc54-0354b52491a3",
        "message": "01a1fd5e-a240-7a2f-8a0d-d9f1f5ed4c63",
        "posted_at": 1_795_252_200_000_i64, "expires_at": 1_795_338_600,
    });
    let mut answered = posted.clone();
    answered["answered"] = json!({"at": 1_795_252_200_000_i64, "status": 200});
    for recorded in [posted, answered] {
        let row: TestMessage = serde_json::from_value(recorded.clone()).unwrap();
        assert_eq!(serde_json::to_value(&row).unwrap(), recorded);
        let key = row.key();
        assert_eq!((key.pk, key.sk.as_str()), (format!("A#{account}#TEST#{id}"), "TEST"));
    }
}
