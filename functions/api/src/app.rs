//! What the function works with, and what every handler may ask of it.

use crate::http::error;
use crate::http::operator_key::OperatorKey;
use crate::http::rate_limit::RateLimit;
use shared::base::clock::Ambient;
use shared::base::ids::{AccountId, ChannelId};
use shared::platform::files::Files;
use shared::platform::http::OutboundHttp;
use shared::platform::nudge::AssignmentNudge;
use shared::platform::queue::{Outgoing, Queues};
use shared::platform::secrets::Vault;
use shared::providers::base_urls::BaseUrls;
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
    /// Lets `assignment` look at channels whose members changed: somebody may wait there. What was committed stays also
    /// when the queue does not take it, because the due index brings every waiting client back.
    pub async fn nudge(&self, account: &AccountId, channels: &[ChannelId]) {
        let nudges = channels.iter().map(|channel| AssignmentNudge::new(account, channel));
        let messages: Result<Vec<_>, _> =
            nudges.map(|nudge| Outgoing::assignment(&nudge, &*self.ambient)).collect();
        let sent = match messages {
            Ok(messages) => self.queues.send(&self.assignment_url, messages).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::warn!(error = %error, "assignment was not nudged; the due index will");
        }
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
