//! The history of a chat's responsible: who, why, by whom, and of a choice among several who was passed over for what reason.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, EmployeeId};
use crate::model::chat::Chat;
use crate::model::chat::assignment_reason::{AssignedBy, AssignmentReason};
use crate::model::chat::state::AssignmentState;
use crate::model::employee::Ineligible;
use serde::{Deserialize, Serialize};

/// Most members of whom a decision says why they were passed over.
pub const MOST_CONSIDERED: usize = 50;

/// A member whom a decision looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// Who.
    pub employee: EmployeeId,
    /// Why he did not get the client. None: he did, or it was not his turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Ineligible>,
}

/// One entry: a row under the chat's number that the change took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentRecord {
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
    /// Why.
    pub why: AssignmentReason,
    /// Who is responsible then. While the client waits, whoever was so until he is given to somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<EmployeeId>,
    /// Who decided it: an employee's id. None: nobody, an admin, or the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<EmployeeId>,
    /// Since when the client waited, or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Timestamp>,
    /// Whether he waits now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// The members that were looked at, in the order of the ring, the one whose turn it was first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub considered: Vec<Considered>,
    /// Whether there were more than are named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

impl AssignmentRecord {
    /// Of a chat as it is after the change, which took its last number.
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

    /// With who decided it.
    #[must_use]
    pub fn by(self, employee: Option<&EmployeeId>) -> Self {
        Self { by: employee.cloned(), ..self }
    }

    /// With who was looked at, as far as that is kept.
    #[must_use]
    pub fn among(self, mut considered: Vec<Considered>, more: bool) -> Self {
        let more = more || considered.len() > MOST_CONSIDERED;
        considered.truncate(MOST_CONSIDERED);
        Self { considered, more, ..self }
    }
}

impl Chat {
    /// Gives the client to an employee, and says why: one change, and its entry in the history.
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
