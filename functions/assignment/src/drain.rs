//! Drains one channel: assigns its waiting clients, a few dozen at a time, until the queue is empty or no employee is
//! eligible.

use crate::Assignment;
use crate::round::Round;
use crate::view::View;
use shared::base::ids::{AccountId, ChannelId};
use shared::model::account::Account;
use shared::model::assignment::{Ring, WaitingClient};
use shared::model::crm::CrmKind;
use shared::platform::metrics::Metric;
use shared::platform::queue::{Outgoing, QueueError};
use shared::platform::telemetry;
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::{Read, StoreError};
use std::time::Duration;

/// The most clients in one round, because one transaction seldom has room for more.
const AT_ONCE: i32 = 20;
/// The most conflicts in a row before the queue retries instead.
const ATTEMPTS: u32 = 5;
/// The most rounds in which one drain reads the clients who wait in vain. It reads on because behind the first of them
/// another client's own employee may be available.
const MOST_PAGES: u32 = 50;

/// The reason why a drain stopped early.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The account is not readable yet.
    #[error("the account is not there")]
    NoAccount,
}

/// The progress of one drain.
#[derive(Default)]
struct Progress {
    /// Conflicts in a row.
    lost: u32,
    /// Rounds after a conflict that read one client alone and left the client waiting in vain.
    alone: u32,
    /// Rounds in a row whose reads saw only a part of a transaction.
    torn: u32,
    /// Whether the clients who wait in vain were checked a second time.
    looked_again: bool,
    /// Further pages that were read although the first clients wait in vain.
    pages: u32,
    /// The last client of the page read before.
    behind: Option<WaitingClient>,
}

