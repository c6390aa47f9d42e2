//! Records the outcome of a job in one transaction: message, chat, pointer, notice, and the deletion of the job.

use crate::early_echo::IdOwner;
use crate::failure_notice::Failure;
use crate::transaction::{OutcomeTransaction, changed};
use crate::{ChatWork, Delivery, DeliveryError, StepResult};
use shared::model::chat::Chat;
use shared::model::contact::number_check::{LearnedFrom, number_news};
use shared::model::message::Message;
use shared::model::message::kind::DeliveryStatus;
use shared::model::outbound::OutboundJob;
use shared::model::outbound::call::Sent;
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::providers;
use shared::store::{ChatTransaction, StoreError};
use std::time::Duration;

/// The most attempts to record what a provider has done. The provider must not be asked again, so a busy table is
/// retried longer than elsewhere, for some three seconds.
const HARD_TRIES: u32 = 6;

/// The outcome of a job.
#[derive(Clone, Debug)]
pub(crate) enum SendOutcome {
    /// The provider accepted the message.
    Sent(Sent),
    /// The provider carried the edit or the deletion out.
    Changed,
    /// An echo or a status showed meanwhile that the message left.
    Proved,
    /// The provider will never accept it.
    Failed {
        /// The provider's code, or ours.
        code: String,
        /// A description for people.
        description: Option<String>,
    },
    /// The outcome is unknown.
    Unknown,
}

