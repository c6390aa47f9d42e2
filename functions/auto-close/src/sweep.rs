//! The sweep: finds due items and posts them at a pace that leaves room for clients' messages.
//!
//! **Pace.** Checks go through the queue of clients' messages. By default routing handles fifty batches of ten at once,
//! in well under half a second each: more than 1,000 a second. A sweep posts at most 12,000 checks of overdue chats and
//! 24,000 timers, which become checks over the next two minutes (two sweeps find most chats): together less than half
//! of that, and a message right behind the checks of a sweep waits some seconds for them. 100,000 overdue chats are
//! handled in nine sweeps.
//!
//! **Routing that is behind** gets no more checks: a chat stays due until its check is handled, so every sweep finds
//! the same chats first, and for five minutes SQS drops a check with the same deduplication id ([`Timer::check_id`]).
//! So no more than 12,000 checks of overdue chats enter the queue in five minutes, however many are overdue, and a chat
//! has at most one in that time.
//!
//! **Items other than chats** have shards of their own, read first. **Items that always fail** stay due for ever: so
//! items that have been due for an hour get at most half of the places while others need them.
//!
//! [`Timer::check_id`]: shared::platform::nudge::Timer::check_id

use crate::{AutoClose, SweepError};
use futures::future::join_all;
use shared::base::clock::Timestamp;
use shared::store::due::{CHAT_SHARDS, DueBetween, Shard};
use shared::store::row::Item;
use std::time::Duration;

/// How far ahead a sweep reads: until the next one has surely run, because the schedule is precise to a minute.
pub const AHEAD: Duration = Duration::from_secs(130);
/// The most checks of overdue chats that a sweep posts for a shard.
pub const CHECKS: usize = 750;
/// The most timers that a sweep posts for a shard.
pub const TIMERS: usize = 1_500;
/// The most nudges that a sweep posts for a shard of files, because an outage of the bucket leaves many.
const FILES: usize = 500;
/// An item that has been due for this long is not late by chance.
const LONG: Duration = Duration::from_secs(3600);
/// The most rows of a shard that are read at once.
const PAGE: usize = 500;
/// If this many messages of a page failed and none was accepted, the queue is unavailable and not a single item bad.
const NOT_BY_CHANCE: usize = 10;
/// How many shards a sweep reads at once.
const SIDE_BY_SIDE: usize = 4;
/// Time reserved before the function's deadline: as long as one call may take.
const RESERVE: Duration = Duration::from_secs(12);

/// The result of a sweep.
#[derive(Debug, Default)]
struct Tally {
    posted: usize,
    untaken: usize,
    unknown: usize,
    error: Option<SweepError>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.posted += other.posted;
        self.untaken += other.untaken;
        self.unknown += other.unknown;
        self.error = self.error.take().or(other.error);
    }
}

/// A sweep in progress.
struct Sweep<'a> {
    auto_close: &'a AutoClose,
    /// When it began.
    now: Timestamp,
    /// When it must end.
    ends_at: Timestamp,
}

impl AutoClose {
    /// Posts a check for every due item, and a timer for every item that will be due before the next sweep, as far as
    /// the pace and the remaining time allow.
    ///
    /// # Errors
    /// The first [`SweepError`]; all other items were posted all the same, and the next sweep finds the failed ones.
    pub async fn sweep(&self, time_left: Duration) -> Result<(), SweepError> {
        let now = self.ambient.now();
        let sweep = Sweep { auto_close: self, now, ends_at: now + time_left.saturating_sub(RESERVE) };
        // The first shard changes each minute, so that a sweep that runs out of time does not always skip the same
        // ones.
        let minute = u8::try_from(now.seconds() / 60 % i64::from(CHAT_SHARDS)).unwrap_or(0);
        let chats = (0..CHAT_SHARDS).map(|shard| Shard::Chats((shard + minute) % CHAT_SHARDS));
        let shards: Vec<Shard> = Shard::of_work().chain(Shard::of_files()).chain(chats).collect();
        let mut tally = Tally::default();
        for shards in shards.chunks(SIDE_BY_SIDE) {
            if sweep.is_over() {
                tracing::warn!("the sweep ran out of time; the next one goes on");
                break;
            }
            for swept in join_all(shards.iter().map(|shard| sweep.shard(*shard))).await {
                tally.add(swept);
            }
        }
        let Tally { posted, untaken, unknown, error } = tally;
        if unknown > 0 {
            tracing::error!(unknown, "entries of the due index that this version cannot read");
        }
        if posted + untaken > 0 {
            tracing::info!(posted, untaken, "swept");
        }
        error.map_or(Ok(()), Err)
    }
}

