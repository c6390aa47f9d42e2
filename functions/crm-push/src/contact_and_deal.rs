//! Creates the contact and the deal in the CRM: once per contact, under a claim with owner and expiry.

use crate::{CrmPush, Job, PushError};
use shared::base::ids::EmployeeId;
use shared::crm::client::{CrmError, CrmRecord, NewDeal};
use shared::model::channel::DealStage;
use shared::model::chat::Chat;
use shared::model::contact::{Contact, CreationClaim, CrmRecords};
use shared::platform::metrics::Metric;
use shared::platform::nudge::RequeueNudge;
use shared::platform::queue::Outgoing;
use shared::platform::telemetry;
use shared::store::attribute;
use shared::store::record_owners;
use shared::store::row::Write;
use shared::store::{Read, StoreError};
use std::time::Duration;

/// How long a creation may take before another worker may claim it: two calls of 30 s, and a margin.
const CLAIM: Duration = Duration::from_secs(90);

impl CrmPush {
    /// Creates in the CRM the records that the chat's contact lacks.
    pub(crate) async fn ensure_records(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let Some(responsible) = job.chat.responsible.clone() else { return Ok(()) };
        let fingerprint = job.fingerprint.clone();
        if !self.client(job).await?.crm.as_of(&fingerprint).are_lacking() {
            return Ok(());
        }
        if let Some(read) = self.store.person(&job.chat.account, &job.chat.contact, Read::Consistent).await? {
            job.contact = Some(read);
        }
        if !self.client(job).await?.crm.as_of(&fingerprint).are_lacking() {
            return Ok(());
        }
        if self.adopt_records(job).await? {
            return Ok(());
        }
        self.claim(job).await?;
        let created = self.create(job, &responsible).await;
        if let Err(PushError::Store(_)) = &created {
            // The ids of the created records could not be stored: the claim stays, and the worker that takes it over
            // counts the case.
            return created;
        }
        let mut after = self.client(job).await?.clone();
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
            Err(PushError::Crm(CrmError::ResponsibleRefused)) => {
                self.give_back(&job.chat, &responsible).await
            }
            // The messages are pushed all the same.
            Err(PushError::Crm(CrmError::Never { .. })) => Ok(()),
            created => created,
        }
    }

    /// Handles a refused responsible: the employee gets no more clients, and their clients go back into the queue. If
    /// this client does, the new responsible is reported to the CRM first; otherwise the messages are pushed all the
    /// same.
    async fn give_back(&self, chat: &Chat, responsible: &EmployeeId) -> Result<(), PushError> {
        tracing::warn!(account = %chat.account, channel = %chat.channel, chat = %chat.chat, "the CRM refuses the responsible; his clients go to others");
        let requeue = self.store.begin_refusal(&chat.account, responsible, &*self.ambient).await?;
        let nudge = RequeueNudge::new(&chat.account, &requeue.whose);
        let sent = match Outgoing::requeue(&nudge, &*self.ambient) {
            Ok(nudge) => self.queues.send(&self.assignment_url, vec![nudge]).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::warn!(account = %chat.account, error = %error, "assignment was not nudged; the due index will");
        }
        if requeue.concerns(chat) { Err(PushError::ResponsibleRefused) } else { Ok(()) }
    }

    /// Adopts the CRM records of a contact that was merged into the client. While another worker creates them, this one
    /// waits.
    async fn adopt_records(&self, job: &mut Job<'_>) -> Result<bool, PushError> {
        let client = self.client(job).await?.clone();
        let own = client.crm.as_of(&job.fingerprint);
        if own.contact_id.is_some() || own.claim.is_some_and(|claim| claim.expires_at > self.ambient.now()) {
            return Ok(false);
        }
        for alias in &client.merged_from {
            let Some(alias) = self.store.contact(&client.account, alias, Read::Consistent).await? else {
                continue;
            };
            let crm = alias.crm.as_of(&job.fingerprint);
            let now = self.ambient.now();
            if let Some(claim) = crm.claim.as_ref().filter(|claim| claim.expires_at > now) {
                return Err(CrmError::Busy { after: claim.expires_at.since(now) }.into());
            }
            if crm.contact_id.is_some() {
                let complete = crm.are_complete();
                let generation = crm.generation.max(client.crm.generation);
                self.save(job, Contact { crm: CrmRecords { claim: None, generation, ..crm }, ..client })
                    .await?;
                return Ok(complete);
            }
        }
        Ok(false)
    }

    async fn claim(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let now = self.ambient.now();
        let mut after = self.client(job).await?.clone();
        let held = after.crm.as_of(&job.fingerprint).claim;
        if let Some(claim) = held.filter(|claim| claim.expires_at > now) {
            return Err(CrmError::Busy { after: claim.expires_at.since(now) }.into());
        }
        after.crm = after.crm.as_of(&job.fingerprint);
        // Another worker began a creation and did not finish it.
        after.crm.uncertain += u32::from(after.crm.claim.is_some());
        after.crm.claim =
            Some(CreationClaim { owner: self.ambient.uuid().to_string(), expires_at: now + CLAIM });
        self.save(job, after).await
    }

    async fn create(&self, job: &mut Job<'_>, responsible: &EmployeeId) -> Result<(), PushError> {
        let contact = self.client(job).await?.clone();
        let contact_id = match contact.crm.contact_id.clone() {
            Some(id) => id,
            None => {
                self.in_time(job)?;
                let made = job.crm.create_contact(&job.call, &job.chat, &contact, responsible).await?;
                let mut after = contact;
                after.crm.contact_id = Some(made.id.clone());
                after.crm.contact_uri = made.uri;
                self.save(job, after).await?;
                tracing::info!(account = %job.chat.account, chat = %job.chat.chat, "contact created in the CRM");
                made.id
            }
        };
        let mut after = self.client(job).await?.clone();
        match self.create_deal(job, &after, &contact_id, responsible).await? {
            Some(made) => {
                after.crm.deal_id = Some(made.id);
                after.crm.deal_uri = made.uri;
                tracing::info!(account = %job.chat.account, chat = %job.chat.chat, "deal created in the CRM");
            }
            None => after.crm.deal_skipped = true,
        }
        self.save(job, after).await
    }

    /// Creates the deal; `None` if no pipelines are loaded or the CRM has no deals.
    async fn create_deal(
        &self,
        job: &Job<'_>,
        contact: &Contact,
        crm_contact: &str,
        responsible: &EmployeeId,
    ) -> Result<Option<CrmRecord>, PushError> {
        let loaded = self.store.pipelines(&job.chat.account).await?;
        if loaded.is_none_or(|loaded| loaded.pipelines.is_empty()) {
            return Ok(None);
        }
        let stage = self.stage(job).await?;
        self.in_time(job)?;
        let deal = NewDeal { contact, crm_contact, responsible, stage: stage.as_ref() };
        Ok(job.crm.create_deal(&job.call, &deal).await?)
    }

    /// The channel's initial stage for deals, if the CRM's deals have stages.
    async fn stage(&self, job: &Job<'_>) -> Result<Option<DealStage>, StoreError> {
        if !job.crm.capabilities().stages {
            return Ok(None);
        }
        let chat = &job.chat;
        let channel = self.store.channel(&chat.account, &chat.channel, Read::Consistent).await?;
        Ok(channel.and_then(|channel| channel.deal_stage))
    }

    /// Writes the contact's CRM part. The write depends on that part alone, because a worker that took the claim over
    /// has changed it.
    async fn save(&self, job: &mut Job<'_>, after: Contact) -> Result<(), PushError> {
        let before = self.client(job).await?;
        if let Some(write) = Write::change(before, &after, &[attribute::contact::CRM])? {
            for write in record_owners::gained(before, &after)?.into_iter().chain([write]) {
                self.commit_hard(Some(write)).await?;
            }
        }
        job.contact = Some(after);
        Ok(())
    }
}
