//! Chats: what one is, and what an inbound message makes of it.

use crate::clock::Timestamp;
use crate::closing;
use crate::event::{MessageEvent, Messenger, Side};
use crate::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use crate::message::Message;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which list a chat stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// Somebody talks, or did within the window.
    Live,
    /// Finished, or never opened.
    General,
}

/// How far a chat's client is on his way to a responsible employee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientState {
    /// The client has not written yet (only echoes have come).
    Silent,
    /// Wrote, and waits for a responsible.
    Waiting,
    /// Has a responsible.
    Assigned,
}

/// Why a chat was finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// Neither side wrote during the window.
    Inactivity,
}

/// A chat's row. Every change that the CRM or a window must learn takes the next `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose it is.
    pub account: AccountId,
    /// Its id.
    pub chat: ChatId,
    /// The channel it is on.
    pub channel: ChannelId,
    /// The provider's channel id: what a CRM knows the channel by.
    pub channel_external: String,
    /// The messenger.
    pub messenger: Messenger,
    /// Whether it is a group.
    pub group: bool,
    /// The provider's chat id.
    pub provider_chat_id: String,
    /// The client.
    pub contact: ContactId,
    /// The client's name as first told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Live or general list.
    pub state: ChatState,
    /// How many times it was opened.
    pub case_no: u32,
    /// Whether the client has a responsible.
    pub client: ClientState,
    /// Since when he waits for one: his place in the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// Who is responsible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<EmployeeId>,
    /// Number of the last change. Named apart from a message's number, whose index it must not enter.
    #[serde(rename = "last_seq")]
    pub seq: u64,
    /// Number of the last change the CRM has. Owned by `crm-push`.
    pub crm_done: u64,
    /// Failed attempts in a row to bring the CRM up to date.
    #[serde(default)]
    pub crm_attempts: u32,
    /// Not before this moment is the CRM tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_retry_at: Option<Timestamp>,
    /// What went wrong at the last attempt, without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_error: Option<String>,
    /// When it was last opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// When it was last finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
    /// When we last accepted a message of either side.
    pub last_activity_at: Timestamp,
    /// Number of the client's last message.
    #[serde(default)]
    pub last_client_seq: u64,
    /// Its time in the lists; follows the last activity at a distance of up to 30 s.
    pub listed_at: Timestamp,
    /// When it must be looked at: its place in the due index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

/// Something that happened to a chat as a whole, under its number: what the CRM is told besides messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatEvent {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Of which chat.
    pub chat: ChatId,
    /// Its number in the chat.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The chat was finished, for this reason.
    pub finished: FinishReason,
    /// When the row may go, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

/// How long a chat's events are kept: 90 days. The CRM has had them long before.
const EVENTS_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// The lists' time moves only when it is this old: an index entry costs two write units.
const LIST_AFTER: Duration = Duration::from_secs(30);

