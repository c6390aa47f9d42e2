//! Connections: one credential at a provider each.

pub mod connect;
pub mod test_message;

use crate::app::App;
use crate::channels::ChannelView;
use crate::connections::connect::{Linked, Owner, Trouble, link, switch_off, unlink};
use crate::http::auth::Tenant;
use crate::http::body::{Body, Id, Ids};
use crate::http::enums::ConnectionState;
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
use shared::model::connection::{Connection, ConnectionState as How, WebhookToken};
use shared::providers::{ProviderError, wazzup};
use shared::store::keys::{self, WebhookTokenRow};
use shared::store::row::{Row, Write};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, delete))
        .routes(routes!(refresh))
        .routes(routes!(test_message::send))
        .routes(routes!(test_message::get))
}

/// A provider.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderName {
    /// Wazzup24, API v3.
    Wazzup,
}

/// A credential to connect.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "wazzup", "name": "Our Wazzup", "api_key": "c8cf90474f4ae6bf42e0d1a9b3ee4c6f"}))]
pub struct NewConnection {
    provider: ProviderName,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The provider's key. Never shown again.
    #[schema(min_length = 1, max_length = 1000)]
    api_key: String,
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
    /// What the provider last said against it.
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
            state: connection.state.into(),
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

/// Why a channel of the credential was left out.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Another connection of this account carries it.
    OtherConnection,
    /// It belongs to another account.
    OtherAccount,
}

/// A channel of the credential that was left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkippedView {
    /// The provider's id of it.
    external: String,
    reason: SkipReason,
}

/// A connection with what the provider listed.
#[derive(Serialize, ToSchema)]
pub struct LinkedConnection {
    connection: ConnectionView,
    /// The URL that the provider posts to. It holds a secret: only the answer to the creation shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    webhook_url: Option<String>,
    /// The channels that the connection carries.
    channels: Vec<ChannelView>,
    /// The channels that it does not.
    skipped: Vec<SkippedView>,
}

impl LinkedConnection {
    fn of(
        owner: &Account,
        connection: Connection,
        linked: Linked,
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

/// Connect a provider
///
/// Lists the credential's channels and registers our webhook. 202 when the provider is not available: the connection
/// stays `connecting` until a refresh succeeds. When the provider refuses, nothing is left behind.
#[utoipa::path(
    post, path = "/v1/connections", tag = "connections", request_body = NewConnection,
    responses(
        (status = 201, description = "Connected", body = LinkedConnection),
        (status = 202, description = "Kept; the provider is not available, `connection.error` says why", body = LinkedConnection),
        (status = 409, description = "Every channel of the credential is taken: `channels_taken`"),
        (status = 422, description = "The provider refused: `provider_unauthorized`, `provider_refused` with its words")
    )
)]
pub async fn create(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Body(new): Body<NewConnection>,
) -> Result<Answer, ApiError> {
    validate::name("name", &new.name, validate::MAX_NAME)?;
    validate::credential("api_key", &new.api_key)?;
    let owner = existing_account(&app, account.as_str()).await?;
    let token = SecretString::from(app.random_hex::<16>());
    let key = SecretString::from(new.api_key);
    let (connection, row) = prepare(&app, &account, (new.provider, new.name), &key, &token).await?;
    // Before the registration: the provider tries the webhook while we register it.
    app.store.commit(vec![Write::create(&connection)?, Write::create(&row)?]).await?;
    let url = webhook_url(&app, &connection, &token);
    let mut linked = link(&app, &connection, &key, &url).await;
    let (status, how, error) = match linked.trouble.take() {
        None => (StatusCode::CREATED, How::Connected, None),
        Some(Trouble::Provider(error @ ProviderError::Unavailable(_))) => {
            (StatusCode::ACCEPTED, How::Connecting, Some(error.to_string()))
        }
        Some(trouble) => {
            undo(&app, &connection, linked.undo).await;
            return Err(match trouble {
                Trouble::Provider(error) => error.into(),
                Trouble::Api(error) => error,
            });
        }
    };
    let connection = save(&app, connection, how, error).await?;
    Ok((status, LinkedConnection::of(&owner, connection, linked, Some(url))))
}

async fn prepare(
    app: &App,
    account: &AccountId,
    (provider, name): (ProviderName, String),
    key: &SecretString,
    token: &SecretString,
) -> Result<(Connection, WebhookTokenRow), ApiError> {
    let id_salt = existing_account(app, account.as_str()).await?.id_salt;
    let provider = match provider {
        ProviderName::Wazzup => wazzup::NAME.to_owned(),
    };
    let connection = Connection {
        v: 1,
        account: account.clone(),
        connection: ConnectionId::new(app.ambient.uuid().to_string()),
        provider: provider.clone(),
        name,
        state: How::Connecting,
        error: None,
        credential: app.vault.seal(account, key).await?,
        token_hash: hex_digest(token.expose_secret().as_bytes()),
        token: app.vault.seal(account, token).await?,
        created_at: app.ambient.now(),
    };
    let (account, connection_id) = (account.clone(), connection.connection.clone());
    let token = WebhookToken { v: 1, account, connection: connection_id, provider, id_salt };
    let row = WebhookTokenRow { hash: connection.token_hash.clone(), token };
    Ok((connection, row))
}

