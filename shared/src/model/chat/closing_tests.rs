//! When chats are finished.

use super::*;
use crate::model::chat::tests::{new_chat, text_event};
use crate::model::event::Side;

fn window() -> Closing {
    Closing { has_reservation: true, ..Closing::default() }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn live() -> Chat {
    let mut chat = new_chat();
    chat.receive(&text_event("m1", Side::Client), None, at(0));
    chat.set_responsible(&crate::base::ids::EmployeeId::new("anna"));
    chat.crm_synced_seq = chat.seq;
    chat.schedule_check(&window(), at(0));
    chat
}

#[test]
fn p6_not_inside_the_window_and_once_after_it() {
    let chat = live();
    assert_eq!(chat.check_at, Some(at(630)));
    for early in [1, 300, 599, 629] {
        assert_eq!(
            on_check(&chat, &window(), at(early), at(early)),
            CheckResult { chat: chat.clone(), finished: None, lapsed: None, idle: None },
            "an early check is harmless"
        );
    }
    let finished = on_check(&chat, &window(), at(630), at(630)).chat;
    assert_eq!((finished.state, finished.finished_at), (ChatState::General, Some(at(630))));
    let again = on_check(&finished, &window(), at(631), at(631)).chat;
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
    chat.crm_synced_seq = chat.seq;
    chat.schedule_check(&window(), at(599));
    assert_eq!(chat.check_at, Some(at(630)), "not moved at each message");
    let looked = on_check(&chat, &window(), at(630), at(630)).chat;
    assert_eq!((looked.state, looked.check_at), (ChatState::Live, Some(at(1229))));
}

#[test]
fn p6_a_check_read_late_judges_as_of_its_posting() {
    let mut chat = live();
    // The check was posted in time and read an hour later, before a message accepted meanwhile.
    let finished = on_check(&chat, &window(), at(630), at(4000)).chat;
    assert_eq!(finished.finished_at, Some(at(630)));
    // A check posted too early, read late, with the message that came between already applied.
    chat.receive(&text_event("m2", Side::Client), None, at(3900));
    assert_eq!(on_check(&chat, &window(), at(630), at(4000)).chat.state, ChatState::Live);
}

#[test]
fn the_due_index_lets_go_when_nothing_is_outstanding() {
    let mut finished = on_check(&live(), &window(), at(630), at(630)).chat;
    assert_eq!(finished.check_at, Some(at(630) + LOST_NUDGE_AFTER), "the CRM has to learn of the finish");
    finished.crm_synced_seq = finished.seq;
    assert_eq!(on_check(&finished, &window(), at(1300), at(1300)).chat.check_at, None);
}

#[test]
fn p6_a_long_window_is_looked_at_every_hour() {
    let day = Closing::after(Duration::from_secs(86_400));
    let mut chat = live();
    chat.check_at = None;
    chat.schedule_check(&day, at(0));
    assert_eq!(chat.check_at, Some(at(3600)));
    assert_eq!(on_check(&chat, &day, at(3600), at(3600)).chat.check_at, Some(at(7200)));
    assert_eq!(
        on_check(&chat, &window(), at(3600), at(3600)).chat.state,
        ChatState::General,
        "made shorter meanwhile"
    );
}

#[test]
fn a_failing_crm_is_looked_at_when_it_may_be_tried_again() {
    let mut chat = live();
    chat.receive(&text_event("m2", Side::Client), None, at(10));
    chat.crm_retry_at = Some(at(40));
    chat.schedule_check(&window(), at(10));
    assert_eq!(chat.check_at, Some(at(40)));
}

#[test]
fn f3_finishing_and_saying_how_far_it_has_come_are_two_things() {
    let mut chat = live();
    let seq = chat.seq;
    chat.set_status(Some(ChatStatus::Waiting));
    assert_eq!((chat.state, chat.status, chat.seq), (ChatState::Live, Some(ChatStatus::Waiting), seq + 1));
    chat.set_status(Some(ChatStatus::Waiting));
    assert_eq!(chat.seq, seq + 1, "no news");
    let event = chat.finish_with(FinishReason::ByHand, None, at(20)).unwrap();
    assert_eq!((event.seq, event.finished), (seq + 2, Some(FinishReason::ByHand)));
    assert_eq!((event.status, chat.state), (Some(ChatStatus::Waiting), ChatState::General));
    assert_eq!((chat.seq, chat.finished_at), (seq + 2, Some(at(20))));
    assert!(chat.crm_due_at().is_some());
    let finished = chat.clone();
    assert_eq!(chat.finish_with(FinishReason::ByHand, None, at(30)), None);
    assert_eq!(chat, finished, "it is finished already");
    assert_eq!(chat.finish_with(FinishReason::ByHand, Some(ChatStatus::Closed), at(30)), None);
    assert_eq!((chat.status, chat.seq), (Some(ChatStatus::Closed), seq + 3));
    assert_eq!((chat.finished_at, chat.finish_reason), (Some(at(20)), Some(FinishReason::ByHand)));
}

#[test]
fn f2_a_client_who_waits_keeps_it_open_where_that_is_said() {
    let keeps = Closing { client_waits: true, ..window() };
    let mut chat = live();
    assert_eq!(finishes_at(&chat, &keeps), None);
    assert_eq!(next_check_at(&chat, &keeps, at(0)), Some(at(3600)), "the setting may change");
    assert_eq!(on_check(&chat, &keeps, at(100_000), at(100_000)).finished, None);
    chat.receive(&text_event("m2", Side::Company), None, at(100));
    assert_eq!(finishes_at(&chat, &keeps), Some(at(700)), "he was answered");
}

#[test]
fn f3_the_status_after_a_time_out_is_said_with_the_end_and_else_stays() {
    for (timeout, before, after) in [
        (Some(ChatStatus::Closed), Some(ChatStatus::Open), Some(ChatStatus::Closed)),
        (None, Some(ChatStatus::Waiting), Some(ChatStatus::Waiting)),
        (None, None, None),
    ] {
        let closing = Closing { timeout_status: timeout, ..window() };
        let chat = Chat { status: before, ..live() };
        let looked = on_check(&chat, &closing, at(630), at(630));
        assert_eq!((looked.chat.status, looked.finished.unwrap().status), (after, after));
    }
}

/// A chat of Anna's, who must answer within a minute of her turn.
fn reserved() -> Chat {
    let mut chat = Chat { reserved_until: Some(at(60)), check_at: None, ..live() };
    chat.schedule_check(&window(), at(0));
    chat
}

#[test]
fn b3_a_reservation_lapses_once_and_the_client_keeps_his_place() {
    let chat = reserved();
    assert_eq!(chat.check_at, Some(at(90)));
    assert_eq!(on_check(&chat, &window(), at(89), at(500)).lapsed, None, "as of the check's posting");
    let CheckResult { chat: lapsed, lapsed: record, finished, .. } =
        on_check(&chat, &window(), at(90), at(90));
    let record = record.unwrap();
    let anna = crate::base::ids::EmployeeId::new("anna");
    assert_eq!((record.why, record.seq, record.waits), (AssignmentReason::Lapsed, chat.seq + 1, true));
    assert_eq!(
        (lapsed.assignment_state, lapsed.waiting_since),
        (AssignmentState::Waiting, Some(at(0))),
        "his earlier place"
    );
    assert_eq!(
        (&lapsed.queue_preference, &lapsed.missed_by),
        (&Some(QueuePreference::Anyone), &vec![anna.clone()])
    );
    assert_eq!((lapsed.responsible.clone(), finished), (Some(anna), None), "until somebody else has him");
    assert_eq!(on_check(&lapsed, &window(), at(200), at(200)).lapsed, None, "once");
}

#[test]
fn b3_an_answer_or_that_none_is_needed_ends_the_reservation() {
    let mut answered = reserved();
    answered.receive(&text_event("m2", Side::Company), None, at(30));
    let mut needless = reserved();
    assert!(needless.no_answer_needed(needless.client_count));
    for chat in [answered, needless] {
        assert_eq!((chat.reserved_until, chat.missed_by.len()), (None, 0));
        assert_eq!(on_check(&chat, &window(), at(100), at(100)).lapsed, None);
    }
}

#[test]
fn b3_nobody_is_waited_for_in_a_finished_chat_or_where_that_was_switched_off() {
    let chat = reserved();
    let off = Closing::default();
    assert_eq!(on_check(&chat, &off, at(100), at(100)).lapsed, None);
    assert_eq!(next_check_at(&chat, &off, at(0)), Some(at(630)));
    let mut finished = Chat { missed_by: vec![crate::base::ids::EmployeeId::new("boris")], ..chat };
    finished.finish(FinishReason::ByHand, at(50));
    assert_eq!((finished.reserved_until, finished.missed_by.len()), (None, 0));
    finished.reserved_until = Some(at(60));
    assert_eq!(on_check(&finished, &window(), at(100), at(100)).lapsed, None);
}

#[test]
fn f6_silence_that_ends_the_chat_is_not_told_of_besides() {
    let closing = Closing { idle_minutes: vec![10], ..window() };
    let looked = on_check(&live(), &closing, at(700), at(700));
    assert_eq!((looked.finished.is_some(), looked.idle, looked.chat.idle_told), (true, None, None));
}

#[test]
fn f6_silence_is_told_once_of_several_the_longest_and_again_after_somebody_wrote() {
    let closing = Closing { idle_minutes: vec![1, 3, 5], ..window() };
    let mut chat = live();
    chat.check_at = None;
    chat.schedule_check(&closing, at(0));
    assert_eq!(chat.check_at, Some(at(90)));
    let idle = |chat: &Chat, seconds| on_check(chat, &closing, at(seconds), at(seconds));
    assert_eq!(idle(&chat, 89).idle, None);
    let first = idle(&chat, 90);
    assert_eq!((first.idle, first.chat.check_at), (Some(1), Some(at(210))));
    assert_eq!(idle(&first.chat, 90).idle, None, "a doubled check");
    assert_eq!(idle(&first.chat, 400).idle, Some(5), "sweeps were missing");
    let mut again = idle(&first.chat, 400).chat;
    assert_eq!(again.state, ChatState::Live);
    again.receive(&text_event("m2", Side::Company), None, at(410));
    assert_eq!((again.idle_told, idle(&again, 500).idle), (None, Some(1)));
    let mut by_rule = first.chat;
    let automatic = crate::model::event::MessageEvent {
        origin: Some(crate::model::event::Origin::Rule),
        ..text_event("r1", Side::Company)
    };
    by_rule.receive(&automatic, None, at(100));
    assert_eq!(
        (by_rule.idle_told, idle(&by_rule, 130).idle),
        (Some(1), None),
        "what a rule writes is no end of it"
    );
}
