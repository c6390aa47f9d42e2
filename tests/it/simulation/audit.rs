//! What must hold at every moment while nothing goes wrong, and at the end in any case.

use super::chat::{EFFECT, Simulation};
use super::story::{LATE, Verdict};
use shared::base::clock::Timestamp;
use shared::model::chat::closing;
use shared::model::chat::state::ChatState;
use std::time::Duration;

impl Simulation<'_> {
    pub(super) fn audit(&self) -> Verdict {
        let Some(chat) = &self.chat else { return Ok(()) };
        let (settings, since) = self.settings(self.now);
        let Some(last) = self.story.last(self.now) else { return Ok(()) };
        let long = |span: Duration, from: Timestamp| self.now > from + span + LATE;
        if self.now <= since + EFFECT && !self.plan.changes.is_empty() {
            return Ok(());
        }
        let closing = settings.closing();
        let kept_open = closing.client_waits && chat.unanswered_at.is_some();
        if chat.state == ChatState::Live && !kept_open && long(closing.window, last) {
            return Err(format!("live at {:?}, silent since {last:?}", self.now));
        }
        let idle = closing.idle_minutes.iter().rev();
        let lasted = idle.copied().find(|minutes| long(Duration::from_secs(u64::from(*minutes) * 60), last));
        if chat.state == ChatState::Live && lasted.is_some() && chat.idle_told < lasted {
            return Err(format!("{:?}: told of {:?} and not of {lasted:?}", self.now, chat.idle_told));
        }
        if closing::next_check_at(chat, &closing, self.now).is_some() && chat.check_at.is_none() {
            return Err("not on the due index".into());
        }
        // A chat whose reservation was switched off meanwhile waits for its next check.
        let mut settings = self.plan.changes.iter().map(|(_, settings)| settings);
        let reserves = closing.has_reservation && settings.all(|settings| settings.answer_within_s.is_some());
        match chat.reserved_until.filter(|_| reserves && chat.unanswered_at.is_some()) {
            Some(until) if long(Duration::ZERO, until) => Err(format!("{:?}: {until:?} is past", self.now)),
            _ => Ok(()),
        }
    }

    pub(super) fn end(&self) -> Verdict {
        let Some(chat) = &self.chat else { return Err("no chat".into()) };
        let (closing, _) = self.closing();
        let kept_open = closing.client_waits && chat.unanswered_at.is_some();
        if chat.state == ChatState::Live && !kept_open {
            return Err(format!("live in the end: {chat:?}"));
        }
        let live = usize::from(chat.state == ChatState::Live);
        if self.story.finishes + live != self.story.openings {
            return Err(format!("{} finishes, {} openings", self.story.finishes, self.story.openings));
        }
        if chat.state != ChatState::Live && chat.check_at.is_some() {
            return Err(format!("looked at for ever: {chat:?}"));
        }
        Ok(())
    }
}
