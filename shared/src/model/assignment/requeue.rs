//! Requeues: clients who have yet to go back into the queue. They are an employee's who was removed, or a channel's
//! unclaimed clients, because the channel assigns clients in turn now or because possibly no employee sees them any
//! more (B3, B4).

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

/// A requeue is run once more this long after it began, because an index may not have shown a chat yet, and a
/// membership may have been read before it was removed.
pub const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// Maximum number of runs that leave a chat behind; after that the chat is left to people.
pub const MOST_ATTEMPTS: u32 = 10;

/// Longest pause between two such runs: half an hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(1800);

/// Which clients are requeued.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequeueScope {
    /// The clients of an employee.
    Employee {
        /// The employee.
        employee: EmployeeId,
        /// The channel. `None`: every channel on which the employee has no membership that may write.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
    },
    /// The unclaimed clients of a channel, who are shown to all.
    #[serde(rename = "nobodys")]
    Unclaimed {
        /// The channel.
        channel: ChannelId,
    },
}

impl RequeueScope {
    /// The FIFO message group of its nudges: one run at a time, in parallel with the drains of channels.
    pub fn group(&self, account: &AccountId) -> String {
        // An employee's id is a text from the CRM; a message group allows few characters.
        match self {
            Self::Employee { employee, .. } => {
                format!("{account}:{}", in_key(&[b"employee", employee.as_str().as_bytes()]))
            }
            Self::Unclaimed { channel } => format!("{account}:nobodys:{channel}"),
        }
    }

    /// The channel whose partition in the indexes of chats by employee is read; `None`: the employee's own partition.
    pub fn channel(&self) -> Option<&ChannelId> {
        match self {
            Self::Employee { channel, .. } => channel.as_ref(),
            Self::Unclaimed { channel } => Some(channel),
        }
    }
}

/// A requeue that is not finished: its row is written together with the change that causes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requeue {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Which clients are requeued.
    pub whose: RequeueScope,
    /// The reason.
    pub why: AssignmentReason,
    /// Its id. A requeue that begins while another is running replaces the row, and its own id keeps it from being
    /// ended with the other.
    pub id: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// Runs that left a chat behind.
    #[serde(default)]
    pub attempts: u32,
    /// When it must be checked: its place in the due index.
    pub check_at: Timestamp,
}

impl Requeue {
    /// A requeue that begins now, and is due at once, because its nudge may get lost.
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

    /// The requeue for an employee who is removed from a channel, or from all channels.
    pub fn of(
        account: &AccountId,
        employee: &EmployeeId,
        channel: Option<&ChannelId>,
        ambient: &dyn Ambient,
    ) -> Self {
        let whose = RequeueScope::Employee { employee: employee.clone(), channel: channel.cloned() };
        Self::begin(account, whose, AssignmentReason::Removed, ambient)
    }

    /// The requeue for the clients of a channel that were shown to all, and are assigned in turn from now on.
    pub fn gather(account: &AccountId, channel: &ChannelId, ambient: &dyn Ambient) -> Self {
        Self::begin(
            account,
            RequeueScope::Unclaimed { channel: channel.clone() },
            AssignmentReason::GivenInTurn,
            ambient,
        )
    }

    /// The requeue that a change of a membership causes where clients are shown to all: the unclaimed clients are
    /// checked, in case no employee there receives new clients any more. `None` when the change does not affect them.
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

    /// Whether a chat belongs to this requeue and its client needs an employee now: a chat that is finished and
    /// answered waits until the client writes again (B5). A client who is in the queue already is included, so that
    /// they are not kept for an employee who is gone.
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

    /// Puts the client of such a chat back into the queue, at the place of their arrival.
    pub fn requeue(&self, chat: &mut Chat, now: Timestamp) -> AssignmentRecord {
        chat.arrived_at = chat.arrived_at.or(chat.opened_at);
        let wished = chat.queue_preference.take();
        chat.unassign(now);
        match (&self.whose, wished) {
            // Without a preference, the employee who is responsible for the contact on another channel comes first.
            (RequeueScope::Unclaimed { .. }, _) => chat.queue_preference = None,
            // A rule named another employee while the client waited.
            (RequeueScope::Employee { employee, .. }, Some(QueuePreference::Employee(other)))
                if other != *employee =>
            {
                chat.queue_preference = Some(QueuePreference::Employee(other));
            }
            _ => {}
        }
        AssignmentRecord::new(chat, self.why, now)
    }

    /// What follows from a run over all of its chats, of which `failed` could not be requeued.
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

/// What follows from a run of a requeue.
#[derive(Clone, Debug, PartialEq)]
pub enum NextLook {
    /// The requeue is finished.
    End,
    /// It is run again.
    Again(Requeue),
    /// Some of its chats are left to people.
    GiveUp,
}

/// Whether an employee can work with clients on a channel, where `place` is their membership. An employee who only gets
/// no new clients now, because of their switch, status, hours or cap, keeps their clients.
pub fn works(place: Option<&Membership>) -> bool {
    place.is_some_and(|place| place.role.may_write() && place.sends && !place.inactive)
}

/// Whether a change of an employee's membership means that they no longer work on the channel.
pub fn goes(before: Option<&Membership>, after: Option<&Membership>) -> bool {
    works(before) && !works(after)
}

/// Whether a change of a channel requeues its unclaimed clients: the channel assigns clients in turn now, or the CRM no
/// longer names responsibles and possibly no employee sees these clients.
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
