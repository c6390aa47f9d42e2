//! P5 for any sequence of steps: arrivals, members who join, leave and pause, caps, chats that finish, and two drains
//! at once. A model of the table accepts the writes that conditional writes would accept. The same checks must detect
//! models that accept more.

use super::*;
use crate::base::ids::ChatId;
use crate::model::chat::state::AssignmentState;
use crate::model::chat::tests::{channel, member, new_chat};
use crate::model::employee::{Role, Status};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    Arrives,
    Joins,
    Leaves(usize),
    /// By the switch (`true`) or the status.
    Pauses(usize, bool),
    Resumes(usize),
    Cap(usize, Option<u32>),
    Finishes(usize),
    /// One of two drains reads and decides.
    Reads(usize),
    /// The drain commits.
    Commits(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Arrives),
        1 => Just(Step::Joins),
        1 => (0usize..6).prop_map(Step::Leaves),
        1 => (0usize..6, any::<bool>()).prop_map(|(who, how)| Step::Pauses(who, how)),
        1 => (0usize..6).prop_map(Step::Resumes),
        1 => (0usize..6, prop::option::of(0u32..4)).prop_map(|(who, cap)| Step::Cap(who, cap)),
        1 => (0usize..40).prop_map(Step::Finishes),
        4 => (0usize..2).prop_map(Step::Reads),
        4 => (0usize..2).prop_map(Step::Commits),
    ]
}

/// The conditions under which the modelled table accepts a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    /// Everything that the decision depended on is as it was read.
    Conditional,
    /// Everything but the members, as if each drain relied on the members that it read.
    WithoutMembers,
    /// No conditions: the last write wins.
    Naive,
}

/// What a drain read, and what it decided.
#[derive(Clone)]
struct Drain {
    ring: Ring,
    after: Ring,
    members: Vec<Membership>,
    given: Vec<(Chat, EmployeeId)>,
    epoch: u64,
}

struct Model {
    ring: Ring,
    members: Vec<Membership>,
    chats: BTreeMap<ChatId, Chat>,
    drains: [Option<Drain>; 2],
    arrivals: i64,
    joins: i64,
    /// How often the set of eligible employees has changed; the set itself follows.
    epoch: u64,
    eligible: BTreeSet<EmployeeId>,
    /// Clients by employee since the last change of that set.
    counts: BTreeMap<EmployeeId, u32>,
    table: Table,
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_000_000)
}

impl Model {
    fn new(table: Table) -> Self {
        let mut model = Self {
            ring: Ring::new(&channel().account, &channel().channel),
            members: Vec::new(),
            chats: BTreeMap::new(),
            drains: [None, None],
            arrivals: 0,
            joins: 0,
            epoch: 0,
            eligible: BTreeSet::new(),
            counts: BTreeMap::new(),
            table,
        };
        (0..3).for_each(|_| model.joins());
        model.note_eligible();
        model
    }

    fn joins(&mut self) {
        self.joins += 1;
        let joined_at = Timestamp::from_millis(self.joins);
        let name = format!("e{}", self.joins);
        self.members.push(Membership { joined_at, ..member(&name, Role::Manager, true) });
    }

    fn arrives(&mut self) {
        self.arrivals += 1;
        let mut chat = new_chat();
        chat.chat = ChatId::new(format!("{:05}", self.arrivals));
        (chat.state, chat.assignment_state) = (ChatState::Live, AssignmentState::Waiting);
        self.chats.insert(chat.chat.clone(), chat);
    }

    fn waiting(&self) -> Vec<Chat> {
        self.chats
            .values()
            .filter(|chat| chat.assignment_state == AssignmentState::Waiting)
            .cloned()
            .collect()
    }

    fn open(&self, employee: &EmployeeId) -> u32 {
        let open = self.chats.values().filter(|chat| is_open_with(chat, employee));
        u32::try_from(open.count()).unwrap()
    }

    fn is_eligible(&self, employee: &EmployeeId) -> bool {
        let member = self.members.iter().find(|member| member.employee == *employee);
        member.is_some_and(|member| eligible(member, Some(self.open(employee)), false, now()).is_ok())
    }

