//! Outbound jobs: sends, edits and deletions on their way to a client, and their states (E1): `queued → sending → sent
//! | failed | unknown`.
//!
//! Every send, edit and deletion is a row in its chat's partition until the provider has accepted or refused it. The
//! step to `sending` is written **before** the provider is called. A worker that finds a job in that state knows that
//! the call may have been made, and repeats it only while the provider recognizes a repeat by our id.

pub mod call;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, ConnectionId, MessageId};
use crate::model::message::media::Media;
use crate::model::outbound::call::SendFailure;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A call to a provider has ended by then: its own time limit, and the work after it.
pub const ONE_CALL: Duration = Duration::from_secs(20);
/// How long an echo or a status may take to prove that a send of unknown outcome arrived.
pub const PROOF_WITHIN: Duration = Duration::from_secs(120);
/// A send that the provider postpones is given up after this long.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);
/// First and longest pause after a temporary refusal.
const PAUSE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));

/// Something to be done at a provider, in its chat's order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboundJob {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// The chat.
    pub chat: ChatId,
    /// The chat's number that it took: jobs are done in the order of their numbers.
    pub number: u64,
    /// The message, by our id.
    pub message_id: MessageId,
    /// What is to be done.
    pub action: Action,
    /// The signature below the text, for the client alone (B8), as it was when the message was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The job's state.
    pub state: JobState,
    /// Calls begun so far.
    #[serde(default)]
    pub attempts: u32,
    /// It is not retried before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// The last error, without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When the job was written.
    pub created_at: Timestamp,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The message is to be sent, as its row says.
    Send,
    /// Its text is to be replaced by this one.
    EditText(String),
    /// Its file is to be replaced by this one.
    EditFile(Media),
    /// It is to be deleted.
    Delete,
}

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Nothing was sent, as far as is known.
    Queued,
    /// A call began at this moment, the first of those whose outcome is not known.
    Sending(Timestamp),
    /// The outcome is unknown, and it is too late to repeat the call: the job has waited for proof since this moment.
    Unknown(Timestamp),
}

/// What to do with a job now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call the provider.
    Call,
    /// Do nothing before this moment. A job that waits for proof does not block the jobs behind it; a job that is to be
    /// retried does.
    Wait {
        /// When to check again.
        until: Timestamp,
        /// Whether the jobs behind it may proceed.
        others_pass: bool,
    },
    /// It is too late to repeat the call: wait for proof.
    AwaitProof,
    /// No proof came: a person has to check.
    ShowUnknown,
    /// It has been retried for as long as allowed.
    GiveUp,
}

/// What follows from a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// The job is kept, with these changes.
    Keep(Box<JobStep>),
    /// It failed for good.
    Fail {
        /// The provider's code, or ours.
        code: String,
        /// An explanation for people.
        description: Option<String>,
    },
}

/// The part of a job that a step changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStep {
    /// The job's state.
    pub state: JobState,
    /// When it is retried.
    pub retry_at: Option<Timestamp>,
    /// The last error.
    pub last_error: Option<String>,
}

