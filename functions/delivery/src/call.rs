//! One call to a provider: recorded before it is made, made once, and sorted by its outcome.

use crate::outcome::SendOutcome;
use crate::payload::NotReady;
use crate::provider::ProviderRequest;
use crate::rate::Counted;
use crate::{ChatWork, Delivery, DeliveryError, StepResult, provider};
use shared::base::clock::Timestamp;
use shared::model::channel::Channel;
use shared::model::connection::Connection;
use shared::model::credential::Credential;
use shared::model::failure_texts;
use shared::model::message::Message;
use shared::model::message::kind::DeliveryStatus;
use shared::model::outbound::call::{FailureReason, SendFailure, Sent};
use shared::model::outbound::{Action, AfterFailure, JobState, OutboundJob};
use shared::providers;
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::{StoreError, keys};
use std::time::Duration;

/// When a chat of a channel that sends nothing for now is checked again.
const UNTIL_RESUMED: Duration = Duration::from_secs(300);
/// When a chat of a channel without a connection is checked again, because it may be connected again.
const UNTIL_CONNECTED: Duration = Duration::from_secs(300);
/// When data that a message lacks is looked up again.
const WHILE_MISSING: Duration = Duration::from_secs(10);

/// What a call needs besides its payload.
struct CallTarget<'a> {
    channel: &'a Channel,
    connection: Connection,
    credential: Credential,
}

/// Whether a recorded call may be made.
enum CallPermission {
    Yes,
    /// It would repeat a call that the provider may no longer deduplicate.
    KeyTooOld,
    /// Another worker may hold the job by now.
    NotOurs,
}

impl From<NotReady> for SendFailure {
    fn from(missing: NotReady) -> Self {
        match missing {
            NotReady::Never(code) => {
                let reason = failure_texts::own_reason(code).unwrap_or(FailureReason::Other);
                Self::never(reason, code)
            }
            NotReady::NotYet(why) => Self::Later { after: Some(WHILE_MISSING), why: why.into() },
        }
    }
}

impl Delivery {
    /// Makes the call of a job, if the payload and the credential are ready and the provider's rate has room.
    pub(crate) async fn call(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
        last_call: Timestamp,
    ) -> Result<StepResult, DeliveryError> {
        let now = self.ambient.now();
        let Some(message) = self.message(work, job).await? else { return self.forget(work, job).await };
        if let Some(outcome) = done_already(job, &message) {
            return self.record(work, job, message, outcome).await;
        }
        if now > last_call {
            return Ok(StepResult::OutOfTime);
        }
        let payload = match self.payload(work, job, &message).await? {
            Ok(payload) => payload,
            Err(missing) => return self.without_call(work, job, message, &missing.into()).await,
        };
        if work.channel.as_ref().is_some_and(|channel| channel.paused || channel.ignored) {
            return Ok(StepResult::Rest(now + UNTIL_RESUMED));
        }
        let (Some(channel), Some(request)) = (&work.channel, payload.request(work, &message)) else {
            let gone = NotReady::Never(failure_texts::NO_CONNECTION);
            return self.without_call(work, job, message, &gone.into()).await;
        };
        let Some(target) = self.target(channel).await? else {
            let why = "the channel's connection is gone".into();
            let later = SendFailure::Later { after: Some(UNTIL_CONNECTED), why };
            return self.without_call(work, job, message, &later).await;
        };
        if let Some(until) = self.over_the_rate(work, &target, now).await? {
            return Ok(StepResult::Rest(until + self.ambient.jitter(Duration::from_secs(1))));
        }
        let begun = job.begun(self.ambient.now());
        self.change(job, &begun).await?;
        match self.permission(&target, job, &begun) {
            CallPermission::Yes => {}
            CallPermission::KeyTooOld => return self.await_proof(work, &begun).await,
            CallPermission::NotOurs => return Ok(StepResult::Lost),
        }
        let answer = self.ask(&target, &request).await;
        Box::pin(self.answered(work, &target, &begun, message.clone(), answer)).await
    }

