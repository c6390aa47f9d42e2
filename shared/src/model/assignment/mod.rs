//! Who may get a new client, and what is remembered of a channel whose clients are given out (B3–B5). Who gets one is decided
//! in [`choice`].

pub mod candidates;
pub mod decision;
pub mod requeue;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use crate::model::employee::{Ineligible, Membership, Status, takes_new_clients};
use serde::{Deserialize, Serialize};

/// A place in the ring: members stand in the order in which they joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RingPlace {
    /// When the member joined the channel.
    pub joined_at: Timestamp,
    /// Who.
    pub employee: EmployeeId,
}

impl RingPlace {
    /// The place of a member.
    pub fn of(member: &Membership) -> Self {
        Self { joined_at: member.joined_at, employee: member.employee.clone() }
    }
}

/// A channel's ring: who was last. It remembers a place, not a list, so members may come and go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ring {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Of which channel.
    pub channel: ChannelId,
    /// Who got the last client in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<RingPlace>,
    /// Which head got the last client for whom nobody was eligible, where the channel falls back on its heads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_head: Option<RingPlace>,
    /// How many turns were given.
    #[serde(default)]
    pub turns: u64,
    /// How many decisions were taken: of two drains that read the same, one decides again. A cap holds by it.
    #[serde(default, skip_serializing_if = "no_rounds")]
    pub rounds: u64,
    /// Whether the channel has too many members for all of them to be read each time. It saves looking, and decides nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub large: bool,
    /// How many clients were left waiting by the last one, because nobody was eligible.
    #[serde(default, skip_serializing_if = "none_left")]
    pub left: u32,
    /// Since when the first of them waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// When to look again although nothing happened, while somebody waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

impl Ring {
    /// The ring of a channel that has given no client yet.
    pub fn new(account: &AccountId, channel: &ChannelId) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            channel: channel.clone(),
            last: None,
            last_head: None,
            turns: 0,
            rounds: 0,
            large: false,
            left: 0,
            oldest: None,
            check_at: None,
        }
    }
}

// Absent where there were none, as in rows that are older than it: conditions on it must agree with them.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn no_rounds(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn none_left(count: &u32) -> bool {
    *count == 0
}

/// A client that waits for a responsible, in order of arrival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingClient {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// On which channel.
    pub channel: ChannelId,
    /// Which chat.
    pub chat: ChatId,
    /// Whose chat.
    pub contact: ContactId,
    /// Since when: his place in the queue.
    pub arrived_at: Timestamp,
}

/// Whether a member may get a new client at this moment (B4). `open_chats` is how many he has open on the channel, where that
/// was counted; `passed` says that he had this very client and did not answer in time.
///
/// # Errors
/// The reason why not; of several the one that lasts longest.
pub fn eligible(
    member: &Membership,
    open_chats: Option<u32>,
    passed: bool,
    now: Timestamp,
) -> Result<(), Ineligible> {
    takes_new_clients(member)?;
    is_there(member, now)?;
    if member.cap.zip(open_chats).is_some_and(|(cap, open)| open >= cap) {
        return Err(Ineligible::CapReached);
    }
    if passed {
        return Err(Ineligible::DidNotAnswer);
    }
    Ok(())
}

/// The same for whoever counts no chats: a cap is not looked at.
///
/// # Errors
/// As [`eligible`].
pub fn eligible_now(member: &Membership, now: Timestamp) -> Result<(), Ineligible> {
    eligible(member, None, false, now)
}

/// Whether a member is there at this moment, by his own word and by his hours.
///
/// # Errors
/// The reason why not.
pub fn is_there(member: &Membership, now: Timestamp) -> Result<(), Ineligible> {
    match member.status {
        Status::Off => Err(Ineligible::Off),
        Status::Away => Err(Ineligible::Away),
        Status::Busy => Err(Ineligible::Busy),
        Status::Available if member.hours.as_ref().is_some_and(|hours| !hours.is_open(now)) => {
            Err(Ineligible::OutsideWorkingHours)
        }
        Status::Available => Ok(()),
    }
}

/// Whether a client may be given to a member by name, whatever his switch, status, hours and cap say: he could answer him.
pub fn may_be_given(member: &Membership) -> bool {
    !member.inactive && member.role.may_write() && member.sends
}

#[cfg(test)]
mod tests;
