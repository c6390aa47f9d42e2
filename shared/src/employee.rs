//! Employees and their membership on channels.

use crate::clock::Timestamp;
use crate::ids::{AccountId, ChannelId, EmployeeId};
use serde::{Deserialize, Serialize};

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
    /// When he was first loaded: his place in the ring.
    pub created_at: Timestamp,
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
    /// When he joined the channel: his place in the ring.
    pub joined_at: Timestamp,
}
