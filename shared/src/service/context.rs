//! What the use cases work with.

use crate::base::clock::Ambient;
use crate::platform::files::Files;
use crate::platform::queue::Queues;
use crate::service::refused::Refused;
use crate::store::Store;
use std::future::Future;
use std::time::Duration;

/// How often a decision is made, at most, while others are faster.
const ATTEMPTS: u32 = 9;

/// What the use cases work with. The caller has it all, and lends it for one call.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The table.
    pub store: &'a Store,
    /// Where nudges go.
    pub queues: NudgeQueues<'a>,
    /// The media bucket.
    pub files: &'a Files,
    /// How long the bucket keeps a file, in days.
    pub media_days: u64,
    /// Time, ids and random bits.
    pub ambient: &'a dyn Ambient,
}

/// SQS, and the URLs of the queues that are nudged.
#[derive(Clone, Copy, Debug)]
pub struct NudgeQueues<'a> {
    /// SQS.
    pub queues: &'a Queues,
    /// `assignment.fifo`.
    pub assignment_url: &'a str,
    /// `crm.fifo`.
    pub crm_url: &'a str,
    /// `outbound.fifo`.
    pub outbound_url: &'a str,
    /// The timers queue.
    pub timers_url: &'a str,
}

impl Context<'_> {
    /// Loads, decides and commits again while others are faster.
    ///
    /// # Errors
    /// Those of the last attempt.
    pub(super) async fn retry_on_conflict<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, Refused>
    where
        F: Future<Output = Result<T, Refused>>,
    {
        for number in 1..ATTEMPTS {
            match attempt().await {
                Err(refused) if refused.is_conflict() => {
                    // Several may be at one chat at once: each round lets one through.
                    let pause = Duration::from_millis(50 << number.min(3));
                    tokio::time::sleep(self.ambient.jitter(pause)).await;
                }
                done => return done,
            }
        }
        attempt().await
    }
}
