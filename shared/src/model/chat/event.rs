//! What happens to a chat as a whole: its finish, rules' notices to employees, and triggers that rules have yet to
//! process.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, EmployeeId, MessageId};
use crate::model::chat::Chat;
use crate::model::chat::state::{ChatState, ChatStatus, FinishReason};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A trigger that rules have yet to process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForRules {
    /// The company wrote a message here; its id is ours.
    MessageOut(MessageId),
    /// The chat was opened.
    Opened,
    /// The chat was finished.
    Finished,
}

impl ForRules {
    /// The message that it is about.
    pub fn message(&self) -> Option<&MessageId> {
        match self {
            Self::MessageOut(id) => Some(id),
            Self::Opened | Self::Finished => None,
        }
    }
}

/// Something that happened to a chat as a whole, under its number: what is reported to the CRM besides messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatEvent {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat.
    pub chat: ChatId,
    /// Its number in the chat.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The chat was finished, for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<FinishReason>,
    /// A rule's notice to employees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<RuleNotice>,
    /// The chat's status at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ChatStatus>,
    /// When the row may be deleted, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

/// A rule's notice to employees (F6).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleNotice {
    /// The addressee.
    pub to: NoticeTo,
    /// The text.
    pub text: String,
    /// For a notice to the responsible, the employee who was responsible at that time; `None`: the heads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<EmployeeId>,
}

impl RuleNotice {
    /// A rule's notice. Its reader is set when it is added to the chat ([`Chat::notify`]).
    pub fn new(to: NoticeTo, text: impl Into<String>) -> Self {
        Self { to, text: text.into(), reader: None }
    }
}

impl std::fmt::Debug for RuleNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleNotice").field("to", &self.to).finish_non_exhaustive()
    }
}

/// To whom a notice is addressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeTo {
    /// The responsible employee; the heads of the channel while there is none.
    Responsible,
    /// The heads of the channel.
    Heads,
    /// This employee.
    Employee(EmployeeId),
}

/// How long a chat's events are kept: 90 days. They are reported to the CRM long before that.
const EVENTS_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

impl Chat {
    /// Finishes a live chat, or a case. Returns a row of its own, because the chat may be open again before the CRM
    /// learns of the finish.
    pub fn finish(&mut self, reason: FinishReason, at: Timestamp) -> ChatEvent {
        self.seq += 1;
        self.state = ChatState::General;
        self.finished_at = Some(at);
        self.finish_reason = Some(reason);
        self.listed_at = self.listed_at.max(at);
        self.idle_told = None;
        // No answer within a time is needed any more, and members who missed their turn may get the client again.
        self.reserved_until = None;
        self.missed_by.clear();
        ChatEvent { finished: Some(reason), ..self.event(at) }
    }

    /// Adds a rule's notice to employees. It takes a number, and changes nothing else.
    pub fn notify(&mut self, mut notice: RuleNotice, at: Timestamp) -> ChatEvent {
        self.seq += 1;
        notice.reader = self.responsible.clone().filter(|_| notice.to == NoticeTo::Responsible);
        ChatEvent { notice: Some(notice), ..self.event(at) }
    }

    /// An event at the chat's number, without content yet.
    fn event(&self, at: Timestamp) -> ChatEvent {
        ChatEvent {
            v: 1,
            account: self.account.clone(),
            chat: self.chat.clone(),
            seq: self.seq,
            at,
            finished: None,
            notice: None,
            status: self.status,
            expires_at: (at + EVENTS_KEPT).seconds(),
        }
    }
}
