//! What the function works with, and what every handler may ask of it.

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

/// What the function works with; built once per process.
pub struct App {
    /// The table.
    pub store: Store,
    /// Seals credentials, and opens them to register webhooks.
    pub vault: Vault,
    /// SQS.
    pub queues: Queues,
    /// Nudges: assignment, CRM, delivery, timers.
    pub nudger: Nudger,
    /// `erasures`.
    pub erasures_url: String,
    /// The timers queue.
    pub timers_url: String,
    /// The media bucket.
    pub files: Files,
    /// Calls to providers; also says which URLs a tenant may set.
    pub http: OutboundHttp,
    /// How long the bucket keeps a file, in days.
    pub media_days: u64,
    /// The operator's key.
    pub operator: OperatorKey,
    /// How many requests who made.
    pub rate: RateLimit,
    /// Where providers reach us, `https://…`.
    pub public_base_url: String,
    /// Where providers are.
    pub base_urls: BaseUrls,
    /// Time, ids and keys.
    pub ambient: Arc<dyn Ambient>,
}

impl App {
    /// What the use cases work with.
    pub fn context(&self) -> Context<'_> {
        Context {
            store: &self.store,
            nudger: &self.nudger,
            files: &self.files,
            media_days: self.media_days,
            ambient: &*self.ambient,
        }
    }

    /// Lets `assignment` look at channels whose members changed: a client may wait there.
    pub async fn nudge(&self, account: &AccountId, channels: &[ChannelId]) {
        nudge_assignment(&self.context(), account, channels).await;
    }

    /// Reads, decides and writes again while another request is faster.
    pub async fn retry_on_conflict<T, E, F>(&self, decide: impl FnMut() -> F) -> Result<T, E>
    where
        E: IsConflict,
        F: Future<Output = Result<T, E>>,
    {
        retry_on_conflict(RETRIES, &*self.ambient, decide).await
    }

    /// Random bits as lower-case hexadecimal, fit for secrets.
    pub fn random_hex<const BYTES: usize>(&self) -> String {
        let mut bytes = [0; BYTES];
        self.ambient.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
