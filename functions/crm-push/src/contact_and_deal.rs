//! Creates the contact and the deal in the CRM: once per contact, under a claim with owner and expiry.

use crate::{CrmPush, Job, PushError};
use shared::base::clock::Timestamp;
use shared::base::ids::EmployeeId;
use shared::crm::backoff;
use shared::crm::client::{CrmError, NewDeal};
use shared::model::channel::DealStage;
use shared::model::chat::{CONTACT_FIRST, Chat};
use shared::model::contact::{Contact, CreationClaim, CreationRequest, CrmRecords};
use shared::model::crm::retrying::{CreationRetry, Retrying, Verdict};
use shared::platform::nudge::RequeueNudge;
use shared::platform::queue::Outgoing;
use shared::store::attribute;
use shared::store::record_owners;
use shared::store::row::Write;
use shared::store::{Read, StoreError};
use std::time::Duration;

/// How long a creation may take before another worker may claim it: two calls of 30 s, and a margin.
const CLAIM: Duration = Duration::from_secs(90);

impl CrmPush {
    /// Creates the records that the chat's contact lacks, before the messages. A creation that fails holds the messages
    /// back for [`CONTACT_FIRST`] from its first failure, and not at all where it is refused for good; then they go on,
    /// and [`Self::creation_outcome`] decides what becomes of the creation.
    pub(crate) async fn records_first(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let now = self.ambient.now();
        let failing = job.chat.crm_creation.clone();
        if failing.as_ref().is_some_and(|creation| creation.retry_at > now) {
            return Ok(());
        }
        match self.ensure_records(job).await {
            Ok(()) => {
                job.chat.crm_creation = None;
                Ok(())
            }
            Err(PushError::Crm(error)) => {
                let since = failing.map_or(now, |creation| creation.retrying.first_at);
                let goes_on = matches!(error, CrmError::Never { .. }) || now.since(since) >= CONTACT_FIRST;
                if goes_on {
                    job.creation_error = Some(error);
                    return Ok(());
                }
                let (retrying, _) = Retrying::after(None, false, None, since);
                job.chat.crm_creation = Some(CreationRetry { retrying, attempts: 1, retry_at: now });
                Err(error.into())
            }
            Err(error) => Err(error),
        }
    }

    /// What becomes of a creation that failed while the messages went on: it is retried, or marked and reported once it
    /// is clear that the CRM works and does not take it.
    pub(crate) async fn creation_outcome(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let Some(error) = job.creation_error.take() else { return Ok(()) };
        let now = self.ambient.now();
        let before = job.chat.crm_creation.clone();
        let refused = matches!(error, CrmError::Never { .. });
        let works_at = if job.accepted.messages { Some(now) } else { job.connection.accepted_at };
        // Messages that the CRM accepted after the creation prove that it works, at the first attempt too.
        let proof = Retrying { first_at: now, last_at: Timestamp::default(), amid_successes: 0 };
        let tried = before.as_ref().map(|creation| &creation.retrying);
        let tried = tried.or((refused && job.accepted.messages).then_some(&proof));
        let (retrying, verdict) = Retrying::after(tried, refused, works_at, now);
        if verdict == Verdict::Pass {
            return self.creation_passed(job, &retrying, &error).await;
        }
        let attempts = before.map_or(0, |creation| creation.attempts) + 1;
        let retry_at = retrying.next_attempt(backoff::chat_pause(attempts, &error));
        tracing::warn!(account = %job.chat.account, chat = %job.chat.chat, error = %error, attempts, "contact or deal not created; the messages go on");
        job.chat.crm_creation = Some(CreationRetry { retrying, attempts, retry_at });
        job.creation_failed = true;
        self.put_off(&job.stored, &job.chat, retry_at, None).await
    }

