//! How a story is delivered: how often, in which order, cut into which webhooks, and what fails meanwhile.

use super::story::Entry;
use crate::world::wire::{Fault, How};
use crate::world::{TOKEN, World};
use proptest::prelude::*;
use serde_json::{Map, Value};
use shared::base::clock::Ambient;
use std::time::Duration;

/// A failing call of a kind that the code must tolerate.
#[derive(Clone, Debug)]
pub struct Trouble {
    kind: usize,
    times: usize,
    /// The number of the webhook after which it begins, modulo their count.
    before: usize,
}

/// The operation, a text that the request must contain, and how it fails.
const KINDS: [(&str, &str, How); 15] = [
    ("TransactWriteItems", "", How::Throttled),
    ("TransactWriteItems", "", How::AnswerLost),
    ("TransactWriteItems", "", How::Conflict),
    ("UpdateItem", "", How::Throttled),
    ("UpdateItem", "", How::AnswerLost),
    ("UpdateItem", "", How::Conflict),
    ("PutItem", "", How::AnswerLost),
    ("GetItem", "#CHAT#", How::Throttled),
    ("GetItem", "#CHAT#", How::Blind),
    ("BatchGetItem", "#IDENTITY#", How::Blind),
    ("BatchGetItem", "#POINTER#", How::Blind),
    ("BatchGetItem", "M#", How::Blind),
    ("BatchGetItem", "", How::Throttled),
    ("Query", "", How::Blind),
    ("SendMessageBatch", "", How::AnswerLost),
];
const SENDING: usize = KINDS.len() - 1;

/// The delivery of a story.
#[derive(Clone, Debug)]
pub struct Noise {
    /// The positions of each entry's copies, one per delivery; used cyclically.
    copies: Vec<Vec<u32>>,
    /// The number of entries in each webhook; used cyclically.
    cuts: Vec<usize>,
    /// Seconds that pass after a webhook, and whether queued events are delivered before; used cyclically.
    pauses: Vec<(u64, bool)>,
    troubles: Vec<Trouble>,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    (0..KINDS.len(), 1..=3usize, 0..20usize).prop_map(|(kind, times, before)| Trouble { kind, times, before })
}

pub fn noise() -> impl Strategy<Value = Noise> {
    let times = prop_oneof![3 => 1..=1usize, 3 => 2..=3usize, 1 => 4..=7usize];
    let copies = times.prop_flat_map(|times| prop::collection::vec(0..1000u32, times));
    let pause = prop_oneof![6 => 0..=2u64, 1 => 301..=305u64];
    (
        prop::collection::vec(copies, 1..12),
        prop::collection::vec(1..=5usize, 1..4),
        prop::collection::vec((pause, any::<bool>()), 1..4),
        prop::collection::vec(trouble(), 0..5),
    )
        .prop_map(|(copies, cuts, pauses, troubles)| Noise { copies, cuts, pauses, troubles })
}

impl Noise {
    /// Everything once, in order, and nothing fails.
    pub fn none() -> Self {
        Self { copies: Vec::new(), cuts: vec![1], pauses: vec![(0, true)], troubles: Vec::new() }
    }

    /// The same without failing calls.
    pub fn untroubled(self) -> Self {
        Self { troubles: Vec::new(), ..self }
    }

    fn ordered(&self, entries: &[Entry]) -> Vec<Entry> {
        if self.copies.is_empty() {
            return entries.to_vec();
        }
        let mut placed: Vec<(u32, &Entry)> = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            let copies = &self.copies[number % self.copies.len()];
            // Entries that share a list of positions still come at different ones.
            let turn = u32::try_from(number / self.copies.len()).unwrap() * 389;
            placed.extend(copies.iter().map(|place| ((place + turn) % 1000, entry)));
        }
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, entry)| entry.clone()).collect()
    }

    /// The bodies of the webhooks.
    pub fn bodies(&self, entries: &[Entry]) -> Vec<String> {
        let (mut bodies, mut rest) = (Vec::new(), self.ordered(entries));
        while !rest.is_empty() {
            let cut = self.cuts[bodies.len() % self.cuts.len()].min(rest.len());
            let mut body = Map::new();
            for Entry { list, value } in rest.drain(..cut) {
                if let Value::Array(of_list) = body.entry(list).or_insert_with(|| Value::Array(Vec::new())) {
                    of_list.push(value);
                }
            }
            bodies.push(Value::Object(body).to_string());
        }
        bodies
    }

    /// Posts all webhooks, and waits until everything is done. Returns their bodies as they were posted.
    pub async fn play(&self, world: &World, entries: &[Entry]) -> Vec<String> {
        let bodies = self.bodies(entries);
        for (number, body) in bodies.iter().enumerate() {
            post(world, body).await;
            for trouble in self.troubles.iter().filter(|trouble| trouble.before % bodies.len() == number) {
                trouble.brew(world);
            }
            let (pause, delivered) = self.pauses[number % self.pauses.len()];
            if delivered {
                settle(world).await;
            }
            // The pauses stay short enough in total, because no status waits longer than an hour for its message.
            let left = number < 8 || pause < 300;
            world.clock.advance(Duration::from_secs(if left { pause } else { 1 }));
        }
        drain(world).await;
        bodies
    }
}

impl Trouble {
    fn brew(&self, world: &World) {
        let (operation, holding, how) = KINDS[self.kind];
        let fault = Fault { operation, holding: holding.into(), times: self.times, how };
        if self.kind == SENDING { world.sqs.fail(fault) } else { world.table.fail(fault) }
    }
}

/// Posts until it is accepted, as the provider does.
pub async fn post(world: &World, body: &str) {
    for _ in 0..6 {
        match world.post(TOKEN, body).await {
            200 => return,
            status => assert_eq!(status, 503),
        }
    }
    panic!("never accepted");
}

const QUEUES: [&str; 2] = ["inbound.fifo", "statuses"];

/// Delivers visible events to routing until none is left.
pub async fn settle(world: &World) {
    while world.deliver(QUEUES[0]).await | world.deliver(QUEUES[1]).await {}
}

/// The same, and also waits for events that become visible again, until the queues are empty.
pub async fn drain(world: &World) {
    for _ in 0..2000 {
        settle(world).await;
        let Some(visible) = world.queues.next_return(&QUEUES) else { return };
        world.clock.advance(visible.since(world.clock.now()));
    }
    panic!("the queues never come to rest");
}
