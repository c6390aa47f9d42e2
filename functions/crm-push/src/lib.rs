//! Brings the CRM up to date with a chat: contact, deal, then every change in order, each once.
//!
//! The chat's CRM cursor (`crm_synced_seq`) is the only record of progress. While a CRM fails or asks for time, the
//! nudge is acknowledged and the chat goes on the due index: no queue holds one account's stuck work in front of
//! another's.

mod call;
mod changes;
mod channels;
mod contact_and_deal;
mod defer;
mod passed;
mod templates;
mod waiting_clients;

use shared::base::clock::{Ambient, Timestamp};
use shared::crm;
use shared::crm::client::{Accepted, CrmCall, CrmClient, CrmError, Topics};
use shared::crm::formatting::Formatter;
use shared::model::chat::Chat;
use shared::model::chat::state::AssignmentState;
use shared::model::contact::Contact;
use shared::model::crm::CrmConnection;
use shared::platform::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::platform::disposition::Disposition;
use shared::platform::http::OutboundHttp;
use shared::platform::nudge::{CrmNudge, CrmWork};
use shared::platform::queue::{QueueError, Queues};
use shared::platform::secrets::{SecretError, Vault};
use shared::providers;
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::settings_cache::SettingsCache;
use shared::store::{Read, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// The function's dependencies; built once per process.
pub struct CrmPush {
    /// The table.
    pub store: Store,
    /// SQS.
    pub queues: Queues,
    /// Decrypts the CRM's key.
    pub vault: Vault,
    /// Outbound HTTP.
    pub http: OutboundHttp,
    /// Accounts and channels, at most 30 s old: they decide how messages are worded.
    pub settings: SettingsCache,
    /// The deployment's public address: our stable links begin with it.
    pub public_base_url: String,
    /// The timers queue, for postponed checks of a chat.
    pub timers_url: String,
    /// `assignment.fifo`, to which clients of a refused responsible are requeued.
    pub assignment_url: String,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

/// The reason why a chat could not be brought up to date.
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
    /// The contact cannot be read (yet).
    #[error("the contact is not there")]
    NoContact,
    /// The CRM refuses the responsible: the client is assigned to another employee before anything is reported of them.
    #[error("the responsible is refused")]
    ResponsibleRefused,
    /// The function's time is over; the rest is for the next invocation.
    #[error("out of time")]
    OutOfTime,
}

/// One chat and its related data, as a push reads them.
pub(crate) struct Job<'a> {
    pub chat: Chat,
    /// The chat as it is in the table, as far as this push knows.
    pub stored: Chat,
    /// The CRM as it was when the push began.
    pub connection: &'a CrmConnection,
    /// The client; read when the CRM is to be informed of them.
    pub contact: Option<Contact>,
    /// The client of its kind of CRM.
    pub crm: &'static dyn CrmClient,
    /// The connection and the formatter for calls to the CRM.
    pub call: CrmCall<'a>,
    /// The CRM's fingerprint, for the contact's records.
    pub fingerprint: String,
    /// The topics that the CRM subscribes to.
    pub wants: Topics,
    /// No call to the CRM begins after this moment: it would be cut, and its outcome would be unknown.
    pub last_call: Timestamp,
    /// What the CRM has accepted so far.
    pub accepted: Accepted,
    /// Why the client's records could not be created, while their messages go on.
    pub creation_error: Option<CrmError>,
    /// Whether the creation is to be tried again.
    pub creation_failed: bool,
}

/// The permission to call a CRM.
pub(crate) struct Permit {
    /// The connection as it is now.
    pub connection: CrmConnection,
    /// The connection before, where the call is a probe.
    pub unused: Option<CrmConnection>,
}

/// The topics that an account's CRM subscribes to.
pub(crate) fn topics(connection: &CrmConnection) -> Topics {
    crm::client(connection.kind).wants(connection)
}

/// The most attempts to store what the CRM has accepted.
const HARD_TRIES: u32 = 6;

/// Time that a call and the writes after it may take.
const ONE_CALL: Duration = Duration::from_secs(40);

impl CrmPush {
    /// Handles a batch from `crm.fifo`.
    pub async fn handle(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        batch::run(batch, time_left, context, &*self.ambient, |group| self.group(group, time_left)).await
    }

    async fn group(&self, group: Vec<SqsRecord>, time_left: Duration) -> Vec<Disposition> {
        let last_call = self.ambient.now() + time_left.saturating_sub(ONE_CALL);
        let handle = async |work, receive_count| {
            match &work {
                CrmWork::Chat(nudge) => self.push(nudge, last_call).await?,
                CrmWork::Waiting(nudge) => self.tell_waiting(nudge, last_call, receive_count).await?,
                CrmWork::Channel(nudge) => self.tell_channel(nudge, last_call).await?,
                CrmWork::Template(nudge) => self.tell_template(nudge, last_call).await?,
            }
            Ok::<_, PushError>(Disposition::Done)
        };
        batch::nudges(group, handle).await
    }

