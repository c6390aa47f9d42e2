//! Changing a chat: all writes that belong together, as one transaction.

use super::StoreError;
use super::attribute::{self, Attribute};
use super::notices::notice_writes;
use super::outbound::send_writes;
use super::row::{Row, Write};
use super::rows_assignment::OpenChat;
use super::waiting::waiting_writes;
use crate::base::clock::Timestamp;
use crate::model::assignment::WaitingClient;
use crate::model::chat::assignment_record::AssignmentRecord;
use crate::model::chat::closing::Closing;
use crate::model::chat::{Chat, ChatEvent};
use crate::model::crm::CrmKind;
use crate::model::message::Message;
use crate::model::outbound::OutboundJob;

/// What a change of a chat was decided on: it must be in the table as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedOn {
    /// What was said and done in the chat: its number, and the time of the next check where that is moved. The CRM's cursor
    /// and its retry times belong to another writer. Marks take no number, so every such change also depends on
    /// `unanswered_at`, `reserved_until` and `passed` as they were read; triggers for rules take none either, so a change of
    /// them depends on them.
    Content,
    /// Who has the client: the number, the responsible, whether the client waits, and the time of the next check where that is
    /// moved.
    Responsible,
    /// These attributes, and nothing else.
    These(&'static [Attribute<Chat>]),
}

/// What becomes of the chat's row in the queue of its channel.
#[derive(Debug, PartialEq)]
enum QueueRow {
    /// It follows from the chat.
    Follows,
    /// It follows from the chat, and is written also where it should be there already.
    PutRight,
    /// It is deleted by another write, which needs it to be there.
    Taken,
}

/// A change of a chat, from the chat as it was read to the writes of one transaction.
///
/// Where the chat takes a number, or is new, the CRM counts as told if there is none, and the chat gets its place in the due
/// index. The rows that stand for it elsewhere follow: in the queue of its channel while its client waits, and among the
/// open chats of its responsible while it is live, which caps count. Nothing is read or written here.
#[derive(Debug)]
pub struct ChatTransaction<'c> {
    before: Option<Chat>,
    chat: Chat,
    closing: &'c Closing,
    crm: CrmKind,
    decided_on: DecidedOn,
    revisited: bool,
    queue_row: QueueRow,
    rows: Result<Vec<Write>, StoreError>,
}

impl<'c> ChatTransaction<'c> {
    /// A change of a chat that was read, on a channel whose chats end so, of an account with this CRM.
    pub fn of(before: Chat, closing: &'c Closing, crm: CrmKind) -> Self {
        let chat = before.clone();
        Self::between(Some(before), chat, closing, crm)
    }

    /// The change that leads from a chat as it was read to another state of it; from none: the chat is new.
    pub fn between(before: Option<Chat>, after: Chat, closing: &'c Closing, crm: CrmKind) -> Self {
        Self {
            before,
            chat: after,
            closing,
            crm,
            decided_on: DecidedOn::Content,
            revisited: false,
            queue_row: QueueRow::Follows,
            rows: Ok(Vec::new()),
        }
    }

    /// What the change was decided on, where that is not [`DecidedOn::Content`].
    #[must_use]
    pub fn decided_on(self, decided_on: DecidedOn) -> Self {
        Self { decided_on, ..self }
    }

    /// Schedules the check and counts the CRM as told also where the chat takes no number: settings may have changed since it
    /// was last written, or the account's CRM may be gone.
    #[must_use]
    pub fn revisited(self) -> Self {
        Self { revisited: true, ..self }
    }

    /// Writes the chat's row in the queue of its channel also where it should be there already, in case it got lost.
    #[must_use]
    pub fn putting_queue_right(self) -> Self {
        Self { queue_row: QueueRow::PutRight, ..self }
    }

