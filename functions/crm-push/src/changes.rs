//! Pushes the changes behind the cursor, in order.

use crate::{CrmPush, Job, PushError};
use shared::crm::client::CrmError;
use shared::model::chat::Chat;
use shared::model::contact::{Contact, CrmRecords};
use shared::model::crm::progress::{
    Change, ChangeKind, SequencedRow, accounts_for_all, cursor_after, pending,
};
use shared::model::crm::retrying::{Retrying, Verdict};
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::store::StoreError;
use shared::store::attribute;
use shared::store::row::Write;
use std::time::Duration;

/// How many messages behind a refused change are tried, to learn whether the CRM accepts any.
const LOOK_AHEAD: usize = 3;

/// A transaction in progress is over after this time.
const SETTLED: Duration = Duration::from_millis(150);

/// What became of the next changes.
struct Done {
    /// How many of them are done with.
    count: usize,
    /// The place of a later one that the CRM has accepted already.
    ahead: Option<usize>,
}

impl CrmPush {
    /// Pushes every change that the CRM lacks. The cursor moves with each body that the CRM accepted.
    pub(crate) async fn push_changes(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let chat_seq = job.chat.seq;
        if !job.wants.messages {
            // The CRM does not subscribe to messages: the changes are skipped, and are not sent when it subscribes
            // later.
            return self.advance(job, chat_seq).await;
        }
        let rows = self.rows(&job.chat).await?;
        let mut changes = pending(job.chat.crm_synced_seq, chat_seq, rows);
        // After a failure the changes go one by one, so that it is known which one fails.
        let one_by_one = job.chat.crm_retrying.is_some();
        let mut taken = 0;
        while taken < changes.len() {
            self.in_time(job)?;
            let left = &changes[taken..];
            let next = if one_by_one { &left[..1] } else { left };
            let Done { count, ahead } = match self.send(job, next).await {
                Ok(count) => Done { count, ahead: None },
                Err(PushError::Crm(error)) => self.not_accepted(job, left, next.len(), error).await?,
                Err(error) => return Err(error),
            };
            if let Some(at) = ahead {
                changes.remove(taken + at);
            }
            taken += count;
            self.advance(job, cursor_after(&changes, taken, chat_seq)).await?;
        }
        if changes.is_empty() {
            self.advance(job, chat_seq).await?;
        }
        Ok(())
    }

    /// Sends the CRM the first of `changes`; returns how many it accepted, at least 1.
    async fn send(&self, job: &mut Job<'_>, changes: &[Change]) -> Result<usize, PushError> {
        let records = self.records_for(job, changes).await?;
        let pushed = job.crm.push(&job.call, &job.chat, &records, changes).await?;
        if pushed.accepted.some {
            telemetry::count(Metric::CrmPushed, pushed.changes as u64);
        }
        job.accepted.some |= pushed.accepted.some;
        job.accepted.messages |= pushed.accepted.messages;
        Ok(pushed.changes.max(1))
    }

    /// Decides what becomes of changes that the CRM did not accept. `sent` of `left` were in the refused body.
    ///
    /// # Errors
    /// The CRM's error, if the chat is to be tried again.
    async fn not_accepted(
        &self,
        job: &mut Job<'_>,
        left: &[Change],
        sent: usize,
        error: CrmError,
    ) -> Result<Done, PushError> {
        let refused = matches!(error, CrmError::Never { .. });
        let alone = if refused && sent > 1 {
            self.in_time(job)?;
            match self.send(job, &left[..1]).await {
                Ok(count) => return Ok(Done { count, ahead: None }),
                Err(PushError::Crm(error)) => error,
                Err(error) => return Err(error),
            }
        } else {
            error
        };
        let now = self.ambient.now();
        let first = &left[0];
        let works_at =
            if is_message(first) { job.connection.messages_accepted_at } else { job.connection.accepted_at };
        let (retrying, verdict) =
            Retrying::after(job.chat.crm_retrying.as_ref(), first.seq, refused, works_at, now);
        if verdict == Verdict::Pass {
            self.pass(job, &left[..1], &retrying, &alone).await?;
            return Ok(Done { count: 1, ahead: None });
        }
        job.chat.crm_retrying = Some(retrying.clone());
        if matches!(alone, CrmError::Never { .. }) {
            let ahead = self.another_accepted(job, left).await?;
            if job.accepted.messages {
                self.pass(job, &left[..1], &retrying, &alone).await?;
                return Ok(Done { count: 1, ahead });
            }
        }
        Err(alone.into())
    }

