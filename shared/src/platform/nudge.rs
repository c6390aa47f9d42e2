//! Nudges: requests to check a chat or a channel. They carry no work; the worker reads from the table what is to be
//! done. They are derived from the state after **every** event, a duplicate too, because a worker may have died between
//! its commit and its nudge.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ContactId};
use crate::model::assignment::requeue::RequeueScope;
use crate::model::chat::Chat;
use crate::model::chat::state::AssignmentState;
use crate::model::crm::CrmKind;
use crate::model::event::TemplateState;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// "Drain this channel": goes to `assignment`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AssignmentNudge {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The channel.
    pub channel: ChannelId,
}

/// "Put these clients back into the queue": goes to `assignment`, by the same queue as drains.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequeueNudge {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The clients to requeue.
    pub whose: RequeueScope,
}

impl RequeueNudge {
    /// A nudge for a requeue.
    pub fn new(account: &AccountId, whose: &RequeueScope) -> Self {
        Self { v: 1, account: account.clone(), whose: whose.clone() }
    }

    /// FIFO message group.
    pub fn group(&self) -> String {
        self.whose.group(&self.account)
    }
}

/// The work that `assignment` is nudged for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AssignmentWork {
    /// A channel's waiting clients.
    Channel(AssignmentNudge),
    /// Clients to put back into the queue.
    Requeue(RequeueNudge),
}

/// "Bring the CRM up to date with this chat": goes to `crm-push`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CrmNudge {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat.
    pub chat: ChatId,
    /// The chat's contact: nudges of one contact are handled one after the other.
    pub contact: ContactId,
}

impl AssignmentNudge {
    /// A nudge for a channel.
    pub fn new(account: &AccountId, channel: &ChannelId) -> Self {
        Self { v: 1, account: account.clone(), channel: channel.clone() }
    }

    /// FIFO message group: one drain per channel at a time.
    pub fn group(&self) -> String {
        format!("{}:{}", self.account, self.channel)
    }
}

impl CrmNudge {
    /// A nudge for a chat.
    pub fn of(chat: &Chat) -> Self {
        Self { v: 1, account: chat.account.clone(), chat: chat.chat.clone(), contact: chat.contact.clone() }
    }

    /// FIFO message group: the account, and one of `workers` by the contact's hash, so that a contact's chats are never
    /// handled at the same time and a slow account occupies at most that many workers.
    pub fn group(&self, workers: u32) -> String {
        let digest = Sha256::digest(self.contact.as_str().as_bytes());
        let hash = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        format!("{}:{}", self.account, hash % workers.max(1))
    }
}

/// "Report this channel's state to the CRM": goes to `crm-push`, by the same queue as chats.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChannelNudge {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The channel.
    pub channel: ChannelId,
}

impl ChannelNudge {
    /// A nudge for a channel.
    pub fn new(account: &AccountId, channel: &ChannelId) -> Self {
        Self { v: 1, account: account.clone(), channel: channel.clone() }
    }

    /// FIFO message group: an account's channels one after the other, concurrently with its chats.
    pub fn group(&self) -> String {
        format!("{}:channels", self.account)
    }
}

/// "Notify the heads how many clients wait on this channel": goes to `crm-push`, by the same queue as chats. The
/// number, and since when they wait, are in the channel's [ring](crate::model::assignment::Ring).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WaitingNudge {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The channel.
    pub channel: ChannelId,
    /// Distinguishes it from a nudge for the channel's state.
    pub about: AboutWaiting,
}

/// "Report this template's state to the CRM": goes to `crm-push`, by the same queue as chats. It carries its work,
/// because templates are stored at the provider alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TemplateNudge {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The template and its state.
    pub template: TemplateState,
    /// When the provider's report was accepted.
    pub at: Timestamp,
}

impl TemplateNudge {
    /// A nudge for a template's state.
    pub fn new(account: &AccountId, template: TemplateState, at: Timestamp) -> Self {
        Self { v: 1, account: account.clone(), template, at }
    }

    /// FIFO message group: an account's templates one after the other.
    pub fn group(&self) -> String {
        format!("{}:templates", self.account)
    }
}

/// The only topic of such a nudge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AboutWaiting {
    /// Clients for whom no employee is eligible.
    Waiting,
}

impl WaitingNudge {
    /// A nudge for a channel.
    pub fn new(account: &AccountId, channel: &ChannelId) -> Self {
        Self { v: 1, account: account.clone(), channel: channel.clone(), about: AboutWaiting::Waiting }
    }

