use super::*;
use crate::base::clock::Manual;
use crate::model::chat::state::FinishReason;
use crate::model::chat::tests::{member, new_chat, text_event};
use crate::model::employee::{Role, Status};
use crate::model::event::Side;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn clock() -> Manual {
    Manual::new(at(5_000))
}

fn of(channel: Option<&ChannelId>) -> Requeue {
    Requeue::of(&AccountId::new("account"), &EmployeeId::new("anna"), channel, &clock())
}

/// A live chat of Anna's whose client came at 1 s.
fn hers() -> Chat {
    let mut chat = new_chat();
    chat.receive(&text_event("m1", Side::Client), None, at(1_000));
    chat.assign(&EmployeeId::new("anna"), AssignmentReason::Turn, at(2_000));
    chat
}

#[test]
fn b4_who_wants_somebody_now_passes_on_and_who_was_answered_and_finished_stays() {
    let everywhere = of(None);
    let mut chat = hers();
    assert!(everywhere.concerns(&chat), "live");
    chat.finish(FinishReason::ByHand, at(3_000));
    assert!(everywhere.concerns(&chat), "finished, and the client has no answer");
    chat.unanswered_at = None;
    assert!(!everywhere.concerns(&chat), "finished and answered");
    chat.state = ChatState::Case;
    assert!(everywhere.concerns(&chat), "a case");
    chat.responsible = Some(EmployeeId::new("boris"));
    assert!(!everywhere.concerns(&chat), "somebody else's");
    let mut waits = hers();
    waits.enqueue(None, at(3_000));
    assert!(everywhere.concerns(&waits), "stands in the queue, and is kept for her");
    everywhere.requeue(&mut waits, at(4_000));
    assert!(!everywhere.concerns(&waits), "stands in the queue already");
    let mut silent = hers();
    silent.assignment_state = AssignmentState::Silent;
    assert!(!everywhere.concerns(&silent), "has not written yet");
}

#[test]
fn one_channel_is_that_channel() {
    let chat = hers();
    assert!(of(Some(&chat.channel)).concerns(&chat));
    assert!(!of(Some(&ChannelId::new("another"))).concerns(&chat));
}

#[test]
fn p5_a_client_goes_back_to_the_place_at_which_he_came() {
    let mut chat = hers();
    let before = chat.seq;
    let record = of(None).requeue(&mut chat, at(9_000));
    assert_eq!((chat.assignment_state, chat.responsible.as_ref()), (AssignmentState::Waiting, None));
    assert_eq!((chat.waiting_since, chat.arrived_at), (Some(at(1_000)), Some(at(1_000))));
    assert_eq!((record.seq, record.why, record.waits), (before + 1, AssignmentReason::Removed, true));
    assert_eq!((record.responsible, record.arrived_at), (None, Some(at(1_000))));
    let mut older = Chat { arrived_at: None, opened_at: Some(at(700)), ..hers() };
    of(None).requeue(&mut older, at(9_000));
    assert_eq!(older.waiting_since, Some(at(700)), "a row from before arrivals were kept");
}

#[test]
fn b3_what_is_nobodys_is_gathered_without_a_wish() {
    let mut chat = hers();
    let gather = Requeue::gather(&chat.account, &chat.channel, &clock());
    assert!(!gather.concerns(&chat), "somebody's");
    chat.offer_to_all();
    assert!(gather.concerns(&chat) && !of(None).concerns(&chat));
    let record = gather.requeue(&mut chat, at(9_000));
    assert_eq!((chat.assignment_state, chat.queue_preference.clone()), (AssignmentState::Waiting, None));
    assert_eq!((chat.waiting_since, record.why), (Some(at(1_000)), AssignmentReason::GivenInTurn));
    chat.channel = ChannelId::new("another");
    chat.offer_to_all();
    assert!(!gather.concerns(&chat));
}

#[test]
fn b4_who_waits_is_kept_for_nobody_who_is_gone_and_goes_to_whom_a_rule_named() {
    let boris = || EmployeeId::new("boris");
    for (preference, then) in [
        (None, QueuePreference::Anyone),
        (Some(QueuePreference::Employee(EmployeeId::new("anna"))), QueuePreference::Anyone),
        (Some(QueuePreference::Employee(boris())), QueuePreference::Employee(boris())),
    ] {
        let mut chat = hers();
        chat.enqueue(preference, at(3_000));
        let record = of(None).requeue(&mut chat, at(9_000));
        assert_eq!(
            (chat.assignment_state, chat.responsible, record.responsible),
            (AssignmentState::Waiting, None, None)
        );
        assert_eq!((chat.queue_preference, chat.waiting_since), (Some(then), Some(at(1_000))));
    }
}

