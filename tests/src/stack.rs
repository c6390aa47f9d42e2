//! The description of a deployed stack: `stack.json`, which `tests/local_stack.py` writes.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A deployed stack.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stack {
    /// The emulator's address.
    pub endpoint: String,
    /// Region.
    pub region: String,
    /// The access key id of the emulator's administrator.
    pub access_key_id: String,
    /// The administrator's secret key.
    pub secret_access_key: String,
    /// The API's base URL.
    pub api_url: String,
    /// The operator's key.
    pub operator_key: String,
    /// The table's name.
    pub table: String,
    /// The quarantine bucket.
    pub bucket: String,
    /// The stack's name.
    pub stack_name: String,
    /// Queue URLs by name.
    pub queues: BTreeMap<String, String>,
    /// Dead-letter queue URLs by name.
    pub dead_letter_queues: BTreeMap<String, String>,
    /// Log groups by function.
    pub log_groups: BTreeMap<String, String>,
    /// The port that the sandbox must listen on.
    pub sandbox_port: u16,
    /// A free port that the functions may call: the webhook listener of a client under test.
    pub listener_port: u16,
}

/// Why a stack's description cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The file cannot be read.
    #[error("{path} cannot be read ({error}): start a stack with `make run` or `make test`")]
    Missing {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: std::io::Error,
    },
    /// The file is malformed.
    #[error("{path} is no description of a stack: {error}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: serde_json::Error,
    },
}

impl Stack {
    /// Reads the description of a stack.
    ///
    /// # Errors
    /// [`StackError`] names the file and what to do.
    pub fn read(path: &Path) -> Result<Self, StackError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| StackError::Missing { path: path.into(), error })?;
        serde_json::from_str(&text).map_err(|error| StackError::Malformed { path: path.into(), error })
    }
}
