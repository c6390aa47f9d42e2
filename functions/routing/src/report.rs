//! Reports a committed group: counts, one line of log, and a nudge for a freed place.

use crate::Routing;
use crate::changes::{Changes, RoutingError};
use crate::filter::Drops;
use crate::fold::Fold;
use shared::model::chat::state::{AssignmentState, ChatState};
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::store::open_chats::frees_place;
use shared::store::{StoreError, size_of};

/// A row larger than this, in bytes, cannot be stored: an item and its entries in the two local indexes, each with the
/// whole item, may be 400 KB together.
const LARGEST_MESSAGE: usize = 125_000;

/// Refuses messages that the table would refuse.
pub(crate) fn refuse_oversize(changes: &Changes) -> Result<(), StoreError> {
    for staged in changes.messages.values() {
        if size_of(&staged.after)? > LARGEST_MESSAGE {
            return Err(StoreError::Refused("larger than a row may be".into()));
        }
    }
    Ok(())
}

/// The counts of a fold, besides its changes.
pub(crate) struct FoldReport {
    duplicates: u64,
    drops: Drops,
    skipped: Vec<&'static str>,
}

impl FoldReport {
    /// The report of a fold.
    pub fn of(fold: &Fold<'_>) -> Self {
        Self { duplicates: fold.duplicates, drops: fold.drops.clone(), skipped: fold.skipped.clone() }
    }

    /// Counts and logs it.
    pub fn report(&self, changes: &Changes) {
        let stored = changes.messages.values().filter(|staged| staged.before.is_none()).count();
        let finished = changes.events.iter().filter(|event| event.finished.is_some()).count();
        telemetry::count(Metric::Stored, stored as u64);
        telemetry::count(Metric::Duplicates, self.duplicates);
        telemetry::count(Metric::Finished, finished as u64);
        telemetry::count(Metric::Merged, changes.client.as_ref().map_or(0, |client| client.merged));
        telemetry::count(Metric::AutomaticSkipped, self.skipped.len() as u64);
        let (chat, live) = (&changes.after, changes.after.state == ChatState::Live);
        self.drops.report(&chat.account, &chat.chat);
        for why in &self.skipped {
            tracing::info!(account = %chat.account, channel = %chat.channel, chat = %chat.chat, why, "a farewell or a rule's action was left out");
        }
        let (automatic, duplicates) = (changes.sends.len(), self.duplicates);
        tracing::info!(account = %chat.account, channel = %chat.channel, chat = %chat.chat, seq = chat.seq, stored, automatic, duplicates, live, "applied");
    }
}

impl Routing {
    /// Nudges assignment if an employee has one chat less while clients wait, because the employee may be eligible now
    /// (B4). If the nudge is dropped, the ring's scheduled check finds the place.
    pub(crate) async fn nudge_for_place(&self, changes: &Changes) -> Result<(), RoutingError> {
        let after = &changes.after;
        let freed = changes.before.as_ref().is_some_and(|before| frees_place(before, after));
        // A client who waits has nudged already.
        if !freed || after.assignment_state == AssignmentState::Waiting {
            return Ok(());
        }
        if self.store.clients_wait(&after.account, &after.channel).await? {
            self.nudger.assignment(&after.account, &after.channel).await?;
        }
        Ok(())
    }
}