impl Delivery {
    /// Records the outcome of a job, deciding again after a conflict.
    pub(crate) async fn record(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
        message: Message,
        outcome: SendOutcome,
    ) -> Result<StepResult, DeliveryError> {
        let mut present = Some((work.chat.clone(), work.jobs.clone(), message));
        let mut again = false;
        for attempt in 0..HARD_TRIES {
            let (chat, jobs, message) = match present.take() {
                Some(present) => present,
                None => match self.read_anew(work, job).await {
                    Ok(Some(present)) => present,
                    // Erased: there is nothing to record.
                    Ok(None) => return Ok(StepResult::GoOn),
                    Err(DeliveryError::Store(error)) if attempt + 1 < HARD_TRIES => {
                        tracing::warn!(error = %error, "what a provider did is not noted yet");
                        self.pause(attempt).await;
                        continue;
                    }
                    Err(error) => return Err(error),
                },
            };
            let queued = jobs.iter().any(|known| known.number == job.number);
            if !queued && is_recorded(&outcome, &message) {
                return Ok(StepResult::GoOn);
            }
            let once = self.record_once(work, (&chat, &jobs, &message), job, &outcome, again);
            match Box::pin(once).await {
                Ok(after) => {
                    self.note(job, &outcome);
                    self.learn(work, &outcome).await;
                    self.nudger.crm(&after, work.owner.crm_kind).await?;
                    let left = jobs.iter().any(|known| known.number != job.number);
                    return Ok(if left { StepResult::GoOn } else { StepResult::Empty });
                }
                Err(DeliveryError::Store(error @ (StoreError::Refused(_) | StoreError::Unwritable))) => {
                    return Err(error.into());
                }
                Err(DeliveryError::Store(error)) if attempt + 1 < HARD_TRIES => {
                    again |= error.is_conflict();
                    self.pause(attempt).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(StepResult::Lost)
    }

    async fn pause(&self, attempt: u32) {
        tokio::time::sleep(self.ambient.jitter(Duration::from_millis(100 << attempt))).await;
    }

    async fn read_anew(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
    ) -> Result<Option<(Chat, Vec<OutboundJob>, Message)>, DeliveryError> {
        let Some(chat) = self.store.chat(&work.chat.account, &work.chat.chat).await? else { return Ok(None) };
        let jobs = self.jobs_of(&chat).await?;
        let message = self.message(work, job).await?;
        Ok(message.map(|message| (chat, jobs, message)))
    }

    /// Makes one attempt. `again` says that the last one met a conflict: then the owner of the provider's id is looked
    /// up.
    async fn record_once(
        &self,
        work: &ChatWork,
        (chat, jobs, message): (&Chat, &[OutboundJob], &Message),
        job: &OutboundJob,
        outcome: &SendOutcome,
        again: bool,
    ) -> Result<Chat, DeliveryError> {
        let now = self.ambient.now();
        let mut transaction =
            OutcomeTransaction { chat: chat.clone(), message: message.clone(), writes: Vec::new(), now };
        match outcome {
            SendOutcome::Sent(sent) => self.sent(work, &mut transaction, sent, again).await?,
            SendOutcome::Changed => changed(work, &mut transaction, job),
            SendOutcome::Proved => {}
            SendOutcome::Failed { code, description } => {
                let told = Failure { code, description: description.as_deref(), unknown: false };
                self.notice_of_failure(work, &mut transaction, job, told)?;
            }
            SendOutcome::Unknown => {
                self.notice_of_failure(work, &mut transaction, job, Failure::unknown_outcome())?
            }
        }
        self.commit(work, transaction, (chat, jobs, message), job).await
    }

    /// Records an accepted message: its id, the status, and the pointer by which its statuses find it.
    async fn sent(
        &self,
        work: &ChatWork,
        transaction: &mut OutcomeTransaction,
        sent: &Sent,
        again: bool,
    ) -> Result<(), DeliveryError> {
        let before = transaction.message.clone();
        let mut reported = None;
        if let Some(id) = sent.message_id.as_ref().filter(|_| before.provider_id.is_none()) {
            transaction.message.provider_id = Some(id.clone());
            if let Some(channel) = &work.channel {
                let owner =
                    if again { self.id_owner(work, channel, id, &before).await? } else { IdOwner::Nobody };
                reported = transaction.point(channel, id, owner)?;
            }
        }
        let number = transaction.chat.seq + 1;
        if let Some((status, error, at)) = reported {
            transaction.message.report(status, error.as_ref(), at, number);
        }
        transaction.message.report(DeliveryStatus::Sent, None, transaction.now, number);
        if transaction.message != before {
            transaction.message.seq = number;
            transaction.chat.seq = number;
        }
        // Without an id in the answer, the echo will name it.
        if transaction.message.provider_id.is_some() {
            transaction.chat.confirm_send(&before.message_id);
        }
        if let Some(id) = &sent.chat_id {
            Box::pin(self.reached(work, transaction, id)).await?;
        }
        Ok(())
    }

    async fn commit(
        &self,
        work: &ChatWork,
        transaction: OutcomeTransaction,
        (chat, jobs, message): (&Chat, &[OutboundJob], &Message),
        job: &OutboundJob,
    ) -> Result<Chat, DeliveryError> {
        let OutcomeTransaction { chat: after, message: told, writes, now } = transaction;
        let (before, closing) = (Some(chat.clone()), work.closing());
        let mut change = ChatTransaction::between(before, after, &closing, work.owner.crm_kind);
        if !jobs.iter().any(|known| known.number != job.number) {
            change.change(|chat| chat.outbound_at = None);
        }
        change.message(Some(message), &told);
        change.also(Ok(writes));
        // If the job is gone, another worker has recorded its outcome.
        if jobs.iter().any(|known| known.number == job.number) {
            change.job_over(job);
        }
        let (after, writes) = change.writes(now)?;
        self.store.commit(writes).await?;
        Ok(after)
    }

    /// Learns about the client's number from a refusal (E3). A failure is ignored, because a later refusal shows the
    /// same.
    async fn learn(&self, work: &ChatWork, outcome: &SendOutcome) {
        let SendOutcome::Failed { code, .. } = outcome else { return };
        let chat = &work.chat;
        let provider = work.channel.as_ref().map_or("", |channel| &channel.provider);
        let reason = providers::failure_reason(provider, code);
        let Some((phone, has)) = number_news(chat, DeliveryStatus::Failed, Some(reason)) else { return };
        let (of, now) = ((&chat.messenger, &phone), self.ambient.now());
        if let Err(error) = self.store.learn_number(&work.owner, of, has, LearnedFrom::Delivery, now).await {
            tracing::warn!(account = %chat.account, chat = %chat.chat, error = %error, "what a refusal tells of the number was not noted");
        }
    }

    fn note(&self, job: &OutboundJob, outcome: &SendOutcome) {
        let metric = match outcome {
            SendOutcome::Sent(_) | SendOutcome::Changed | SendOutcome::Proved => Metric::Delivered,
            SendOutcome::Failed { .. } => Metric::DeliveryFailed,
            SendOutcome::Unknown => Metric::DeliveryUnknown,
        };
        telemetry::count(metric, 1);
        let (account, chat, number) = (&job.account, &job.chat, job.number);
        tracing::info!(account = %account, chat = %chat, number, attempts = job.attempts, outcome = metric.name(), "settled");
    }
}

/// Whether the message already shows the outcome of a job that is gone: then the answer to an earlier commit did not
/// arrive, or another worker recorded it.
fn is_recorded(outcome: &SendOutcome, message: &Message) -> bool {
    match outcome {
        SendOutcome::Sent(Sent { message_id: Some(_), .. }) => message.provider_id.is_some(),
        _ => true,
    }
}
