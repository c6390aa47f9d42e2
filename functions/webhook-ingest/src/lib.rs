//! Webhooks of providers: found by the URL's token, read whole, made durable in a queue, answered 200.
//!
//! Accepted means durable: 200 only after SQS has every event. What can never be read goes whole to the quarantine and
//! is answered 200 too, because a poison body must not make a provider block a chat or drop our webhook.

mod answer;

use answer::{Answer, answer};
use futures::{StreamExt, TryStreamExt};
use lambda_http::http::Method;
use lambda_http::{Body, Request, RequestExt, Response};
use shared::base::cache::{Cache, SETTINGS};
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::hex_digest;
use shared::model::connection::WebhookToken;
use shared::model::event::{Envelope, Event};
use shared::platform::metrics::Metric;
use shared::platform::quarantine::{Quarantine, QuarantineError};
use shared::platform::queue::{Outgoing, QueueError, Queues};
use shared::platform::telemetry;
use shared::providers::{self, Item, Parsed};
use shared::store::{Store, StoreError};
use std::sync::Arc;

/// What the function works with; built once per process.
pub struct Ingest {
    /// The table: tokens only.
    pub store: Store,
    /// SQS.
    pub queues: Queues,
    /// The bucket for what cannot be read.
    pub quarantine: Quarantine,
    /// `inbound.fifo`.
    pub inbound_url: String,
    /// The statuses queue.
    pub statuses_url: String,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
    /// Tokens by their hash.
    pub tokens: Cache<String, WebhookToken>,
}

/// Calls to the bucket at a time.
const BUCKET_CALLS: usize = 16;

/// Why a webhook could not be accepted now; the provider tries again.
#[derive(Debug, thiserror::Error)]
enum NotAccepted {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
}

/// Events of one body, by the queue they go to.
#[derive(Default)]
struct Accepted {
    inbound: Vec<Outgoing>,
    statuses: Vec<Outgoing>,
}

impl Ingest {
    /// An empty cache for [`Ingest::tokens`].
    pub fn token_cache() -> Cache<String, WebhookToken> {
        Cache::new(SETTINGS)
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        let now = self.ambient.now();
        match self.accept(&request, now).await {
            Ok(done) => answer(done),
            Err(error) => {
                telemetry::count(Metric::NotAccepted, 1);
                tracing::error!(error = %error, "not accepted");
                answer(Answer::NotNow)
            }
        }
    }

    async fn accept(&self, request: &Request, now: Timestamp) -> Result<Answer, NotAccepted> {
        let path = request.path_parameters();
        let (Some(provider), Some(token)) = (path.first("provider"), path.first("token")) else {
            return Ok(Answer::Unknown);
        };
        let Some(token) = self.token(token, now).await?.filter(|token| token.provider == provider) else {
            return Ok(Answer::Unknown);
        };
        if request.method() != Method::POST {
            return Ok(Answer::PostOnly);
        }
        let body = request.body().as_ref();
        match providers::parse(&token, body, now) {
            Some(Parsed::Probe) => Ok(Answer::Accepted),
            Some(Parsed::Items(items)) => {
                self.keep(&token, items, now).await?;
                Ok(Answer::Accepted)
            }
            Some(Parsed::Unreadable(why)) => {
                self.quarantine.keep(Some(&token.account), &why, body, &*self.ambient).await?;
                Ok(Answer::Accepted)
            }
            None => Ok(Answer::Unknown),
        }
    }

    async fn token(&self, token: &str, now: Timestamp) -> Result<Option<WebhookToken>, StoreError> {
        let hash = hex_digest(token.as_bytes());
        if let Some(known) = self.tokens.get(&hash, now) {
            return Ok(Some(known));
        }
        let found = self.store.webhook_token(token).await?;
        if let Some(token) = &found {
            self.tokens.put(hash, token.clone(), now);
        }
        Ok(found)
    }

    /// Makes every item durable.
    async fn keep(&self, token: &WebhookToken, items: Vec<Item>, now: Timestamp) -> Result<(), NotAccepted> {
        // Poison goes to the bucket several at a time; what comes out is in the body's order.
        let kept = futures::stream::iter(items.into_iter().map(|item| self.set_aside(token, item)));
        let items: Vec<Item> = kept.buffered(BUCKET_CALLS).try_collect().await?;
        let mut accepted = Accepted::default();
        for item in items {
            match item {
                Item::Event { event, digest } => self.add(token, event, digest, now, &mut accepted).await?,
                // It is in the bucket, and nothing can stand for it.
                Item::Poison { .. } => {}
                Item::Ignored(what) => {
                    telemetry::count(Metric::Ignored, 1);
                    tracing::info!(account = %token.account, what, "ignored");
                }
            }
        }
        let count = accepted.inbound.len() + accepted.statuses.len();
        let (inbound, statuses) = tokio::join!(
            self.queues.send(&self.inbound_url, accepted.inbound),
            self.queues.send(&self.statuses_url, accepted.statuses),
        );
        inbound.and(statuses)?;
        telemetry::count(Metric::Accepted, count as u64);
        Ok(())
    }

    /// Keeps what could not be read, and gives back what stands for it in the chat, if anything can.
    async fn set_aside(&self, token: &WebhookToken, item: Item) -> Result<Item, NotAccepted> {
        let Item::Poison { why, raw, event } = item else { return Ok(item) };
        let object = self.quarantine.keep(Some(&token.account), &why, raw.as_bytes(), &*self.ambient).await?;
        let digest = hex_digest(raw.as_bytes());
        match event.map(|event| *event) {
            Some(Event::Message(mut message)) => {
                message.quarantined = Some(object);
                Ok(Item::Event { event: Event::Message(message), digest })
            }
            event => Ok(Item::Poison { why, raw, event: event.map(Box::new) }),
        }
    }

    /// Readies an event for its queue. One that is larger than a queue takes goes to the quarantine, and a message that
    /// says so stands for it.
    async fn add(
        &self,
        token: &WebhookToken,
        event: Event,
        digest: String,
        now: Timestamp,
        accepted: &mut Accepted,
    ) -> Result<(), NotAccepted> {
        let envelope = Envelope::new(token.account.clone(), now, event);
        let is_status = matches!(envelope.event, Event::Status(_));
        let outgoing =
            if is_status { Outgoing::standard(&envelope)? } else { Outgoing::inbound(&envelope, &digest)? };
        if outgoing.fits() {
            if is_status { &mut accepted.statuses } else { &mut accepted.inbound }.push(outgoing);
            return Ok(());
        }
        let raw = serde_json::to_vec(&envelope).map_err(|_| QueueError::Unwritable)?;
        let why = "larger than a queue takes";
        let object = self.quarantine.keep(Some(&token.account), why, &raw, &*self.ambient).await?;
        if let Event::Message(message) = envelope.event {
            let stand_in = Event::Message(Box::new(message.unsupported(object)));
            let outgoing = Outgoing::inbound(&Envelope::new(token.account.clone(), now, stand_in), digest)?;
            if outgoing.fits() {
                accepted.inbound.push(outgoing);
            }
        }
        Ok(())
    }
}
