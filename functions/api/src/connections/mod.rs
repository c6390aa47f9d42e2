//! Connections: each is one credential at a provider.

pub mod carrier;
pub mod connect;
pub mod providers_view;
pub mod test_message;

use crate::app::App;
use crate::channels::ChannelView;
use crate::connections::carrier::Carrier;
use crate::connections::connect::{Connected, Owner, Trouble, connect, disconnect, switch_off};
use crate::http::auth::AccountKey;
use crate::http::body::{Body, Id, Ids};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use shared::base::ids::{AccountId, ConnectionId, hex_digest};
use shared::model::account::Account;
use shared::model::channel::Channel;
use shared::model::connection::{ChannelOwner, Connection, ConnectionState, TokenOwner, WebhookToken};
use shared::model::credential::Credential;
use shared::model::field::Field;
use shared::platform::secrets::Purpose;
use shared::providers;
use shared::providers::client::{ProviderError, Webhook};
use shared::providers::provider::Provider;
use shared::store::Read;
use shared::store::attribute;
use shared::store::keys::{self, WebhookTokenRow};
use shared::store::row::{Row, Write};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The credential field that a request may name outside `credential`.
const API_KEY: &str = "api_key";

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, delete))
        .routes(routes!(refresh))
        .routes(routes!(providers_view::list))
        .routes(routes!(test_message::send))
        .routes(routes!(test_message::get))
}

/// A provider's credential to connect.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "wazzup", "name": "Our Wazzup", "api_key": "c8cf90474f4ae6bf42e0d1a9b3ee4c6f"}))]
pub struct NewConnection {
    /// A provider that `GET /v1/providers` lists.
    #[schema(value_type = ProviderName)]
    provider: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The values of the provider's fields, by their names. Secret values are never shown again.
    #[serde(default)]
    #[schema(nullable = false)]
    credential: Option<BTreeMap<String, String>>,
    /// Short for `credential.api_key`, for a provider that has such a field.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000, nullable = false)]
    api_key: Option<String>,
}

/// The schema of a provider's name: the names in the registry.
struct ProviderName;

impl PartialSchema for ProviderName {
    fn schema() -> RefOr<Schema> {
        let names = providers::built().map(|provider| provider.name());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

impl ToSchema for ProviderName {}

/// Checks a request's credential against the provider's fields.
fn checked(provider: &dyn Provider, new: &NewConnection) -> Result<Credential, ApiError> {
    let mut given = new.credential.clone().unwrap_or_default();
    let short = provider.credential_fields().iter().any(|field| field.name == API_KEY);
    if let Some(key) = &new.api_key {
        if !short {
            return Err(ApiError::unknown_field(API_KEY));
        }
        given.insert(API_KEY.into(), key.clone());
    }
    let mut fields = BTreeMap::new();
    for field in provider.credential_fields() {
        let place = place_of(field, new.credential.is_some());
        match given.remove(field.name) {
            Some(value) if field.fits(&value) => {
                fields.insert(field.name.to_owned(), SecretString::from(value));
            }
            Some(_) => return Err(ApiError::invalid(place, field.shape)),
            None if field.required => return Err(ApiError::missing_field(place)),
            None => {}
        }
    }
    match given.keys().next() {
        Some(name) => Err(ApiError::unknown_field(format!("credential.{name}"))),
        None => Ok(Credential { fields, expires_at: None }),
    }
}

/// A field's path in the request, for errors.
fn place_of(field: &Field, in_map: bool) -> String {
    if field.name == API_KEY && !in_map { API_KEY.into() } else { format!("credential.{}", field.name) }
}

/// A provider's error about a credential, as an API error that names the field.
fn refused(provider: &dyn Provider, error: ProviderError) -> ApiError {
    let first = provider.credential_fields().first();
    match error {
        ProviderError::Unauthorized => {
            let place = first.map_or_else(String::new, |field| place_of(field, false));
            ApiError::refused("provider_unauthorized", &place, error.to_string())
        }
        error => error.into(),
    }
}

/// A connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f1-11d2-7c55-b1ce-7a42e9f9f0ab", "provider": "wazzup", "name": "Our Wazzup", "state": "connected",
    "error": null, "created_at": "2026-11-21T09:10:00.000Z"
}))]
pub struct ConnectionView {
    id: String,
    provider: String,
    name: String,
    state: ConnectionState,
    /// The provider's last error.
    error: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Connection> for ConnectionView {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.connection.to_string(),
            provider: connection.provider,
            name: connection.name,
            state: connection.state,
            error: connection.error,
            created_at: connection.created_at.rfc3339(),
        }
    }
}

