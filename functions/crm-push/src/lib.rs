//! Brings the CRM up to date with a chat: contact, deal, then every change in order, each once.
//!
//! The chat's cursor (`crm_done`) is the only progress there is. While a CRM fails or asks for time, the nudge is
//! acknowledged and the chat goes on the due index: a queue never holds one account's stuck work before another's.

mod changes;
mod defer;
mod records;

use shared::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::chat::{Chat, ClientState};
use shared::clock::Ambient;
use shared::contact::Contact;
use shared::crm::universal::UniversalCrm;
use shared::crm::{CrmConnection, CrmError, CrmKind};
use shared::disposition::{Disposition, backoff};
use shared::event;
use shared::http::OutboundHttp;
use shared::nudge::CrmNudge;
use shared::queue::{QueueError, Queues};
use shared::secrets::{SecretError, Vault};
use shared::store::row::Write;
use shared::store::settings_cache::SettingsCache;
use shared::store::{Read, Store, StoreError};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// What the function works with; built once per process.
pub struct CrmPush {
    /// The table.
    pub store: Store,
    /// SQS.
    pub queues: Queues,
    /// Channels, at most 30 s old.
    pub settings: SettingsCache,
    /// Opens the CRM's key.
    pub vault: Vault,
    /// Outbound HTTP.
    pub http: OutboundHttp,
    /// The timers queue: "look at this chat then".
    pub timers_url: String,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

/// Why a chat could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The CRM.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// KMS.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// One chat and what belongs to it, as a push sees it.
pub(crate) struct Job<'a> {
    pub chat: Chat,
    pub contact: Contact,
    pub crm: UniversalCrm<'a>,
}

impl CrmPush {
    /// Handles a batch from `crm.fifo`.
    pub async fn handle(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        batch::run(batch, time_left, context, &*self.ambient, |group| self.group(group)).await
    }

    async fn group(&self, group: Vec<SqsRecord>) -> Vec<Disposition> {
        let mut done: HashSet<CrmNudge> = HashSet::new();
        let mut dispositions = Vec::with_capacity(group.len());
        for record in &group {
            let nudge: CrmNudge = match event::read(&record.body) {
                Ok(nudge) => nudge,
                Err(error) => {
                    dispositions.push(error.into());
                    continue;
                }
            };
            if !done.contains(&nudge) {
                if let Err(error) = self.push(&nudge).await {
                    let after = backoff(record.receive_count());
                    dispositions.push(Disposition::Retry { after, why: error.to_string() });
                    break;
                }
                done.insert(nudge);
            }
            dispositions.push(Disposition::Done);
        }
        dispositions
    }

    /// Brings the CRM up to date with the nudge's chat, or puts it off. Only the table, the queues and KMS make this
    /// fail, and a lost race: then the nudge comes again. The CRM's failures are put off.
    async fn push(&self, nudge: &CrmNudge) -> Result<(), PushError> {
        let (connection, chat, contact) = tokio::join!(
            self.store.crm(&nudge.account, Read::Eventual),
            self.store.chat(&nudge.account, &nudge.chat),
            // A moment old is enough to push with; before anything is created it is read again.
            self.store.contact(&nudge.account, &nudge.contact, Read::Eventual),
        );
        let (Some(chat), Some(contact)) = (chat?, contact?) else { return Ok(()) };
        let now = self.ambient.now();
        if !chat.crm_behind() || chat.crm_retry_at.is_some_and(|at| at > now) {
            return Ok(());
        }
        let Some(connection) = connection?.filter(|connection| connection.kind == CrmKind::Universal) else {
            return self.without_crm(&chat).await;
        };
        if let Some(until) = connection.paused_until.filter(|until| *until > now) {
            return self.put_off(&chat, until, None).await;
        }
        let key = match &connection.crm_key {
            Some(sealed) => Some(self.vault.open(&nudge.account, sealed, now).await?),
            None => None,
        };
        let Ok(url) = connection.webhook_url.parse() else {
            let error = CrmError::Never { why: "the webhook URL cannot be read".into() };
            return self.failed(&chat, &connection, &error).await;
        };
        let crm = UniversalCrm { http: &self.http, ambient: &*self.ambient, url: &url, key: key.as_ref() };
        let job = Job { chat, contact, crm };
        self.work(job, &connection).await
    }

    async fn work(&self, mut job: Job<'_>, connection: &CrmConnection) -> Result<(), PushError> {
        match self.bring_up_to_date(&mut job).await {
            Ok(()) => self.recovered(connection).await,
            Err(PushError::Crm(error)) => self.failed(&job.chat, connection, &error).await,
            Err(error) => Err(error),
        }
    }

    async fn bring_up_to_date(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        if job.chat.client == ClientState::Assigned {
            self.ensure_records(job).await?;
        }
        self.push_changes(job).await
    }

    /// The account has no CRM any more: nothing is owed to it.
    async fn without_crm(&self, chat: &Chat) -> Result<(), PushError> {
        let mut next = chat.clone();
        next.settle_without_crm();
        next.crm_retry_at = None;
        match self.store.commit(Write::change(chat, &next, &["crm_done"])?.into_iter().collect()).await {
            Ok(()) | Err(StoreError::Lost(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
