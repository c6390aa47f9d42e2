//! When a chat finishes, by silence (F1, P6) or by hand (F3), and when it must be looked at next.

use crate::chat::{Chat, ChatEvent, ChatState, ChatStatus, ClientState, FinishReason};
use crate::clock::Timestamp;
use crate::crm::CrmKind;
use std::time::Duration;

/// A CRM push or an assignment that should have happened by now is looked for after this long: a nudge may get lost.
pub const LOST_NUDGE_AFTER: Duration = Duration::from_secs(600);

/// The same for a delivery: somebody waits for the answer.
pub const LOST_DELIVERY_AFTER: Duration = Duration::from_secs(60);

/// A chat is finished this long after the window has passed: ingest's own time limit. A message that was accepted at the
/// very end of the window is in the queue by then, ahead of the check.
pub const GRACE: Duration = Duration::from_secs(30);

/// A live chat is looked at this often however long its window is: the window may have been made shorter since.
pub const LONGEST_LOOK: Duration = Duration::from_secs(3600);

/// The moment at which a live chat is finished unless somebody writes.
pub fn finishes_at(chat: &Chat, window: Duration) -> Option<Timestamp> {
    (chat.state == ChatState::Live).then(|| chat.last_activity_at + window)
}

/// When the chat must be looked at next, or `None` when nothing is outstanding. From this follows its place in the due
/// index; nothing else starts or stops a timer.
pub fn next_look(chat: &Chat, window: Duration, now: Timestamp) -> Option<Timestamp> {
    let finish = finishes_at(chat, window).map(|at| (at + GRACE).min(now + LONGEST_LOOK));
    // A time that has come is nudged for now; it is looked at again in case the nudge gets lost.
    let retry_at = chat.crm_retry_at.filter(|at| *at > now);
    let push = chat.crm_behind().then(|| retry_at.unwrap_or(now + LOST_NUDGE_AFTER));
    let wait = (chat.client == ClientState::Waiting).then(|| now + LOST_NUDGE_AFTER);
    // Whoever set a time that has come has nudged; an answer to a client is looked for sooner than other work.
    let deliver = chat.outbound_at.map(|at| at.max(now + LOST_DELIVERY_AFTER));
    [finish, push, wait, deliver].into_iter().flatten().min()
}

/// What a check makes of a chat, and the event when it finishes. `posted_at` is when the check was put into the chat's
/// queue: every message accepted before it has been handled, so silence is judged as of then, however late the check is
/// read.
pub fn on_check(
    chat: &Chat,
    window: Duration,
    posted_at: Timestamp,
    now: Timestamp,
) -> (Chat, Option<ChatEvent>) {
    let mut next = chat.clone();
    let silent = finishes_at(chat, window).is_some_and(|at| posted_at >= at + GRACE);
    let finished = silent.then(|| next.finish(FinishReason::Inactivity, posted_at));
    let due = chat.check_at.is_none_or(|at| at <= now);
    if due || finished.is_some() {
        next.check_at = next_look(&next, window, now);
    } else {
        next.watch(window, now);
    }
    (next, finished)
}

impl Chat {
    /// An employee finishes the chat, and may say how far it has come. One that is finished stays as it is, but for what he
    /// says. `window` is the silence after which it would finish, when its channel is still there.
    pub fn finish_by_hand(
        &mut self,
        status: Option<ChatStatus>,
        crm: CrmKind,
        window: Option<Duration>,
        now: Timestamp,
    ) -> Option<ChatEvent> {
        if self.state == ChatState::General {
            self.set_status(status.or(self.status), crm, window, now);
            return None;
        }
        self.status = status.or(self.status);
        let event = self.finish(FinishReason::ByHand, now);
        if crm == CrmKind::None {
            self.settle_without_crm();
        }
        if let Some(window) = window {
            self.watch(window, now);
        }
        Some(event)
    }

