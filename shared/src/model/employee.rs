//! Employees and their membership on channels.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChannelId, EmployeeId};
use crate::base::phone::Phone;
use crate::model::working_hours::WorkingHours;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An employee, by the CRM's user id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Employee {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose employee.
    pub account: AccountId,
    /// The CRM's user id.
    pub employee: EmployeeId,
    /// His name.
    pub name: String,
    /// His phone, as the CRM tells it; one employee's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Stands below what he sends, for the client alone (B8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Settings that he may change although he is no admin (A8).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sections: BTreeSet<Section>,
    /// How often a default channel of his was set: of two who set one at once, one decides again (B7).
    #[serde(default, skip_serializing_if = "unset")]
    pub defaults_set: u64,
    /// Since when the CRM refuses to give him clients: his places say so too. Loading him again ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// Tokens that were made for him until this second are over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_ended_at: Option<Timestamp>,
    /// When he was first loaded: his place in the ring.
    pub created_at: Timestamp,
}

fn unset(count: &u64) -> bool {
    *count == 0
}

impl Employee {
    /// An employee as he is when the CRM first tells of him.
    pub fn new(account: &AccountId, employee: &EmployeeId, name: &str, now: Timestamp) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            employee: employee.clone(),
            name: name.to_owned(),
            phone: None,
            signature: None,
            sections: BTreeSet::new(),
            defaults_set: 0,
            refused_at: None,
            tokens_ended_at: None,
            created_at: now,
        }
    }
}

/// A part of the settings that may be granted to an employee by itself (A8). Keys, grants and the audit trail are the admin's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Connections to providers.
    Connections,
    /// Channels, and who works on them.
    Channels,
    /// Employees: names, signatures, default channels.
    Employees,
    /// The CRM connection and the pipelines.
    Crm,
    /// The account's own options.
    Account,
    /// The blacklist.
    Blacklist,
    /// Shared quick replies.
    QuickReplies,
    /// Contacts: merging, exporting. Erasing is the admin's alone: nothing undoes it.
    Contacts,
}

/// What an employee may do on a channel (B1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees and writes to his own clients.
    Manager,
    /// Sees and writes to all.
    Head,
    /// Sees all, writes to nobody.
    QualityControl,
}

impl Role {
    /// Whether the role writes to clients at all.
    pub fn may_write(self) -> bool {
        !matches!(self, Self::QualityControl)
    }
}

/// An employee's place on a channel. It is written and deleted together with the employee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// On which channel.
    pub channel: ChannelId,
    /// Which employee.
    pub employee: EmployeeId,
    /// What he may do there.
    pub role: Role,
    /// Whether new clients come to him (B2).
    pub receives_new_clients: bool,
    /// Whether he is bound to the channel: without that he cannot send by it (B7).
    #[serde(default = "bound", skip_serializing_if = "is_bound")]
    pub sends: bool,
    /// Whether it is his default among the channels of its messenger (B7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_default: bool,
    /// Most chats that he has open on the channel before he gets no new clients (B4). None: as many as come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<u32>,
    /// When he works. None: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkingHours>,
    /// Whether he is there now, in his own words.
    #[serde(default, skip_serializing_if = "Status::is_available")]
    pub status: Status,
    /// Whether the CRM does not know him any more, or refuses to give him clients.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inactive: bool,
    /// When he joined the channel: his place in the ring.
    pub joined_at: Timestamp,
}

impl Membership {
    /// The place of somebody who joins a channel: bound to it, new clients come to him, nothing else is said.
    pub fn new(
        account: &AccountId,
        channel: &ChannelId,
        employee: &EmployeeId,
        role: Role,
        now: Timestamp,
    ) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            channel: channel.clone(),
            employee: employee.clone(),
            role,
            receives_new_clients: true,
            sends: true,
            is_default: false,
            cap: None,
            hours: None,
            status: Status::Available,
            inactive: false,
            joined_at: now,
        }
    }
}

/// What an employee says of himself on a channel. Only who is available gets new clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Takes new clients.
    #[default]
    Available,
    /// Has enough to do.
    Busy,
    /// Is not at his desk.
    Away,
    /// Does not work today.
    Off,
}

impl Status {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_available(&self) -> bool {
        *self == Self::Available
    }
}

fn bound() -> bool {
    true
}

// Absent where it holds, as in rows that are older than it: conditions on it must agree with them.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_bound(sends: &bool) -> bool {
    *sends
}

/// Why a member gets no new client now. Kept as a code, so that people can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ineligible {
    /// The switch "receives new clients" is off.
    ReceivesNoNewClients,
    /// The role does not write to clients.
    MayNotWrite,
    /// Is not bound to the channel, so could not answer (B7).
    NotBound,
    /// The CRM does not know the employee any more, or refuses them.
    Inactive,
    /// Says that they have enough to do.
    Busy,
    /// Says that they are not at their desk.
    Away,
    /// Says that they do not work today.
    Off,
    /// It is outside their working hours.
    OutsideWorkingHours,
    /// Has as many open chats as the cap allows.
    CapReached,
    /// Had this client, and did not answer in time.
    DidNotAnswer,
}

/// Whether new clients come to a member at all, at any time: what the settings say.
///
/// # Errors
/// The reason why not.
pub fn takes_new_clients(member: &Membership) -> Result<(), Ineligible> {
    if member.inactive {
        return Err(Ineligible::Inactive);
    }
    if !member.role.may_write() {
        return Err(Ineligible::MayNotWrite);
    }
    if !member.sends {
        return Err(Ineligible::NotBound);
    }
    if !member.receives_new_clients {
        return Err(Ineligible::ReceivesNoNewClients);
    }
    Ok(())
}
