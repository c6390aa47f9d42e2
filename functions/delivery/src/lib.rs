//! Delivers queued actions to providers: each send once, in the order of its chat.
//!
//! A nudge names a chat; the jobs are in the table. The beginning of a call is written **before** the call is made: a
//! worker that finds it begun repeats the call only while the provider deduplicates by our id. After that it waits for
//! proof, and then shows that the outcome is unknown; it never sends twice by itself.

mod call;
mod chat_id;
mod connections;
mod early_echo;
mod failure_notice;
mod load;
pub mod next_job;
mod outcome;
mod payload;
pub mod provider;
pub mod rate;
mod reschedule;
mod transaction;

pub use connections::Connections;

use crate::next_job::NextJob;
use rate::Rates;
use shared::base::clock::{Ambient, Timestamp};
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::outbound::{OutboundJob, Step};
use shared::platform::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::platform::disposition::Disposition;
use shared::platform::files::{FileError, Files};
use shared::platform::http::OutboundHttp;
use shared::platform::nudge::DeliveryNudge;
use shared::platform::nudger::Nudger;
use shared::platform::queue::QueueError;
use shared::platform::secrets::{SecretError, Vault};
use shared::providers::base_urls::BaseUrls;
use shared::store::settings_cache::SettingsCache;
use shared::store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// The function's dependencies; built once per process.
pub struct Delivery {
    /// The table.
    pub store: Store,
    /// Sends to `outbound.fifo`, `crm.fifo` and the timers queue.
    pub nudger: Nudger,
    /// Decrypts the providers' credentials.
    pub vault: Vault,
    /// Outbound HTTP.
    pub http: OutboundHttp,
    /// Accounts and channels, at most 30 s old.
    pub settings: SettingsCache,
    /// Connections, at most 30 s old.
    pub connections: Connections,
    /// Calls reserved from the providers' rates.
    pub rates: Rates,
    /// The media bucket: providers fetch files straight from it.
    pub files: Files,
    /// The addresses of the providers.
    pub base_urls: BaseUrls,
    /// The time limit of one call to a provider. What follows the call must be over before
    /// [`shared::model::outbound::ONE_CALL`].
    pub call_within: Duration,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

/// The default time limit of one call: a provider may fetch a file before it answers.
pub const CALL_WITHIN: Duration = Duration::from_secs(15);

/// Time reserved for what follows a call, and for the answer to the queue.
const AFTER_CALL: Duration = Duration::from_secs(8);

/// How often a chat is decided again after a conflict before the queue retries.
const ATTEMPTS: u32 = 5;

/// The reason why a nudge could not be handled now.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// KMS.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A link to a file could not be made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The account is not readable (yet): its rows are read with a short delay.
    #[error("the account is not there")]
    NoAccount,
}

/// A chat and its related data, as one step reads them.
pub(crate) struct ChatWork {
    pub owner: Account,
    pub chat: Chat,
    /// `None` if the channel does not exist any more.
    pub channel: Option<Channel>,
    pub jobs: Vec<OutboundJob>,
}

/// The result of one step.
pub(crate) enum StepResult {
    /// There may be more to do.
    GoOn,
    /// No job is left.
    Empty,
    /// Nothing to do now; check again at this time.
    Rest(Timestamp),
    /// Another worker changed the rows: read them again.
    Lost,
    /// The function's time is over; the rest is for the next run.
    OutOfTime,
}

impl Delivery {
    /// Handles a batch from `outbound.fifo`.
    pub async fn handle(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        batch::run(batch, time_left, context, &*self.ambient, |group| self.group(group, time_left)).await
    }

    async fn group(&self, group: Vec<SqsRecord>, time_left: Duration) -> Vec<Disposition> {
        // No call begins after this, because a call cut by the deadline has an unknown outcome.
        let last_call = self.ambient.now() + time_left.saturating_sub(self.call_within + AFTER_CALL);
        let handle = async |nudge, receive_count| {
            self.chat(&nudge, receive_count > 1, last_call).await.map(|()| Disposition::Done)
        };
        batch::nudges(group, handle).await
    }

    /// Does the jobs of a chat that may be done now. It fails only for the table, the queues, KMS or conflicts: then
    /// the nudge is retried. Jobs that a provider does not accept are postponed.
    async fn chat(
        &self,
        nudge: &DeliveryNudge,
        repeated: bool,
        last_call: Timestamp,
    ) -> Result<(), DeliveryError> {
        let mut lost = 0;
        while lost < ATTEMPTS {
            let Some(work) = self.load(nudge).await? else { return Ok(()) };
            if repeated {
                // A worker may have died between its commit and its nudge.
                self.nudger.crm(&work.chat, work.owner.crm_kind).await?;
            }
            if work.chat.outbound_at.is_none() {
                return Ok(());
            }
            // Boxed, like the futures after a call: unoptimised, they exceed a thread's stack together.
            let round = match Box::pin(self.step(&work, last_call)).await {
                Err(DeliveryError::Store(error)) if error.is_conflict() => StepResult::Lost,
                round => round?,
            };
            let rested = match round {
                StepResult::GoOn => continue,
                StepResult::Empty => return Ok(()),
                StepResult::OutOfTime => return Ok(self.nudger.delivery(nudge).await?),
                StepResult::Rest(until) => self.reschedule(&work, Some(until)).await?,
                StepResult::Lost => false,
            };
            if rested {
                return Ok(());
            }
            lost += 1;
            tokio::time::sleep(self.ambient.jitter(Duration::from_millis(100))).await;
        }
        Err(StoreError::Busy("lost every race".into()).into())
    }

    async fn step(&self, work: &ChatWork, last_call: Timestamp) -> Result<StepResult, DeliveryError> {
        let now = self.ambient.now();
        let guarantees = provider::guarantees(work.channel.as_ref().map_or("", |channel| &channel.provider));
        match next_job::next(&work.jobs, guarantees.repeat_window, now) {
            NextJob::Rest(Some(until)) => Ok(StepResult::Rest(until)),
            NextJob::Rest(None) => {
                Ok(if self.reschedule(work, None).await? { StepResult::Empty } else { StepResult::Lost })
            }
            NextJob::Do(job, Step::Call) => self.call(work, job, last_call).await,
            NextJob::Do(job, Step::AwaitProof) => self.await_proof(work, job).await,
            NextJob::Do(job, Step::ShowUnknown) => self.show_unknown(work, job).await,
            NextJob::Do(job, Step::GiveUp) => self.give_up(work, job).await,
            NextJob::Do(_, Step::Wait { until, .. }) => Ok(StepResult::Rest(until)),
        }
    }
}
