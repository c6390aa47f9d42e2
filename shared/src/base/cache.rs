//! A small cache for settings that may be slightly outdated. Bounded in time and in size; nothing that decides a claim
//! or a send is read from here.

use crate::base::clock::Timestamp;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long settings are reused.
pub const SETTINGS: Duration = Duration::from_secs(30);
/// The most entries; a full cache is cleared, which costs a few reads.
const MOST: usize = 10_000;

/// Values by key, each for a limited time.
pub struct Cache<K, V> {
    stale_after: Duration,
    entries: Mutex<HashMap<K, (Timestamp, V)>>,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// A cache whose values are reused for `stale_after`.
    pub fn new(stale_after: Duration) -> Self {
        Self { stale_after, entries: Mutex::new(HashMap::new()) }
    }

    /// The value, if it is fresh.
    pub fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(at, _)| now.since(*at) < self.stale_after).map(|(_, value)| value.clone())
    }

    /// Stores a value.
    pub fn put(&self, key: K, value: V, now: Timestamp) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST {
            entries.clear();
        }
        entries.insert(key, (now, value));
    }
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_stale() {
        let cache = Cache::new(SETTINGS);
        cache.put("key", 1, Timestamp::from_millis(0));
        assert_eq!(cache.get(&"key", Timestamp::from_millis(29_999)), Some(1));
        assert_eq!(cache.get(&"key", Timestamp::from_millis(30_000)), None);
    }
}
