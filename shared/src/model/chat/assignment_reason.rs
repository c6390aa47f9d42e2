//! Why a chat's responsible changed, and by whom.

use serde::{Deserialize, Serialize};

/// Why a chat has another responsible now, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It was his turn (B3).
    Turn,
    /// He had the client before, and is eligible still (B5).
    Kept,
    /// Nobody was eligible, and he is whom the channel falls back on (B4).
    Fallback,
    /// Everybody sees the client who gets new ones, until somebody answers or the CRM names one (B3).
    ShownToAll,
    /// He answered first (B3).
    FirstAnswer,
    /// He addressed somebody who had not written (D4).
    Dialogue,
    /// A person gave him the client.
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
    /// The client came back, and who had him is asked for first (B5).
    CameBack,
    /// The responsible is not there any more: removed from the channel, or gone from the CRM.
    Removed,
    /// The CRM refuses him.
    RefusedByCrm,
    /// He was shown to everybody, and the channel gives its clients out in turn now.
    GivenInTurn,
    /// He was shown to everybody, and new clients come to nobody there any more.
    NobodyLeft,
}

/// How a responsible came to be that: what a person or the CRM decided, no rule changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// In turn, by a fallback, because he answered or had the client before, or by a rule.
    Automatically,
    /// By a person, or by the CRM.
    ByHand,
}

impl Why {
    /// Which of both it is.
    pub fn given(self) -> Given {
        match self {
            Self::ByHand | Self::ByCrm | Self::BackByHand => Given::ByHand,
            _ => Given::Automatically,
        }
    }
}
