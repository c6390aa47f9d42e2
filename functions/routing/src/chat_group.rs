//! The events of one chat, folded into one transaction.

use crate::commit::{Changes, ChatContact, RoutingError, Staged};
use crate::{ATTEMPTS, Routing};
use shared::channel::{Channel, DEFAULT_CLOSE_AFTER_S};
use shared::chat::{Chat, ChatEvent, ChatState};
use shared::closing;
use shared::crm::CrmKind;
use shared::disposition::Disposition;
use shared::event::{ChannelRef, Envelope, Event, MessageEvent, Revision};
use shared::ids::{AccountId, ChatId, MessageId};
use shared::message::Message;
use shared::metrics::Metric;
use shared::store::{StoreError, size_of};
use shared::telemetry;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

type Outcome = Result<Disposition, RoutingError>;

/// A row larger than this, in bytes, cannot be stored: an item and its entries in the two local indexes, each with all of
/// it, may be 400 KB together.
const LARGEST_MESSAGE: usize = 125_000;

impl Routing {
    /// Applies events of one chat, in order; one outcome each.
    pub(crate) async fn chat_group(&self, envelopes: &[Envelope]) -> Vec<Outcome> {
        match self.apply(envelopes).await {
            Ok(()) => envelopes.iter().map(|_| Ok(Disposition::Done)).collect(),
            Err(RoutingError::Store(StoreError::Refused(_)) | RoutingError::ForeignChannel)
                if envelopes.len() > 1 =>
            {
                self.one_by_one(envelopes).await
            }
            Err(RoutingError::Store(error @ StoreError::Refused(_))) => {
                vec![self.stand_in(&envelopes[0], &error).await]
            }
            Err(RoutingError::ForeignChannel) => {
                vec![Ok(Disposition::Quarantine { why: RoutingError::ForeignChannel.to_string() })]
            }
            Err(error) => {
                let why = error.to_string();
                let mut outcomes = vec![Err(error)];
                outcomes.extend(
                    envelopes[1..]
                        .iter()
                        .map(|_| Ok(Disposition::Retry { after: Duration::from_secs(1), why: why.clone() })),
                );
                outcomes
            }
        }
    }

    /// One of several events is poison: each goes alone, so that only it is set aside.
    async fn one_by_one(&self, envelopes: &[Envelope]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for envelope in envelopes {
            let outcome = Box::pin(self.chat_group(std::slice::from_ref(envelope))).await;
            let stop = outcome.iter().any(Result::is_err);
            outcomes.extend(outcome);
            if stop {
                break;
            }
        }
        outcomes
    }

    /// A message that the table refuses: raw to the quarantine, and a message that says so in its place.
    async fn stand_in(&self, envelope: &Envelope, error: &StoreError) -> Outcome {
        let Event::Message(message) = &envelope.event else {
            return Ok(Disposition::Quarantine { why: error.to_string() });
        };
        let raw = serde_json::to_vec(envelope).map_err(|_| StoreError::Unwritable)?;
        let object =
            self.quarantine.keep(Some(&envelope.account), &error.to_string(), &raw, &*self.ambient).await?;
        if message.revision != Revision::New {
            // What the chat holds is better than nothing.
            return Ok(Disposition::Done);
        }
        let event = Event::Message(Box::new(message.unsupported(object)));
        let stand_in = Envelope::new(envelope.account.clone(), envelope.accepted_at, event);
        match self.apply(&[stand_in]).await {
            // Not even that fits: the raw record is kept, and the chat goes on.
            Err(RoutingError::Store(StoreError::Refused(_))) => Ok(Disposition::Done),
            applied => applied.map(|()| Disposition::Done),
        }
    }

