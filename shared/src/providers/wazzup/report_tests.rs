//! Statuses and channel states.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId};
use crate::model::event::{Event, StatusEvent, TemplateState};
use crate::model::message::kind::DeliveryStatus;
use crate::model::messenger::ChannelState;
use crate::providers::inbound::Item;
use crate::providers::wazzup::tests::{ACCEPTED, one, poison};
use serde_json::{Value, json};

fn status(entry: Value) -> StatusEvent {
    match one(&json!({ "statuses": [entry] })) {
        Item::Event { event: Event::Status(status), .. } => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn statuses_move_a_delivery() {
    for (word, expected) in [
        ("sent", DeliveryStatus::Sent),
        ("delivered", DeliveryStatus::Delivered),
        ("read", DeliveryStatus::Read),
        ("error", DeliveryStatus::Failed),
    ] {
        let status =
            status(json!({ "messageId": "m1", "status": word, "timestamp": "2025-02-05T06:01:07.499Z" }));
        assert_eq!((status.status, status.message_id.as_str()), (expected, "m1"));
        assert_eq!(
            (status.at.rfc3339().as_str(), status.connection.as_str()),
            ("2025-02-05T06:01:07.499Z", "c")
        );
    }
    let code = |error: Value| {
        status(json!({ "messageId": 5, "status": "error", "error": error })).error.map(|error| error.code)
    };
    assert_eq!(code(json!({ "error": "SPAM" })).as_deref(), Some("SPAM"));
    assert_eq!(code(json!("SPAM")).as_deref(), Some("SPAM"));
    assert_eq!(code(json!({ "description": "?" })).as_deref(), Some("UNKNOWN_ERROR"));
    assert_eq!(code(json!(null)), None);
    let at = |time: Value| status(json!({ "messageId": "m", "status": "read", "timestamp": time })).at;
    assert_eq!(at(json!(1_603_977_171_000_i64)), Timestamp::from_millis(1_603_977_171_000));
    assert_eq!(at(json!(1_603_977_171)), Timestamp::from_millis(1_603_977_171_000), "seconds");
    assert_eq!(at(json!("1603977171")), Timestamp::from_millis(1_603_977_171_000));
    assert_eq!(at(json!(null)), ACCEPTED);
    assert_eq!(at(json!(true)), ACCEPTED);
}

#[test]
fn statuses_that_say_nothing_to_us() {
    for (entry, why) in [
        (json!({ "messageId": "m1", "status": "played" }), "statuses[0].status: unknown word"),
        (json!({ "messageId": "m1" }), "statuses[0].status: missing"),
        (json!({ "status": "read" }), "statuses[0].messageId: missing"),
        (json!({ "messageId": "m1", "status": 1 }), "statuses[0].status: wrong type"),
        (json!("read"), "statuses[0]: no object"),
    ] {
        assert_eq!(poison(&json!({ "statuses": [entry] })), (why.to_owned(), None));
    }
}

#[test]
fn an_edit_in_the_messenger_names_its_message() {
    let at = 1_603_977_171_000_i64;
    let entry = json!({ "messageId": "m1", "status": "edited", "timestamp": at });
    let edited = match one(&json!({ "statuses": [entry] })) {
        Item::Event { event: Event::Edited(edited), .. } => edited,
        other => panic!("{other:?}"),
    };
    assert_eq!((edited.message_id.as_str(), edited.connection.as_str()), ("m1", "c"));
    assert_eq!(edited.at, Timestamp::from_millis(at));
}

#[test]
fn a_templates_state_keeps_its_words() {
    let read = |entry: Value| match one(&json!({ "templateStatus": entry })) {
        Item::Event { event: Event::TemplateState(event), .. } => event.template,
        other => panic!("{other:?}"),
    };
    let template = read(json!({ "templateGuid": "8d255e5d", "name": "Test", "status": "approved" }));
    let expected =
        TemplateState { id: "8d255e5d".into(), name: Some("Test".into()), status: "approved".into() };
    assert_eq!(template, expected);
    assert_eq!(read(json!({ "templateGuid": "8d255e5d", "status": "PAUSED" })).name, None);
    for (entry, why) in [
        (json!({ "status": "approved" }), "templateStatus.templateGuid: missing"),
        (json!({ "templateGuid": "8d255e5d" }), "templateStatus.status: missing"),
        (json!({ "templateGuid": "8d255e5d", "status": {} }), "templateStatus.status: wrong type"),
        (json!([]), "templateStatus: no object"),
    ] {
        assert_eq!(poison(&json!({ "templateStatus": entry })), (why.to_owned(), None));
    }
}

#[test]
fn a_channels_state_keeps_its_word() {
    let read_at = |at: Value| match one(&json!({
        "channelsUpdates": [{ "channelId": "ch1", "state": "active", "timestamp": at }],
    })) {
        Item::Event { event: Event::ChannelState(state), .. } => state.at,
        other => panic!("{other:?}"),
    };
    assert_eq!(read_at(json!(1_603_977_171)), Timestamp::from_millis(1_603_977_171_000), "seconds");
    let read = |state: &str| match one(&json!({
        "channelsUpdates": [{ "channelId": "ch1", "state": state, "timestamp": 1_603_977_171_000_i64, "qr": "data:" }],
    })) {
        Item::Event { event: Event::ChannelState(state), .. } => state,
        other => panic!("{other:?}"),
    };
    let state = read("phoneUnavailable");
    assert_eq!(state.channel.id, ChannelId::derive(&AccountId::new("a"), "wazzup", "ch1"));
    assert_eq!((state.state, state.raw_state.as_str()), (ChannelState::NeedsAttention, "phoneUnavailable"));
    assert_eq!(state.at, Timestamp::from_millis(1_603_977_171_000));
    assert_eq!(read("snowedIn").state, ChannelState::NeedsAttention);
    for (entry, why) in [
        (json!({ "state": "active" }), "channelsUpdates[0].channelId: missing"),
        (json!({ "channelId": "ch1" }), "channelsUpdates[0].state: missing"),
        (json!({ "channelId": "ch1", "state": {} }), "channelsUpdates[0].state: wrong type"),
    ] {
        assert_eq!(poison(&json!({ "channelsUpdates": [entry] })), (why.to_owned(), None));
    }
}
