//! The sweep: what is due is found, and posted at a pace that leaves room for messages of clients.
//!
//! **Pace.** Checks go through the queue of clients' messages. By default routing handles fifty batches of ten at once, in
//! well under half a second each: more than 1,000 a second. A sweep posts at most 12,000 checks of chats that are overdue
//! and 24,000 timers, which become checks over the two minutes to come (most chats are met by two sweeps): together
//! less than half of that, and a message that comes right behind the checks of a sweep waits some seconds for them. 100,000
//! overdue chats are handled in nine sweeps.
//!
//! **Routing that is behind** is not given more: a chat stays due until its check is handled, so sweep after sweep finds the
//! same chats first, and for five minutes SQS swallows a check of the same name ([`Timer::check_id`]). So no more than
//! 12,000 checks of overdue chats come into the queue in five minutes, however many are overdue, and a chat has at most one in that time.
//!
//! **What is not a chat** has shards of its own, read first. **What nobody can handle** stays due for ever: so what has been
//! due for an hour gets no more than half of the places while others want them.
//!
//! [`Timer::check_id`]: shared::platform::nudge::Timer::check_id

use crate::{AutoClose, SweepError};
use futures::future::join_all;
use shared::base::clock::Timestamp;
use shared::store::due::{CHAT_SHARDS, DueBetween, Shard};
use shared::store::row::Item;
use std::time::Duration;

/// How far a sweep looks ahead: until the next one has surely run; the schedule is precise to a minute.
pub const AHEAD: Duration = Duration::from_secs(130);
/// Most checks of overdue chats that a sweep posts for a shard.
pub const CHECKS: usize = 750;
/// Most timers that a sweep posts for a shard.
pub const TIMERS: usize = 1_500;
/// Most nudges that a sweep posts for a shard of files: a bucket that was down left many.
const FILES: usize = 500;
/// What has been due for so long is not late by chance.
const LONG: Duration = Duration::from_secs(3600);
/// Most rows of a shard that are read at once.
const PAGE: usize = 500;
/// When so many of a page were not taken, and none was, the queue is not there: it is not one bad item.
const NOT_BY_CHANCE: usize = 10;
/// Shards that a sweep reads side by side.
const SIDE_BY_SIDE: usize = 4;
/// Kept back before the function's deadline: as long as one call may take.
const RESERVE: Duration = Duration::from_secs(12);

/// What came of a sweep.
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

/// A sweep under way.
struct Sweep<'a> {
    auto_close: &'a AutoClose,
    /// When it began.
    now: Timestamp,
    /// When it must end.
    ends_at: Timestamp,
}

impl AutoClose {
    /// Posts a check for everything that is due, and a timer for everything that will be before the next sweep, as far as the
    /// pace and the time that is left allow.
    ///
    /// # Errors
    /// The first [`SweepError`]; everything else was posted all the same, and the next sweep finds the rest.
    pub async fn sweep(&self, time_left: Duration) -> Result<(), SweepError> {
        let now = self.ambient.now();
        let sweep = Sweep { auto_close: self, now, ends_at: now + time_left.saturating_sub(RESERVE) };
        // Another shard is first each minute, so that a sweep that is cut short does not always leave out the same ones.
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

    /// All of one shard. Its failure is no other's.
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
            // Mostly that is all there is.
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

    /// Posts for what is due in a span of time, earliest first, until so many are posted. Answers how many more might have
    /// been, and where to go on.
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

    /// Posts for a page; answers for how much.
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
