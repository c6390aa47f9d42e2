//! Who is eligible, and why not.

use super::*;
use crate::model::chat::tests::member;
use crate::model::employee::Role;
use crate::model::working_hours::{Day, Span, WorkingHours};

/// Friday, 2026-11-20, at noon in Greenwich.
fn noon() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-20T12:00:00Z").unwrap()
}

fn office(from: &str, to: &str) -> WorkingHours {
    let span = Span { days: vec![Day::Friday], from: from.into(), to: to.into() };
    WorkingHours { zone: "UTC".into(), spans: vec![span] }
}

#[test]
fn b4_each_no_has_its_reason_and_the_most_lasting_comes_first() {
    // The reasons against the member, removed one by one, beginning with the one that lasts longest.
    type Cure = fn(&mut Membership);
    let cures: [(Ineligible, Cure); 9] = [
        (Ineligible::Inactive, |member| member.inactive = false),
        (Ineligible::MayNotWrite, |member| member.role = Role::Manager),
        (Ineligible::NotBound, |member| member.sends = true),
        (Ineligible::ReceivesNoNewClients, |member| member.receives_new_clients = true),
        (Ineligible::Off, |member| member.status = Status::Away),
        (Ineligible::Away, |member| member.status = Status::Busy),
        (Ineligible::Busy, |member| member.status = Status::Available),
        (Ineligible::OutsideWorkingHours, |member| member.hours = Some(office("09:00", "18:00"))),
        (Ineligible::CapReached, |member| member.cap = Some(4)),
    ];
    let mut place = Membership {
        sends: false,
        inactive: true,
        status: Status::Off,
        hours: Some(office("13:00", "18:00")),
        cap: Some(3),
        ..member("anna", Role::QualityControl, false)
    };
    for (reason, cure) in cures {
        assert_eq!(eligible(&place, Some(3), true, noon()), Err(reason));
        cure(&mut place);
    }
    assert_eq!(eligible(&place, Some(3), true, noon()), Err(Ineligible::DidNotAnswer));
    assert_eq!(eligible(&place, Some(3), false, noon()), Ok(()));
    assert_eq!(eligible(&place, Some(4), false, noon()), Err(Ineligible::CapReached));
    assert_eq!(eligible_now(&place, noon()), Ok(()), "nobody counted his chats");
}

#[test]
fn b4_given_by_name_a_client_goes_to_whoever_could_answer_him() {
    let busy = Membership { status: Status::Busy, cap: Some(0), ..member("anna", Role::Manager, false) };
    assert!(may_be_given(&busy) && eligible_now(&busy, noon()).is_err());
    assert!(!may_be_given(&member("anna", Role::QualityControl, true)));
    assert!(!may_be_given(&Membership { sends: false, ..busy.clone() }));
    assert!(!may_be_given(&Membership { inactive: true, ..busy }));
}

#[test]
fn a_ring_of_before_rounds_were_counted_is_read_and_written_as_it_was() {
    let old = r#"{"v":1,"account":"a","channel":"c","turns":41}"#;
    let ring: Ring = serde_json::from_str(old).unwrap();
    assert_eq!((ring.turns, ring.rounds, ring.large), (41, 0, false));
    let written = serde_json::to_value(&ring).unwrap();
    assert!(written.get("rounds").is_none(), "a condition on it holds for the old row: {written}");
}
