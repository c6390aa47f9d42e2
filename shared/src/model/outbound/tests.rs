//! The steps of a job, one by one.

use super::*;
use crate::model::outbound::call::FailureReason;

const KEY: Option<Duration> = Some(Duration::from_secs(50));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn job() -> OutboundJob {
    let (account, chat) = (AccountId::new("a"), ChatId::new("c"));
    OutboundJob::new(&account, &chat, 1, &MessageId::new("m"), Action::Send, at(0))
}

fn unknown() -> SendFailure {
    SendFailure::Unknown { why: "HTTP 500".into() }
}

fn kept(job: &OutboundJob, failure: &SendFailure, now: Timestamp) -> OutboundJob {
    match job.after_failure(failure, now) {
        AfterFailure::Keep(step) => job.stepped(&step),
        AfterFailure::Fail { code, .. } => panic!("{code}"),
    }
}

#[test]
fn whoever_finds_a_call_begun_leaves_it_alone_and_then_repeats_it_while_that_is_safe() {
    let begun = job().begun(at(1));
    assert_eq!(begun.next_step(KEY, at(2)), Step::Wait { until: at(21), others_pass: false });
    assert_eq!(begun.next_step(KEY, at(21)), Step::Call);
    let again = begun.begun(at(21));
    assert_eq!(again.state, JobState::Sending(at(1)), "the key is as old as the first call");
    assert_eq!(again.next_step(KEY, at(51)), Step::Call);
    assert_eq!(again.next_step(KEY, at(52)), Step::AwaitProof);
    assert_eq!(begun.next_step(None, at(21)), Step::AwaitProof, "a provider that knows no key");
}

#[test]
fn without_proof_a_person_has_to_look_and_nothing_behind_waits() {
    let doubt = job().begun(at(1)).in_doubt(at(60));
    assert_eq!(doubt.next_step(KEY, at(179)), Step::Wait { until: at(180), others_pass: true });
    assert_eq!(doubt.next_step(KEY, at(180)), Step::ShowUnknown);
}

#[test]
fn what_was_surely_not_sent_is_tried_for_a_day() {
    let later = SendFailure::Later { after: Some(Duration::from_secs(7)), why: "HTTP 429".into() };
    let put_off = kept(&job().begun(at(1)), &later, at(2));
    assert_eq!((put_off.state, put_off.retry_at), (JobState::Queued, Some(at(9))));
    assert_eq!(put_off.next_step(KEY, at(8)), Step::Wait { until: at(9), others_pass: false });
    assert_eq!(put_off.next_step(KEY, at(9)), Step::Call);
    assert_eq!(put_off.next_step(KEY, at(24 * 3600)), Step::GiveUp);
    let anew = put_off.begun(at(500));
    assert_eq!(anew.state, JobState::Sending(at(500)), "a new key's time");
}

#[test]
fn an_unknown_outcome_stays_unknown_when_a_repeat_fails_too() {
    let first = kept(&job().begun(at(1)), &unknown(), at(5));
    assert_eq!((first.state, first.retry_at), (JobState::Sending(at(1)), Some(at(7))));
    assert_eq!(first.next_step(KEY, at(7)), Step::Call);
    let mut late = first;
    for now in [7, 12, 20, 31, 42] {
        late = kept(&late.begun(at(now)), &unknown(), at(now + 1));
    }
    assert_eq!(late.next_step(KEY, at(60)), Step::AwaitProof);
}

#[test]
fn edits_and_deletions_may_be_repeated() {
    let mut edit = job();
    edit.action = Action::Delete;
    assert_eq!(edit.begun(at(1)).next_step(None, at(500)), Step::Call);
}

#[test]
fn a_refusal_ends_it() {
    let never = SendFailure::never(FailureReason::NoSuchRecipient, "BAD_CONTACT");
    let after = job().begun(at(1)).after_failure(&never, at(2));
    assert_eq!(after, AfterFailure::Fail { code: "BAD_CONTACT".into(), description: None });
}

#[test]
fn a_signature_stands_below() {
    assert_eq!(signed("Добрый день", Some("Анна, отдел продаж")), "Добрый день\n\nАнна, отдел продаж");
    assert_eq!(signed("Добрый день", None), "Добрый день");
}

fn begun_in_doubt() -> OutboundJob {
    kept(&job().begun(at(1)), &unknown(), at(2)).begun(at(5))
}

fn never() -> SendFailure {
    SendFailure::never(FailureReason::NoMoney, "BALANCE_IS_EMPTY")
}

#[test]
fn p4_a_doubt_that_an_earlier_call_opened_outlives_every_later_answer() {
    let later = |seconds| SendFailure::Later { after: Some(Duration::from_secs(seconds)), why: "x".into() };
    for (failure, retry) in [(later(7), 13), (later(7200), 126), (SendFailure::Unauthorized, 126)] {
        let still = kept(&begun_in_doubt(), &failure, at(6));
        assert_eq!((still.state, still.retry_at), (JobState::Sending(at(1)), Some(at(retry))), "{failure}");
        assert_eq!(still.next_step(KEY, at(130)), Step::AwaitProof, "{failure}");
    }
    let refused = kept(&begun_in_doubt(), &never(), at(6));
    assert_eq!((refused.state, refused.retry_at), (JobState::Unknown(at(6)), None));
    assert_eq!(refused.next_step(KEY, at(126)), Step::ShowUnknown);
}

#[test]
fn p4_what_stands_against_a_call_before_it_is_made_ends_no_doubt() {
    // The worker died during the call.
    let found = job().begun(at(1));
    let step = |job: &OutboundJob, failure: &SendFailure| match job.without_call(failure, at(21)) {
        AfterFailure::Keep(step) => Some(step.state),
        AfterFailure::Fail { .. } => None,
    };
    let later = SendFailure::Later { after: None, why: "its file is not copied yet".into() };
    assert_eq!(step(&found, &later), Some(JobState::Sending(at(1))));
    assert_eq!(step(&found, &never()), Some(JobState::Unknown(at(21))));
    assert_eq!((step(&job(), &later), step(&job(), &never())), (Some(JobState::Queued), None));
}

#[test]
fn p4_no_call_is_made_when_the_key_is_too_old() {
    let begun = begun_in_doubt();
    assert!(begun.may_call(KEY, at(51)) && !begun.may_call(KEY, at(52)) && !begun.may_call(None, at(6)));
    assert!(job().may_call(None, at(500)) && !begun.in_doubt(at(6)).may_call(KEY, at(7)));
}

#[test]
fn an_edit_whose_outcome_stays_unknown_ends_after_a_day() {
    let edit = OutboundJob { action: Action::Delete, ..job() };
    let refused = edit.begun(at(1)).begun(at(30)).after_failure(&never(), at(31));
    assert!(matches!(refused, AfterFailure::Fail { .. }), "twice done is done: its refusal is one");
    let open = edit.begun(at(1));
    assert_eq!(open.next_step(None, at(24 * 3600 - 1)), Step::Call);
    assert_eq!(open.next_step(None, at(24 * 3600)), Step::GiveUp);
}