    /// FIFO message group: the same as for the account's channels.
    pub fn group(&self) -> String {
        ChannelNudge::new(&self.account, &self.channel).group()
    }
}

/// The work that `crm-push` is nudged for. A body is parsed as the first kind whose members it has, so a kind with more
/// members comes before one with fewer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CrmWork {
    /// A chat.
    Chat(CrmNudge),
    /// The waiting clients of a channel.
    Waiting(WaitingNudge),
    /// A channel.
    Channel(ChannelNudge),
    /// A message template.
    Template(TemplateNudge),
}

/// "Copy this chat's files": goes to `media`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MediaNudge {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat.
    pub chat: ChatId,
}

impl MediaNudge {
    /// A nudge for a chat.
    pub fn new(account: &AccountId, chat: &ChatId) -> Self {
        Self { v: 1, account: account.clone(), chat: chat.clone() }
    }
}

/// "Deliver what is queued in this chat": goes to `delivery`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeliveryNudge {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat, which is also the FIFO message group: one delivery per chat at a time, in order.
    pub chat: ChatId,
}

impl DeliveryNudge {
    /// A nudge for a chat.
    pub fn of(chat: &Chat) -> Self {
        Self { v: 1, account: chat.account.clone(), chat: chat.chat.clone() }
    }
}

/// "Continue this erasure": goes to `erasure`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ErasureNudge {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The erasure's id.
    pub erasure: String,
}

impl ErasureNudge {
    /// A nudge for an erasure.
    pub fn new(account: &AccountId, erasure: &str) -> Self {
        Self { v: 1, account: account.clone(), erasure: erasure.to_owned() }
    }
}

/// "Check this chat" at a moment: waits in the timers queue, and becomes a check in the chat's own inbound group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timer {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat.
    pub chat: ChatId,
    /// The chat's due time, which is part of the check's deduplication id, so that a check posted twice is handled
    /// once.
    pub at: Timestamp,
}

impl Timer {
    /// A timer for a chat.
    pub fn new(account: AccountId, chat: ChatId, at: Timestamp) -> Self {
        Self { v: 1, account, chat, at }
    }

    /// The check's deduplication id: while routing is behind, every sweep posts the same check.
    pub fn check_id(&self) -> String {
        format!("check:{}:{}", self.chat, self.at.millis())
    }
}

/// "Check the live chats of this channel", because its closing settings changed and a chat must not wait for its next
/// check, which may be an hour away. Waits in the timers queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recheck {
    /// Version of the shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The channel; `None` for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// The end of the minute in which the settings changed. It is part of the checks' deduplication ids, so that a page
    /// posted twice counts once, and several changes in a minute cause one check.
    pub changed_at: Timestamp,
    /// The place in the channel's list to continue from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ListPlace>,
}

/// A chat's place in a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ListPlace {
    /// The chat.
    pub chat: ChatId,
    /// Its time in the list.
    pub listed_at: Timestamp,
}

impl Recheck {
    /// A recheck of a channel, or of all the account's channels, from the beginning.
    pub fn new(account: &AccountId, channel: Option<&ChannelId>, changed_at: Timestamp) -> Self {
        Self { v: 1, account: account.clone(), channel: channel.cloned(), changed_at, after: None }
    }

    /// The deduplication id of the check of one chat.
    pub fn check_id(&self, chat: &ChatId) -> String {
        format!("recheck:{chat}:{}", self.changed_at.millis())
    }
}

/// The messages of the timers queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Wake {
    /// Check a chat.
    Chat(Timer),
    /// Check the live chats of a channel.
    Channel(Recheck),
    /// Notify a CRM how many clients wait, once its pause is over.
    Waiting(WaitingNudge),
    /// Report a template's state to a CRM that did not accept it.
    Template(TemplateNudge),
}

/// The functions that a chat's state requires to nudge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nudges {
    /// The channel has clients to assign.
    pub assignment: Option<AssignmentNudge>,
    /// The CRM is behind.
    pub crm: Option<CrmNudge>,
    /// The CRM is behind, and is brought up to date at this moment unless the client has a responsible before.
    pub crm_soon: Option<Timestamp>,
    /// The chat has jobs for its provider.
    pub delivery: Option<DeliveryNudge>,
}

