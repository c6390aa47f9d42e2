//! Rows and events that tests of chats start from.

use super::*;
use crate::base::ids::{ConnectionId, MessageId};
use crate::model::channel::Channel;
use crate::model::employee::{Membership, Role};
use crate::model::event::{ContactHint, Revision, Side};
use crate::model::message::kind::Kind;
use crate::model::messenger::ChannelRef;

/// An employee's membership of a channel.
pub(crate) fn member(name: &str, role: Role, receives_new_clients: bool) -> Membership {
    let (account, channel) = (AccountId::new("account"), ChannelId::new("channel"));
    let joined_at = Timestamp::from_millis(0);
    Membership {
        receives_new_clients,
        ..Membership::new(&account, &channel, &EmployeeId::new(name), role, joined_at)
    }
}

/// A channel with default settings.
pub(crate) fn channel() -> Channel {
    let (account, connection) = (AccountId::new("account"), ConnectionId::new("connection"));
    Channel::new(&account, &connection, &text_event("m", Side::Client).channel, Timestamp::from_millis(0))
}

pub(crate) fn text_event(id: &str, side: Side) -> MessageEvent {
    MessageEvent {
        connection: ConnectionId::new("connection"),
        channel: ChannelRef {
            id: ChannelId::new("channel"),
            provider: "wazzup".into(),
            external: "x".into(),
        },
        chat: ChatId::new("chat"),
        provider_chat_id: "79011112233".into(),
        aliases: Vec::new(),
        messenger: Messenger::Whatsapp,
        group: false,
        message_id: MessageId::new(id),
        side,
        origin: None,
        own_id: None,
        author: None,
        contact: ContactHint::default(),
        kind: Kind::Text,
        raw_kind: None,
        text: Some(format!("text of {id}")),
        media: None,
        details: None,
        quote: None,
        album: None,
        listing: None,
        extra: None,
        sent_at: Timestamp::from_millis(0),
        revision: Revision::New,
        old_text: None,
        status: None,
        error: None,
        quarantined: None,
    }
}

pub(crate) fn new_chat() -> Chat {
    let event = text_event("m0", Side::Client);
    Chat::unopened(&AccountId::new("account"), &event, ContactId::new("contact"), Timestamp::from_millis(0))
}

#[test]
fn stored_words_stay_whatever_types_are_called() {
    use crate::model::assignment::requeue::RequeueScope;
    use crate::model::chat::assignment_reason::AssignedBy;
    use serde_json::{json, to_value};
    let states = [
        AssignmentState::Silent,
        AssignmentState::Waiting,
        AssignmentState::Unclaimed,
        AssignmentState::Assigned,
    ];
    assert_eq!(to_value(states).unwrap(), json!(["silent", "waiting", "unclaimed", "assigned"]));
    let preferences = [QueuePreference::Employee(EmployeeId::new("anna")), QueuePreference::Anyone];
    assert_eq!(to_value(preferences).unwrap(), json!([{ "to": "anna" }, "anew"]));
    let by = [AssignedBy::System, AssignedBy::Person];
    assert_eq!(to_value(by).unwrap(), json!(["automatically", "by_hand"]));
    let addressees = [Addressee::Phone("79011112233".into()), Addressee::Username("marina".into())];
    assert_eq!(to_value(addressees).unwrap(), json!([{ "phone": "79011112233" }, { "username": "marina" }]));
    let scope = RequeueScope::Unclaimed { channel: ChannelId::new("c") };
    assert_eq!(to_value(scope).unwrap(), json!({ "nobodys": { "channel": "c" } }));
}