    /// Whether the call may still be made: KMS, the rate and the record of its beginning have taken their time.
    fn permission(
        &self,
        target: &CallTarget<'_>,
        found: &OutboundJob,
        begun: &OutboundJob,
    ) -> CallPermission {
        let now = self.ambient.now();
        let repeat_window = provider::guarantees(&target.channel.provider).repeat_window;
        let repeats = found.action == Action::Send && found.state != JobState::Queued;
        if repeats && !begun.may_call(repeat_window, now) {
            return CallPermission::KeyTooOld;
        }
        if begun.retry_at.is_some_and(|until| until <= now) {
            CallPermission::NotOurs
        } else {
            CallPermission::Yes
        }
    }

    /// Processes a provider's answer. What the provider did is recorded before anything else that may fail.
    async fn answered(
        &self,
        work: &ChatWork,
        target: &CallTarget<'_>,
        begun: &OutboundJob,
        message: Message,
        answer: Result<Sent, SendFailure>,
    ) -> Result<StepResult, DeliveryError> {
        let failure = match answer {
            Ok(sent) => {
                let outcome =
                    if begun.action == Action::Send { SendOutcome::Sent(sent) } else { SendOutcome::Changed };
                let settled = self.record(work, begun, message, outcome).await;
                if let Err(error) = self.accepted(&target.connection).await {
                    let (account, connection) = (&target.connection.account, &target.connection.connection);
                    tracing::warn!(account = %account, connection = %connection, error = %error, "that the connection works again is not noted yet");
                }
                return settled;
            }
            Err(failure) => self.judged(target, begun, failure).await,
        };
        if deleted_before(begun, &failure) {
            return self.record(work, begun, message, SendOutcome::Changed).await;
        }
        let next = begun.after_failure(&failure, self.ambient.now());
        self.follow(work, begun, message, &failure, next).await
    }

    async fn ask(&self, target: &CallTarget<'_>, request: &ProviderRequest<'_>) -> Result<Sent, SendFailure> {
        let (name, now) = (&target.channel.provider, self.ambient.now());
        let call = provider::ask(name, &self.base_urls, &self.http, &target.credential, request, now);
        let late = |_| SendFailure::Unknown { why: "no answer in time".into() };
        tokio::time::timeout(self.call_within, call).await.map_err(late)?
    }

    /// Adjusts a failure: a credential that was changed meanwhile does not count as refused, and for an action that may
    /// always be repeated an unknown outcome only means a retry.
    async fn judged(&self, target: &CallTarget<'_>, job: &OutboundJob, failure: SendFailure) -> SendFailure {
        match failure {
            SendFailure::Unauthorized => match self.refused(&target.connection).await {
                Ok(true) => SendFailure::Later { after: None, why: "the credential was changed".into() },
                Ok(false) => SendFailure::Unauthorized,
                Err(error) => {
                    let (account, connection) = (&target.connection.account, &target.connection.connection);
                    tracing::warn!(account = %account, connection = %connection, error = %error, "that the credential is refused is not noted yet");
                    SendFailure::Unauthorized
                }
            },
            SendFailure::Unknown { why } if job.action != Action::Send => {
                SendFailure::Later { after: None, why }
            }
            other => other,
        }
    }

    /// Handles a failure that was found before the call.
    async fn without_call(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
        message: Message,
        failure: &SendFailure,
    ) -> Result<StepResult, DeliveryError> {
        let next = job.without_call(failure, self.ambient.now());
        self.follow(work, job, message, failure, next).await
    }

    /// Postpones the job, or ends it.
    async fn follow(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
        message: Message,
        failure: &SendFailure,
        next: AfterFailure,
    ) -> Result<StepResult, DeliveryError> {
        let (account, chat, attempt) = (&job.account, &job.chat, job.attempts);
        match next {
            AfterFailure::Keep(step) => {
                tracing::warn!(account = %account, chat = %chat, number = job.number, attempt, failure = %failure, "not delivered yet");
                self.change(job, &job.stepped(&step)).await?;
                Ok(StepResult::GoOn)
            }
            AfterFailure::Fail { code, description } => {
                tracing::info!(account = %account, chat = %chat, number = job.number, attempt, code, "refused for good");
                self.record(work, job, message, SendOutcome::Failed { code, description }).await
            }
        }
    }