impl Chat {
    /// A chat as it is before its first message: nothing in it, in the general list.
    pub fn unopened(
        account: &AccountId,
        event: &MessageEvent,
        contact: ContactId,
        accepted_at: Timestamp,
    ) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            chat: event.chat.clone(),
            channel: event.channel.id.clone(),
            channel_external: event.channel.external.clone(),
            messenger: event.messenger.clone(),
            group: event.group,
            provider_chat_id: event.provider_chat_id.clone(),
            contact,
            name: None,
            state: ChatState::General,
            case_no: 0,
            client: ClientState::Silent,
            waiting_since: None,
            responsible: None,
            seq: 0,
            crm_done: 0,
            crm_attempts: 0,
            crm_retry_at: None,
            crm_error: None,
            opened_at: None,
            finished_at: None,
            finish_reason: None,
            last_activity_at: accepted_at,
            last_client_seq: 0,
            listed_at: accepted_at,
            check_at: None,
        }
    }

    /// Takes a message in. `stored` is the row under the same message id, when there is one: then only an edit, a
    /// deletion or a status can be news. Answers the message's new row, or `None` when nothing changed.
    ///
    /// A client's message opens the chat; an echo never does, but counts as activity (C6, F1).
    pub fn receive(
        &mut self,
        event: &MessageEvent,
        stored: Option<&Message>,
        accepted_at: Timestamp,
    ) -> Option<Message> {
        let seq = self.seq + 1;
        let row = match stored {
            Some(stored) => stored.revise(event, seq)?,
            None => Message::new(&self.account, &self.chat, event, accepted_at, seq),
        };
        self.seq = seq;
        if stored.is_none() {
            self.last_activity_at = self.last_activity_at.max(accepted_at);
            if self.name.is_none() {
                self.name.clone_from(&event.contact.name);
            }
            if event.side == Side::Client {
                self.last_client_seq = seq;
                self.open(accepted_at);
            }
            if accepted_at.since(self.listed_at) >= LIST_AFTER {
                self.listed_at = accepted_at;
            }
        }
        Some(row)
    }

    fn open(&mut self, at: Timestamp) {
        if self.state == ChatState::General {
            self.state = ChatState::Live;
            self.case_no += 1;
            self.opened_at = Some(at);
            self.finished_at = None;
            self.finish_reason = None;
            self.listed_at = self.listed_at.max(at);
        }
        if self.client == ClientState::Silent {
            self.client = ClientState::Waiting;
            self.waiting_since = Some(at);
        }
    }

    /// Finishes a live chat. The answer is a row of its own: the chat may be open again before the CRM learns of it.
    pub fn finish(&mut self, reason: FinishReason, at: Timestamp) -> ChatEvent {
        self.seq += 1;
        self.state = ChatState::General;
        self.finished_at = Some(at);
        self.finish_reason = Some(reason);
        self.listed_at = self.listed_at.max(at);
        ChatEvent {
            v: 1,
            account: self.account.clone(),
            chat: self.chat.clone(),
            seq: self.seq,
            at,
            finished: reason,
            expires_at: (at + EVENTS_KEPT).seconds(),
        }
    }

    /// Gives a waiting client to an employee.
    pub fn assign(&mut self, employee: &EmployeeId) {
        self.seq += 1;
        self.client = ClientState::Assigned;
        self.waiting_since = None;
        self.responsible = Some(employee.clone());
    }

    /// Whether the CRM lacks changes that it may have now: a waiting client's chat is shown to it once he has a
    /// responsible, because the contact is created first, and for him.
    pub fn crm_behind(&self) -> bool {
        self.seq > self.crm_done && self.client != ClientState::Waiting
    }

    /// An account without a CRM has nobody to bring up to date.
    pub fn settle_without_crm(&mut self) {
        self.crm_done = self.seq;
    }

    /// Puts the chat on the due index where it must be looked at earlier than it is there. Never moves it later: that
    /// happens when a check fires.
    pub fn watch(&mut self, window: Duration, now: Timestamp) {
        if let Some(look) = closing::next_look(self, window, now)
            && self.check_at.is_none_or(|at| look < at)
        {
            self.check_at = Some(look);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::event::{ChannelRef, ContactHint, Revision};
    use crate::ids::{ConnectionId, MessageId};
    use crate::message::Kind;

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
            messenger: Messenger::Whatsapp,
            group: false,
            message_id: MessageId::new(id),
            side,
            origin: None,
            author: None,
            contact: ContactHint::default(),
            kind: Kind::Text,
            raw_kind: None,
            text: Some(format!("text of {id}")),
            media: None,
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
        Chat::unopened(
            &AccountId::new("account"),
            &event,
            ContactId::new("contact"),
            Timestamp::from_millis(0),
        )
    }

    #[test]
    fn a_client_opens_a_chat_and_an_echo_does_not() {
        let mut chat = new_chat();
        assert!(chat.receive(&text_event("m1", Side::Company), None, Timestamp::from_millis(5)).is_some());
        assert_eq!((chat.state, chat.client, chat.case_no), (ChatState::General, ClientState::Silent, 0));
        chat.receive(&text_event("m2", Side::Client), None, Timestamp::from_millis(9));
        assert_eq!((chat.state, chat.client, chat.case_no), (ChatState::Live, ClientState::Waiting, 1));
        assert_eq!((chat.seq, chat.last_client_seq), (2, 2));
    }

    #[test]
    fn p12_a_repeated_message_changes_nothing() {
        let mut chat = new_chat();
        let event = text_event("m1", Side::Client);
        let row = chat.receive(&event, None, Timestamp::from_millis(5)).unwrap();
        let before = chat.clone();
        assert_eq!(chat.receive(&event, Some(&row), Timestamp::from_millis(500_000)), None);
        assert_eq!(chat, before);
    }

    #[test]
    fn p6_an_edit_is_no_activity_and_reopens_nothing() {
        let mut chat = new_chat();
        let row = chat.receive(&text_event("m1", Side::Client), None, Timestamp::from_millis(5)).unwrap();
        chat.finish(FinishReason::Inactivity, Timestamp::from_millis(700_000));
        let mut edit = text_event("m1", Side::Client);
        edit.revision = Revision::Edited;
        edit.text = Some("another".into());
        let edited = chat.receive(&edit, Some(&row), Timestamp::from_millis(800_000)).unwrap();
        assert_eq!((edited.text.as_deref(), edited.edited_seq), (Some("another"), Some(3)));
        assert_eq!((chat.state, chat.last_activity_at), (ChatState::General, Timestamp::from_millis(5)));
        assert_eq!(
            chat.receive(&edit, Some(&edited), Timestamp::from_millis(900_000)),
            None,
            "a replayed edit"
        );
    }

    #[test]
    fn a_finished_chat_reopens_as_a_new_case() {
        let mut chat = new_chat();
        chat.receive(&text_event("m1", Side::Client), None, Timestamp::from_millis(5));
        chat.finish(FinishReason::Inactivity, Timestamp::from_millis(700_000));
        chat.receive(&text_event("m2", Side::Client), None, Timestamp::from_millis(800_000));
        assert_eq!((chat.state, chat.case_no, chat.finished_at), (ChatState::Live, 2, None));
    }

    #[test]
    fn the_lists_time_moves_in_steps_of_half_a_minute() {
        let mut chat = new_chat();
        for (ms, expected) in
            [(1_000, 1_000), (20_000, 1_000), (31_000, 31_000), (60_999, 31_000), (61_000, 61_000)]
        {
            chat.receive(&text_event(&ms.to_string(), Side::Client), None, Timestamp::from_millis(ms));
            assert_eq!(chat.listed_at.millis(), expected, "{ms}");
        }
    }
}
