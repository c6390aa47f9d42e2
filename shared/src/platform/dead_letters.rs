//! The dead-letter queues: an erasure searches them, deletes the erased client's messages and leaves all others.

use crate::platform::queue::code;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, QueueAttributeName,
};

/// The most messages that SQS accepts in one call.
const MAX_BATCH: usize = 10;
/// How many seconds a received message stays hidden: longer than a pass over a queue takes.
const HIDDEN_S: i32 = 120;
/// How long a receive waits. Without a wait it asks only some of SQS's servers, and may find a queue empty that is not.
const WAIT_S: i32 = 1;

/// The queues.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    sqs: aws_sdk_sqs::Client,
    urls: Vec<String>,
}

/// A message in a dead-letter queue.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The queue's id of the message.
    pub id: String,
    /// The receipt by which it is deleted.
    pub receipt: String,
    /// The message's body.
    pub body: String,
}

/// SQS failed; worth a retry.
#[derive(Debug, thiserror::Error)]
#[error("the dead-letter queue did not answer as hoped: {0}")]
pub struct DeadLetterError(String);

impl DeadLetters {
    /// The queues of these URLs.
    pub fn new(sqs: aws_sdk_sqs::Client, urls: Vec<String>) -> Self {
        Self { sqs, urls }
    }

    /// The queues of a comma-separated list of URLs.
    pub fn parse(sqs: aws_sdk_sqs::Client, urls: &str) -> Self {
        Self::new(
            sqs,
            urls.split(',').map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned).collect(),
        )
    }

    /// The URL of one of the queues, by its position.
    pub fn url(&self, place: usize) -> Option<&str> {
        self.urls.get(place).map(String::as_str)
    }

    /// Receives up to ten messages and hides them from other consumers for two minutes. Of a FIFO group nothing behind
    /// a hidden message is received.
    ///
    /// # Errors
    /// [`DeadLetterError`], here and in all calls below.
    pub async fn receive(&self, url: &str) -> Result<Vec<Letter>, DeadLetterError> {
        let call = self.sqs.receive_message().queue_url(url).max_number_of_messages(10);
        let answer = call.visibility_timeout(HIDDEN_S).wait_time_seconds(WAIT_S).send().await;
        let messages = answer.map_err(|error| DeadLetterError(code(&error)))?.messages.unwrap_or_default();
        let letters = messages.into_iter().filter_map(|message| {
            Some(Letter { id: message.message_id?, receipt: message.receipt_handle?, body: message.body? })
        });
        Ok(letters.collect())
    }

    /// Deletes messages by their receipts.
    pub async fn delete(&self, url: &str, receipts: &[String]) -> Result<(), DeadLetterError> {
        for batch in receipts.chunks(MAX_BATCH) {
            let entries = batch.iter().enumerate().filter_map(|(index, receipt)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(index.to_string());
                entry.receipt_handle(receipt).build().ok()
            });
            let call = self.sqs.delete_message_batch().queue_url(url);
            let answer = call.set_entries(Some(entries.collect())).send().await;
            let answer = answer.map_err(|error| DeadLetterError(code(&error)))?;
            if let Some(failed) = answer.failed.first() {
                return Err(DeadLetterError(failed.code.clone()));
            }
        }
        Ok(())
    }

    /// About how many messages of a queue are hidden now: the consumer that received them may have died.
    pub async fn hidden(&self, url: &str) -> Result<usize, DeadLetterError> {
        let name = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let call = self.sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone());
        let answer = call.send().await.map_err(|error| DeadLetterError(code(&error)))?;
        let count = answer.attributes.and_then(|attributes| attributes.get(&name)?.parse().ok());
        Ok(count.unwrap_or(0))
    }

    /// Makes messages visible again at once. If that fails they become visible by themselves.
    pub async fn give_back(&self, url: &str, receipts: &[String]) {
        for batch in receipts.chunks(MAX_BATCH) {
            let entries = batch.iter().enumerate().filter_map(|(index, receipt)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string());
                entry.receipt_handle(receipt).visibility_timeout(0).build().ok()
            });
            let call = self.sqs.change_message_visibility_batch().queue_url(url);
            if let Err(error) = call.set_entries(Some(entries.collect())).send().await {
                tracing::warn!(error = code(&error), "what was looked through stays hidden for two minutes");
            }
        }
    }
}
