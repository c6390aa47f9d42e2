//! Chats: their row and its changes.

pub mod assignment_reason;
pub mod assignment_record;
pub mod closing;
pub mod company_events;
pub mod event;
pub mod pending_sends;
pub mod read_state;
pub mod receive;
pub mod state;

pub use crate::model::chat::event::{ChatEvent, ForRules, NoticeTo, RuleNotice};

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use crate::base::phone::Phone;
use crate::model::chat::assignment_reason::AssignedBy;
use crate::model::chat::closing::Closing;
use crate::model::chat::pending_sends::PendingSend;
use crate::model::chat::state::{
    AssignmentState, ChatState, ChatStatus, FinishReason, QueuePreference, Replies,
};
use crate::model::crm::retrying::{CreationRetry, Retrying};
use crate::model::event::MessageEvent;
use crate::model::message::content::Details;
use crate::model::message::listing::{Listing, ListingMark};
use crate::model::messenger::Messenger;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// A chat's row. Every change that must reach the CRM or a chat window takes the next `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Its id.
    pub chat: ChatId,
    /// The channel it is on.
    pub channel: ChannelId,
    /// The provider's channel id, by which a CRM knows the channel.
    pub channel_external: String,
    /// The messenger.
    pub messenger: Messenger,
    /// Whether it is a group.
    pub group: bool,
    /// The provider's chat id.
    pub provider_chat_id: String,
    /// The client.
    pub contact: ContactId,
    /// The client's name as first received, or the group's as last received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The client's name in the messenger, as last received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Link to the picture of the client or the group, as last received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// The list it belongs to.
    pub state: ChatState,
    /// The number of the current case: the first opening begins one, and each further opening does where the channel
    /// begins a new case (F5).
    pub case_no: u32,
    /// How far the client's assignment has come.
    #[serde(rename = "client")]
    pub assignment_state: AssignmentState,
    /// Since when the client waits for a responsible: their place in the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// Since when the client waited the last time: a requeued client gets this place again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Timestamp>,
    /// Whom the waiting client should get.
    #[serde(rename = "wish", default, skip_serializing_if = "Option::is_none")]
    pub queue_preference: Option<QueuePreference>,
    /// Until when the responsible must answer, or the client is requeued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_until: Option<Timestamp>,
    /// Employees who missed their turn with this client since the client came.
    #[serde(rename = "passed", default, skip_serializing_if = "Vec::is_empty")]
    pub missed_by: Vec<EmployeeId>,
    /// How the responsible was assigned.
    #[serde(rename = "given", default, skip_serializing_if = "Option::is_none")]
    pub assigned_by: Option<AssignedBy>,
    /// The employee who is responsible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<EmployeeId>,
    /// Number of the last change. Its attribute differs from a message's number, because it must not enter that index.
    #[serde(rename = "last_seq")]
    pub seq: u64,
    /// The CRM cursor: number of the last change that the CRM has. Owned by `crm-push`.
    #[serde(rename = "crm_done")]
    pub crm_synced_seq: u64,
    /// Consecutive failed attempts to bring the CRM up to date.
    #[serde(default)]
    pub crm_attempts: u32,
    /// The CRM is not retried before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_retry_at: Option<Timestamp>,
    /// The error of the last attempt, without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_error: Option<String>,
    /// The attempts at the first change that the CRM lacks, if one has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_retrying: Option<Retrying>,
    /// The attempts to create the client's records in the CRM, if one has failed: for a moment messages wait for them, then
    /// they go on without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_creation: Option<CreationRetry>,
    /// The status that was last set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ChatStatus>,
    /// Tags that employees and rules have set (F6).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// The longest silence, in minutes, that rules have processed since the last message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_told: Option<u32>,
    /// How often rules have recently answered in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replies: Option<Replies>,
    /// Triggers that occurred outside of `routing`, which alone runs rules, and that rules have yet to process.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub for_rules: Vec<ForRules>,
    /// When it was last opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// When it was last finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Why it was last finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
    /// When we last accepted a message of either side.
    pub last_activity_at: Timestamp,
    /// How many messages the client has written that need to be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub client_count: u32,
    /// How many of them employees have read. The unread count follows from both (D2).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub read_count: u32,
    /// When the client last wrote: the time in which some messengers let us answer starts then (E5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_wrote_at: Option<Timestamp>,
    /// When an employee last wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_wrote_at: Option<Timestamp>,
    /// When the last farewell was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub farewell_at: Option<Timestamp>,
    /// Since when the client waits for an employee's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_at: Option<Timestamp>,
    /// The verified phone that the client was last known by here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The listing it is about now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<ListingMark>,
    /// The post whose comments it holds: such a chat is a case, never live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostRef>,
    /// Other forms of the provider's chat id that refer to this chat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<ChatId>,
    /// Our sends that the provider has not confirmed: an echo may be one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_sends: Vec<PendingSend>,
    /// How the client of a dialogue that we began is addressed, until the provider reports the chat's id.
    #[serde(rename = "reach", default, skip_serializing_if = "Option::is_none")]
    pub addressee: Option<Addressee>,
    /// When delivery must check the chat, because something is queued. `None`: nothing is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_at: Option<Timestamp>,
    /// The number of its last queued job for the provider: delivery waits for it when a query does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_last: Option<u64>,
    /// When its client was erased: older messages are not stored again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Timestamp>,
    /// The CRM (by its fingerprint) that already has contact and deal, so that they need not be checked. Owned by
    /// `crm-push`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_in: Option<String>,
    /// Its time in the lists, up to 30 s behind the last activity.
    pub listed_at: Timestamp,
    /// When it must be checked: its place in the due index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

