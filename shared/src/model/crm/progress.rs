//! What has to be reported to the CRM about a chat, in order (P8): a pure function of the rows after the CRM cursor.

use crate::model::chat::ChatEvent;
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::message::Message;
use std::collections::HashSet;

/// A row with a number in the chat.
#[derive(Clone, Debug, PartialEq)]
pub enum SequencedRow {
    /// A message.
    Message(Box<Message>),
    /// Something that happened to the chat as a whole.
    Event(ChatEvent),
    /// A change of the responsible. It is not reported by itself: the CRM learns the responsible with the messages.
    Assignment(Box<AssignmentRecord>),
}

/// One change that is to be reported to the CRM.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its number in the chat; the CRM cursor moves to it when the CRM has accepted the change.
    pub seq: u64,
    /// What changed.
    pub what: ChangeKind,
}

/// What changed.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeKind {
    /// A message that the CRM does not know yet, as it is now.
    New(Box<Message>),
    /// An edit of a message that the CRM knows.
    Edited(Box<Message>),
    /// A deletion of a message that the CRM knows.
    Deleted(Box<Message>),
    /// The file of a message that the CRM knows was copied, or its copying was given up.
    File(Box<Message>),
    /// The delivery status of a message that the CRM knows: delivered, read or failed.
    Status(Box<Message>),
    /// A message that the CRM knows was edited in the messenger, which did not report the new content.
    EditNoted(Box<Message>),
    /// The chat was finished.
    Finished(ChatEvent),
    /// A rule's notice to employees.
    Notified(ChatEvent),
}

impl Change {
    /// The message that changed.
    pub fn message(&self) -> Option<&Message> {
        match &self.what {
            ChangeKind::New(message)
            | ChangeKind::Edited(message)
            | ChangeKind::Deleted(message)
            | ChangeKind::File(message)
            | ChangeKind::Status(message)
            | ChangeKind::EditNoted(message) => Some(message),
            ChangeKind::Finished(_) | ChangeKind::Notified(_) => None,
        }
    }
}

/// The changes after the CRM cursor `done` and up to `chat_seq`, in the order of their numbers. `rows` are **all** rows
/// whose last change is after the cursor: a row's last number may be higher than its first, so a page of them is not
/// enough. They were read after the chat, whose number is `chat_seq`, so everything up to it is certainly among them.
/// Newer rows may be incomplete (a query shows single rows of a transaction), so they are left to their own nudge.
///
/// A message that the CRM does not know is reported once, as it is now, at the place of its creation; later changes are
/// included. A change that a later one replaced (two edits) is reported once, at the later place.
pub fn pending(done: u64, chat_seq: u64, rows: Vec<SequencedRow>) -> Vec<Change> {
    let mut changes = Vec::new();
    for row in rows {
        match row {
            SequencedRow::Message(row) => message_changes(done, row, &mut changes),
            SequencedRow::Event(event) if event.notice.is_some() => {
                changes.push(Change { seq: event.seq, what: ChangeKind::Notified(event) });
            }
            SequencedRow::Event(event) => {
                changes.push(Change { seq: event.seq, what: ChangeKind::Finished(event) })
            }
            SequencedRow::Assignment(_) => {}
        }
    }
    changes.retain(|change| change.seq <= chat_seq);
    changes.sort_by_key(|change| change.seq);
    changes
}

fn message_changes(done: u64, row: Box<Message>, changes: &mut Vec<Change>) {
    if row.created_seq > done {
        return changes.push(Change { seq: row.created_seq, what: ChangeKind::New(row) });
    }
    let newer = |seq: Option<u64>| seq.filter(|seq| *seq > done);
    // Sent again, it is reported as it is now: later changes are included.
    if let Some(seq) = newer(row.resent_seq) {
        return changes.push(Change { seq, what: ChangeKind::New(row) });
    }
    let stays = row.deleted_seq.is_none();
    if let Some(seq) = newer(row.edited_seq).filter(|_| stays) {
        changes.push(Change { seq, what: ChangeKind::Edited(row.clone()) });
    }
    // A later edit reports the file too.
    if let Some(seq) =
        newer(row.file_seq).filter(|seq| stays && row.edited_seq.is_none_or(|edited| edited < *seq))
    {
        changes.push(Change { seq, what: ChangeKind::File(row.clone()) });
    }
    if let Some(seq) = newer(row.edit_noted_seq).filter(|_| stays) {
        changes.push(Change { seq, what: ChangeKind::EditNoted(row.clone()) });
    }
    if let Some(seq) = newer(row.status_seq) {
        changes.push(Change { seq, what: ChangeKind::Status(row.clone()) });
    }
    if let Some(seq) = newer(row.deleted_seq) {
        changes.push(Change { seq, what: ChangeKind::Deleted(row) });
    }
}

