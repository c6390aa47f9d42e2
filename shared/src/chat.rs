//! Chats: what one is, and what an inbound message makes of it.

use crate::clock::Timestamp;
use crate::closing;
use crate::content::Details;
use crate::crm::CrmKind;
use crate::event::{MessageEvent, Messenger};
use crate::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use crate::listing::{Listing, ListingMark};
use crate::own_sends::PendingSend;
use crate::phone::Phone;
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
    /// Open, and not live: comments under a post (C10).
    Case,
}

/// How far a chat's client is on his way to a responsible employee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientState {
    /// The client has not written yet (only echoes have come).
    Silent,
    /// Wrote, and waits for a responsible.
    Waiting,
    /// Is shown to everybody who receives new clients, until somebody answers or the CRM names a responsible (B3).
    Unclaimed,
    /// Has a responsible.
    Assigned,
}

/// Why a chat was finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// Neither side wrote during the window.
    Inactivity,
    /// An employee finished it.
    ByHand,
}

/// What an employee or a rule says of how far a conversation has come (F3). Finishing is another thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatStatus {
    /// Being talked about.
    Open,
    /// Waits for something: the client, a part, a date.
    Waiting,
    /// Done with.
    Closed,
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
    /// What was last said of how far it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ChatStatus>,
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
    /// How many messages the client has written that want to be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub client_count: u32,
    /// How many of them somebody has read. What is unread follows from both (D2).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub read_count: u32,
    /// When the client last wrote: from then runs the time in which some messengers let us answer (E5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_wrote_at: Option<Timestamp>,
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
    /// Other forms of the provider's chat id that lead here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<ChatId>,
    /// Our sends that the provider has not confirmed: an echo may be one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_sends: Vec<PendingSend>,
    /// How its client is reached until the provider tells the chat's id: a dialogue that we began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// When delivery must look at it: something of it is queued. None: nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_at: Option<Timestamp>,
    /// The number of its last queued job for the provider: one that a query does not show is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_last: Option<u64>,
    /// Its client was erased then: what is older does not come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Timestamp>,
    /// The CRM (by its fingerprint) that has contact and deal, so that they need not be looked at. Owned by `crm-push`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_in: Option<String>,
    /// Its time in the lists; follows the last activity at a distance of up to 30 s.
    pub listed_at: Timestamp,
    /// When it must be looked at: its place in the due index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

/// How somebody is reached whose chat id only the provider knows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// By phone, E.164 without the plus.
    Phone(String),
    /// By user name, without `@`.
    Username(String),
}

impl std::fmt::Debug for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reach(…)")
    }
}

/// The post of a comment case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostRef {
    /// The provider's id of it.
    pub id: String,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Another form of a chat's id: a row at that form's key, leading to the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAliasRow {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// The id of this form.
    pub chat: ChatId,
    /// The chat it leads to.
    pub alias_of: ChatId,
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
    /// What was said of how far it had come by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ChatStatus>,
    /// When the row may go, in seconds since the epoch: the table's TTL.
    pub expires_at: i64,
}

/// How long a chat's events are kept: 90 days. The CRM has had them long before.
const EVENTS_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

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
            status: None,
            opened_at: None,
            finished_at: None,
            finish_reason: None,
            last_activity_at: accepted_at,
            client_count: 0,
            read_count: 0,
            client_wrote_at: None,
            unanswered_at: None,
            phone: None,
            listing: None,
            post: post_of(event),
            aliases: Vec::new(),
            pending_sends: Vec::new(),
            reach: None,
            outbound_at: None,
            outbound_last: None,
            erased_at: None,
            records_in: None,
            listed_at: accepted_at,
            check_at: None,
        }
    }

    /// Notes which listing the chat is about now; says whether anything was told that was not known.
    pub fn about(&mut self, listing: &Listing) -> bool {
        let mark = listing.mark();
        if self.listing.as_ref() == Some(&mark) {
            return false;
        }
        self.listing = Some(mark);
        true
    }

    /// Finishes a live chat, or a case. The answer is a row of its own: the chat may be open again before the CRM learns of it.
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
            status: self.status,
            expires_at: (at + EVENTS_KEPT).seconds(),
        }
    }

    /// Gives a client to an employee: in turn, because he answered first, by hand, or by the CRM.
    pub fn assign(&mut self, employee: &EmployeeId) {
        self.seq += 1;
        self.client = ClientState::Assigned;
        self.waiting_since = None;
        self.responsible = Some(employee.clone());
    }

    /// Lets everybody who receives new clients have a waiting client (B3). It takes a number, because others read the chat by it.
    pub fn release(&mut self) {
        self.seq += 1;
        self.client = ClientState::Unclaimed;
        self.waiting_since = None;
        self.responsible = None;
    }

    /// Whether the CRM lacks changes that it may have now: a waiting client's chat is shown to it once he has a
    /// responsible, because the contact is created first, and for him.
    pub fn crm_behind(&self) -> bool {
        self.seq > self.crm_done && self.client != ClientState::Waiting
    }

    /// Takes the next number for a change of one of its messages that is no activity: a status, a file. `window` is the
    /// silence after which it finishes, when its channel is still there.
    pub fn take_number(&mut self, crm: CrmKind, window: Option<Duration>, now: Timestamp) {
        self.seq += 1;
        if crm == CrmKind::None {
            self.settle_without_crm();
        }
        if let Some(window) = window {
            self.watch(window, now);
        }
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

/// A number that was never written counts as none, and one that is none is not written: a condition on it holds either way.
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
#[path = "chat_tests.rs"]
pub(crate) mod tests;
