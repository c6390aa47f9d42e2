//! The changes behind the cursor, in order.

use crate::{CrmPush, Job, PushError};
use shared::chat::Chat;
use shared::crm::CrmError;
use shared::crm_progress::{Change, pending};
use shared::metrics::Metric;
use shared::store::row::Write;
use shared::telemetry;

impl CrmPush {
    /// Tells the CRM every change that it lacks. The cursor moves with each body that it took.
    pub(crate) async fn push_changes(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let rows = self.store.messages_behind(&job.chat.account, &job.chat.chat, job.chat.crm_done).await?;
        let changes = pending(&job.chat, rows);
        let mut left = changes.as_slice();
        while !left.is_empty() {
            let taken = match job.crm.push(&job.chat, &job.contact, left).await {
                Ok(taken) => {
                    telemetry::count(Metric::CrmPushed, taken as u64);
                    taken
                }
                Err(CrmError::Never { why }) => self.one_is_refused(job, left, &why).await?,
                Err(error) => return Err(error.into()),
            };
            let (done, rest) = left.split_at(taken.max(1).min(left.len()));
            left = rest;
            // Numbers that the CRM has no use for (an assignment) are passed with the last body.
            let cursor = if rest.is_empty() {
                job.chat.seq
            } else {
                done.last().map_or(job.chat.crm_done, |change| change.seq)
            };
            self.advance(job, cursor).await?;
        }
        if changes.is_empty() {
            self.advance(job, job.chat.seq).await?;
        }
        Ok(())
    }

    /// A body was refused for good: the first change goes alone, and if it is the one, it is marked, alarmed and passed.
    async fn one_is_refused(&self, job: &Job<'_>, left: &[Change], why: &str) -> Result<usize, PushError> {
        let first = &left[..1];
        let alone = if left.len() > 1 {
            job.crm.push(&job.chat, &job.contact, first).await
        } else {
            Err(CrmError::Never { why: why.to_owned() })
        };
        match alone {
            Ok(taken) => {
                telemetry::count(Metric::CrmPushed, taken as u64);
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
            self.store.commit(Write::change(message, &after, &[])?.into_iter().collect()).await?;
        }
        Ok(())
    }

    /// Moves the cursor, and clears what the last failure left. Depends on the cursor alone.
    async fn advance(&self, job: &mut Job<'_>, cursor: u64) -> Result<(), PushError> {
        let mut after = job.chat.clone();
        after.crm_done = cursor.max(job.chat.crm_done);
        after.crm_attempts = 0;
        after.crm_retry_at = None;
        after.crm_error = None;
        let write = Write::change(&job.chat, &after, &["crm_done"])?;
        self.store.commit(write.into_iter().collect()).await?;
        job.chat = after;
        Ok(())
    }
}