    /// Creates in the CRM the records that the chat's contact lacks.
    async fn ensure_records(&self, job: &mut Job<'_>) -> Result<(), PushError> {
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
        self.claim(job, &responsible).await?;
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
            // Whether an earlier attempt was carried out stays unknown.
            Err(PushError::Crm(CrmError::Later { .. } | CrmError::Unauthorized) | PushError::OutOfTime)
                if after.crm.uncertain > 0 => {}
            _ => after.crm.request = None,
        }
        self.save(job, after).await?;
        match created {
            Err(PushError::Crm(CrmError::ResponsibleRefused)) => {
                job.accepted.some = true;
                self.give_back(&job.chat, &responsible).await
            }
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
        if own.contact_id.is_some()
            || own.request.is_some()
            || own.claim.is_some_and(|claim| claim.expires_at > self.ambient.now())
        {
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

    /// Claims the creation and stores its request, so that it can be repeated as it was if its outcome gets lost.
    async fn claim(&self, job: &mut Job<'_>, responsible: &EmployeeId) -> Result<(), PushError> {
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
        let deal = after.crm.contact_id.is_some();
        if after.crm.request.as_ref().is_none_or(|request| request.deal != deal) {
            after.crm.request = if deal {
                self.deal_request(job, &after, responsible).await?
            } else {
                let body = job.crm.contact_request(&job.chat, &after, responsible)?;
                Some(CreationRequest { deal, body })
            };
        }
        self.save(job, after).await
    }

    async fn create(&self, job: &mut Job<'_>, responsible: &EmployeeId) -> Result<(), PushError> {
        let mut contact = self.client(job).await?.clone();
        if contact.crm.contact_id.is_none() {
            self.in_time(job)?;
            let request = contact.crm.request.take().map(|request| request.body).unwrap_or_default();
            let made = job.crm.create_contact(&job.call, &contact, request).await?;
            job.accepted.some = true;
            contact.crm.without_id = made.id.is_none();
            contact.crm.contact_id = made.id;
            contact.crm.contact_uri = made.uri;
            if contact.crm.contact_id.is_some() {
                contact.crm.request = self.deal_request(job, &contact, responsible).await?;
            }
            self.save(job, contact.clone()).await?;
            tracing::info!(account = %job.chat.account, chat = %job.chat.chat, without_id = contact.crm.without_id, "contact created in the CRM");
            if contact.crm.without_id {
                // A deal names its contact: it is created once the CRM has loaded the contact.
                return Ok(());
            }
        }
        let Some(request) = contact.crm.request.take() else {
            contact.crm.deal_skipped = true;
            return self.save(job, contact).await;
        };
        self.in_time(job)?;
        let made = job.crm.create_deal(&job.call, &contact, request.body).await?;
        job.accepted.some = true;
        contact.crm.deal_skipped = made.id.is_none();
        contact.crm.deal_id = made.id;
        contact.crm.deal_uri = made.uri;
        tracing::info!(account = %job.chat.account, chat = %job.chat.chat, "deal created in the CRM");
        self.save(job, contact).await
    }

    /// The request for the contact's deal; `None` if no pipelines are loaded or the CRM has no deals.
    async fn deal_request(
        &self,
        job: &Job<'_>,
        contact: &Contact,
        responsible: &EmployeeId,
    ) -> Result<Option<CreationRequest>, PushError> {
        let Some(crm_contact) = contact.crm.contact_id.as_deref() else { return Ok(None) };
        let loaded = self.store.pipelines(&job.chat.account).await?;
        if loaded.is_none_or(|loaded| loaded.pipelines.is_empty()) {
            return Ok(None);
        }
        let stage = self.stage(job).await?;
        let deal = NewDeal { contact, crm_contact, responsible, stage: stage.as_ref() };
        Ok(job.crm.deal_request(job.connection, &deal)?.map(|body| CreationRequest { deal: true, body }))
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
    pub(crate) async fn save(&self, job: &mut Job<'_>, after: Contact) -> Result<(), PushError> {
        let before = self.client(job).await?;
        if let Some(write) = Write::change(before, &after, &[attribute::contact::CRM])? {
            for write in record_owners::gained(before, &after)?.into_iter().chain([write]) {
                self.commit_hard(vec![write]).await?;
            }
        }
        job.contact = Some(after);
        Ok(())
    }
}
