//! Limits the requests of a key or of an employee's token: 500 in each five seconds, over `/v1` and `/v3` together.
//!
//! A process counts its own requests, and from the 25th in a window on adds them to the table, 25 at a time; the table
//! returns the count of all processes. So most callers cost no write, a single process is exact, and each further
//! process lets at most 24 more requests pass. Windows are fixed: they begin at multiples of five seconds.

use shared::base::clock::Timestamp;
use shared::base::ids::AccountId;
use shared::store::{Store, keys};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Most requests in a window.
pub const LIMIT: u64 = 500;
/// Length of a window in milliseconds.
pub const WINDOW_MS: i64 = 5_000;
/// How many requests are added to the table at once.
const BLOCK: u64 = 25;
/// How long the table keeps a window's count after its end, in seconds.
const KEPT_S: i64 = 60;
/// Most callers kept in memory; callers of past windows are dropped when there are more.
const MOST: usize = 10_000;

/// A caller's requests in a window, as this process knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Window {
    number: i64,
    /// Requests of all processes, including this one's that were reported.
    known: u64,
    /// Requests of this process that are not reported yet.
    untold: u64,
}

/// The decision on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RateDecision {
    Pass,
    /// Passes if the table's count allows it: a block of requests is to be reported.
    Tell,
    Refuse,
}

impl Window {
    /// Counts one request. A refused request is not counted.
    fn take(&mut self, number: i64) -> RateDecision {
        if self.number != number {
            *self = Self { number, ..Self::default() };
        }
        if self.known + self.untold >= LIMIT {
            return RateDecision::Refuse;
        }
        self.untold += 1;
        if self.untold < BLOCK {
            return RateDecision::Pass;
        }
        self.known += BLOCK;
        self.untold = 0;
        RateDecision::Tell
    }

    /// Merges the count that all processes reported.
    fn learn(&mut self, number: i64, total: u64) {
        if self.number == number {
            self.known = self.known.max(total);
        }
    }
}

/// The counts of this process.
#[derive(Debug, Default)]
pub struct RateLimit(Mutex<HashMap<String, Window>>);

impl RateLimit {
    /// Lets a request of `who` (unique in the account; no `#` in it) pass, or returns the seconds until the next one
    /// may pass. When the table cannot count, every request passes.
    ///
    /// # Errors
    /// The seconds until the window's end, at least one.
    pub async fn admit(
        &self,
        store: &Store,
        account: &AccountId,
        who: &str,
        now: Timestamp,
    ) -> Result<(), u64> {
        let number = now.millis().div_euclid(WINDOW_MS);
        let name = format!("{account}#{who}");
        match self.with(number, |windows| windows.entry(name.clone()).or_default().take(number)) {
            RateDecision::Pass => return Ok(()),
            RateDecision::Refuse => return Err(rest_of(now)),
            RateDecision::Tell => {}
        }
        let gone = (number + 1) * WINDOW_MS / 1000 + KEPT_S;
        match store.count(&keys::rate(account, who, number), BLOCK, gone).await {
            Ok(total) => {
                self.with(number, |windows| windows.entry(name).or_default().learn(number, total));
                if total > LIMIT { Err(rest_of(now)) } else { Ok(()) }
            }
            Err(error) => {
                tracing::warn!(error = %error, "requests are not counted");
                Ok(())
            }
        }
    }

    fn with<T>(&self, number: i64, change: impl FnOnce(&mut HashMap<String, Window>) -> T) -> T {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MOST {
            windows.retain(|_, window| window.number == number);
        }
        change(&mut windows)
    }
}

/// Seconds until the window of `now` is over, rounded up.
fn rest_of(now: Timestamp) -> u64 {
    let rest = WINDOW_MS - now.millis().rem_euclid(WINDOW_MS);
    u64::try_from((rest + 999) / 1000).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_is_exact() {
        let mut window = Window::default();
        let mut told = 0;
        for request in 1..=LIMIT {
            match window.take(7) {
                RateDecision::Pass => {}
                RateDecision::Tell => {
                    told += BLOCK;
                    window.learn(7, told);
                    assert_eq!(request % BLOCK, 0);
                }
                RateDecision::Refuse => panic!("the {request}th is refused"),
            }
        }
        assert_eq!((window.take(7), window.take(7)), (RateDecision::Refuse, RateDecision::Refuse));
        assert_eq!(window.take(8), RateDecision::Pass, "the next window");
    }

    #[test]
    fn what_others_told_counts_and_nothing_is_told_twice() {
        let mut window = Window::default();
        for _ in 1..BLOCK {
            assert_eq!(window.take(1), RateDecision::Pass);
        }
        assert_eq!(window.take(1), RateDecision::Tell);
        window.learn(1, 480);
        window.learn(1, 470);
        window.learn(0, 9999);
        let passed = (0..BLOCK).take_while(|_| window.take(1) != RateDecision::Refuse).count();
        assert_eq!(passed, 20, "480 were known");
    }

    #[test]
    fn the_window_ends_at_a_multiple_of_five_seconds() {
        for (ms, rest) in [(0, 5), (1, 5), (4_000, 1), (4_001, 1), (4_999, 1), (5_000, 5)] {
            assert_eq!(rest_of(Timestamp::from_millis(ms)), rest, "{ms}");
        }
    }
}