impl OutboundJob {
    /// A job that has not begun.
    pub fn new(
        account: &AccountId,
        chat: &ChatId,
        number: u64,
        message_id: &MessageId,
        action: Action,
        now: Timestamp,
    ) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            chat: chat.clone(),
            number,
            message_id: message_id.clone(),
            action,
            signature: None,
            state: JobState::Queued,
            attempts: 0,
            retry_at: None,
            last_error: None,
            created_at: now,
        }
    }

    /// What to do now. `key_lasts` is how long the provider recognizes a repeat by our id; `None` where it cannot.
    /// Edits and deletions may be repeated at any time, because doing them twice has the same effect, but only for a
    /// day, as everything that is postponed.
    pub fn next_step(&self, key_lasts: Option<Duration>, now: Timestamp) -> Step {
        match self.state {
            JobState::Queued => match self.retry_at.filter(|at| *at > now) {
                Some(until) => Step::Wait { until, others_pass: false },
                None if now.since(self.created_at) >= GIVE_UP_AFTER => Step::GiveUp,
                None => Step::Call,
            },
            JobState::Sending(_) => match self.retry_at.filter(|at| *at > now) {
                Some(until) => Step::Wait { until, others_pass: false },
                None if self.may_call(key_lasts, now) => Step::Call,
                None if self.action == Action::Send => Step::AwaitProof,
                None => Step::GiveUp,
            },
            JobState::Unknown(since) if now < since + PROOF_WITHIN => {
                Step::Wait { until: since + PROOF_WITHIN, others_pass: true }
            }
            JobState::Unknown(_) => Step::ShowUnknown,
        }
    }

    /// Whether a call is safe now: whatever became of earlier calls, the client gets one message.
    pub fn may_call(&self, key_lasts: Option<Duration>, now: Timestamp) -> bool {
        match self.state {
            JobState::Queued => true,
            JobState::Sending(_) if self.action != Action::Send => now.since(self.created_at) < GIVE_UP_AFTER,
            JobState::Sending(since) => key_lasts.is_some_and(|lasts| now.since(since) <= lasts),
            JobState::Unknown(_) => false,
        }
    }

    /// The job while a call is made: a worker that finds it in this state leaves it alone until the call must have
    /// ended.
    #[must_use]
    pub fn begun(&self, now: Timestamp) -> Self {
        let since = match self.state {
            JobState::Sending(since) => since,
            JobState::Queued | JobState::Unknown(_) => now,
        };
        Self {
            state: JobState::Sending(since),
            attempts: self.attempts + 1,
            retry_at: Some(now + ONE_CALL),
            ..self.clone()
        }
    }

    /// The job while it waits for proof.
    #[must_use]
    pub fn in_doubt(&self, now: Timestamp) -> Self {
        Self { state: JobState::Unknown(now), retry_at: None, ..self.clone() }
    }

    /// What follows from a provider's failure, for a job that was begun for this call.
    pub fn after_failure(&self, failure: &SendFailure, now: Timestamp) -> AfterFailure {
        // The answer to this call says nothing about an earlier one with an unknown outcome.
        let opened_by_this_call =
            matches!(self.state, JobState::Sending(since) if self.retry_at == Some(since + ONE_CALL));
        self.follow(failure, !opened_by_this_call, now)
    }

    /// What follows from a failure before the call was made.
    pub fn without_call(&self, failure: &SendFailure, now: Timestamp) -> AfterFailure {
        self.follow(failure, self.state != JobState::Queued, now)
    }

    /// `in_doubt`: an earlier call may have been carried out, and that remains so whatever follows.
    fn follow(&self, failure: &SendFailure, in_doubt: bool, now: Timestamp) -> AfterFailure {
        let pause = PAUSE.0.saturating_mul(1 << self.attempts.saturating_sub(1).min(10)).min(PAUSE.1);
        let keep = |state, retry_at| {
            let last_error = Some(failure.to_string());
            AfterFailure::Keep(Box::new(JobStep { state, retry_at, last_error }))
        };
        let doubtful_send = in_doubt && self.action == Action::Send;
        let later = |pause: Duration| {
            // By then the proof may have come; the jobs behind it do not wait for the provider's whole pause.
            let pause = if doubtful_send { pause.min(PROOF_WITHIN) } else { pause };
            keep(if in_doubt { self.state } else { JobState::Queued }, Some(now + pause))
        };
        match failure {
            SendFailure::Never { .. } if doubtful_send => keep(JobState::Unknown(now), None),
            SendFailure::Never { code, description, .. } => {
                AfterFailure::Fail { code: code.clone(), description: description.clone() }
            }
            SendFailure::Later { after, .. } => later(after.unwrap_or(pause).max(PAUSE.0)),
            SendFailure::Unauthorized => later(PAUSE.1),
            // Retried soon, while the provider still recognizes a repeat.
            SendFailure::Unknown { .. } => keep(self.state, Some(now + pause.min(Duration::from_secs(10)))),
        }
    }

    /// The job after such a step.
    #[must_use]
    pub fn stepped(&self, step: &JobStep) -> Self {
        Self {
            state: step.state,
            retry_at: step.retry_at,
            last_error: step.last_error.clone(),
            ..self.clone()
        }
    }
}

/// The connection id under which the pointers of our own message ids are stored, next to those of real connections,
/// because a CRM names a message that it wants to change by its id alone.
pub fn own_ids() -> ConnectionId {
    ConnectionId::new("own")
}

/// A text as the client receives it.
pub fn signed(text: &str, signature: Option<&str>) -> String {
    match signature {
        Some(signature) => format!("{text}\n\n{signature}"),
        None => text.to_owned(),
    }
}

/// The record that a send was requested under the caller's idempotency key, kept for good (E4). A second send with the
/// same key is the same send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendKey {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Digest of the key: [`SendKey::digest`].
    pub key: String,
    /// Digest of the request: another request under the same key is a mistake of the caller.
    pub request: String,
    /// The chat.
    pub chat: ChatId,
    /// The message, by our id.
    pub message_id: MessageId,
    /// When the send was requested.
    pub created_at: Timestamp,
}

impl SendKey {
    /// The key as it is stored. `scope` separates the callers' kinds of keys.
    pub fn digest(scope: &str, key: &str) -> String {
        crate::base::ids::hex_digest(format!("{scope}\n{key}").as_bytes())
    }
}

#[cfg(test)]
mod tests;
