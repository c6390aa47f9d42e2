//! Decides who gets the clients that wait on a channel, one after the other (B3–B5, P5). Pure: data that a decision
//! lacks is [requested](DataNeeded), and the decision is repeated with it.

use super::candidates::{Candidates, DataNeeded};
use super::{Ring, RingPlace, eligible, is_there, may_be_given};
use crate::base::clock::Timestamp;
use crate::base::ids::EmployeeId;
use crate::model::channel::{Channel, Distribution, Fallback};
use crate::model::chat::Chat;
use crate::model::chat::assignment_reason::AssignmentReason;
use crate::model::chat::assignment_record::Considered;
use crate::model::chat::state::{ChatState, QueuePreference};
use crate::model::employee::{Ineligible, Membership};
use std::time::Duration;

/// The outcome for a waiting client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// The client is assigned to an employee.
    To {
        /// The employee.
        employee: EmployeeId,
        /// The reason for this employee.
        why: AssignmentReason,
        /// Until when the employee must answer, where the channel sets a time.
        reserved_until: Option<Timestamp>,
    },
    /// All employees who receive new clients see the client, until one answers or the CRM names one.
    ToAll,
    /// No employee may have the client now: the client keeps waiting.
    ToNobody,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The outcome for the client.
    pub outcome: Assigned,
    /// The members that were considered, in the order of the ring: all members of a small channel.
    pub considered: Vec<Considered>,
    /// Whether there are members who were not considered.
    pub more: bool,
}

/// A waiting client.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// The client's chat.
    pub chat: &'a Chat,
    /// The employee who is responsible for the contact, whatever the chat says.
    pub responsible: Option<&'a EmployeeId>,
}

/// Takes the decisions of one drain of a channel.
#[derive(Clone, Debug)]
pub struct Decider<'a> {
    channel: &'a Channel,
    now: Timestamp,
    /// What is known of the members.
    pub candidates: Candidates,
    /// The ring after the decisions.
    pub ring: Ring,
    /// Whose turn it is, as an index into the candidates' turns.
    next: usize,
}

/// The result of looking for the next member in turn.
#[derive(Default)]
struct Found {
    /// The index of the member whose turn it is.
    next: Option<usize>,
    /// The index of the member who would be next, had they not missed their turn with this very client.
    passed: Option<usize>,
    looked: Vec<Considered>,
}

impl<'a> Decider<'a> {
    /// A decider for a channel as it is now, before any client is assigned.
    pub fn new(channel: &'a Channel, ring: Ring, candidates: Candidates, now: Timestamp) -> Self {
        Self { channel, now, candidates, ring, next: 0 }
    }

    /// Decides about the next client.
    ///
    /// # Errors
    /// The data that must be read first; nothing has changed then, and the same client must be passed again.
    pub fn choose(&mut self, client: Client<'_>) -> Result<Decision, DataNeeded> {
        let (mut looked, first) = (Vec::new(), self.next);
        let outcome = self.outcome(client, &mut looked)?;
        if self.candidates.is_small {
            looked = self.everybody(client.chat, &outcome, first);
        }
        if let Assigned::To { employee, .. } = &outcome
            && !is_open_with(client.chat, employee)
            && client.chat.state == ChatState::Live
        {
            self.candidates.opened(employee);
        }
        Ok(Decision { outcome, considered: looked, more: !self.candidates.is_small })
    }

    fn outcome(&mut self, client: Client<'_>, looked: &mut Vec<Considered>) -> Result<Assigned, DataNeeded> {
        if self.channel.paused {
            return Ok(Assigned::ToNobody);
        }
        if let Some(QueuePreference::Employee(employee)) = &client.chat.queue_preference
            && self.candidates.member(employee)?.is_some_and(may_be_given)
        {
            return Ok(to(employee, AssignmentReason::Rule));
        }
        if let Some(kept) = self.keeps(client, looked)? {
            return Ok(to(&kept, AssignmentReason::Kept));
        }
        let given = match self.channel.distribution {
            Distribution::ByCrm => Some(Assigned::ToAll),
            Distribution::FirstResponder => self.candidates.anybody()?.then_some(Assigned::ToAll),
            Distribution::RoundRobin => self.turn(client.chat, looked)?,
        };
        match given {
            Some(outcome) => Ok(outcome),
            None => self.fall_back(),
        }
    }

