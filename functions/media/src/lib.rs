//! Copies message files that expire or need a token into the deployment's bucket (C12).
//!
//! A nudge names a chat; the pending files are in the table. An attempt is recorded **before** it begins: other workers
//! leave the file alone meanwhile, and a file that kills the process is not tried for ever. The copy, or the reason for
//! its absence, is stored in the message in one transaction that gives the chat its next number, so that the CRM is
//! notified.

mod commit;
mod copy;
mod source;

use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::{AccountId, ChatId};
use shared::model::account::Account;
use shared::model::chat::Chat;
use shared::platform::batch::{self, BatchAnswer, BatchContext, SqsBatch, SqsRecord};
use shared::platform::disposition::Disposition;
use shared::platform::files::{FileError, Files};
use shared::platform::http::OutboundHttp;
use shared::platform::nudge::MediaNudge;
use shared::platform::nudger::Nudger;
use shared::platform::queue::QueueError;
use shared::platform::secrets::Vault;
use shared::providers::base_urls::BaseUrls;
use shared::store::erasure::ChatPlace;
use shared::store::settings_cache::SettingsCache;
use shared::store::{Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// The function's dependencies; built once per process.
pub struct Media {
    /// The table.
    pub store: Store,
    /// Sends to `crm.fifo` and the media queue.
    pub nudger: Nudger,
    /// Accounts and channels, at most 30 s old.
    pub settings: SettingsCache,
    /// Calls to providers and to the addresses of their links.
    pub http: OutboundHttp,
    /// Decrypts credentials, for files that have to be requested from a provider.
    pub vault: Vault,
    /// The addresses of the providers.
    pub base_urls: BaseUrls,
    /// The media bucket.
    pub files: Files,
    /// The limits of kept files.
    pub keeping: Keeping,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

/// The limits of kept files.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Largest file, in units of 1,000,000 bytes.
    pub megabytes: u64,
    /// Days after which the bucket deletes a file.
    pub days: u64,
}

/// The reason why a nudge could not be handled now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MediaError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queues.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The bucket.
    #[error(transparent)]
    File(#[from] FileError),
    /// The account is not readable (yet): its rows are read with a short delay.
    #[error("the account is not there")]
    NoAccount,
}

/// How often a commit is decided again after a conflict before the queue retries.
const ATTEMPTS: u32 = 5;
/// Time reserved for what follows a download: the write, the commit, the answer.
const AFTER_DOWNLOAD: Duration = Duration::from_secs(40);
/// With less time than this, a file is left to the next run.
const ENOUGH: Duration = Duration::from_secs(50);

impl Media {
    /// Handles a batch from the media queue.
    pub async fn handle(&self, batch: SqsBatch, time_left: Duration, context: &BatchContext) -> BatchAnswer {
        let until = self.ambient.now() + time_left;
        // A file is held in memory whole, so nudges that came together are handled one after the other.
        let turn = Mutex::new(());
        let work = |group: Vec<SqsRecord>| {
            let turn = &turn;
            async move {
                let _mine = turn.lock().await;
                let handle = async |nudge: MediaNudge, receive_count| {
                    self.chat(&nudge, receive_count > 1, until).await.map(|()| Disposition::Done)
                };
                batch::nudges(group, handle).await
            }
        };
        batch::run(batch, time_left, context, &*self.ambient, work).await
    }

    /// Copies the files of a chat that are due, one after the other.
    async fn chat(&self, nudge: &MediaNudge, repeated: bool, until: Timestamp) -> Result<(), MediaError> {
        if repeated {
            self.after_a_death(&nudge.account, &nudge.chat).await?;
        }
        let mut pending = self.store.pending_files(&nudge.account, &nudge.chat).await?;
        pending.retain(|file| file.retry_at.is_none_or(|at| at <= self.ambient.now()));
        pending.sort_by_key(|file| file.created_at);
        let mut outcome = Ok(());
        for file in &pending {
            let left = until.since(self.ambient.now());
            if left < ENOUGH {
                // The remaining files get the whole time of another run.
                self.nudger.media(&nudge.account, &nudge.chat, Duration::ZERO).await?;
                break;
            }
            // A file that fails does not block the others.
            let done = self.file(file, left - AFTER_DOWNLOAD).await;
            outcome = outcome.and(done);
        }
        outcome
    }

    /// Repairs what a worker that died at this nudge may have left: a commit of which the CRM was not notified, or an
    /// object written into a chat that was being erased, where it would never be found again.
    async fn after_a_death(&self, account: &AccountId, chat: &ChatId) -> Result<(), MediaError> {
        match self.store.chat_place(account, chat).await? {
            ChatPlace::Chat(chat) => self.tell(&chat).await,
            ChatPlace::Mark | ChatPlace::Nothing => {
                self.files.delete_of_chat(account, chat).await?;
                Ok(())
            }
        }
    }

    /// Nudges the CRM if the chat's state asks for it.
    async fn tell(&self, chat: &Chat) -> Result<(), MediaError> {
        let crm = self.owner(&chat.account).await?.crm_kind;
        Ok(self.nudger.crm(chat, crm).await?)
    }

    async fn owner(&self, account: &AccountId) -> Result<Account, MediaError> {
        let owner = self.settings.owner(&self.store, account, self.ambient.now()).await?;
        owner.ok_or(MediaError::NoAccount)
    }
}
