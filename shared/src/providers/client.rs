//! What we ask of a provider, one call each, and how its answers are sorted.

use super::provider::Provider;
use crate::base::clock::Timestamp;
use crate::base::ids::MessageId;
use crate::base::phone::Phone;
use crate::model::channel::Channel;
use crate::model::credential::Credential;
use crate::model::message::media::Media;
use crate::model::messenger::{ChannelState, Messenger};
use crate::model::outbound::call::{Edit, OutgoingMessage, SendFailure, Sent};
use crate::platform::http::{OutboundHttp, SendError};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

/// What every call is made with.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The one client, with its guard.
    pub http: &'a OutboundHttp,
    /// Where the provider's API is.
    pub base_url: &'a Url,
    /// The connection's credential.
    pub credential: &'a Credential,
    /// Now.
    pub now: Timestamp,
}

/// Our address at a provider.
#[derive(Clone, Copy, Debug)]
pub struct Webhook<'a> {
    /// The address, with its token.
    pub url: &'a str,
    /// What the provider has to show with every request, where it agrees on such a secret: 64 hexadecimal digits.
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
    /// Whether the message holds a file: some providers change its caption by another call.
    pub has_file: bool,
}

/// Calls to a provider. Each is made once; who repeats it, and when, is decided by `functions/delivery` and the like.
#[async_trait]
pub trait Client: Provider + Send {
    /// The channels of the credential.
    ///
    /// # Errors
    /// [`ProviderError`]; an answer that is no list is `Unavailable`.
    async fn channels(&self, call: &Call<'_>) -> Result<Vec<ListedChannel>, ProviderError>;

    /// Points the provider at our webhook. Repeatable.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] when the provider tried the address in vain.
    async fn subscribe(&self, call: &Call<'_>, webhook: &Webhook<'_>) -> Result<(), ProviderError>;

    /// Ends that, as far as the provider can.
    ///
    /// # Errors
    /// As [`Self::subscribe`].
    async fn unsubscribe(&self, call: &Call<'_>, webhook: &Webhook<'_>) -> Result<(), ProviderError>;

    /// Whether a webhook of this provider has a secret beside its URL: then one is made, sealed, and given to
    /// [`Self::subscribe`].
    fn wants_secret(&self) -> bool {
        false
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Sorted by what has to follow: see [`SendFailure`].
    async fn send(&self, call: &Call<'_>, message: &OutgoingMessage<'_>) -> Result<Sent, SendFailure>;

    /// Puts another text or file into a sent message.
    ///
    /// # Errors
    /// As [`Self::send`].
    async fn edit(&self, _: &Call<'_>, _: &MessageRef<'_>, _: Edit<'_>) -> Result<(), SendFailure> {
        Err(SendFailure::not_supported())
    }

    /// Takes a sent message back.
    ///
    /// # Errors
    /// As [`Self::send`].
    async fn delete(&self, _: &Call<'_>, _: &MessageRef<'_>) -> Result<(), SendFailure> {
        Err(SendFailure::not_supported())
    }

    /// Where a client's file can be read now: its link, or one that the provider has to be asked for.
    ///
    /// # Errors
    /// [`ProviderError::Refused`]: the file will never be there.
    async fn file(&self, _: &Call<'_>, media: &Media) -> Result<FileSource, ProviderError> {
        FileSource::of(media)
    }

    /// Whether [`Self::file`] needs the credential: where it does not, no secret is opened for a file.
    fn file_needs_credential(&self) -> bool {
        false
    }

    /// A page of the approved templates of the credential.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn templates(&self, _: &Call<'_>, _: Page) -> Result<Vec<Template>, ProviderError> {
        Ok(Vec::new())
    }

    /// Whether a number has the channel's messenger; `None` where the provider cannot tell.
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

    /// The credential that follows one which ends (Avito: 24 hours; OAuth). The caller writes it under a condition on the one
    /// before. `None`: this one stays.
    ///
    /// # Errors
    /// [`ProviderError::Unauthorized`]: a person has to connect anew.
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
    /// The number, profile or bot itself, where it is told.
    pub plain_id: Option<String>,
    /// The messenger that it carries; none where the provider's word cannot be one's name.
    pub messenger: Option<Messenger>,
    /// What carries it, in the provider's word (`whatsapp`, `tgapi` …).
    pub transport: String,
    /// Our word for its state.
    pub state: ChannelState,
    /// The provider's word for it.
    pub raw_state: String,
}

/// Part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Most entries.
    pub limit: u32,
    /// How many are passed over.
    pub offset: u32,
}

/// An approved template, as far as sending it needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The provider's id of it: what a message names.
    pub id: String,
    /// Its name, for people.
    pub title: Option<String>,
    /// Its language, as `ru`.
    pub language: Option<String>,
    /// The messenger's verdict in lower case: `approved`, `pending`, `rejected` …
    pub status: String,
    /// The channels that may send it, by the provider's ids; empty: not told.
    pub channels: Vec<String>,
    /// The text of its body, with places as `{{1}}`.
    pub body: Option<String>,
    /// How many values it takes, as far as can be told.
    pub places: usize,
    /// The entry as the provider gave it.
    pub raw: Value,
}

impl Template {
    /// Whether it may be sent now.
    pub fn is_approved(&self) -> bool {
        self.status == "approved"
    }
}

/// Where a file is, and what opens it. The address may be a secret itself (Telegram's holds the bot's token).
#[derive(Clone)]
pub struct FileSource {
    /// Its address.
    pub url: Url,
    /// What the provider wants to see, where the address alone is not enough.
    pub bearer: Option<SecretString>,
}

impl std::fmt::Debug for FileSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSource").finish_non_exhaustive()
    }
}

impl FileSource {
    /// A link that anybody may read.
    ///
    /// # Errors
    /// [`ProviderError::Refused`]: what stands for the link leads nowhere.
    pub fn of(media: &Media) -> Result<Self, ProviderError> {
        let url = Url::parse(&media.url)
            .map_err(|_| ProviderError::Refused("the file's link leads nowhere".into()))?;
        Ok(Self { url, bearer: None })
    }
}

/// Why a provider did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The credential is refused.
    #[error("the provider refused the credential")]
    Unauthorized,
    /// Refused for good, in the provider's words (shortened).
    #[error("the provider refused: {0}")]
    Refused(String),
    /// Not now.
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
