//! Rules at work (F6): what happened, which of them run for it, and what they make of the chat. What a rule does pulls no
//! trigger.

use crate::context::Ground;
use crate::fold::{Fold, ROOM};
use crate::rule_actions::{Effect, apply, rows_of};
use shared::base::clock::Timestamp;
use shared::model::chat::automatic::{self, Automatic, NotWritten};
use shared::model::chat::closing::{self, Looked};
use shared::model::chat::{Chat, ChatState, ForRules};
use shared::model::event::{MessageEvent, Origin, Revision, Side};
use shared::model::message::{Kind, Message};
use shared::model::rules::{Action, Facts, Happened, Rule, Skipped};
use std::time::Duration;

/// Something that happened, as rules are asked about it.
#[derive(Debug, Default)]
pub struct Occasion<'a> {
    /// What happened, all of it together.
    pub happened: Vec<Happened>,
    text: Option<&'a str>,
    kind: Option<Kind>,
    is_new_client: bool,
    at: Timestamp,
}

impl<'a> Occasion<'a> {
    /// What a message is, that is taken in for the first time: `before` and `after` are its chat. Something that nobody said
    /// or nobody wrote is nothing.
    pub fn of(event: &'a MessageEvent, before: &Chat, after: &Chat, at: Timestamp) -> Self {
        let is_automatic = event.origin.is_some_and(Origin::is_automatic);
        if event.revision != Revision::New || !event.kind.is_said() || is_automatic {
            return Self::default();
        }
        let mut happened = Vec::new();
        if event.side == Side::Client {
            happened.push(Happened::MessageIn);
            happened.extend(event.kind.is_call().then_some(Happened::Call));
            let is_opened = before.state == ChatState::General && after.state != ChatState::General;
            happened.extend(is_opened.then_some(Happened::ChatOpened));
        } else {
            happened.push(Happened::MessageOut);
        }
        Self { happened, text: event.text.as_deref(), kind: Some(event.kind), is_new_client: false, at }
    }

    /// What a client's message is of which only its edit or its deletion has come: it may have been ignored when it came itself.
    pub fn again(event: &'a MessageEvent, at: Timestamp) -> Self {
        if event.side != Side::Client || event.revision == Revision::New || !event.kind.is_said() {
            return Self::default();
        }
        let call = event.kind.is_call().then_some(Happened::Call);
        let happened = std::iter::once(Happened::MessageIn).chain(call).collect();
        Self { happened, text: event.text.as_deref(), kind: Some(event.kind), is_new_client: false, at }
    }

    /// Something without a message.
    fn plain(happened: Vec<Happened>, at: Timestamp) -> Self {
        Self { happened, at, ..Self::default() }
    }

    /// A message that was written here.
    fn written(message: &'a Message) -> Self {
        let happened = vec![Happened::MessageOut];
        let (text, kind) = (message.text.as_deref(), Some(message.kind));
        Self { happened, text, kind, is_new_client: false, at: message.accepted_at }
    }

    /// The same, of a client whom nobody knew before.
    #[must_use]
    pub fn new_client(self, is_new_client: bool) -> Self {
        Self { is_new_client, ..self }
    }

    /// The rules that run, of a chat as it is by then.
    pub fn matching<'g>(&self, ground: &'g Ground, chat: &Chat) -> Vec<&'g Rule> {
        let Some(rules) = ground.rules.as_ref().filter(|_| !self.happened.is_empty()) else {
            return Vec::new();
        };
        rules.matching(&Facts {
            happened: &self.happened,
            text: self.text,
            kind: self.kind,
            chat,
            is_new_client: self.is_new_client,
            in_working_hours: ground.in_working_hours(self.at),
        })
    }
}

/// Whether one of them wants the message dropped.
pub fn ignored(rules: &[&Rule]) -> bool {
    rules.iter().any(|rule| rule.actions.contains(&Action::Ignore))
}

