use super::*;
use crate::base::ids::EmployeeId;
use crate::model::channel::Distribution;
use crate::model::chat::state::AssignmentState;
use crate::model::chat::tests::{channel, member, new_chat};
use crate::model::employee::Role;

fn chat(responsible: Option<&str>, client: AssignmentState) -> Chat {
    let mut chat = new_chat();
    (chat.responsible, chat.assignment_state) = (responsible.map(EmployeeId::new), client);
    chat
}

fn on(distribution: Distribution) -> Channel {
    Channel { distribution, ..channel() }
}

fn asks(place: &Membership, chat: &Chat, channel: &Channel) -> Result<Permit, Refusal> {
    may_send(Sender::Employee(Some(place)), chat, channel)
}

#[test]
fn p10_who_may_write_to_whom() {
    use AssignmentState::{Assigned, Unclaimed, Waiting};
    use Distribution::{ByCrm, FirstResponder, RoundRobin};
    let (no, write, claim) = (Err(Refusal::NotResponsible), Ok(Permit::Write), Ok(Permit::Claim));
    // Responsible, state, distribution; manager with and without B2, head with and without.
    let table = [
        (Some("anna"), Assigned, RoundRobin, [write, write, write, write]),
        (Some("boris"), Assigned, RoundRobin, [no, no, write, write]),
        (Some("boris"), Assigned, FirstResponder, [no, no, write, write]),
        (None, Waiting, RoundRobin, [no, no, write, write]),
        (None, Waiting, FirstResponder, [no, no, write, write]),
        (None, Unclaimed, FirstResponder, [claim, no, claim, write]),
        (None, Unclaimed, RoundRobin, [claim, no, claim, write]),
        (None, Unclaimed, ByCrm, [write, no, write, write]),
        (None, AssignmentState::Silent, RoundRobin, [claim, claim, claim, write]),
        (None, AssignmentState::Silent, ByCrm, [claim, claim, claim, write]),
    ];
    for (responsible, client, distribution, expected) in table {
        let (chat, channel) = (chat(responsible, client), on(distribution));
        let places = [(Role::Manager, true), (Role::Manager, false), (Role::Head, true), (Role::Head, false)];
        for ((role, receives), expected) in places.into_iter().zip(expected) {
            let place = member("anna", role, receives);
            assert_eq!(
                asks(&place, &chat, &channel),
                expected,
                "{role:?} {receives} {client:?} {distribution:?}"
            );
        }
        assert_eq!(may_send(Sender::Account, &chat, &channel), write);
        assert_eq!(may_send(Sender::Employee(None), &chat, &channel), Err(Refusal::NoRole));
        let quality = member("anna", Role::QualityControl, true);
        assert_eq!(asks(&quality, &chat, &channel), Err(Refusal::QualityControl));
    }
}

#[test]
fn b7_bound_to_none_cannot_send() {
    let mut place = member("anna", Role::Head, true);
    place.sends = false;
    let chat = chat(Some("anna"), AssignmentState::Assigned);
    assert_eq!(asks(&place, &chat, &on(Distribution::RoundRobin)), Err(Refusal::NotBound));
}

#[test]
fn a_channel_that_cannot_send_says_why() {
    let chat = chat(Some("anna"), AssignmentState::Assigned);
    let place = member("anna", Role::Manager, true);
    let (paused, ignored) = (Channel { paused: true, ..channel() }, Channel { ignored: true, ..channel() });
    assert_eq!(asks(&place, &chat, &paused), Err(Refusal::ChannelPaused));
    assert_eq!(may_send(Sender::Account, &chat, &ignored), Err(Refusal::ChannelIgnored));
    let off = Channel { state: ChannelState::Unauthorized, ..channel() };
    assert_eq!(may_send(Sender::Account, &chat, &off), Err(Refusal::ChannelUnavailable));
}

#[test]
fn a_channel_that_cannot_send_takes_no_edits_either() {
    let chat = chat(Some("anna"), AssignmentState::Assigned);
    let place = member("anna", Role::Manager, true);
    let edits = |channel: &Channel| may_edit(Sender::Employee(Some(&place)), &chat, channel);
    assert_eq!(edits(&channel()), Ok(()));
    assert_eq!(edits(&Channel { paused: true, ..channel() }), Err(Refusal::ChannelPaused));
}
