//! Records the outcome of a copy in one transaction: chat, message, the list of pending files, the stable link.

use crate::{ATTEMPTS, Media, MediaError};
use shared::base::ids::hex_digest;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::message::Message;
use shared::model::message::media::{CopyFailure, FileCopy, FileLink, PendingFile};
use shared::model::message::media_policy::served_type;
use shared::platform::metrics::Metric;
use shared::platform::telemetry;
use shared::store::attribute;
use shared::store::erasure::ChatPlace;
use shared::store::keys::FileLinkRow;
use shared::store::row::Write;
use shared::store::{ChatTransaction, StoreError, files};
use std::time::Duration;

/// A file stored in the bucket.
#[derive(Debug)]
pub(crate) struct StoredFile {
    /// The type that the provider or the download stated.
    pub told: String,
    link: String,
    bytes: u64,
}

impl StoredFile {
    pub(crate) fn new(media: &Media, told: String, bytes: usize) -> Self {
        let mut random = [0; 16];
        media.ambient.fill(&mut random);
        Self {
            told,
            link: random.iter().map(|byte| format!("{byte:02x}")).collect(),
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
        }
    }
}

/// The outcome of a copy.
#[derive(Debug)]
pub(crate) enum CopyOutcome {
    /// The file is in the bucket, at the object with which the attempt began.
    Stored(StoredFile),
    /// The file was given up.
    GivenUp(CopyFailure),
}

impl CopyOutcome {
    fn copy(&self, begun: &PendingFile) -> FileCopy {
        match self {
            Self::Stored(file) => FileCopy::Stored {
                object: begun.object.clone().unwrap_or_default(),
                link: file.link.clone(),
                mime: served_type(&file.told).to_owned(),
                bytes: file.bytes,
            },
            Self::GivenUp(why) => FileCopy::Failed { why: *why },
        }
    }
}

/// The next action for an outcome, given the present state.
enum CommitStep {
    /// Commit these writes; they lead to this chat.
    Write(Vec<Write>, Box<Chat>),
    /// Already recorded: the answer to an earlier commit did not arrive.
    Told(Box<Chat>),
    /// The message has another file now.
    OtherFile,
    /// No message waits for the file: it was deleted or erased.
    Nobody,
}

impl Media {
    /// Records the outcome in the message, deciding again after a conflict without downloading the file again. `tried`
    /// is the message as it was when the attempt began.
    pub(crate) async fn record(
        &self,
        begun: &PendingFile,
        tried: &Message,
        outcome: &CopyOutcome,
    ) -> Result<(), MediaError> {
        let mut last = StoreError::Busy("lost every race".into());
        for _ in 0..ATTEMPTS {
            match self.step(begun, tried, outcome).await {
                Ok(CommitStep::Write(writes, chat)) => match self.store.commit(writes).await {
                    Ok(()) => {
                        self.note(begun, outcome);
                        return self.tell(&chat).await;
                    }
                    // Retried also when the table is busy: the commit may have succeeded without its answer arriving.
                    Err(error) => last = error,
                },
                Ok(CommitStep::Told(chat)) => {
                    self.note(begun, outcome);
                    return self.tell(&chat).await;
                }
                Ok(CommitStep::OtherFile) => return self.start_anew(begun).await,
                Ok(CommitStep::Nobody) => return self.drop_pending(begun).await,
                Err(MediaError::Store(error)) => last = error,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(self.ambient.jitter(Duration::from_millis(100))).await;
        }
        // The object stays: if the commit succeeded after all, the message points to it; if not, the next attempt
        // deletes it.
        let _ = self.unbegin(begun).await;
        Err(last.into())
    }

    async fn step(
        &self,
        begun: &PendingFile,
        tried: &Message,
        outcome: &CopyOutcome,
    ) -> Result<CommitStep, MediaError> {
        let (account, now) = (&begun.account, self.ambient.now());
        let ids = [begun.message_id.clone()];
        let (place, messages) = tokio::join!(
            self.store.chat_place(account, &begun.chat),
            self.store.messages(account, &begun.chat, &ids),
        );
        let (ChatPlace::Chat(chat), Some(message)) = (place?, messages?.into_iter().next()) else {
            return Ok(CommitStep::Nobody);
        };
        let copy = outcome.copy(begun);
        if message.file.as_ref() == Some(&copy) {
            return Ok(CommitStep::Told(chat));
        }
        if !message.waits_for_file() {
            return Ok(CommitStep::Nobody);
        }
        if message.media != tried.media {
            return Ok(CommitStep::OtherFile);
        }
        let owner = self.owner(account).await?;
        let channel = self.settings.channel(&self.store, account, &chat.channel, now).await?;
        let closing = Closing::of(&owner, channel.as_ref());
        // Not an activity of the chat, because there is no new message.
        let mut change = ChatTransaction::of(*chat, &closing, owner.crm_kind);
        let told = message.with_file(copy, change.next_seq());
        change.message(Some(&message), &told);
        change.row(Ok(files::settled(begun)));
        if let CopyOutcome::Stored(stored) = outcome {
            change.row(Write::create(&self.link_row(begun, stored)));
        }
        let (chat, writes) = change.writes(now)?;
        Ok(CommitStep::Write(writes, Box::new(chat)))
    }

    fn link_row(&self, begun: &PendingFile, stored: &StoredFile) -> FileLinkRow {
        let kept = Duration::from_secs(self.keeping.days * 24 * 3600);
        let link = FileLink {
            v: 1,
            account: begun.account.clone(),
            chat: begun.chat.clone(),
            object: begun.object.clone().unwrap_or_default(),
            mime: served_type(&stored.told).to_owned(),
            expires_at: (self.ambient.now() + kept).seconds(),
        };
        FileLinkRow { hash: hex_digest(stored.link.as_bytes()), link }
    }

    /// Restarts the copy, because the message was edited during the download: the downloaded file is of no use, and the
    /// new one gets all its attempts.
    async fn start_anew(&self, begun: &PendingFile) -> Result<(), MediaError> {
        self.discard(begun.object.as_deref()).await?;
        let anew = PendingFile { attempts: 0, retry_at: None, object: None, ..begun.clone() };
        let write = Write::change(
            begun,
            &anew,
            &[attribute::pending_file::ATTEMPTS, attribute::pending_file::CREATED_AT],
        )?;
        match self.store.commit(write.into_iter().collect()).await {
            Err(error) if error.is_conflict() => {}
            done => done?,
        }
        Ok(self.nudger.media(&begun.account, &begun.chat, Duration::ZERO).await?)
    }

    fn note(&self, begun: &PendingFile, outcome: &CopyOutcome) {
        let (account, chat, attempts) = (begun.account.as_str(), begun.chat.as_str(), begun.attempts);
        match outcome {
            CopyOutcome::Stored(stored) => {
                telemetry::count(Metric::FilesStored, 1);
                tracing::info!(account, chat, attempts, bytes = stored.bytes, "a file is copied");
            }
            CopyOutcome::GivenUp(why) => {
                telemetry::count(Metric::FilesFailed, 1);
                tracing::warn!(account, chat, attempts, why = ?why, "a file is given up");
            }
        }
    }
}
