//! Who gets a client, case by case.

use super::*;
use crate::model::channel::Reservation;
use crate::model::chat::state::AssignmentState;
use crate::model::chat::tests::{channel, member, new_chat};
use crate::model::employee::{Role, Status};

fn now() -> Timestamp {
    Timestamp::from_millis(1_000_000)
}

fn joined(name: &str, at: i64) -> Membership {
    Membership { joined_at: Timestamp::from_millis(at), ..member(name, Role::Manager, true) }
}

fn three() -> Vec<Membership> {
    vec![joined("vera", 3), joined("anna", 1), joined("boris", 2)]
}

fn ring() -> Ring {
    Ring::new(&channel().account, &channel().channel)
}

/// Answers the decider's requests for data with: no employee has a chat open.
fn ask(decider: &mut Decider<'_>, chat: &Chat, responsible: Option<&str>) -> Decision {
    let responsible = responsible.map(EmployeeId::new);
    loop {
        match decider.choose(Client { chat, responsible: responsible.as_ref() }) {
            Ok(decision) => return decision,
            Err(DataNeeded::OpenChats(caps)) => decider.candidates.add_open_chats(&caps[0].0, 0),
            Err(wanted) => panic!("{wanted:?} of a small channel"),
        }
    }
}

fn decider<'a>(channel: &'a Channel, ring: Ring, members: Vec<Membership>) -> Decider<'a> {
    let candidates = Candidates::small(members, ring.last.as_ref());
    Decider::new(channel, ring, candidates, now())
}

fn waiting() -> Chat {
    let mut chat = new_chat();
    chat.state = ChatState::Live;
    chat.assignment_state = AssignmentState::Waiting;
    chat.unanswered_at = Some(now());
    chat
}

fn decide(channel: &Channel, members: Vec<Membership>, chat: &Chat, responsible: Option<&str>) -> Assigned {
    ask(&mut decider(channel, ring(), members), chat, responsible).outcome
}

fn given(employee: &str, why: AssignmentReason) -> Assigned {
    to(&EmployeeId::new(employee), why)
}

fn whom(decision: &Decision) -> String {
    match &decision.outcome {
        Assigned::To { employee, .. } => employee.to_string(),
        other => format!("{other:?}"),
    }
}

fn run(ring: &mut Ring, members: Vec<Membership>, turns: usize) -> Vec<String> {
    let channel = channel();
    let mut decider = decider(&channel, ring.clone(), members);
    let order = (0..turns).map(|_| whom(&ask(&mut decider, &waiting(), None))).collect();
    *ring = decider.ring;
    order
}

#[test]
fn p5_strictly_in_turn_by_joining() {
    let mut ring = ring();
    assert_eq!(run(&mut ring, three(), 5), ["anna", "boris", "vera", "anna", "boris"]);
    assert_eq!((ring.turns, ring.last.unwrap().employee.as_str()), (5, "boris"));
}

#[test]
fn p5_a_membership_change_keeps_the_place() {
    let (mut ring, mut members) = (ring(), three());
    assert_eq!(run(&mut ring, members.clone(), 2), ["anna", "boris"]);
    members.retain(|member| member.employee.as_str() != "boris");
    assert_eq!(run(&mut ring, members.clone(), 1), ["vera"], "the last one left: the next one is still next");
    members.push(joined("gleb", 4));
    assert_eq!(run(&mut ring, members, 2), ["gleb", "anna"]);
}

#[test]
fn p5_nobody_eligible_means_nobody_and_no_turn_is_used() {
    let (mut off, mut unbound, mut away) = (joined("anna", 1), joined("boris", 2), joined("vera", 3));
    (off.receives_new_clients, unbound.sends, away.status) = (false, false, Status::Away);
    let (channel, chat) = (channel(), waiting());
    let mut decider = decider(&channel, ring(), vec![off, unbound, away]);
    let decision = ask(&mut decider, &chat, Some("anna"));
    assert_eq!((decision.outcome, decider.ring), (Assigned::ToNobody, ring()));
    let reasons: Vec<Option<Ineligible>> = decision.considered.iter().map(|one| one.reason).collect();
    let expected = [Ineligible::ReceivesNoNewClients, Ineligible::NotBound, Ineligible::Away].map(Some);
    assert_eq!(reasons, expected);
}

