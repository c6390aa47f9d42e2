//! The dependencies of the use cases.

use crate::base::clock::Ambient;
use crate::platform::files::Files;
use crate::platform::nudger::Nudger;
use crate::service::refused::Refused;
use crate::store::{RetryPolicy, Store, retry_on_conflict};
use std::future::Future;
use std::time::Duration;

/// How often a caller's request is decided again after a conflict. Several writers may change one chat at once: each
/// attempt lets one of them through.
pub const RETRIES: RetryPolicy = RetryPolicy { attempts: 9, pause: Duration::from_millis(100), doublings: 2 };

/// The dependencies of the use cases. The caller owns them, and lends them for one call.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The table.
    pub store: &'a Store,
    /// Sends nudges to the queues.
    pub nudger: &'a Nudger,
    /// The media bucket.
    pub files: &'a Files,
    /// How long the bucket keeps a file, in days.
    pub media_days: u64,
    /// The clock, ids and random bits.
    pub ambient: &'a dyn Ambient,
}

impl Context<'_> {
    /// Loads, decides and commits again on every conflict.
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
