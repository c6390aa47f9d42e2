//! The conditions of rules.

use super::{rule, tag};
use crate::world::sends::PHONE;
use crate::world::{CHANNEL, TOKEN, World};
use serde_json::{Value, json};
use shared::base::clock::Ambient;
use std::time::Duration;
use tests::wazzup;

/// Rules with one condition each, and a tag that shows that the rule ran.
fn each(conditions: &[(&str, Value)]) -> Vec<Value> {
    let rules = conditions.iter();
    rules.map(|(name, condition)| rule(json!("message_in"), json!([condition]), json!([tag(name)]))).collect()
}

async fn tags_of(world: &World, id: &str, text: &str) -> Vec<String> {
    if world.chat(PHONE).await.is_some() {
        world.change_chat(|chat| chat.tags.clear()).await;
    }
    world.client_writes(id, text).await;
    world.tags().await
}

#[tokio::test]
async fn f6_where_and_what_is_written() {
    let world = World::with_employees(&["anna"]).await;
    world
        .set_rules(each(&[
            ("channel", json!({"channel": [world.channel.as_str()]})),
            ("other channel", json!({"channel": ["elsewhere"]})),
            ("messenger", json!({"messenger": ["viber", "whatsapp"]})),
            ("other messenger", json!({"messenger": ["viber"]})),
            ("contains", json!({"text": {"contains": "ПРОДАЁТЕ"}})),
            ("contains not", json!({"text": {"contains": "куплю"}})),
            ("equals", json!({"text": {"equals": "ещё продаёте?"}})),
            ("equals not", json!({"text": {"equals": "ещё"}})),
            ("matches", json!({"text": {"matches": "^Ещё .*\\?$"}})),
            ("matches not", json!({"text": {"matches": "\\d"}})),
            ("kind", json!({"kind": ["voice", "text"]})),
            ("other kind", json!({"kind": ["voice"]})),
        ]))
        .await;
    let tags = tags_of(&world, "m1", "Ещё продаёте?").await;
    assert_eq!(tags, ["channel", "contains", "equals", "kind", "matches", "messenger"]);
    let call = wazzup::missed_call(CHANNEL, PHONE, "call1", &world.clock.now().rfc3339());
    world.change_chat(|chat| chat.tags.clear()).await;
    world.post(TOKEN, wazzup::messages(&[call]).to_string()).await;
    world.settle().await;
    assert_eq!(
        world.tags().await,
        ["channel", "messenger"],
        "a call is of another kind, and has its own words"
    );
}

#[tokio::test]
async fn f6_who_writes_and_whose_he_is() {
    let world = World::with_employees(&["anna"]).await;
    world
        .set_rules(each(&[
            ("new", json!({"new_client": true})),
            ("known", json!({"new_client": false})),
            ("annas", json!({"responsible": {"any_of": ["anna"]}})),
            ("boriss", json!({"responsible": {"any_of": ["boris"]}})),
            ("somebodys", json!({"responsible": {"present": true}})),
            ("nobodys", json!({"responsible": {"present": false}})),
        ]))
        .await;
    assert_eq!(tags_of(&world, "m1", "Привет").await, ["new", "nobodys"]);
    assert_eq!(tags_of(&world, "m2", "Ещё").await, ["annas", "known", "somebodys"]);
}

#[tokio::test]
async fn f6_tags_are_asked_as_they_were_before_all_rules() {
    let world = World::with_employees(&["anna"]).await;
    world
        .set_rules(each(&[
            ("vip", json!({"tag": {"lacks": "vip"}})),
            ("had", json!({"tag": {"has": "vip"}})),
        ]))
        .await;
    world.client_writes("m1", "Привет").await;
    assert_eq!(world.tags().await, ["vip"], "what one rule does, the next one does not see");
    world.client_writes("m2", "Привет").await;
    assert_eq!(world.tags().await, ["had", "vip"]);
}

#[tokio::test]
async fn f6_working_hours_are_the_channels_else_the_accounts_else_always() {
    // It is a Saturday, noon in Moscow.
    let week = |days: Value| {
        serde_json::from_value(json!({
            "zone": "Europe/Moscow", "spans": [{"days": days, "from": "09:00", "to": "18:00"}]
        }))
        .unwrap()
    };
    let world = World::with_employees(&["anna"]).await;
    world
        .set_rules(each(&[
            ("at work", json!({"working_hours": true})),
            ("free", json!({"working_hours": false})),
        ]))
        .await;
    assert_eq!(tags_of(&world, "m1", "Привет").await, ["at work"]);
    world.set_account(|account| account.hours = Some(week(json!(["monday"])))).await;
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(tags_of(&world, "m2", "Привет").await, ["free"]);
    world.set_channel(|channel| channel.hours = Some(week(json!(["saturday"])))).await;
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(tags_of(&world, "m3", "Привет").await, ["at work"]);
}

#[tokio::test]
async fn f6_all_conditions_must_hold_and_what_is_switched_off_does_not_run() {
    let world = World::with_employees(&["anna"]).await;
    let both = json!([{"text": {"contains": "a"}}, {"text": {"contains": "b"}}]);
    let mut off = rule(json!("message_in"), json!([]), json!([tag("off")]));
    off["enabled"] = json!(false);
    world.set_rules(vec![rule(json!("message_in"), both, json!([tag("both")])), off]).await;
    assert!(tags_of(&world, "m1", "a").await.is_empty());
    assert_eq!(tags_of(&world, "m2", "a b").await, ["both"]);
}
