//! One attempt at one file: recorded, downloaded, checked, stored.

use crate::commit::{CopyOutcome, StoredFile};
use crate::{Media, MediaError};
use shared::base::ids::MessageId;
use shared::model::chat::closing::LOST_NUDGE_AFTER;
use shared::model::message::Message;
use shared::model::message::media::{self, CopyFailure, PendingFile};
use shared::model::message::media_policy::{self, Trouble, Verdict};
use shared::platform::files::FileError;
use shared::platform::http::download::{self, Download, DownloadError, Downloaded};
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::{StoreError, files};
use std::time::Duration;

/// How long an attempt holds its file: longer than the function runs.
const ATTEMPT_LASTS: Duration = Duration::from_secs(150);

/// A downloaded file.
struct Fetched {
    mime: String,
    name: Option<String>,
    body: Vec<u8>,
}

impl Media {
    /// Tries to copy a file that is due. `time` is the limit of the download.
    pub(crate) async fn file(&self, pending: &PendingFile, time: Duration) -> Result<(), MediaError> {
        let Some(message) = self.waiting_message(pending).await? else {
            return self.drop_pending(pending).await;
        };
        if pending.attempts >= media_policy::ATTEMPTS {
            // Every attempt began and none ended: the file itself may be what kills the process.
            self.discard(pending.object.as_deref()).await?;
            return self.record(pending, &message, &CopyOutcome::GivenUp(CopyFailure::Unavailable)).await;
        }
        let Some(begun) = self.begin(pending).await? else { return Ok(()) };
        // The object of an attempt that died, to which no message points.
        if let Err(error) = self.discard(pending.object.as_deref()).await {
            self.change(&begun, &PendingFile { retry_at: None, ..pending.clone() }).await?;
            return Err(error);
        }
        match self.fetch(&begun, &message, time).await {
            Ok(fetched) => self.keep(&begun, &message, fetched).await,
            Err(trouble) => self.failed(&begun, &message, trouble).await,
        }
    }

    /// The message, while it waits for the file.
    async fn waiting_message(&self, pending: &PendingFile) -> Result<Option<Message>, StoreError> {
        let ids: [MessageId; 1] = [pending.message_id.clone()];
        let found = self.store.messages(&pending.account, &pending.chat, &ids).await?.into_iter().next();
        Ok(found.filter(|message| message.waits_for_file() && message.media.is_some()))
    }

    /// Removes a file from the list, because no message waits for it any more.
    pub(crate) async fn drop_pending(&self, pending: &PendingFile) -> Result<(), MediaError> {
        self.discard(pending.object.as_deref()).await?;
        match self.store.commit(vec![files::settled(pending)]).await {
            // Gone already, or added again.
            Err(error) if error.is_conflict() => Ok(()),
            done => Ok(done?),
        }
    }

    pub(crate) async fn discard(&self, object: Option<&str>) -> Result<(), MediaError> {
        match object {
            Some(object) => Ok(self.files.delete(object).await?),
            None => Ok(()),
        }
    }

    /// Records the beginning of an attempt; `None` if another worker began one.
    async fn begin(&self, pending: &PendingFile) -> Result<Option<PendingFile>, StoreError> {
        let mut begun = pending.clone();
        begun.attempts += 1;
        begun.retry_at = Some(self.ambient.now() + ATTEMPT_LASTS);
        let of_chat = media::objects_of(&pending.account, &pending.chat);
        begun.object = Some(format!("{of_chat}{}", self.ambient.uuid()));
        match self.change(pending, &begun).await {
            Err(error) if error.is_conflict() => Ok(None),
            done => done.map(|()| Some(begun)),
        }
    }

    /// Changes the row, if it is unchanged since it was read.
    async fn change(&self, before: &PendingFile, after: &PendingFile) -> Result<(), StoreError> {
        let as_read = [
            attribute::pending_file::ATTEMPTS,
            attribute::pending_file::RETRY_AT,
            attribute::pending_file::CREATED_AT,
        ];
        self.store.commit(Write::change(before, after, &as_read)?.into_iter().collect()).await
    }

