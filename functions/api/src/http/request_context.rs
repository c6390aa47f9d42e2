//! What middleware learns about a request: caller, account, rate-limit wait, and a write in progress.

use axum::http::request::Parts;
use shared::base::ids::AccountId;
use shared::model::api_key::ApiKey;
use shared::model::audit::ChangedBy;
use shared::store::attribute;
use shared::store::keys::ApiKeyRow;
use shared::store::row::Write;
use shared::store::{Store, StoreError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long an answer waits for the write that its key was used.
pub const NOTING: Duration = Duration::from_secs(1);

/// What is known about one request.
#[derive(Clone, Debug, Default)]
pub struct RequestContext(Arc<Mutex<Annotations>>);

#[derive(Debug, Default)]
struct Annotations {
    by: Option<(Option<AccountId>, ChangedBy)>,
    retry_after: Option<u64>,
    noting: Option<JoinHandle<()>>,
}

impl RequestContext {
    /// The context of this request.
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// The caller, and the account of the request, once they are known.
    pub fn by(&self) -> Option<(Option<AccountId>, ChangedBy)> {
        self.known().by.clone()
    }

    /// Records the caller.
    pub fn is_by(&self, account: Option<&AccountId>, by: ChangedBy) {
        self.known().by = Some((account.cloned(), by));
    }

    /// Records in how many seconds the caller may try again.
    pub fn comes_again_in(&self, seconds: u64) {
        self.known().retry_after = Some(seconds);
    }

    /// Stores in the background that the key was used; [`ApiKey::used`] limits it to once an hour.
    pub fn used(&self, store: &Store, row: &ApiKeyRow, used: ApiKey) {
        let (store, before) = (store.clone(), row.clone());
        let after = ApiKeyRow { hash: row.hash.clone(), key: used };
        self.known().noting = Some(tokio::spawn(async move {
            match note_use(&store, &before, &after).await {
                // Another request stored it, or the key was revoked.
                Ok(()) | Err(StoreError::Lost(_)) => {}
                Err(error) => tracing::warn!(error = %error, "the use of a key is not noted"),
            }
        }));
    }

    /// Takes what the layer must finish: the write in progress, and in how many seconds the caller may try again.
    pub(super) fn left(&self) -> (Option<JoinHandle<()>>, Option<u64>) {
        let mut known = self.known();
        (known.noting.take(), known.retry_after)
    }

    fn known(&self) -> MutexGuard<'_, Annotations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn note_use(store: &Store, before: &ApiKeyRow, after: &ApiKeyRow) -> Result<(), StoreError> {
    let write = Write::change(before, after, &[attribute::api_key::LAST_USED_AT])?;
    store.commit(write.into_iter().collect()).await
}
