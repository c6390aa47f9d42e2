//! API keys: made by the operator, listed by prefix and revoked by the account.

use crate::App;
use crate::auth::{KEY_PREFIX, Operator, Tenant, existing_account};
use crate::error::ApiError;
use crate::extract::{Id, Ids};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use shared::account::ApiKey;
use shared::ids::{AccountId, ApiKeyId, hex_digest};
use shared::store::Read;
use shared::store::keys::{self as places, ApiKeyEntry, ApiKeyRow};
use shared::store::row::{Row, Write};
use std::sync::Arc;
use utoipa::ToSchema;

/// How much of a key its prefix shows.
const SHOWN: usize = KEY_PREFIX.len() + 6;

/// A key as it was made; shown once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f0-7c1f-7d20-8a11-3b6d0f9e4c22", "prefix": "sb_5f0c1a", "created_at": "2026-11-21T09:10:00.000Z",
    "key": "sb_5f0c1a0000000000000000000000000000000000000000000000000000000000"
}))]
pub struct NewKey {
    id: String,
    prefix: String,
    /// The key itself. Keep it: it is not stored and never shown again.
    key: String,
    #[schema(format = DateTime)]
    created_at: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewKey({}…)", self.prefix)
    }
}

/// A key in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    id: String,
    /// Its first characters.
    prefix: String,
    #[schema(format = DateTime)]
    created_at: String,
}

/// An account's keys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "keys": [{
        "id": "019aa5f0-7c1f-7d20-8a11-3b6d0f9e4c22", "prefix": "sb_5f0c1a", "created_at": "2026-11-21T09:10:00.000Z"
    }]
}))]
pub struct Keys {
    keys: Vec<KeyView>,
}

/// A new key for an account, and the writes that keep it: 256 random bits, of which only the hash is stored.
///
/// # Errors
/// 500, which does not happen.
pub fn fresh_key(app: &App, account: &AccountId) -> Result<(NewKey, [Write; 2]), ApiError> {
    let key = format!("{KEY_PREFIX}{}", app.random_hex::<32>());
    let row = ApiKeyRow {
        hash: hex_digest(key.as_bytes()),
        key: ApiKey {
            v: 1,
            account: account.clone(),
            key_id: ApiKeyId::new(app.ambient.uuid().to_string()),
            prefix: key[..SHOWN].to_owned(),
            created_at: app.ambient.now(),
        },
    };
    let entry =
        ApiKeyEntry { account: account.clone(), key_id: row.key.key_id.clone(), hash: row.hash.clone() };
    let writes = [Write::create(&row)?, Write::create(&entry)?];
    let (id, prefix, created_at) = (row.key.key_id.to_string(), row.key.prefix, row.key.created_at.rfc3339());
    Ok((NewKey { id, prefix, key, created_at }, writes))
}

/// Make another key for an account
#[utoipa::path(
    post, path = "/v1/accounts/{account}/keys", tag = "operator",
    params(("account" = String, Path, description = "The account's id")),
    responses((status = 201, description = "The key, shown only here", body = NewKey))
)]
pub async fn create(
    _: Operator,
    State(app): State<Arc<App>>,
    Ids(Id(account)): Ids<Id>,
) -> Result<(StatusCode, Json<NewKey>), ApiError> {
    let account = existing_account(&app, &account).await?.account;
    let (key, writes) = fresh_key(&app, &account)?;
    app.store.commit(writes.into()).await?;
    Ok((StatusCode::CREATED, Json(key)))
}

/// List the account's keys
#[utoipa::path(
    get, path = "/v1/keys", tag = "account",
    responses((status = 200, description = "The keys by their prefixes, the oldest first", body = Keys))
)]
pub async fn list(Tenant(account): Tenant, State(app): State<Arc<App>>) -> Result<Json<Keys>, ApiError> {
    let entries = app.store.api_keys(&account).await?;
    let rows: Vec<_> = entries.iter().map(|entry| places::api_key(&entry.hash)).collect();
    let mut keys: Vec<ApiKeyRow> = app.store.get_many(&rows, Read::Consistent).await?;
    keys.sort_by(|left, right| {
        (left.key.created_at, &left.key.key_id).cmp(&(right.key.created_at, &right.key.key_id))
    });
    let keys = keys.into_iter().map(|row| KeyView {
        id: row.key.key_id.to_string(),
        prefix: row.key.prefix,
        created_at: row.key.created_at.rfc3339(),
    });
    Ok(Json(Keys { keys: keys.collect() }))
}

/// Revoke a key
///
/// It opens nothing from the next request on. The last one cannot be revoked: let the operator make another first.
#[utoipa::path(
    delete, path = "/v1/keys/{key}", tag = "account", params(("key" = String, Path, description = "The key's id")),
    responses((status = 204, description = "Revoked"), (status = 409, description = "It is the last one: `last_key`"))
)]
pub async fn revoke(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<StatusCode, ApiError> {
    app.settle(|| revoke_once(&app, &account, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke_once(app: &App, account: &AccountId, id: &str) -> Result<(), ApiError> {
    let entries = app.store.api_keys(account).await?;
    let (this, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.key_id.as_str() == id);
    let this = this.first().ok_or_else(|| ApiError::not_found("key"))?;
    let stays = others.first().ok_or_else(|| {
        ApiError::conflict(
            "last_key",
            "an account keeps at least one key; let the operator make another first",
        )
    })?;
    // Two revocations at once may not each take the other's last one.
    let writes = vec![
        Write::delete(this.key()),
        Write::forget(places::api_key(&this.hash)),
        Write::check(*stays, &[])?,
    ];
    Ok(app.store.commit(writes).await?)
}
