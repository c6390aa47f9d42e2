//! Round robin: who gets the next waiting client (B3–B5, P5).

use crate::channel::{Channel, Distribution};
use crate::clock::Timestamp;
use crate::employee::Membership;
use crate::ids::{AccountId, ChannelId, ChatId, ContactId, EmployeeId};
use serde::{Deserialize, Serialize};

/// A place in the ring: members stand in the order in which they joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RingPlace {
    /// When the member joined the channel.
    pub joined_at: Timestamp,
    /// Who.
    pub employee: EmployeeId,
}

impl RingPlace {
    /// The place of a member.
    pub fn of(member: &Membership) -> Self {
        Self { joined_at: member.joined_at, employee: member.employee.clone() }
    }
}

/// A channel's ring: who was last. It remembers a place, not a list, so members may come and go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ring {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// Of which channel.
    pub channel: ChannelId,
    /// Who got the last client in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<RingPlace>,
    /// How many turns were given: two drains cannot give the same one.
    #[serde(default)]
    pub turns: u64,
    /// When to look again although nothing happened, while somebody waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

impl Ring {
    /// The ring of a channel that has given no client yet.
    pub fn new(account: &AccountId, channel: &ChannelId) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            channel: channel.clone(),
            last: None,
            turns: 0,
            check_at: None,
        }
    }
}

/// A client that waits for a responsible, in order of arrival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingClient {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose.
    pub account: AccountId,
    /// On which channel.
    pub channel: ChannelId,
    /// Which chat.
    pub chat: ChatId,
    /// Whose chat.
    pub contact: ContactId,
    /// Since when: his place in the queue.
    pub arrived_at: Timestamp,
}

/// Why a member gets no new client now. Kept as a code, so that people can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ineligible {
    /// The switch "receives new clients" is off.
    ReceivesNoNewClients,
    /// The role does not write to clients.
    MayNotWrite,
    /// He is not bound to the channel, so he could not answer (B7).
    NotBound,
}

/// Whether a member may get a new client.
///
/// # Errors
/// The reason why not.
pub fn eligible(member: &Membership) -> Result<(), Ineligible> {
    if !member.role.may_write() {
        return Err(Ineligible::MayNotWrite);
    }
    if !member.sends {
        return Err(Ineligible::NotBound);
    }
    if !member.receives_new_clients {
        return Err(Ineligible::ReceivesNoNewClients);
    }
    Ok(())
}

/// What becomes of a client who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// He goes to this employee; and the ring's new place.
    To(EmployeeId, Option<RingPlace>),
    /// Everybody sees him who receives new clients, until somebody answers or the CRM names one.
    ToAll,
    /// Nobody may have him now: he waits on.
    ToNobody,
}

/// What becomes of a waiting client on a channel. `sticky` is who was responsible for him before: he keeps him while he is
/// eligible, however the channel gives its clients out (B5). A paused channel gives out nobody.
pub fn give(
    channel: &Channel,
    members: &[Membership],
    last: Option<&RingPlace>,
    sticky: Option<&EmployeeId>,
) -> Given {
    if channel.paused {
        return Given::ToNobody;
    }
    let kept = sticky
        .filter(|keeps| members.iter().any(|member| member.employee == **keeps && eligible(member).is_ok()));
    match channel.distribution {
        Distribution::FirstResponder | Distribution::ByCrm => match kept {
            Some(employee) => Given::To(employee.clone(), last.cloned()),
            None => Given::ToAll,
        },
        Distribution::RoundRobin => match next_turn(members, last, kept) {
            Some((employee, place)) => Given::To(employee, place),
            None => Given::ToNobody,
        },
    }
}

