//! The history of a chat's assignments, in answers.

use crate::http::body::moment;
use serde::Serialize;
use shared::base::ids::EmployeeId;
use shared::model::chat::assignment_reason::AssignmentReason;
use shared::model::chat::assignment_record::{AssignmentRecord, Considered};
use shared::model::employee::Ineligible;
use std::collections::HashMap;
use utoipa::ToSchema;

/// Names of employees, by their ids.
pub type Names = HashMap<EmployeeId, String>;

/// A member whom an assignment decision considered.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsideredView {
    /// The employee's id.
    employee: String,
    /// The employee's name; null when the employee is gone.
    name: Option<String>,
    /// Why the employee did not get the client; null when they did, or when it was not their turn.
    reason: Option<Ineligible>,
}

impl ConsideredView {
    /// The view of a considered member, with the name where `names` has it.
    pub fn of(considered: Considered, names: &Names) -> Self {
        Self {
            name: names.get(&considered.employee).cloned(),
            employee: considered.employee.to_string(),
            reason: considered.reason,
        }
    }
}

/// An entry in the history.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentEntry {
    /// Its sequence number in the chat.
    seq: u64,
    #[schema(format = DateTime)]
    at: String,
    why: AssignmentReason,
    /// Who is responsible after it. While the client waits: the previous responsible, until the client is assigned.
    responsible: Option<String>,
    /// The employee who decided it; null when no employee did: an admin, the CRM or the distribution.
    by: Option<String>,
    /// Since when the client waited, or waits.
    #[schema(format = DateTime)]
    arrived_at: Option<String>,
    /// Whether the client waits after it.
    waits: bool,
    /// The members who were considered, in the order of the ring, beginning with the one whose turn it was.
    considered: Vec<ConsideredView>,
    /// Whether more were considered than are listed.
    more: bool,
}

impl AssignmentEntry {
    /// The view of an entry, with names where `names` has them.
    pub fn of(record: AssignmentRecord, names: &Names) -> Self {
        Self {
            seq: record.seq,
            at: record.at.rfc3339(),
            why: record.why,
            responsible: record.responsible.map(|employee| employee.to_string()),
            by: record.by.map(|employee| employee.to_string()),
            arrived_at: moment(record.arrived_at),
            waits: record.waits,
            considered: record.considered.into_iter().map(|one| ConsideredView::of(one, names)).collect(),
            more: record.more,
        }
    }
}

/// A change of a chat's responsible, as the chat's changes report it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"at": "2026-11-21T09:30:00.000Z", "why": "by_hand", "responsible": "17", "by": "9", "waits": false}))]
pub struct AssignedView {
    #[schema(format = DateTime)]
    at: String,
    why: AssignmentReason,
    /// Who is responsible after it.
    responsible: Option<String>,
    /// The employee who decided it.
    by: Option<String>,
    /// Whether the client waits after it.
    waits: bool,
}

impl From<AssignmentRecord> for AssignedView {
    fn from(record: AssignmentRecord) -> Self {
        Self {
            at: record.at.rfc3339(),
            why: record.why,
            responsible: record.responsible.map(|employee| employee.to_string()),
            by: record.by.map(|employee| employee.to_string()),
            waits: record.waits,
        }
    }
}
