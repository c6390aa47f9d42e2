//! Runs rules (F6): which triggers occurred, which rules run for them, and what they change in the chat. A rule's
//! action triggers no rule.

use crate::fold::{Fold, ROOM};
use crate::rule_actions::{ActionResult, apply, row_count};
use crate::trigger::TriggerContext;
use shared::base::clock::Timestamp;
use shared::model::chat::closing::{self, CheckResult};
use shared::model::chat::{Chat, ForRules};
use shared::model::event::Origin;
use shared::model::rules::automatic::{self, Automatic, NotWritten};
use shared::model::rules::{Action, Rule, Skipped, Trigger};
use shared::providers;
use std::time::Duration;

impl<'a> Fold<'a> {
    /// Carries out the actions of the rules, in their order.
    pub(crate) fn carry_out(&mut self, rules: &[&'a Rule]) {
        for action in rules.iter().flat_map(|rule| &rule.actions) {
            if let Err(why) = self.act(action) {
                self.skipped.push(why.code());
            }
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), Skipped> {
        self.room = self.room.checked_sub(row_count(action)).ok_or(Skipped::TooMuch)?;
        match apply(action, &mut self.chat, self.context)? {
            ActionResult::InChat => {}
            ActionResult::Sent(sent) => self.sends.push(*sent),
            ActionResult::Event(event) => self.events.push(event),
            ActionResult::Waits(record) => self.assignments.push(record),
        }
        Ok(())
    }

    /// Checks the chat as of the moment at which the check was posted. Rules that do not fit beside what was done
    /// before them are left to the next check, at once.
    pub(crate) fn check(&mut self, posted_at: Timestamp) {
        let context = self.context;
        while let Some(happened) = self.chat.for_rules.first().cloned() {
            let rules = self.rules_told(&happened);
            if !self.fits(&rules) {
                return self.look_again();
            }
            self.chat.for_rules.remove(0);
            self.carry_out(&rules);
        }
        let (CheckResult { chat, finished, lapsed, idle }, farewell) = self.look(posted_at);
        let idle = idle.map(Trigger::Idle);
        let ended = finished.as_ref().map(|_| Trigger::ChatFinished);
        let happened = idle.into_iter().chain(ended).collect();
        let rules = TriggerContext::plain(happened, posted_at).matching(context, &chat);
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

    /// Schedules the next check a second later: a check's deduplication id comes from its time, and this check may have
    /// the id of now.
    fn look_again(&mut self) {
        self.chat.check_at = Some(self.context.now + Duration::from_secs(1));
    }

    /// Whether there is room for all actions of the rules. Rules that are too much by themselves are carried out as far
    /// as there is room.
    fn fits(&self, rules: &[&Rule]) -> bool {
        let rows: usize = rules.iter().flat_map(|rule| &rule.actions).map(row_count).sum();
        rows <= self.room || self.room == ROOM
    }

    /// The rules for a trigger that occurred in a function that runs no rules.
    fn rules_told(&self, happened: &ForRules) -> Vec<&'a Rule> {
        let (context, now) = (self.context, self.context.now);
        let plain = |happened| TriggerContext::plain(vec![happened], now).matching(context, &self.chat);
        match happened {
            // A message that was erased meanwhile triggers nothing.
            ForRules::MessageOut(id) => self.present(id).map_or_else(Vec::new, |message| {
                TriggerContext::written(&message).matching(context, &self.chat)
            }),
            ForRules::Opened => plain(Trigger::ChatOpened),
            ForRules::Finished => plain(Trigger::ChatFinished),
        }
    }

    /// The result of the check, and the farewell before the chat's end: the last message of the case, and not an
    /// activity.
    fn look(&self, posted_at: Timestamp) -> (CheckResult, Option<Result<Automatic, NotWritten>>) {
        let context = self.context;
        let looked = |chat: &Chat| closing::on_check(chat, &context.closing, posted_at, context.now);
        let plain = looked(&self.chat);
        let (Some(text), Some(channel), Some(_), true) =
            (&context.closing.farewell, &context.channel, &plain.finished, self.chat.wants_farewell())
        else {
            return (plain, None);
        };
        let mut chat = self.chat.clone();
        let id = context.fresh_id();
        let written = automatic::write(
            &mut chat,
            channel,
            providers::limits(channel, &self.chat.messenger),
            &id,
            Origin::Farewell,
            text,
            context.now,
        );
        let looked = if written.is_ok() { looked(&chat) } else { plain };
        (looked, Some(written))
    }
}
