//! The history of a chat's responsible: who, why, by whom, and, for a decision among several members, why the others
//! were passed over.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, EmployeeId};
use crate::model::chat::Chat;
use crate::model::chat::assignment_reason::{AssignedBy, AssignmentReason};
use crate::model::chat::state::AssignmentState;
use crate::model::employee::Ineligible;
use serde::{Deserialize, Serialize};

/// Maximum number of members for whom a decision records why they were passed over.
pub const MOST_CONSIDERED: usize = 50;

/// A member whom a decision considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// The employee.
    pub employee: EmployeeId,
    /// Why they did not get the client. `None`: they did, or it was not their turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Ineligible>,
}

/// One entry of the history: a row under the chat number that the change took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentRecord {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat.
    pub chat: ChatId,
    /// Its number in the chat.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The reason.
    pub why: AssignmentReason,
    /// Who is responsible afterwards. While the client waits, it is the previous responsible, until the client is
    /// assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<EmployeeId>,
    /// The employee who decided it. `None`: the system, an admin, or the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<EmployeeId>,
    /// Since when the client waited, or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Timestamp>,
    /// Whether the client waits now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// The members that were considered, in the order of the ring, beginning with the one whose turn it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub considered: Vec<Considered>,
    /// Whether there were more members than are listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

impl AssignmentRecord {
    /// The entry for a chat after the change, which took the chat's last number.
    pub fn new(chat: &Chat, why: AssignmentReason, at: Timestamp) -> Self {
        Self {
            v: 1,
            account: chat.account.clone(),
            chat: chat.chat.clone(),
            seq: chat.seq,
            at,
            why,
            responsible: chat.responsible.clone(),
            by: None,
            arrived_at: chat.arrived_at,
            waits: chat.assignment_state == AssignmentState::Waiting,
            considered: Vec::new(),
            more: false,
        }
    }

    /// Adds the employee who decided it.
    #[must_use]
    pub fn by(self, employee: Option<&EmployeeId>) -> Self {
        Self { by: employee.cloned(), ..self }
    }

    /// Adds the members that were considered, as far as they are kept.
    #[must_use]
    pub fn among(self, mut considered: Vec<Considered>, more: bool) -> Self {
        let more = more || considered.len() > MOST_CONSIDERED;
        considered.truncate(MOST_CONSIDERED);
        Self { considered, more, ..self }
    }
}

impl Chat {
    /// Assigns the client to an employee for a reason: one change, and its entry in the history.
    pub fn assign(
        &mut self,
        employee: &EmployeeId,
        why: AssignmentReason,
        at: Timestamp,
    ) -> AssignmentRecord {
        self.set_responsible(employee);
        self.assigned_by = Some(why.assigned_by());
        if why.assigned_by() == AssignedBy::Person {
            self.missed_by.clear();
        }
        AssignmentRecord::new(self, why, at)
    }
}
