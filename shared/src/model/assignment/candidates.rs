//! The members of a channel as a decision sees them: all of a small channel, of a large one whoever was looked up.

use super::RingPlace;
use crate::base::clock::Timestamp;
use crate::base::ids::EmployeeId;
use crate::model::chat::assignment_record::MOST_CONSIDERED;
use crate::model::employee::{Membership, Role, Status, takes_new_clients};
use std::collections::HashMap;

/// Something that a decision depends on and that was not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataNeeded {
    /// How many chats these have open who have that cap: he whose turn it is first, then who might come after him.
    OpenChats(Vec<(EmployeeId, u32)>),
    /// Whether this employee is a member, and which.
    Member(EmployeeId),
    /// Further members in the order of the ring.
    Turns,
    /// Whether new clients come to anybody at all.
    Anybody,
    /// The heads of the channel.
    Heads,
}

/// What is known of a channel's members.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// In the order of the ring, whose turn it is first: all of a small channel; of a large one those who are in the ring and
    /// there, as far as they were read.
    pub(super) turns: Vec<Membership>,
    /// Nobody else stands in the ring.
    pub(super) is_whole: bool,
    /// All members are known.
    pub(super) is_small: bool,
    /// Who was looked up; none is no member.
    by_name: HashMap<EmployeeId, Option<Membership>>,
    open_chats: HashMap<EmployeeId, u32>,
    /// How many more each has by what was decided since.
    opened: HashMap<EmployeeId, u32>,
    anybody: Option<bool>,
    heads: Option<Vec<Membership>>,
}

impl Candidates {
    /// Of a channel all of whose members were read, in any order. `last` is who had the last turn.
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

    /// Takes in further members in the order of the ring; `is_whole` says that there are no more.
    pub fn add_turns(&mut self, members: Vec<Membership>, is_whole: bool) {
        self.anybody = self.anybody.or((!members.is_empty()).then_some(true));
        self.turns.extend(members);
        self.is_whole = is_whole;
    }

    /// Takes in who was looked up by name.
    pub fn add_member(&mut self, employee: &EmployeeId, member: Option<Membership>) {
        self.by_name.insert(employee.clone(), member);
    }

    /// Takes in how many chats somebody has open.
    pub fn add_open_chats(&mut self, employee: &EmployeeId, open: u32) {
        self.open_chats.insert(employee.clone(), open);
    }

    /// Takes in whether new clients come to anybody.
    pub fn add_anybody(&mut self, anybody: bool) {
        self.anybody = Some(anybody);
    }

    /// Takes in all members, for the heads among them.
    pub fn add_heads(&mut self, mut members: Vec<Membership>) {
        members.retain(|member| member.role == Role::Head);
        members.sort_by_key(RingPlace::of);
        self.heads = Some(members);
    }

    /// A member by name; `None` inside says that he is none.
    ///
    /// # Errors
    /// That he was not looked up.
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

    /// When somebody's working hours begin next, of those to whom clients could come then.
    pub fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        let heads = self.heads.iter().flatten();
        let known = self.turns.iter().filter(|member| takes_new_clients(member).is_ok()).chain(heads);
        let there = known.filter(|member| member.status == Status::Available);
        there.filter_map(|member| member.hours.as_ref()?.next_opening(now)).min()
    }

    /// A member for whom a choice fell, to be checked when it is written.
    pub fn chosen(&self, employee: &EmployeeId) -> Option<&Membership> {
        let heads = self.heads.iter().flatten();
        let by_name = self.by_name.get(employee).and_then(Option::as_ref);
        let known = self.turns.iter().chain(heads).find(|member| member.employee == *employee);
        known.or(by_name)
    }

    /// Whether the channel is to be taken for a large one next time too. One whose ring was read as a whole, and is small, is
    /// looked at anew.
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

    /// Notes that somebody has one more open.
    pub(super) fn opened(&mut self, employee: &EmployeeId) {
        *self.opened.entry(employee.clone()).or_default() += 1;
    }
}
