//! Passes what the CRM does not accept: marked, listed, counted for an alarm; the chat goes on behind it.

use crate::{CrmPush, Job, PushError};
use shared::base::clock::Timestamp;
use shared::base::ids::{ChatId, hex_digest};
use shared::crm::client::CrmError;
use shared::model::crm::failure::{CrmFailure, FAILURES_KEPT, FailedChange};
use shared::model::crm::progress::{Change, ChangeKind};
use shared::model::crm::retrying::Retrying;
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::store::StoreError;
use shared::store::attribute;
use shared::store::row::Write;

impl CrmPush {
    /// Marks and lists changes that are passed.
    pub(crate) async fn pass(
        &self,
        job: &Job<'_>,
        changes: &[Change],
        retrying: &Retrying,
        error: &CrmError,
    ) -> Result<(), PushError> {
        for change in changes {
            let seq = change.seq;
            tracing::error!(account = %job.chat.account, chat = %job.chat.chat, seq, error = %error, "passed: the CRM does not accept a change");
            telemetry::count(Metric::CrmRefused, 1);
            let why = error.to_string();
            let mut failure = self.failure(job, failed_change(change), seq, retrying.first_at, &why);
            let mut writes = Vec::new();
            if let Some(message) = change.message() {
                failure.message = Some(message.message_id.clone());
                let mut after = message.clone();
                after.crm_refused = Some(why);
                writes.extend(Write::change(message, &after, &[attribute::message::V])?);
            }
            writes.push(Write::put(&failure)?);
            match self.commit_hard(writes).await {
                // The message was erased meanwhile: there is nothing to mark or to send again.
                Err(StoreError::Lost(_)) => {}
                done => done?,
            }
        }
        Ok(())
    }

    /// Marks the client's records as not to be created, and lists that.
    pub(crate) async fn creation_passed(
        &self,
        job: &mut Job<'_>,
        retrying: &Retrying,
        error: &CrmError,
    ) -> Result<(), PushError> {
        tracing::error!(account = %job.chat.account, chat = %job.chat.chat, error = %error, "passed: the CRM creates no contact or deal");
        telemetry::count(Metric::CrmRefused, 1);
        let why = error.to_string();
        let before = self.client(job).await?.clone();
        let mut contact = before.clone();
        contact.crm.refused = Some(why.clone());
        let failure = self.failure(job, FailedChange::Creation, job.chat.seq, retrying.first_at, &why);
        let mut writes = vec![Write::put(&failure)?];
        writes.extend(Write::change(&before, &contact, &[attribute::contact::CRM])?);
        self.commit_hard(writes).await?;
        job.contact = Some(contact);
        job.chat.crm_creation = None;
        self.advance(job, job.chat.crm_synced_seq).await
    }

    fn failure(
        &self,
        job: &Job<'_>,
        change: FailedChange,
        seq: u64,
        first_failed_at: Timestamp,
        why: &str,
    ) -> CrmFailure {
        let now = self.ambient.now();
        CrmFailure {
            v: 1,
            account: job.chat.account.clone(),
            // The same if the push dies before it moves the cursor: the change is listed once.
            id: failure_id(&job.chat.chat, seq, first_failed_at),
            chat: job.chat.chat.clone(),
            channel: job.chat.channel.clone(),
            change,
            seq,
            message: None,
            why: why.to_owned(),
            first_failed_at,
            at: now,
            expires_at: (now + FAILURES_KEPT).seconds(),
        }
    }
}

fn failed_change(change: &Change) -> FailedChange {
    match change.what {
        ChangeKind::New(_) => FailedChange::Message,
        ChangeKind::Edited(_) | ChangeKind::EditNoted(_) | ChangeKind::File(_) => FailedChange::Edit,
        ChangeKind::Deleted(_) => FailedChange::Deletion,
        ChangeKind::Status(_) => FailedChange::Status,
        ChangeKind::Finished(_) => FailedChange::Finished,
        ChangeKind::Notified(_) => FailedChange::Notification,
    }
}

/// A failed change's id: the time of its first failure, so that the list is in that order, then a digest of its place.
fn failure_id(chat: &ChatId, seq: u64, first_failed_at: Timestamp) -> String {
    let place: String = hex_digest(format!("{chat}#{seq}").as_bytes()).chars().take(16).collect();
    format!("{:013}-{place}", first_failed_at.millis().max(0))
}
