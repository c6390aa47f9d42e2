//! Why a chat's responsible changed, and by whom.

use serde::{Deserialize, Serialize};

/// Why a chat has another responsible now, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentReason {
    /// It was the employee's turn (B3).
    Turn,
    /// The employee had the client before, and is eligible still (B5).
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
    /// The CRM did (B1).
    ByCrm,
    /// A rule did (F6).
    Rule,
    /// A person put the client back into the queue.
    BackByHand,
    /// A rule did.
    BackByRule,
    /// The responsible has not answered in time.
    Lapsed,
    /// The client came back, and their employee of before is asked for first (B5).
    CameBack,
    /// The responsible is not there any more: removed from the channel, or gone from the CRM.
    Removed,
    /// The CRM refuses the employee.
    RefusedByCrm,
    /// The client was shown to all, and the channel assigns its clients in turn now.
    GivenInTurn,
    /// The client was shown to all, and no employee there receives new clients any more.
    NobodyLeft,
}

/// How a responsible came to be that: what a person or the CRM decided, no rule changes.
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
    /// Which of both it is.
    pub fn assigned_by(self) -> AssignedBy {
        match self {
            Self::ByHand | Self::ByCrm | Self::BackByHand => AssignedBy::Person,
            _ => AssignedBy::System,
        }
    }
}
