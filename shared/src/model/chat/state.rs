//! The states that a chat goes through.

use crate::base::clock::Timestamp;
use crate::base::ids::EmployeeId;
use serde::{Deserialize, Serialize};

/// Which list a chat belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// One side writes, or wrote within the window.
    Live,
    /// Finished, or never opened.
    General,
    /// Open, but not live: comments under a post (C10), or a returning client where that opens no live chat (F5).
    Case,
}

/// How far the assignment of a chat's client to a responsible has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ClientState))]
#[serde(rename_all = "snake_case")]
pub enum AssignmentState {
    /// The client has not written yet (only echoes have come).
    Silent,
    /// The client wrote, and waits for a responsible.
    Waiting,
    /// The client is shown to all who receive new clients, until one answers or the CRM names a responsible (B3).
    Unclaimed,
    /// The client has a responsible.
    Assigned,
}

/// Why a chat was finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// Neither side wrote during the window.
    Inactivity,
    /// An employee finished it.
    ByHand,
    /// A rule finished it (F6).
    Rule,
}

/// Whom a waiting client should get instead of the next employee in the ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueuePreference {
    /// This employee, if they may write to the client; else the client is assigned as any other.
    #[serde(rename = "to")]
    Employee(EmployeeId),
    /// Any employee, whichever had the client before.
    #[serde(rename = "anew")]
    Anyone,
}

/// The status of a conversation, set by an employee or a rule. It is independent of finishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChatStatus {
    /// In progress.
    Open,
    /// Waits for something: the client, a part, a date.
    Waiting,
    /// Closed.
    Closed,
}

/// How many answers rules have recently written in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replies {
    /// When the first of them was written.
    pub since: Timestamp,
    /// How many there are.
    pub count: u32,
}
