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

/// How many changes behind a refused one are tried, to learn whether the CRM accepts any.
const LOOK_AHEAD: usize = 3;

/// A transaction in progress is over after this time.
const SETTLED: Duration = Duration::from_millis(150);

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
        let changes = pending(job.chat.crm_synced_seq, chat_seq, rows);
        // After a failure the changes go one by one, so that it is known which one fails.
        let one_by_one = job.chat.crm_retrying.is_some();
        let mut taken = 0;
        while taken < changes.len() {
            self.in_time(job)?;
            let left = &changes[taken..];
            let next = if one_by_one { &left[..1] } else { left };
            taken += match self.send(job, next).await {
                Ok(count) => count,
                Err(PushError::Crm(error)) => self.not_accepted(job, left, next.len(), error).await?,
                Err(error) => return Err(error),
            };
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
        if pushed.called {
            telemetry::count(Metric::CrmPushed, pushed.changes as u64);
            job.accepted.some = true;
            job.accepted.messages |= is_message(&changes[0]);
        }
        Ok(pushed.changes.max(1))
    }

    /// Decides what becomes of changes that the CRM did not accept; returns how many it is done with. `sent` of `left`
    /// were in the refused body.
    ///
    /// # Errors
    /// The CRM's error, if the chat is to be tried again.
    async fn not_accepted(
        &self,
        job: &mut Job<'_>,
        left: &[Change],
        sent: usize,
        error: CrmError,
    ) -> Result<usize, PushError> {
        let refused = matches!(error, CrmError::Never { .. });
        let alone = if refused && sent > 1 {
            self.in_time(job)?;
            match self.send(job, &left[..1]).await {
                Ok(_) => return Ok(1),
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
        let (retrying, verdict) = Retrying::after(job.chat.crm_retrying.as_ref(), refused, works_at, now);
        if verdict == Verdict::Pass {
            self.pass(job, &left[..1], &retrying, &alone).await?;
            return Ok(1);
        }
        if matches!(alone, CrmError::Never { .. })
            && let Some(done) = self.past_refused(job, left, &retrying, &alone).await?
        {
            return Ok(done);
        }
        job.chat.crm_retrying = Some(retrying);
        Err(alone.into())
    }

    /// Whether a CRM that refuses a change for good works: it accepted messages in this push, or it accepts one of the
    /// next changes. Then the refused ones before that are passed; returns how many changes are done with.
    async fn past_refused(
        &self,
        job: &mut Job<'_>,
        left: &[Change],
        retrying: &Retrying,
        error: &CrmError,
    ) -> Result<Option<usize>, PushError> {
        if job.accepted.messages {
            self.pass(job, &left[..1], retrying, error).await?;
            return Ok(Some(1));
        }
        for (at, next) in left.iter().enumerate().skip(1).take(LOOK_AHEAD) {
            self.in_time(job)?;
            match self.send(job, std::slice::from_ref(next)).await {
                Ok(_) => {
                    self.pass(job, &left[..at], retrying, error).await?;
                    return Ok(Some(at + 1));
                }
                Err(PushError::Crm(CrmError::Never { .. })) => {}
                Err(PushError::Crm(_)) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The client's ids in the CRM, if the next change names them: the end of a chat does.
    async fn records_for(&self, job: &mut Job<'_>, changes: &[Change]) -> Result<CrmRecords, PushError> {
        if !matches!(changes[0].what, ChangeKind::Finished(_)) {
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