/// An account's connections.
#[derive(Debug, Serialize, ToSchema)]
pub struct Connections {
    connections: Vec<ConnectionView>,
}

/// Why a channel of the credential was skipped.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Another connection of this account carries it.
    OtherConnection,
    /// It belongs to another account.
    OtherAccount,
}

/// A channel of the credential that was skipped.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkippedView {
    /// The provider's id of the channel.
    external: String,
    reason: SkipReason,
}

/// A connection with the channels that the provider listed.
#[derive(Serialize, ToSchema)]
pub struct LinkedConnection {
    connection: ConnectionView,
    /// The URL that the provider posts to. It holds a secret, so only the answer to the creation shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    webhook_url: Option<String>,
    /// The channels that the connection carries.
    channels: Vec<ChannelView>,
    /// The channels that it does not carry.
    skipped: Vec<SkippedView>,
}

impl LinkedConnection {
    fn of(
        owner: &Account,
        connection: Connection,
        linked: Connected,
        webhook_url: Option<String>,
    ) -> Json<Self> {
        let skipped = linked.skipped.into_iter().map(|(external, owner)| {
            let reason = match owner {
                Owner::OtherConnection => SkipReason::OtherConnection,
                Owner::OtherAccount => SkipReason::OtherAccount,
            };
            SkippedView { external, reason }
        });
        let channels = linked.channels.into_iter().map(|channel| ChannelView::of(channel, owner));
        Json(Self {
            connection: connection.into(),
            webhook_url,
            channels: channels.collect(),
            skipped: skipped.collect(),
        })
    }
}

type Answer = (StatusCode, Json<LinkedConnection>);

/// Create a connection
///
/// Lists the credential's channels and registers our webhook. 202 when the provider is unavailable: the connection
/// stays `connecting` until a refresh succeeds. When the provider refuses, nothing is stored.
#[utoipa::path(
    post, path = "/v1/connections", tag = "connections", request_body = NewConnection,
    responses(
        (status = 201, description = "Connected", body = LinkedConnection),
        (status = 202, description = "Stored; the provider is unavailable, `connection.error` says why", body = LinkedConnection),
        (status = 409, description = "Every channel of the credential is taken: `channels_taken`"),
        (status = 422, description = "The provider refused: `provider_unauthorized`, `provider_refused` with its message")
    )
)]
pub async fn create(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Body(new): Body<NewConnection>,
) -> Result<Answer, ApiError> {
    validate::name("name", &new.name, validate::MAX_NAME)?;
    let provider = providers::client(&new.provider);
    let provider = provider.ok_or_else(|| ApiError::invalid("provider", "none that can be connected"))?;
    let credential = checked(provider, &new)?;
    let owner = existing_account(&app, account.as_str()).await?;
    let token = SecretString::from(app.random_hex::<16>());
    let secret = provider.wants_secret().then(|| SecretString::from(app.random_hex::<32>()));
    let (connection, row) =
        prepare(&app, &owner, (provider, new.name), &credential, (&token, secret.as_ref())).await?;
    let carrier = Carrier::new(&app, &connection.provider, credential)?;
    // Stored before the registration, because the provider tries the webhook while we register it.
    app.store.commit(vec![Write::create(&connection)?, Write::create(&row)?]).await?;
    let url = webhook_url(&app, &connection, &token);
    let webhook = Webhook { url: &url, secret: secret.as_ref() };
    let mut linked = connect(&app, &connection, &carrier, &webhook).await;
    let (status, how, error) = match linked.trouble.take() {
        None => (StatusCode::CREATED, ConnectionState::Connected, None),
        Some(Trouble::Provider(error @ ProviderError::Unavailable(_))) => {
            (StatusCode::ACCEPTED, ConnectionState::Connecting, Some(error.to_string()))
        }
        Some(trouble) => {
            undo(&app, &connection, linked.undo).await;
            return Err(match trouble {
                Trouble::Provider(error) => refused(provider, error),
                Trouble::Api(error) => error,
            });
        }
    };
    let connection = save(&app, connection, how, error).await?;
    Ok((status, LinkedConnection::of(&owner, connection, linked, Some(url))))
}

