//! Whether a channel has employees for its clients: who answers, who gets new clients, and whether the fallback works.

use super::{About, Code, Findings};
use crate::base::clock::Timestamp;
use crate::model::assignment::may_be_given;
use crate::model::channel::{Channel, Distribution, Fallback};
use crate::model::employee::{Membership, Role, takes_new_clients};

impl Findings<'_> {
    /// Checks that an employee can answer on the channel and that an employee gets its new clients, now or later.
    pub(super) fn members(&mut self, channel: &Channel, about: About<'_>, now: Timestamp) {
        let members = self.setup.members.iter().filter(|member| member.channel == channel.channel);
        let members: Vec<&Membership> = members.collect();
        self.hours(&members, about, now);
        if !members.iter().any(|member| may_be_given(member)) {
            return self.add(Code::NobodyMayWrite, about);
        }
        let caught = self.fallback(channel, &members, about);
        let in_ring = |member: &&Membership| takes_new_clients(member).is_ok();
        match channel.distribution {
            Distribution::RoundRobin
                if !caught && !members.iter().any(|member| in_ring(member) && !never_works(member, now)) =>
            {
                self.add(Code::NobodyEligible, about);
            }
            // Working hours do not keep an employee from seeing a client.
            Distribution::FirstResponder if !caught && !members.iter().any(in_ring) => {
                self.add(Code::NobodyReceives, about);
            }
            Distribution::ByCrm if !members.iter().any(in_ring) => self.add(Code::NobodyReceives, about),
            _ => {}
        }
    }

    /// Whether the fallback gets the clients for whom no employee is eligible. A fallback that is configured but cannot
    /// do so is a finding.
    fn fallback(&mut self, channel: &Channel, members: &[&Membership], about: About<'_>) -> bool {
        let takes = |is_meant: &dyn Fn(&Membership) -> bool| {
            members.iter().any(|member| is_meant(member) && may_be_given(member))
        };
        let (caught, code) = match &channel.fallback {
            Fallback::Queue => return false,
            Fallback::Employee(employee) => {
                (takes(&|member| member.employee == *employee), Code::FallbackCannotWrite)
            }
            Fallback::Heads => (takes(&|member| member.role == Role::Head), Code::FallbackWithoutHeads),
        };
        if !caught {
            self.add(code, about);
        }
        caught
    }

    /// Finds the employees who receive new clients on the channel although their working hours never begin.
    fn hours(&mut self, members: &[&Membership], about: About<'_>, now: Timestamp) {
        let meant =
            members.iter().filter(|member| takes_new_clients(member).is_ok() && never_works(member, now));
        for member in meant {
            let employee = self.setup.employees.iter().find(|known| known.employee == member.employee);
            self.add(Code::HoursNeverOpen, About { employee, ..about });
        }
    }
}

/// Whether the employee's working hours have not begun and never will.
fn never_works(member: &Membership, now: Timestamp) -> bool {
    member.hours.as_ref().is_some_and(|hours| !hours.is_open(now) && hours.next_opening(now).is_none())
}
