//! A client that was written for Wazzup gets bodies and members that Wazzup's documents have, and no others; one that
//! asks for what is ours gets it too.

use crate::rules::rule;
use crate::world::sends::PHONE;
use crate::world::{CHANNEL, TOKEN, World};
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use shared::crm::universal::settings::Subscriptions;
use shared::model::channel::DealStage;
use shared::model::employee::{Membership, Status};
use std::time::Duration;
use tests::sandbox::faults::Action as Deed;
use tests::wazzup;

const MINUTE: Duration = Duration::from_secs(60);

/// The members of each object, by the member that holds it (Wazzup API v3, "Webhooks"; `""` is the body).
const DOCUMENTED: [(&str, &[&str]); 11] = [
    ("", &["messages", "statuses", "createContact", "createDeal", "channelsUpdates", "templateStatus"]),
    (
        "messages",
        &[
            "messageId",
            "channelId",
            "chatType",
            "chatId",
            "avitoProfileId",
            "dateTime",
            "type",
            "isEcho",
            "contact",
            "text",
            "contentUri",
            "status",
            "error",
            "authorName",
            "authorId",
            "instPost",
            "interactive",
            "quotedMessage",
            "sentFromApp",
            "isEdited",
            "isDeleted",
            "oldInfo",
            "advert",
        ],
    ),
    ("contact", &["name", "avatarUri", "username", "phone"]),
    ("error", &["error", "description", "data"]),
    ("oldInfo", &["oldText", "oldAuthorId", "oldAuthorName"]),
    ("statuses", &["messageId", "timestamp", "status", "error"]),
    ("createContact", &["responsibleUserId", "name", "contactData", "source"]),
    ("contactData", &["chatType", "chatId", "username", "phone"]),
    ("createDeal", &["responsibleUserId", "contacts", "source"]),
    ("channelsUpdates", &["channelId", "state", "timestamp", "qr", "tier"]),
    ("templateStatus", &["templateGuid", "name", "status"]),
];

/// Members of Wazzup's of which the documents leave the contents open.
const OPEN: [&str; 4] = ["quotedMessage", "instPost", "interactive", "advert"];

/// The members of a body that Wazzup's documents do not have.
fn undocumented(place: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if !OPEN.contains(&place) => {
            let (_, known) = DOCUMENTED.iter().find(|(name, _)| *name == place).unwrap();
            for (name, value) in members {
                if known.contains(&name.as_str()) {
                    undocumented(name, value, found);
                } else {
                    found.push(format!("{place}.{name}"));
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| undocumented(place, item, found)),
        _ => {}
    }
}

impl World {
    async fn posts(&self, body: Value) {
        assert_eq!(self.post(TOKEN, body.to_string()).await, 200);
        self.settle().await;
        // A rule's notices of one moment count as one.
        self.clock.advance(Duration::from_secs(1));
    }
}

/// Plays a conversation in which everything happens that a CRM may be notified of. Returns the bodies that it got.
async fn bodies_of(subscriptions: Subscriptions) -> Vec<Value> {
    let world = World::with_employees(&[]).await;
    let anna = world.member("anna", 1);
    world.seat(&anna).await;
    world.subscribe(subscriptions).await;
    let stage = DealStage { pipeline_id: "sales".into(), stage_id: "new".into() };
    world.set_channel(|channel| channel.deal_stage = Some(stage)).await;
    let says = json!([{"notify": {"to": "heads", "text": "A client writes"}}]);
    world.set_rules(vec![rule(json!("message_in"), json!([]), says)]).await;
    let at = || world.clock.now().rfc3339();
    let text = |id: &str| wazzup::text(CHANNEL, PHONE, id, &at(), "Здравствуйте");
    let picture = json!({"name": "Марина", "avatarUri": "https://store.example/1"});
    world.posts(wazzup::messages(&[wazzup::with(text("m1"), json!({"contact": picture}))])).await;
    let place = json!({"type": "geo", "text": null, "location": {"latitude": 55.75, "longitude": 37.5}});
    world.posts(wazzup::messages(&[wazzup::with(text("m2"), place)])).await;
    let group = wazzup::in_group(CHANNEL, "79990001122-1603977171", "Иван", "g1", &at(), "Кто на смене?");
    let echo = wazzup::echo(CHANNEL, PHONE, "e1", &at(), "Добрый день");
    world.posts(wazzup::messages(&[group, echo])).await;
    world.posts(wazzup::status("e1", "edited", &at())).await;
    let refusal = json!({"status": 400, "error": "BAD_CONTACT", "description": "No such number."});
    let refused = Deed::Status { status: 400, body: Some(refusal), retry_after_seconds: None };
    world.wazzup_fails("send", refused, 1).await;
    world.send("own-1", "Приезжайте").await;
    // The CRM gets the message first, and its failure as a status.
    while world.deliver("crm.fifo").await {}
    world.settle().await;
    world
        .posts(json!({"templateStatus": {"templateGuid": "8d255e5d", "name": "Test", "status": "approved"}}))
        .await;
    let state = json!({"channelId": CHANNEL, "state": "qr", "timestamp": world.clock.now().millis() + 1});
    world.posts(json!({"channelsUpdates": [state]})).await;
    world.seat(&Membership { status: Status::Away, ..anna }).await;
    world.posts(wazzup::messages(&[wazzup::text(CHANNEL, "79012223344", "w1", &at(), "Ау?")])).await;
    world.pass(MINUTE * 15).await;
    let crm = world.crm().await;
    assert!(crm.refused.is_empty() && crm.anomalies.is_empty(), "{:?} {:?}", crm.refused, crm.anomalies);
    let deliveries = world.sandbox.client().deliveries("demo", 0).await.unwrap();
    deliveries.into_iter().map(|delivery| delivery.body).collect()
}

/// The entries of a list over all bodies.
fn all<'a>(bodies: &'a [Value], member: &str) -> Vec<&'a Value> {
    bodies.iter().filter_map(|body| body[member].as_array()).flatten().collect()
}