/// One client's turn: who is next after `last`, members given in any order. `sticky` keeps a known client with his
/// responsible while that one is eligible, without using up a turn (B5). Answers whom, and the ring's new place.
pub fn next_turn(
    members: &[Membership],
    last: Option<&RingPlace>,
    sticky: Option<&EmployeeId>,
) -> Option<(EmployeeId, Option<RingPlace>)> {
    let mut places: Vec<RingPlace> =
        members.iter().filter(|member| eligible(member).is_ok()).map(RingPlace::of).collect();
    if let Some(keeps) = sticky
        && places.iter().any(|place| place.employee == *keeps)
    {
        return Some((keeps.clone(), last.cloned()));
    }
    places.sort();
    let next =
        places.iter().find(|place| last.is_none_or(|last| *place > last)).or_else(|| places.first())?;
    Some((next.employee.clone(), Some(next.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::employee::Role;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn member(name: &str, joined: i64) -> Membership {
        Membership {
            v: 1,
            account: AccountId::new("a"),
            channel: ChannelId::new("c"),
            employee: EmployeeId::new(name),
            role: Role::Manager,
            receives_new_clients: true,
            sends: true,
            is_default: false,
            joined_at: Timestamp::from_millis(joined),
        }
    }

    fn run(members: &[Membership], last: &mut Option<RingPlace>, turns: usize) -> Vec<String> {
        (0..turns)
            .filter_map(|_| {
                let (who, place) = next_turn(members, last.as_ref(), None)?;
                *last = place;
                Some(who.to_string())
            })
            .collect()
    }

    #[test]
    fn p5_strictly_in_turn_by_joining() {
        let members = [member("vera", 3), member("anna", 1), member("boris", 2)];
        assert_eq!(run(&members, &mut None, 5), ["anna", "boris", "vera", "anna", "boris"]);
    }

    #[test]
    fn p5_a_membership_change_keeps_the_place() {
        let mut last = None;
        let mut members = vec![member("anna", 1), member("boris", 2), member("vera", 3)];
        assert_eq!(run(&members, &mut last, 2), ["anna", "boris"]);
        members.remove(1);
        assert_eq!(run(&members, &mut last, 1), ["vera"], "the last one left: the next one is still next");
        members.push(member("gleb", 4));
        assert_eq!(run(&members, &mut last, 2), ["gleb", "anna"]);
    }

    #[test]
    fn b3_the_distribution_decides_and_a_known_client_keeps_his_employee() {
        let on = |distribution, paused| Channel { distribution, paused, ..crate::chat::tests::channel() };
        let members = [member("anna", 1), member("boris", 2)];
        let boris = EmployeeId::new("boris");
        for distribution in [Distribution::FirstResponder, Distribution::ByCrm] {
            assert_eq!(give(&on(distribution, false), &members, None, None), Given::ToAll);
            let kept = give(&on(distribution, false), &members, None, Some(&boris));
            assert_eq!(kept, Given::To(boris.clone(), None));
        }
        let gone = EmployeeId::new("gone");
        assert_eq!(give(&on(Distribution::FirstResponder, false), &members, None, Some(&gone)), Given::ToAll);
        let Given::To(first, _) = give(&on(Distribution::RoundRobin, false), &members, None, None) else {
            panic!("somebody is eligible")
        };
        assert_eq!(first.as_str(), "anna");
        assert_eq!(give(&on(Distribution::RoundRobin, true), &members, None, None), Given::ToNobody);
    }

    #[test]
    fn p5_nobody_eligible_means_nobody() {
        let mut off = member("anna", 1);
        off.receives_new_clients = false;
        let mut quality = member("boris", 2);
        quality.role = Role::QualityControl;
        let mut unbound = member("vera", 3);
        unbound.sends = false;
        assert_eq!(next_turn(&[off, quality, unbound], None, Some(&EmployeeId::new("anna"))), None);
    }

    #[test]
    fn a_known_client_keeps_his_responsible_while_eligible() {
        let members = [member("anna", 1), member("boris", 2)];
        let last = Some(RingPlace::of(&members[0]));
        let kept = next_turn(&members, last.as_ref(), Some(&EmployeeId::new("anna")));
        assert_eq!(kept, Some((EmployeeId::new("anna"), last.clone())), "no turn is used up");
        let passed = next_turn(&members, last.as_ref(), Some(&EmployeeId::new("gone"))).unwrap();
        assert_eq!(passed.0.as_str(), "boris");
    }

    proptest! {
        #[test]
        fn p5_counts_differ_by_at_most_one(count in 1usize..12, turns in 0usize..200, joined in prop::collection::vec(0i64..5, 12)) {
            let members: Vec<_> = (0..count).map(|index| member(&format!("e{index}"), joined[index])).collect();
            let mut counts: BTreeMap<String, usize> = members.iter().map(|m| (m.employee.to_string(), 0)).collect();
            for who in run(&members, &mut None, turns) {
                *counts.entry(who).or_default() += 1;
            }
            let (min, max) = (counts.values().min().unwrap(), counts.values().max().unwrap());
            prop_assert!(max - min <= 1, "{counts:?}");
            prop_assert_eq!(counts.values().sum::<usize>(), turns);
        }
    }
}
