//! The triggers of rules.

use crate::context::RoutingContext;
use shared::base::clock::Timestamp;
use shared::model::chat::Chat;
use shared::model::chat::state::ChatState;
use shared::model::event::{MessageEvent, Origin, Revision, Side};
use shared::model::message::Message;
use shared::model::message::kind::Kind;
use shared::model::rules::{Action, Rule, RuleFacts, Trigger};

/// One occurrence of triggers, with the facts that rules match.
#[derive(Debug, Default)]
pub struct TriggerContext<'a> {
    /// The triggers that occurred together.
    pub triggers: Vec<Trigger>,
    text: Option<&'a str>,
    kind: Option<Kind>,
    is_new_client: bool,
    at: Timestamp,
}

impl<'a> TriggerContext<'a> {
    /// The triggers of a message received for the first time: `before` and `after` are its chat. Automatic messages and
    /// kinds that no person says trigger nothing.
    pub fn of(event: &'a MessageEvent, before: &Chat, after: &Chat, at: Timestamp) -> Self {
        let is_automatic = event.origin.is_some_and(Origin::is_automatic);
        if event.revision != Revision::New || !event.kind.is_said() || is_automatic {
            return Self::default();
        }
        let mut happened = Vec::new();
        if event.side == Side::Client {
            happened.push(Trigger::MessageIn);
            happened.extend(event.kind.is_call().then_some(Trigger::Call));
            let is_opened = before.state == ChatState::General && after.state != ChatState::General;
            happened.extend(is_opened.then_some(Trigger::ChatOpened));
        } else {
            happened.push(Trigger::MessageOut);
        }
        Self {
            triggers: happened,
            text: event.text.as_deref(),
            kind: Some(event.kind),
            is_new_client: false,
            at,
        }
    }

    /// The triggers of a client's message of which only the edit or the deletion has come: the message itself may have
    /// been ignored.
    pub fn again(event: &'a MessageEvent, at: Timestamp) -> Self {
        if event.side != Side::Client || event.revision == Revision::New || !event.kind.is_said() {
            return Self::default();
        }
        let call = event.kind.is_call().then_some(Trigger::Call);
        let happened = std::iter::once(Trigger::MessageIn).chain(call).collect();
        Self {
            triggers: happened,
            text: event.text.as_deref(),
            kind: Some(event.kind),
            is_new_client: false,
            at,
        }
    }

    /// Triggers without a message.
    pub fn plain(happened: Vec<Trigger>, at: Timestamp) -> Self {
        Self { triggers: happened, at, ..Self::default() }
    }

    /// The trigger of a message that was written here.
    pub fn written(message: &'a Message) -> Self {
        let happened = vec![Trigger::MessageOut];
        let (text, kind) = (message.text.as_deref(), Some(message.kind));
        Self { triggers: happened, text, kind, is_new_client: false, at: message.accepted_at }
    }

    /// The same, from a client who was not known before.
    #[must_use]
    pub fn new_client(self, is_new_client: bool) -> Self {
        Self { is_new_client, ..self }
    }

    /// The rules that run; `chat` is the chat after the trigger.
    pub fn matching<'g>(&self, context: &'g RoutingContext, chat: &Chat) -> Vec<&'g Rule> {
        let Some(rules) = context.rules.as_ref().filter(|_| !self.triggers.is_empty()) else {
            return Vec::new();
        };
        rules.matching(&RuleFacts {
            happened: &self.triggers,
            text: self.text,
            kind: self.kind,
            chat,
            is_new_client: self.is_new_client,
            in_working_hours: context.in_working_hours(self.at),
        })
    }
}

/// Whether one of the rules wants the message dropped.
pub fn ignored(rules: &[&Rule]) -> bool {
    rules.iter().any(|rule| rule.actions.contains(&Action::Ignore))
}