/// The nudges that a chat's state requires. A CRM that asked for time is not nudged until then: the due index brings
/// the chat back.
pub fn nudges(chat: &Chat, crm: CrmKind, now: Timestamp) -> Nudges {
    let waiting = chat.assignment_state == AssignmentState::Waiting;
    let due = chat.crm_due_at().filter(|_| crm != CrmKind::None);
    let soon = chat.contact_first_until().filter(|at| *at > now);
    Nudges {
        assignment: waiting.then(|| AssignmentNudge::new(&chat.account, &chat.channel)),
        crm: due.is_some_and(|at| at <= now).then(|| CrmNudge::of(chat)),
        crm_soon: soon.filter(|_| due.is_some()),
        delivery: chat.outbound_at.is_some_and(|at| at <= now).then(|| DeliveryNudge::of(chat)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::EmployeeId;
    use crate::model::chat::tests::{new_chat, text_event};
    use crate::model::event::Side;

    #[test]
    fn a_nudge_for_the_crm_is_a_chats_or_a_channels() {
        let chat = CrmWork::Chat(CrmNudge::of(&new_chat()));
        let channel = CrmWork::Channel(ChannelNudge::new(&AccountId::new("a"), &ChannelId::new("c")));
        let waiting = CrmWork::Waiting(WaitingNudge::new(&AccountId::new("a"), &ChannelId::new("c")));
        let template = TemplateState { id: "t".into(), name: None, status: "approved".into() };
        let template = TemplateNudge::new(&AccountId::new("a"), template, Timestamp::default());
        for work in [chat, waiting, channel, CrmWork::Template(template)] {
            let body = serde_json::to_string(&work).unwrap();
            assert_eq!(crate::model::event::read::<CrmWork>(&body).unwrap(), work);
        }
        assert!(crate::model::event::read::<CrmWork>(r#"{"v":1,"account":"a"}"#).is_err());
        assert!(
            crate::model::event::read::<CrmWork>(r#"{"v":99,"more":1}"#).is_err(),
            "a newer one is retried"
        );
    }

    #[test]
    fn what_waits_for_its_time_is_told_apart() {
        let (account, channel, at) = (AccountId::new("a"), ChannelId::new("c"), Timestamp::from_millis(5));
        let after = Some(ListPlace { chat: ChatId::new("k"), listed_at: at });
        let template = TemplateState { id: "t".into(), name: None, status: "approved".into() };
        for wake in [
            Wake::Chat(Timer::new(account.clone(), ChatId::new("k"), at)),
            Wake::Channel(Recheck::new(&account, None, at)),
            Wake::Channel(Recheck { after, ..Recheck::new(&account, Some(&channel), at) }),
            Wake::Waiting(WaitingNudge::new(&account, &channel)),
            Wake::Template(TemplateNudge::new(&account, template, at)),
        ] {
            let body = serde_json::to_string(&wake).unwrap();
            assert_eq!(crate::model::event::read::<Wake>(&body).unwrap(), wake);
        }
        assert!(crate::model::event::read::<Wake>(r#"{"v":1,"account":"a","at":5}"#).is_err());
    }

    #[test]
    fn a_nudge_for_assignment_is_a_channels_or_a_requeue() {
        let (account, channel) = (AccountId::new("a"), ChannelId::new("c"));
        let employee = EmployeeId::new("anna");
        for work in [
            AssignmentWork::Channel(AssignmentNudge::new(&account, &channel)),
            AssignmentWork::Requeue(RequeueNudge::new(
                &account,
                &RequeueScope::Employee { employee, channel: Some(channel.clone()) },
            )),
            AssignmentWork::Requeue(RequeueNudge::new(&account, &RequeueScope::Unclaimed { channel })),
        ] {
            let body = serde_json::to_string(&work).unwrap();
            assert_eq!(crate::model::event::read::<AssignmentWork>(&body).unwrap(), work);
        }
        assert!(crate::model::event::read::<AssignmentWork>(r#"{"v":1,"account":"a"}"#).is_err());
    }

    #[test]
    fn nudges_follow_from_the_state_alone() {
        let now = Timestamp::from_millis(10);
        let mut chat = new_chat();
        assert_eq!(nudges(&chat, CrmKind::Universal, now), Nudges::default());
        chat.receive(&text_event("m1", Side::Client), None, now);
        let told = nudges(&chat, CrmKind::Universal, now);
        assert!(told.assignment.is_some() && told.crm.is_none(), "first a responsible, then the CRM");
        chat.set_responsible(&EmployeeId::new("anna"));
        assert!(nudges(&chat, CrmKind::Universal, now).crm.is_some());
        assert!(nudges(&chat, CrmKind::None, now).crm.is_none());
        chat.crm_retry_at = Some(Timestamp::from_millis(11));
        assert!(nudges(&chat, CrmKind::Universal, now).crm.is_none());
    }
}
