//! The application: the clients, settings and clock that every handler shares.

use crate::http::operator_key::OperatorKey;
use crate::http::rate_limit::RateLimit;
use shared::base::clock::Ambient;
use shared::base::ids::{AccountId, ChannelId};
use shared::platform::files::Files;
use shared::platform::http::OutboundHttp;
use shared::platform::nudger::Nudger;
use shared::platform::queue::Queues;
use shared::platform::secrets::Vault;
use shared::providers::base_urls::BaseUrls;
use shared::service::context::{Context, RETRIES};
use shared::service::follow_up::nudge_assignment;
use shared::store::{IsConflict, Store, retry_on_conflict};
use std::future::Future;
use std::sync::Arc;

/// The clients, settings and clock of the function; built once per process.
pub struct App {
    /// The DynamoDB table.
    pub store: Store,
    /// Encrypts credentials, and decrypts them to register webhooks.
    pub vault: Vault,
    /// SQS.
    pub queues: Queues,
    /// Sends nudges to assignment, CRM, delivery and timers.
    pub nudger: Nudger,
    /// The URL of the queue `erasures`.
    pub erasures_url: String,
    /// The URL of the timers queue.
    pub timers_url: String,
    /// The media bucket.
    pub files: Files,
    /// Calls providers; also decides which URLs an account may set.
    pub http: OutboundHttp,
    /// How long the bucket keeps a file, in days.
    pub media_days: u64,
    /// The operator's key.
    pub operator: OperatorKey,
    /// Counts each caller's requests.
    pub rate: RateLimit,
    /// The URL at which providers reach this deployment, `https://…`.
    pub public_base_url: String,
    /// The providers' base URLs.
    pub base_urls: BaseUrls,
    /// The source of time, ids and random bytes.
    pub ambient: Arc<dyn Ambient>,
}

impl App {
    /// The context that the use cases of `shared::service` work with.
    pub fn context(&self) -> Context<'_> {
        Context {
            store: &self.store,
            nudger: &self.nudger,
            files: &self.files,
            media_days: self.media_days,
            ambient: &*self.ambient,
        }
    }

    /// Nudges `assignment` to check channels whose members changed, because clients may wait there.
    pub async fn nudge(&self, account: &AccountId, channels: &[ChannelId]) {
        nudge_assignment(&self.context(), account, channels).await;
    }

    /// Runs `decide` again, with new reads, while its write conflicts with another request's.
    pub async fn retry_on_conflict<T, E, F>(&self, decide: impl FnMut() -> F) -> Result<T, E>
    where
        E: IsConflict,
        F: Future<Output = Result<T, E>>,
    {
        retry_on_conflict(RETRIES, &*self.ambient, decide).await
    }

    /// Random bytes as lower-case hexadecimal, for secrets.
    pub fn random_hex<const BYTES: usize>(&self) -> String {
        let mut bytes = [0; BYTES];
        self.ambient.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
