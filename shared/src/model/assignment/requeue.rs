//! Whose clients have yet to go back into the queue: an employee's who goes, or a channel's that were everybody's and are given
//! out in turn now, or that perhaps nobody sees any more (B3, B4).

use crate::base::clock::{Ambient, Timestamp};
use crate::base::ids::{AccountId, ChannelId, EmployeeId, in_key};
use crate::model::channel::{Channel, Distribution};
use crate::model::chat::Chat;
use crate::model::chat::assignment_reason::AssignmentReason;
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::chat::state::{AssignmentState, ChatState, QueuePreference};
use crate::model::employee::{Membership, takes_new_clients};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A departure is looked at once more this long after it began: an index may not have shown a chat yet, and a place of his may
/// have been read before it was taken.
pub const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// Looks that may find a chat that cannot be passed on before it is left to people.
pub const MOST_ATTEMPTS: u32 = 10;

/// Longest pause between two of them: half an hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(1800);

/// Whose clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequeueScope {
    /// An employee's.
    Employee {
        /// Who.
        employee: EmployeeId,
        /// On which channel. None: on each on which he has no place that writes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
    },
    /// Those of a channel that are nobody's, and shown to everybody.
    #[serde(rename = "nobodys")]
    Unclaimed {
        /// Which channel.
        channel: ChannelId,
    },
}

impl RequeueScope {
    /// The FIFO message group of its nudges: one look at a time, beside the drains of channels.
    pub fn group(&self, account: &AccountId) -> String {
        // An employee's id is a text of the CRM's; a group takes few characters.
        match self {
            Self::Employee { employee, .. } => {
                format!("{account}:{}", in_key(&[b"employee", employee.as_str().as_bytes()]))
            }
            Self::Unclaimed { channel } => format!("{account}:nobodys:{channel}"),
        }
    }

    /// The partition in the indexes of chats by employee is his own, or a channel's: which channel's.
    pub fn channel(&self) -> Option<&ChannelId> {
        match self {
            Self::Employee { channel, .. } => channel.as_ref(),
            Self::Unclaimed { channel } => Some(channel),
        }
    }
}

/// A departure that has not come to its end: its row is written together with what makes him go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requeue {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose account.
    pub account: AccountId,
    /// Whose clients.
    pub whose: RequeueScope,
    /// Why they go.
    pub why: AssignmentReason,
    /// Which one it is: one that begins while another runs takes its row, and is not ended with it.
    pub id: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// Looks that left something behind.
    #[serde(default)]
    pub attempts: u32,
    /// When it must be looked at: its place in the due index.
    pub check_at: Timestamp,
}

impl Requeue {
    /// One that begins now, and is due at once: its nudge may get lost.
    pub fn begin(
        account: &AccountId,
        whose: RequeueScope,
        why: AssignmentReason,
        ambient: &dyn Ambient,
    ) -> Self {
        let now = ambient.now();
        Self {
            v: 1,
            account: account.clone(),
            whose,
            why,
            id: ambient.uuid().to_string(),
            begun_at: now,
            attempts: 0,
            check_at: now,
        }
    }

    /// An employee who is removed from a channel, or from all.
    pub fn of(
        account: &AccountId,
        employee: &EmployeeId,
        channel: Option<&ChannelId>,
        ambient: &dyn Ambient,
    ) -> Self {
        let whose = RequeueScope::Employee { employee: employee.clone(), channel: channel.cloned() };
        Self::begin(account, whose, AssignmentReason::Removed, ambient)
    }

    /// The clients of a channel that were shown to everybody, and are given out in turn from now on.
    pub fn gather(account: &AccountId, channel: &ChannelId, ambient: &dyn Ambient) -> Self {
        Self::begin(
            account,
            RequeueScope::Unclaimed { channel: channel.clone() },
            AssignmentReason::GivenInTurn,
            ambient,
        )
    }