#[test]
fn b3_the_distribution_decides() {
    use Distribution::{ByCrm, FirstResponder, RoundRobin};
    let on = |distribution| Channel { distribution, ..channel() };
    assert_eq!(decide(&on(RoundRobin), three(), &waiting(), None), given("anna", AssignmentReason::Turn));
    assert_eq!(decide(&on(FirstResponder), three(), &waiting(), None), Assigned::ToAll);
    assert_eq!(decide(&on(ByCrm), Vec::new(), &waiting(), None), Assigned::ToAll, "the CRM names somebody");
    assert_eq!(decide(&on(FirstResponder), Vec::new(), &waiting(), None), Assigned::ToNobody);
    for distribution in [ByCrm, FirstResponder, RoundRobin] {
        let paused = Channel { paused: true, ..on(distribution) };
        assert_eq!(decide(&paused, three(), &waiting(), Some("boris")), Assigned::ToNobody);
    }
}

#[test]
fn b5_a_known_client_keeps_his_employee_while_that_one_is_eligible() {
    use Distribution::{ByCrm, FirstResponder, RoundRobin};
    let mut away = three();
    away.iter_mut().for_each(|member| member.status = Status::Away);
    away.push(joined("gleb", 4));
    for (distribution, passed_on, absent) in [
        (RoundRobin, given("anna", AssignmentReason::Turn), given("gleb", AssignmentReason::Turn)),
        (FirstResponder, Assigned::ToAll, Assigned::ToAll),
        (ByCrm, Assigned::ToAll, given("boris", AssignmentReason::Kept)),
    ] {
        let on = Channel { distribution, ..channel() };
        assert_eq!(decide(&on, three(), &waiting(), Some("boris")), given("boris", AssignmentReason::Kept));
        assert_eq!(decide(&on, three(), &waiting(), Some("gone")), passed_on);
        assert_eq!(decide(&on, away.clone(), &waiting(), Some("boris")), absent);
        let same = Channel { always_same: true, ..on };
        assert_eq!(
            decide(&same, away.clone(), &waiting(), Some("boris")),
            given("boris", AssignmentReason::Kept)
        );
    }
    let mut chat = waiting();
    chat.responsible = Some(EmployeeId::new("vera"));
    assert_eq!(
        decide(&channel(), three(), &chat, Some("boris")),
        given("vera", AssignmentReason::Kept),
        "the chat comes first"
    );
    chat.queue_preference = Some(QueuePreference::Anyone);
    assert_eq!(decide(&channel(), three(), &chat, Some("boris")), given("anna", AssignmentReason::Turn));
}

#[test]
fn b5_an_open_chat_of_his_own_does_not_meet_his_cap_and_another_one_does() {
    let full = || vec![Membership { cap: Some(0), ..joined("anna", 1) }, joined("boris", 2)];
    let mut chat = waiting();
    assert_eq!(decide(&channel(), full(), &chat, Some("anna")), given("boris", AssignmentReason::Turn));
    chat.responsible = Some(EmployeeId::new("anna"));
    assert_eq!(decide(&channel(), full(), &chat, None), given("anna", AssignmentReason::Kept));
}

#[test]
fn b4_caps_count_what_the_round_itself_gives() {
    let capped = vec![Membership { cap: Some(2), ..joined("anna", 1) }, joined("boris", 2)];
    let order = run(&mut ring(), capped, 6);
    assert_eq!(order, ["anna", "boris", "anna", "boris", "boris", "boris"]);
}

#[test]
fn f6_a_rule_gives_a_client_to_whoever_may_answer_and_else_as_any() {
    let mut chat = waiting();
    chat.queue_preference = Some(QueuePreference::Employee(EmployeeId::new("vera")));
    let mut members = three();
    (members[0].receives_new_clients, members[0].status) = (false, Status::Off);
    assert_eq!(
        decide(&channel(), members.clone(), &chat, Some("boris")),
        given("vera", AssignmentReason::Rule)
    );
    members[0].sends = false;
    assert_eq!(decide(&channel(), members, &chat, Some("boris")), given("boris", AssignmentReason::Kept));
}

