//! Pushes the changes behind the cursor, in order.

use crate::{CrmPush, Job, PushError};
use shared::crm::client::CrmError;
use shared::model::chat::Chat;
use shared::model::contact::{Contact, CrmRecords};
use shared::model::crm::progress::{
    Change, ChangeKind, SequencedRow, accounts_for_all, cursor_after, pending,
};
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::store::StoreError;
use shared::store::attribute;
use shared::store::row::Write;
use std::time::Duration;

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
        let mut taken = 0;
        while taken < changes.len() {
            self.in_time(job)?;
            let left = &changes[taken..];
            let records = self.records_for(job, left).await?;
            taken += match job.crm.push(&job.call, &job.chat, &records, left).await {
                Ok(count) => {
                    telemetry::count(Metric::CrmPushed, count as u64);
                    count.max(1)
                }
                Err(CrmError::Never { why }) => self.one_is_refused(job, &records, left, &why).await?,
                Err(error) => return Err(error.into()),
            };
            self.advance(job, cursor_after(&changes, taken, chat_seq)).await?;
        }
        if changes.is_empty() {
            self.advance(job, chat_seq).await?;
        }
        Ok(())
    }

    /// The client's ids in the CRM, if the next change names them: the end of a chat does.
    async fn records_for(&self, job: &mut Job<'_>, left: &[Change]) -> Result<CrmRecords, PushError> {
        if !matches!(left[0].what, ChangeKind::Finished(_)) {
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

    /// Handles a permanently refused body: sends the first change alone, and if it is the refused one, marks it, raises
    /// an alarm and skips it.
    async fn one_is_refused(
        &self,
        job: &Job<'_>,
        records: &CrmRecords,
        left: &[Change],
        why: &str,
    ) -> Result<usize, PushError> {
        let first = &left[..1];
        let alone = if left.len() > 1 {
            self.in_time(job)?;
            job.crm.push(&job.call, &job.chat, records, first).await
        } else {
            Err(CrmError::Never { why: why.to_owned() })
        };
        match alone {
            Ok(taken) => {
                telemetry::count(Metric::CrmPushed, taken as u64);
                Ok(1)
            }
            // A CRM that does not know our addition to the contract loses nothing by refusing it.
            Err(CrmError::Never { why })
                if matches!(left[0].what, ChangeKind::Finished(_) | ChangeKind::Notified(_)) =>
            {
                tracing::info!(account = %job.chat.account, chat = %job.chat.chat, why, "the CRM takes neither ends of chats nor notices");
                Ok(1)
            }
            Err(CrmError::Never { why }) => {
                self.mark_refused(&job.chat, &left[0], &why).await?;
                Ok(1)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn mark_refused(&self, chat: &Chat, change: &Change, why: &str) -> Result<(), PushError> {
        telemetry::count(Metric::CrmRefused, 1);
        tracing::error!(account = %chat.account, chat = %chat.chat, seq = change.seq, why, "the CRM refused a change for good");
        if let Some(message) = change.message() {
            let mut after = message.clone();
            after.crm_refused = Some(why.to_owned());
            let marked = self
                .store
                .commit(Write::change(message, &after, &[attribute::message::V])?.into_iter().collect())
                .await;
            match marked {
                // The message was erased meanwhile: there is nothing to mark.
                Err(error) if error.is_conflict() => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// Moves the cursor and clears the record of the last failure. The write depends on the cursor alone.
    async fn advance(&self, job: &mut Job<'_>, cursor: u64) -> Result<(), PushError> {
        let mut after = job.chat.clone();
        after.crm_synced_seq = cursor.max(job.chat.crm_synced_seq);
        after.crm_attempts = 0;
        after.crm_retry_at = None;
        after.crm_error = None;
        let complete = |contact: &Contact| contact.crm.as_of(&job.fingerprint).are_complete();
        if job.contact.as_ref().is_some_and(complete) {
            after.records_in = Some(job.fingerprint.clone());
        }
        let write = Write::change(&job.chat, &after, &[attribute::chat::CRM_DONE])?;
        self.commit_hard(write).await?;
        job.chat = after;
        Ok(())
    }
}