    /// The chat as it is so far.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// Changes the chat.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut Chat) -> T) -> T {
        change(&mut self.chat)
    }

    /// Takes the chat's next number, for a row that is changed with it.
    pub fn next_seq(&mut self) -> u64 {
        self.chat.seq += 1;
        self.chat.seq
    }

    /// A message that is created, or changed from what was read. Nothing is written where nothing differs.
    pub fn message(&mut self, before: Option<&Message>, after: &Message) {
        self.also(match before {
            Some(before) => Write::change(before, after, &[attribute::message::SEQ]),
            None => Write::create(after).map(Some),
        });
    }

    /// Something that happened to the chat as a whole, with the entry in the list of whom it is a notice for.
    pub fn event(&mut self, event: &ChatEvent) {
        self.row(Write::create(event));
        self.also(notice_writes(&self.chat, event));
    }

    /// An entry in the history of the chat's responsible.
    pub fn assignment(&mut self, record: &AssignmentRecord) {
        self.row(Write::create(record));
    }

    /// Something to be done at the provider for a message that is there.
    pub fn job(&mut self, job: &OutboundJob) {
        self.row(Write::create(job));
    }

    /// A message that is written here, with its job.
    pub fn send(&mut self, row: &Message, job: &OutboundJob) {
        self.also(send_writes(row, job));
    }

    /// A job that is over. While its row is there no other worker has said so.
    pub fn job_over(&mut self, job: &OutboundJob) {
        self.row(Ok(Write::delete(job.key())));
    }

    /// The chat's client leaves the queue by this row, which must still be there.
    pub fn taken_from_queue(&mut self, client: &WaitingClient) {
        self.queue_row = QueueRow::Taken;
        self.row(Ok(Write::delete(client.key())));
    }

    /// Another row that is written with the chat, or that must be as it was read.
    pub fn row(&mut self, write: Result<Write, StoreError>) {
        self.also(write.map(Some));
    }

    /// The same for several rows, or none.
    pub fn also(&mut self, writes: Result<impl IntoIterator<Item = Write>, StoreError>) {
        match (&mut self.rows, writes) {
            (Ok(rows), Ok(writes)) => rows.extend(writes),
            (rows @ Ok(_), Err(error)) => *rows = Err(error),
            (Err(_), _) => {}
        }
    }

    /// The chat as it becomes, and the writes of the transaction; none when nothing changes.
    ///
    /// # Errors
    /// As [`Write::create`].
    pub fn writes(self, now: Timestamp) -> Result<(Chat, Vec<Write>), StoreError> {
        let Self { before, mut chat, closing, crm, decided_on, revisited, queue_row, rows } = self;
        if revisited || before.as_ref().is_none_or(|before| before.seq != chat.seq) {
            if crm == CrmKind::None {
                chat.mark_crm_synced();
            }
            chat.schedule_check(closing, now);
        }
        let own = match &before {
            Some(before) => decided_on.write(before, &chat)?,
            None => Some(Write::create(&chat)?),
        };
        let queue = queue_row.writes(before.as_ref(), &chat, own.is_some())?;
        let mut writes: Vec<Write> = own.into_iter().collect();
        writes.extend(rows?);
        writes.extend(open_chat_writes(before.as_ref(), Some(&chat))?);
        writes.extend(queue);
        Ok((chat, writes))
    }
}

impl DecidedOn {
    fn write(self, before: &Chat, after: &Chat) -> Result<Option<Write>, StoreError> {
        match self {
            Self::Content => {
                let mut depends_on = vec![
                    attribute::chat::LAST_SEQ,
                    attribute::chat::UNANSWERED_AT,
                    attribute::chat::RESERVED_UNTIL,
                    attribute::chat::PASSED,
                ];
                depends_on.extend((before.check_at != after.check_at).then_some(attribute::chat::CHECK_AT));
                depends_on
                    .extend((before.for_rules != after.for_rules).then_some(attribute::chat::FOR_RULES));
                Write::change(before, after, &depends_on)
            }
            Self::Responsible => {
                let moved = before.check_at != after.check_at;
                let depends_on = [
                    attribute::chat::LAST_SEQ,
                    attribute::chat::CLIENT,
                    attribute::chat::RESPONSIBLE,
                    attribute::chat::CHECK_AT,
                ];
                Write::change(before, after, &depends_on[..3 + usize::from(moved)])
            }
            Self::These(depends_on) => Write::change(before, after, depends_on),
        }
    }
}

impl QueueRow {
    fn writes(self, before: Option<&Chat>, after: &Chat, written: bool) -> Result<Vec<Write>, StoreError> {
        if self == Self::Taken {
            return Ok(Vec::new());
        }
        let outside = Chat { waiting_since: None, ..after.clone() };
        let writes = waiting_writes(before.unwrap_or(&outside), after)?;
        let Some(before) = before.filter(|_| self == Self::PutRight && writes.is_empty()) else {
            return Ok(writes);
        };
        let mut writes = waiting_writes(&outside, after)?;
        if !writes.is_empty() && !written {
            // A row put right for a chat that does not change must not outlive it.
            writes.push(Write::check(before, &[attribute::chat::LAST_SEQ, attribute::chat::WAITING_SINCE])?);
        }
        Ok(writes)
    }
}

/// The writes of the rows beside a chat's own: in the queue of its channel, and among the open chats of its responsible.
/// `before` is `None` for a chat that begins, `after` for one that is deleted. [`ChatTransaction`] has them; erasure needs
/// them where it deletes a chat.
///
/// # Errors
/// As [`Write::create`].
pub fn rows_beside(before: Option<&Chat>, after: Option<&Chat>) -> Result<Vec<Write>, StoreError> {
    let Some(known) = before.or(after) else { return Ok(Vec::new()) };
    let outside = Chat { waiting_since: None, ..known.clone() };
    let mut writes = open_chat_writes(before, after)?;
    writes.extend(waiting_writes(before.unwrap_or(&outside), after.unwrap_or(&outside))?);
    Ok(writes)
}

/// The row that an open chat of an employee on a channel has beside its own, for caps (B4). `before` is `None` for a chat that
/// begins, `after` for one that is deleted.
fn open_chat_writes(before: Option<&Chat>, after: Option<&Chat>) -> Result<Vec<Write>, StoreError> {
    let (before, after) = (before.and_then(OpenChat::of), after.and_then(OpenChat::of));
    if before == after {
        return Ok(Vec::new());
    }
    let gone = before.map(|row| Write::forget(row.key()));
    let new = after.map(|row| Write::put(&row)).transpose()?;
    Ok(gone.into_iter().chain(new).collect())
}

#[cfg(test)]
#[path = "chat_transaction_tests.rs"]
mod tests;
