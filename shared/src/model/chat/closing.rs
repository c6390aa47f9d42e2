//! When a chat is finished, by silence (F1, P6) or manually (F3), and when it must be checked next.

use crate::base::clock::Timestamp;
use crate::model::account::Account;
use crate::model::channel::Channel;
use crate::model::chat::assignment_reason::AssignmentReason;
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::chat::state::{AssignmentState, ChatState, ChatStatus, FinishReason, QueuePreference};
use crate::model::chat::{Chat, ChatEvent};
use crate::model::closing_options::{ClosingOptions, Reopening};
use std::time::Duration;

/// Chats are finished after this much silence, in seconds, unless channel or account set another window (F1).
pub const DEFAULT_CLOSE_AFTER_S: u32 = 600;
/// Shortest window that may be set: 10 s.
pub const MIN_CLOSE_AFTER_S: u32 = 10;
/// Longest window that may be set: 30 days.
pub const MAX_CLOSE_AFTER_S: u32 = 30 * 24 * 3600;

/// A CRM push or an assignment that should have happened by now is checked after this long, because a nudge may get
/// lost.
pub const LOST_NUDGE_AFTER: Duration = Duration::from_secs(600);

/// The same for a delivery: sooner, because a client waits for the answer.
pub const LOST_DELIVERY_AFTER: Duration = Duration::from_secs(60);

/// A chat is finished this long after the window has passed: ingest's own time limit. A message that was accepted at
/// the very end of the window is in the queue by then, ahead of the check.
pub const GRACE: Duration = Duration::from_secs(30);

/// A live chat is checked at least this often, however long its window is, because the window may have been shortened
/// since.
pub const LONGEST_CHECK_INTERVAL: Duration = Duration::from_secs(3600);

/// How the chats of a channel are finished: the settings that apply there, channel before account before default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Silence after which a chat is finished.
    pub window: Duration,
    /// Whether a client who waits for an answer keeps the chat open.
    pub client_waits: bool,
    /// The status that the chat gets then.
    pub timeout_status: Option<ChatStatus>,
    /// What a client's message does to a finished chat.
    pub reopening: Reopening,
    /// The text that is sent to the client then.
    pub farewell: Option<String>,
    /// After how many minutes of silence rules want to check the chat; ascending.
    pub idle_minutes: Vec<u32>,
    /// Whether an assigned employee must answer within a time, or the client is requeued.
    pub has_reservation: bool,
}

impl Default for Closing {
    fn default() -> Self {
        Self::from_options([&ClosingOptions::default(), &ClosingOptions::default()])
    }
}

impl Closing {
    /// The settings that apply on a channel of an account; the account's own where the channel is gone.
    pub fn of(account: &Account, channel: Option<&Channel>) -> Self {
        let own = ClosingOptions::default();
        let options =
            Self::from_options([channel.map_or(&own, |channel| &channel.closing), &account.closing]);
        let has_reservation = channel.is_some_and(|channel| channel.reservation.is_some());
        Self { idle_minutes: account.idle_minutes.clone(), has_reservation, ..options }
    }

    /// This window, with the defaults for all else.
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

/// The moment at which a live chat is finished unless either side writes. `None`: it is not live, or its client waits
/// for an answer where that keeps it open.
pub fn finishes_at(chat: &Chat, closing: &Closing) -> Option<Timestamp> {
    let kept_open = closing.client_waits && chat.unanswered_at.is_some();
    (chat.state == ChatState::Live && !kept_open).then(|| chat.last_activity_at + closing.window)
}

/// The next silence, in minutes, that triggers rules, and when it will have lasted so long.
pub fn next_idle(chat: &Chat, closing: &Closing) -> Option<(u32, Timestamp)> {
    let told = chat.idle_told.unwrap_or(0);
    let next = closing.idle_minutes.iter().copied().find(|minutes| *minutes > told)?;
    let at = chat.last_activity_at + Duration::from_secs(u64::from(next) * 60);
    (chat.state == ChatState::Live).then_some((next, at))
}

/// When the chat must be checked next, or `None` when nothing is outstanding. Its place in the due index follows from
/// this; nothing else starts or stops a timer.
pub fn next_check_at(chat: &Chat, closing: &Closing, now: Timestamp) -> Option<Timestamp> {
    let longest = now + LONGEST_CHECK_INTERVAL;
    let live = (chat.state == ChatState::Live)
        .then(|| finishes_at(chat, closing).map_or(longest, |at| (at + GRACE).min(longest)));
    let idle = next_idle(chat, closing).map(|(_, at)| (at + GRACE).max(now));
    let lapse = lapses_at(chat, closing).map(|at| at + GRACE);
    let told = (!chat.for_rules.is_empty()).then(|| now + LOST_DELIVERY_AFTER);
    // What is due has a nudge, and a new client a timer; the chat is checked in case that gets lost.
    let first = chat.contact_first_until();
    let later = |at: &Timestamp| *at > now && Some(*at) != first;
    let push = chat.crm_due_at().map(|at| Some(at).filter(later).unwrap_or(now + LOST_NUDGE_AFTER));
    let wait = (chat.assignment_state == AssignmentState::Waiting).then(|| now + LOST_NUDGE_AFTER);
    // A job that is due has been nudged. It is checked sooner than other work, because a client waits for the answer.
    let deliver = chat.outbound_at.map(|at| at.max(now + LOST_DELIVERY_AFTER));
    [live, idle, lapse, told, push, wait, deliver].into_iter().flatten().min()
}

/// When the client is requeued unless they get an answer before. `None` in a chat that is finished, and where
/// reservations were switched off meanwhile.
fn lapses_at(chat: &Chat, closing: &Closing) -> Option<Timestamp> {
    let waits = chat.assignment_state == AssignmentState::Assigned && chat.unanswered_at.is_some();
    let is_open = chat.state != ChatState::General;
    chat.reserved_until.filter(|_| waits && is_open && closing.has_reservation)
}

/// The result of a check of a chat.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    /// The chat after the check.
    pub chat: Chat,
    /// The event, if the chat was finished.
    pub finished: Option<ChatEvent>,
    /// The record, if the responsible did not answer in time and the client is requeued.
    pub lapsed: Option<AssignmentRecord>,
    /// The minutes of silence that trigger rules.
    pub idle: Option<u32>,
}

/// Checks a chat. `posted_at` is when the check was put into the chat's queue: every message accepted before it has
/// been handled, so silence is judged as of then, however late the check is read.
pub fn on_check(chat: &Chat, closing: &Closing, posted_at: Timestamp, now: Timestamp) -> CheckResult {
    let mut next = chat.clone();
    let lapsed =
        lapses_at(chat, closing).is_some_and(|at| posted_at >= at + GRACE).then(|| next.lapse(posted_at));
    let silent = finishes_at(&next, closing).is_some_and(|at| posted_at >= at + GRACE);
    // A chat that is finished triggers rules by its finish, not by its silence.
    let idle = next_idle(&next, closing).filter(|(_, at)| !silent && posted_at >= *at + GRACE);
    // If several silences have passed meanwhile, only the longest one counts, once.
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
    // The clock of the check's sender may be ahead of ours.
    let due = chat.check_at.is_none_or(|at| at <= now.max(posted_at));
    if due || finished.is_some() {
        next.check_at = next_check_at(&next, closing, now);
    } else {
        next.schedule_check(closing, now);
    }
    CheckResult { chat: next, finished, lapsed, idle }
}

impl Chat {
    /// Requeues the client because the responsible has not answered in time. The responsible stays until another
    /// employee gets the client.
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

    /// Sets the status, and returns whether that is a change: then it takes a number.
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
