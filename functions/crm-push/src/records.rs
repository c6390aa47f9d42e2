//! The contact and the deal in the CRM: made once per contact, under a claim with owner and expiry.

use crate::{CrmPush, Job, PushError};
use shared::chat::Chat;
use shared::contact::{Contact, CreationClaim, CrmRecords};
use shared::crm::CrmError;
use shared::ids::EmployeeId;
use shared::metrics::Metric;
use shared::store::row::Write;
use shared::store::{Read, StoreError};
use shared::telemetry;
use std::time::Duration;

/// How long a creation may take before somebody else takes it over: two calls of 30 s, and room.
const CLAIM: Duration = Duration::from_secs(90);

impl CrmPush {
    /// Has the CRM make what it lacks of the chat's contact.
    pub(crate) async fn ensure_records(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let Some(responsible) = job.chat.responsible.clone() else { return Ok(()) };
        let lacks = |crm: &CrmRecords| {
            crm.refused.is_none()
                && (crm.contact_id.is_none() || (crm.deal_id.is_none() && !crm.deal_skipped))
        };
        if !lacks(&job.contact.crm.as_of(&job.fingerprint)) {
            return Ok(());
        }
        if let Some(read) =
            self.store.contact(&job.chat.account, &job.contact.contact, Read::Consistent).await?
        {
            job.contact = read;
        }
        if !lacks(&job.contact.crm.as_of(&job.fingerprint)) {
            return Ok(());
        }
        self.claim(job).await?;
        let created = self.create(job, &responsible).await;
        if let Err(PushError::Store(_)) = &created {
            // What the CRM made could not be noted: the claim stays, and whoever takes it over counts the case.
            return created;
        }
        let mut after = job.contact.clone();
        after.crm.claim = None;
        match &created {
            Err(PushError::Crm(CrmError::Unknown { .. })) => after.crm.uncertain += 1,
            Err(PushError::Crm(CrmError::Never { why })) => {
                telemetry::count(Metric::CrmRefused, 1);
                tracing::error!(account = %job.chat.account, chat = %job.chat.chat, why, "the CRM makes no contact or deal");
                after.crm.refused = Some(why.clone());
            }
            _ => {}
        }
        self.save(job, after).await?;
        match created {
            // Its messages are pushed all the same.
            Err(PushError::Crm(CrmError::Never { .. })) => Ok(()),
            created => created,
        }
    }

    async fn claim(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let now = self.ambient.now();
        if let Some(claim) =
            job.contact.crm.as_of(&job.fingerprint).claim.filter(|claim| claim.expires_at > now)
        {
            return Err(CrmError::Busy { after: claim.expires_at.since(now) }.into());
        }
        let mut after = job.contact.clone();
        after.crm = after.crm.as_of(&job.fingerprint);
        // Somebody began a creation and did not come to its end.
        after.crm.uncertain += u32::from(after.crm.claim.is_some());
        after.crm.claim =
            Some(CreationClaim { owner: self.ambient.uuid().to_string(), expires_at: now + CLAIM });
        self.save(job, after).await
    }

    async fn create(&self, job: &mut Job<'_>, responsible: &EmployeeId) -> Result<(), PushError> {
        let contact_id = match job.contact.crm.contact_id.clone() {
            Some(id) => id,
            None => {
                self.in_time(job)?;
                let made = job.crm.create_contact(&job.chat, &job.contact, responsible).await?;
                let mut after = job.contact.clone();
                after.crm.contact_id = Some(made.id.clone());
                after.crm.contact_uri = made.uri;
                self.save(job, after).await?;
                tracing::info!(account = %job.chat.account, chat = %job.chat.chat, "contact created in the CRM");
                made.id
            }
        };
        let mut after = job.contact.clone();
        if self.store.pipelines(&job.chat.account).await?.is_some_and(|loaded| !loaded.pipelines.is_empty()) {
            let stage = self.stage(&job.chat).await?;
            self.in_time(job)?;
            let made = job.crm.create_deal(&job.contact, &contact_id, responsible, stage.as_ref()).await?;
            after.crm.deal_id = Some(made.id);
            after.crm.deal_uri = made.uri;
            tracing::info!(account = %job.chat.account, chat = %job.chat.chat, "deal created in the CRM");
        } else {
            after.crm.deal_skipped = true;
        }
        self.save(job, after).await
    }

    async fn stage(&self, chat: &Chat) -> Result<Option<shared::channel::DealStage>, StoreError> {
        let channel = self.store.channel(&chat.account, &chat.channel, Read::Consistent).await?;
        Ok(channel.and_then(|channel| channel.deal_stage))
    }

    /// Writes the contact's CRM part, which depends on nothing but itself: whoever took the claim over has changed it.
    async fn save(&self, job: &mut Job<'_>, after: Contact) -> Result<(), PushError> {
        if let Some(write) = Write::change(&job.contact, &after, &["crm"])? {
            self.commit_hard(Some(write)).await?;
        }
        job.contact = after;
        Ok(())
    }
}
