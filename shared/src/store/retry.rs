//! Reads, decides and writes again after a conflict with another writer.

use super::StoreError;
use crate::base::clock::Ambient;
use std::time::Duration;

/// An error that may be a conflict with another writer.
pub trait IsConflict {
    /// Whether another writer changed or is changing the same rows: read and decide again.
    fn is_conflict(&self) -> bool;
}

impl IsConflict for StoreError {
    fn is_conflict(&self) -> bool {
        StoreError::is_conflict(self)
    }
}

/// How often a decision is made again, and the wait before each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The number of attempts, the first one included; at least one is made.
    pub attempts: u32,
    /// The wait before the second attempt, of which a random part is used.
    pub pause: Duration,
    /// How often the wait doubles; after that it stays the same.
    pub doublings: u32,
}

impl RetryPolicy {
    /// Without waiting: for rows where few writers meet.
    pub const fn at_once(attempts: u32) -> Self {
        Self { attempts, pause: Duration::ZERO, doublings: 0 }
    }

    /// With the same wait before each further attempt.
    pub const fn every(attempts: u32, pause: Duration) -> Self {
        Self { attempts, pause, doublings: 0 }
    }

    /// With a wait that doubles from attempt to attempt.
    pub const fn growing(attempts: u32, pause: Duration) -> Self {
        Self { attempts, pause, doublings: u32::MAX }
    }

    /// The longest wait after an attempt, counted from 1.
    fn pause_after(self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(self.doublings).min(16);
        self.pause.saturating_mul(1 << doublings)
    }
}

/// Makes a decision, and makes it again while it fails by a conflict. `decide` reads, decides and writes; it is called
/// again each time.
///
/// # Errors
/// `decide`'s errors; the last conflict if all attempts fail.
pub async fn retry_on_conflict<T, E, F>(
    policy: RetryPolicy,
    ambient: &dyn Ambient,
    mut decide: impl FnMut() -> F,
) -> Result<T, E>
where
    E: IsConflict,
    F: Future<Output = Result<T, E>>,
{
    for attempt in 1..policy.attempts {
        // Boxed, because the futures of decisions are large and nested: unoptimised they exceed a thread's stack.
        match Box::pin(decide()).await {
            Err(error) if error.is_conflict() => {
                let pause = policy.pause_after(attempt);
                if !pause.is_zero() {
                    tokio::time::sleep(ambient.jitter(pause)).await;
                }
            }
            decided => return decided,
        }
    }
    Box::pin(decide()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Machine;

    const QUICK: RetryPolicy = RetryPolicy::at_once(3);

    async fn attempts_until(outcomes: &[Result<u32, StoreError>]) -> (Result<u32, StoreError>, usize) {
        let mut made = 0;
        let outcome = retry_on_conflict(QUICK, &Machine, || {
            made += 1;
            std::future::ready(outcomes[made - 1].clone())
        });
        (outcome.await, made)
    }

    #[tokio::test]
    async fn only_a_conflict_is_decided_again() {
        let (lost, busy) = (Err(StoreError::Lost(vec![0])), Err(StoreError::Busy("down".into())));
        assert_eq!(attempts_until(&[lost.clone(), Err(StoreError::Contended), Ok(7)]).await, (Ok(7), 3));
        assert_eq!(attempts_until(&[lost.clone(), busy.clone(), Ok(7)]).await, (busy, 2));
        assert_eq!(
            attempts_until(&[Err(StoreError::Contended), Err(StoreError::Contended), lost.clone()]).await,
            (lost, 3),
            "the last conflict is the answer"
        );
    }

    #[test]
    fn waits_double_as_often_as_the_policy_says() {
        let pause = Duration::from_millis(100);
        let waits =
            |policy: RetryPolicy| (1..5).map(|n| policy.pause_after(n).as_millis()).collect::<Vec<_>>();
        assert_eq!(waits(RetryPolicy::every(5, pause)), [100, 100, 100, 100]);
        assert_eq!(waits(RetryPolicy::growing(5, pause)), [100, 200, 400, 800]);
        assert_eq!(waits(RetryPolicy { attempts: 9, pause, doublings: 2 }), [100, 200, 400, 400]);
        assert_eq!(waits(RetryPolicy::at_once(5)), [0, 0, 0, 0]);
    }
}
