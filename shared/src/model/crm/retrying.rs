//! When a change that the CRM does not accept is passed: a change must not block its client for ever, and nothing may be
//! passed while the CRM fails at everything.
//!
//! Both look the same from one chat. What distinguishes them is whether the CRM accepts comparable changes of other chats
//! in between. So a change is passed only if the CRM works now (it accepted one since the previous attempt), and either
//! says for good that it refuses the change, or has failed at it for [`TRIED_FOR`].

use crate::base::clock::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a change is tried that the CRM fails at without refusing it for good: 28 minutes, so that it is passed
/// within half an hour, whenever in its minute the last timer fires.
pub const TRIED_FOR: Duration = Duration::from_secs(28 * 60);

/// How many of the attempts must have failed while the CRM accepted other chats' changes: one may be the last of an
/// outage.
const AMID_SUCCESSES: u32 = 2;

/// The attempts at a change that the CRM has not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retrying {
    /// The change's number in the chat; 0 for a creation.
    #[serde(default)]
    pub seq: u64,
    /// When the first attempt failed.
    pub first_at: Timestamp,
    /// When the last attempt failed.
    pub last_at: Timestamp,
    /// How many attempts failed although the CRM had accepted comparable changes since the attempt before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amid_successes: u32,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The change is tried again.
    Retry,
    /// The change is marked, reported and passed.
    Pass,
}

impl Retrying {
    /// The attempts at the change with the number `seq` after one more that failed `now`, and what follows. `refused`:
    /// the CRM will never accept the change. `works_at`: when the CRM last accepted a comparable change of any chat.
    pub fn after(
        before: Option<&Self>,
        seq: u64,
        refused: bool,
        works_at: Option<Timestamp>,
        now: Timestamp,
    ) -> (Self, Verdict) {
        // A change that a later one replaced leaves its attempts behind.
        let Some(before) = before.filter(|before| before.seq == seq) else {
            return (Self { seq, first_at: now, last_at: now, amid_successes: 0 }, Verdict::Retry);
        };
        let works_now = works_at.is_some_and(|at| at > before.last_at);
        let amid_successes = before.amid_successes + u32::from(works_now);
        let long = now.since(before.first_at) >= TRIED_FOR && amid_successes >= AMID_SUCCESSES;
        let verdict = if works_now && (refused || long) { Verdict::Pass } else { Verdict::Retry };
        (Self { last_at: now, amid_successes, ..*before }, verdict)
    }

    /// The next attempt: after `pause`, but at the end of [`TRIED_FOR`] at the latest while that is ahead.
    pub fn next_attempt(&self, pause: Duration) -> Timestamp {
        let (next, end) = (self.last_at + pause, self.first_at + TRIED_FOR);
        if end > self.last_at { next.min(end) } else { next }
    }
}

/// The attempts to create a client's records, while messages go on without them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreationRetry {
    /// The failed attempts.
    #[serde(flatten)]
    pub retrying: Retrying,
    /// How many attempts failed.
    pub attempts: u32,
    /// The next attempt.
    pub retry_at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default() + Duration::from_secs(seconds)
    }

    /// Attempts every five minutes from 0 on; returns when the change is passed, in seconds.
    fn passed_at(refused: bool, works_at: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        let mut retrying = None;
        for now in (0..48 * 3600).step_by(300) {
            let (next, verdict) =
                Retrying::after(retrying.as_ref(), 7, refused, works_at(now).map(at), at(now));
            if verdict == Verdict::Pass {
                return Some(now);
            }
            retrying = Some(next);
        }
        None
    }

    #[test]
    fn p8_one_bad_change_is_passed_within_half_an_hour() {
        assert_eq!(passed_at(false, |now| now.checked_sub(10)), Some(1800));
        assert_eq!(passed_at(true, |now| now.checked_sub(10)), Some(300), "a refusal needs one proof");
    }

    #[test]
    fn p8_nothing_is_passed_while_the_crm_is_down() {
        for refused in [false, true] {
            assert_eq!(passed_at(refused, |_| None), None);
            assert_eq!(passed_at(refused, |_| Some(0)), None, "it worked when the outage began");
        }
        // It worked for a moment after the first failure, and has been down since.
        assert_eq!(passed_at(false, |now| (now >= 300).then_some(200)), None);
    }

    #[test]
    fn p8_after_an_outage_one_more_failure_passes_nothing() {
        let outage = 4 * 3600;
        let works = |now: u64| (now > outage).then(|| now - 10);
        assert_eq!(passed_at(false, works), Some(outage + 600), "two failures amid successes");
    }

    #[test]
    fn another_change_begins_anew() {
        let old = Retrying { seq: 5, first_at: at(0), last_at: at(1700), amid_successes: 9 };
        let (next, verdict) = Retrying::after(Some(&old), 6, true, Some(at(1710)), at(1720));
        assert_eq!((next.first_at, next.amid_successes, verdict), (at(1720), 0, Verdict::Retry));
    }

    #[test]
    fn the_last_attempt_falls_into_the_time() {
        let retrying = Retrying { seq: 7, first_at: at(0), last_at: at(1500), amid_successes: 3 };
        assert_eq!(retrying.next_attempt(Duration::from_secs(300)), at(1680));
        assert_eq!(retrying.next_attempt(Duration::from_secs(20)), at(1520));
        let late = Retrying { last_at: at(1700), ..retrying };
        assert_eq!(late.next_attempt(Duration::from_secs(300)), at(2000));
    }

    proptest! {
        #[test]
        fn p8_only_a_success_since_the_last_attempt_passes_a_change(
            refused: bool, steps in proptest::collection::vec((1_u64..400, 0_u64..500), 1..60)
        ) {
            let (mut retrying, mut now): (Option<Retrying>, u64) = (None, 0);
            for (pause, ago) in steps {
                now += pause;
                let works_at = now.checked_sub(ago);
                let last = retrying.as_ref().map(|before| before.last_at);
                let (next, verdict) = Retrying::after(retrying.as_ref(), 7, refused, works_at.map(at), at(now));
                if verdict == Verdict::Pass {
                    prop_assert!(last.zip(works_at).is_some_and(|(last, works)| at(works) > last));
                    prop_assert!(refused || now * 1000 - u64::try_from(next.first_at.millis()).unwrap() >= 28 * 60_000);
                }
                retrying = Some(next);
            }
        }
    }
}
