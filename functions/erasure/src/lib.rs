//! Erases a client (P12): what remains are digests and times, by which every consumer drops messages still in transit.
//!
//! The job's row records the progress. Every step may be repeated, so if a run dies, the next nudge or the due index
//! continues the job. The parts run in the order of [`Phase`], and within each part a row that leads to another is
//! erased after it.

mod chats;
mod closing;
mod contacts;
mod job;
mod letters;
mod records;

use job::{Job, NextStep};
use shared::base::clock::{Ambient, Timestamp};
use shared::model::account::Account;
use shared::model::erasure::{ErasureState, Phase};
use shared::platform::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::platform::dead_letters::{DeadLetterError, DeadLetters};
use shared::platform::disposition::Disposition;
use shared::platform::files::{FileError, Files};
use shared::platform::metrics::Metric;
use shared::platform::nudge::ErasureNudge;
use shared::platform::objects::{ObjectError, Objects};
use shared::platform::quarantine::Quarantine;
use shared::platform::queue::{Outgoing, QueueError, Queues};
use shared::platform::telemetry;
use shared::store::{IsConflict, Read, RetryPolicy, Store, StoreError, keys};
use std::sync::Arc;
use std::time::Duration;

/// The function's dependencies; built once per process.
pub struct Eraser {
    /// The table.
    pub store: Store,
    /// SQS.
    pub queues: Queues,
    /// The bucket of raw records.
    pub quarantine: Objects,
    /// The bucket of files.
    pub files: Files,
    /// The dead-letter queues of all functions.
    pub dead_letters: DeadLetters,
    /// The erasures queue: the job continues by a nudge to itself.
    pub erasures_url: String,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

/// The reason why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The bucket of raw records.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The bucket of files.
    #[error(transparent)]
    File(#[from] FileError),
    /// A dead-letter queue.
    #[error(transparent)]
    DeadLetter(#[from] DeadLetterError),
    /// The account is not readable (yet): its row holds the salt of the digests.
    #[error("the account is not there")]
    NoAccount,
    /// Another run claimed the job, because this one outlived its lease.
    #[error("another run has the job")]
    TakenOver,
}

/// No step begins with less time than this. The longest is a page of large raw records.
const ONE_STEP: Duration = Duration::from_secs(60);
/// How often a step is decided again before the queue retries, because the client may be writing just now.
const RETRIES: RetryPolicy = RetryPolicy::growing(5, Duration::from_millis(100));

impl IsConflict for ErasureError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

impl Eraser {
    /// Handles a batch from the erasures queue.
    pub async fn handle(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        batch::run(batch, time_left, context, &*self.ambient, |group| self.group(group, time_left)).await
    }

    async fn group(&self, group: Vec<SqsRecord>, time_left: Duration) -> Vec<Disposition> {
        let until = self.ambient.now() + time_left.saturating_sub(ONE_STEP);
        let handle =
            async |nudge: ErasureNudge, _| self.erase(&nudge, until).await.map(|()| Disposition::Done);
        batch::nudges(group, handle).await
    }

    /// Continues an erasure until it is done or the time is over; at least one step.
    async fn erase(&self, nudge: &ErasureNudge, until: Timestamp) -> Result<(), ErasureError> {
        let Some(mut job) = self.take(nudge).await? else { return Ok(()) };
        match self.work(&mut job, until).await {
            Ok(None) => Ok(()),
            Ok(Some(wait)) => self.hand_over(&mut job, wait).await,
            Err(ErasureError::TakenOver) => Ok(()),
            Err(error) => {
                // The nudge is retried, and need not wait until this run's lease is over. It does not matter whether
                // this write succeeds, because the due index retries in any case.
                let _ = self.let_go(&mut job, Duration::ZERO).await;
                Err(error)
            }
        }
    }

    /// Works step by step. Returns when to continue; `None` if the job is done.
    async fn work(&self, job: &mut Job, until: Timestamp) -> Result<Option<Duration>, ErasureError> {
        let owner: Option<Account> =
            self.store.get(&keys::account(&job.row.account), Read::Consistent).await?;
        let owner = owner.ok_or(ErasureError::NoAccount)?;
        loop {
            let next = self.step(&owner, job, until).await?;
            self.save(job).await?;
            if job.row.state == ErasureState::Done {
                telemetry::count(Metric::Erased, 1);
                let (chats, messages) = (job.row.chats, job.row.messages);
                tracing::info!(account = %owner.account, erasure = job.row.erasure, chats, messages, "erased");
                return Ok(None);
            }
            match next {
                NextStep::Later(wait) => return Ok(Some(wait)),
                NextStep::Now if self.ambient.now() >= until => return Ok(Some(Duration::ZERO)),
                NextStep::Now => {}
            }
        }
    }

    async fn step(&self, owner: &Account, job: &mut Job, until: Timestamp) -> Result<NextStep, ErasureError> {
        match job.row.phase {
            Phase::Contacts => self.release_contacts(owner, job).await?,
            Phase::Closing => self.close_chats(owner, job).await?,
            Phase::Chats => self.erase_next_chat(owner, job, until).await?,
            Phase::Quarantine => {
                self.search_records(owner, job, owner.account.as_str(), Phase::Unknown).await?;
            }
            Phase::Unknown => {
                self.search_records(owner, job, Quarantine::UNKNOWN, Phase::DeadLetters).await?;
            }
            Phase::DeadLetters => return self.search_letters(owner, job).await,
            Phase::Rest => self.erase_rest(owner, job).await?,
        }
        Ok(NextStep::Now)
    }

    /// Hands the job over to the next run.
    async fn hand_over(&self, job: &mut Job, wait: Duration) -> Result<(), ErasureError> {
        match self.let_go(job, wait).await {
            Err(ErasureError::TakenOver) => return Ok(()),
            done => done?,
        }
        let nudge = ErasureNudge::new(&job.row.account, &job.row.erasure);
        let outgoing = Outgoing::standard(&nudge)?.after(wait);
        Ok(self.queues.send(&self.erasures_url, vec![outgoing]).await?)
    }
}
