//! Rows and queue messages written by the version before types and fields were renamed (`recorded/*.json`): today's
//! code reads them, and writes them back with the same attributes. A deployment meets both, in the table and in the
//! queues.

mod kinds;

use crate::world::World;
use kinds::{RowKind, row_kind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::model::event::{self, Envelope};
use shared::platform::nudge::{AssignmentWork, CrmWork, DeliveryNudge, ErasureNudge, MediaNudge, Wake};
use shared::store::row::Key;
use std::collections::BTreeSet;

/// The number of kinds of rows in the recording, so that none is lost from it.
const ROW_KINDS: usize = 48;

fn recording(name: &str) -> Vec<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("it/recorded").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn key_of(item: &Value) -> Key {
    let text = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
    Key { pk: text("pk"), sk: text("sk") }
}

/// The item at a key, as the table has it.
async fn item(world: &World, key: &Key) -> Value {
    let wanted = json!({"TableName": "table", "Key": key_json(key), "ConsistentRead": true});
    world.table.ask("GetItem", &wanted).await["Item"].clone()
}

fn key_json(key: &Key) -> Value {
    json!({"pk": {"S": key.pk}, "sk": {"S": key.sk}})
}

/// What differs between two items, by attribute.
fn differences(before: &Value, after: &Value) -> Vec<String> {
    let names = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let differing = |name: &String| before.get(name) != after.get(name);
    let all = names(before).union(&names(after)).cloned().collect::<BTreeSet<_>>();
    let differing = all.into_iter().filter(differing);
    differing.map(|name| format!("{name}: {:?} became {:?}", before.get(&name), after.get(&name))).collect()
}

#[tokio::test]
async fn recorded_rows_are_read_and_written_back_unchanged() {
    let world = World::empty().await;
    let items: Vec<Value> = recording("rows.json");
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for recorded in &items {
        let key = key_of(recorded);
        let Some(RowKind { name, rewrite }) = row_kind(&key, recorded) else {
            panic!("no row that this test knows: {key:?}");
        };
        seen.insert(name);
        world.table.ask("PutItem", &json!({"TableName": "table", "Item": recorded})).await;
        let before = item(&world, &key).await;
        if let Err(error) = rewrite(&world, &key).await {
            wrong.push(format!("{name} {key:?}: {error}"));
            continue;
        }
        let after = item(&world, &key).await;
        if after.is_null() {
            wrong.push(format!("{name} {key:?} is written at another key"));
        } else if after != before {
            wrong.push(format!("{name} {key:?}: {:#?}", differences(&before, &after)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen.len() >= ROW_KINDS, "{seen:#?}");
}

/// A body as today's code reads it and writes it again, with the message group that it gives it.
fn written_again<T: DeserializeOwned + Serialize>(body: &str) -> Result<(T, Value), String> {
    let message: T = event::read(body).map_err(|error| error.to_string())?;
    let value = serde_json::to_value(&message).unwrap();
    Ok((message, value))
}

/// The same for the queue that held it; the group is `None` where it depends on a setting, or the queue has no groups.
fn in_queue(queue: &str, body: &str) -> Result<(Option<String>, Value), String> {
    Ok(match queue {
        "inbound.fifo" => {
            let (envelope, value) = written_again::<Envelope>(body)?;
            (Some(envelope.group().to_owned()), value)
        }
        "assignment.fifo" => match written_again(body)? {
            (AssignmentWork::Channel(nudge), value) => (Some(nudge.group()), value),
            (AssignmentWork::Requeue(nudge), value) => (Some(nudge.group()), value),
        },
        "crm.fifo" => match written_again(body)? {
            (CrmWork::Chat(_), value) => (None, value),
            (CrmWork::Waiting(nudge), value) => (Some(nudge.group()), value),
            (CrmWork::Channel(nudge), value) => (Some(nudge.group()), value),
            (CrmWork::Template(nudge), value) => (Some(nudge.group()), value),
        },
        "outbound.fifo" => {
            let (nudge, value) = written_again::<DeliveryNudge>(body)?;
            (Some(nudge.chat.to_string()), value)
        }
        "statuses" => (None, written_again::<Envelope>(body)?.1),
        "timers" => (None, written_again::<Wake>(body)?.1),
        "media" => (None, written_again::<MediaNudge>(body)?.1),
        "erasures" => (None, written_again::<ErasureNudge>(body)?.1),
        other => panic!("no queue that this test knows: {other}"),
    })
}

#[test]
fn recorded_queue_messages_are_read_and_written_back_unchanged() {
    let messages: Vec<Value> = recording("queues.json");
    let mut seen = BTreeSet::new();
    for recorded in &messages {
        let queue = recorded["queue"].as_str().unwrap();
        seen.insert(queue);
        let body = recorded["body"].to_string();
        let (group, written) = in_queue(queue, &body).unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(written, recorded["body"], "{queue}");
        if let Some(group) = group {
            assert_eq!(recorded["group"], json!(group), "{queue}: {body}");
        }
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
}
