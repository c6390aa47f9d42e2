//! Why a chat's responsible changed, and by whom.

use serde::{Deserialize, Serialize};

/// Why a chat has another responsible now, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AssignmentReason {
    /// It was the employee's turn (B3).
    Turn,
    /// The employee had the client before, and is still eligible (B5).
    Kept,
    /// No employee was eligible, and this one is the channel's fallback (B4).
    Fallback,
    /// All who receive new clients see the client, until one answers or the CRM names a responsible (B3).
    ShownToAll,
    /// The employee answered first (B3).
    FirstAnswer,
    /// The employee wrote to a person who had not written (D4).
    Dialogue,
    /// A person assigned the client.
    ByHand,
    /// The CRM assigned the client (B1).
    ByCrm,
    /// A rule assigned the client (F6).
    Rule,
    /// A person put the client back into the queue.
    BackByHand,
    /// A rule put the client back into the queue.
    BackByRule,
    /// The responsible did not answer in time.
    Lapsed,
    /// The client came back, and their previous responsible comes first (B5).
    CameBack,
    /// The responsible is gone: removed from the channel, or from the CRM.
    Removed,
    /// The CRM refuses the employee.
    RefusedByCrm,
    /// The client was shown to all, and the channel now assigns its clients in turn.
    GivenInTurn,
    /// The client was shown to all, and no employee there receives new clients any more.
    NobodyLeft,
}

/// How a chat got its responsible: rules do not change what a person or the CRM decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignedBy {
    /// In turn, by a fallback, because the employee answered or had the client before, or by a rule.
    #[serde(rename = "automatically")]
    System,
    /// By a person, or by the CRM.
    #[serde(rename = "by_hand")]
    Person,
}

impl AssignmentReason {
    /// Whether the system or a person assigned the client for this reason.
    pub fn assigned_by(self) -> AssignedBy {
        match self {
            Self::ByHand | Self::ByCrm | Self::BackByHand => AssignedBy::Person,
            _ => AssignedBy::System,
        }
    }
}