    /// Waits for proof, because it is too late to repeat a call of unknown outcome.
    pub(crate) async fn await_proof(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
    ) -> Result<StepResult, DeliveryError> {
        let Some(message) = self.message(work, job).await? else { return self.forget(work, job).await };
        if is_proved(&message) {
            return self.record(work, job, message, SendOutcome::Proved).await;
        }
        self.change(job, &job.in_doubt(self.ambient.now())).await?;
        Ok(StepResult::GoOn)
    }

    /// Records an unknown outcome, because no proof came.
    pub(crate) async fn show_unknown(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
    ) -> Result<StepResult, DeliveryError> {
        let Some(message) = self.message(work, job).await? else { return self.forget(work, job).await };
        let outcome = if is_proved(&message) { SendOutcome::Proved } else { SendOutcome::Unknown };
        self.record(work, job, message, outcome).await
    }

    /// Fails the job, because the provider postponed it for longer than a message is worth sending.
    pub(crate) async fn give_up(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
    ) -> Result<StepResult, DeliveryError> {
        let Some(message) = self.message(work, job).await? else { return self.forget(work, job).await };
        let code = failure_texts::NOT_DELIVERED_IN_TIME.to_owned();
        self.record(work, job, message, SendOutcome::Failed { code, description: None }).await
    }

    async fn target<'w>(&self, channel: &'w Channel) -> Result<Option<CallTarget<'w>>, DeliveryError> {
        let Some(connection) = self.connection(&channel.account, &channel.connection).await? else {
            return Ok(None);
        };
        let sealed = self.vault.open(&channel.account, &connection.credential, self.ambient.now()).await?;
        let credential = providers::credential(&connection.provider, &sealed);
        Ok(Some(CallTarget { channel, connection, credential }))
    }

    /// Until when one of the provider's rates is used up; `None` if all have room.
    async fn over_the_rate(
        &self,
        work: &ChatWork,
        target: &CallTarget<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        for rate in provider::guarantees(&target.channel.provider).rates {
            let Some(of) = Counted::by(rate.scope, &target.connection, &work.chat) else { continue };
            if let Err(until) = self.rates.take(&self.store, of, rate, now).await? {
                return Ok(Some(until));
            }
        }
        Ok(None)
    }

    /// The job's message; `None` if it was erased.
    pub(crate) async fn message(
        &self,
        work: &ChatWork,
        job: &OutboundJob,
    ) -> Result<Option<Message>, StoreError> {
        let ids = std::slice::from_ref(&job.message_id);
        Ok(self.store.messages(&work.chat.account, &work.chat.chat, ids).await?.into_iter().next())
    }

    /// Writes a step of a job, if it is unchanged since it was read: another worker would have written another step.
    pub(crate) async fn change(&self, before: &OutboundJob, after: &OutboundJob) -> Result<(), StoreError> {
        self.store
            .commit(
                Write::change(
                    before,
                    after,
                    &[attribute::outbound_job::STATE, attribute::outbound_job::ATTEMPTS],
                )?
                .into_iter()
                .collect(),
            )
            .await
    }

    /// Deletes the job, because its message does not exist any more.
    async fn forget(&self, work: &ChatWork, job: &OutboundJob) -> Result<StepResult, DeliveryError> {
        let key = keys::outbound_job(&work.chat.account, &work.chat.chat, job.number);
        self.store.commit(vec![Write::forget(key)]).await?;
        Ok(StepResult::GoOn)
    }
}

/// The outcome of a job that is known without this call.
fn done_already(job: &OutboundJob, message: &Message) -> Option<SendOutcome> {
    match job.action {
        // Before the first call nothing proves a send: a matching message was written elsewhere with the same text.
        Action::Send if job.attempts > 0 && is_proved(message) => Some(SendOutcome::Proved),
        Action::Delete if message.deleted_seq.is_some() => Some(SendOutcome::Changed),
        _ => None,
    }
}

/// Whether a deletion is refused because an earlier attempt, whose answer did not arrive, has carried it out.
fn deleted_before(begun: &OutboundJob, failure: &SendFailure) -> bool {
    provider::is_gone(failure) && begun.action == Action::Delete && begun.attempts > 1
}

/// Whether a message is known to have left, so that its send is over whatever its outcome seemed to be.
pub(crate) fn is_proved(message: &Message) -> bool {
    use DeliveryStatus::{Delivered, Read, Sent};
    message.provider_id.is_some() || matches!(message.status, Some(Sent | Delivered | Read))
}
