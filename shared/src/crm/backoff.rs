//! How fast a failing CRM is retried: per chat, and per account if nothing succeeds any more.

use super::client::{Accepted, CrmError};
use crate::base::clock::Timestamp;
use crate::base::ids::ChatId;
use crate::model::crm::{CrmConnection, CrmState};
use std::time::Duration;

/// Consecutive failures of an account's chats after which the CRM is not called until a probe succeeds. One chat that
/// always fails does not reach this, because its failures in a row count once.
pub const BREAKER_AFTER: u32 = 5;

/// The longest pause between two attempts at one chat: a CRM that is back after an hour is up to date within this.
const LONGEST: Duration = Duration::from_secs(300);

/// The longest pause that a CRM may ask for, because it has no way to end the pause early.
const LONGEST_WISH: Duration = Duration::from_secs(900);

/// The pause after our key was refused. Setting the key again resumes the account at once; a chat that was postponed
/// meanwhile follows when its own pause ends, within this time.
const UNAUTHORIZED: Duration = Duration::from_secs(900);

/// How often a chat that has not failed yet may try a CRM during a pause after failures.
const PROBE_AFTER: Duration = Duration::from_secs(10);

/// The same after our key was refused: rarely, because a CRM may block a caller that keeps using a wrong key.
const PROBE_KEY_AFTER: Duration = Duration::from_secs(60);

/// How long to pause a chat after its `attempts`-th consecutive failure: 2 s, doubling, up to five minutes; longer if
/// the CRM asks for it.
pub fn chat_pause(attempts: u32, error: &CrmError) -> Duration {
    let own = Duration::from_secs(1u64 << attempts.clamp(1, 16)).min(LONGEST);
    match error {
        CrmError::Later { after: Some(after), .. } => own.max((*after).min(LONGEST_WISH)),
        CrmError::Busy { after } => *after,
        CrmError::Unauthorized => UNAUTHORIZED,
        _ => own,
    }
}

/// The connection after a failure of a chat. A `Retry-After` and a refused key pause the whole account at once;
/// otherwise consecutive failures of different chats do, for 5 s, doubling, up to five minutes. During a pause that the
/// CRM did not ask for, a chat that has not failed yet may try it from time to time, so that chats which always fail
/// hold up no others.
pub fn after_failure(
    connection: &CrmConnection,
    chat: &ChatId,
    error: &CrmError,
    now: Timestamp,
) -> CrmConnection {
    let mut next = connection.clone();
    // A chat that fails again says no more about the CRM than it did before, unless the CRM was given up already.
    if connection.failed_chat.as_ref() != Some(chat) || connection.failures >= BREAKER_AFTER {
        next.failures = connection.failures.saturating_add(1);
    }
    next.failures = next.failures.max(1);
    next.failed_chat = Some(chat.clone());
    next.failed_at = Some(now);
    next.error = Some(error.to_string());
    let breaker = next
        .failures
        .checked_sub(BREAKER_AFTER)
        .map(|opened| Duration::from_secs(5u64 << opened.min(6)).min(LONGEST));
    let pause = match error {
        CrmError::Later { after: Some(after), .. } => {
            Some((breaker.unwrap_or_default().max((*after).min(LONGEST_WISH)), None))
        }
        CrmError::Unauthorized => {
            next.state = CrmState::Unauthorized;
            Some((UNAUTHORIZED, Some(PROBE_KEY_AFTER)))
        }
        _ => breaker.map(|pause| (pause, Some(PROBE_AFTER))),
    };
    if let Some((pause, probe_after)) = pause {
        next.paused_until = Some(now + pause);
        next.probe_at = probe_after.map(|after| now + after);
    }
    next
}

/// Whether a CRM may be called now for one chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It may.
    Call,
    /// It may if no other chat does at the same time, because the CRM failed lately.
    Probe,
    /// Not before this moment.
    Wait(Timestamp),
}

/// Whether a CRM may be called now for one chat. `fresh`: the chat has not failed yet.
pub fn turn(connection: &CrmConnection, fresh: bool, now: Timestamp) -> Turn {
    let troubled = connection.failures >= BREAKER_AFTER || connection.state == CrmState::Unauthorized;
    match (connection.paused_until.filter(|until| *until > now), connection.probe_at) {
        (None, _) if troubled => Turn::Probe,
        (None, _) => Turn::Call,
        (Some(_), Some(at)) if fresh && at <= now => Turn::Probe,
        (Some(until), Some(at)) if fresh => Turn::Wait(until.min(at)),
        (Some(until), _) => Turn::Wait(until),
    }
}

