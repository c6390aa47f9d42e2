//! What the CRM has to learn of a chat, in order (P8): a pure function of the rows behind its cursor.

use crate::chat::{Chat, FinishReason};
use crate::clock::Timestamp;
use crate::message::Message;

/// One change that the CRM has to learn.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its number in the chat; the cursor moves to it when the CRM has it.
    pub seq: u64,
    /// What changed.
    pub what: What,
}

/// What changed.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A message the CRM does not know yet, as it is now.
    New(Box<Message>),
    /// A message it knows was edited.
    Edited(Box<Message>),
    /// A message it knows was deleted.
    Deleted(Box<Message>),
    /// A message it knows was delivered, read, or failed.
    Status(Box<Message>),
    /// The chat was finished.
    Finished {
        /// When.
        at: Timestamp,
        /// Why.
        reason: FinishReason,
    },
}

impl Change {
    /// The message it is about.
    pub fn message(&self) -> Option<&Message> {
        match &self.what {
            What::New(message) | What::Edited(message) | What::Deleted(message) | What::Status(message) => {
                Some(message)
            }
            What::Finished { .. } => None,
        }
    }
}

/// All changes behind the chat's cursor, in the order of their numbers. `rows` are **all** message rows whose last
/// change is behind it: a row's last number may be higher than its first, so a page of them would not do.
///
/// A message the CRM does not know goes out once, as it is now, at the place where it came; what happened to it since
/// is in it. A change that a later one replaced (two edits) goes out once, at the later place.
pub fn pending(chat: &Chat, rows: Vec<Message>) -> Vec<Change> {
    let done = chat.crm_done;
    let mut changes = Vec::new();
    for row in rows {
        if row.created_seq > done {
            changes.push(Change { seq: row.created_seq, what: What::New(Box::new(row)) });
            continue;
        }
        let newer = |seq: Option<u64>| seq.filter(|seq| *seq > done);
        if let Some(seq) = newer(row.edited_seq).filter(|_| row.deleted_seq.is_none()) {
            changes.push(Change { seq, what: What::Edited(Box::new(row.clone())) });
        }
        if let Some(seq) = newer(row.status_seq) {
            changes.push(Change { seq, what: What::Status(Box::new(row.clone())) });
        }
        if let Some(seq) = newer(row.deleted_seq) {
            changes.push(Change { seq, what: What::Deleted(Box::new(row)) });
        }
    }
    if let (Some(seq), Some(at), Some(reason)) = (chat.finished_seq, chat.finished_at, chat.finish_reason)
        && seq > done
    {
        changes.push(Change { seq, what: What::Finished { at, reason } });
    }
    changes.sort_by_key(|change| change.seq);
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::tests::{new_chat, text_event};
    use crate::event::{Revision, Side};
    use crate::message::DeliveryStatus;

    fn names(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|change| {
                let kind = match change.what {
                    What::New(_) => "new",
                    What::Edited(_) => "edited",
                    What::Deleted(_) => "deleted",
                    What::Status(_) => "status",
                    What::Finished { .. } => "finished",
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
        assert_eq!(names(&pending(&chat, vec![second.clone(), first.clone()])), ["1:new:a", "2:new:b"]);
        chat.crm_done = 2;
        assert_eq!(names(&pending(&chat, vec![first])), ["3:edited:a"]);
    }

    #[test]
    fn p8_each_change_once_and_the_finish_last() {
        let mut chat = new_chat();
        let at = Timestamp::from_millis(1);
        let mut row = chat.receive(&text_event("a", Side::Company), None, at).unwrap();
        chat.crm_done = 1;
        chat.seq = 2;
        row.report(DeliveryStatus::Delivered, None, at, 2);
        chat.finish(FinishReason::Inactivity, at);
        assert_eq!(names(&pending(&chat, vec![row.clone()])), ["2:status:a", "3:finished:"]);
        chat.crm_done = 3;
        assert_eq!(names(&pending(&chat, vec![row])), Vec::<String>::new());
    }
}
