//! What happened, and what must hold of it.

use super::plan::Who;
use shared::base::clock::Timestamp;
use shared::model::chat::closing::{Closing, GRACE};
use std::time::Duration;

/// Nothing may happen later than this after its time.
pub const LATE: Duration = Duration::from_secs(60);

/// The precision of messengers' times, by which an answer and a question are ordered: whole seconds.
const ROUNDED: Duration = Duration::from_secs(2);

/// Whether the client wrote, and when the message was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrote {
    pub at: Timestamp,
    pub client: bool,
}

/// The messages in the order in which they were accepted, and what happened to the chat.
#[derive(Clone, Debug, Default)]
pub struct Story {
    wrote: Vec<Wrote>,
    pub finishes: usize,
    pub openings: usize,
    told: Vec<(u32, Timestamp)>,
}

/// What is wrong, if anything.
pub type Verdict = Result<(), String>;

fn ensure(holds: bool, says: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(says()) }
}

impl Story {
    pub fn write(&mut self, at: Timestamp, who: Who) {
        self.wrote.push(Wrote { at, client: who == Who::Client });
    }

    /// The time of the last message up to a moment.
    pub fn last(&self, by: Timestamp) -> Option<Timestamp> {
        self.wrote.iter().map(|wrote| wrote.at).filter(|at| *at <= by).max()
    }

    /// Everything accepted by the returned time was in the queue when a check was posted at `posted_at`.
    fn sure(posted_at: Timestamp) -> Timestamp {
        before(posted_at, GRACE)
    }

    fn silent(&self, span: Duration, until: Timestamp) -> bool {
        self.last(until).is_some_and(|last| until.since(last) >= span)
    }

    /// Records that the chat finished by a check that was posted at this moment.
    pub fn finish(&mut self, posted_at: Timestamp, closing: &Closing) -> Verdict {
        self.finishes += 1;
        ensure(self.finishes == self.openings, || "finished twice in one silence".into())?;
        let until = Self::sure(posted_at);
        ensure(self.silent(closing.window, until), || {
            format!(
                "finished {posted_at:?} with activity at {:?}, inside {:?}",
                self.last(until),
                closing.window
            )
        })?;
        let asked = self.wrote.iter().rev().find(|wrote| wrote.client && wrote.at <= until);
        let waits = asked.is_some_and(|asked| {
            !self
                .wrote
                .iter()
                .any(|wrote| !wrote.client && wrote.at + ROUNDED >= asked.at && wrote.at <= posted_at)
        });
        ensure(!(closing.client_waits && waits), || "finished though its client waits".into())
    }

    /// Records that the chat became live, by a message or by something else.
    pub fn open(&mut self, by: Option<Who>) -> Verdict {
        self.openings += 1;
        ensure(matches!(by, Some(Who::Client | Who::Window)), || format!("opened by {by:?}"))
    }

    /// Records that rules ran for this many minutes of inactivity.
    pub fn idle(&mut self, minutes: u32, posted_at: Timestamp) -> Verdict {
        let until = Self::sure(posted_at);
        let span = Duration::from_secs(u64::from(minutes) * 60);
        ensure(self.silent(span, until), || format!("no {minutes} minutes of silence at {posted_at:?}"))?;
        let since = self.last(until).unwrap_or_default();
        let again = self.told.iter().any(|(told, of)| *told >= minutes && *of == since);
        self.told.push((minutes, since));
        ensure(!again, || format!("told twice of {minutes} minutes"))
    }

    /// Records that an employee who had to answer by `until` lost the client.
    pub fn lapse(&self, had: Timestamp, until: Timestamp, posted_at: Timestamp) -> Verdict {
        let sure = Self::sure(posted_at);
        ensure(sure >= until, || format!("lapsed at {posted_at:?}, before {until:?}"))?;
        let answered = self.wrote.iter().any(|wrote| !wrote.client && wrote.at > had && wrote.at <= sure);
        ensure(!answered, || "lapsed though it was answered".into())
    }
}

fn before(at: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_millis(at.millis() - i64::try_from(span.as_millis()).unwrap())
}
