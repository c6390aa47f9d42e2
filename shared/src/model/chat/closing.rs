//! When a chat finishes, by silence (F1, P6) or by hand (F3), and when it must be looked at next.

use crate::base::clock::Timestamp;
use crate::model::account::Account;
use crate::model::channel::Channel;
use crate::model::chat::assignment_reason::AssignmentReason;
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::chat::state::{AssignmentState, ChatState, ChatStatus, FinishReason, QueuePreference};
use crate::model::chat::{Chat, ChatEvent};
use crate::model::closing_options::{ClosingOptions, Reopening};
use std::time::Duration;

/// Chats finish after this much silence, in seconds, unless channel or account say otherwise (F1).
pub const DEFAULT_CLOSE_AFTER_S: u32 = 600;
/// Shortest window that may be set: 10 s.
pub const MIN_CLOSE_AFTER_S: u32 = 10;
/// Longest window that may be set: 30 days.
pub const MAX_CLOSE_AFTER_S: u32 = 30 * 24 * 3600;

/// A CRM push or an assignment that should have happened by now is looked for after this long: a nudge may get lost.
pub const LOST_NUDGE_AFTER: Duration = Duration::from_secs(600);

/// The same for a delivery: somebody waits for the answer.
pub const LOST_DELIVERY_AFTER: Duration = Duration::from_secs(60);

/// A chat is finished this long after the window has passed: ingest's own time limit. A message that was accepted at the
/// very end of the window is in the queue by then, ahead of the check.
pub const GRACE: Duration = Duration::from_secs(30);

/// A live chat is looked at this often however long its window is: the window may have been made shorter since.
pub const LONGEST_CHECK_INTERVAL: Duration = Duration::from_secs(3600);

/// How the chats of a channel end: what applies there, channel before account before default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Silence after which a chat finishes.
    pub window: Duration,
    /// Whether a client who waits for an answer keeps it open.
    pub client_waits: bool,
    /// What is said of it then.
    pub timeout_status: Option<ChatStatus>,
    /// What a client's message after the end makes of it.
    pub reopening: Reopening,
    /// What is written to the client then.
    pub farewell: Option<String>,
    /// After how much silence, in minutes, rules want to look; ascending.
    pub idle_minutes: Vec<u32>,
    /// Whether who gets a client must answer within a time, or the next one has him.
    pub has_reservation: bool,
}

impl Default for Closing {
    fn default() -> Self {
        Self::from_options([&ClosingOptions::default(), &ClosingOptions::default()])
    }
}

impl Closing {
    /// What applies on a channel of an account; the account's own where the channel is gone.
    pub fn of(account: &Account, channel: Option<&Channel>) -> Self {
        let own = ClosingOptions::default();
        let options =
            Self::from_options([channel.map_or(&own, |channel| &channel.closing), &account.closing]);
        let has_reservation = channel.is_some_and(|channel| channel.reservation.is_some());
        Self { idle_minutes: account.idle_minutes.clone(), has_reservation, ..options }
    }

    /// With this window, and the default in all else.
    pub fn after(window: Duration) -> Self {
        Self { window, ..Self::default() }
    }

    fn from_options([channel, account]: [&ClosingOptions; 2]) -> Self {
        let after = channel.close_after_s.or(account.close_after_s).unwrap_or(DEFAULT_CLOSE_AFTER_S);
        let farewell = channel.farewell.as_ref().or(account.farewell.as_ref());
        Self {
            window: Duration::from_secs(u64::from(after.clamp(MIN_CLOSE_AFTER_S, MAX_CLOSE_AFTER_S))),
            client_waits: channel.client_waits.or(account.client_waits).unwrap_or_default(),
            timeout_status: channel.timeout_status.or(account.timeout_status),
            reopening: channel.reopening.or(account.reopening).unwrap_or_default(),
            farewell: farewell.filter(|text| !text.trim().is_empty()).cloned(),
            idle_minutes: Vec::new(),
            has_reservation: false,
        }
    }
}

/// The moment at which a live chat is finished unless somebody writes. None: it is not live, or its client waits for an
/// answer where that keeps it open.
pub fn finishes_at(chat: &Chat, closing: &Closing) -> Option<Timestamp> {
    let kept_open = closing.client_waits && chat.unanswered_at.is_some();
    (chat.state == ChatState::Live && !kept_open).then(|| chat.last_activity_at + closing.window)
}

/// The next silence, in minutes, that rules want to be told of, and when it will have lasted so long.
pub fn next_idle(chat: &Chat, closing: &Closing) -> Option<(u32, Timestamp)> {
    let told = chat.idle_told.unwrap_or(0);
    let next = closing.idle_minutes.iter().copied().find(|minutes| *minutes > told)?;
    let at = chat.last_activity_at + Duration::from_secs(u64::from(next) * 60);
    (chat.state == ChatState::Live).then_some((next, at))
}

