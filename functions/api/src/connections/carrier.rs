//! A connection's provider, ready to be called.

use crate::app::App;
use crate::http::error::ApiError;
use shared::model::connection::Connection;
use shared::model::credential::Credential;
use shared::providers;
use shared::providers::client::{Call, Client};
use url::Url;

/// The client of a connection's provider, with the URL and credential for its calls.
#[derive(Debug)]
pub struct Carrier {
    /// The provider's client.
    pub client: &'static dyn Client,
    base_url: Url,
    credential: Credential,
}

impl Carrier {
    /// A carrier for the provider of this name, with a credential.
    ///
    /// # Errors
    /// 500 for a name that is not in the registry, because names are checked before they are stored.
    pub fn new(app: &App, provider: &str, credential: Credential) -> Result<Self, ApiError> {
        let unknown = || ApiError::internal("a connection of a provider that is not known here");
        let client = providers::client(provider).ok_or_else(unknown)?;
        let base_url = app.base_urls.of(client).ok_or_else(unknown)?;
        Ok(Self { client, base_url, credential })
    }

    /// A carrier for a stored connection; decrypts its credential.
    ///
    /// # Errors
    /// As [`Self::new`], and those of KMS.
    pub async fn of(app: &App, connection: &Connection) -> Result<Self, ApiError> {
        let now = app.ambient.now();
        let sealed = app.vault.open(&connection.account, &connection.credential, now).await?;
        Self::new(app, &connection.provider, providers::credential(&connection.provider, &sealed))
    }

    /// The parameters of one call.
    pub fn call<'a>(&'a self, app: &'a App) -> Call<'a> {
        Call {
            http: &app.http,
            base_url: &self.base_url,
            credential: &self.credential,
            now: app.ambient.now(),
        }
    }
}
