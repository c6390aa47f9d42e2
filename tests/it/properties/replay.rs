//! P12: replaying every webhook, at the end and an hour later, changes no row of the table.

use super::noise::{Noise, noise, post};
use super::story::{Line, entries, lines};
use super::view::dump;
use super::{Verdict, breaks, holds, mutations};
use crate::world::World;
use crate::world::wire::Mutation;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

fn told() -> impl Strategy<Value = (Vec<Line>, Noise)> {
    (lines(7), noise())
}

type Rows = BTreeMap<(String, String), Value>;

/// The rows that differ, each with both versions.
fn changed(before: &Rows, after: &Rows) -> Vec<String> {
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let differ = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    differ.map(|key| format!("{key:?}:\n  {:?}\n  {:?}", before.get(key), after.get(key))).collect()
}

/// All rows, except a ring's next check and its count of decisions: anything about a waiting client, a replay too,
/// makes assignment search at once, and the next check is scheduled from there.
async fn rows(world: &World) -> Rows {
    let mut rows = dump(world).await;
    for ((_, sort), row) in &mut rows {
        if sort == "RING" {
            let row = row.as_object_mut().unwrap();
            row.remove("check_at");
            row.remove("rounds");
        }
    }
    rows
}

/// Posts everything again and returns what changed. Even the times of the chats' checks stay: a replay is no reason for
/// an earlier check.
async fn again(world: &World, bodies: &[String]) -> Vec<String> {
    let before = rows(world).await;
    for body in bodies {
        post(world, body).await;
    }
    world.settle().await;
    changed(&before, &rows(world).await)
}

async fn nothing_new(lines: &[Line], noise: &Noise, mutation: Option<Mutation>) -> Verdict {
    let world = World::with_employees(&["anna"]).await;
    let bodies = noise.play(&world, &entries(lines)).await;
    world.table.heal();
    world.sqs.heal();
    // What failed is retried, and the CRM is told of new clients who wait.
    world.pass(Duration::from_secs(60)).await;
    if let Some(mutation) = mutation {
        world.table.mutate(mutation);
    }
    // Longer than SQS deduplicates.
    world.clock.advance(Duration::from_secs(301));
    prop_assert_eq!(again(&world, &bodies).await, Vec::<String>::new(), "at the end");
    // The chats finish, and the CRM is notified.
    world.clock.advance(Duration::from_secs(600));
    world.pass(Duration::from_secs(180)).await;
    world.clock.advance(Duration::from_secs(3600));
    prop_assert_eq!(again(&world, &bodies).await, Vec::<String>::new(), "an hour later");
    Ok(())
}

#[test]
fn p12_every_webhook_again_at_the_end_and_an_hour_later_changes_nothing() {
    holds(5, told(), async |(lines, noise)| nothing_new(&lines, &noise, None).await);
}

#[test]
fn p12_writes_that_depend_on_nothing_are_noticed() {
    breaks(3, told(), async |(lines, noise)| {
        nothing_new(&lines, &noise, Some(mutations::unconditional())).await
    });
}
