//! The CRM's pipelines with their stages.

use crate::base::ids::AccountId;
use serde::{Deserialize, Serialize};

/// A stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The CRM's id, at most 100 characters.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// The CRM's id, at most 100 characters.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its stages, in order.
    #[serde(default)]
    pub stages: Vec<Stage>,
}

/// All pipelines of an account: loaded as a whole, read as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipelines {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The pipelines.
    pub pipelines: Vec<Pipeline>,
}
