use super::*;
use crate::model::chat::tests::{member, new_chat, text_event};
use crate::model::employee::Role;
use crate::model::event::Side;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const BY_HAND: By<'static> = By { why: AssignmentReason::ByHand, employee: None };

fn id(name: &str) -> EmployeeId {
    EmployeeId::new(name)
}

fn waiting() -> Chat {
    let mut chat = new_chat();
    chat.receive(&text_event("m1", Side::Client), None, Timestamp::from_millis(500_000));
    chat.offer_to_all();
    chat.enqueue(None, Timestamp::from_millis(500_000));
    chat
}

fn gift_of(chat: &Chat, place: Option<Membership>) -> GiftFacts {
    let employee = Employee::new(&chat.account, &id("anna"), "Anna", Timestamp::from_millis(0));
    GiftFacts {
        before: chat.clone(),
        closing: Closing::default(),
        contact: None,
        employee: Some(employee),
        place,
    }
}

fn decided(facts: &GiftFacts, by: &By<'_>) -> Result<Gift, Refused> {
    decide_gift(facts, &id("anna"), by, NOW)
}

fn writes(facts: &GiftFacts, gift: &Gift) -> Vec<Write> {
    gift_writes(facts, gift, CrmKind::None, NOW).unwrap().1
}

#[test]
fn b7_by_hand_a_client_goes_only_to_an_employee_who_could_write_to_them() {
    let mut facts = gift_of(&waiting(), None);
    let refused = |facts: &GiftFacts| decided(facts, &BY_HAND).map(|_| ()).unwrap_err();
    assert_eq!(refused(&facts), Refused::MayNotHave(Refusal::NoRole));
    facts.place = Some(member("anna", Role::QualityControl, true));
    assert_eq!(refused(&facts), Refused::MayNotHave(Refusal::QualityControl));
    facts.place = Some(Membership { sends: false, ..member("anna", Role::Manager, true) });
    assert_eq!(refused(&facts), Refused::MayNotHave(Refusal::NotBound));
    assert!(decided(&facts, &By::CRM).is_ok(), "what others say is theirs to check");
    facts.place = Some(member("anna", Role::Manager, false));
    let gift = decided(&facts, &BY_HAND).unwrap();
    assert_eq!(
        (gift.after.assignment_state, gift.after.responsible),
        (AssignmentState::Assigned, Some(id("anna")))
    );
    assert_eq!(gift.record.unwrap().why, AssignmentReason::ByHand);
    facts.employee = None;
    assert_eq!(refused(&facts), Refused::NotFound(What::Employee));
}

#[test]
fn b1_what_the_crm_repeats_is_no_news_and_what_a_person_says_is_once() {
    let mut chat = waiting();
    chat.set_responsible(&id("anna"));
    let facts = gift_of(&chat, Some(member("anna", Role::Manager, true)));
    let repeated = decided(&facts, &By::CRM).unwrap();
    assert_eq!((&repeated.after, &repeated.record), (&chat, &None));
    assert!(writes(&facts, &repeated).is_empty(), "nothing changes");
    let said = decided(&facts, &BY_HAND).unwrap();
    assert_eq!(said.after.assigned_by, Some(AssignedBy::Person));
    // The chat, the checks of the employee and of their membership, and the entry in the history.
    assert!(said.record.is_some() && writes(&facts, &said).len() >= 4);
    let again = gift_of(&said.after, Some(member("anna", Role::Manager, true)));
    assert_eq!(decided(&again, &BY_HAND).unwrap().record, None);
}

#[test]
fn a_client_who_has_not_written_stays_silent_whoever_has_them() {
    let gift = decided(&gift_of(&new_chat(), None), &By::CRM).unwrap();
    assert_eq!(
        (gift.after.assignment_state, gift.after.responsible),
        (AssignmentState::Silent, Some(id("anna")))
    );
}

#[test]
fn b4_a_client_is_put_back_at_their_place_of_before_and_only_once() {
    let again = |chat: &Chat| requeued(chat, Some(&id("head")), NOW);
    assert_eq!(again(&new_chat()), Err(Refused::ClientSilent));
    let mut chat = waiting();
    let came = chat.arrived_at.or(chat.opened_at);
    chat.assign(&id("anna"), AssignmentReason::ByCrm, NOW);
    chat.missed_by = vec![id("boris")];
    let (after, record) = again(&chat).unwrap().unwrap();
    assert_eq!(
        (after.assignment_state, &after.responsible, after.arrived_at),
        (AssignmentState::Waiting, &None, came)
    );
    assert!(after.missed_by.is_empty(), "a person wants it so");
    assert_eq!((record.why, record.responsible), (AssignmentReason::BackByHand, None));
    assert_eq!(again(&after), Ok(None));
}
