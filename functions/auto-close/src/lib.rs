//! Reads every minute what is due and posts exact checks. It decides and closes nothing: a check goes into the chat's
//! own inbound group, behind every accepted message, and routing decides.

use futures::future::join_all;
use serde::Deserialize;
use shared::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::clock::{Ambient, Timestamp};
use shared::disposition::{Disposition, backoff};
use shared::event::{self, Envelope, Event};
use shared::nudge::{AssignmentNudge, ChannelNudge, ErasureNudge, MediaNudge, Timer};
use shared::queue::{Outgoing, QueueError, Queues};
use shared::store::keys::{DUE_SHARDS, Due};
use shared::store::{Store, StoreError};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// What starts the function: a batch of timers, or the minute's schedule.
#[derive(Debug, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub enum Trigger {
    /// Timers whose time has come.
    Timers(SqsBatch),
    /// The schedule; nothing in its event matters.
    Schedule,
}

impl TryFrom<serde_json::Value> for Trigger {
    type Error = serde_json::Error;

    /// Whatever has records is a batch, or an error: a batch taken for the schedule would be acknowledged unread.
    fn try_from(event: serde_json::Value) -> Result<Self, Self::Error> {
        if event.get("Records").is_some() {
            serde_json::from_value(event).map(Self::Timers)
        } else {
            Ok(Self::Schedule)
        }
    }
}

/// What the function works with; built once per process.
pub struct AutoClose {
    /// The table: the due index only.
    pub store: Store,
    /// SQS.
    pub queues: Queues,
    /// `inbound.fifo`.
    pub inbound_url: String,
    /// The timers queue.
    pub timers_url: String,
    /// `assignment.fifo`.
    pub assignment_url: String,
    /// The media queue.
    pub media_url: String,
    /// The erasures queue.
    pub erasures_url: String,
    /// `crm.fifo`.
    pub crm_url: String,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

/// How far a sweep looks ahead: until the next one has surely run; the schedule is precise to a minute.
const AHEAD: Duration = Duration::from_secs(130);
/// Shards that a sweep reads side by side.
const SIDE_BY_SIDE: u8 = 4;

/// Why a sweep or a timer did not get through.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl AutoClose {
    /// Handles a batch of timers.
    pub async fn timers(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        batch::run(batch, time_left, context, &*self.ambient, |group| self.group(group)).await
    }

    async fn group(&self, group: Vec<SqsRecord>) -> Vec<Disposition> {
        let mut dispositions = Vec::with_capacity(group.len());
        for record in &group {
            let timer: Timer = match event::read(&record.body) {
                Ok(timer) => timer,
                Err(error) => {
                    dispositions.push(error.into());
                    continue;
                }
            };
            dispositions.push(match self.post_checks(vec![timer]).await {
                Ok(()) => Disposition::Done,
                Err(error) => {
                    Disposition::Retry { after: backoff(record.receive_count()), why: error.to_string() }
                }
            });
        }
        dispositions
    }

    /// Posts a check for everything that is due, and a timer for everything that will be before the next sweep.
    ///
    /// # Errors
    /// [`SweepError`]; what was posted stays posted, and the next sweep finds the rest.
    pub async fn sweep(&self) -> Result<(), SweepError> {
        let until = self.ambient.now() + AHEAD;
        // Another shard is first each minute, so that a sweep that is cut short does not always leave out the same ones.
        let minute = u8::try_from(until.seconds() / 60 % i64::from(DUE_SHARDS)).unwrap_or(0);
        let mut outcome = Ok(());
        for first in (0..DUE_SHARDS).step_by(usize::from(SIDE_BY_SIDE)) {
            let shards = (first..first + SIDE_BY_SIDE).map(|shard| (shard + minute) % DUE_SHARDS);
            let swept = join_all(shards.map(|shard| self.sweep_shard(shard, until))).await;
            outcome = swept.into_iter().fold(outcome, Result::and);
        }
        outcome
    }

    async fn sweep_shard(&self, shard: u8, until: Timestamp) -> Result<(), SweepError> {
        let mut from = None;
        loop {
            let page = self.store.due(shard, until, from).await?;
            let found = page.items.len();
            self.post(page.items).await?;
            from = page.next;
            if found > 0 {
                tracing::info!(shard, found, "due");
            }
            if from.is_none() {
                return Ok(());
            }
        }
    }

    async fn post(&self, due: Vec<(Due, Timestamp)>) -> Result<(), SweepError> {
        let now = self.ambient.now();
        let (mut checks, mut timers, mut drains) = (Vec::new(), Vec::new(), Vec::new());
        // A chat may have several files; one nudge looks at all of them.
        let (mut files, mut erasures, mut states) = (HashSet::new(), Vec::new(), Vec::new());
        for (what, at) in due {
            match what {
                Due::Chat(account, chat) if at <= now => checks.push(Timer::new(account, chat, at)),
                Due::Chat(account, chat) => {
                    // A whole second later: a check that comes early would have to be posted again.
                    let wait = Duration::from_secs(at.since(now).as_secs() + 1);
                    timers.push(Outgoing::standard(&Timer::new(account, chat, at))?.after(wait));
                }
                Due::Ring(account, channel) if at <= now => {
                    drains.push(Outgoing::assignment(
                        &AssignmentNudge::new(&account, &channel),
                        &*self.ambient,
                    )?);
                }
                Due::File(account, chat) if at <= now => {
                    files.insert(MediaNudge::new(&account, &chat));
                }
                Due::Erasure(account, erasure) if at <= now => {
                    erasures.push(Outgoing::standard(&ErasureNudge::new(&account, &erasure))?);
                }
                Due::Channel(account, channel) if at <= now => {
                    let nudge = ChannelNudge::new(&account, &channel);
                    states.push(Outgoing::channel_state(&nudge, &*self.ambient)?);
                }
                // The next sweep is soon enough.
                Due::Ring(..) | Due::File(..) | Due::Erasure(..) | Due::Channel(..) => {}
            }
        }
        let files = files.iter().map(Outgoing::standard).collect::<Result<_, _>>()?;
        self.post_checks(checks).await?;
        self.queues.send(&self.timers_url, timers).await?;
        self.queues.send(&self.assignment_url, drains).await?;
        self.queues.send(&self.media_url, files).await?;
        self.queues.send(&self.erasures_url, erasures).await?;
        self.queues.send(&self.crm_url, states).await?;
        Ok(())
    }

    async fn post_checks(&self, chats: Vec<Timer>) -> Result<(), QueueError> {
        let now = self.ambient.now();
        let checks = chats.into_iter().map(|timer| {
            let digest = timer.check_id();
            let envelope = Envelope::new(timer.account, now, Event::Check { chat: timer.chat });
            Outgoing::inbound(&envelope, digest)
        });
        self.queues.send(&self.inbound_url, checks.collect::<Result<_, _>>()?).await
    }
}
