//! The sample events in `events/`: each can be read by the function's own types, and agrees with what is really sent.

use super::template::Template;
use super::{files, relative, root, webhook};
use auto_close::Trigger;
use lambda_http::request::LambdaRequest;
use lambda_http::{Request, RequestExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::base::clock::Timestamp;
use shared::model::event::{Envelope, Event};
use shared::platform::batch::SqsBatch;
use shared::platform::nudge::{AssignmentNudge, CrmWork, DeliveryNudge, ErasureNudge, MediaNudge, Wake};
use shared::providers::inbound::{Item, Parsed};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;

/// A function's samples: the path and text of each.
fn samples(function: &str) -> Vec<(String, String)> {
    let found = files(&root().join("events").join(function));
    assert!(!found.is_empty(), "events/{function} is empty");
    found.into_iter().map(|path| (relative(&path), fs::read_to_string(path).unwrap())).collect()
}

fn json<T: DeserializeOwned>(place: &str, text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{place}: {error}"))
}

/// Checks a batch against the template's queues, and returns its records with their message groups.
fn records(place: &str, text: &str, queues: &[&str]) -> Vec<(String, Option<String>)> {
    let batch: SqsBatch = json(place, text);
    let raw: Value = json(place, text);
    assert!(!batch.records.is_empty(), "{place}: no records");
    let known = Template::read().queues;
    let records = batch.records.into_iter().enumerate().map(|(index, record)| {
        let queue =
            record.queue_arn.rsplit(':').next().unwrap().strip_prefix("switchboard-").unwrap_or_default();
        assert!(
            known.contains(queue) && queues.contains(&queue),
            "{place}: {} is not its queue",
            record.queue_arn
        );
        let group = raw["Records"][index]["attributes"]["MessageGroupId"].as_str().map(str::to_owned);
        assert_eq!(
            group.is_some(),
            queue.ends_with(".fifo"),
            "{place}: FIFO queues have message groups, and only they"
        );
        assert_eq!(record.receive_count(), 1, "{place}");
        (record.body, group)
    });
    records.collect()
}

/// Reads a record's body as a nudge, and asserts that the type knows all its fields.
fn nudge<T: DeserializeOwned + Serialize + Debug>(place: &str, body: &str) -> T {
    let nudge: T = json(place, body);
    assert_eq!(serde_json::to_value(&nudge).unwrap(), json::<Value>(place, body), "{place}");
    nudge
}

#[test]
fn webhook_ingest_reads_its_samples() {
    let routes = Template::read().routes;
    let (mut probes, mut events) = (0, 0);
    for (place, text) in samples("webhook-ingest") {
        let raw: Value = json(&place, &text);
        assert!(routes.contains(raw["routeKey"].as_str().unwrap()), "{place}: no such route");
        assert_eq!(raw["requestContext"]["routeKey"], raw["routeKey"], "{place}");
        let request: Request = json::<LambdaRequest>(&place, &text).into();
        let path = request.path_parameters();
        let provider = path.first("provider").unwrap();
        assert!(path.first("token").is_some(), "{place}");
        match webhook::read(provider, webhook::owner(), request.body().as_ref(), Timestamp::default()) {
            Parsed::Reply(_) => probes += 1,
            Parsed::Items(items) => {
                for item in items {
                    assert!(matches!(item, Item::Event { .. }), "{place}: {item:?}");
                    events += 1;
                }
            }
            other => panic!("{place}: {other:?}"),
        }
    }
    assert!(probes > 0 && events > 0, "a probe and events: {probes}, {events}");
}

#[test]
fn routing_reads_its_samples() {
    let mut kinds = BTreeSet::new();
    for (place, text) in samples("routing") {
        for (body, group) in records(&place, &text, &["inbound.fifo", "statuses"]) {
            let envelope = Envelope::parse(&body).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(serde_json::to_value(&envelope).unwrap(), json::<Value>(&place, &body), "{place}");
            kinds.insert(match envelope.event {
                Event::Message(_) => "message",
                Event::Check { .. } => "check",
                Event::ChannelState(_) => "channel state",
                Event::TemplateState(_) => "template state",
                Event::Edited(_) => {
                    assert_eq!(
                        group, None,
                        "{place}: an edit without its content is sent to the statuses queue"
                    );
                    "edited"
                }
                Event::Status(_) => {
                    assert_eq!(group, None, "{place}: a status is sent to the statuses queue");
                    "status"
                }
            });
            if let Some(group) = group {
                assert_eq!(group, envelope.group(), "{place}");
            }
        }
    }
    assert_eq!(
        kinds,
        BTreeSet::from(["channel state", "check", "edited", "message", "status", "template state"])
    );
}

#[test]
fn assignment_reads_its_samples() {
    for (place, text) in samples("assignment") {
        for (body, group) in records(&place, &text, &["assignment.fifo"]) {
            assert_eq!(group, Some(nudge::<AssignmentNudge>(&place, &body).group()), "{place}");
        }
    }
}

#[test]
fn crm_push_reads_its_samples() {
    let workers = shared::crm::capabilities(shared::model::crm::CrmKind::Universal).workers;
    for (place, text) in samples("crm-push") {
        for (body, group) in records(&place, &text, &["crm.fifo"]) {
            let expected = match nudge::<CrmWork>(&place, &body) {
                CrmWork::Chat(nudge) => nudge.group(workers),
                CrmWork::Waiting(nudge) => nudge.group(),
                CrmWork::Channel(nudge) => nudge.group(),
                CrmWork::Template(nudge) => nudge.group(),
            };
            assert_eq!(group, Some(expected), "{place}");
        }
    }
}

#[test]
fn delivery_reads_its_samples() {
    for (place, text) in samples("delivery") {
        for (body, group) in records(&place, &text, &["outbound.fifo"]) {
            assert_eq!(group, Some(nudge::<DeliveryNudge>(&place, &body).chat.to_string()), "{place}");
        }
    }
}

#[test]
fn media_reads_its_samples() {
    for (place, text) in samples("media") {
        for (body, _) in records(&place, &text, &["media"]) {
            nudge::<MediaNudge>(&place, &body);
        }
    }
}

#[test]
fn erasure_reads_its_samples() {
    for (place, text) in samples("erasure") {
        for (body, _) in records(&place, &text, &["erasures"]) {
            nudge::<ErasureNudge>(&place, &body);
        }
    }
}

#[test]
fn auto_close_reads_its_samples() {
    let (mut timers, mut schedules) = (0, 0);
    for (place, text) in samples("auto-close") {
        match json::<Trigger>(&place, &text) {
            Trigger::Timers(_) => {
                for (body, _) in records(&place, &text, &["timers"]) {
                    nudge::<Wake>(&place, &body);
                    timers += 1;
                }
            }
            Trigger::Schedule => {
                let event: serde_json::Value = json(&place, &text);
                assert_eq!(event["source"], "aws.scheduler", "{place}");
                schedules += 1;
            }
        }
    }
    assert!(timers > 0 && schedules > 0, "both triggers: {timers}, {schedules}");
}