/// When the chat must be looked at next, or `None` when nothing is outstanding. From this follows its place in the due
/// index; nothing else starts or stops a timer.
pub fn next_check_at(chat: &Chat, closing: &Closing, now: Timestamp) -> Option<Timestamp> {
    let longest = now + LONGEST_CHECK_INTERVAL;
    let live = (chat.state == ChatState::Live)
        .then(|| finishes_at(chat, closing).map_or(longest, |at| (at + GRACE).min(longest)));
    let idle = next_idle(chat, closing).map(|(_, at)| (at + GRACE).max(now));
    let lapse = lapses_at(chat, closing).map(|at| at + GRACE);
    let told = (!chat.for_rules.is_empty()).then(|| now + LOST_DELIVERY_AFTER);
    // A time that has come is nudged for now; it is looked at again in case the nudge gets lost.
    let retry_at = chat.crm_retry_at.filter(|at| *at > now);
    let push = chat.is_crm_behind().then(|| retry_at.unwrap_or(now + LOST_NUDGE_AFTER));
    let wait = (chat.assignment_state == AssignmentState::Waiting).then(|| now + LOST_NUDGE_AFTER);
    // Whoever set a time that has come has nudged; an answer to a client is looked for sooner than other work.
    let deliver = chat.outbound_at.map(|at| at.max(now + LOST_DELIVERY_AFTER));
    [live, idle, lapse, told, push, wait, deliver].into_iter().flatten().min()
}

/// When the next one gets the client, unless somebody answers him before. Nobody is waited for in a chat that is finished, or
/// where that was switched off meanwhile.
fn lapses_at(chat: &Chat, closing: &Closing) -> Option<Timestamp> {
    let waits = chat.assignment_state == AssignmentState::Assigned && chat.unanswered_at.is_some();
    let is_open = chat.state != ChatState::General;
    chat.reserved_until.filter(|_| waits && is_open && closing.has_reservation)
}

/// What a check made of a chat.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    /// The chat as it is then.
    pub chat: Chat,
    /// It finished.
    pub finished: Option<ChatEvent>,
    /// Its responsible has not answered in time: the client is given to the next one.
    pub lapsed: Option<AssignmentRecord>,
    /// So many minutes of silence are for rules to be told of.
    pub idle: Option<u32>,
}

/// What a check makes of a chat. `posted_at` is when the check was put into the chat's queue: every message accepted before
/// it has been handled, so silence is judged as of then, however late the check is read.
pub fn on_check(chat: &Chat, closing: &Closing, posted_at: Timestamp, now: Timestamp) -> CheckResult {
    let mut next = chat.clone();
    let lapsed =
        lapses_at(chat, closing).is_some_and(|at| posted_at >= at + GRACE).then(|| next.lapse(posted_at));
    let silent = finishes_at(&next, closing).is_some_and(|at| posted_at >= at + GRACE);
    // Its end says more than its silence.
    let idle = next_idle(&next, closing).filter(|(_, at)| !silent && posted_at >= *at + GRACE);
    // Of several that have passed meanwhile the longest one, once.
    let idle = idle.map(|(first, _)| {
        let lasted = posted_at.since(chat.last_activity_at + GRACE).as_secs() / 60;
        let all = closing.idle_minutes.iter().copied().take_while(|minutes| u64::from(*minutes) <= lasted);
        all.last().unwrap_or(first).max(first)
    });
    next.idle_told = idle.or(next.idle_told);
    let finished = silent.then(|| {
        next.status = closing.timeout_status.or(next.status);
        next.finish(FinishReason::Inactivity, posted_at)
    });
    // Whoever posted it may have a clock that is ahead of ours.
    let due = chat.check_at.is_none_or(|at| at <= now.max(posted_at));
    if due || finished.is_some() {
        next.check_at = next_check_at(&next, closing, now);
    } else {
        next.schedule_check(closing, now);
    }
    CheckResult { chat: next, finished, lapsed, idle }
}

impl Chat {
    /// The responsible has not answered in time: he stays so until somebody else gets the client.
    fn lapse(&mut self, at: Timestamp) -> AssignmentRecord {
        self.missed_by.extend(self.responsible.clone());
        self.enqueue(Some(QueuePreference::Anyone), at);
        AssignmentRecord::new(self, AssignmentReason::Lapsed, at)
    }

    /// Finishes the chat and sets its status; a finished chat gets the status alone, and none leaves the status as it is. Each
    /// change takes a number.
    pub fn finish_with(
        &mut self,
        reason: FinishReason,
        status: Option<ChatStatus>,
        at: Timestamp,
    ) -> Option<ChatEvent> {
        let status = status.or(self.status);
        if self.state == ChatState::General {
            self.set_status(status);
            return None;
        }
        self.status = status;
        Some(self.finish(reason, at))
    }

    /// Sets the status of the conversation. Answers whether it changed: then it takes a number.
    pub fn set_status(&mut self, status: Option<ChatStatus>) -> bool {
        let is_news = self.status != status;
        self.status = status;
        self.seq += u64::from(is_news);
        is_news
    }
}

#[cfg(test)]
#[path = "closing_tests.rs"]
mod tests;
