//! Employees and their memberships of channels.

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
    /// The account.
    pub account: AccountId,
    /// The CRM's user id.
    pub employee: EmployeeId,
    /// The employee's name.
    pub name: String,
    /// The employee's phone, as the CRM reports it; no two employees share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The signature below their messages, for the client alone (B8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Sections of the settings that they may change although they are no admin (A8).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sections: BTreeSet<Section>,
    /// How often one of their default channels was set: of two callers who set one at once, one must decide again (B7).
    #[serde(default, skip_serializing_if = "unset")]
    pub defaults_set: u64,
    /// Since when the CRM refuses to assign clients to them; their memberships say so too. Loading the employee again
    /// ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// Tokens that were created for them up to this second are ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_ended_at: Option<Timestamp>,
    /// When they were first loaded: their place in the ring.
    pub created_at: Timestamp,
}

fn unset(count: &u64) -> bool {
    *count == 0
}

impl Employee {
    /// An employee as they are when the CRM first loads them.
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

/// A section of the settings that may be granted to an employee by itself. Keys, grants and the audit trail are
/// reserved for admins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Connections to providers.
    Connections,
    /// Channels, and their members.
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
    /// Contacts: merging, exporting. Erasing is reserved for admins, because it cannot be undone.
    Contacts,
}

/// What an employee may do on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees and writes to their own clients.
    Manager,
    /// Sees and writes to all clients.
    Head,
    /// Sees all clients, writes to none.
    QualityControl,
}

impl Role {
    /// Whether the role writes to clients at all.
    pub fn may_write(self) -> bool {
        !matches!(self, Self::QualityControl)
    }
}

/// An employee's membership of a channel. It is written and deleted together with the employee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The channel.
    pub channel: ChannelId,
    /// The employee.
    pub employee: EmployeeId,
    /// Their role there.
    pub role: Role,
    /// Whether they receive new clients (B2).
    pub receives_new_clients: bool,
    /// Whether they are bound to the channel: otherwise they cannot send by it (B7).
    #[serde(default = "bound", skip_serializing_if = "is_bound")]
    pub sends: bool,
    /// Whether it is their default among the channels of its messenger (B7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_default: bool,
    /// How many chats they may have open on the channel before they get no new clients (B4). `None`: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<u32>,
    /// Their working hours. `None`: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkingHours>,
    /// Their status, as they set it.
    #[serde(default, skip_serializing_if = "Status::is_available")]
    pub status: Status,
    /// Whether the CRM no longer knows them, or refuses to assign clients to them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inactive: bool,
    /// When they joined the channel: their place in the ring.
    pub joined_at: Timestamp,
}

impl Membership {
    /// The membership of an employee who joins a channel: bound to it, receiving new clients, with defaults for all
    /// else.
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

/// The status that an employee sets on a channel. Only available employees get new clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EmployeeStatus))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepts new clients.
    #[default]
    Available,
    /// Has enough to do.
    Busy,
    /// Is not at their desk.
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

// The value that holds by default is not stored, as in older rows: conditions on the attribute must hold for both.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_bound(sends: &bool) -> bool {
    *sends
}

/// Why a member gets no new client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ineligible {
    /// The switch "receives new clients" is off.
    ReceivesNoNewClients,
    /// The role does not write to clients.
    MayNotWrite,
    /// The employee is not bound to the channel, so could not answer (B7).
    NotBound,
    /// The CRM no longer knows the employee, or refuses them.
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

/// Whether a member receives new clients at all, at any time, according to the settings.
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
