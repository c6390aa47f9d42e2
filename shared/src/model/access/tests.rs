use super::*;
use crate::base::clock::Timestamp;
use crate::base::ids::EmployeeId;
use crate::model::chat::tests::{member, new_chat};
use crate::model::employee::Status;
use crate::model::working_hours::WorkingHours;

const ROLES: [Role; 3] = [Role::Manager, Role::Head, Role::QualityControl];
const DISTRIBUTIONS: [Distribution; 3] =
    [Distribution::RoundRobin, Distribution::FirstResponder, Distribution::ByCrm];

fn chat(responsible: Option<&str>, client: AssignmentState) -> Chat {
    let mut chat = new_chat();
    (chat.responsible, chat.assignment_state) = (responsible.map(EmployeeId::new), client);
    chat
}

/// Every state of a chat that rights depend on.
fn chats() -> Vec<Chat> {
    use AssignmentState::{Assigned, Silent, Unclaimed, Waiting};
    let had = [Some("anna"), Some("boris")];
    let had = had.into_iter().flat_map(|whose| [Assigned, Waiting, Silent].map(|client| chat(whose, client)));
    had.chain([Waiting, Unclaimed, Silent].map(|client| chat(None, client))).collect()
}

fn operations() -> Vec<Operation> {
    use Operation::{Assign, Count, Finish, List, Mark, Notify, Open, Search, SetStatus, Tag};
    let by_distribution =
        DISTRIBUTIONS.into_iter().flat_map(|how| [Operation::Send(how), Operation::Edit(how)]);
    [List, Search, Open, Count, Notify, Mark, Finish, SetStatus, Tag, Assign]
        .into_iter()
        .chain(by_distribution)
        .collect()
}

fn everybody() -> Vec<Membership> {
    ROLES.into_iter().flat_map(|role| [true, false].map(|receives| member("anna", role, receives))).collect()
}

fn asks(operation: Operation, place: &Membership, chat: &Chat) -> Result<Permit, Denial> {
    may(operation, Sender::Employee(Some(place)), chat)
}

#[test]
fn p10_each_role_sees_what_it_should() {
    use AssignmentState::{Assigned, Silent, Unclaimed, Waiting};
    // Manager with B2 and without; heads and quality control see all chats.
    for (whose, client, managers) in [
        (Some("anna"), Assigned, [true, true]),
        (Some("anna"), Waiting, [true, true]),
        (Some("anna"), Silent, [true, true]),
        (Some("boris"), Assigned, [false, false]),
        (Some("boris"), Waiting, [false, false]),
        (None, Waiting, [false, false]),
        (None, Unclaimed, [true, false]),
        (None, Silent, [false, false]),
    ] {
        for place in everybody() {
            let expected = place.role != Role::Manager || managers[usize::from(!place.receives_new_clients)];
            let sees = asks(Operation::Open, &place, &chat(whose, client)).is_ok();
            assert_eq!(sees, expected, "{:?} {} {client:?}", place.role, place.receives_new_clients);
        }
    }
}

#[test]
fn p10_what_shows_a_chat_shows_it_everywhere_and_what_touches_it_needs_to_show_it() {
    for chat in chats() {
        for place in everybody() {
            let seen = asks(Operation::Open, &place, &chat);
            for shows in [Operation::List, Operation::Search, Operation::Count, Operation::Notify] {
                assert_eq!(asks(shows, &place, &chat), seen, "{shows:?}");
            }
            for touches in [Operation::Mark, Operation::Finish, Operation::SetStatus, Operation::Tag] {
                let expected = match (seen, place.role) {
                    (Ok(_), Role::QualityControl) => Err(Denial::QualityControl),
                    _ => seen,
                };
                assert_eq!(asks(touches, &place, &chat), expected, "{touches:?}");
            }
            let gives = asks(Operation::Assign, &place, &chat).is_ok();
            assert_eq!(gives, place.role == Role::Head, "{:?}", place.role);
        }
    }
}

#[test]
fn b1_no_role_and_nobody_whom_the_crm_knows_have_no_access() {
    for chat in chats() {
        for place in everybody() {
            let gone = Membership { inactive: true, ..place };
            for operation in operations() {
                let writes = matches!(operation, Operation::Send(_) | Operation::Edit(_));
                let expected = Err(if writes { Denial::NoRole } else { Denial::Hidden });
                assert_eq!(may(operation, Sender::Employee(None), &chat), expected, "{operation:?}");
                assert_eq!(asks(operation, &gone, &chat), expected, "{operation:?}");
                assert_eq!(may(operation, Sender::Account, &chat), Ok(Permit::Write), "{operation:?}");
            }
            assert!(!sees_all(&gone) && !sees_unclaimed(&gone) && !keeps_client_on_first_message(&gone));
        }
    }
}

#[test]
fn b4_status_hours_and_cap_change_nobodys_rights() {
    let never = WorkingHours { zone: "Europe/Moscow".into(), spans: Vec::new() };
    for chat in chats() {
        for place in everybody() {
            let mut out = Membership { cap: Some(0), hours: Some(never.clone()), ..place.clone() };
            out.joined_at = Timestamp::from_millis(1);
            for status in [Status::Available, Status::Busy, Status::Away, Status::Off] {
                out.status = status;
                for operation in operations() {
                    assert_eq!(asks(operation, &out, &chat), asks(operation, &place, &chat), "{status:?}");
                }
            }
        }
    }
}

#[test]
fn b7_who_is_not_bound_writes_to_nobody_and_sees_the_same() {
    for chat in chats() {
        for place in everybody() {
            let unbound = Membership { sends: false, ..place.clone() };
            for operation in operations() {
                let expected = match (operation, asks(operation, &place, &chat)) {
                    (Operation::Send(_) | Operation::Edit(_), Ok(_)) => Err(Denial::NotBound),
                    (_, known) => known,
                };
                assert_eq!(asks(operation, &unbound, &chat), expected, "{operation:?}");
            }
        }
    }
}

#[test]
fn b9_who_reads_a_list_whole_sees_all_that_is_in_it() {
    for chat in chats() {
        for place in everybody() {
            let shown = asks(Operation::List, &place, &chat).is_ok();
            assert!(shown || !sees_all(&place));
            assert!(
                shown || !(sees_unclaimed(&place) && chat.assignment_state == AssignmentState::Unclaimed)
            );
        }
    }
}

#[test]
fn b3_edits_are_for_whom_no_answer_is_a_claim() {
    let pool = chat(None, AssignmentState::Unclaimed);
    for (place, by_crm, else_) in [
        (member("anna", Role::Manager, true), Ok(Permit::Write), Err(Denial::NotResponsible)),
        (member("anna", Role::Manager, false), Err(Denial::NotResponsible), Err(Denial::NotResponsible)),
        (member("anna", Role::Head, true), Ok(Permit::Write), Ok(Permit::Write)),
        (member("anna", Role::Head, false), Ok(Permit::Write), Ok(Permit::Write)),
    ] {
        for how in DISTRIBUTIONS {
            let expected = if how == Distribution::ByCrm { by_crm } else { else_ };
            assert_eq!(asks(Operation::Edit(how), &place, &pool), expected, "{:?} {how:?}", place.role);
        }
    }
}
