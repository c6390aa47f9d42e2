//! Which employees may get a new client, and what is stored about the ring and the queue of a channel (B3–B5).
//! [`decision`] decides who gets a client.

pub mod candidates;
pub mod decision;
pub mod requeue;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use crate::model::employee::{Ineligible, Membership, Status, takes_new_clients};
use serde::{Deserialize, Serialize};

/// A member's place in the ring: members are ordered by the time when they joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RingPlace {
    /// When the member joined the channel.
    pub joined_at: Timestamp,
    /// The employee.
    pub employee: EmployeeId,
}

impl RingPlace {
    /// A member's place.
    pub fn of(member: &Membership) -> Self {
        Self { joined_at: member.joined_at, employee: member.employee.clone() }
    }
}

/// A channel's ring: who had the last turn. It stores a place, not a list, so members may join and leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ring {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The channel.
    pub channel: ChannelId,
    /// The member who got the last client in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<RingPlace>,
    /// The head who got the last client for whom no employee was eligible, where the channel falls back on its heads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_head: Option<RingPlace>,
    /// How many turns were taken.
    #[serde(default)]
    pub turns: u64,
    /// How many drains have written the ring. Of two drains that read the same value, one must decide again; this is
    /// how caps hold.
    #[serde(default, skip_serializing_if = "no_rounds")]
    pub rounds: u64,
    /// Whether the channel has too many members to read all of them each time. It only saves reads, and changes no
    /// decision.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub large: bool,
    /// How many clients the last drain left waiting, because no employee was eligible.
    #[serde(default, skip_serializing_if = "none_left")]
    pub left: u32,
    /// Since when the first of them waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// When to check again although nothing happened, while a client waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

impl Ring {
    /// The ring of a channel that has assigned no client yet.
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

// A count of zero is not stored, as in older rows: conditions on the attribute must hold for both.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn no_rounds(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn none_left(count: &u32) -> bool {
    *count == 0
}

/// A client who waits for a responsible, in order of arrival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingClient {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The channel.
    pub channel: ChannelId,
    /// The chat.
    pub chat: ChatId,
    /// The contact of the chat.
    pub contact: ContactId,
    /// Since when the client waits: their place in the queue.
    pub arrived_at: Timestamp,
}

/// Whether a member may get a new client at this moment (B4). `open_chats` is how many chats they have open on the
/// channel, if that was counted; `passed`: they had this client and did not answer in time.
///
/// # Errors
/// The reason why not; if there are several, the one that lasts longest.
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

/// The same without counted chats: the cap is not checked.
///
/// # Errors
/// As [`eligible`].
pub fn eligible_now(member: &Membership, now: Timestamp) -> Result<(), Ineligible> {
    eligible(member, None, false, now)
}

/// Whether a member is present at this moment, by their own status and by their working hours.
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

/// Whether a client may be assigned to this member by name, whatever their switch, status, hours and cap: they could
/// answer the client.
pub fn may_be_given(member: &Membership) -> bool {
    !member.inactive && member.role.may_write() && member.sends
}

#[cfg(test)]
mod tests;
