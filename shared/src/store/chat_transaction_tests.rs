//! What the change of a chat writes.

use super::*;
use crate::base::ids::{EmployeeId, MessageId};
use crate::model::chat::assignment_reason::AssignmentReason;
use crate::model::chat::closing::{GRACE, on_check};
use crate::model::chat::state::{ChatStatus, FinishReason};
use crate::model::chat::tests::{new_chat, text_event};
use crate::model::event::Side;
use crate::model::outbound::Action;
use crate::store::attribute;
use crate::store::keys;
use crate::store::row::{Condition, Effect, Key};
use crate::store::rows_assignment::OpenChat;
use std::time::Duration;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// A chat whose client has just written and waits, as it stands in the table.
fn waiting() -> (Chat, Message) {
    let mut chat = new_chat();
    let message = chat.receive(&text_event("m1", Side::Client), None, at(0)).unwrap();
    chat.crm_synced_seq = chat.seq;
    chat.schedule_check(&Closing::default(), at(0));
    (chat, message)
}

/// The same, once Anna has the client.
fn given() -> (Chat, Message) {
    let (mut chat, message) = waiting();
    chat.set_responsible(&EmployeeId::new("anna"));
    chat.crm_synced_seq = chat.seq;
    (chat, message)
}

fn keys_of(writes: &[Write]) -> Vec<Key> {
    writes.iter().map(|write| write.key.clone()).collect()
}

/// The attributes that must be as they were read.
fn depends_on(write: &Write) -> Vec<&str> {
    let same = write.conditions.iter().filter_map(|condition| match condition {
        Condition::Same(attribute, _) => Some(attribute.as_str()),
        Condition::Absent | Condition::Exists => None,
    });
    same.collect()
}

fn open_with(chat: &Chat, employee: &str) -> Key {
    let of = Chat { responsible: Some(EmployeeId::new(employee)), ..chat.clone() };
    OpenChat::of(&of).unwrap().key()
}

#[test]
fn numbers_are_consecutive_and_stamp_the_rows() {
    let closing = Closing::default();
    let (before, message) = given();
    let mut change = ChatTransaction::of(before.clone(), &closing, CrmKind::Universal);
    let first = change.next_seq();
    change.message(Some(&message), &Message { seq: first, ..message.clone() });
    let second = change.next_seq();
    let id = MessageId::new("m2");
    change.job(&OutboundJob::new(&before.account, &before.chat, second, &id, Action::Delete, at(1)));
    let record =
        change.change(|chat| chat.assign(&EmployeeId::new("boris"), AssignmentReason::ByHand, at(1)));
    change.assignment(&record);
    assert_eq!([first, second, record.seq], [before.seq + 1, before.seq + 2, before.seq + 3]);
    let (after, writes) = change.writes(at(1)).unwrap();
    assert_eq!(after.seq, before.seq + 3);
    assert_eq!(
        keys_of(&writes),
        [
            keys::chat(&before.account, &before.chat),
            keys::message(&before.account, &before.chat, &message.message_id),
            keys::outbound_job(&before.account, &before.chat, second),
            keys::assignment_record(&before.account, &before.chat, record.seq),
            open_with(&before, "anna"),
            open_with(&before, "boris"),
        ],
        "the chat first"
    );
}

#[test]
fn without_a_crm_everything_is_synced() {
    let closing = Closing::default();
    for (crm, is_synced) in [(CrmKind::None, true), (CrmKind::Universal, false)] {
        let mut change = ChatTransaction::of(given().0, &closing, crm);
        change.next_seq();
        let (after, _) = change.writes(at(1)).unwrap();
        assert_eq!(after.crm_synced_seq == after.seq, is_synced, "{crm:?}");
    }
    let (mut behind, _) = given();
    behind.crm_synced_seq = 0;
    let untouched = ChatTransaction::of(behind.clone(), &closing, CrmKind::None);
    assert!(untouched.writes(at(1)).unwrap().1.is_empty(), "no number is taken");
    let revisited = ChatTransaction::of(behind, &closing, CrmKind::None).revisited();
    let (after, writes) = revisited.writes(at(1)).unwrap();
    assert_eq!((after.crm_synced_seq, writes.len()), (after.seq, 1), "its CRM is gone");
}