    /// A change of the eligible employees restarts the count.
    fn note_eligible(&mut self) {
        let all = self.members.iter().map(|member| &member.employee);
        let eligible: BTreeSet<EmployeeId> = all.filter(|one| self.is_eligible(one)).cloned().collect();
        if eligible != self.eligible {
            self.epoch += 1;
            self.counts = eligible.iter().map(|one| (one.clone(), 0)).collect();
            self.eligible = eligible;
        }
    }

    fn reads(&self) -> Drain {
        let channel = channel();
        let (ring, members) = (self.ring.clone(), self.members.clone());
        let candidates = Candidates::small(members.clone(), ring.last.as_ref());
        let mut decider = Decider::new(&channel, ring.clone(), candidates, now());
        let mut given = Vec::new();
        for chat in self.waiting().into_iter().take(3) {
            let decision = loop {
                match decider.choose(Client { chat: &chat, responsible: None }) {
                    Ok(decision) => break decision,
                    Err(DataNeeded::OpenChats(caps)) => {
                        decider.candidates.add_open_chats(&caps[0].0, self.open(&caps[0].0));
                    }
                    Err(wanted) => panic!("{wanted:?} of a small channel"),
                }
            };
            if let Assigned::To { employee, .. } = decision.outcome {
                given.push((chat, employee));
            }
        }
        let after = Ring { rounds: ring.rounds + 1, ..decider.ring };
        Drain { ring, after, members, given, epoch: self.epoch }
    }

    /// Whether the conditions of the drain's transaction hold.
    fn holds(&self, drain: &Drain) -> bool {
        let chats = drain.given.iter().all(|(chat, _)| self.chats.get(&chat.chat) == Some(chat));
        let members = drain.given.iter().all(|(_, employee)| {
            let of = |members: &[Membership]| members.iter().find(|one| one.employee == *employee).cloned();
            of(&self.members) == of(&drain.members)
        });
        let ring = self.ring.rounds == drain.ring.rounds;
        match self.table {
            Table::Conditional => chats && members && ring,
            Table::WithoutMembers => chats && ring,
            Table::Naive => true,
        }
    }

    /// Commits the drain if the table accepts it, and checks the result.
    fn commits(&mut self, drain: Drain) -> Result<(), String> {
        if drain.given.is_empty() || !self.holds(&drain) {
            return Ok(());
        }
        let was_stable = drain.epoch == self.epoch;
        let order: Vec<ChatId> = self.waiting().into_iter().map(|chat| chat.chat).collect();
        let served: Vec<ChatId> = drain.given.iter().map(|(chat, _)| chat.chat.clone()).collect();
        if !order.starts_with(&served) {
            return Err(format!("{served:?} are served, {order:?} wait"));
        }
        for (chat, employee) in drain.given {
            if !self.is_eligible(&employee) {
                return Err(format!("{employee} is not eligible, or has reached his cap"));
            }
            let chat = self.chats.get_mut(&chat.chat).ok_or("a chat that is not there")?;
            chat.set_responsible(&employee);
            *self.counts.entry(employee).or_default() += 1;
            let (most, least) = (self.counts.values().max(), self.counts.values().min());
            if was_stable && most.zip(least).is_some_and(|(most, least)| most - least > 1) {
                return Err(format!("{:?}", self.counts));
            }
            self.note_eligible();
        }
        if !was_stable {
            // The decision was taken for an earlier set of eligible employees: the stable period begins now.
            self.counts.values_mut().for_each(|count| *count = 0);
        }
        self.ring = drain.after;
        Ok(())
    }