    /// Says how far the conversation has come. It takes a number when that is news.
    pub fn set_status(
        &mut self,
        status: Option<ChatStatus>,
        crm: CrmKind,
        window: Option<Duration>,
        now: Timestamp,
    ) {
        if self.status != status {
            self.status = status;
            self.take_number(crm, window, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::tests::{new_chat, text_event};
    use crate::event::Side;

    const WINDOW: Duration = Duration::from_secs(600);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn live() -> Chat {
        let mut chat = new_chat();
        chat.receive(&text_event("m1", Side::Client), None, at(0));
        chat.assign(&crate::ids::EmployeeId::new("anna"));
        chat.crm_done = chat.seq;
        chat.watch(WINDOW, at(0));
        chat
    }

    #[test]
    fn p6_not_inside_the_window_and_once_after_it() {
        let chat = live();
        assert_eq!(chat.check_at, Some(at(630)));
        for early in [1, 300, 599, 629] {
            assert_eq!(
                on_check(&chat, WINDOW, at(early), at(early)),
                (chat.clone(), None),
                "an early check is harmless"
            );
        }
        let finished = on_check(&chat, WINDOW, at(630), at(630)).0;
        assert_eq!((finished.state, finished.finished_at), (ChatState::General, Some(at(630))));
        let again = on_check(&finished, WINDOW, at(631), at(631)).0;
        assert_eq!(
            (again.seq, again.finished_at),
            (finished.seq, finished.finished_at),
            "a doubled check is harmless"
        );
    }

    #[test]
    fn p6_activity_puts_it_off() {
        let mut chat = live();
        chat.receive(&text_event("m2", Side::Company), None, at(599));
        chat.crm_done = chat.seq;
        chat.watch(WINDOW, at(599));
        assert_eq!(chat.check_at, Some(at(630)), "not moved at each message");
        let looked = on_check(&chat, WINDOW, at(630), at(630)).0;
        assert_eq!((looked.state, looked.check_at), (ChatState::Live, Some(at(1229))));
    }

    #[test]
    fn p6_a_check_read_late_judges_as_of_its_posting() {
        let mut chat = live();
        // The check was posted in time and read an hour later, before a message accepted meanwhile.
        let finished = on_check(&chat, WINDOW, at(630), at(4000)).0;
        assert_eq!(finished.finished_at, Some(at(630)));
        // A check posted too early, read late, with the message that came between already applied.
        chat.receive(&text_event("m2", Side::Client), None, at(3900));
        assert_eq!(on_check(&chat, WINDOW, at(630), at(4000)).0.state, ChatState::Live);
    }

    #[test]
    fn the_due_index_lets_go_when_nothing_is_outstanding() {
        let mut finished = on_check(&live(), WINDOW, at(630), at(630)).0;
        assert_eq!(finished.check_at, Some(at(630) + LOST_NUDGE_AFTER), "the CRM has to learn of the finish");
        finished.crm_done = finished.seq;
        assert_eq!(on_check(&finished, WINDOW, at(1300), at(1300)).0.check_at, None);
    }

    #[test]
    fn p6_a_long_window_is_looked_at_every_hour() {
        let day = Duration::from_secs(86_400);
        let mut chat = live();
        chat.check_at = None;
        chat.watch(day, at(0));
        assert_eq!(chat.check_at, Some(at(3600)));
        assert_eq!(on_check(&chat, day, at(3600), at(3600)).0.check_at, Some(at(7200)));
        assert_eq!(
            on_check(&chat, WINDOW, at(3600), at(3600)).0.state,
            ChatState::General,
            "made shorter meanwhile"
        );
    }

    #[test]
    fn a_failing_crm_is_looked_at_when_it_may_be_tried_again() {
        let mut chat = live();
        chat.receive(&text_event("m2", Side::Client), None, at(10));
        chat.crm_retry_at = Some(at(40));
        chat.watch(WINDOW, at(10));
        assert_eq!(chat.check_at, Some(at(40)));
    }

    #[test]
    fn f3_finishing_and_saying_how_far_it_has_come_are_two_things() {
        let mut chat = live();
        let (crm, seq) = (CrmKind::Universal, chat.seq);
        chat.set_status(Some(ChatStatus::Waiting), crm, Some(WINDOW), at(10));
        assert_eq!(
            (chat.state, chat.status, chat.seq),
            (ChatState::Live, Some(ChatStatus::Waiting), seq + 1)
        );
        chat.set_status(Some(ChatStatus::Waiting), crm, Some(WINDOW), at(11));
        assert_eq!(chat.seq, seq + 1, "no news");
        let event = chat.finish_by_hand(None, crm, Some(WINDOW), at(20)).unwrap();
        assert_eq!((event.seq, event.finished), (seq + 2, FinishReason::ByHand));
        assert_eq!((event.status, chat.state), (Some(ChatStatus::Waiting), ChatState::General));
        assert_eq!((chat.seq, chat.finished_at), (seq + 2, Some(at(20))));
        assert!(chat.crm_behind() && chat.check_at.is_some(), "a lost nudge is found");
        let finished = chat.clone();
        assert_eq!(chat.finish_by_hand(None, crm, Some(WINDOW), at(30)), None);
        assert_eq!(chat, finished, "it is finished already");
        assert_eq!(chat.finish_by_hand(Some(ChatStatus::Closed), crm, Some(WINDOW), at(30)), None);
        assert_eq!((chat.status, chat.seq), (Some(ChatStatus::Closed), seq + 3));
        assert_eq!((chat.finished_at, chat.finish_reason), (Some(at(20)), Some(FinishReason::ByHand)));
    }

    #[test]
    fn f3_without_a_crm_nobody_is_behind() {
        let mut chat = live();
        let event = chat.finish_by_hand(Some(ChatStatus::Closed), CrmKind::None, Some(WINDOW), at(20));
        assert!(event.is_some() && !chat.crm_behind());
        chat.set_status(Some(ChatStatus::Open), CrmKind::None, None, at(30));
        assert!(!chat.crm_behind());
    }
}