#[test]
fn b4_nobody_eligible_means_the_fallback() {
    let mut members = three();
    members.iter_mut().for_each(|member| member.status = Status::Busy);
    let heads = ["olga", "pavel"].map(|name| Membership {
        role: Role::Head,
        receives_new_clients: false,
        ..joined(name, 9)
    });
    members.extend(heads);
    let on = |fallback| Channel { fallback, ..channel() };
    let to_boris = on(Fallback::Employee(EmployeeId::new("boris")));
    assert_eq!(
        decide(&to_boris, members.clone(), &waiting(), None),
        given("boris", AssignmentReason::Fallback)
    );
    let to_nobody = on(Fallback::Employee(EmployeeId::new("gone")));
    assert_eq!(decide(&to_nobody, members.clone(), &waiting(), None), Assigned::ToNobody);
    let to_heads = on(Fallback::Heads);
    let mut decider = decider(&to_heads, ring(), members.clone());
    let order: Vec<String> = (0..3).map(|_| whom(&ask(&mut decider, &waiting(), None))).collect();
    assert_eq!((order, decider.ring.turns), (vec!["olga".into(), "pavel".into(), "olga".into()], 0));
    let silent = Channel { distribution: Distribution::FirstResponder, ..to_heads.clone() };
    assert_eq!(
        decide(&silent, members.clone(), &waiting(), None),
        Assigned::ToAll,
        "busy, but it comes to them"
    );
    members.retain(|member| member.role == Role::Head);
    assert_eq!(decide(&silent, members.clone(), &waiting(), None), given("olga", AssignmentReason::Fallback));
    members.iter_mut().for_each(|head| head.status = Status::Off);
    assert_eq!(decide(&to_heads, members, &waiting(), None), Assigned::ToNobody);
}

#[test]
fn a_client_passes_on_so_often_and_then_stays() {
    let on = Channel { reservation: Some(Reservation { answer_within_s: 60, passes: 2 }), ..channel() };
    let until = Some(now() + Duration::from_secs(60));
    let mut chat = waiting();
    let mut reserved = Vec::new();
    let mut decider = decider(&on, ring(), three());
    for _ in 0..3 {
        let Assigned::To { employee, reserved_until, .. } = ask(&mut decider, &chat, None).outcome else {
            panic!("somebody gets him")
        };
        reserved.push((employee.to_string(), reserved_until));
        chat.missed_by.push(employee.clone());
        chat.responsible = Some(employee);
        chat.queue_preference = Some(QueuePreference::Anyone);
    }
    assert_eq!(reserved, [("anna".into(), until), ("boris".into(), until), ("vera".into(), None)]);
}

#[test]
fn only_whom_somebody_owes_an_answer_is_reserved() {
    let on = Channel { reservation: Some(Reservation { answer_within_s: 60, passes: 2 }), ..channel() };
    let is_reserved = |change: fn(&mut Chat)| {
        let mut chat = waiting();
        change(&mut chat);
        match decide(&on, three(), &chat, None) {
            Assigned::To { reserved_until, .. } => reserved_until.is_some(),
            other => panic!("{other:?}"),
        }
    };
    assert!(is_reserved(|_| {}) && is_reserved(|chat| chat.state = ChatState::Case));
    assert!(!is_reserved(|chat| chat.unanswered_at = None), "he has his answer");
    assert!(!is_reserved(|chat| chat.state = ChatState::General), "it is finished");
}

#[test]
fn who_all_let_a_client_wait_get_him_no_more_in_haste() {
    let on = Channel { reservation: Some(Reservation { answer_within_s: 60, passes: 9 }), ..channel() };
    let mut chat = waiting();
    chat.queue_preference = Some(QueuePreference::Anyone);
    chat.missed_by = ["anna", "boris", "vera"].map(EmployeeId::new).to_vec();
    chat.responsible = Some(EmployeeId::new("vera"));
    assert_eq!(
        decide(&on, three(), &chat, None),
        given("vera", AssignmentReason::Kept),
        "he stays where he is"
    );
    let mut members = three();
    members[0].status = Status::Off;
    assert_eq!(
        decide(&on, members, &chat, None),
        given("anna", AssignmentReason::Turn),
        "and waits for nobody in vain"
    );
}

#[test]
fn a_small_channel_says_of_everybody_why_not() {
    let (channel, chat) = (channel(), waiting());
    let mut members = three();
    members[1].status = Status::Away;
    members[0].receives_new_clients = false;
    let decision = ask(&mut decider(&channel, ring(), members), &chat, None);
    let told: Vec<(&str, Option<Ineligible>)> =
        decision.considered.iter().map(|one| (one.employee.as_str(), one.reason)).collect();
    let expected =
        [("anna", Some(Ineligible::Away)), ("boris", None), ("vera", Some(Ineligible::ReceivesNoNewClients))];
    assert_eq!((told, decision.more), (expected.to_vec(), false));
}
