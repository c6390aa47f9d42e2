//! What happens to a chat as a whole: its end, what rules say to employees, and what rules have yet to be told of.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, EmployeeId, MessageId};
use crate::model::chat::Chat;
use crate::model::chat::state::{ChatState, ChatStatus, FinishReason};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Something for rules to be told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForRules {
    /// A message of the company's was written here, by our id.
    MessageOut(MessageId),
    /// It was opened.
    Opened,
    /// It was finished.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<FinishReason>,
    /// A rule has something to say to employees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<RuleNotice>,
    /// What was said of how far it had come by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ChatStatus>,
    /// When the row may go, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

/// What a rule says to employees (F6).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleNotice {
    /// To whom.
    pub to: NoticeTo,
    /// Its words.
    pub text: String,
    /// Who is meant where it is said to the responsible: who was responsible then; none: the heads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<EmployeeId>,
}

impl RuleNotice {
    /// A rule's words. Who is meant is known once the chat is told ([`Chat::notify`]).
    pub fn new(to: NoticeTo, text: impl Into<String>) -> Self {
        Self { to, text: text.into(), reader: None }
    }
}

impl std::fmt::Debug for RuleNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleNotice").field("to", &self.to).finish_non_exhaustive()
    }
}

/// Who is told something.
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

/// How long a chat's events are kept: 90 days. The CRM has had them long before.
const EVENTS_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

impl Chat {
    /// Finishes a live chat, or a case. The answer is a row of its own: the chat may be open again before the CRM learns of it.
    pub fn finish(&mut self, reason: FinishReason, at: Timestamp) -> ChatEvent {
        self.seq += 1;
        self.state = ChatState::General;
        self.finished_at = Some(at);
        self.finish_reason = Some(reason);
        self.listed_at = self.listed_at.max(at);
        self.idle_told = None;
        // Nobody has to answer within a time any more, and who let one pass is asked again.
        self.reserved_until = None;
        self.missed_by.clear();
        ChatEvent { finished: Some(reason), ..self.event(at) }
    }

    /// A rule has something to say to employees. It takes a number, and changes nothing else.
    pub fn notify(&mut self, mut notice: RuleNotice, at: Timestamp) -> ChatEvent {
        self.seq += 1;
        notice.reader = self.responsible.clone().filter(|_| notice.to == NoticeTo::Responsible);
        ChatEvent { notice: Some(notice), ..self.event(at) }
    }

    /// An event at the chat's number that says nothing yet.
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
