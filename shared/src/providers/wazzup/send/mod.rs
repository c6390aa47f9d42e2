//! Sending by Wazzup: messages, edits, deletions (Wazzup API v3, Sending messages).
//!
//! Sends are not idempotent by themselves: Wazzup remembers a message's key (`crmMessageId`) for a minute and refuses
//! its repetition. The author's id (`crmUserId`) is never sent, because it is our employee's and unknown in Wazzup's
//! account.

mod answer;
mod body;

use crate::base::clock::Timestamp;
use crate::base::ids::MessageId;
use crate::model::outbound::call::{Edit, OutgoingMessage, OutgoingContent, SendFailure, Sent, FailureReason};
use crate::platform::http::DEFAULT_TIMEOUT;
use crate::providers::provider::{Rate, RateScope};
use crate::providers::wazzup::send::answer::Asked;
use secrecy::SecretString;
use std::time::Duration;
use super::api::{WazzupApi, Call, Method};

/// How long after its first attempt a message may be sent again under the same key. Wazzup refuses a repetition for 60
/// s; the difference allows for a call in transit and for clocks that differ.
pub const SEND_KEY_LASTS: Duration = Duration::from_secs(50);

/// Wazzup's limit on calls: above it the answer is 429.
pub const RATE: Rate = Rate { scope: RateScope::Connection, calls: 500, per: Duration::from_secs(5) };

/// The time limit of a call with a file: Wazzup downloads the file before it answers.
const FILE_TIMEOUT: Duration = Duration::from_secs(20);

impl WazzupApi<'_> {
    /// Sends a message: `POST /v3/message`. If Wazzup says that it already has a message with this key, the message
    /// counts as sent.
    ///
    /// # Errors
    /// Sorted by what has to follow: see [`SendFailure`]. [`SendFailure::Later`] is a rate limit, no connection, a file
    /// that Wazzup could not download, and a fault that a person can repair in the account: a channel that is not
    /// found, switched off or without its phone. [`SendFailure::Unknown`] is every answer that leaves open whether it
    /// was sent: none in time, 5xx, a success without the message's id.
    pub async fn send(
        &self,
        key: &SecretString,
        message: &OutgoingMessage<'_>,
        now: Timestamp,
    ) -> Result<Sent, SendFailure> {
        let (link, timeout) = match message.content {
            OutgoingContent::File { url, .. } => (Some(url), FILE_TIMEOUT),
            _ => (None, DEFAULT_TIMEOUT),
        };
        let body = Some(body::of(message));
        let call = Call { method: Method::POST, route: &["message"], query: &[], body, timeout };
        let answer = answer::asked(self.ask(call, key, now).await, link)?;
        match answer {
            Asked::Done(bytes) => answer::sent(&bytes),
            Asked::Repeated => Ok(Sent::default()),
        }
    }

    /// Replaces the text or the file of a sent message: `PATCH /v3/message/{id}`.
    ///
    /// # Errors
    /// As [`Self::send`]; a message that is gone, too old or of a messenger without edits is [`SendFailure::Never`].
    pub async fn edit(
        &self,
        key: &SecretString,
        id: &MessageId,
        edit: Edit<'_>,
        now: Timestamp,
    ) -> Result<(), SendFailure> {
        let (link, timeout) = match edit {
            Edit::File(url) => (Some(url), FILE_TIMEOUT),
            Edit::Text(_) => (None, DEFAULT_TIMEOUT),
        };
        let body = Some(body::of_edit(edit));
        let route = message_route(id)?;
        let call = Call { method: Method::PATCH, route: &route, query: &[], body, timeout };
        answer::asked(self.ask(call, key, now).await, link).map(|_| ())
    }

    /// Deletes a sent message: `DELETE /v3/message/{id}`.
    ///
    /// # Errors
    /// As [`Self::edit`].
    pub async fn delete(
        &self,
        key: &SecretString,
        id: &MessageId,
        now: Timestamp,
    ) -> Result<(), SendFailure> {
        let route = message_route(id)?;
        let call =
            Call { method: Method::DELETE, route: &route, query: &[], body: None, timeout: DEFAULT_TIMEOUT };
        answer::asked(self.ask(call, key, now).await, None).map(|_| ())
    }
}

/// The route of one message. An id that would lead to another route belongs to no message.
fn message_route(id: &MessageId) -> Result<[&str; 2], SendFailure> {
    match id.as_str() {
        "" | "." | ".." => Err(SendFailure::never(FailureReason::MessageGone, "MESSAGES_NOT_FOUND")),
        id => Ok(["message", id]),
    }
}

#[cfg(test)]
mod tests;