/// How long the messages of a client may wait for the creation of their contact in the CRM.
pub const CONTACT_FIRST: Duration = Duration::from_secs(5);

/// Maximum number of tags of a chat.
pub const MAX_CHAT_TAGS: usize = 20;

/// How a person is addressed whose chat id only the provider knows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// By phone, E.164 without the plus.
    Phone(String),
    /// By user name, without `@`.
    Username(String),
}

impl std::fmt::Debug for Addressee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Addressee(…)")
    }
}

/// The post of a comment case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostRef {
    /// The provider's id of the post.
    pub id: String,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Another form of a chat's id: a row at that form's key, which refers to the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAliasRow {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The id of this form.
    pub chat: ChatId,
    /// The chat it refers to.
    pub alias_of: ChatId,
}

impl Chat {
    /// A chat before its first message: empty, in the general list.
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
            username: None,
            avatar_url: None,
            state: ChatState::General,
            case_no: 0,
            assignment_state: AssignmentState::Silent,
            waiting_since: None,
            arrived_at: None,
            queue_preference: None,
            reserved_until: None,
            missed_by: Vec::new(),
            assigned_by: None,
            responsible: None,
            seq: 0,
            crm_synced_seq: 0,
            crm_attempts: 0,
            crm_retry_at: None,
            crm_error: None,
            crm_retrying: None,
            crm_creation: None,
            status: None,
            tags: BTreeSet::new(),
            idle_told: None,
            replies: None,
            for_rules: Vec::new(),
            opened_at: None,
            finished_at: None,
            finish_reason: None,
            last_activity_at: accepted_at,
            client_count: 0,
            read_count: 0,
            client_wrote_at: None,
            employee_wrote_at: None,
            farewell_at: None,
            unanswered_at: None,
            phone: None,
            listing: None,
            post: post_of(event),
            aliases: Vec::new(),
            pending_sends: Vec::new(),
            addressee: None,
            outbound_at: None,
            outbound_last: None,
            erased_at: None,
            records_in: None,
            listed_at: accepted_at,
            check_at: None,
        }
    }

    /// Records which listing the chat is about now; returns whether that was news.
    pub fn about(&mut self, listing: &Listing) -> bool {
        let mark = listing.mark();
        if self.listing.as_ref() == Some(&mark) {
            return false;
        }
        self.listing = Some(mark);
        true
    }

    /// Assigns the client to an employee: in turn, as the first who answered, by a person, or by the CRM.
    pub fn set_responsible(&mut self, employee: &EmployeeId) {
        self.seq += 1;
        self.assignment_state = AssignmentState::Assigned;
        self.waiting_since = None;
        self.queue_preference = None;
        self.reserved_until = None;
        self.responsible = Some(employee.clone());
    }

    /// Puts the client into the queue of the channel, at their previous place if they had one. The responsible stays
    /// until the client is assigned. It takes a number, because other readers follow the chat by it.
    pub fn enqueue(&mut self, wish: Option<QueuePreference>, now: Timestamp) {
        let since = self.waiting_since.or(self.arrived_at).unwrap_or(now);
        self.seq += 1;
        self.assignment_state = AssignmentState::Waiting;
        self.arrived_at = Some(since);
        self.waiting_since = Some(since);
        self.queue_preference = wish;
        self.reserved_until = None;
    }

    /// Unassigns the client from the responsible, and puts the client into the queue.
    pub fn unassign(&mut self, now: Timestamp) {
        self.enqueue(Some(QueuePreference::Anyone), now);
        self.responsible = None;
        self.assigned_by = None;
    }

    /// Offers a waiting client to all employees who receive new clients (B3). It takes a number, because other readers
    /// follow the chat by it.
    pub fn offer_to_all(&mut self) {
        self.seq += 1;
        self.assignment_state = AssignmentState::Unclaimed;
        self.waiting_since = None;
        self.queue_preference = None;
        self.reserved_until = None;
        self.responsible = None;
        self.assigned_by = None;
    }

    /// When the CRM is to be brought up to date, because it lacks changes or records of the client that are still to be
    /// created; a moment that is past means now. `None`: it lacks nothing, or the chat is reported after the provider's
    /// answer, which names its id, so that the CRM gets one chat and not two.
    pub fn crm_due_at(&self) -> Option<Timestamp> {
        if self.awaits_its_id() {
            return None;
        }
        if self.seq > self.crm_synced_seq {
            return self.contact_first_until().max(self.crm_retry_at).or(Some(Timestamp::default()));
        }
        self.crm_creation.as_ref().map(|creation| creation.retry_at)
    }

    /// Until when the changes of a new client's chat are held back. The contact is created before them, and for the
    /// responsible, where an employee can be had at once; a client who has to wait longer is reported without one. A
    /// client whom the CRM knows already is reported at once.
    pub fn contact_first_until(&self) -> Option<Timestamp> {
        let known = self.responsible.is_some() || self.records_in.is_some();
        let new = self.assignment_state == AssignmentState::Waiting && !known;
        self.waiting_since.filter(|_| new).map(|since| since + CONTACT_FIRST)
    }

    /// Whether the provider has yet to name the chat's id, in its answer to a message that is on its way. Where nothing is
    /// on its way, the message was refused: the chat keeps the id that it has.
    pub fn awaits_its_id(&self) -> bool {
        self.addressee.is_some() && self.outbound_at.is_some()
    }

    /// Moves the CRM's cursor to the chat's number: an account without a CRM has none to bring up to date.
    pub fn mark_crm_synced(&mut self) {
        self.crm_synced_seq = self.seq;
    }

    /// Moves the chat's place in the due index to an earlier time when an earlier check is needed. Never moves it
    /// later: that happens when a check fires.
    pub fn schedule_check(&mut self, closing: &Closing, now: Timestamp) {
        if let Some(look) = closing::next_check_at(self, closing, now)
            && self.check_at.is_none_or(|at| look < at)
        {
            self.check_at = Some(look);
        }
    }
}

/// Zero and an absent number are equal, and zero is not stored, so that a condition on the number holds either way.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

fn post_of(event: &MessageEvent) -> Option<PostRef> {
    match &event.details {
        Some(Details::Comment(comment)) => {
            Some(PostRef { id: comment.post.id.clone(), url: comment.post.url.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
