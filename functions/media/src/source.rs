//! Finds the address from which a message's file is downloaded.

use crate::Media;
use shared::model::credential::Credential;
use shared::model::message::media::{Media as File, PendingFile};
use shared::model::message::media_policy::Trouble;
use shared::providers;
use shared::providers::client::{Call, Client, FileSource, ProviderError};
use shared::store::Read;
use std::time::Duration;

/// The time limit for a provider's answer with a file's address.
const ASKED_WITHIN: Duration = Duration::from_secs(15);

impl Media {
    /// The address at which a file can be read now. The message holds either a link or `{provider}:{id}`; for the
    /// latter the provider is asked for the link.
    pub(crate) async fn source(&self, pending: &PendingFile, file: &File) -> Result<FileSource, Trouble> {
        let provider = file.url.split_once(':').and_then(|(word, _)| providers::client(word));
        match provider {
            Some(client) => self.ask(client, pending, file).await,
            None => FileSource::of(file).map_err(|_| Trouble::NotAllowed),
        }
    }

    async fn ask(
        &self,
        client: &'static dyn Client,
        pending: &PendingFile,
        file: &File,
    ) -> Result<FileSource, Trouble> {
        let credential = self.credential(pending).await.ok_or(Trouble::NoAnswer)?;
        let base_url = self.base_urls.of(client).ok_or(Trouble::NotAllowed)?;
        let call =
            Call { http: &self.http, base_url: &base_url, credential: &credential, now: self.ambient.now() };
        let asked = tokio::time::timeout(ASKED_WITHIN, client.file(&call, file)).await;
        match asked.map_err(|_| Trouble::NoAnswer)? {
            Ok(source) => Ok(source),
            Err(ProviderError::Refused(_)) => Err(Trouble::NotAllowed),
            Err(ProviderError::Unauthorized | ProviderError::Unavailable(_)) => Err(Trouble::NoAnswer),
        }
    }

    /// The credential of the chat's channel; `None` if it cannot be read now.
    async fn credential(&self, pending: &PendingFile) -> Option<Credential> {
        let (account, now) = (&pending.account, self.ambient.now());
        let read = async {
            let Some(chat) = self.store.chat(account, &pending.chat).await? else { return Ok(None) };
            let Some(channel) = self.store.channel(account, &chat.channel, Read::Eventual).await? else {
                return Ok(None);
            };
            self.store.connection(account, &channel.connection).await
        };
        let connection = read.await.inspect_err(|error| {
            tracing::warn!(account = %account, chat = %pending.chat, error = %error, "a file's connection was not read");
        });
        let connection = connection.ok().flatten()?;
        let sealed = self.vault.open(account, &connection.credential, now).await.ok()?;
        Some(providers::credential(&connection.provider, &sealed))
    }
}
