//! The calls to a provider, and how its answers are sorted.

use super::provider::Provider;
use crate::base::clock::Timestamp;
use crate::base::ids::MessageId;
use crate::base::phone::Phone;
use crate::model::channel::Channel;
use crate::model::credential::Credential;
use crate::model::message::content::Button;
use crate::model::message::media::Media;
use crate::model::messenger::{ChannelState, Messenger};
use crate::model::outbound::call::{Edit, OutgoingMessage, SendFailure, Sent};
use crate::platform::http::{OutboundHttp, SendError};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

/// The inputs of every call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The outbound HTTP client, with its guard.
    pub http: &'a OutboundHttp,
    /// The address of the provider's API.
    pub base_url: &'a Url,
    /// The connection's credential.
    pub credential: &'a Credential,
    /// The present moment.
    pub now: Timestamp,
}

/// Our webhook at a provider.
#[derive(Clone, Copy, Debug)]
pub struct Webhook<'a> {
    /// The address, with its token.
    pub url: &'a str,
    /// The secret that the provider must send with every request, if it supports one: 64 hexadecimal digits.
    pub secret: Option<&'a SecretString>,
}

/// A message at the provider.
#[derive(Clone, Copy, Debug)]
pub struct MessageRef<'a> {
    /// The channel.
    pub channel: &'a Channel,
    /// The provider's id of the chat.
    pub chat: &'a str,
    /// The provider's id of the message.
    pub id: &'a MessageId,
    /// Whether the message holds a file: some providers edit its caption by another call.
    pub has_file: bool,
    /// The buttons below the message: some providers remove them where an edit does not repeat them.
    pub buttons: &'a [Button],
}

/// Calls to a provider. Each is made once; retries are decided by the caller, such as `functions/delivery`.
#[async_trait]
pub trait Client: Provider + Send {
    /// Lists the channels of the credential.
    ///
    /// # Errors
    /// [`ProviderError`]; an answer that is no list is `Unavailable`.
    async fn channels(&self, call: &Call<'_>) -> Result<Vec<ListedChannel>, ProviderError>;

    /// Registers our webhook at the provider. Repeatable.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] if the provider's trial of the address failed.
    async fn subscribe(&self, call: &Call<'_>, webhook: &Webhook<'_>) -> Result<(), ProviderError>;

    /// Removes the webhook, as far as the provider can.
    ///
    /// # Errors
    /// As [`Self::subscribe`].
    async fn unsubscribe(&self, call: &Call<'_>, webhook: &Webhook<'_>) -> Result<(), ProviderError>;

    /// Whether a webhook of this provider has a secret besides its URL: then one is created, encrypted, and passed to
    /// [`Self::subscribe`].
    fn wants_secret(&self) -> bool {
        false
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Sorted by what has to follow: see [`SendFailure`].
    async fn send(&self, call: &Call<'_>, message: &OutgoingMessage<'_>) -> Result<Sent, SendFailure>;

    /// Replaces the text or the file of a sent message.
    ///
    /// # Errors
    /// As [`Self::send`].
    async fn edit(&self, _: &Call<'_>, _: &MessageRef<'_>, _: Edit<'_>) -> Result<(), SendFailure> {
        Err(SendFailure::not_supported())
    }

    /// Deletes a sent message.
    ///
    /// # Errors
    /// As [`Self::send`].
    async fn delete(&self, _: &Call<'_>, _: &MessageRef<'_>) -> Result<(), SendFailure> {
        Err(SendFailure::not_supported())
    }

    /// The address at which a client's file can be read now: its link, or one for which the provider has to be asked.
    ///
    /// # Errors
    /// [`ProviderError::Refused`]: the file will never be available.
    async fn file(&self, _: &Call<'_>, media: &Media) -> Result<FileSource, ProviderError> {
        FileSource::of(media)
    }

    /// Whether [`Self::file`] needs the credential: if not, no secret is decrypted for a file.
    fn file_needs_credential(&self) -> bool {
        false
    }

    /// Lists a page of the credential's templates.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn templates(&self, _: &Call<'_>, _: Page) -> Result<Vec<Template>, ProviderError> {
        Ok(Vec::new())
    }

    /// Whether a number has the channel's messenger; `None` if the provider cannot tell.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn check_number(
        &self,
        _: &Call<'_>,
        _: &Channel,
        _: &Phone,
    ) -> Result<Option<bool>, ProviderError> {
        Ok(None)
    }

    /// The next credential, if this one expires (Avito: 24 hours; OAuth). The caller stores it under a condition on the
    /// previous one. `None`: this one stays.
    ///
    /// # Errors
    /// [`ProviderError::Unauthorized`]: a person has to connect the account again.
    async fn refresh(&self, _: &Call<'_>) -> Result<Option<Credential>, ProviderError> {
        Ok(None)
    }
}

impl std::fmt::Debug for dyn Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A channel as the provider lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedChannel {
    /// The provider's id.
    pub external: String,
    /// Its name or number, for people.
    pub name: String,
    /// The number, profile or bot itself, if the provider names it.
    pub plain_id: Option<String>,
    /// The messenger of the channel; `None` if the provider's word is no possible name of one.
    pub messenger: Option<Messenger>,
    /// The transport, in the provider's word (`whatsapp`, `tgapi` …).
    pub transport: String,
    /// Its state, as ours.
    pub state: ChannelState,
    /// Its state, in the provider's word.
    pub raw_state: String,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The most entries.
    pub limit: u32,
    /// How many entries are skipped.
    pub offset: u32,
}

/// A template, as far as sending it requires.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The provider's id of the template, which a message names.
    pub id: String,
    /// Its name, for people.
    pub title: Option<String>,
    /// Its language, as `ru`.
    pub language: Option<String>,
    /// The messenger's decision in lower case: `approved`, `pending`, `rejected` …
    pub status: String,
    /// The channels that may send it, by the provider's ids; empty if unknown.
    pub channels: Vec<String>,
    /// The text of its body, with placeholders as `{{1}}`.
    pub body: Option<String>,
    /// How many values it takes, as far as known.
    pub places: usize,
    /// The entry as the provider sent it.
    pub raw: Value,
}

impl Template {
    /// Whether it may be sent now.
    pub fn is_approved(&self) -> bool {
        self.status == "approved"
    }
}

/// A file's address, and the token for it. The address may be a secret itself (Telegram's contains the bot's token).
#[derive(Clone)]
pub struct FileSource {
    /// Its address.
    pub url: Url,
    /// The bearer token, if the address alone is not enough.
    pub bearer: Option<SecretString>,
}

impl std::fmt::Debug for FileSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSource").finish_non_exhaustive()
    }
}

impl FileSource {
    /// A public link.
    ///
    /// # Errors
    /// [`ProviderError::Refused`]: the link is no valid address.
    pub fn of(media: &Media) -> Result<Self, ProviderError> {
        let url = Url::parse(&media.url)
            .map_err(|_| ProviderError::Refused("the file's link leads nowhere".into()))?;
        Ok(Self { url, bearer: None })
    }
}

/// The reason why a provider did not carry out a call.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The credential is refused.
    #[error("the provider refused the credential")]
    Unauthorized,
    /// Refused permanently, in the provider's words (shortened).
    #[error("the provider refused: {0}")]
    Refused(String),
    /// Not available now.
    #[error("the provider is not available: {0}")]
    Unavailable(String),
}

impl From<SendError> for ProviderError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotAllowed(_) => Self::Refused(error.to_string()),
            SendError::NotSent | SendError::OutcomeUnknown => Self::Unavailable(error.to_string()),
        }
    }
}
