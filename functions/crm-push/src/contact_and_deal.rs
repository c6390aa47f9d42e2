//! Creates the contact and the deal in the CRM: once per contact, under a claim with owner and expiry.

use crate::{CrmPush, Job, PushError};
use shared::base::clock::Timestamp;
use shared::base::ids::EmployeeId;
use shared::crm::backoff;
use shared::crm::client::{CrmError, NewDeal};
use shared::model::channel::DealStage;
use shared::model::chat::{CONTACT_FIRST, Chat};
use shared::model::contact::blacklist::Subject;
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

/// How long a CRM that asks for time with each answer to a creation holds the messages back.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl CrmPush {
    /// Creates the records that the chat's contact lacks, before the messages. A creation that fails holds the messages
    /// back for [`CONTACT_FIRST`] from its first attempt, and not at all where it is refused for good, or where it is to be
    /// learnt whether the CRM refuses our key for messages too; then they go on, and [`Self::creation_outcome`] decides
    /// what becomes of the creation.
    pub(crate) async fn records_first(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let began = self.ambient.now();
        let failing = job.chat.crm_creation.clone();
        if failing.as_ref().is_some_and(|creation| creation.retry_at > began) {
            return Ok(());
        }
        match self.ensure_records(job).await {
            Ok(()) => {
                job.chat.crm_creation = None;
                Ok(())
            }
            Err(PushError::Crm(error)) => {
                let since = failing.map_or(began, |creation| creation.retrying.first_at);
                if goes_on(&error, self.ambient.now().since(since)) {
                    job.creation_error = Some(error);
                    return Ok(());
                }
                let (retrying, _) = Retrying::after(None, 0, false, None, since);
                job.chat.crm_creation = Some(CreationRetry { retrying, attempts: 1, retry_at: began });
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
        let proof = Retrying { seq: 0, first_at: now, last_at: Timestamp::default(), amid_successes: 0 };
        let tried = before.as_ref().map(|creation| &creation.retrying);
        let tried = tried.or((refused && job.accepted.messages).then_some(&proof));
        let (retrying, verdict) = Retrying::after(tried, 0, refused, works_at, now);
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
        let asked = after.crm.request.take();
        match &created {
            Err(PushError::Crm(CrmError::Unknown { .. })) => {
                after.crm.uncertain += 1;
                after.crm.request =
                    asked.clone().map(|request| CreationRequest { uncertain: true, ..request });
            }
            // The CRM has not created anything for a responsible whom it refuses.
            Ok(()) | Err(PushError::Crm(CrmError::ResponsibleRefused)) => {}
            // Whether an earlier attempt was carried out stays unknown.
            Err(_) => after.crm.request = asked.clone().filter(|request| request.uncertain),
        }
        self.save(job, after).await?;
        match created {
            Err(PushError::Crm(CrmError::ResponsibleRefused)) => {
                job.accepted.some = true;
                let refused = asked.map_or_else(|| responsible.clone(), |request| request.responsible);
                self.give_back(&job.chat, &refused).await?;
                if refused == responsible {
                    return Ok(());
                }
                // It was a repeat for the responsible of before: the present one is asked for next.
                Err(CrmError::Later { after: None, why: "the responsible of before is refused".into() }
                    .into())
            }
            created => created,
        }
    }

    /// Handles a refused responsible: the employee gets no more clients, and their clients go back into the queue. If
    /// this client does, the new responsible is reported to the CRM first; otherwise the messages are pushed all the
    /// same.
    async fn give_back(&self, chat: &Chat, responsible: &EmployeeId) -> Result<(), PushError> {
        tracing::warn!(account = %chat.account, channel = %chat.channel, chat = %chat.chat, "the CRM refuses the responsible; their clients go to others");
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
            if crm.contact_id.is_some() || crm.without_id {
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
                let stage = self.deal_stage(job).await?;
                deal_request(job, &after, responsible, stage.as_ref())?
            } else {
                let body = job.crm.contact_request(&job.chat, &after, responsible)?;
                Some(request(&after, deal, responsible, body))
            };
        }
        self.save(job, after).await
    }

    async fn create(&self, job: &mut Job<'_>, responsible: &EmployeeId) -> Result<(), PushError> {
        let mut contact = self.client(job).await?.clone();
        if contact.crm.contact_id.is_none() {
            // Read before the call: nothing that may fail stands between the CRM's answer and its ids in the table.
            let stage = self.deal_stage(job).await?;
            self.in_time(job)?;
            let Some(asked) = contact.crm.request.take() else {
                return Err(CrmError::Unknown { why: "the request is not stored".into() }.into());
            };
            let made = job.crm.create_contact(&job.call, &asked).await?;
            job.accepted.some = true;
            contact.crm.without_id = made.id.is_none();
            contact.crm.contact_id = made.id;
            contact.crm.contact_uri = made.uri;
            contact.crm.request = deal_request(job, &contact, responsible, stage.as_ref())?;
            self.save(job, contact.clone()).await?;
            tracing::info!(account = %job.chat.account, chat = %job.chat.chat, without_id = contact.crm.without_id, "contact created in the CRM");
            if contact.crm.without_id {
                return self.loaded_meanwhile(job).await;
            }
        }
        let Some(asked) = contact.crm.request.take() else {
            contact.crm.deal_skipped = true;
            return self.save(job, contact).await;
        };
        self.in_time(job)?;
        let made = job.crm.create_deal(&job.call, &asked).await?;
        job.accepted.some = true;
        contact.crm.deal_skipped = made.id.is_none();
        contact.crm.deal_id = made.id;
        contact.crm.deal_uri = made.uri;
        tracing::info!(account = %job.chat.account, chat = %job.chat.chat, "deal created in the CRM");
        self.save(job, contact).await
    }

    /// Links a client whose contact was created without an id with the contact that the CRM has loaded for them while it
    /// was asked. The deal, which names its contact, follows with the next change.
    async fn loaded_meanwhile(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let now = self.ambient.now();
        let owner = self.settings.owner(&self.store, &job.chat.account, now).await?;
        let Some(owner) = owner.filter(|owner| owner.has_crm_contacts) else { return Ok(()) };
        let contact = self.client(job).await?.clone();
        let subjects = Subject::all(&contact.identities, contact.phone.as_ref());
        let Some((loaded, _)) = self.store.crm_contact_of(&owner, &subjects, now).await? else {
            return Ok(());
        };
        let crm = CrmRecords {
            contact_id: loaded.contact_id,
            contact_uri: loaded.contact_uri,
            deal_id: loaded.deal_id,
            deal_uri: loaded.deal_uri,
            ..contact.crm.clone()
        };
        self.save(job, Contact { crm, ..contact }).await
    }

    /// The stage where the contact's deal begins; `None`: no deal is to be created, because no pipelines are loaded.
    async fn deal_stage(&self, job: &Job<'_>) -> Result<Option<Option<DealStage>>, StoreError> {
        let loaded = self.store.pipelines(&job.chat.account).await?;
        if loaded.is_none_or(|loaded| loaded.pipelines.is_empty()) {
            return Ok(None);
        }
        self.stage(job).await.map(Some)
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

/// Whether messages go on without a creation that failed, `since` its first attempt.
fn goes_on(error: &CrmError, since: Duration) -> bool {
    match error {
        CrmError::Never { .. } | CrmError::Unauthorized => true,
        // The CRM asked for time, which holds for the messages too.
        CrmError::Later { after: Some(_), .. } => since >= LONGEST_WAIT,
        _ => since >= CONTACT_FIRST,
    }
}

/// A request that creates a record for a contact.
fn request(contact: &Contact, deal: bool, responsible: &EmployeeId, body: String) -> CreationRequest {
    let key = contact.crm.creation_key(if deal { "deal" } else { "contact" }, &contact.contact);
    CreationRequest { deal, responsible: responsible.clone(), key, body, uncertain: false }
}

/// The request for the contact's deal; `None` if the contact has no id, no deal is to be created, or the CRM has none.
fn deal_request(
    job: &Job<'_>,
    contact: &Contact,
    responsible: &EmployeeId,
    stage: Option<&Option<DealStage>>,
) -> Result<Option<CreationRequest>, CrmError> {
    let (Some(crm_contact), Some(stage)) = (contact.crm.contact_id.as_deref(), stage) else {
        return Ok(None);
    };
    let deal = NewDeal { contact, crm_contact, responsible, stage: stage.as_ref() };
    let body = job.crm.deal_request(job.connection, &deal)?;
    Ok(body.map(|body| request(contact, true, responsible, body)))
}
