//! Assigns a channel's waiting clients to its employees, strictly in turn.
//!
//! A nudge says "drain channel"; all data is read from the table. One drain reads a few dozen clients, decides by a
//! pure function, and commits ring, chats, contacts and waiting rows together. It calls no other service.

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

/// Time of a batch that is reserved for finishing the page of a requeue in progress.
const KEPT_BACK: Duration = Duration::from_secs(20);

/// The function's dependencies; built once per process.
pub struct Assignment {
    /// The table.
    pub store: Store,
    /// Sends to `crm.fifo` and to `assignment.fifo`: a requeue starts drains and continues by a nudge to itself.
    pub nudger: Nudger,
    /// Accounts, at most 30 s old.
    pub settings: SettingsCache,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

impl Assignment {
    /// Handles a batch from `assignment.fifo`.
    pub async fn handle(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        // Long work continues with another nudge, well before the runtime's own limit.
        let until = self.ambient.now() + time_left.saturating_sub(KEPT_BACK);
        batch::run(batch, time_left, context, &*self.ambient, |group| self.group(group, until)).await
    }

    /// Handles the records of a group, which all name one channel or one requeue: it is processed once for all of them.
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
