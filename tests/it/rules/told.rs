//! Triggers from outside of routing: rules run once for each, whatever other writers change in the chat.

use super::{reply, rule};
use crate::world::World;
use crate::world::change_of;
use crate::world::sends::PHONE;
use serde_json::json;
use shared::base::clock::Ambient;
use shared::model::chat::ForRules;
use std::time::Duration;

#[tokio::test]
async fn f6_what_is_taken_off_does_not_come_back_with_a_writer_who_read_before() {
    let world = World::with_employees(&["anna"]).await;
    world.set_rules(vec![rule(json!("chat_opened"), json!([]), json!([reply("Открыто")]))]).await;
    world.client_writes("m1", "Привет").await;
    world
        .change_chat(|chat| {
            chat.for_rules.push(ForRules::MessageOut(shared::base::ids::MessageId::new("gone")))
        })
        .await;
    let read = world.there().await;
    let mut late = read.clone();
    late.for_rules.push(ForRules::Opened);
    world.pass_everywhere(Duration::from_secs(240)).await;
    let now = world.there().await;
    assert!(now.for_rules.is_empty(), "the trigger was handled, though its message is gone");
    let writes = change_of(read, late, world.clock.now());
    let lost = world.store.commit(writes).await;
    assert!(lost.is_err_and(|error| error.is_conflict()), "the writer reads and decides again");
    assert_eq!(super::automatic(&world.messages(PHONE).await), ["Открыто"]);
}

#[tokio::test]
async fn f6_of_two_who_save_rules_at_once_one_decides_again() {
    use shared::store::{Read, rules::rule_writes};
    let world = World::with_employees(&["anna"]).await;
    let set = |version, rules: &[serde_json::Value]| {
        let rules = rules.iter().map(|rule| serde_json::from_value(rule.clone()).unwrap()).collect();
        shared::model::rules::RuleSet { v: 1, account: world.account.clone(), version, rules }
    };
    let idle = rule(json!({"idle": {"minutes": 3}}), json!([]), json!([reply("?")]));
    let read = || async { world.store.account(&world.account).await.unwrap().unwrap() };
    let stale = read().await;
    let first = set(1, std::slice::from_ref(&idle));
    world.store.commit(rule_writes(&stale, None, &first).unwrap()).await.unwrap();
    let second = set(2, &[rule(json!("call"), json!([]), json!([reply("?")]))]);
    let lost = world.store.commit(rule_writes(&stale, Some(&first), &second).unwrap()).await;
    assert!(lost.is_err_and(|error| error.is_conflict()), "the account that this writer read is stale");
    assert_eq!(world.store.rules(&world.account, Read::Consistent).await.unwrap(), Some(first.clone()));
    world.store.commit(rule_writes(&read().await, Some(&first), &second).unwrap()).await.unwrap();
    assert!(read().await.idle_minutes.is_empty());
}

#[tokio::test]
async fn f6_without_rules_nothing_waits_for_them() {
    let world = World::with_employees(&["anna"]).await;
    world.client_writes("m1", "Привет").await;
    world.change_chat(|chat| chat.for_rules.push(ForRules::Opened)).await;
    world.pass(Duration::from_secs(240)).await;
    assert!(world.there().await.for_rules.is_empty());
}