    fn does(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Arrives => self.arrives(),
            Step::Joins => self.joins(),
            Step::Leaves(who) if *who < self.members.len() => {
                self.members.remove(*who);
            }
            Step::Pauses(who, by_switch) => self.member(*who, |member| match by_switch {
                true => member.receives_new_clients = false,
                false => member.status = Status::Away,
            }),
            Step::Resumes(who) => self.member(*who, |member| {
                (member.receives_new_clients, member.status) = (true, Status::Available);
            }),
            Step::Cap(who, cap) => self.member(*who, |member| member.cap = *cap),
            Step::Finishes(which) => {
                if let Some(chat) = self.chats.values_mut().nth(*which)
                    && chat.assignment_state == AssignmentState::Assigned
                {
                    chat.state = ChatState::General;
                }
            }
            Step::Reads(slot) => self.drains[*slot] = Some(self.reads()),
            Step::Commits(slot) => {
                if let Some(drain) = self.drains[*slot].take() {
                    self.commits(drain)?;
                }
            }
            Step::Leaves(_) => {}
        }
        self.note_eligible();
        Ok(())
    }

    fn member(&mut self, who: usize, change: impl FnOnce(&mut Membership)) {
        if let Some(member) = self.members.get_mut(who) {
            change(member);
        }
    }

    /// Undisturbed drains assign all clients whom an employee may have.
    fn comes_to_rest(&mut self) -> Result<(), String> {
        loop {
            let drain = self.reads();
            if drain.given.is_empty() {
                break;
            }
            self.commits(drain)?;
        }
        match (self.waiting().is_empty(), self.eligible.is_empty()) {
            (false, false) => Err("somebody waits, and somebody is eligible".into()),
            _ => Ok(()),
        }
    }
}

/// Runs the steps, and returns what is wrong with the result.
fn tell(steps: &[Step], table: Table) -> Result<(), String> {
    let mut model = Model::new(table);
    steps.iter().try_for_each(|step| model.does(step))?;
    model.comes_to_rest()
}

fn story() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..80)
}

proptest! {
    #[test]
    fn p5_fair_to_the_eligible_under_any_story(steps in story()) {
        prop_assert_eq!(tell(&steps, Table::Conditional), Ok(()));
    }

    /// Only some members of a large channel are read: the same members must get the clients.
    #[test]
    fn p5_a_large_channel_is_served_as_a_small_one(
        busy in prop::collection::vec(any::<bool>(), 1..30),
        caps in prop::collection::vec(prop::option::of(0u32..3), 30),
        last in prop::option::of(0i64..31),
        clients in 1usize..40,
        page in 1usize..7,
    ) {
        let members: Vec<Membership> = busy.iter().enumerate().map(|(place, busy)| {
            let joined_at = Timestamp::from_millis(i64::try_from(place).unwrap());
            let status = if *busy { Status::Busy } else { Status::Available };
            let cap = caps[place];
            Membership { joined_at, status, cap, ..member(&format!("e{place:02}"), Role::Manager, true) }
        }).collect();
        let last = last.map(|place| RingPlace {
            joined_at: Timestamp::from_millis(place),
            employee: EmployeeId::new(format!("e{place:02}")),
        });
        let ring = Ring { last: last.clone(), ..Ring::new(&channel().account, &channel().channel) };
        let small = Candidates::small(members.clone(), last.as_ref());
        let turn = |member: &Membership| (last.as_ref().is_some_and(|last| RingPlace::of(member) <= *last), member.joined_at);
        let mut there: Vec<Membership> = members.into_iter().filter(|member| member.status == Status::Available).collect();
        there.sort_by_key(turn);
        let mut outcomes = Vec::new();
        for candidates in [small, Candidates::default()] {
            let (channel, mut unread) = (channel(), there.clone());
            let mut decider = Decider::new(&channel, ring.clone(), candidates, now());
            for _ in 0..clients {
                let mut chat = new_chat();
                (chat.state, chat.assignment_state) = (ChatState::Live, AssignmentState::Waiting);
                outcomes.push(loop {
                    match decider.choose(Client { chat: &chat, responsible: None }) {
                        Ok(decision) => break decision.outcome,
                        Err(DataNeeded::OpenChats(caps)) => decider.candidates.add_open_chats(&caps[0].0, 0),
                        Err(DataNeeded::Turns) => {
                            let rest = unread.split_off(page.min(unread.len()));
                            let whole = rest.is_empty();
                            decider.candidates.add_turns(std::mem::replace(&mut unread, rest), whole);
                        }
                        Err(wanted) => panic!("{wanted:?}"),
                    }
                });
            }
        }
        prop_assert_eq!(&outcomes[..clients], &outcomes[clients..]);
    }
}

#[test]
fn p5_tables_that_let_more_through_are_found_out() {
    for table in [Table::WithoutMembers, Table::Naive] {
        let found = TestRunner::deterministic().run(&story(), |steps| {
            prop_assert_eq!(tell(&steps, table), Ok(()));
            Ok(())
        });
        assert!(found.is_err(), "{table:?}: the checks see nothing");
    }
}