impl Assignment {
    /// Assigns all waiting clients of a channel.
    pub(crate) async fn drain(&self, account: &AccountId, channel: &ChannelId) -> Result<(), DrainError> {
        let owner = self.settings.owner(&self.store, account, self.ambient.now()).await?;
        let owner = owner.ok_or(DrainError::NoAccount)?;
        let mut progress = Progress::default();
        loop {
            // After a conflict the first client is decided alone, so that one contended chat blocks no other.
            let limit = if progress.lost > 0 { 1 } else { AT_ONCE };
            let view = self.view(account, channel, progress.behind.as_ref(), limit).await?;
            if view.waiting.is_empty() {
                let nobody_waits = progress.behind.is_none();
                return if nobody_waits { self.rest(&owner, view.ring).await } else { Ok(()) };
            }
            // Read from the table and not from the cache, because a change of the distribution applies to the next
            // client.
            let Some(row) = self.store.channel(account, channel, Read::Consistent).await? else {
                return Ok(());
            };
            let mut round = self.decide(&owner, &row, &view, progress.lost > 0).await?;
            match self.store.commit(std::mem::take(&mut round.writes)).await {
                Ok(()) => {}
                Err(error) if error.is_conflict() && progress.lost < ATTEMPTS => {
                    progress.lost += 1;
                    self.pause(50, progress.lost).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            self.tell(&owner, &round).await?;
            if self.is_done(&view, &round, &mut progress).await? {
                return Ok(());
            }
        }
    }

    /// Whether nothing is left to do after a round.
    async fn is_done(&self, view: &View, round: &Round, progress: &mut Progress) -> Result<bool, DrainError> {
        let was_lost = std::mem::take(&mut progress.lost) > 0;
        if round.torn > 0 {
            progress.torn += 1;
            if progress.torn > ATTEMPTS {
                return Err(StoreError::Busy("a waiting client's chat is not to be read".into()).into());
            }
            self.pause(50, progress.torn).await;
            return Ok(false);
        }
        progress.torn = 0;
        if round.put_off > 0 {
            return Ok(false);
        }
        if round.left.is_empty() && !(round.freed && progress.behind.is_some()) {
            return Ok(!view.more);
        }
        if round.freed {
            // A client skipped for lack of that place may get it now.
            progress.behind = None;
            return Ok(false);
        }
        if was_lost && view.more && progress.alone < ATTEMPTS {
            // Only the first client of the queue was checked.
            progress.alone += 1;
            return Ok(false);
        }
        // Check once more: a place that became free after it was counted sent no nudge, because the ring then showed no
        // client waiting in vain.
        if !round.paused && !progress.looked_again && (round.ring.0.left == 0 || was_lost) {
            progress.looked_again = true;
            return Ok(false);
        }
        let (account, channel, waiting) = (&round.ring.1.account, &round.ring.1.channel, round.ring.1.left);
        if round.paused {
            return Ok(true);
        }
        if progress.pages == 0 {
            telemetry::count(Metric::WaitingClients, u64::from(waiting));
            tracing::warn!(account = %account, channel = %channel, waiting, "nobody is eligible");
        }
        if view.more && (round.was_due || progress.pages > 0) && progress.pages < MOST_PAGES {
            progress.pages += 1;
            progress.behind = view.waiting.last().cloned();
            return Ok(false);
        }
        Ok(true)
    }

    async fn pause(&self, milliseconds: u64, attempt: u32) {
        tokio::time::sleep(self.ambient.jitter(Duration::from_millis(milliseconds << attempt))).await;
    }

    /// Takes the channel off the due index, because no client waits.
    async fn rest(&self, owner: &Account, ring: Option<Ring>) -> Result<(), DrainError> {
        let waited = |ring: &Ring| ring.check_at.is_some() || ring.left > 0;
        let Some(before) = ring.filter(waited) else { return Ok(()) };
        // A round that decides at the same time conflicts with this write and decides again.
        let rounds = before.rounds + 1;
        let after = Ring { check_at: None, left: 0, oldest: None, rounds, ..before.clone() };
        let write = Write::change(
            &before,
            &after,
            &[attribute::ring::ROUNDS, attribute::ring::TURNS, attribute::ring::CHECK_AT],
        )?;
        match self.store.commit(write.into_iter().collect()).await {
            // Another worker changed the ring and checks it again.
            Err(error) if error.is_conflict() => Ok(()),
            Err(error) => Err(error.into()),
            // No client waited in vain, so the heads need no notice: for example a channel that was switched off.
            Ok(()) if before.left == 0 => Ok(()),
            Ok(()) => Ok(self.send(self.for_heads(owner, &after)?.into_iter().collect()).await?),
        }
    }

    async fn tell(&self, owner: &Account, round: &Round) -> Result<(), QueueError> {
        telemetry::count(Metric::Assigned, round.given.len() as u64);
        let mut outgoing = Vec::new();
        for chat in &round.given {
            tracing::info!(account = %chat.account, channel = %chat.channel, chat = %chat.chat, "assigned");
            outgoing.extend(self.nudger.for_crm(chat, owner.crm_kind)?);
        }
        if round.heads_want_to_know() {
            outgoing.extend(self.for_heads(owner, &round.ring.1)?);
        }
        self.send(outgoing).await
    }

    /// A nudge that lets the CRM notify the heads how many clients wait in vain, and since when.
    fn for_heads(&self, owner: &Account, ring: &Ring) -> Result<Option<Outgoing>, QueueError> {
        if owner.crm_kind == CrmKind::None {
            return Ok(None);
        }
        self.nudger.for_heads(&ring.account, &ring.channel).map(Some)
    }

    /// Retries these nudges harder than others, because a committed assignment is not found in the queue again.
    async fn send(&self, outgoing: Vec<Outgoing>) -> Result<(), QueueError> {
        if outgoing.is_empty() {
            return Ok(());
        }
        let mut sent = self.nudger.send_crm(outgoing.clone()).await;
        for attempt in 0..ATTEMPTS {
            if sent.is_ok() {
                break;
            }
            self.pause(100, attempt).await;
            sent = self.nudger.send_crm(outgoing.clone()).await;
        }
        sent
    }
}
