//! What is on its way to a client, and how far it has come (E1): `queued → sending → sent | failed | unknown`.
//!
//! Every send, edit and deletion is a row in its chat's partition until the provider has taken or refused it. The step to
//! `sending` is written **before** the provider is called; whoever finds it there knows that the call may have been made,
//! and repeats it only while the provider tells a repeat by our id.

pub mod call;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, ConnectionId, MessageId};
use crate::model::outbound::call::SendFailure;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A call to a provider is over by then: its own time limit, and what follows it.
pub const ONE_CALL: Duration = Duration::from_secs(20);
/// How long an echo or a status may take to prove that a send of unknown outcome arrived.
pub const PROOF_WITHIN: Duration = Duration::from_secs(120);
/// A send that the provider puts off is given up after this long.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);
/// First and longest pause after a refusal that may pass.
const PAUSE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));

/// Something to be done at a provider, in its chat's order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboundJob {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// In which chat.
    pub chat: ChatId,
    /// The chat's number that it took: jobs are done in this order.
    pub number: u64,
    /// Of which message, by our id.
    pub message_id: MessageId,
    /// What is to be done.
    pub action: Action,
    /// Stands below the text, for the client alone (B8): as it was when the message was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// How far it has come.
    pub state: JobState,
    /// Calls begun so far.
    #[serde(default)]
    pub attempts: u32,
    /// Not before this moment is it tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// What stood against it the last time, without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The message is to be sent, as its row says.
    Send,
    /// Its text is to become this.
    EditText(String),
    /// It is to be deleted.
    Delete,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Nothing was sent, as far as is known.
    Queued,
    /// A call was begun at this moment, the first of those whose outcome is not known.
    Sending(Timestamp),
    /// Nobody knows, and it is too late to repeat: proof is waited for since this moment.
    Unknown(Timestamp),
}

/// What to do with a job now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call the provider.
    Call,
    /// Nothing before this moment. A job that waits for proof holds up none behind it; one that is to be tried again does.
    Wait {
        /// When to look again.
        until: Timestamp,
        /// Whether the jobs behind it may go on.
        others_pass: bool,
    },
    /// It is too late to repeat the call: wait for proof.
    AwaitProof,
    /// No proof came: a person has to look.
    ShowUnknown,
    /// It was tried for as long as it is worth.
    GiveUp,
}

/// What follows from a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// The job as it waits on.
    Keep(Box<JobStep>),
    /// It failed for good.
    Fail {
        /// The provider's code, or ours.
        code: String,
        /// For people.
        description: Option<String>,
    },
}

/// The part of a job that a step changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobStep {
    /// How far it has come.
    pub state: JobState,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
    /// What stood against it.
    pub last_error: Option<String>,
}

impl OutboundJob {
    /// A job that nobody has begun.
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

    /// What to do now. `key_lasts` is how long the provider tells a repeat by our id; none where it cannot. Edits and
    /// deletions may be repeated at any time: twice done is done; for a day, as everything that is put off.
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

    /// Whether a call is no danger as of now: whatever became of those before it, the client gets one message.
    pub fn may_call(&self, key_lasts: Option<Duration>, now: Timestamp) -> bool {
        match self.state {
            JobState::Queued => true,
            JobState::Sending(_) if self.action != Action::Send => now.since(self.created_at) < GIVE_UP_AFTER,
            JobState::Sending(since) => key_lasts.is_some_and(|lasts| now.since(since) <= lasts),
            JobState::Unknown(_) => false,
        }
    }

    /// The job as it is while a call is made: somebody who finds it so leaves it alone until the call must be over.
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

    /// The job as it waits for proof.
    #[must_use]
    pub fn in_doubt(&self, now: Timestamp) -> Self {
        Self { state: JobState::Unknown(now), retry_at: None, ..self.clone() }
    }

    /// What follows from a provider's failure to take it, of a job that was begun for this call.
    pub fn after_failure(&self, failure: &SendFailure, now: Timestamp) -> AfterFailure {
        // What this call answers says nothing of an earlier one, whose outcome nobody knows.
        let opened_by_this_call =
            matches!(self.state, JobState::Sending(since) if self.retry_at == Some(since + ONE_CALL));
        self.follow(failure, !opened_by_this_call, now)
    }

    /// What follows from something that stood against a call before it was made.
    pub fn without_call(&self, failure: &SendFailure, now: Timestamp) -> AfterFailure {
        self.follow(failure, self.state != JobState::Queued, now)
    }

    /// `in_doubt`: an earlier call may have been carried out, and stays so whatever follows.
    fn follow(&self, failure: &SendFailure, in_doubt: bool, now: Timestamp) -> AfterFailure {
        let pause = PAUSE.0.saturating_mul(1 << self.attempts.saturating_sub(1).min(10)).min(PAUSE.1);
        let keep = |state, retry_at| {
            let last_error = Some(failure.to_string());
            AfterFailure::Keep(Box::new(JobStep { state, retry_at, last_error }))
        };
        let doubtful_send = in_doubt && self.action == Action::Send;
        let later = |pause: Duration| {
            // Until then its proof may be here; what is behind it does not wait for the provider's whole pause.
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
            // Soon, while the provider still tells a repeat.
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

/// Under which the pointers of our own ids stand, beside those of the connections: a CRM names a message that it wants
/// changed by its id alone.
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

/// That a send was asked for under a key of the caller's: for good (E4). A second one with the same key is the same send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendKey {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Digest of the key: [`SendKey::digest`].
    pub key: String,
    /// Digest of what was asked for: another request under the same key is a mistake of the caller's.
    pub request: String,
    /// The chat.
    pub chat: ChatId,
    /// The message, by our id.
    pub message_id: MessageId,
    /// When.
    pub created_at: Timestamp,
}

impl SendKey {
    /// The key as it stands in the table. `scope` keeps the callers' kinds of keys apart.
    pub fn digest(scope: &str, key: &str) -> String {
        crate::base::ids::hex_digest(format!("{scope}\n{key}").as_bytes())
    }
}

#[cfg(test)]
mod tests;