#[test]
fn the_check_moves_only_to_an_earlier_time_or_when_it_has_fired() {
    let closing = Closing::default();
    let (before, _) = given();
    let due = before.check_at.unwrap();

    let mut later = ChatTransaction::of(before.clone(), &closing, CrmKind::None);
    later.change(|chat| chat.receive(&text_event("m2", Side::Client), None, at(60)));
    let (after, writes) = later.writes(at(60)).unwrap();
    assert_eq!(after.check_at, Some(due), "somebody wrote, and it ends later");
    assert!(!depends_on(&writes[0]).contains(&"check_at"), "whoever moves it does no harm");

    let shorter = Closing::after(Duration::from_secs(60));
    let mut earlier = ChatTransaction::of(before.clone(), &shorter, CrmKind::None);
    earlier.next_seq();
    let (after, writes) = earlier.writes(at(1)).unwrap();
    assert_eq!(after.check_at, Some(at(60) + GRACE));
    assert!(depends_on(&writes[0]).contains(&"check_at"));

    let mut fired = ChatTransaction::of(before, &closing, CrmKind::None);
    fired.change(|chat| *chat = on_check(chat, &closing, due, due).chat);
    let (after, _) = fired.writes(due).unwrap();
    assert_eq!(
        (due, after.check_at),
        (at(600), Some(at(600) + GRACE)),
        "nothing to do yet: it is looked at when it ends"
    );
}

#[test]
fn open_chats_follow_the_responsible_and_the_state() {
    let closing = Closing::default();
    let (before, _) = given();
    let (mut finished, mut back) = (before.clone(), before.clone());
    finished.finish(FinishReason::ByHand, at(5));
    back.unassign(at(5));
    let is_open_row = |write: &&Write| write.key.sk == before.chat.as_str();
    let open_rows = |before: Option<&Chat>, after: &Chat| {
        let change = ChatTransaction::between(before.cloned(), after.clone(), &closing, CrmKind::None);
        let (_, writes) = change.writes(at(5)).unwrap();
        let rows = writes.iter().filter(is_open_row);
        rows.map(|write| (write.key.clone(), matches!(write.effect, Effect::Put(_)))).collect::<Vec<_>>()
    };
    let anna = open_with(&before, "anna");
    assert_eq!(open_rows(None, &before), [(anna.clone(), true)], "a new chat");
    assert_eq!(open_rows(Some(&before), &finished), [(anna.clone(), false)]);
    assert_eq!(open_rows(Some(&before), &back), [(anna.clone(), false)]);
    assert_eq!(open_rows(Some(&finished), &before), [(anna, true)], "opened again");
    assert_eq!(open_rows(Some(&before), &before), []);
}

#[test]
fn the_queue_row_follows_who_waits() {
    let closing = Closing::default();
    let (before, _) = waiting();
    let row = keys::waiting(&before.account, &before.channel, at(0), &before.chat);
    let mut left = ChatTransaction::of(before.clone(), &closing, CrmKind::None);
    left.change(|chat| chat.set_responsible(&EmployeeId::new("anna")));
    let (after, writes) = left.writes(at(1)).unwrap();
    let of_queue = |writes: &[Write]| writes.iter().find(|write| write.key == row).cloned();
    assert!(matches!(of_queue(&writes).unwrap().effect, Effect::Delete));
    let mut back = ChatTransaction::of(after, &closing, CrmKind::None).decided_on(DecidedOn::Responsible);
    back.change(|chat| chat.unassign(at(2)));
    let (_, writes) = back.writes(at(2)).unwrap();
    assert!(matches!(of_queue(&writes).unwrap().effect, Effect::Put(_)), "at the place of before");
    assert_eq!(depends_on(&writes[0])[..3], ["last_seq", "client", "responsible"]);

    let client = WaitingClient {
        v: 1,
        account: before.account.clone(),
        channel: before.channel.clone(),
        chat: before.chat.clone(),
        contact: before.contact.clone(),
        arrived_at: at(0),
    };
    let mut taken = ChatTransaction::of(before, &closing, CrmKind::None);
    taken.change(|chat| chat.set_responsible(&EmployeeId::new("anna")));
    taken.taken_from_queue(&client);
    let (_, writes) = taken.writes(at(1)).unwrap();
    let once: Vec<&Write> = writes.iter().filter(|write| write.key == row).collect();
    assert_eq!(once.len(), 1, "a transaction takes no row twice");
    assert_eq!(once[0].conditions, [Condition::Exists]);
}