    /// The employee who had the client keeps them (B5): while eligible, where clients are assigned in turn or to the
    /// first who answers; while able to answer at all, where the CRM assigns clients or the channel says so.
    fn keeps(
        &self,
        client: Client<'_>,
        looked: &mut Vec<Considered>,
    ) -> Result<Option<EmployeeId>, DataNeeded> {
        let had = client.chat.responsible.as_ref().or(client.responsible);
        let Some(had) = had.filter(|_| client.chat.queue_preference != Some(QueuePreference::Anyone)) else {
            return Ok(None);
        };
        let Some(member) = self.candidates.member(had)? else { return Ok(None) };
        let for_good = self.channel.always_same || self.channel.distribution == Distribution::ByCrm;
        if for_good {
            return Ok(may_be_given(member).then(|| had.clone()));
        }
        let verdict = match is_open_with(client.chat, had) {
            // The employee's cap already counts this chat.
            true => eligible(member, None, false, self.now),
            false => self.verdict(member, &[])?,
        };
        looked.push(Considered { employee: had.clone(), reason: verdict.err() });
        Ok(verdict.is_ok().then(|| had.clone()))
    }

    /// The next member in turn. When no other member may have the client, a member who missed their turn with this
    /// client gets them again: the responsible keeps them, otherwise the ring decides.
    fn turn(&mut self, chat: &Chat, looked: &mut Vec<Considered>) -> Result<Option<Assigned>, DataNeeded> {
        let found = self.look_around(chat)?;
        if found.next.is_none()
            && let Some(had) = chat.responsible.as_ref().filter(|had| chat.missed_by.contains(had))
            && self
                .candidates
                .member(had)?
                .is_some_and(|member| eligible(member, None, false, self.now).is_ok())
        {
            looked.extend(found.looked);
            return Ok(Some(to(had, AssignmentReason::Kept)));
        }
        looked.extend(found.looked);
        let Some(place) = found.next.or(found.passed) else { return Ok(None) };
        let member = &self.candidates.turns[place];
        let employee = member.employee.clone();
        self.ring.last = Some(RingPlace::of(member));
        self.ring.turns += 1;
        self.next = place + 1;
        let reserved_until = self.reserved_until(chat).filter(|_| found.next.is_some());
        Ok(Some(Assigned::To { employee, why: AssignmentReason::Turn, reserved_until }))
    }

    fn look_around(&self, chat: &Chat) -> Result<Found, DataNeeded> {
        let mut found = Found::default();
        let (behind, before) = (self.next..self.candidates.turns.len(), 0..self.next);
        for place in behind.chain(before.clone()) {
            if place < before.end && !self.candidates.is_whole {
                // The members from `next` on come first, and not all of them were read.
                break;
            }
            let member = &self.candidates.turns[place];
            let verdict = self.verdict_at(place, &chat.missed_by)?;
            found.looked.push(Considered { employee: member.employee.clone(), reason: verdict.err() });
            match verdict {
                Ok(()) => {
                    found.next = Some(place);
                    return Ok(found);
                }
                Err(Ineligible::DidNotAnswer) => found.passed = found.passed.or(Some(place)),
                Err(_) => {}
            }
        }
        if self.candidates.is_whole { Ok(found) } else { Err(DataNeeded::Turns) }
    }

    fn verdict_at(&self, place: usize, passed: &[EmployeeId]) -> Result<Result<(), Ineligible>, DataNeeded> {
        let verdict = self.verdict(&self.candidates.turns[place], passed);
        let Err(DataNeeded::OpenChats(mut wanted)) = verdict else { return verdict };
        // The counts for those who might come next are requested together with it.
        wanted.extend(self.candidates.turns[place + 1..].iter().filter_map(|member| self.uncounted(member)));
        Err(DataNeeded::OpenChats(wanted))
    }

