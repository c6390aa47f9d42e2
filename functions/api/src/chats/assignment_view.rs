//! The history of a chat's responsible as answers show it.

use crate::http::body::moment;
use crate::http::enums::{Ineligible, mirror};
use serde::{Deserialize, Serialize};
use shared::base::ids::EmployeeId;
use shared::model::chat::assignment_record::{AssignmentRecord, Considered};
use std::collections::HashMap;
use utoipa::ToSchema;

mirror! {
    /// Why a chat has another responsible, or none.
    AssignmentReason of shared::model::chat::assignment_reason::AssignmentReason {
        /// It was his turn.
        Turn,
        /// He had the client before, and is eligible still.
        Kept,
        /// Nobody was eligible, and he is whom the channel falls back on.
        Fallback,
        /// Everybody sees the client who gets new ones, until somebody answers or the CRM names one.
        ShownToAll,
        /// He answered first.
        FirstAnswer,
        /// He addressed somebody who had not written.
        Dialogue,
        /// A person gave him the client.
        ByHand,
        /// The CRM did.
        ByCrm,
        /// A rule did.
        Rule,
        /// A person put the client back into the queue.
        BackByHand,
        /// A rule did.
        BackByRule,
        /// The responsible has not answered in time.
        Lapsed,
        /// The client came back, and who had him is asked for first.
        CameBack,
        /// The responsible is not there any more.
        Removed,
        /// The CRM refuses him.
        RefusedByCrm,
        /// Everybody saw the client, and the channel gives its clients out in turn now.
        GivenInTurn,
        /// Everybody saw the client, and new clients come to nobody there any more.
        NobodyLeft,
    }
}

/// Names of employees, by their ids.
pub type Names = HashMap<EmployeeId, String>;

/// A member whom a decision looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsideredView {
    /// The employee's id.
    employee: String,
    /// His name; null when he is gone.
    name: Option<String>,
    /// Why he did not get the client; null for whom did, or whose turn it was not.
    reason: Option<Ineligible>,
}

impl ConsideredView {
    /// With his name, where `names` knows him.
    pub fn of(considered: Considered, names: &Names) -> Self {
        Self {
            name: names.get(&considered.employee).cloned(),
            employee: considered.employee.to_string(),
            reason: considered.reason.map(Ineligible::from),
        }
    }
}

/// An entry in the history.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentEntry {
    /// Its number in the chat.
    seq: u64,
    #[schema(format = DateTime)]
    at: String,
    why: AssignmentReason,
    /// Who is responsible then. While the client waits: who was, until he is given to somebody.
    responsible: Option<String>,
    /// The employee who decided it; null where none did: an admin, the CRM, or nobody.
    by: Option<String>,
    /// Since when the client waited, or waits.
    #[schema(format = DateTime)]
    arrived_at: Option<String>,
    /// Whether he waits then.
    waits: bool,
    /// The members who were looked at, in the order of the ring, whose turn it was first.
    considered: Vec<ConsideredView>,
    /// Whether there were more than are named.
    more: bool,
}

impl AssignmentEntry {
    /// With names, where `names` knows them.
    pub fn of(record: AssignmentRecord, names: &Names) -> Self {
        Self {
            seq: record.seq,
            at: record.at.rfc3339(),
            why: record.why.into(),
            responsible: record.responsible.map(|employee| employee.to_string()),
            by: record.by.map(|employee| employee.to_string()),
            arrived_at: moment(record.arrived_at),
            waits: record.waits,
            considered: record.considered.into_iter().map(|one| ConsideredView::of(one, names)).collect(),
            more: record.more,
        }
    }
}

/// That a chat has another responsible, or none: what a window is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"at": "2026-11-21T09:30:00.000Z", "why": "by_hand", "responsible": "17", "by": "9", "waits": false}))]
pub struct AssignedView {
    #[schema(format = DateTime)]
    at: String,
    why: AssignmentReason,
    /// Who is responsible then.
    responsible: Option<String>,
    /// The employee who decided it.
    by: Option<String>,
    /// Whether the client waits then.
    waits: bool,
}

impl From<AssignmentRecord> for AssignedView {
    fn from(record: AssignmentRecord) -> Self {
        Self {
            at: record.at.rfc3339(),
            why: record.why.into(),
            responsible: record.responsible.map(|employee| employee.to_string()),
            by: record.by.map(|employee| employee.to_string()),
            waits: record.waits,
        }
    }
}
