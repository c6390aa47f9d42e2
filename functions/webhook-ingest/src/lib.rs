//! Providers' webhooks: found by the URL's token, verified, parsed whole, made durable in a queue, and acknowledged as
//! the provider expects.
//!
//! Accepted means durable: the answer is 2xx only after SQS has every event. An unreadable body goes whole to the
//! quarantine and is answered 2xx too, because a poison body must not make a provider block a chat or drop our webhook.

mod answer;
mod owners;

use answer::{Answer, answer};
use futures::{StreamExt, TryStreamExt};
use lambda_http::http::Method;
use lambda_http::{Body, Request, RequestExt, Response};
use shared::base::cache::{Cache, SETTINGS};
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::{AccountId, hex_digest};
use shared::model::connection::{ChannelOwner, WebhookToken};
use shared::model::event::{Envelope, Event};
use shared::platform::metrics::Metric;
use shared::platform::quarantine::{Quarantine, QuarantineError};
use shared::platform::queue::{Outgoing, QueueError, Queues};
use shared::platform::secrets::{Purpose, SecretError, Vault};
use shared::platform::telemetry;
use shared::providers::inbound::{Inbound, Item, Owners, Parsed, WebhookRequest};
use shared::store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;

/// Finds the parser of a provider's webhooks: the registry's [`shared::providers::inbound`].
pub type Registry = fn(&str) -> Option<&'static dyn Inbound>;

/// The function's dependencies; built once per process.
pub struct Ingest {
    /// The table: tokens, and the owners of channels.
    pub store: Store,
    /// SQS.
    pub queues: Queues,
    /// The bucket for unreadable items.
    pub quarantine: Quarantine,
    /// Decrypts the secrets of webhooks, and nothing else.
    pub vault: Vault,
    /// `inbound.fifo`.
    pub inbound_url: String,
    /// The statuses queue.
    pub statuses_url: String,
    /// Finds the parser of a provider's webhooks.
    pub registry: Registry,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
    /// Rows read recently.
    pub known: RecentlyRead,
}

/// Rows read recently, kept for at most 30 s.
#[derive(Debug)]
pub struct RecentlyRead {
    /// Tokens by their hash.
    tokens: Cache<String, WebhookToken>,
    /// The owner of an app's channel, by provider and the provider's id.
    owners: Cache<(String, String), ChannelOwner>,
}

impl Default for RecentlyRead {
    fn default() -> Self {
        Self { tokens: Cache::new(SETTINGS), owners: Cache::new(SETTINGS) }
    }
}

/// The most calls to the bucket at once.
const BUCKET_CALLS: usize = 16;

/// The reason why a webhook could not be accepted now; the provider retries.
#[derive(Debug, thiserror::Error)]
enum NotAccepted {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// The events of one body, by queue.
#[derive(Default)]
struct Accepted {
    inbound: Vec<Outgoing>,
    statuses: Vec<Outgoing>,
}

impl Ingest {
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
        let (Some(name), Some(token)) = (path.first("provider"), path.first("token")) else {
            return Ok(Answer::Unknown);
        };
        let hash = hex_digest(token.as_bytes());
        let Some(token) = self.token(token, &hash, now).await?.filter(|token| token.provider == name) else {
            return Ok(Answer::Unknown);
        };
        let Some(provider) = (self.registry)(name) else { return Ok(Answer::Unknown) };
        let method = request.method();
        if method != Method::POST && !(provider.takes_get() && method == Method::GET) {
            return Ok(Answer::PostOnly);
        }
        let query = parameters(request);
        let asked = WebhookRequest {
            method,
            query: &query,
            headers: request.headers(),
            body: request.body().as_ref(),
        };
        if !self.is_genuine(provider, &asked, &token, &hash, now).await? {
            telemetry::count(Metric::Forged, 1);
            tracing::warn!(provider = name, "a webhook that is not signed as it should be");
            return Ok(Answer::Forged);
        }
        let owners = self.owners(provider, &asked, &token, now).await?;
        match provider.parse(&asked, &owners, now) {
            Parsed::Reply(reply) => return Ok(Answer::Reply(reply)),
            Parsed::Items(items) => self.keep(&owners, items, now).await?,
            Parsed::Unreadable(why) => {
                self.quarantine.keep(one(&owners), &why, asked.body, &*self.ambient).await?;
            }
        }
        Ok(Answer::Reply(provider.accepted(&asked)))
    }

    /// Whether the request's signature is the provider's.
    async fn is_genuine(
        &self,
        provider: &dyn Inbound,
        request: &WebhookRequest<'_>,
        token: &WebhookToken,
        hash: &str,
        now: Timestamp,
    ) -> Result<bool, NotAccepted> {
        let secret = match &token.secret {
            Some(sealed) => Some(self.vault.open_for(&Purpose::Webhook(hash), sealed, now).await?),
            None => None,
        };
        Ok(provider.verify(request, secret.as_ref()).is_ok())
    }

