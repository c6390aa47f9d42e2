//! Reads every minute what is due and posts exact checks. It decides and closes nothing: a check goes into the chat's
//! own inbound group, behind every accepted message, and routing decides.
//!
//! [`sweep`] handles the schedule, `post` posts the due items, and `recheck` follows a change of settings.

mod post;
mod recheck;
pub mod sweep;

use serde::Deserialize;
use shared::base::clock::Ambient;
use shared::platform::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::platform::disposition::Disposition;
use shared::platform::nudge::{TemplateNudge, Timer, WaitingNudge, Wake};
use shared::platform::queue::{Outgoing, QueueError, Queues};
use shared::store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

pub use post::PostTime;

/// The trigger of the function: a batch of timers, or the minute's schedule.
#[derive(Debug, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub enum Trigger {
    /// Timers that fired.
    Timers(SqsBatch),
    /// The schedule; its event is not read.
    Schedule,
}

impl TryFrom<serde_json::Value> for Trigger {
    type Error = serde_json::Error;

    /// An event with records is a batch or an error: a batch mistaken for the schedule would be acknowledged unread.
    fn try_from(event: serde_json::Value) -> Result<Self, Self::Error> {
        if event.get("Records").is_some() {
            serde_json::from_value(event).map(Self::Timers)
        } else {
            Ok(Self::Schedule)
        }
    }
}

/// The function's dependencies; built once per process.
pub struct AutoClose {
    /// The table: the due index, and a channel's list of live chats.
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

/// The reason why a sweep or a timer failed.
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
        let handle = async |wake, _| match wake {
            Wake::Chat(timer) => self.wake(timer).await,
            Wake::Channel(recheck) => self.recheck(&recheck).await.map(|()| Disposition::Done),
            Wake::Waiting(nudge) => self.tell_waiting(&nudge).await,
            Wake::Template(nudge) => self.tell_template(&nudge).await,
        };
        batch::nudges(group, handle).await
    }

    /// Notifies a CRM again how many clients wait, after its pause.
    async fn tell_waiting(&self, nudge: &WaitingNudge) -> Result<Disposition, SweepError> {
        let outgoing = Outgoing::waiting_again(nudge, self.ambient.now())?;
        self.queues.send(&self.crm_url, vec![outgoing]).await?;
        Ok(Disposition::Done)
    }

    /// Reports a template's state again to a CRM that did not accept it.
    async fn tell_template(&self, nudge: &TemplateNudge) -> Result<Disposition, SweepError> {
        let outgoing = Outgoing::template_state(nudge, &*self.ambient)?;
        self.queues.send(&self.crm_url, vec![outgoing]).await?;
        Ok(Disposition::Done)
    }

    /// Posts the check of a chat whose timer fired.
    async fn wake(&self, timer: Timer) -> Result<Disposition, SweepError> {
        // Clocks differ. A check that came early would find nothing to do, and its deduplication id would block the
        // right one.
        if let PostTime::In(after) = PostTime::of(timer.at, self.ambient.now()) {
            return Ok(Disposition::Retry { after, why: "before its time".into() });
        }
        self.queues.send(&self.inbound_url, vec![self.check(timer)?]).await?;
        Ok(Disposition::Done)
    }
}
