//! What the use cases work with.

use crate::base::clock::Ambient;
use crate::platform::files::Files;
use crate::platform::nudger::Nudger;
use crate::service::refused::Refused;
use crate::store::{RetryPolicy, Store, retry_on_conflict};
use std::future::Future;
use std::time::Duration;

/// How often a caller's request is decided again while others are faster. Several may be at one chat at once: each round lets one
/// through.
pub const RETRIES: RetryPolicy = RetryPolicy { attempts: 9, pause: Duration::from_millis(100), doublings: 2 };

/// What the use cases work with. The caller has it all, and lends it for one call.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The table.
    pub store: &'a Store,
    /// Where nudges go.
    pub nudger: &'a Nudger,
    /// The media bucket.
    pub files: &'a Files,
    /// How long the bucket keeps a file, in days.
    pub media_days: u64,
    /// Time, ids and random bits.
    pub ambient: &'a dyn Ambient,
}

impl Context<'_> {
    /// Loads, decides and commits again while others are faster.
    ///
    /// # Errors
    /// Those of the last attempt.
    pub(super) async fn retry_on_conflict<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, Refused>
    where
        F: Future<Output = Result<T, Refused>>,
    {
        retry_on_conflict(RETRIES, self.ambient, attempt).await
    }
}