/// The connection after a push in which the CRM accepted something, if there is anything to change.
pub fn after_success(
    connection: &CrmConnection,
    accepted: Accepted,
    now: Timestamp,
) -> Option<CrmConnection> {
    if !accepted.some {
        return None;
    }
    // The first success after a failure is stored, no other: it says that the CRM works.
    let is_news =
        |at: Option<Timestamp>| connection.failed_at.is_some_and(|failed| at.is_none_or(|at| at <= failed));
    let mut next = connection.clone();
    if is_news(connection.accepted_at) {
        next.accepted_at = Some(now);
    }
    if accepted.messages && is_news(connection.messages_accepted_at) {
        next.messages_accepted_at = Some(now);
    }
    (next.failures, next.failed_chat, next.error) = (0, None, None);
    (next.paused_until, next.probe_at, next.state) = (None, None, CrmState::Active);
    (next != *connection).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::AccountId;
    use crate::model::crm::CrmKind;

    fn connection() -> CrmConnection {
        CrmConnection::new(&AccountId::new("a"), CrmKind::Universal, Timestamp::default())
    }

    const MESSAGES: Accepted = Accepted { some: true, messages: true };

    fn chat(n: u32) -> ChatId {
        ChatId::new(format!("chat-{n}"))
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(1_000_000)
    }

    #[test]
    fn the_breaker_opens_after_failures_in_a_row_and_closes_on_success() {
        let error = CrmError::Unknown { why: "HTTP 500".into() };
        let mut state = connection();
        for n in 1..BREAKER_AFTER {
            state = after_failure(&state, &chat(n), &error, now());
            assert_eq!(state.paused_until, None);
        }
        state = after_failure(&state, &chat(9), &error, now());
        assert_eq!(state.paused_until, Some(now() + Duration::from_secs(5)));
        assert_eq!(state.probe_at, Some(now() + PROBE_AFTER));
        let cleared = after_success(&state, MESSAGES, now() + Duration::from_secs(1)).unwrap();
        assert_eq!((cleared.failures, cleared.paused_until, cleared.probe_at), (0, None, None));
        assert_eq!(after_success(&cleared, MESSAGES, now()), None, "no write when there is nothing to clear");
    }

    #[test]
    fn p8_one_chat_that_always_fails_pauses_no_other() {
        let error = CrmError::Unknown { why: "HTTP 500".into() };
        let mut state = connection();
        for _ in 0..100 {
            state = after_failure(&state, &chat(1), &error, now());
        }
        assert_eq!((state.failures, state.paused_until), (1, None));
    }

    #[test]
    fn the_first_success_after_a_failure_is_stored_for_messages_apart() {
        let error = CrmError::Unknown { why: "HTTP 500".into() };
        let failed = after_failure(&connection(), &chat(1), &error, now());
        let at = |s| now() + Duration::from_secs(s);
        let statuses = Accepted { some: true, messages: false };
        let taken = after_success(&failed, statuses, at(1)).unwrap();
        assert_eq!((taken.accepted_at, taken.messages_accepted_at), (Some(at(1)), None));
        assert_eq!(after_success(&taken, statuses, at(2)), None);
        let taken = after_success(&taken, MESSAGES, at(3)).unwrap();
        assert_eq!((taken.accepted_at, taken.messages_accepted_at), (Some(at(1)), Some(at(3))));
        let again = after_failure(&taken, &chat(1), &error, at(4));
        assert_eq!(after_success(&again, MESSAGES, at(5)).unwrap().messages_accepted_at, Some(at(5)));
        assert_eq!(after_success(&again, Accepted::default(), at(5)), None, "no call was made");
    }

    #[test]
    fn during_a_pause_that_the_crm_asked_for_nothing_is_tried() {
        let error = CrmError::Later { after: Some(Duration::from_secs(60)), why: "HTTP 429".into() };
        assert_eq!(after_failure(&connection(), &chat(1), &error, now()).probe_at, None);
        let refused = after_failure(&connection(), &chat(1), &CrmError::Unauthorized, now());
        assert_eq!(refused.probe_at, Some(now() + PROBE_KEY_AFTER));
    }

    #[test]
    fn retry_after_is_honoured_to_the_second() {
        let error = CrmError::Later { after: Some(Duration::from_secs(77)), why: "HTTP 429".into() };
        assert_eq!(chat_pause(1, &error).as_secs(), 77);
        assert_eq!(
            after_failure(&connection(), &chat(1), &error, now()).paused_until,
            Some(now() + Duration::from_secs(77))
        );
    }

    #[test]
    fn a_crm_that_wishes_no_pause_gets_ours() {
        let error = CrmError::Later { after: Some(Duration::ZERO), why: "HTTP 429".into() };
        assert_eq!([1, 4, 20].map(|n| chat_pause(n, &error).as_secs()), [2, 16, 300]);
        let failing = CrmConnection { failures: 20, ..connection() };
        assert_eq!(
            after_failure(&failing, &chat(1), &error, now()).paused_until,
            Some(now() + Duration::from_secs(300))
        );
    }

    #[test]
    fn pauses_grow_and_end_at_five_minutes() {
        let error = CrmError::Unknown { why: String::new() };
        assert_eq!([1, 2, 3, 8, 9, 500].map(|n| chat_pause(n, &error).as_secs()), [2, 4, 8, 256, 300, 300]);
    }
}