impl<'a> Fold<'a> {
    /// Does what rules say, in their order.
    pub(crate) fn carry_out(&mut self, rules: &[&'a Rule]) {
        for action in rules.iter().flat_map(|rule| &rule.actions) {
            if let Err(why) = self.act(action) {
                self.skipped.push(why.code());
            }
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), Skipped> {
        self.room = self.room.checked_sub(rows_of(action)).ok_or(Skipped::TooMuch)?;
        match apply(action, &mut self.chat, self.ground)? {
            Effect::InChat => {}
            Effect::Sent(sent) => self.sends.push(*sent),
            Effect::Event(event) => self.events.push(event),
            Effect::Waits(record) => self.assignments.push(record),
        }
        Ok(())
    }

    /// Looks at the chat as of the moment at which the check was posted. What does not fit beside what was done before it is
    /// left to the next look, at once.
    pub(crate) fn check(&mut self, posted_at: Timestamp) {
        let ground = self.ground;
        while let Some(happened) = self.chat.for_rules.first().cloned() {
            let rules = self.rules_told(&happened);
            if !self.fits(&rules) {
                return self.look_again();
            }
            self.chat.for_rules.remove(0);
            self.carry_out(&rules);
        }
        let (Looked { chat, finished, lapsed, idle }, farewell) = self.look(posted_at);
        let idle = idle.map(Happened::Idle);
        let ended = finished.as_ref().map(|_| Happened::ChatFinished);
        let happened = idle.into_iter().chain(ended).collect();
        let rules = Occasion::plain(happened, posted_at).matching(ground, &chat);
        if !self.fits(&rules) {
            return self.look_again();
        }
        self.chat = chat;
        self.assignments.extend(lapsed);
        self.events.extend(finished);
        match farewell {
            Some(Ok(sent)) => self.sends.push(sent),
            Some(Err(why)) => self.skipped.push(why.code()),
            None => {}
        }
        self.carry_out(&rules);
    }

    /// Not at this very moment: its time names a check, and this one may have that name.
    fn look_again(&mut self) {
        self.chat.check_at = Some(self.ground.now + Duration::from_secs(1));
    }

    /// Whether there is room for all that rules want. What is too much by itself is done as far as it goes.
    fn fits(&self, rules: &[&Rule]) -> bool {
        let rows: usize = rules.iter().flat_map(|rule| &rule.actions).map(rows_of).sum();
        rows <= self.room || self.room == ROOM
    }

    /// The rules that run for what happened where none are run.
    fn rules_told(&self, happened: &ForRules) -> Vec<&'a Rule> {
        let (ground, now) = (self.ground, self.ground.now);
        let plain = |happened| Occasion::plain(vec![happened], now).matching(ground, &self.chat);
        match happened {
            // One that was erased meanwhile is nobody's business any more.
            ForRules::MessageOut(id) => self
                .present(id)
                .map_or_else(Vec::new, |message| Occasion::written(&message).matching(ground, &self.chat)),
            ForRules::Opened => plain(Happened::ChatOpened),
            ForRules::Finished => plain(Happened::ChatFinished),
        }
    }

    /// What the check makes of the chat, and the farewell that goes before its end: the last message of the case, and no
    /// activity.
    fn look(&self, posted_at: Timestamp) -> (Looked, Option<Result<Automatic, NotWritten>>) {
        let ground = self.ground;
        let looked = |chat: &Chat| closing::on_check(chat, &ground.closing, posted_at, ground.now);
        let plain = looked(&self.chat);
        let (Some(text), Some(channel), Some(_), true) =
            (&ground.closing.farewell, &ground.channel, &plain.finished, self.chat.wants_farewell())
        else {
            return (plain, None);
        };
        let mut chat = self.chat.clone();
        let id = ground.fresh_id();
        let written = automatic::write(&mut chat, channel, &id, Origin::Farewell, text, ground.now);
        let looked = if written.is_ok() { looked(&chat) } else { plain };
        (looked, Some(written))
    }
}
