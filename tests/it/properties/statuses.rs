//! P7: delivery goes forward only, reasons stay, proof of arrival beats a failure; messages are ordered by the
//! provider's time.

use super::noise::{Noise, noise};
use super::story::{Line, REPORTS, entries, id, lines};
use super::view::{chats, messages};
use super::{Verdict, breaks, holds, mutations};
use crate::world::World;
use crate::world::wire::Mutation;
use proptest::prelude::*;
use shared::model::event::Side;
use shared::model::message::kind::DeliveryStatus;
use std::collections::BTreeMap;

/// The status that a test expects after these reports, in the order in which they were made.
type Model = fn(&[usize]) -> &'static str;

/// The first of read, delivered, failed and sent that was reported.
fn furthest(reports: &[usize]) -> &'static str {
    let rank = |report: &&usize| [1, 3, 4, 2][**report];
    reports.iter().max_by_key(rank).map_or("sent", |report| REPORTS[*report])
}

/// A wrong model: a failure overrides everything.
fn failure_wins(reports: &[usize]) -> &'static str {
    if reports.contains(&3) { "error" } else { furthest(reports) }
}

/// A wrong model: the latest report wins.
fn last_wins(reports: &[usize]) -> &'static str {
    reports.last().map_or("sent", |report| REPORTS[*report])
}

fn word(status: Option<DeliveryStatus>) -> &'static str {
    match status {
        None => "",
        Some(DeliveryStatus::Queued) => "queued",
        Some(DeliveryStatus::Unknown) => "unknown",
        Some(DeliveryStatus::Sent) => "sent",
        Some(DeliveryStatus::Delivered) => "delivered",
        Some(DeliveryStatus::Read) => "read",
        Some(DeliveryStatus::Failed) => "error",
    }
}

/// The company's messages in one or two chats, each with several reports.
fn told() -> impl Strategy<Value = (Vec<Line>, Noise)> {
    let reports = prop::collection::vec(0..REPORTS.len(), 0..5);
    let company = (lines(1), reports, 0..2usize).prop_map(|(mut lines, reports, place)| {
        let line = lines.remove(0);
        Line { company: true, deleted: false, edits: 0, other_channel: false, place, reports, ..line }
    });
    (prop::collection::vec(company, 1..7), noise())
}

async fn reported(lines: &[Line], noise: &Noise, model: Model, mutation: Option<Mutation>) -> Verdict {
    let world = World::with_employees(&["anna"]).await;
    if let Some(mutation) = mutation {
        world.table.mutate(mutation);
    }
    noise.play(&world, &entries(lines)).await;
    world.table.heal();
    let mut expected: BTreeMap<String, &'static str> =
        lines.iter().enumerate().map(|(number, line)| (id(number), model(&line.reports))).collect();
    for chat in chats(&world).await {
        let shown = messages(&world, &chat).await;
        prop_assert!(shown.is_sorted_by_key(|message| message.sent_at), "by the provider's time");
        for message in shown {
            prop_assert_eq!(message.side, Side::Company);
            let wanted = expected.remove(message.message_id.as_str()).unwrap_or_default();
            prop_assert_eq!(word(message.status), wanted, "{:?}", message.message_id);
            let code = message.error.as_ref().map(|error| error.code.as_str());
            prop_assert_eq!(code, (wanted == "error").then_some("BAD_CONTACT"));
        }
    }
    prop_assert!(expected.is_empty(), "not there: {:?}", expected);
    Ok(())
}

#[test]
fn p7_delivery_only_goes_forward_and_messages_stand_by_their_time() {
    holds(10, told(), async |(lines, noise)| reported(&lines, &noise, furthest, None).await);
}

#[test]
fn p7_a_wrong_lattice_is_noticed() {
    for model in [failure_wins as Model, last_wins] {
        breaks(12, told(), async |(lines, noise)| reported(&lines, &noise, model, None).await);
    }
}

#[test]
fn p7_writes_that_depend_on_nothing_are_noticed() {
    breaks(12, told(), async |(lines, noise)| {
        reported(&lines, &noise, furthest, Some(mutations::unconditional())).await
    });
}
