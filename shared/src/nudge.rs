//! Nudges: "look at this chat", "look at this channel". They carry no work; the worker reads from the table what is to
//! do. They are derived from the state after **every** event, a duplicate too: a worker may have died between its commit
//! and its nudge.

use crate::chat::{Chat, ClientState};
use crate::clock::Timestamp;
use crate::crm::CrmKind;
use crate::ids::{AccountId, ChannelId, ChatId, ContactId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// "Drain this channel": goes to `assignment`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AssignmentNudge {
    /// Version of the shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Which channel.
    pub channel: ChannelId,
}

/// "Bring the CRM up to date with this chat": goes to `crm-push`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CrmNudge {
    /// Version of the shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Which chat.
    pub chat: ChatId,
    /// Whose chat: nudges of one contact are handled one after the other.
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

    /// FIFO message group: the account, and one of `workers` by the contact's hash, so that a contact's chats never
    /// meet and a slow account holds at most that many workers.
    pub fn group(&self, workers: u32) -> String {
        let digest = Sha256::digest(self.contact.as_str().as_bytes());
        let hash = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        format!("{}:{}", self.account, hash % workers.max(1))
    }
}

/// "Tell the CRM of this channel's state": goes to `crm-push`, by the same queue as chats.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChannelNudge {
    /// Version of the shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Which channel.
    pub channel: ChannelId,
}

impl ChannelNudge {
    /// A nudge for a channel.
    pub fn new(account: &AccountId, channel: &ChannelId) -> Self {
        Self { v: 1, account: account.clone(), channel: channel.clone() }
    }

    /// FIFO message group: an account's channels one after the other, beside its chats.
    pub fn group(&self) -> String {
        format!("{}:channels", self.account)
    }
}

/// What `crm-push` is nudged for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CrmWork {
    /// A chat.
    Chat(CrmNudge),
    /// A channel.
    Channel(ChannelNudge),
}

/// "Copy this chat's files": goes to `media`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MediaNudge {
    /// Version of the shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Which chat.
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
    /// Whose.
    pub account: AccountId,
    /// Which chat, which is the FIFO message group too: one delivery per chat at a time, in order.
    pub chat: ChatId,
}

impl DeliveryNudge {
    /// A nudge for a chat.
    pub fn of(chat: &Chat) -> Self {
        Self { v: 1, account: chat.account.clone(), chat: chat.chat.clone() }
    }
}

/// "Go on with this erasure": goes to `erasure`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ErasureNudge {
    /// Version of the shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub erasure: String,
}

impl ErasureNudge {
    /// A nudge for an erasure.
    pub fn new(account: &AccountId, erasure: &str) -> Self {
        Self { v: 1, account: account.clone(), erasure: erasure.to_owned() }
    }
}

/// "Look at this chat" at a moment: waits in the timers queue, and becomes a check in the chat's own inbound group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Version of the shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Which chat.
    pub chat: ChatId,
    /// When: the chat's due time, which names the check, so that one posted twice is one.
    pub at: Timestamp,
}

impl Timer {
    /// A timer for a chat.
    pub fn new(account: AccountId, chat: ChatId, at: Timestamp) -> Self {
        Self { v: 1, account, chat, at }
    }

    /// The check's deduplication id: while routing is behind, sweep after sweep posts the same check.
    pub fn check_id(&self) -> String {
        format!("check:{}:{}", self.chat, self.at.millis())
    }
}

/// Who has to be told of a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nudges {
    /// The channel's clients have to be given out.
    pub assignment: Option<AssignmentNudge>,
    /// The CRM is behind.
    pub crm: Option<CrmNudge>,
    /// Something is queued for the client.
    pub delivery: Option<DeliveryNudge>,
}

/// What follows from a chat's state. A CRM that asked for time is left alone until then: the due index brings the chat
/// back.
pub fn nudges(chat: &Chat, crm: CrmKind, now: Timestamp) -> Nudges {
    let waiting = chat.client == ClientState::Waiting;
    let may_try = chat.crm_retry_at.is_none_or(|at| at <= now);
    Nudges {
        assignment: waiting.then(|| AssignmentNudge::new(&chat.account, &chat.channel)),
        crm: (crm != CrmKind::None && chat.crm_behind() && may_try).then(|| CrmNudge::of(chat)),
        delivery: chat.outbound_at.is_some_and(|at| at <= now).then(|| DeliveryNudge::of(chat)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::tests::{new_chat, text_event};
    use crate::event::Side;
    use crate::ids::EmployeeId;

    #[test]
    fn a_nudge_for_the_crm_is_a_chats_or_a_channels() {
        let chat = CrmWork::Chat(CrmNudge::of(&new_chat()));
        let channel = CrmWork::Channel(ChannelNudge::new(&AccountId::new("a"), &ChannelId::new("c")));
        for work in [chat, channel] {
            let body = serde_json::to_string(&work).unwrap();
            assert_eq!(crate::event::read::<CrmWork>(&body).unwrap(), work);
        }
        assert!(crate::event::read::<CrmWork>(r#"{"v":1,"account":"a"}"#).is_err());
        assert!(crate::event::read::<CrmWork>(r#"{"v":99,"more":1}"#).is_err(), "a newer one is retried");
    }

    #[test]
    fn nudges_follow_from_the_state_alone() {
        let now = Timestamp::from_millis(10);
        let mut chat = new_chat();
        assert_eq!(nudges(&chat, CrmKind::Universal, now), Nudges::default());
        chat.receive(&text_event("m1", Side::Client), None, now);
        let told = nudges(&chat, CrmKind::Universal, now);
        assert!(told.assignment.is_some() && told.crm.is_none(), "first a responsible, then the CRM");
        chat.assign(&EmployeeId::new("anna"));
        assert!(nudges(&chat, CrmKind::Universal, now).crm.is_some());
        assert!(nudges(&chat, CrmKind::None, now).crm.is_none());
        chat.crm_retry_at = Some(Timestamp::from_millis(11));
        assert!(nudges(&chat, CrmKind::Universal, now).crm.is_none());
    }
}