    async fn apply(&self, envelopes: &[Envelope]) -> Result<(), RoutingError> {
        let Some((account, chat)) = envelopes.first().and_then(subject) else { return Ok(()) };
        let mut read = ids_to_read(envelopes, false);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(self.ambient.jitter(Duration::from_millis(50 << attempt))).await;
                // Whoever was faster may have stored any of these.
                read = ids_to_read(envelopes, true);
            }
            match self.try_once(account, chat, envelopes, &read).await {
                Err(RoutingError::Store(error)) if error.wants_new_decision() => {}
                done => return done,
            }
        }
        Err(StoreError::Busy("lost every race".into()).into())
    }

    async fn try_once(
        &self,
        account: &AccountId,
        chat: &ChatId,
        envelopes: &[Envelope],
        read: &HashSet<MessageId>,
    ) -> Result<(), RoutingError> {
        let now = self.ambient.now();
        let crm = self.settings.crm_kind(&self.store, account, now).await?.ok_or(RoutingError::NoAccount)?;
        let before = self.store.chat(account, chat).await?;
        let stored = self.stored(account, chat, read).await?;
        let Some(start) = self.start(account, before, envelopes).await? else { return Ok(()) };
        let Start { before, chat, contact, window } = start;
        let mut fold = Fold { chat, messages: HashMap::new(), events: Vec::new(), stored, duplicates: 0 };
        for envelope in envelopes {
            fold.take(envelope, window, now);
        }
        if crm == CrmKind::None {
            fold.chat.settle_without_crm();
        }
        fold.chat.watch(window, now);
        let Fold { chat, messages, events, duplicates, .. } = fold;
        let checked = envelopes.iter().any(|envelope| matches!(envelope.event, Event::Check { .. }));
        let changes = Changes { before, after: chat, messages, events, contact, checked };
        refuse_oversize(&changes)?;
        self.store.commit(changes.writes()?).await?;
        report(&changes, duplicates);
        self.nudge_for(&changes.after, crm).await?;
        self.set_timer(&changes).await?;
        Ok(())
    }

    async fn stored(
        &self,
        account: &AccountId,
        chat: &ChatId,
        ids: &HashSet<MessageId>,
    ) -> Result<HashMap<MessageId, Message>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<MessageId> = ids.iter().cloned().collect();
        let rows = self.store.messages(account, chat, &ids).await?;
        Ok(rows.into_iter().map(|row| (row.message_id.clone(), row)).collect())
    }

    /// What a fold begins with. `None` when there is nothing to do: a check for a chat that is not there.
    async fn start(
        &self,
        account: &AccountId,
        before: Option<Chat>,
        envelopes: &[Envelope],
    ) -> Result<Option<Start>, RoutingError> {
        let first = envelopes
            .iter()
            .find_map(|envelope| message(envelope).map(|message| (message, envelope.accepted_at)));
        match (before, first) {
            (Some(chat), first) => {
                let now = self.ambient.now();
                let known = self.settings.channel(&self.store, account, &chat.channel, now).await?;
                let window = match (known, first) {
                    (Some(channel), _) => channel.close_after(),
                    (None, Some((message, _))) => self.channel_of(account, message).await?.close_after(),
                    // Its channel is gone; the chat finishes all the same.
                    (None, None) => Duration::from_secs(DEFAULT_CLOSE_AFTER_S.into()),
                };
                Ok(Some(Start { before: Some(chat.clone()), chat, contact: None, window }))
            }
            (None, Some((message, accepted_at))) => {
                let window = self.channel_of(account, message).await?.close_after();
                let contact = self.client_of(account, message).await?;
                let chat = Chat::unopened(account, message, contact.id.clone(), accepted_at);
                Ok(Some(Start { before: None, chat, contact: Some(contact), window }))
            }
            (None, None) => Ok(None),
        }
    }

    /// The channel of a message. One that was never listed is created with default settings: a provider may add a
    /// channel at any time, and its first client is not lost for it.
    async fn channel_of(&self, account: &AccountId, message: &MessageEvent) -> Result<Channel, RoutingError> {
        let ChannelRef { id, provider, .. } = &message.channel;
        let now = self.ambient.now();
        if let Some(channel) = self.settings.channel(&self.store, account, id, now).await? {
            return Ok(channel);
        }
        let channel = Channel::new(account, &message.connection, &message.channel, now);
        match self.store.create_channel(&channel).await {
            Ok(()) => {
                tracing::info!(account = %account, channel = %id, provider, "a channel that was not listed");
                Ok(channel)
            }
            // Created by somebody else a moment ago, unless another account owns it.
            Err(StoreError::Lost(places)) if places.contains(&0) => Err(StoreError::Contended.into()),
            Err(StoreError::Lost(_)) => Err(RoutingError::ForeignChannel),
            Err(error) => Err(error.into()),
        }
    }
}

