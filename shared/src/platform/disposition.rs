//! The disposition of a record: decided in one place, mapped once to batch failure, visibility, metric and log.

use crate::model::event::EnvelopeError;
use std::time::Duration;

/// The reason why a record was dropped on purpose. Each drop is counted under its name; a record has no other silent
/// end (P2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// The message of a status did not come within an hour.
    StatusWithoutMessage,
    /// The same, where messages are dropped on purpose, so that the status may belong to one of them.
    StatusOfDropped,
    /// The client is on the blacklist (C5).
    Blacklisted,
    /// The channel is ignored (B6).
    IgnoredChannel,
    /// Written outside, on a channel that does not import such messages (C6).
    EchoNotImported,
    /// The client was erased (P12).
    Erased,
    /// A rule ignores such messages (F6).
    Rule,
}

impl DropReason {
    /// The name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::StatusWithoutMessage => "status_without_message",
            Self::StatusOfDropped => "status_of_dropped",
            Self::Blacklisted => "blacklisted",
            Self::IgnoredChannel => "ignored_channel",
            Self::EchoNotImported => "echo_not_imported",
            Self::Erased => "erased",
            Self::Rule => "rule",
        }
    }
}

/// The disposition of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Handled now or before.
    Done,
    /// Dropped on purpose, counted.
    Drop(DropReason),
    /// Deliver again, not before `after`.
    Retry {
        /// How long to wait.
        after: Duration,
        /// The reason, without personal data.
        why: String,
    },
    /// It can never succeed: the raw record goes to the quarantine, and the queue continues.
    Quarantine {
        /// The reason, without personal data.
        why: String,
    },
}

/// How long a record of a newer version waits for a deployment that can read it.
const UNTIL_DEPLOYED: Duration = Duration::from_secs(900);

impl From<EnvelopeError> for Disposition {
    fn from(error: EnvelopeError) -> Self {
        let why = error.to_string();
        match error {
            EnvelopeError::Newer(_) => Self::Retry { after: UNTIL_DEPLOYED, why },
            EnvelopeError::Malformed(_) => Self::Quarantine { why },
        }
    }
}

/// The back-off of a queue's record by its receive count: 1 s, doubling, up to 15 minutes.
pub fn backoff(receive_count: u32) -> Duration {
    Duration::from_secs(1u64 << receive_count.saturating_sub(1).min(10)).min(Duration::from_secs(900))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_and_ends() {
        assert_eq!(backoff(1).as_secs(), 1);
        assert_eq!(backoff(4).as_secs(), 8);
        assert_eq!(backoff(500).as_secs(), 900);
    }
}
