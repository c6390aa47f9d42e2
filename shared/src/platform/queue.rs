//! Sending to SQS: events and nudges, in batches, in order per message group.

use crate::base::clock::{Ambient, Timestamp};
use crate::model::event::Envelope;
use crate::platform::nudge::{
    AssignmentNudge, ChannelNudge, CrmNudge, DeliveryNudge, RequeueNudge, TemplateNudge, WaitingNudge,
};
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, SendMessageBatchRequestEntry};
use futures::future::join_all;
use serde::Serialize;
use std::time::Duration;

/// The most messages that SQS accepts in one call.
const MAX_BATCH: usize = 10;
/// The most bytes that SQS accepts in one call and in one message (1 MiB), less some room for attributes and escapes.
pub const MAX_BYTES: usize = 1_040_000;
/// The groups of one call are spread over this many concurrent sequences of calls.
const LANES: usize = 16;
/// The longest visibility timeout of SQS: 12 hours.
const MAX_VISIBILITY: Duration = Duration::from_secs(12 * 3600);

/// A message to send to a queue.
#[derive(Clone, Debug)]
pub struct Outgoing {
    body: String,
    fifo: Option<(String, String)>,
    delay: Duration,
}

impl Outgoing {
    /// An event for `inbound.fifo`; `digest` is the deduplication id.
    ///
    /// # Errors
    /// If the event cannot be serialised as JSON, which never happens for our events.
    pub fn inbound(envelope: &Envelope, digest: impl Into<String>) -> Result<Self, QueueError> {
        Self::new(envelope, Some((envelope.group().to_owned(), digest.into())))
    }

    /// A message for a standard queue.
    ///
    /// # Errors
    /// As [`Self::inbound`].
    pub fn standard(message: &impl Serialize) -> Result<Self, QueueError> {
        Self::new(message, None)
    }

    /// A nudge for `assignment.fifo`. Its deduplication id is fresh: SQS would drop a second nudge with an id made of
    /// the channel for five minutes.
    ///
    /// # Errors
    /// As [`Self::inbound`].
    pub fn assignment(nudge: &AssignmentNudge, ambient: &dyn Ambient) -> Result<Self, QueueError> {
        Self::new(nudge, Some((nudge.group(), ambient.uuid().to_string())))
    }

    /// A nudge for a requeue, for `assignment.fifo`, with a fresh deduplication id.
    ///
    /// # Errors
    /// As [`Self::inbound`].
    pub fn requeue(nudge: &RequeueNudge, ambient: &dyn Ambient) -> Result<Self, QueueError> {
        Self::new(nudge, Some((nudge.group(), ambient.uuid().to_string())))
    }

    /// A nudge for `outbound.fifo`, with a fresh deduplication id.
    ///
    /// # Errors
    /// As [`Self::inbound`].
    pub fn delivery(nudge: &DeliveryNudge, ambient: &dyn Ambient) -> Result<Self, QueueError> {
        Self::new(nudge, Some((nudge.chat.to_string(), ambient.uuid().to_string())))
    }

    /// A nudge for `crm.fifo`, with a fresh deduplication id.
    ///
    /// # Errors
    /// As [`Self::inbound`].
    pub fn crm(nudge: &CrmNudge, workers: u32, ambient: &dyn Ambient) -> Result<Self, QueueError> {
        Self::new(nudge, Some((nudge.group(workers), ambient.uuid().to_string())))
    }

    /// A nudge for a channel's state, for `crm.fifo`, with a fresh deduplication id.
    ///
    /// # Errors
    /// As [`Self::inbound`].
    pub fn channel_state(nudge: &ChannelNudge, ambient: &dyn Ambient) -> Result<Self, QueueError> {
        Self::new(nudge, Some((nudge.group(), ambient.uuid().to_string())))
    }

    /// A nudge about the waiting clients of a channel, for `crm.fifo`, with a fresh deduplication id.
    ///
    /// # Errors
    /// As [`Self::inbound`].
    pub fn waiting(nudge: &WaitingNudge, ambient: &dyn Ambient) -> Result<Self, QueueError> {
        Self::new(nudge, Some((nudge.group(), ambient.uuid().to_string())))
    }

    /// The same nudge when a timer brings it back: several in one minute are deduplicated.
    ///
    /// # Errors
    /// As [`Self::inbound`].
    pub fn waiting_again(nudge: &WaitingNudge, now: Timestamp) -> Result<Self, QueueError> {
        let minute = now.seconds().div_euclid(60);
        let digest = format!("waiting:{}:{}:{minute}", nudge.account, nudge.channel);
        Self::new(nudge, Some((nudge.group(), digest)))
    }

    /// A nudge about a template's state, for `crm.fifo`, with a fresh deduplication id.
    ///
    /// # Errors
    /// As [`Self::inbound`].
    pub fn template_state(nudge: &TemplateNudge, ambient: &dyn Ambient) -> Result<Self, QueueError> {
        Self::new(nudge, Some((nudge.group(), ambient.uuid().to_string())))
    }