    fn verdict(
        &self,
        member: &Membership,
        passed: &[EmployeeId],
    ) -> Result<Result<(), Ineligible>, DataNeeded> {
        if let Some(uncounted) = self.uncounted(member) {
            return Err(DataNeeded::OpenChats(vec![uncounted]));
        }
        let open = self.candidates.open_chats(&member.employee);
        Ok(eligible(member, open, passed.contains(&member.employee), self.now))
    }

    /// A member for whom the cap decides although their open chats were not counted, with that cap.
    fn uncounted(&self, member: &Membership) -> Option<(EmployeeId, u32)> {
        let cap = member.cap.filter(|_| self.candidates.open_chats(&member.employee).is_none())?;
        eligible(member, None, false, self.now).is_ok().then(|| (member.employee.clone(), cap))
    }

    /// Until when the employee must answer. `None` when the client waits for no answer, the chat is finished, the
    /// channel sets no time, or the client was requeued as often as the channel allows.
    fn reserved_until(&self, chat: &Chat) -> Option<Timestamp> {
        chat.unanswered_at.filter(|_| chat.state != ChatState::General)?;
        let reservation = self.channel.reservation?;
        let passes = usize::try_from(reservation.passes).unwrap_or(usize::MAX);
        let within = Duration::from_secs(u64::from(reservation.answer_within_s));
        (chat.missed_by.len() < passes).then(|| self.now + within)
    }

    /// Applies the channel's fallback, because no employee is eligible.
    fn fall_back(&mut self) -> Result<Assigned, DataNeeded> {
        let employee = match &self.channel.fallback {
            Fallback::Queue => None,
            Fallback::Employee(employee) => {
                self.candidates.member(employee)?.is_some_and(may_be_given).then(|| employee.clone())
            }
            Fallback::Heads => self.next_head()?,
        };
        Ok(employee.map_or(Assigned::ToNobody, |employee| to(&employee, AssignmentReason::Fallback)))
    }

    fn next_head(&mut self) -> Result<Option<EmployeeId>, DataNeeded> {
        let heads = self.candidates.heads()?.iter();
        let there: Vec<RingPlace> = heads
            .filter(|head| may_be_given(head) && is_there(head, self.now).is_ok())
            .map(RingPlace::of)
            .collect();
        let last = self.ring.last_head.as_ref();
        let behind = there.iter().find(|place| last.is_none_or(|last| *place > last));
        let Some(place) = behind.or(there.first()).cloned() else { return Ok(None) };
        self.ring.last_head = Some(place.clone());
        Ok(Some(place.employee))
    }

    /// Each member of a small channel, and why they did not get the client. `first` is the index of the member whose
    /// turn it was.
    fn everybody(&self, chat: &Chat, outcome: &Assigned, first: usize) -> Vec<Considered> {
        let chosen = match outcome {
            Assigned::To { employee, .. } => Some(employee),
            _ => None,
        };
        let reason = |member: &Membership| {
            let open = self.candidates.open_chats(&member.employee);
            let passed = chat.missed_by.contains(&member.employee);
            eligible(member, open, passed, self.now).err().filter(|_| chosen != Some(&member.employee))
        };
        let (before, behind) = self.candidates.turns.split_at(first);
        let members = behind.iter().chain(before);
        members
            .map(|member| Considered { employee: member.employee.clone(), reason: reason(member) })
            .collect()
    }
}

fn to(employee: &EmployeeId, why: AssignmentReason) -> Assigned {
    Assigned::To { employee: employee.clone(), why, reserved_until: None }
}

/// Whether a chat already counts as one of the employee's open chats.
fn is_open_with(chat: &Chat, employee: &EmployeeId) -> bool {
    chat.state == ChatState::Live && chat.responsible.as_ref() == Some(employee)
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "p5_tests.rs"]
mod p5;
