//! A chat's records in a batch, as one unit of work.

use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChatId};
use shared::model::contact::verified_phone;
use shared::model::event::{Envelope, Event, MessageEvent, Origin};
use shared::model::messenger::Messenger;

/// The events of one chat, applied together.
pub(crate) struct Group<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The chat that the events name.
    pub chat: &'a ChatId,
    /// The events, in order.
    pub envelopes: &'a [Envelope],
    /// Whether they are received for the first time.
    pub is_first: bool,
}

impl<'a> Group<'a> {
    /// The group of events of one chat; `None` if the events name no chat.
    pub fn of(envelopes: &'a [Envelope], is_first: bool) -> Option<Self> {
        let first = envelopes.first()?;
        let chat = match &first.event {
            Event::Message(message) => &message.chat,
            Event::Check { chat } => chat,
            Event::Status(_) | Event::Edited(_) | Event::ChannelState(_) | Event::TemplateState(_) => {
                return None;
            }
        };
        Some(Self { account: &first.account, chat, envelopes, is_first })
    }

    /// The group's messages, in order.
    pub fn messages(&self) -> impl Iterator<Item = &'a MessageEvent> {
        self.envelopes.iter().filter_map(message)
    }

    /// The same, each with the time at which we accepted it.
    pub fn dated(&self) -> impl Iterator<Item = (&'a MessageEvent, Timestamp)> {
        self.envelopes.iter().filter_map(|envelope| Some((message(envelope)?, envelope.accepted_at)))
    }

    pub(crate) fn first(&self) -> Option<&'a MessageEvent> {
        self.messages().next()
    }

    /// Whether the group may belong to a dialogue that we began by phone or user name, of which only the send's answer
    /// names the id: then it is no new chat. The answer is awaited once.
    pub(crate) fn may_be_dialogue(&self) -> bool {
        let by_id = |messenger: &Messenger| matches!(messenger, Messenger::Telegram | Messenger::Max);
        // A message from the provider's own chat window is surely not ours.
        let ours = |origin: Option<Origin>| matches!(origin, Some(Origin::Phone | Origin::Outside));
        self.is_first && self.first().is_some_and(|first| by_id(&first.messenger) && ours(first.origin))
    }

    /// The message that says most about the client: usually the first one, else one that has a phone where the first
    /// has none.
    pub(crate) fn telling(&self, region: &str) -> Option<&'a MessageEvent> {
        let tells = |message: &&MessageEvent| {
            !message.aliases.is_empty() || verified_phone(message, region).is_some()
        };
        self.messages().find(tells).or_else(|| self.first())
    }

    /// Whether the group contains a check.
    pub fn is_checked(&self) -> bool {
        self.envelopes.iter().any(|envelope| matches!(envelope.event, Event::Check { .. }))
    }
}

pub fn message(envelope: &Envelope) -> Option<&MessageEvent> {
    match &envelope.event {
        Event::Message(message) => Some(message),
        _ => None,
    }
}