async fn prepare(
    app: &App,
    owner: &Account,
    (provider, name): (&dyn Provider, String),
    credential: &Credential,
    (token, secret): (&SecretString, Option<&SecretString>),
) -> Result<(Connection, WebhookTokenRow), ApiError> {
    let account = &owner.account;
    let token_hash = hex_digest(token.expose_secret().as_bytes());
    let connection = Connection {
        v: 1,
        account: account.clone(),
        connection: ConnectionId::new(app.ambient.uuid().to_string()),
        provider: provider.name().to_owned(),
        name,
        state: ConnectionState::Connecting,
        error: None,
        credential: app.vault.seal(account, &credential.to_text()).await?,
        public: BTreeMap::new(),
        token_hash: token_hash.clone(),
        token: app.vault.seal(account, token).await?,
        created_at: app.ambient.now(),
    };
    let secret = match secret {
        Some(secret) => Some(app.vault.seal_for(&Purpose::Webhook(&token_hash), secret).await?),
        None => None,
    };
    let owner = ChannelOwner {
        account: account.clone(),
        connection: connection.connection.clone(),
        id_salt: owner.id_salt.clone(),
    };
    let token = WebhookToken {
        v: 1,
        provider: provider.name().to_owned(),
        owner: TokenOwner::Connection(owner),
        secret,
    };
    Ok((connection, WebhookTokenRow { hash: token_hash, token }))
}

/// The secret that a connection's provider sends with every webhook request, if one was agreed on.
///
/// # Errors
/// Those of the store and of KMS.
pub async fn webhook_secret(app: &App, connection: &Connection) -> Result<Option<SecretString>, ApiError> {
    let client = providers::client(&connection.provider);
    if !client.is_some_and(|client| client.wants_secret()) {
        return Ok(None);
    }
    let key = keys::webhook_token(&connection.token_hash);
    let row: Option<WebhookTokenRow> = app.store.get(&key, Read::Consistent).await?;
    let Some(sealed) = row.and_then(|row| row.token.secret) else { return Ok(None) };
    let purpose = Purpose::Webhook(&connection.token_hash);
    Ok(Some(app.vault.open_for(&purpose, &sealed, app.ambient.now()).await?))
}

/// The URL of a connection's webhook.
pub fn webhook_url(app: &App, connection: &Connection, token: &SecretString) -> String {
    let base = app.public_base_url.trim_end_matches('/');
    format!("{base}/webhooks/{}/{}", connection.provider, token.expose_secret())
}

/// Deletes a connection that the provider refused, and undoes what linking did to channels.
async fn undo(app: &App, connection: &Connection, channels: Vec<Write>) {
    let token = Write::forget(keys::webhook_token(&connection.token_hash));
    let mut writes = vec![token, Write::forget(connection.key())];
    writes.extend(channels);
    if let Err(error) = app.store.commit_in_parts(writes).await {
        tracing::error!(error = %error, connection = %connection.connection, "a refused connection was left behind");
    }
}

async fn save(
    app: &App,
    before: Connection,
    state: ConnectionState,
    error: Option<String>,
) -> Result<Connection, ApiError> {
    let after = Connection { state, error, ..before.clone() };
    let write = Write::change(&before, &after, &[attribute::connection::TOKEN_HASH])?;
    app.store.commit(write.into_iter().collect()).await.map_err(|error| match error {
        shared::store::StoreError::Lost(_) => ApiError::not_found("connection"),
        other => other.into(),
    })?;
    Ok(after)
}

async fn existing_connection(app: &App, account: &AccountId, id: &str) -> Result<Connection, ApiError> {
    let found = app.store.connection(account, &ConnectionId::new(id)).await?;
    found.ok_or_else(|| ApiError::not_found("connection"))
}

