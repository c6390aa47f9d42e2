//! Gives a channel's waiting clients to its employees, strictly in turn.
//!
//! A nudge says "drain channel"; everything is read from the table. One drain takes a few dozen clients, decides by a
//! pure function, and commits ring, chats, contacts and waiting rows together. No outside I/O.

mod drain;

use shared::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::clock::Ambient;
use shared::disposition::{Disposition, backoff};
use shared::event;
use shared::nudge::AssignmentNudge;
use shared::queue::Queues;
use shared::store::Store;
use shared::store::settings_cache::SettingsCache;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// What the function works with; built once per process.
pub struct Assignment {
    /// The table.
    pub store: Store,
    /// SQS.
    pub queues: Queues,
    /// Accounts, at most 30 s old.
    pub settings: SettingsCache,
    /// `crm.fifo`.
    pub crm_url: String,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

impl Assignment {
    /// Handles a batch from `assignment.fifo`.
    pub async fn handle(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        batch::run(batch, time_left, context, &*self.ambient, |group| self.group(group)).await
    }

    /// The records of a group name one channel: it is drained once for all of them.
    async fn group(&self, group: Vec<SqsRecord>) -> Vec<Disposition> {
        let mut drained: HashMap<AssignmentNudge, Disposition> = HashMap::new();
        let mut dispositions = Vec::with_capacity(group.len());
        for record in &group {
            let nudge: AssignmentNudge = match event::read(&record.body) {
                Ok(nudge) => nudge,
                Err(error) => {
                    dispositions.push(error.into());
                    continue;
                }
            };
            if !drained.contains_key(&nudge) {
                let outcome = match self.drain(&nudge.account, &nudge.channel).await {
                    Ok(()) => Disposition::Done,
                    Err(error) => {
                        Disposition::Retry { after: backoff(record.receive_count()), why: error.to_string() }
                    }
                };
                drained.insert(nudge.clone(), outcome);
            }
            dispositions.push(drained[&nudge].clone());
        }
        dispositions
    }
}
