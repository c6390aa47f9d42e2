//! Time and randomness as inputs: the one place that reads the machine's clock and its random source.

use rand::Rng;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;
use uuid::Uuid;

/// A moment in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, as DynamoDB's TTL expects them.
    pub const fn seconds(self) -> i64 {
        self.0 / 1000
    }

    /// RFC 3339 in UTC with milliseconds, `2026-11-21T09:10:00.000Z`.
    pub fn rfc3339(self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        format!("{at:.3}")
    }

    /// Parses RFC 3339; an offset is honoured. `None` if the text is no such moment.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_millisecond()))
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// The source of time and ids. Functions take it as an input, so that tests and simulations control both.
pub trait Ambient: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Fills a buffer with random bytes fit for secrets.
    fn fill(&self, bytes: &mut [u8]);

    /// A fresh UUID v7, which sorts by its time.
    fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let ms = u64::try_from(self.now().millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }

    /// Ends after `span`.
    fn pause(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(span))
    }

    /// A random part of `span`, so that retries are spread out.
    fn jitter(&self, span: Duration) -> Duration {
        let mut random = [0; 4];
        self.fill(&mut random);
        span.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))
    }
}

/// The machine's own clock and random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine;

impl Ambient for Machine {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }

    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// A clock that moves only when it is advanced, with a counter for randomness: for tests and simulations.
#[derive(Debug)]
pub struct Manual(Mutex<(Timestamp, u64)>);

impl Manual {
    /// Starts at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new((now, 0)))
    }

    /// Moves the clock on.
    pub fn advance(&self, span: Duration) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.0 = state.0 + span;
    }
}

impl Ambient for Manual {
    /// Advances the clock instead of waiting.
    fn pause(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.advance(span);
        Box::pin(std::future::ready(()))
    }

    fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            state.1 += 1;
            // splitmix64: well spread and the same in every run.
            let mut word = state.1.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_round_trips_with_milliseconds() {
        let at = Timestamp::parse_rfc3339("2025-05-06T17:16:00.002+03:00").unwrap();
        assert_eq!(at.rfc3339(), "2025-05-06T14:16:00.002Z");
        assert_eq!(Timestamp::parse_rfc3339(&at.rfc3339()), Some(at));
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }

    #[test]
    fn uuids_sort_by_time() {
        let manual = Manual::new(Timestamp::from_millis(1_000_000));
        let first = manual.uuid();
        manual.advance(Duration::from_millis(1));
        assert!(first < manual.uuid());
    }
}
