//! The providers' rates, shared by all workers: calls are reserved in the table, a block at a time, so that a busy
//! worker does not write for every call.

use shared::base::clock::Timestamp;
use shared::base::ids::AccountId;
use shared::model::chat::Chat;
use shared::model::connection::Connection;
use shared::providers::provider::{Rate, RateScope};
use shared::store::{Store, StoreError, keys};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Calls reserved at once from a large limit.
const BLOCK: u64 = 20;
/// A limit of fewer calls is counted one by one, because a block would be most of it.
const FEW: u64 = 100;
/// The part of a larger limit that is used. The provider's windows do not begin with ours, so one of them may contain
/// two halves of ours; and other calls, such as those from the settings, need room too.
const SHARE: (u64, u64) = (2, 5);
/// Counters are of no use after their window; the table deletes them some time later.
const KEPT: Duration = Duration::from_secs(3600);
/// The most limits that are remembered. A full map is cleared, which costs a block for each limit.
const MOST: usize = 10_000;

/// The identity of one counter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Counted {
    account: AccountId,
    /// The name in the counter's key.
    name: String,
}

impl Counted {
    /// The counter for a message into this chat; `None` if the rate does not apply to such chats.
    pub fn by(scope: RateScope, connection: &Connection, chat: &Chat) -> Option<Self> {
        let connection_id = &connection.connection;
        let name = match scope {
            RateScope::Connection => format!("send-{connection_id}"),
            RateScope::Channel => format!("send-{connection_id}-{}", chat.channel),
            RateScope::Chat if !chat.group => format!("send-chat-{}", chat.chat),
            RateScope::Group if chat.group => format!("send-chat-{}", chat.chat),
            RateScope::Chat | RateScope::Group => return None,
        };
        Some(Self { account: connection.account.clone(), name })
    }
}

/// Reserved calls that are not used yet.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<Counted, Block>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    window: i64,
    left: u64,
}

impl Rates {
    /// Takes one call from a limit. If the limit is used up, returns when to retry.
    ///
    /// # Errors
    /// The table's errors.
    pub async fn take(
        &self,
        store: &Store,
        of: Counted,
        rate: &Rate,
        now: Timestamp,
    ) -> Result<Result<(), Timestamp>, StoreError> {
        let (window, ends) = window_of(rate.per, now);
        let (block, most) = sizes(u64::from(rate.calls));
        if self.take_reserved(&of, window) {
            return Ok(Ok(()));
        }
        let key = keys::rate(&of.account, &of.name, window);
        let total = store.count(&key, block, (now + KEPT).seconds()).await?;
        if total > most {
            return Ok(Err(ends));
        }
        self.reserve(of, window, block);
        Ok(Ok(()))
    }

    fn take_reserved(&self, of: &Counted, window: i64) -> bool {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match blocks.get_mut(of) {
            Some(block) if block.window == window && block.left > 0 => {
                block.left -= 1;
                true
            }
            _ => false,
        }
    }

    /// Reserves a block and uses one call of it at once. The rest of an earlier block is added and not dropped.
    fn reserve(&self, of: Counted, window: i64, block: u64) {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.len() >= MOST {
            blocks.clear();
        }
        let left = blocks.get(&of).filter(|known| known.window == window).map_or(0, |known| known.left);
        blocks.insert(of, Block { window, left: left + block - 1 });
    }
}

/// How many calls are reserved at once, and how many of a limit are used.
fn sizes(calls: u64) -> (u64, u64) {
    if calls < FEW { (1, calls) } else { (BLOCK, calls * SHARE.0 / SHARE.1) }
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

    fn of() -> Counted {
        Counted { account: AccountId::new("a"), name: "send-c".into() }
    }

    #[test]
    fn e5_a_small_limit_is_counted_one_by_one_and_a_large_one_in_blocks() {
        assert_eq!(sizes(1), (1, 1));
        assert_eq!(sizes(30), (1, 30));
        assert_eq!(sizes(500), (20, 200));
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
        rates.reserve(of(), 7, BLOCK);
        let taken = (0..100).filter(|_| rates.take_reserved(&of(), 7)).count();
        assert_eq!(taken as u64, BLOCK - 1, "one was used by the reservation");
        rates.reserve(of(), 7, BLOCK);
        assert!(!rates.take_reserved(&of(), 8), "the next window has its own");
        assert!(!rates.take_reserved(&Counted { account: AccountId::new("b"), ..of() }, 7));
    }
}