#[test]
fn b3_where_clients_are_everybodys_who_takes_none_any_more_leaves_them_to_be_looked_at() {
    let anna = member("anna", Role::Manager, true);
    let on = |distribution| Channel { distribution, ..crate::model::chat::tests::channel() };
    let shown = on(Distribution::FirstResponder);
    let left = |channel: &Channel, before, after| {
        Requeue::gather_left(channel, before, after, &clock()).map(|left| (left.whose, left.why))
    };
    let nobodys =
        Some((RequeueScope::Unclaimed { channel: shown.channel.clone() }, AssignmentReason::NobodyLeft));
    let off = Membership { receives_new_clients: false, ..anna.clone() };
    let refused = Membership { inactive: true, ..anna.clone() };
    let away = Membership { status: Status::Off, ..anna.clone() };
    for after in [None, Some(&off), Some(&refused)] {
        assert_eq!(left(&shown, Some(&anna), after), nobodys, "{after:?}");
        assert_eq!(left(&on(Distribution::ByCrm), Some(&anna), after), None, "the CRM names somebody");
        assert_eq!(left(&on(Distribution::RoundRobin), Some(&anna), after), None, "nobody is shown there");
        assert_eq!(left(&shown, Some(&off), after), None, "took none before");
    }
    assert_eq!(left(&shown, Some(&anna), Some(&away)), None, "they still come to her");
    assert_eq!(left(&shown, None, Some(&anna)), None);
}

#[test]
fn b3_what_is_nobodys_is_gathered_where_it_may_be_nobodys_for_ever() {
    use Distribution::{ByCrm, FirstResponder, RoundRobin};
    let on = |distribution| Channel { distribution, ..crate::model::chat::tests::channel() };
    let all = [ByCrm, FirstResponder, RoundRobin];
    let found: Vec<_> = all
        .into_iter()
        .flat_map(|before| all.map(|after| (before, after)))
        .filter(|(before, after)| gathers(&on(*before), &on(*after)))
        .collect();
    assert_eq!(found, [(ByCrm, FirstResponder), (ByCrm, RoundRobin), (FirstResponder, RoundRobin)]);
}

#[test]
fn b4_only_who_cannot_write_there_has_gone() {
    let anna = member("anna", Role::Manager, true);
    let with = |change: fn(&mut Membership)| {
        let mut place = anna.clone();
        change(&mut place);
        place
    };
    assert!(works(Some(&anna)) && !works(None));
    for stays in [
        with(|place| place.receives_new_clients = false),
        with(|place| place.status = Status::Off),
        with(|place| place.cap = Some(1)),
        with(|place| place.role = Role::Head),
    ] {
        assert!(!goes(Some(&anna), Some(&stays)), "{stays:?}");
    }
    for gone in [
        with(|place| place.role = Role::QualityControl),
        with(|place| place.sends = false),
        with(|place| place.inactive = true),
    ] {
        assert!(goes(Some(&anna), Some(&gone)), "{gone:?}");
        assert!(!goes(Some(&gone), None), "gone before");
    }
    assert!(goes(Some(&anna), None) && !goes(None, None));
}

#[test]
fn a_requeue_ends_when_nothing_is_left_and_indexes_have_come_to_rest() {
    let requeue = of(None);
    let settled = requeue.begun_at + SETTLED_AFTER;
    let NextLook::Again(again) = requeue.after_look(0, at(6_000)) else { panic!("too early to end") };
    assert_eq!((again.check_at, again.attempts), (settled, 0));
    assert_eq!(again.after_look(0, settled), NextLook::End);
    let (mut left, mut now, mut looks) = (requeue, settled, 0);
    while let NextLook::Again(next) = left.after_look(1, now) {
        assert!(next.check_at > now && next.check_at <= now + LONGEST_PAUSE);
        now = next.check_at;
        (left, looks) = (next, looks + 1);
    }
    assert_eq!(left.after_look(1, now), NextLook::GiveUp);
    assert_eq!(looks, MOST_ATTEMPTS - 1, "bounded");
}

#[test]
fn groups_hold_no_employees_id() {
    let account = AccountId::new("a");
    let group = |name: &str| of(None).whose_of(name).group(&account);
    assert!(group("Анна Петрова").is_ascii() && group(&"x".repeat(100)).len() <= 128);
    assert_ne!(group("anna"), group("boris"));
}

impl Requeue {
    fn whose_of(&self, name: &str) -> RequeueScope {
        RequeueScope::Employee { employee: EmployeeId::new(name), channel: None }
    }
}