    /// Brings the CRM up to date with the nudge's chat, or postpones it. It fails only for the table, the queues, KMS
    /// or a conflict: then the nudge is retried. Failures of the CRM postpone the chat.
    async fn push(&self, nudge: &CrmNudge, last_call: Timestamp) -> Result<(), PushError> {
        let (connection, chat) = tokio::join!(
            self.store.crm(&nudge.account, Read::Eventual),
            self.store.chat(&nudge.account, &nudge.chat),
        );
        let Some(chat) = chat? else { return Ok(()) };
        let now = self.ambient.now();
        if chat.crm_due_at().is_none_or(|at| at > now) {
            return Ok(());
        }
        let wants_some = |connection: &CrmConnection| topics(connection) != Topics::NONE;
        let connection = match connection?.filter(wants_some) {
            Some(connection) => connection,
            // No change is skipped because of a read that may be stale.
            None => match self.store.crm(&nudge.account, Read::Consistent).await?.filter(wants_some) {
                Some(connection) => connection,
                None => return self.without_crm(&chat).await,
            },
        };
        let Some(permit) = self.may_call(connection, &chat).await? else { return Ok(()) };
        let connection = &permit.connection;
        let account = self.settings.owner(&self.store, &nudge.account, now).await?;
        let channel = self.settings.channel(&self.store, &nudge.account, &chat.channel, now).await?;
        let language = account.map(|account| account.language).unwrap_or_default();
        let formatter =
            Formatter::new(language, channel.as_ref(), &self.public_base_url, providers::failure_reason);
        let call = match self.call(connection, formatter).await {
            Err(PushError::Crm(error)) => {
                return self.failed(&chat, &chat, connection, Accepted::NOTHING, &error).await;
            }
            call => call?,
        };
        let crm = crm::client(connection.kind);
        let job = Job {
            stored: chat.clone(),
            chat,
            connection,
            contact: None,
            crm,
            call,
            fingerprint: connection.fingerprint(),
            wants: crm.wants(connection),
            last_call,
            accepted: Accepted::NOTHING,
            creation_error: None,
            creation_failed: false,
        };
        self.work(job, &permit).await
    }

    async fn work(&self, mut job: Job<'_>, permit: &Permit) -> Result<(), PushError> {
        let done = self.bring_up_to_date(&mut job).await;
        let failed = matches!(&done, Err(PushError::Crm(error)) if !matches!(error, CrmError::Busy { .. }));
        if !job.accepted.some && !failed && !job.creation_failed {
            self.give_up_probe(permit).await?;
        }
        match done {
            Ok(()) => self.recovered(job.connection, job.accepted, job.creation_failed).await,
            // The CRM answers, so there is nothing to postpone.
            Err(PushError::ResponsibleRefused) => {
                self.recovered(job.connection, Accepted { some: true, ..job.accepted }, false).await
            }
            Err(PushError::OutOfTime) => self.put_off(&job.stored, &job.chat, self.ambient.now(), None).await,
            Err(PushError::Crm(error)) => {
                self.failed(&job.stored, &job.chat, job.connection, job.accepted, &error).await
            }
            Err(error) => Err(error),
        }
    }

    async fn bring_up_to_date(&self, job: &mut Job<'_>) -> Result<(), PushError> {
        let settled = job.chat.records_in.as_ref() == Some(&job.fingerprint);
        if job.chat.assignment_state == AssignmentState::Assigned && !settled && job.wants.records {
            self.records_first(job).await?;
        } else if job.chat.crm_creation.take().is_some() {
            // The records were loaded meanwhile, or the client has no responsible any more.
            tracing::debug!(chat = %job.chat.chat, "no records are to be created any more");
        }
        self.push_changes(job).await?;
        self.creation_outcome(job).await
    }

    /// The chat's client: read once, from a slightly stale read unless the client is so new that only a consistent read
    /// shows them.
    pub(crate) async fn client<'j>(&self, job: &'j mut Job<'_>) -> Result<&'j Contact, PushError> {
        if job.contact.is_none() {
            let (account, id) = (&job.chat.account, &job.chat.contact);
            job.contact = match self.store.person(account, id, Read::Eventual).await? {
                None => self.store.person(account, id, Read::Consistent).await?,
                found => found,
            };
        }
        job.contact.as_ref().ok_or(PushError::NoContact)
    }

    /// Fails if it is too late to begin a call to the CRM.
    pub(crate) fn in_time(&self, job: &Job<'_>) -> Result<(), PushError> {
        if self.ambient.now() > job.last_call { Err(PushError::OutOfTime) } else { Ok(()) }
    }

    /// Stores what a CRM has done. The CRM must not be asked again, so a busy table (for example an inbound transaction
    /// on the same rows) is retried longer than elsewhere: for about six seconds.
    pub(crate) async fn commit_hard(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        for attempt in 0..HARD_TRIES {
            match self.store.commit(writes.clone()).await {
                Err(StoreError::Busy(_) | StoreError::Contended) => {
                    tokio::time::sleep(self.ambient.jitter(Duration::from_millis(100 << attempt))).await;
                }
                done => return done,
            }
        }
        self.store.commit(writes).await
    }

    /// Moves the cursor to the end, because the account has no CRM any more or one that subscribes to nothing.
    async fn without_crm(&self, chat: &Chat) -> Result<(), PushError> {
        let mut next = chat.clone();
        next.mark_crm_synced();
        (next.crm_retry_at, next.crm_retrying, next.crm_creation) = (None, None, None);
        match self
            .store
            .commit(Write::change(chat, &next, &[attribute::chat::CRM_DONE])?.into_iter().collect())
            .await
        {
            Err(error) if !error.is_conflict() => Err(error.into()),
            _ => Ok(()),
        }
    }
}