    /// What a change of somebody's place leaves behind where clients are shown to everybody: those who are nobody's are looked
    /// at, in case new clients come to nobody there any more. None where it changes nothing for them.
    pub fn gather_left(
        channel: &Channel,
        before: Option<&Membership>,
        after: Option<&Membership>,
        ambient: &dyn Ambient,
    ) -> Option<Self> {
        let takes = |place: Option<&Membership>| place.is_some_and(|place| takes_new_clients(place).is_ok());
        let shown = channel.distribution == Distribution::FirstResponder;
        (shown && takes(before) && !takes(after)).then(|| {
            let whose = RequeueScope::Unclaimed { channel: channel.channel.clone() };
            Self::begin(&channel.account, whose, AssignmentReason::NobodyLeft, ambient)
        })
    }

    /// Whether a chat is one of those that it is about, and its client wants somebody now: one that is finished and answered
    /// waits until the client writes again (B5). One that stands in the queue already is given out from there, but is not kept
    /// for an employee who is gone.
    pub fn concerns(&self, chat: &Chat) -> bool {
        let his = match &self.whose {
            RequeueScope::Employee { employee, .. } => {
                chat.responsible.as_ref() == Some(employee)
                    && matches!(chat.assignment_state, AssignmentState::Assigned | AssignmentState::Waiting)
            }
            RequeueScope::Unclaimed { .. } => chat.assignment_state == AssignmentState::Unclaimed,
        };
        let here = self.whose.channel().is_none_or(|channel| *channel == chat.channel);
        his && here && (chat.state != ChatState::General || chat.unanswered_at.is_some())
    }

    /// Puts the client of such a chat back into the queue, at the place that he had when he came.
    pub fn requeue(&self, chat: &mut Chat, now: Timestamp) -> AssignmentRecord {
        chat.arrived_at = chat.arrived_at.or(chat.opened_at);
        let wished = chat.queue_preference.take();
        chat.unassign(now);
        match (&self.whose, wished) {
            // Whoever is responsible for the person on another channel is asked for first.
            (RequeueScope::Unclaimed { .. }, _) => chat.queue_preference = None,
            // A rule named somebody while he waited.
            (RequeueScope::Employee { employee, .. }, Some(QueuePreference::Employee(other)))
                if other != *employee =>
            {
                chat.queue_preference = Some(QueuePreference::Employee(other));
            }
            _ => {}
        }
        AssignmentRecord::new(chat, self.why, now)
    }

    /// What becomes of it after a look at all of its chats, of which so many could not be passed on.
    pub fn after_look(&self, failed: usize, now: Timestamp) -> NextLook {
        if failed == 0 {
            let settled = self.begun_at + SETTLED_AFTER;
            return if now >= settled { NextLook::End } else { self.again(settled) };
        }
        let attempts = self.attempts + 1;
        if attempts >= MOST_ATTEMPTS {
            return NextLook::GiveUp;
        }
        let pause = Duration::from_secs(60 << attempts.min(5)).min(LONGEST_PAUSE);
        NextLook::Again(Self { attempts, check_at: now + pause, ..self.clone() })
    }

    fn again(&self, at: Timestamp) -> NextLook {
        NextLook::Again(Self { check_at: at, ..self.clone() })
    }
}

/// What becomes of a departure.
#[derive(Clone, Debug, PartialEq)]
pub enum NextLook {
    /// It is over.
    End,
    /// It is looked at again.
    Again(Requeue),
    /// Something of it is left to people.
    GiveUp,
}

/// Whether an employee can work with clients on a channel; `place` is his there. Who only gets no new ones now, because of his
/// switch, status, hours or cap, keeps those that he has.
pub fn works(place: Option<&Membership>) -> bool {
    place.is_some_and(|place| place.role.may_write() && place.sends && !place.inactive)
}

/// Whether a change of his place on a channel is a departure from it.
pub fn goes(before: Option<&Membership>, after: Option<&Membership>) -> bool {
    works(before) && !works(after)
}

/// Whether a change of a channel puts those of its clients who are nobody's into the queue: it gives them out in turn now, or the
/// CRM names nobody any more and there may be nobody who sees them.
pub fn gathers(before: &Channel, after: &Channel) -> bool {
    match (before.distribution, after.distribution) {
        (Distribution::RoundRobin, Distribution::RoundRobin) => false,
        (_, Distribution::RoundRobin) => true,
        (before, after) => before == Distribution::ByCrm && after == Distribution::FirstResponder,
    }
}

#[cfg(test)]
#[path = "requeue_tests.rs"]
mod tests;