    /// Learns whether a CRM that refuses the first of `left` for good works, where it has accepted no messages in this push
    /// yet: it is sent the next ones. Returns the place of the one that it accepted.
    async fn another_accepted(&self, job: &mut Job<'_>, left: &[Change]) -> Result<Option<usize>, PushError> {
        let others = left.iter().enumerate().skip(1).filter(|(_, next)| is_message(next));
        for (at, next) in others.take(LOOK_AHEAD) {
            if job.accepted.messages {
                break;
            }
            self.in_time(job)?;
            match self.send(job, std::slice::from_ref(next)).await {
                Ok(_) if job.accepted.messages => return Ok(Some(at)),
                Ok(_) | Err(PushError::Crm(CrmError::Never { .. })) => {}
                Err(PushError::Crm(_)) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The client's ids in the CRM, if one of the changes names them: the end of a chat does.
    async fn records_for(&self, job: &mut Job<'_>, changes: &[Change]) -> Result<CrmRecords, PushError> {
        if !changes.iter().any(|change| matches!(change.what, ChangeKind::Finished(_))) {
            return Ok(CrmRecords::default());
        }
        Ok(self.client(job).await?.crm.clone())
    }

    /// The rows behind the cursor. A query may show only a part of a transaction. So a number without a row (an
    /// assignment has none, nor does a change that a later one replaced) is looked up once more before it is skipped.
    async fn rows(&self, chat: &Chat) -> Result<Vec<SequencedRow>, StoreError> {
        let rows = self.store.numbered_after(&chat.account, &chat.chat, chat.crm_synced_seq).await?;
        if accounts_for_all(chat.crm_synced_seq, chat.seq, &rows) {
            return Ok(rows);
        }
        tokio::time::sleep(SETTLED).await;
        self.store.numbered_after(&chat.account, &chat.chat, chat.crm_synced_seq).await
    }

    /// Moves the cursor and clears the record of the last failure. The write depends on the cursor alone.
    pub(crate) async fn advance(&self, job: &mut Job<'_>, cursor: u64) -> Result<(), PushError> {
        let mut after = job.chat.clone();
        after.crm_synced_seq = cursor.max(job.chat.crm_synced_seq);
        after.crm_attempts = 0;
        after.crm_retry_at = None;
        after.crm_error = None;
        after.crm_retrying = None;
        // A contact without an id is read each time, because the CRM may have loaded it meanwhile.
        let complete = |contact: &Contact| {
            let crm = contact.crm.as_of(&job.fingerprint);
            crm.are_complete() && crm.contact_id.is_some()
        };
        if job.contact.as_ref().is_some_and(complete) {
            after.records_in = Some(job.fingerprint.clone());
        }
        // What a push decided before is written with the cursor.
        let write = Write::change(&job.stored, &after, &[attribute::chat::CRM_DONE])?;
        self.commit_hard(write.into_iter().collect()).await?;
        job.stored = after.clone();
        job.chat = after;
        Ok(())
    }
}

/// Whether a change is a message or belongs to one: a CRM that accepts all but these is as good as down.
fn is_message(change: &Change) -> bool {
    match change.what {
        ChangeKind::New(_) | ChangeKind::Edited(_) | ChangeKind::File(_) | ChangeKind::Deleted(_) => true,
        ChangeKind::Status(_)
        | ChangeKind::EditNoted(_)
        | ChangeKind::Finished(_)
        | ChangeKind::Notified(_) => false,
    }
}
