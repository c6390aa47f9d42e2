//! Copies files of messages that expire or need a token into the deployment's bucket (C12).
//!
//! A nudge names a chat; what has yet to be copied stands in the table. An attempt is noted **before** it begins: whoever
//! comes meanwhile leaves the file alone, and a file that kills the process is not tried for ever. The message learns of
//! the copy, or of why there is none, in one transaction in which the chat takes its next number, so that the CRM is told.

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

/// What the function works with; built once per process.
pub struct Media {
    /// The table.
    pub store: Store,
    /// To `crm.fifo` and the media queue.
    pub nudger: Nudger,
    /// Accounts and channels, at most 30 s old.
    pub settings: SettingsCache,
    /// Calls to providers and to wherever their links lead.
    pub http: OutboundHttp,
    /// Opens credentials, for files that a provider has to be asked for.
    pub vault: Vault,
    /// Where providers are.
    pub base_urls: BaseUrls,
    /// The media bucket.
    pub files: Files,
    /// What is kept, and for how long.
    pub keeping: Keeping,
    /// Time and ids.
    pub ambient: Arc<dyn Ambient>,
}

/// What is kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Largest file, in units of 1,000,000 bytes.
    pub megabytes: u64,
    /// Days after which the bucket lets a file go.
    pub days: u64,
}

/// Why a nudge could not be handled now.
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
    /// The account is not there (yet): its rows are read with a moment's delay.
    #[error("the account is not there")]
    NoAccount,
}

/// A lost race is decided again this many times before the queue takes over.
const ATTEMPTS: u32 = 5;
/// Time that is kept for what follows a download: the write, the commit, the answer.
const AFTER_DOWNLOAD: Duration = Duration::from_secs(40);
/// With less than this left, a file is left to the next run.
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

    /// Copies what may be copied now of a chat's files, one after the other.
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
                // The rest has the whole time of another run.
                self.nudger.media(&nudge.account, &nudge.chat, Duration::ZERO).await?;
                break;
            }
            // One that cannot be handled holds none of the others up.
            let done = self.file(file, left - AFTER_DOWNLOAD).await;
            outcome = outcome.and(done);
        }
        outcome
    }

    /// Somebody may have died at this nudge: after his commit, and the CRM was not told; or with an object written into a
    /// chat that was being erased, where nobody looks for it any more.
    async fn after_a_death(&self, account: &AccountId, chat: &ChatId) -> Result<(), MediaError> {
        match self.store.chat_place(account, chat).await? {
            ChatPlace::Chat(chat) => self.tell(&chat).await,
            ChatPlace::Mark | ChatPlace::Nothing => {
                self.files.delete_of_chat(account, chat).await?;
                Ok(())
            }
        }
    }

    /// Nudges the CRM where the chat's state asks for it.
    async fn tell(&self, chat: &Chat) -> Result<(), MediaError> {
        let crm = self.owner(&chat.account).await?.crm_kind;
        Ok(self.nudger.crm(chat, crm).await?)
    }

    async fn owner(&self, account: &AccountId) -> Result<Account, MediaError> {
        let owner = self.settings.owner(&self.store, account, self.ambient.now()).await?;
        owner.ok_or(MediaError::NoAccount)
    }
}