/// Refresh a connection
///
/// Lists the channels and registers the webhook again. Repeatable. Channels that the provider lists no more are
/// disabled.
#[utoipa::path(
    post, path = "/v1/connections/{connection}/refresh", tag = "connections",
    params(("connection" = String, Path, description = "The connection's id")),
    responses(
        (status = 200, description = "Connected", body = LinkedConnection),
        (status = 202, description = "The provider is unavailable, `connection.error` says why", body = LinkedConnection),
        (status = 409, description = "Every channel of the credential is taken: `channels_taken`"),
        (status = 422, description = "The provider refused: `provider_unauthorized`, `provider_refused` with its message")
    )
)]
pub async fn refresh(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Answer, ApiError> {
    let owner = existing_account(&app, account.as_str()).await?;
    let connection = existing_connection(&app, &account, &id).await?;
    let now = app.ambient.now();
    let carrier = Carrier::of(&app, &connection).await?;
    let token = app.vault.open(&account, &connection.token, now).await?;
    let url = webhook_url(&app, &connection, &token);
    let secret = webhook_secret(&app, &connection).await?;
    let webhook = Webhook { url: &url, secret: secret.as_ref() };
    let mut linked = connect(&app, &connection, &carrier, &webhook).await;
    let state = connection.state;
    match linked.trouble.take() {
        None => {
            let kept: HashSet<_> = linked.channels.iter().map(|channel| channel.channel.clone()).collect();
            let gone = |channel: &Channel| !kept.contains(&channel.channel) && carrier.client.lists(channel);
            let off = switch_off(&app, &connection, gone, "not_listed").await?;
            linked.channels.extend(off);
            let connection = save(&app, connection, ConnectionState::Connected, None).await?;
            Ok((StatusCode::OK, LinkedConnection::of(&owner, connection, linked, None)))
        }
        Some(Trouble::Provider(error @ ProviderError::Unavailable(_))) => {
            let connection = save(&app, connection, state, Some(error.to_string())).await?;
            Ok((StatusCode::ACCEPTED, LinkedConnection::of(&owner, connection, linked, None)))
        }
        Some(Trouble::Provider(error)) => {
            let dead = matches!(error, ProviderError::Unauthorized);
            let state = if dead { ConnectionState::Unauthorized } else { state };
            save(&app, connection, state, Some(error.to_string())).await?;
            Err(refused(carrier.client, error))
        }
        Some(Trouble::Api(error)) => Err(error),
    }
}

/// List connections
#[utoipa::path(
    get, path = "/v1/connections", tag = "connections",
    responses((status = 200, description = "All connections, the oldest first", body = Connections))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<Connections>, ApiError> {
    let connections = app.store.connections(&account).await?;
    Ok(Json(Connections { connections: connections.into_iter().map(ConnectionView::from).collect() }))
}

/// Get a connection
#[utoipa::path(
    get, path = "/v1/connections/{connection}", tag = "connections",
    params(("connection" = String, Path, description = "The connection's id")),
    responses((status = 200, description = "The connection", body = ConnectionView))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<ConnectionView>, ApiError> {
    Ok(Json(existing_connection(&app, &account, &id).await?.into()))
}

/// Delete a connection
///
/// The webhook's URL stops working, the provider is asked to stop, and the channels stay, disabled.
#[utoipa::path(
    delete, path = "/v1/connections/{connection}", tag = "connections",
    params(("connection" = String, Path, description = "The connection's id")),
    responses((status = 204, description = "Deleted"))
)]
pub async fn delete(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<StatusCode, ApiError> {
    let connection = existing_connection(&app, &account, &id).await?;
    // The connection's row is deleted last, so that a deletion that stops before can be repeated.
    app.store.commit(vec![Write::forget(keys::webhook_token(&connection.token_hash))]).await?;
    if let Err(error) = stop(&app, &connection).await {
        tracing::warn!(error, connection = %connection.connection, "the provider was not stopped");
    }
    switch_off(&app, &connection, |_| true, "disconnected").await?;
    app.store.commit(vec![Write::forget(connection.key())]).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn stop(app: &App, connection: &Connection) -> Result<(), String> {
    let carrier = Carrier::of(app, connection).await.map_err(|_| "the credential was not opened")?;
    let token = app.vault.open(&connection.account, &connection.token, app.ambient.now()).await;
    let token = token.map_err(|error| error.to_string())?;
    let url = webhook_url(app, connection, &token);
    disconnect(app, &carrier, &Webhook { url: &url, secret: None }).await.map_err(|error| match error {
        ProviderError::Refused(_) => "the provider refused".to_owned(),
        other => other.to_string(),
    })
}