    async fn token(
        &self,
        token: &str,
        hash: &str,
        now: Timestamp,
    ) -> Result<Option<WebhookToken>, StoreError> {
        if let Some(known) = self.known.tokens.get(&hash.to_owned(), now) {
            return Ok(Some(known));
        }
        let found = self.store.webhook_token(token).await?;
        if let Some(token) = &found {
            self.known.tokens.put(hash.to_owned(), token.clone(), now);
        }
        Ok(found)
    }

    /// Makes every item durable.
    async fn keep(&self, owners: &Owners, items: Vec<Item>, now: Timestamp) -> Result<(), NotAccepted> {
        // Poison items go to the bucket several at a time; the result keeps the body's order.
        let kept = futures::stream::iter(items.into_iter().map(|item| self.set_aside(owners, item)));
        let items: Vec<Item> = kept.buffered(BUCKET_CALLS).try_collect().await?;
        let mut accepted = Accepted::default();
        for item in items {
            match item {
                Item::Event { event, digest } => match owner_of(owners, &event) {
                    Some(owner) => self.add(&owner.account, event, digest, now, &mut accepted).await?,
                    None => {
                        telemetry::count(Metric::Ignored, 1);
                        tracing::info!(what = "unknown_channel", "ignored");
                    }
                },
                // It is in the bucket, and no message can replace it.
                Item::Poison { .. } => {}
                Item::Ignored(what) => {
                    telemetry::count(Metric::Ignored, 1);
                    tracing::info!(account = one(owners).map(AccountId::as_str), what, "ignored");
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

    /// Keeps an unreadable item in the quarantine, and returns the message that replaces it in the chat, if one can.
    async fn set_aside(&self, owners: &Owners, item: Item) -> Result<Item, NotAccepted> {
        let Item::Poison { why, raw, event } = item else { return Ok(item) };
        let owner = event.as_deref().and_then(|event| owner_of(owners, event)).map(|owner| &owner.account);
        let account = owner.or(one(owners));
        let object = self.quarantine.keep(account, &why, raw.as_bytes(), &*self.ambient).await?;
        let digest = hex_digest(raw.as_bytes());
        match event.map(|event| *event) {
            Some(Event::Message(mut message)) => {
                message.quarantined = Some(object);
                Ok(Item::Event { event: Event::Message(message), digest })
            }
            event => Ok(Item::Poison { why, raw, event: event.map(Box::new) }),
        }
    }

    /// Adds an event to its queue's batch. An event larger than the queue accepts goes to the quarantine, and a message
    /// that says so replaces it.
    async fn add(
        &self,
        account: &AccountId,
        event: Event,
        digest: String,
        now: Timestamp,
        accepted: &mut Accepted,
    ) -> Result<(), NotAccepted> {
        let envelope = Envelope::new(account.clone(), now, event);
        let is_status = matches!(envelope.event, Event::Status(_) | Event::Edited(_));
        let outgoing =
            if is_status { Outgoing::standard(&envelope)? } else { Outgoing::inbound(&envelope, &digest)? };
        if outgoing.fits() {
            if is_status { &mut accepted.statuses } else { &mut accepted.inbound }.push(outgoing);
            return Ok(());
        }
        let raw = serde_json::to_vec(&envelope).map_err(|_| QueueError::Unwritable)?;
        let why = "larger than a queue takes";
        let object = self.quarantine.keep(Some(account), why, &raw, &*self.ambient).await?;
        if let Event::Message(message) = envelope.event {
            let stand_in = Event::Message(Box::new(message.unsupported(object)));
            let outgoing = Outgoing::inbound(&Envelope::new(account.clone(), now, stand_in), digest)?;
            if outgoing.fits() {
                accepted.inbound.push(outgoing);
            }
        }
        Ok(())
    }
}

/// The account, if the address belongs to one account.
fn one(owners: &Owners) -> Option<&AccountId> {
    match owners {
        Owners::One(owner) => Some(&owner.account),
        Owners::ByChannel(_) => None,
    }
}

/// The owner of an event, by the channel that it names.
fn owner_of<'a>(owners: &'a Owners, event: &Event) -> Option<&'a ChannelOwner> {
    match event {
        Event::Message(message) => owners.of(&message.channel.external),
        Event::ChannelState(state) => owners.of(&state.channel.external),
        Event::Status(status) => owners.of_connection(&status.connection),
        Event::Edited(edited) => owners.of_connection(&edited.connection),
        Event::TemplateState(state) => owners.of_connection(&state.connection),
        // No provider posts one.
        Event::Check { .. } => None,
    }
}

/// The decoded query parameters; of a repeated one, the first.
fn parameters(request: &Request) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for (name, value) in request.query_string_parameters().iter() {
        found.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    found
}
