//! What the function works with, and what every handler may ask of it.

use crate::http::error;
use crate::http::operator_key::OperatorKey;
use crate::http::rate_limit::RateLimit;
use shared::base::clock::Ambient;
use shared::base::ids::{AccountId, ChannelId};
use shared::platform::files::Files;
use shared::platform::http::OutboundHttp;
use shared::platform::queue::Queues;
use shared::platform::secrets::Vault;
use shared::providers::base_urls::BaseUrls;
use shared::service::context::{Context, NudgeQueues};
use shared::service::follow_up::give_out;
use shared::store::Store;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// What the function works with; built once per process.
pub struct App {
    /// The table.
    pub store: Store,
    /// Seals credentials, and opens them to register webhooks.
    pub vault: Vault,
    /// SQS.
    pub queues: Queues,
    /// `assignment.fifo`.
    pub assignment_url: String,
    /// `crm.fifo`.
    pub crm_url: String,
    /// `outbound.fifo`.
    pub outbound_url: String,
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

/// How often a lost race is decided again.
const ATTEMPTS: u32 = 9;

impl App {
    /// What the use cases work with.
    pub fn context(&self) -> Context<'_> {
        let queues = NudgeQueues {
            queues: &self.queues,
            assignment_url: &self.assignment_url,
            crm_url: &self.crm_url,
            outbound_url: &self.outbound_url,
            timers_url: &self.timers_url,
        };
        Context {
            store: &self.store,
            queues,
            files: &self.files,
            media_days: self.media_days,
            ambient: &*self.ambient,
        }
    }

    /// Lets `assignment` look at channels whose members changed: a client may wait there.
    pub async fn nudge(&self, account: &AccountId, channels: &[ChannelId]) {
        give_out(&self.context(), account, channels).await;
    }

    /// Reads, decides and writes again while somebody else is faster.
    pub async fn settle<T, E, F>(&self, mut decide: impl FnMut() -> F) -> Result<T, E>
    where
        E: error::Losable,
        F: Future<Output = Result<T, E>>,
    {
        for attempt in 1..ATTEMPTS {
            match decide().await {
                Err(error) if error.is_lost() => {
                    // Several may be at one chat at once: each round lets one through.
                    let pause = Duration::from_millis(50 << attempt.min(3));
                    tokio::time::sleep(self.ambient.jitter(pause)).await;
                }
                decided => return decided,
            }
        }
        decide().await
    }

    /// Random bits as lower-case hexadecimal, fit for secrets.
    pub fn random_hex<const BYTES: usize>(&self) -> String {
        let mut bytes = [0; BYTES];
        self.ambient.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