impl Sweep<'_> {
    fn is_over(&self) -> bool {
        self.auto_close.ambient.now() >= self.ends_at
    }

    /// Handles one shard. Its failure does not affect the others.
    async fn shard(&self, shard: Shard) -> Tally {
        let mut tally = Tally::default();
        let done = match shard {
            Shard::Chats(_) => self.chats(shard, &mut tally).await,
            Shard::Files(_) => self.overdue(shard, FILES, &mut tally).await,
            Shard::Work(_) => self.overdue(shard, usize::MAX, &mut tally).await,
        };
        if let Err(error) = done {
            tracing::warn!(shard = shard.name(), error = %error, "a shard was not swept to its end");
            tally.error = Some(error);
        }
        tally
    }

    async fn overdue(&self, shard: Shard, most: usize, tally: &mut Tally) -> Result<(), SweepError> {
        self.span(shard, DueBetween::until(self.now), most, None, tally).await.map(|_| ())
    }

    async fn chats(&self, shard: Shard, tally: &mut Tally) -> Result<(), SweepError> {
        let (now, until) = (self.now, self.now + AHEAD);
        let store = &self.auto_close.store;
        let all = store.due(shard, DueBetween::until(until), PAGE, None).await?;
        if all.next.is_none() {
            // Usually the page holds all due items.
            tally.unknown += all.unknown;
            return self.post(all.items, tally).await.map(|_| ());
        }
        let long_ago = Timestamp::from_millis(now.millis() - i64::try_from(LONG.as_millis()).unwrap_or(0));
        let next = |at: Timestamp| at + Duration::from_millis(1);
        let (long, late) = (DueBetween::until(long_ago), DueBetween { from: next(long_ago), until: now });
        let (spared, rest) = self.span(shard, long, CHECKS / 2, None, tally).await?;
        let (spared, _) = self.span(shard, late, CHECKS - CHECKS / 2 + spared, None, tally).await?;
        if rest.is_some() {
            self.span(shard, long, spared, rest, tally).await?;
        }
        let soon = DueBetween { from: next(now), until };
        self.span(shard, soon, TIMERS, None, tally).await.map(|_| ())
    }

    /// Posts messages for items due in a span of time, earliest first, up to a limit. Returns how many more might have
    /// been posted, and where to continue.
    async fn span(
        &self,
        shard: Shard,
        between: DueBetween,
        most: usize,
        from: Option<Item>,
        tally: &mut Tally,
    ) -> Result<(usize, Option<Item>), SweepError> {
        let (mut left, mut from) = (most, from);
        while left > 0 && !self.is_over() {
            let page = self.auto_close.store.due(shard, between, left.min(PAGE), from).await?;
            tally.unknown += page.unknown;
            left = left.saturating_sub(self.post(page.items, tally).await?);
            from = page.next;
            if from.is_none() {
                return Ok((left, None));
            }
        }
        Ok((left, from))
    }

    /// Posts a page; returns how many messages were accepted.
    async fn post(
        &self,
        due: Vec<(shared::store::keys::Due, Timestamp)>,
        tally: &mut Tally,
    ) -> Result<usize, SweepError> {
        let posted = self.auto_close.post(due).await;
        tally.posted += posted.taken;
        tally.untaken += posted.untaken;
        match posted.error {
            Some(error) if posted.taken == 0 && posted.untaken >= NOT_BY_CHANCE => Err(error.into()),
            Some(error) => {
                tally.error = tally.error.take().or(Some(error.into()));
                Ok(posted.taken)
            }
            None => Ok(posted.taken),
        }
    }
}
