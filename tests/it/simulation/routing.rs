//! How routing handles the queue, and what follows it: the policies themselves.

use super::chat::{Fault, Record, Simulation, Step, ms};
use super::plan::Who;
use super::story::{LATE, Verdict};
use shared::base::clock::Timestamp;
use shared::base::ids::{ContactId, EmployeeId, MessageId};
use shared::model::chat::Chat;
use shared::model::chat::closing::{Closing, GRACE, on_check};
use shared::model::chat::state::{AssignmentState, ChatState};
use shared::model::event::{MessageEvent, Origin};
use shared::model::rules::automatic;
use std::time::Duration;

/// Routing sets a timer for checks due within this time, because the next sweeps may not run before.
const SOON: Duration = Duration::from_secs(120);

impl Simulation<'_> {
    pub(super) fn work(&mut self) -> Verdict {
        if self.is_in(&self.plan.faults.stalls) {
            return Ok(());
        }
        while let Some(record) = self.queue.pop_front() {
            match record {
                Record::Message { event, accepted_at, who } => self.message(&event, accepted_at, who)?,
                Record::Check { posted_at } => self.check(posted_at)?,
            }
        }
        Ok(())
    }

    fn message(&mut self, event: &MessageEvent, accepted_at: Timestamp, who: Who) -> Verdict {
        let (closing, _) = self.closing();
        let unopened =
            || Chat::unopened(&self.channel.account, event, ContactId::new("contact"), accepted_at);
        let before = self.chat.take().unwrap_or_else(unopened);
        let mut chat = before.clone();
        let row = chat.receive_under(&closing, event, self.stored.get(&event.message_id), accepted_at);
        self.note(|| format!("{who:?} of {accepted_at:?}, new: {}", row.is_some()));
        if let Some(row) = row {
            self.stored.insert(row.message_id.clone(), row);
        }
        if before.state != ChatState::Live && chat.state == ChatState::Live {
            self.story.open(Some(who))?;
        }
        self.commit(before, chat);
        Ok(())
    }

    fn check(&mut self, posted_at: Timestamp) -> Verdict {
        let (closing, _) = self.closing();
        let Some(before) = self.chat.take() else { return Ok(()) };
        let judged_at = match self.fault {
            Fault::JudgesWhenRead => self.now,
            Fault::NoGrace => posted_at + GRACE,
            _ => posted_at,
        };
        let looked = on_check(&before, &closing, judged_at, self.now);
        self.note(|| format!("check of {posted_at:?}, finished: {}", looked.finished.is_some()));
        if let Some(minutes) = looked.idle {
            self.story.idle(minutes, posted_at)?;
        }
        if looked.lapsed.is_some() {
            self.story.lapse(self.had, before.reserved_until.unwrap_or_default(), posted_at)?;
        }
        let mut chat = looked.chat;
        if (before.state == ChatState::Live) != (chat.state == ChatState::Live) || looked.finished.is_some() {
            self.story.finish(posted_at, &closing)?;
            self.farewell(&mut chat, &closing);
        }
        self.commit(before, chat);
        Ok(())
    }

    fn farewell(&mut self, chat: &mut Chat, closing: &Closing) {
        let Some(text) = &closing.farewell else { return };
        let id = MessageId::new(format!("farewell {}", self.story.finishes));
        let limits = shared::providers::limits(&self.channel, &chat.messenger);
        let written = automatic::write(chat, &self.channel, limits, &id, Origin::Farewell, text, self.now);
        assert!(written.is_ok(), "{written:?}");
        // The farewell comes back as an echo that is not recognised as ours.
        let who = if self.fault == Fault::FarewellOpens { Who::Client } else { Who::Phone };
        let accepted_at = self.now + ms(1_500);
        let event = Box::new(self.event(MessageId::new(format!("echo {}", self.story.finishes)), who));
        self.story.write(accepted_at, Who::Phone);
        self.at(accepted_at, Step::Enqueue(Record::Message { event, accepted_at, who: Who::Phone }));
        self.at(accepted_at + closing.window + LATE, Step::Audit);
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        let due = self.chat.as_ref().and_then(|chat| chat.check_at);
        self.log.push(format!("{:?}: {} (due {due:?})", self.now, line()));
    }

    /// Does the rest of a transaction, and what delivery and a drain do.
    pub(super) fn commit(&mut self, before: Chat, mut chat: Chat) {
        let (closing, settings) = self.closing();
        chat.mark_crm_synced();
        chat.outbound_at = None;
        if chat.assignment_state == AssignmentState::Waiting {
            chat.set_responsible(&EmployeeId::new("anna"));
            chat.mark_crm_synced();
            self.had = self.now;
            let waits = chat.unanswered_at.is_some() && chat.state != ChatState::General;
            let within = settings.answer_within_s.filter(|_| chat.missed_by.len() < 2 && waits);
            chat.reserved_until = within.map(|seconds| self.now + Duration::from_secs(seconds));
        }
        chat.schedule_check(&closing, self.now);
        let moved = chat.check_at.filter(|at| Some(*at) != before.check_at);
        if let Some(at) = moved.filter(|at| at.since(self.now) <= SOON) {
            // This moment is past already: its check was posted before it, and read after it.
            let forgets = self.fault == Fault::ForgetsThePast && at <= self.now;
            self.timer(if forgets { self.ends + SOON } else { at });
        }
        self.chat = Some(chat);
    }
}
