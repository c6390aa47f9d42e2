//! P1: the same messages, order, texts, deletions, statuses and contacts, however the events are delivered.

use super::noise::{Noise, noise};
use super::story::{Line, entries, lines};
use super::view::render;
use super::{Verdict, breaks, holds, mutations};
use crate::world::World;
use crate::world::wire::Mutation;
use proptest::prelude::*;

fn told(most: usize) -> impl Strategy<Value = (Vec<Line>, Noise)> {
    (lines(most), noise())
}

async fn state(lines: &[Line], noise: &Noise, mutation: Option<Mutation>) -> String {
    let world = World::with_employees(&["anna"]).await;
    if let Some(mutation) = mutation {
        world.table.mutate(mutation);
    }
    noise.play(&world, &entries(lines)).await;
    world.table.heal();
    render(&world).await
}

async fn same_in_the_end(lines: &[Line], noise: &Noise, mutation: Option<Mutation>) -> Verdict {
    let plain = state(lines, &Noise::none(), None).await;
    prop_assert_eq!(state(lines, noise, mutation).await, plain);
    Ok(())
}

#[test]
fn p1_the_state_is_the_same_however_it_is_delivered() {
    holds(8, told(12), async |(lines, noise)| same_in_the_end(&lines, &noise, None).await);
}

#[test]
fn p1_writes_that_depend_on_nothing_are_noticed() {
    let mutated = async |(lines, noise): (Vec<Line>, Noise)| {
        same_in_the_end(&lines, &noise, Some(mutations::unconditional())).await
    };
    breaks(8, told(8), mutated);
}
