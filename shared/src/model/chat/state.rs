//! The states that a chat goes through.

use crate::base::clock::Timestamp;
use crate::base::ids::EmployeeId;
use serde::{Deserialize, Serialize};

/// Which list a chat stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// One side writes, or did within the window.
    Live,
    /// Finished, or never opened.
    General,
    /// Open, and not live: comments under a post (C10), or a client who came back where that makes no live chat (F5).
    Case,
}

/// How far a chat's client is on the way to a responsible employee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentState {
    /// The client has not written yet (only echoes have come).
    Silent,
    /// Wrote, and waits for a responsible.
    Waiting,
    /// Is shown to all who receive new clients, until one answers or the CRM names a responsible (B3).
    Unclaimed,
    /// Has a responsible.
    Assigned,
}

/// Why a chat was finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// Neither side wrote during the window.
    Inactivity,
    /// An employee finished it.
    ByHand,
    /// A rule did (F6).
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

/// What an employee or a rule says of how far a conversation has come (F3). Finishing is another thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatStatus {
    /// Being talked about.
    Open,
    /// Waits for something: the client, a part, a date.
    Waiting,
    /// Done with.
    Closed,
}

/// How many answers rules have written in a chat of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replies {
    /// When the first of them was written.
    pub since: Timestamp,
    /// How many.
    pub count: u32,
}