/// Whether each number from the cursor to `chat_seq` occurs in one of the rows.
pub fn accounts_for_all(done: u64, chat_seq: u64, rows: &[SequencedRow]) -> bool {
    let numbers: HashSet<u64> = rows
        .iter()
        .flat_map(|row| match row {
            SequencedRow::Message(row) => {
                vec![
                    Some(row.created_seq),
                    row.edited_seq,
                    row.edit_noted_seq,
                    row.file_seq,
                    row.status_seq,
                    row.deleted_seq,
                    row.resent_seq,
                ]
            }
            SequencedRow::Event(event) => vec![Some(event.seq)],
            SequencedRow::Assignment(record) => vec![Some(record.seq)],
        })
        .flatten()
        .collect();
    (done + 1..=chat_seq).all(|number| numbers.contains(&number))
}

/// The CRM cursor after the CRM has accepted the first `taken` of `changes`. After the last of them it also skips the
/// numbers that are not reported to a CRM (an assignment), up to `chat_seq`.
pub fn cursor_after(changes: &[Change], taken: usize, chat_seq: u64) -> u64 {
    if taken >= changes.len() {
        return chat_seq;
    }
    taken.checked_sub(1).map_or(0, |last| changes[last].seq)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::model::chat::state::FinishReason;
    use crate::model::chat::tests::{new_chat, text_event};
    use crate::model::crm::failure::FailedChange;
    use crate::model::event::{Revision, Side};
    use crate::model::message::kind::DeliveryStatus;
    use crate::model::message::media::{CopyFailure, FileCopy};

    fn names(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|change| {
                let kind = match change.what {
                    ChangeKind::New(_) => "new",
                    ChangeKind::Edited(_) => "edited",
                    ChangeKind::Deleted(_) => "deleted",
                    ChangeKind::File(_) => "file",
                    ChangeKind::Status(_) => "status",
                    ChangeKind::EditNoted(_) => "edit noted",
                    ChangeKind::Finished(_) => "finished",
                    ChangeKind::Notified(_) => "notified",
                };
                let id = change.message().map_or("", |message| message.message_id.as_str());
                format!("{}:{kind}:{id}", change.seq)
            })
            .collect()
    }

    #[test]
    fn p8_a_message_keeps_its_place_whatever_happened_to_it_since() {
        let mut chat = new_chat();
        let at = Timestamp::from_millis(1);
        let first = chat.receive(&text_event("a", Side::Client), None, at).unwrap();
        let second = chat.receive(&text_event("b", Side::Client), None, at).unwrap();
        let mut edit = text_event("a", Side::Client);
        edit.revision = Revision::Edited;
        edit.text = Some("edited".into());
        let first = chat.receive(&edit, Some(&first), at).unwrap();
        assert_eq!(names(&pending(0, 3, vec![row(&second), row(&first)])), ["1:new:a", "2:new:b"]);
        assert_eq!(names(&pending(2, 3, vec![row(&first)])), ["3:edited:a"]);
    }

    #[test]
    fn p8_each_change_once_and_the_finish_in_its_place() {
        let mut chat = new_chat();
        let at = Timestamp::from_millis(1);
        let mut first = chat.receive(&text_event("a", Side::Company), None, at).unwrap();
        chat.seq = 2;
        first.report(DeliveryStatus::Delivered, None, at, 2);
        chat.receive(&text_event("b", Side::Client), None, at);
        let finished = SequencedRow::Event(chat.finish(FinishReason::Inactivity, at));
        let last = chat.receive(&text_event("c", Side::Client), None, at).unwrap();
        let told = pending(1, 5, vec![row(&last), finished, row(&first)]);
        assert_eq!(names(&told), ["2:status:a", "4:finished:", "5:new:c"], "told also when open again");
    }

    #[test]
    fn p8_what_was_stored_after_the_chat_was_read_is_left_to_its_own_nudge() {
        let mut chat = new_chat();
        let at = Timestamp::from_millis(1);
        let first = chat.receive(&text_event("a", Side::Client), None, at).unwrap();
        let seq_as_read = chat.seq;
        chat.receive(&text_event("b", Side::Client), None, at);
        let third = chat.receive(&text_event("c", Side::Client), None, at).unwrap();
        // Of b and c, stored in one transaction, the query shows only c.
        let changes = pending(0, seq_as_read, vec![row(&third), row(&first)]);
        assert_eq!(names(&changes), ["1:new:a"]);
        assert_eq!(cursor_after(&changes, 1, seq_as_read), 1, "or b would never be told");
        assert_eq!(cursor_after(&[], 0, 7), 7);
    }

    #[test]
    fn p8_a_file_follows_its_message_or_goes_out_with_it() {
        let mut chat = new_chat();
        let at = Timestamp::from_millis(1);
        let first = chat.receive(&text_event("a", Side::Client), None, at).unwrap();
        chat.seq = 2;
        let failed = FileCopy::Failed { why: CopyFailure::Gone };
        let first = first.with_file(failed, 2);
        assert_eq!(names(&pending(0, 2, vec![row(&first)])), ["1:new:a"]);
        assert_eq!(names(&pending(1, 2, vec![row(&first)])), ["2:file:a"]);
        assert!(accounts_for_all(1, 2, &[row(&first)]));
        let edited = Message { edited_seq: Some(3), seq: 3, ..first };
        assert_eq!(names(&pending(1, 3, vec![row(&edited)])), ["3:edited:a"]);
    }

    #[test]
    fn p8_what_is_sent_again_goes_out_whole_at_the_end() {
        let mut chat = new_chat();
        let at = Timestamp::from_millis(1);
        let first = chat.receive(&text_event("a", Side::Client), None, at).unwrap();
        let second = chat.receive(&text_event("b", Side::Client), None, at).unwrap();
        let edited = Message { edited_seq: Some(3), seq: 3, crm_refused: Some("HTTP 422".into()), ..first };
        let again = edited.resent(FailedChange::Message, 4);
        assert_eq!((again.seq, &again.crm_refused), (4, &None));
        let rows = || vec![row(&second), row(&again)];
        assert_eq!(names(&pending(2, 4, rows())), ["4:new:a"]);
        assert_eq!(names(&pending(4, 4, rows())), [""; 0]);
        assert!(accounts_for_all(2, 4, &[row(&again)]));
        let after = Message { edited_seq: Some(5), seq: 5, ..again };
        assert_eq!(names(&pending(4, 5, vec![row(&after)])), ["5:edited:a"]);
        // The CRM has the message: only what it lacks goes out.
        let edit = edited.resent(FailedChange::Edit, 4);
        assert_eq!(names(&pending(3, 4, vec![row(&edit)])), ["4:edited:a"]);
        let read = Message { status: Some(DeliveryStatus::Read), status_seq: Some(3), ..edited };
        assert_eq!(names(&pending(3, 4, vec![row(&read.resent(FailedChange::Status, 4))])), ["4:status:a"]);
    }

    #[test]
    fn p8_an_edit_that_was_only_noted_has_its_own_place_beside_one_that_is_known() {
        let mut chat = new_chat();
        let at = Timestamp::from_millis(1);
        let first = chat.receive(&text_event("a", Side::Company), None, at).unwrap();
        let noted = first.edit_noted(at, 2).unwrap();
        assert_eq!(names(&pending(0, 2, vec![row(&noted)])), ["1:new:a"]);
        assert_eq!(names(&pending(1, 2, vec![row(&noted)])), ["2:edit noted:a"]);
        let edited = Message { edited_seq: Some(3), seq: 3, ..noted };
        assert_eq!(names(&pending(1, 3, vec![row(&edited)])), ["2:edit noted:a", "3:edited:a"]);
        assert!(accounts_for_all(1, 3, &[row(&edited)]));
        let deleted = Message { deleted_seq: Some(4), seq: 4, ..edited };
        assert_eq!(names(&pending(1, 4, vec![row(&deleted)])), ["4:deleted:a"]);
    }

    #[test]
    fn p8_a_number_without_a_row_is_noticed() {
        let mut chat = new_chat();
        let at = Timestamp::from_millis(1);
        let first = chat.receive(&text_event("a", Side::Client), None, at).unwrap();
        let second = chat.receive(&text_event("b", Side::Client), None, at).unwrap();
        assert!(accounts_for_all(0, 2, &[row(&first), row(&second)]));
        assert!(!accounts_for_all(0, 2, &[row(&second)]));
        assert!(accounts_for_all(1, 2, &[row(&second)]));
        assert!(accounts_for_all(2, 2, &[]));
    }

    fn row(message: &Message) -> SequencedRow {
        SequencedRow::Message(Box::new(message.clone()))
    }
}