/// Where the provider reaches a connection.
pub fn webhook_url(app: &App, connection: &Connection, token: &SecretString) -> String {
    let base = app.public_base_url.trim_end_matches('/');
    format!("{base}/webhooks/{}/{}", connection.provider, token.expose_secret())
}

/// Takes a connection back that did not come about.
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
    state: How,
    error: Option<String>,
) -> Result<Connection, ApiError> {
    let after = Connection { state, error, ..before.clone() };
    let write = Write::change(&before, &after, &["token_hash"])?;
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

/// List channels and register the webhook again
///
/// Repeatable. Channels that the provider lists no more are switched off.
#[utoipa::path(
    post, path = "/v1/connections/{connection}/refresh", tag = "connections",
    params(("connection" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "Connected", body = LinkedConnection),
        (status = 202, description = "The provider is not available, `connection.error` says why", body = LinkedConnection),
        (status = 409, description = "Every channel of the credential is taken: `channels_taken`"),
        (status = 422, description = "The provider refused: `provider_unauthorized`, `provider_refused` with its words")
    )
)]
pub async fn refresh(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Answer, ApiError> {
    let owner = existing_account(&app, account.as_str()).await?;
    let connection = existing_connection(&app, &account, &id).await?;
    let now = app.ambient.now();
    let key = app.vault.open(&account, &connection.credential, now).await?;
    let token = app.vault.open(&account, &connection.token, now).await?;
    let url = webhook_url(&app, &connection, &token);
    let mut linked = link(&app, &connection, &key, &url).await;
    let state = connection.state;
    match linked.trouble.take() {
        None => {
            let off = switch_off(&app, &connection, &linked.channels, "not_listed").await?;
            linked.channels.extend(off);
            let connection = save(&app, connection, How::Connected, None).await?;
            Ok((StatusCode::OK, LinkedConnection::of(&owner, connection, linked, None)))
        }
        Some(Trouble::Provider(error @ ProviderError::Unavailable(_))) => {
            let connection = save(&app, connection, state, Some(error.to_string())).await?;
            Ok((StatusCode::ACCEPTED, LinkedConnection::of(&owner, connection, linked, None)))
        }
        Some(Trouble::Provider(error)) => {
            let dead = matches!(error, ProviderError::Unauthorized);
            let state = if dead { How::Unauthorized } else { state };
            save(&app, connection, state, Some(error.to_string())).await?;
            Err(error.into())
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
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
) -> Result<Json<Connections>, ApiError> {
    let connections = app.store.connections(&account).await?;
    Ok(Json(Connections { connections: connections.into_iter().map(ConnectionView::from).collect() }))
}

/// Read a connection
#[utoipa::path(
    get, path = "/v1/connections/{connection}", tag = "connections",
    params(("connection" = String, Path, description = "Its id")),
    responses((status = 200, description = "The connection", body = ConnectionView))
)]
pub async fn get(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<ConnectionView>, ApiError> {
    Ok(Json(existing_connection(&app, &account, &id).await?.into()))
}

/// Disconnect
///
/// The webhook's URL opens nothing any more, the provider is asked to stop, and the channels stay, switched off.
#[utoipa::path(
    delete, path = "/v1/connections/{connection}", tag = "connections",
    params(("connection" = String, Path, description = "Its id")),
    responses((status = 204, description = "Gone"))
)]
pub async fn delete(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<StatusCode, ApiError> {
    let connection = existing_connection(&app, &account, &id).await?;
    // The connection's row goes last: whatever stops this before, it can be asked for again.
    app.store.commit(vec![Write::forget(keys::webhook_token(&connection.token_hash))]).await?;
    if let Err(error) = stop(&app, &connection).await {
        tracing::warn!(error, connection = %connection.connection, "the provider was not stopped");
    }
    switch_off(&app, &connection, &[], "disconnected").await?;
    app.store.commit(vec![Write::forget(connection.key())]).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn stop(app: &App, connection: &Connection) -> Result<(), String> {
    let now = app.ambient.now();
    let open = async |sealed| {
        app.vault.open(&connection.account, sealed, now).await.map_err(|error| error.to_string())
    };
    let (key, token) = (open(&connection.credential).await?, open(&connection.token).await?);
    let url = webhook_url(app, connection, &token);
    unlink(app, &key, &url).await.map_err(|error| match error {
        ProviderError::Refused(_) => "the provider refused".to_owned(),
        other => other.to_string(),
    })
}
