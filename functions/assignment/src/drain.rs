//! One channel's waiting clients, a few dozen at a time, until nobody waits or nobody is eligible.

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

/// Clients in one round: more would seldom have room in one transaction.
const AT_ONCE: i32 = 20;
/// Races that may be lost in a row before the queue takes over.
const ATTEMPTS: u32 = 5;
/// Most rounds of one look at all who wait in vain: behind the first of them may stand one whose own employee is there.
const MOST_PAGES: u32 = 50;

/// Why a drain stopped early.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The account is not there (yet).
    #[error("the account is not there")]
    NoAccount,
}

/// How far a drain has come.
#[derive(Default)]
struct Progress {
    /// Races lost in a row.
    lost: u32,
    /// Rounds that looked at one client alone after that, and left him waiting in vain.
    alone: u32,
    /// Rounds in a row whose reads saw a transaction in part.
    torn: u32,
    /// Whether who waits in vain was looked at once more.
    looked_again: bool,
    /// All are looked at, although the first of them wait in vain.
    pages: u32,
    /// The last one who was.
    behind: Option<WaitingClient>,
}

impl Assignment {
    /// Gives out all waiting clients of a channel.
    pub(crate) async fn drain(&self, account: &AccountId, channel: &ChannelId) -> Result<(), DrainError> {
        let owner = self.settings.owner(&self.store, account, self.ambient.now()).await?;
        let owner = owner.ok_or(DrainError::NoAccount)?;
        let mut progress = Progress::default();
        loop {
            // After a lost race the first client goes alone, so that one contended chat holds up no other.
            let limit = if progress.lost > 0 { 1 } else { AT_ONCE };
            let view = self.view(account, channel, progress.behind.as_ref(), limit).await?;
            if view.waiting.is_empty() {
                let nobody_waits = progress.behind.is_none();
                return if nobody_waits { self.rest(&owner, view.ring).await } else { Ok(()) };
            }
            // From the table, not from memory: who switches the distribution wants the next client to go by it.
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
            // Whoever was passed over for want of that place may have it now.
            progress.behind = None;
            return Ok(false);
        }
        if was_lost && view.more && progress.alone < ATTEMPTS {
            // Only the first of them was looked at.
            progress.alone += 1;
            return Ok(false);
        }
        // A place that became free since it was counted is nobody's news: whoever freed it saw nobody waiting in vain.
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

    /// Nobody waits: the due index lets go of the channel.
    async fn rest(&self, owner: &Account, ring: Option<Ring>) -> Result<(), DrainError> {
        let waited = |ring: &Ring| ring.check_at.is_some() || ring.left > 0;
        let Some(before) = ring.filter(waited) else { return Ok(()) };
        // Whoever decides at the same time decides again.
        let rounds = before.rounds + 1;
        let after = Ring { check_at: None, left: 0, oldest: None, rounds, ..before.clone() };
        let write = Write::change(
            &before,
            &after,
            &[attribute::ring::ROUNDS, attribute::ring::TURNS, attribute::ring::CHECK_AT],
        )?;
        match self.store.commit(write.into_iter().collect()).await {
            // Somebody is at it: it is looked at again.
            Err(error) if error.is_conflict() => Ok(()),
            Err(error) => Err(error.into()),
            // Nobody waited in vain who had to be told of: a channel that was switched off.
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

    /// The heads learn from their CRM how many wait in vain, and since when.
    fn for_heads(&self, owner: &Account, ring: &Ring) -> Result<Option<Outgoing>, QueueError> {
        if owner.crm_kind == CrmKind::None {
            return Ok(None);
        }
        self.nudger.for_heads(&ring.account, &ring.channel).map(Some)
    }

    /// What was committed is not found waiting again, so its nudge is tried harder than others.
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