fn message<'a>(bodies: &'a [Value], id: &str) -> &'a Value {
    all(bodies, "messages").into_iter().find(|message| message["messageId"] == id).unwrap()
}

fn has(bodies: &[Value], member: &str) -> bool {
    bodies.iter().any(|body| body.get(member).is_some())
}

#[tokio::test]
async fn an_ordinary_client_gets_what_wazzup_sends_and_nothing_else() {
    let bodies = bodies_of(Subscriptions::default()).await;
    let mut found = Vec::new();
    bodies.iter().for_each(|body| undocumented("", body, &mut found));
    assert_eq!(found, Vec::<String>::new());
    for (member, _) in DOCUMENTED.iter().filter(|(name, _)| DOCUMENTED[0].1.contains(name)) {
        assert!(has(&bodies, member), "{member}");
    }
    let texts: Vec<&str> = all(&bodies, "messages").iter().filter_map(|one| one["text"].as_str()).collect();
    let place = "55.75, 37.5\nhttps://www.google.com/maps?q=55.75,37.5";
    let expected = ["Здравствуйте", place, "Кто на смене?", "Добрый день", "Приезжайте", "Ау?"];
    assert!(expected.iter().all(|text| texts.contains(text)), "{texts:?}");
    assert_eq!(texts.len(), expected.len(), "no notice, and no mark before a text: {texts:?}");
    let contact = json!({"name": "Марина", "avatarUri": "https://store.example/1", "phone": PHONE});
    assert_eq!(message(&bodies, "m1")["contact"], contact);
    assert_eq!(message(&bodies, "g1")["authorName"], "Иван");
    let statuses = all(&bodies, "statuses");
    let of = |id: &str| -> Vec<Value> {
        let of = statuses.iter().filter(|status| status["messageId"] == id);
        of.map(|status| json!([status["status"], status["error"]])).collect()
    };
    assert_eq!(of("e1"), [json!(["edited", null])]);
    let error = json!({"error": "BAD_CONTACT", "description": "No such number."});
    assert_eq!(of("own-1"), [json!(["error", error])]);
}

#[tokio::test]
async fn a_client_that_asks_for_what_is_ours_gets_it() {
    let bodies = bodies_of(Subscriptions::everything()).await;
    for member in ["chatFinished", "waitingClients", "notification"] {
        assert!(has(&bodies, member), "{member}");
    }
    let deal = bodies.iter().find_map(|body| body.get("createDeal")).unwrap();
    assert_eq!(deal["stage"], json!({"pipelineId": "sales", "stageId": "new"}));
    let texts: Vec<&str> = all(&bodies, "messages").iter().filter_map(|one| one["text"].as_str()).collect();
    assert!(texts.contains(&"[Отправлено с телефона] Добрый день"), "{texts:?}");
    assert!(texts.contains(&"Иван: Кто на смене?"), "{texts:?}");
    assert!(texts.iter().any(|text| text.starts_with("[SWITCHBOARD ERROR]")), "{texts:?}");
}

#[tokio::test]
async fn a_templates_state_waits_for_a_crm_that_is_down() {
    use tests::sandbox::faults::Fault;
    let world = World::with_employees(&[]).await;
    let client = world.sandbox.client();
    let fault = client.add_fault(&Fault::crm("demo", "any", Deed::status(503))).await.unwrap();
    let template = json!({"templateGuid": "8d255e5d", "name": "Test", "status": "PAUSED"});
    world.posts(json!({"templateStatus": template})).await;
    client.remove_fault(fault).await.unwrap();
    world.pass(MINUTE * 3).await;
    let accepted = async || -> Vec<Value> {
        let deliveries = world.sandbox.client().deliveries("demo", 0).await.unwrap();
        let accepted = deliveries.into_iter().filter(|delivery| delivery.fault.is_none());
        accepted.map(|delivery| delivery.body).collect()
    };
    assert_eq!(accepted().await, [json!({"templateStatus": template})]);
    world.subscribe(Subscriptions { template_status: false, ..Subscriptions::default() }).await;
    world.posts(json!({"templateStatus": template})).await;
    world.pass(MINUTE * 3).await;
    assert_eq!(accepted().await.len(), 1, "a CRM that did not subscribe is not told");
}
