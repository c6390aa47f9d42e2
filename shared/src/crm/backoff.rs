//! How fast a failing CRM is retried: per chat, and per account if nothing succeeds any more.

use super::client::CrmError;
use crate::base::clock::Timestamp;
use crate::model::crm::{CrmConnection, CrmState};
use std::time::Duration;

/// Consecutive failures, over all of an account's chats, after which the CRM is not called until a probe succeeds. One
/// chat that always fails does not reach this, because the others succeed in between.
pub const BREAKER_AFTER: u32 = 5;

/// The longest pause between two attempts at one chat: a CRM that is back after an hour is up to date within this.
const LONGEST: Duration = Duration::from_secs(300);

/// The longest pause that a CRM may ask for, because it has no way to end the pause early.
const LONGEST_WISH: Duration = Duration::from_secs(900);

/// The pause after our key was refused. Setting the key again resumes the account at once; a chat that was postponed
/// meanwhile follows when its own pause ends, within this time.
const UNAUTHORIZED: Duration = Duration::from_secs(900);

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

/// The connection after a failure. A `Retry-After` and a refused key pause the whole account at once; otherwise
/// consecutive failures do, for 5 s, doubling, up to five minutes.
pub fn after_failure(connection: &CrmConnection, error: &CrmError, now: Timestamp) -> CrmConnection {
    let mut next = connection.clone();
    next.failures = connection.failures.saturating_add(1);
    next.error = Some(error.to_string());
    let breaker = next
        .failures
        .checked_sub(BREAKER_AFTER)
        .map(|opened| Duration::from_secs(5u64 << opened.min(6)).min(LONGEST));
    let pause = match error {
        CrmError::Later { after: Some(after), .. } => {
            Some(breaker.unwrap_or_default().max((*after).min(LONGEST_WISH)))
        }
        CrmError::Unauthorized => {
            next.state = CrmState::Unauthorized;
            Some(UNAUTHORIZED)
        }
        _ => breaker,
    };
    if let Some(pause) = pause {
        next.paused_until = Some(now + pause);
    }
    next
}

/// The connection after a success, if there is anything to clear.
pub fn after_success(connection: &CrmConnection) -> Option<CrmConnection> {
    let troubled =
        connection.failures > 0 || connection.paused_until.is_some() || connection.state != CrmState::Active;
    troubled.then(|| CrmConnection {
        failures: 0,
        paused_until: None,
        error: None,
        state: CrmState::Active,
        ..connection.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::AccountId;
    use crate::model::crm::CrmKind;

    fn connection() -> CrmConnection {
        CrmConnection::new(&AccountId::new("a"), CrmKind::Universal, Timestamp::default())
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(1_000_000)
    }

    #[test]
    fn the_breaker_opens_after_failures_in_a_row_and_closes_on_success() {
        let error = CrmError::Unknown { why: "HTTP 500".into() };
        let mut state = connection();
        for _ in 1..BREAKER_AFTER {
            state = after_failure(&state, &error, now());
            assert_eq!(state.paused_until, None);
        }
        state = after_failure(&state, &error, now());
        assert_eq!(state.paused_until, Some(now() + Duration::from_secs(5)));
        let cleared = after_success(&state).unwrap();
        assert_eq!((cleared.failures, cleared.paused_until), (0, None));
        assert_eq!(after_success(&cleared), None, "no write when there is nothing to clear");
    }

    #[test]
    fn retry_after_is_honoured_to_the_second() {
        let error = CrmError::Later { after: Some(Duration::from_secs(77)), why: "HTTP 429".into() };
        assert_eq!(chat_pause(1, &error).as_secs(), 77);
        assert_eq!(
            after_failure(&connection(), &error, now()).paused_until,
            Some(now() + Duration::from_secs(77))
        );
    }

    #[test]
    fn a_crm_that_wishes_no_pause_gets_ours() {
        let error = CrmError::Later { after: Some(Duration::ZERO), why: "HTTP 429".into() };
        assert_eq!([1, 4, 20].map(|n| chat_pause(n, &error).as_secs()), [2, 16, 300]);
        let failing = CrmConnection { failures: 20, ..connection() };
        assert_eq!(
            after_failure(&failing, &error, now()).paused_until,
            Some(now() + Duration::from_secs(300))
        );
    }

    #[test]
    fn pauses_grow_and_end_at_five_minutes() {
        let error = CrmError::Unknown { why: String::new() };
        assert_eq!([1, 2, 3, 8, 9, 500].map(|n| chat_pause(n, &error).as_secs()), [2, 4, 8, 256, 300, 300]);
    }
}
