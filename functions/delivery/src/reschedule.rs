//! Postpones a chat until a moment: on the due index, with a timer if the wait is short.

use crate::{ChatWork, Delivery, DeliveryError};
use shared::base::clock::Timestamp;
use shared::model::chat::closing::Closing;
use shared::store::attribute;
use shared::store::{ChatTransaction, DecidedOn};
use std::time::Duration;

/// Waits up to this long get a timer of their own; the minute's sweep alone finds longer ones.
const TIMER_UP_TO: Duration = Duration::from_secs(90);

impl Delivery {
    /// Postpones the chat until a moment, or takes it off the schedule if no job is left. Returns whether that was
    /// written: it is not if a job was queued meanwhile.
    pub(crate) async fn reschedule(
        &self,
        work: &ChatWork,
        until: Option<Timestamp>,
    ) -> Result<bool, DeliveryError> {
        let now = self.ambient.now();
        let closing = work.closing();
        let mut change = ChatTransaction::of(work.chat.clone(), &closing, work.owner.crm_kind)
            .decided_on(DecidedOn::These(&[
                attribute::chat::LAST_SEQ,
                attribute::chat::OUTBOUND_AT,
                attribute::chat::CHECK_AT,
            ]))
            .revisited();
        change.change(|chat| chat.outbound_at = until);
        let (after, writes) = change.writes(now)?;
        // The schedule is unchanged: its writer has set the timer.
        if writes.is_empty() {
            return Ok(true);
        }
        match self.store.commit(writes).await {
            Ok(()) => {}
            Err(error) if error.is_conflict() => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        if let Some(until) = until.filter(|until| until.since(now) <= TIMER_UP_TO) {
            self.nudger.timer(&after, until).await?;
        }
        Ok(true)
    }
}

impl ChatWork {
    /// The closing settings of the chat.
    pub(crate) fn closing(&self) -> Closing {
        Closing::of(&self.owner, self.channel.as_ref())
    }
}