    async fn fetch(
        &self,
        begun: &PendingFile,
        message: &Message,
        time: Duration,
    ) -> Result<Fetched, Trouble> {
        let file = message.media.as_ref().ok_or(Trouble::NotAllowed)?;
        let max_bytes = self.keeping.megabytes * 1_000_000;
        if file.bytes.is_some_and(|bytes| bytes > max_bytes) {
            return Err(Trouble::TooLarge);
        }
        let source = self.source(begun, file).await?;
        let wanted = Download {
            url: &source.url,
            bearer: source.bearer.as_ref(),
            max_bytes,
            timeout: download::TIMEOUT.min(time),
        };
        let answer = self.http.download(wanted, self.ambient.now()).await.map_err(|error| match error {
            DownloadError::TooLarge => Trouble::TooLarge,
            DownloadError::NotAllowed => Trouble::NotAllowed,
            DownloadError::NotSent | DownloadError::Broken => Trouble::NoAnswer,
        })?;
        look_at(message, file, answer)
    }

    /// Stores the file in the bucket and records it in its message.
    async fn keep(&self, begun: &PendingFile, message: &Message, fetched: Fetched) -> Result<(), MediaError> {
        let Some(object) = begun.object.as_deref() else { return Ok(()) };
        let stored = StoredFile::new(self, fetched.mime, fetched.body.len());
        let written = self.files.put(object, &stored.told, fetched.name.as_deref(), fetched.body).await;
        match written {
            Ok(()) => self.record(begun, message, &CopyOutcome::Stored(stored)).await,
            // The cause is in the file or its name: the attempt counts, so that the attempts end.
            Err(error @ FileError::Refused(_)) => {
                tracing::warn!(account = %begun.account, chat = %begun.chat, error = %error, "a file is not taken");
                self.failed(begun, message, Trouble::NoAnswer).await
            }
            Err(error) => {
                self.unbegin(begun).await?;
                Err(error.into())
            }
        }
    }

    /// Takes back an attempt that failed because of us: it does not count against the file.
    pub(crate) async fn unbegin(&self, begun: &PendingFile) -> Result<(), StoreError> {
        let attempts = begun.attempts.saturating_sub(1);
        self.change(begun, &PendingFile { attempts, retry_at: None, ..begun.clone() }).await
    }

    /// Postpones the next attempt, or gives the file up.
    async fn failed(
        &self,
        begun: &PendingFile,
        message: &Message,
        trouble: Trouble,
    ) -> Result<(), MediaError> {
        let now = self.ambient.now();
        let at = match media_policy::after(begun.attempts, trouble, now) {
            Verdict::Again(at) => at,
            Verdict::GiveUp(why) => return self.record(begun, message, &CopyOutcome::GivenUp(why)).await,
        };
        tracing::info!(
            account = %begun.account, chat = %begun.chat, attempt = begun.attempts, trouble = ?trouble,
            "a file did not come; it is tried again"
        );
        let next = PendingFile {
            retry_at: Some(at),
            check_at: at + LOST_NUDGE_AFTER,
            object: None,
            ..begun.clone()
        };
        match self.change(begun, &next).await {
            // The message has another file meanwhile, or none waits any more.
            Err(error) if error.is_conflict() => return Ok(()),
            done => done?,
        }
        // A whole second later, because a nudge that comes early finds nothing to do.
        let wait = Duration::from_secs(at.since(now).as_secs() + 1);
        Ok(self.nudger.media(&begun.account, &begun.chat, wait).await?)
    }
}

/// Checks that an answer is the file that the message describes.
fn look_at(message: &Message, told: &media::Media, answer: Downloaded) -> Result<Fetched, Trouble> {
    if !(200..300).contains(&answer.status) {
        return Err(Trouble::Status(answer.status, answer.retry_after));
    }
    if answer.body.is_empty() {
        return Err(Trouble::NoAnswer);
    }
    let mime = media_policy::told_type(answer.content_type.as_deref(), told.mime.as_deref());
    if !media_policy::fits(message.kind, &mime) {
        return Err(Trouble::WrongType);
    }
    let name = told.name.clone().or(answer.name).and_then(|name| media_policy::clean_name(&name));
    Ok(Fetched { mime, name, body: answer.body })
}
