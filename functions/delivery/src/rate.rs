//! The provider's rate, kept by all workers of a connection together: calls are reserved in the table, a block at a time,
//! so that a busy worker does not write for every call.

use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ConnectionId};
use shared::store::{Store, StoreError, keys};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Calls that are reserved at once.
const BLOCK: u64 = 20;
/// Of a provider's limit, this part is used: his windows do not begin with ours, so one of his may hold two halves of ours;
/// and other calls, as from the settings, want room too.
const SHARE: (u64, u64) = (2, 5);
/// Counters are of no use after their window; the table lets them go some time later.
const KEPT: Duration = Duration::from_secs(3600);
/// Most connections that are remembered; they are forgotten all at once, which costs a block each.
const MOST: usize = 10_000;

/// What is reserved and not used yet.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<(AccountId, ConnectionId), Block>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    window: i64,
    left: u64,
}

impl Rates {
    /// Takes a call out of the limit, `calls` in `span`. Answers when to come again where it is used up.
    ///
    /// # Errors
    /// The table's.
    pub async fn take(
        &self,
        store: &Store,
        (account, connection): (&AccountId, &ConnectionId),
        (calls, span): (u64, Duration),
        now: Timestamp,
    ) -> Result<Result<(), Timestamp>, StoreError> {
        let (window, ends) = window_of(span, now);
        let of = (account.clone(), connection.clone());
        if self.take_reserved(&of, window) {
            return Ok(Ok(()));
        }
        let key = keys::rate(account, &format!("send-{connection}"), window);
        let total = store.count(&key, BLOCK, (now + KEPT).seconds()).await?;
        if total > calls * SHARE.0 / SHARE.1 {
            return Ok(Err(ends));
        }
        self.reserve(of, window);
        Ok(Ok(()))
    }

    fn take_reserved(&self, of: &(AccountId, ConnectionId), window: i64) -> bool {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match blocks.get_mut(of) {
            Some(block) if block.window == window && block.left > 0 => {
                block.left -= 1;
                true
            }
            _ => false,
        }
    }

    /// A block is reserved, and one call of it is used at once. What was left of another one is added, not lost.
    fn reserve(&self, of: (AccountId, ConnectionId), window: i64) {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.len() >= MOST {
            blocks.clear();
        }
        let left = blocks.get(&of).filter(|known| known.window == window).map_or(0, |known| known.left);
        blocks.insert(of, Block { window, left: left + BLOCK - 1 });
    }
}

/// The window's number and its end.
fn window_of(span: Duration, now: Timestamp) -> (i64, Timestamp) {
    let length = i64::try_from(span.as_millis()).unwrap_or(i64::MAX).max(1);
    let window = now.millis().div_euclid(length);
    (window, Timestamp::from_millis((window + 1).saturating_mul(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Duration = Duration::from_secs(5);

    fn of() -> (AccountId, ConnectionId) {
        (AccountId::new("a"), ConnectionId::new("c"))
    }

    #[test]
    fn a_window_ends_where_the_next_one_begins() {
        let (first, ends) = window_of(FIVE, Timestamp::from_millis(9_999));
        assert_eq!(ends.millis(), 10_000);
        assert_eq!(window_of(FIVE, ends).0, first + 1);
    }

    #[test]
    fn a_block_is_good_for_its_calls_and_its_window() {
        let rates = Rates::default();
        assert!(!rates.take_reserved(&of(), 7));
        rates.reserve(of(), 7);
        let taken = (0..100).filter(|_| rates.take_reserved(&of(), 7)).count();
        assert_eq!(taken as u64, BLOCK - 1, "one was used by the reservation");
        rates.reserve(of(), 7);
        assert!(!rates.take_reserved(&of(), 8), "the next window has its own");
        assert!(!rates.take_reserved(&(AccountId::new("b"), ConnectionId::new("c")), 7));
    }
}