    /// Delays the delivery (standard queues only, at most 15 minutes).
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay.min(Duration::from_secs(900));
        self
    }

    fn new(message: &impl Serialize, fifo: Option<(String, String)>) -> Result<Self, QueueError> {
        let json = serde_json::to_string(message).map_err(|_| QueueError::Unwritable)?;
        // SQS refuses these two characters; inside JSON they can only occur in strings, where an escape means the same.
        let body = json.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff");
        Ok(Self { body, fifo, delay: Duration::ZERO })
    }

    /// Whether SQS accepts a message of this size.
    pub fn fits(&self) -> bool {
        self.body.len() <= MAX_BYTES
    }

    fn lane(&self) -> usize {
        let group = self.fifo.as_ref().map_or("", |(group, _)| group.as_str());
        group.bytes().fold(0usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte))) % LANES
    }

    fn entry(&self, index: usize) -> Result<SendMessageBatchRequestEntry, QueueError> {
        let mut entry =
            SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(&self.body);
        if let Some((group, digest)) = &self.fifo {
            entry = entry.message_group_id(group).message_deduplication_id(digest);
        }
        if !self.delay.is_zero() {
            entry = entry.delay_seconds(i32::try_from(self.delay.as_secs()).unwrap_or(900));
        }
        entry.build().map_err(|_| QueueError::Unwritable)
    }
}

/// The reason why not all messages are in the queue. Some may be: sending all again is right.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// SQS did not accept them, also after the client's own retries.
    #[error("SQS did not take the messages: {0}")]
    NotTaken(String),
    /// The message cannot be serialised.
    #[error("the message cannot be written")]
    Unwritable,
}

/// SQS.
#[derive(Clone, Debug)]
pub struct Queues {
    sqs: aws_sdk_sqs::Client,
}

impl Queues {
    /// Queues that are reached by an SQS client.
    pub fn new(sqs: aws_sdk_sqs::Client) -> Self {
        Self { sqs }
    }

    /// Sends all messages: in order within a message group, groups concurrently, ten per call.
    ///
    /// # Errors
    /// [`QueueError`] if any message was not accepted.
    pub async fn send(&self, queue_url: &str, messages: Vec<Outgoing>) -> Result<(), QueueError> {
        let mut lanes: Vec<Vec<Outgoing>> = vec![Vec::new(); LANES];
        let spread = messages.len() > MAX_BATCH;
        for (index, message) in messages.into_iter().enumerate() {
            let lane = match (&message.fifo, spread) {
                (_, false) => 0,
                (Some(_), true) => message.lane(),
                (None, true) => (index / MAX_BATCH) % LANES,
            };
            lanes[lane].push(message);
        }
        let sent = join_all(
            lanes.iter().filter(|lane| !lane.is_empty()).map(|lane| self.send_in_order(queue_url, lane)),
        );
        sent.await.into_iter().collect()
    }

    async fn send_in_order(&self, queue_url: &str, messages: &[Outgoing]) -> Result<(), QueueError> {
        for batch in batches(messages) {
            let failed = self.send_batch(queue_url, batch).await.map_err(|not| not.why)?;
            if let Some((_, why)) = failed.into_iter().next() {
                return Err(why);
            }
        }
        Ok(())
    }

    /// Sends independent messages; returns the positions of those that were not accepted, and the errors. A message
    /// that SQS refuses does not stop the others. For messages that are posted again anyway: events need
    /// [`Self::send`].
    pub async fn send_each(&self, queue_url: &str, messages: &[Outgoing]) -> Vec<(usize, QueueError)> {
        let mut lanes: Vec<Vec<(usize, &[Outgoing])>> = vec![Vec::new(); LANES];
        let mut start = 0;
        for (place, batch) in batches(messages).into_iter().enumerate() {
            lanes[place % LANES].push((start, batch));
            start += batch.len();
        }
        let sent = lanes.into_iter().map(|lane| self.send_lane(queue_url, lane));
        join_all(sent).await.into_iter().flatten().collect()
    }

    async fn send_lane(&self, queue_url: &str, lane: Vec<(usize, &[Outgoing])>) -> Vec<(usize, QueueError)> {
        let mut untaken = Vec::new();
        let mut lane = lane.into_iter();
        while let Some((start, batch)) = lane.next() {
            let not = match self.send_batch(queue_url, batch).await {
                Ok(failed) => {
                    untaken.extend(failed.into_iter().map(|(place, why)| (start + place, why)));
                    continue;
                }
                Err(not) => not,
            };
            if not.refused && batch.len() > 1 {
                let alone = (start..).zip(batch.chunks(1)).collect();
                untaken.extend(Box::pin(self.send_lane(queue_url, alone)).await);
                continue;
            }
            let text = not.why.to_string();
            untaken.extend(
                (start..start + batch.len()).map(|place| (place, QueueError::NotTaken(text.clone()))),
            );
            if !not.refused {
                // The queue is unavailable for now: the remaining batches are not tried.
                let rest = lane.flat_map(|(start, batch)| start..start + batch.len());
                untaken.extend(rest.map(|place| (place, QueueError::NotTaken(text.clone()))));
                break;
            }
        }
        untaken
    }

