//! The members of a channel as a decision sees them: all members of a small channel, and of a large one those that were
//! read.

use super::RingPlace;
use crate::base::clock::Timestamp;
use crate::base::ids::EmployeeId;
use crate::model::chat::assignment_record::MOST_CONSIDERED;
use crate::model::employee::{Membership, Role, Status, takes_new_clients};
use std::collections::HashMap;

/// Data that a decision depends on and that was not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataNeeded {
    /// How many chats these employees have open, each listed with their cap: first the one whose turn it is, then those
    /// who might come next.
    OpenChats(Vec<(EmployeeId, u32)>),
    /// The membership of this employee, if they have one.
    Member(EmployeeId),
    /// Further members in the order of the ring.
    Turns,
    /// Whether any member receives new clients.
    Anybody,
    /// The heads of the channel.
    Heads,
}

/// What is known of a channel's members.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// In the order of the ring, starting with the member whose turn it is: all members of a small channel; of a large
    /// one, the present members of the ring that were read so far.
    pub(super) turns: Vec<Membership>,
    /// Whether the ring has no further members.
    pub(super) is_whole: bool,
    /// Whether all members are known.
    pub(super) is_small: bool,
    /// Members that were looked up by name; `None`: the employee is not a member.
    by_name: HashMap<EmployeeId, Option<Membership>>,
    open_chats: HashMap<EmployeeId, u32>,
    /// How many more chats each employee has open because of decisions since then.
    opened: HashMap<EmployeeId, u32>,
    anybody: Option<bool>,
    heads: Option<Vec<Membership>>,
}

impl Candidates {
    /// The candidates of a channel with all of its members, in any order. `last` is the member who had the last turn.
    pub fn small(mut members: Vec<Membership>, last: Option<&RingPlace>) -> Self {
        members.sort_by_key(RingPlace::of);
        let heads = members.iter().filter(|member| member.role == Role::Head).cloned().collect();
        let anybody = members.iter().any(|member| takes_new_clients(member).is_ok());
        let first = members.iter().position(|member| last.is_none_or(|last| RingPlace::of(member) > *last));
        members.rotate_left(first.unwrap_or(0));
        Self {
            turns: members,
            is_whole: true,
            is_small: true,
            anybody: Some(anybody),
            heads: Some(heads),
            ..Self::default()
        }
    }

    /// Adds further members in the order of the ring; `is_whole`: there are no more.
    pub fn add_turns(&mut self, members: Vec<Membership>, is_whole: bool) {
        self.anybody = self.anybody.or((!members.is_empty()).then_some(true));
        self.turns.extend(members);
        self.is_whole = is_whole;
    }

    /// Adds the result of looking up an employee by name.
    pub fn add_member(&mut self, employee: &EmployeeId, member: Option<Membership>) {
        self.by_name.insert(employee.clone(), member);
    }

    /// Adds how many chats an employee has open.
    pub fn add_open_chats(&mut self, employee: &EmployeeId, open: u32) {
        self.open_chats.insert(employee.clone(), open);
    }

    /// Adds whether any member receives new clients.
    pub fn add_anybody(&mut self, anybody: bool) {
        self.anybody = Some(anybody);
    }

    /// Adds the heads, taken from all members.
    pub fn add_heads(&mut self, mut members: Vec<Membership>) {
        members.retain(|member| member.role == Role::Head);
        members.sort_by_key(RingPlace::of);
        self.heads = Some(members);
    }

    /// A member by name; `Ok(None)`: the employee is not a member.
    ///
    /// # Errors
    /// [`DataNeeded::Member`] when the employee was not looked up.
    pub fn member(&self, employee: &EmployeeId) -> Result<Option<&Membership>, DataNeeded> {
        if let Some(member) = self.turns.iter().find(|member| member.employee == *employee) {
            return Ok(Some(member));
        }
        match self.by_name.get(employee) {
            Some(member) => Ok(member.as_ref()),
            None if self.is_small => Ok(None),
            None => Err(DataNeeded::Member(employee.clone())),
        }
    }

    /// The next beginning of working hours among the available members who could then get clients.
    pub fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        let heads = self.heads.iter().flatten();
        let known = self.turns.iter().filter(|member| takes_new_clients(member).is_ok()).chain(heads);
        let there = known.filter(|member| member.status == Status::Available);
        there.filter_map(|member| member.hours.as_ref()?.next_opening(now)).min()
    }

    /// The membership of a chosen employee, to be checked when the decision is written.
    pub fn chosen(&self, employee: &EmployeeId) -> Option<&Membership> {
        let heads = self.heads.iter().flatten();
        let by_name = self.by_name.get(employee).and_then(Option::as_ref);
        let known = self.turns.iter().chain(heads).find(|member| member.employee == *employee);
        known.or(by_name)
    }

    /// Whether the channel should be treated as a large one next time too. A channel whose ring was read as a whole and
    /// is small is checked again.
    pub fn is_large(&self) -> bool {
        !self.is_small && (!self.is_whole || self.turns.len() > MOST_CONSIDERED)
    }

    pub(super) fn anybody(&self) -> Result<bool, DataNeeded> {
        self.anybody.ok_or(DataNeeded::Anybody)
    }

    pub(super) fn heads(&self) -> Result<&[Membership], DataNeeded> {
        self.heads.as_deref().ok_or(DataNeeded::Heads)
    }

    pub(super) fn open_chats(&self, employee: &EmployeeId) -> Option<u32> {
        let since = self.opened.get(employee).copied().unwrap_or_default();
        Some(self.open_chats.get(employee)?.saturating_add(since))
    }

    /// Records that an employee has one more chat open.
    pub(super) fn opened(&mut self, employee: &EmployeeId) {
        *self.opened.entry(employee.clone()).or_default() += 1;
    }
}
