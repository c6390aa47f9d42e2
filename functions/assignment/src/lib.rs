//! Gives a channel's waiting clients to its employees, strictly in turn.
//!
//! A nudge says "drain channel"; everything is read from the table. One drain takes a few dozen clients, decides by a
//! pure function, and commits ring, chats, contacts and waiting rows together. No outside I/O.

mod drain;
mod requeues;
mod round;
mod view;

use crate::drain::DrainError;
use shared::base::clock::{Ambient, Timestamp};
use shared::platform::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::platform::disposition::Disposition;
use shared::platform::nudge::AssignmentWork;
use shared::platform::nudger::Nudger;
use shared::store::Store;
use shared::store::settings_cache::SettingsCache;
use std::sync::Arc;
use std::time::Duration;

/// Time kept back of a batch's for the page that a departure is at.
const KEPT_BACK: Duration = Duration::from_secs(20);

/// What the function works with; built once per process.
pub struct Assignment {
    /// The table.
    pub store: Store,
    /// To `crm.fifo`, and to `assignment.fifo`: a departure lets drain, and goes on by itself.
    pub nudger: Nudger,
    /// Accounts, at most 30 s old.
    pub settings: SettingsCache,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

impl Assignment {
    /// Handles a batch from `assignment.fifo`.
    pub async fn handle(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        // What is long goes on with another nudge, well before the runner's own limit.
        let until = self.ambient.now() + time_left.saturating_sub(KEPT_BACK);
        batch::run(batch, time_left, context, &*self.ambient, |group| self.group(group, until)).await
    }

    /// The records of a group name one channel, or one departure: it is done once for all of them.
    async fn group(&self, group: Vec<SqsRecord>, until: Timestamp) -> Vec<Disposition> {
        let handle = async |work, _| {
            match &work {
                AssignmentWork::Channel(nudge) => self.drain(&nudge.account, &nudge.channel).await?,
                AssignmentWork::Requeue(nudge) => self.requeue(nudge, until).await?,
            }
            Ok::<_, DrainError>(Disposition::Done)
        };
        batch::nudges(group, handle).await
    }
}
