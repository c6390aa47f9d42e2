//! The job's row: which run holds it, its progress, and what one run caches for it.

use crate::{Eraser, ErasureError};
use shared::base::ids::ConnectionId;
use shared::model::account::Account;
use shared::model::contact::Contact;
use shared::model::erasure::{Erasure, ErasureState, Traces, digests_of};
use shared::platform::erased_letters::ErasedClient;
use shared::platform::nudge::ErasureNudge;
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::{Read, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a run holds the job; longer than the function may run.
const LEASE: Duration = Duration::from_secs(600);

/// When to continue.
pub(crate) enum NextStep {
    /// At once, while there is time.
    Now,
    /// After this time.
    Later(Duration),
}

/// An erasure held by a run.
pub(crate) struct Job {
    /// The row as it is in the table.
    saved: Erasure,
    /// The row as it will be written.
    pub row: Erasure,
    /// What is searched for; built once per run.
    pub wanted: Option<Arc<ErasedClient>>,
    /// The account's connections; read once per run.
    pub connections: Option<Vec<ConnectionId>>,
}

impl Eraser {
    /// Claims the job, unless it is done or another run holds it.
    pub(crate) async fn take(&self, nudge: &ErasureNudge) -> Result<Option<Job>, ErasureError> {
        let now = self.ambient.now();
        let found = self.store.erasure(&nudge.account, &nudge.erasure).await?;
        let due =
            |row: &Erasure| row.state == ErasureState::Running && row.check_at.is_none_or(|at| at <= now);
        let Some(saved) = found.filter(due) else { return Ok(None) };
        let mut job = Job { row: saved.clone(), saved, wanted: None, connections: None };
        match self.save(&mut job).await {
            Ok(()) => Ok(Some(job)),
            Err(ErasureError::TakenOver) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores the progress, and holds the job for another while.
    pub(crate) async fn save(&self, job: &mut Job) -> Result<(), ErasureError> {
        if job.row.state == ErasureState::Running {
            job.row.check_at = Some(self.ambient.now() + LEASE);
        }
        self.write(job).await
    }

    /// Releases the job, so that another run may claim it after `wait`.
    pub(crate) async fn let_go(&self, job: &mut Job, wait: Duration) -> Result<(), ErasureError> {
        job.row.check_at = Some(self.ambient.now() + wait);
        self.write(job).await
    }

    /// Writes the row. The write depends on the lease alone, because a run that claimed the job since has moved it.
    async fn write(&self, job: &mut Job) -> Result<(), ErasureError> {
        let write =
            Write::change(&job.saved, &job.row, &[attribute::erasure::CHECK_AT, attribute::erasure::STATE])?;
        match self.store.commit(write.into_iter().collect()).await {
            Err(StoreError::Lost(_)) => Err(ErasureError::TakenOver),
            done => {
                done?;
                job.saved = job.row.clone();
                Ok(())
            }
        }
    }

    /// The job's contacts that still exist, in its order.
    pub(crate) async fn contacts(&self, job: &Job) -> Result<Vec<Contact>, StoreError> {
        let mut found = Vec::new();
        for id in &job.row.contacts {
            found.extend(self.store.contact(&job.row.account, id, Read::Consistent).await?);
        }
        Ok(found)
    }

    /// What is searched for. It is rebuilt from the contacts' rows, the lists of their chats and the tombstones in
    /// these, so a new run can rebuild it; that is why those rows go last.
    pub(crate) async fn wanted(
        &self,
        owner: &Account,
        job: &mut Job,
    ) -> Result<Arc<ErasedClient>, StoreError> {
        if let Some(wanted) = &job.wanted {
            return Ok(Arc::clone(wanted));
        }
        let account = &owner.account;
        let mut wanted = ErasedClient {
            account: account.clone(),
            salt: owner.id_salt.clone(),
            region: owner.region.clone(),
            contacts: job.row.contacts.iter().cloned().collect(),
            // Other forms of chat ids are among the words; the other words match no chat id.
            chats: job.row.words.iter().cloned().collect(),
            subjects: HashMap::new(),
            erased_at: job.row.requested_at,
            traces: Traces::of(job.row.words.clone()),
        };
        for contact in self.contacts(job).await? {
            wanted.traces.add(contact.contact.as_str());
            words_of(&contact).iter().for_each(|word| wanted.traces.add(word));
            let left = digests_of(&contact, &owner.id_salt);
            wanted.subjects.extend(left.into_iter().map(|digest| (digest, job.row.requested_at)));
            let mut last = None;
            while let Some(row) =
                self.store.next_contact_chat(account, &contact.contact, last.as_ref()).await?
            {
                wanted.traces.add(row.chat.as_str());
                wanted.chats.insert(row.chat.as_str().to_owned());
                for digest in self.store.erased_messages(account, &row.chat).await? {
                    wanted.traces.add_message(&digest);
                }
                last = Some(row.chat);
            }
        }
        let left: Vec<String> = wanted.subjects.keys().cloned().collect();
        for row in self.store.erased_subjects(account, &left).await? {
            wanted.erased_at = wanted.erased_at.max(row.erased_at);
            wanted.subjects.insert(row.digest, row.erased_at);
        }
        let wanted = Arc::new(wanted);
        job.wanted = Some(Arc::clone(&wanted));
        Ok(wanted)
    }
}

/// The words by which messengers know a contact: user ids, and the phone as digits, which are part of each of its
/// spellings.
pub(crate) fn words_of(contact: &Contact) -> Vec<String> {
    let users = contact.identities.iter().map(|identity| identity.user.clone());
    users.chain(contact.phone.iter().map(|phone| phone.digits().to_owned())).collect()
}
