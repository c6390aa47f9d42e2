//! Leaving a chat alone until a moment: on the due index, with a timer where the wait is short. And telling others of it.

use crate::{Delivery, DeliveryError, Work};
use shared::base::clock::Timestamp;
use shared::model::account::Account;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::platform::nudge::{self, DeliveryNudge, Timer};
use shared::platform::queue::Outgoing;
use shared::store::row::Write;
use std::time::Duration;

/// Waits up to this long get a timer of their own; longer ones are found by the minute's sweep alone.
const TIMER_UP_TO: Duration = Duration::from_secs(90);

impl Delivery {
    /// Leaves the chat alone until then; for good when nothing is left. Says whether that could be written: not when
    /// something was queued meanwhile.
    pub(crate) async fn rest(&self, work: &Work, until: Option<Timestamp>) -> Result<bool, DeliveryError> {
        let now = self.ambient.now();
        let mut after = work.chat.clone();
        after.outbound_at = until;
        after.watch(&work.closing(), now);
        let write = Write::change(&work.chat, &after, &["last_seq", "outbound_at", "check_at"])?;
        // As it stands already: whoever wrote it has set the timer.
        if write.is_none() {
            return Ok(true);
        }
        match self.store.commit(write.into_iter().collect()).await {
            Ok(()) => {}
            Err(error) if error.is_conflict() => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        if let Some(until) = until.filter(|until| until.since(now) <= TIMER_UP_TO) {
            let timer = Timer::new(after.account.clone(), after.chat.clone(), until);
            // A whole second later: a check that comes early finds nothing to do.
            let wait = Duration::from_secs(until.since(now).as_secs() + 1);
            self.queues.send(&self.timers_url, vec![Outgoing::standard(&timer)?.after(wait)]).await?;
        }
        Ok(true)
    }

    /// Has the chat looked at by another run.
    pub(crate) async fn again(&self, nudge: &DeliveryNudge) -> Result<(), DeliveryError> {
        let outgoing = Outgoing::delivery(nudge, &*self.ambient)?;
        Ok(self.queues.send(&self.outbound_url, vec![outgoing]).await?)
    }

    /// Nudges the CRM where the chat's state asks for it.
    pub(crate) async fn tell(&self, chat: &Chat, owner: &Account) -> Result<(), DeliveryError> {
        if let Some(nudge) = nudge::nudges(chat, owner.crm_kind, self.ambient.now()).crm {
            let workers = owner.crm_kind.capabilities().workers;
            let outgoing = Outgoing::crm(&nudge, workers, &*self.ambient)?;
            self.queues.send(&self.crm_url, vec![outgoing]).await?;
        }
        Ok(())
    }
}

impl Work {
    /// How the chat ends.
    pub(crate) fn closing(&self) -> Closing {
        Closing::of(&self.owner, self.channel.as_ref())
    }
}