#[test]
fn a_lost_queue_row_is_put_right_only_when_asked() {
    let closing = Closing::default();
    let (before, _) = waiting();
    let row = keys::waiting(&before.account, &before.channel, at(0), &before.chat);
    let right = ChatTransaction::of(before.clone(), &closing, CrmKind::None).putting_queue_right();
    let (_, writes) = right.writes(at(1)).unwrap();
    assert_eq!(keys_of(&writes), [row, keys::chat(&before.account, &before.chat)]);
    assert!(matches!(writes[1].effect, Effect::Check), "the chat must still wait");
    let (not_waiting, _) = given();
    let right = ChatTransaction::of(not_waiting, &closing, CrmKind::None).putting_queue_right();
    assert!(right.writes(at(1)).unwrap().1.is_empty());
}

#[test]
fn a_change_of_nothing_writes_nothing() {
    let closing = Closing::default();
    for (before, message) in [waiting(), given()] {
        for decided_on in
            [DecidedOn::Content, DecidedOn::Responsible, DecidedOn::These(&[attribute::chat::LAST_SEQ])]
        {
            let mut change = ChatTransaction::of(before.clone(), &closing, CrmKind::Universal)
                .decided_on(decided_on)
                .revisited();
            change.change(|_| ());
            change.message(Some(&message), &message);
            let (after, writes) = change.writes(at(1)).unwrap();
            assert_eq!(after, before);
            assert!(writes.is_empty(), "{writes:?}");
        }
    }
}

#[test]
fn a_chat_that_goes_takes_its_rows_along() {
    let (queued, _) = waiting();
    let row = keys::waiting(&queued.account, &queued.channel, at(0), &queued.chat);
    assert_eq!(keys_of(&rows_beside(Some(&queued), None).unwrap()), [row]);
    let (open, _) = given();
    assert_eq!(keys_of(&rows_beside(Some(&open), None).unwrap()), [open_with(&open, "anna")]);
}

#[test]
fn f3_without_a_crm_nothing_is_behind() {
    let closing = Closing::default();
    let (before, _) = given();
    let mut change = ChatTransaction::of(before, &closing, CrmKind::None);
    let event =
        change.change(|chat| chat.finish_with(FinishReason::ByHand, Some(ChatStatus::Closed), at(20)));
    let (finished, _) = change.writes(at(20)).unwrap();
    assert!(event.is_some() && finished.crm_due_at().is_none());
    let mut change = ChatTransaction::of(finished, &closing, CrmKind::None);
    assert!(change.change(|chat| chat.set_status(Some(ChatStatus::Open))));
    assert!(change.writes(at(30)).unwrap().0.crm_due_at().is_none());
}

#[test]
fn f3_a_lost_nudge_of_a_finish_is_found() {
    let closing = Closing::default();
    let (before, _) = given();
    let mut change = ChatTransaction::of(before, &closing, CrmKind::Universal);
    change.change(|chat| chat.finish_with(FinishReason::ByHand, None, at(20)));
    let (finished, _) = change.writes(at(20)).unwrap();
    assert!(finished.crm_due_at().is_some() && finished.check_at.is_some());
}