    /// Sends one call of at most ten messages; returns those that were not accepted.
    async fn send_batch(
        &self,
        queue_url: &str,
        batch: &[Outgoing],
    ) -> Result<Vec<(usize, QueueError)>, NotSent> {
        let entries = batch.iter().enumerate().map(|(index, message)| message.entry(index));
        let entries = entries.collect::<Result<Vec<_>, _>>();
        let entries = entries.map_err(|why| NotSent { why, refused: true })?;
        let call = self.sqs.send_message_batch().queue_url(queue_url).set_entries(Some(entries));
        let answer = call.send().await.map_err(|error| NotSent {
            refused: is_refusal(&error),
            why: QueueError::NotTaken(code(&error)),
        })?;
        let failed = answer.failed.into_iter();
        Ok(failed.filter_map(|one| Some((one.id.parse().ok()?, QueueError::NotTaken(one.code)))).collect())
    }

    /// Sets when returned messages are delivered again; one call per ten. A failure changes only the time.
    pub async fn come_again(&self, queue_url: &str, receipts: &[(String, Duration)]) {
        for batch in receipts.chunks(MAX_BATCH) {
            let entries = batch.iter().enumerate().filter_map(|(index, (receipt, after))| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(i32::try_from((*after).min(MAX_VISIBILITY).as_secs()).unwrap_or(0))
                    .build()
                    .ok()
            });
            let call = self
                .sqs
                .change_message_visibility_batch()
                .queue_url(queue_url)
                .set_entries(Some(entries.collect()));
            if let Err(error) = call.send().await {
                tracing::warn!(
                    error = code(&error),
                    "the visibility time-out was not set; the queue's own applies"
                );
            }
        }
    }
}

/// A call of which no message was accepted.
struct NotSent {
    why: QueueError,
    /// Whether SQS refuses the content; otherwise SQS is unavailable for now.
    refused: bool,
}

/// Whether an error is caused by the content, so that a retry gives the same.
fn is_refusal<E>(error: &SdkError<E, aws_sdk_sqs::config::http::HttpResponse>) -> bool
where
    E: aws_sdk_sqs::error::ProvideErrorMetadata,
{
    let SdkError::ServiceError(service) = error else { return false };
    let of_it = service.raw().status().is_client_error();
    of_it && !service.err().code().is_some_and(|code| code.contains("Throttl"))
}

/// An AWS error's code, because its text may hold what we sent.
pub(crate) fn code<E, R>(error: &SdkError<E, R>) -> String
where
    E: aws_sdk_sqs::error::ProvideErrorMetadata,
{
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("service error").to_owned(),
        SdkError::TimeoutError(_) => "time-out".to_owned(),
        SdkError::DispatchFailure(_) => "no connection".to_owned(),
        _ => "no understandable answer".to_owned(),
    }
}

/// Splits messages into calls of at most ten messages and 1 MiB.
fn batches(messages: &[Outgoing]) -> Vec<&[Outgoing]> {
    let mut cuts = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, message) in messages.iter().enumerate() {
        let size = message.body.len();
        if index > start && (index - start == MAX_BATCH || bytes + size > MAX_BYTES) {
            cuts.push(&messages[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    if start < messages.len() {
        cuts.push(&messages[start..]);
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_size(bytes: usize) -> Outgoing {
        Outgoing { body: "x".repeat(bytes), fifo: None, delay: Duration::ZERO }
    }

    #[test]
    fn calls_hold_ten_messages_and_one_mebibyte() {
        let small = vec![of_size(10); 25];
        assert_eq!(batches(&small).iter().map(|batch| batch.len()).collect::<Vec<_>>(), [10, 10, 5]);
        let large = vec![of_size(400_000); 5];
        assert_eq!(batches(&large).iter().map(|batch| batch.len()).collect::<Vec<_>>(), [2, 2, 1]);
        assert!(batches(&[]).is_empty());
    }

    #[test]
    fn refused_characters_are_escaped() {
        let outgoing = Outgoing::standard(&"a\u{FFFE}\u{FFFF}b").unwrap();
        assert_eq!(outgoing.body, "\"a\\ufffe\\uffffb\"");
        assert_eq!(serde_json::from_str::<String>(&outgoing.body).unwrap(), "a\u{FFFE}\u{FFFF}b");
    }
}
