//! What becomes of a record: decided in one place, mapped once to batch failure, visibility, metric and log.

use crate::model::event::EnvelopeError;
use std::time::Duration;

/// Why a record was dropped on purpose. Each is counted under its name; no other silent end exists (P2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// A status for a message that did not come within an hour.
    StatusWithoutMessage,
    /// The same, where messages are dropped on purpose, so that it may be one of theirs.
    StatusOfDropped,
    /// The client is on the blacklist (C5).
    Blacklisted,
    /// The channel is ignored (B6).
    IgnoredChannel,
    /// Written outside, and the channel does not import that (C6).
    EchoNotImported,
    /// Of a client who was erased (P12).
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

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Handled, or it was handled before.
    Done,
    /// Dropped on purpose, counted.
    Drop(DropReason),
    /// To be delivered again, not before `after`.
    Retry {
        /// How long to wait.
        after: Duration,
        /// Why, without personal data.
        why: String,
    },
    /// Can never succeed: the raw record goes to the quarantine, and the queue goes on.
    Quarantine {
        /// Why, without personal data.
        why: String,
    },
}

/// A record of a newer version waits this long for a deployment that can read it.
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

/// Back-off of a queue's record by its receive count: 1 s, doubling, up to 15 minutes.
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