/// What a fold begins with.
struct Start {
    /// The chat as stored, when there is one.
    before: Option<Chat>,
    /// The same, or an empty one.
    chat: Chat,
    /// The client, when the chat is new.
    contact: Option<ChatContact>,
    /// Silence after which the chat finishes.
    window: Duration,
}

/// The state while a group is folded.
struct Fold {
    chat: Chat,
    messages: HashMap<MessageId, Staged>,
    events: Vec<ChatEvent>,
    stored: HashMap<MessageId, Message>,
    duplicates: u64,
}

impl Fold {
    fn take(&mut self, envelope: &Envelope, window: Duration, now: shared::clock::Timestamp) {
        match &envelope.event {
            Event::Message(event) => self.message(event, envelope.accepted_at),
            Event::Check { .. } => {
                let (chat, finished) = closing::on_check(&self.chat, window, envelope.accepted_at, now);
                self.chat = chat;
                self.events.extend(finished);
            }

            Event::Status(_) | Event::ChannelState(_) => {}
        }
    }

    fn message(&mut self, event: &MessageEvent, accepted_at: shared::clock::Timestamp) {
        let id = &event.message_id;
        let known =
            self.messages.get(id).map(|staged| &staged.after).or_else(|| self.stored.get(id)).cloned();
        let Some(after) = self.chat.receive(event, known.as_ref(), accepted_at) else {
            self.duplicates += 1;
            return;
        };
        let before = self.stored.get(id).cloned();
        self.messages.insert(id.clone(), Staged { before, after, connection: event.connection.clone() });
    }
}

fn message(envelope: &Envelope) -> Option<&MessageEvent> {
    match &envelope.event {
        Event::Message(message) => Some(message),
        _ => None,
    }
}

fn subject(envelope: &Envelope) -> Option<(&AccountId, &ChatId)> {
    match &envelope.event {
        Event::Message(message) => Some((&envelope.account, &message.chat)),
        Event::Check { chat } => Some((&envelope.account, chat)),
        Event::Status(_) | Event::ChannelState(_) => None,
    }
}

/// Which messages' rows have to be read. A new message needs none: that it was not there is the write's condition.
fn ids_to_read(envelopes: &[Envelope], all: bool) -> HashSet<MessageId> {
    let messages = envelopes.iter().filter_map(message);
    messages
        .filter(|message| all || message.revision != Revision::New)
        .map(|message| message.message_id.clone())
        .collect()
}

fn refuse_oversize(changes: &Changes) -> Result<(), StoreError> {
    for staged in changes.messages.values() {
        if size_of(&staged.after)? > LARGEST_MESSAGE {
            return Err(StoreError::Refused("larger than a row may be".into()));
        }
    }
    Ok(())
}

fn report(changes: &Changes, duplicates: u64) {
    let stored = changes.messages.values().filter(|staged| staged.before.is_none()).count();
    telemetry::count(Metric::Stored, stored as u64);
    telemetry::count(Metric::Duplicates, duplicates);
    telemetry::count(Metric::Finished, changes.events.len() as u64);
    let (chat, live) = (&changes.after, changes.after.state == ChatState::Live);
    tracing::info!(account = %chat.account, channel = %chat.channel, chat = %chat.chat, seq = chat.seq, stored, duplicates, live, "applied");
}
