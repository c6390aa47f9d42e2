//! API keys: create, list by prefix, reveal to an admin, rotate with an overlap, revoke.

use crate::app::App;
use crate::http::auth::{AccountKey, KEY_PREFIX, Operator};
use crate::http::body::{Body, Id, Ids, moment};
use crate::http::error::ApiError;
use crate::http::existing::existing_account;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ApiKeyId, hex_digest};
use shared::model::api_key::ApiKey;
use shared::store::Read;
use shared::store::attribute;
use shared::store::keys::{self as places, ApiKeyEntry, ApiKeyRow};
use shared::store::row::{Row, Write};
use std::sync::Arc;
use utoipa::ToSchema;

/// How many characters of a key its prefix shows.
const SHOWN: usize = KEY_PREFIX.len() + 6;
/// Most keys of an account, including those that will expire.
const MAX_KEYS: usize = 50;
/// Longest overlap of a rotation, in seconds: 30 days.
const MAX_OVERLAP_S: i64 = 2_592_000;

/// The settings of a new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "CRM"}))]
pub struct NewKeyRequest {
    /// The key's purpose, for people.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
}

/// A new key, with its text.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f0-7c1f-7d20-8a11-3b6d0f9e4c22", "prefix": "sb_5f0c1a", "name": "CRM",
    "created_at": "2026-11-21T09:10:00.000Z", "last_used_at": null, "expires_at": null,
    "key": "sb_5f0c1a0000000000000000000000000000000000000000000000000000000000"
}))]
pub struct NewKey {
    #[serde(flatten)]
    view: KeyView,
    /// The key itself.
    key: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewKey({}…)", self.view.prefix)
    }
}

/// A key in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f0-7c1f-7d20-8a11-3b6d0f9e4c22", "prefix": "sb_5f0c1a", "name": "CRM",
    "created_at": "2026-11-21T09:10:00.000Z", "last_used_at": "2026-11-21T11:02:00.000Z", "expires_at": null
}))]
pub struct KeyView {
    id: String,
    /// The key's first characters.
    prefix: String,
    /// The key's purpose, for people.
    name: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// When the key was last used, to within an hour.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// When the key expires, once it was rotated.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        let end = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        Self {
            id: key.key_id.to_string(),
            prefix: key.prefix.clone(),
            name: key.name.clone(),
            created_at: key.created_at.rfc3339(),
            last_used_at: moment(key.last_used_at),
            expires_at: moment(key.expires_at.map(end)),
        }
    }
}

/// An account's keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct Keys {
    keys: Vec<KeyView>,
}

/// Generates a key for an account, and the writes that store it: 256 random bits, found by their hash and stored
/// encrypted.
///
/// # Errors
/// 503 while KMS does not answer.
pub async fn fresh_key(
    app: &App,
    account: &AccountId,
    name: Option<String>,
) -> Result<(NewKey, [Write; 2]), ApiError> {
    let key = format!("{KEY_PREFIX}{}", app.random_hex::<32>());
    let row = ApiKeyRow {
        hash: hex_digest(key.as_bytes()),
        key: ApiKey {
            v: 1,
            account: account.clone(),
            key_id: ApiKeyId::new(app.ambient.uuid().to_string()),
            prefix: key[..SHOWN].to_owned(),
            name,
            secret: Some(app.vault.seal(account, &SecretString::from(key.as_str())).await?),
            last_used_at: None,
            expires_at: None,
            created_at: app.ambient.now(),
        },
    };
    let writes = [Write::create(&row)?, Write::create(&entry_of(&row))?];
    Ok((NewKey { view: KeyView::from(&row.key), key }, writes))
}

fn entry_of(row: &ApiKeyRow) -> ApiKeyEntry {
    ApiKeyEntry {
        account: row.key.account.clone(),
        key_id: row.key.key_id.clone(),
        hash: row.hash.clone(),
        expires_at: row.key.expires_at,
    }
}

/// The account's keys that have not expired, as of the last write.
async fn open_keys(app: &App, account: &AccountId) -> Result<Vec<ApiKeyEntry>, ApiError> {
    let now = app.ambient.now().seconds();
    let mut entries = app.store.api_keys(account).await?;
    entries.retain(|entry| entry.expires_at.is_none_or(|end| now < end));
    Ok(entries)
}

fn room_for_one(keys: &[ApiKeyEntry]) -> Result<(), ApiError> {
    if keys.len() < MAX_KEYS {
        return Ok(());
    }
    let message =
        format!("an account has at most {MAX_KEYS} keys, those that are ending included: revoke one");
    Err(ApiError::refused("too_many_keys", "", message))
}

async fn make(app: &App, account: &AccountId, name: Option<String>) -> Result<NewKey, ApiError> {
    room_for_one(&open_keys(app, account).await?)?;
    let (key, writes) = fresh_key(app, account, name).await?;
    app.store.commit(writes.into()).await?;
    Ok(key)
}

/// Create a key for an account
#[utoipa::path(
    post, path = "/v1/accounts/{account}/keys", tag = "operator",
    params(("account" = String, Path, description = "The account's id")),
    responses(
        (status = 201, description = "The key", body = NewKey),
        (status = 422, description = "More than 50 keys: `too_many_keys`")
    )
)]
pub async fn create(
    _: Operator,
    State(app): State<Arc<App>>,
    Ids(Id(account)): Ids<Id>,
) -> Result<(StatusCode, Json<NewKey>), ApiError> {
    let account = existing_account(&app, &account).await?.account;
    Ok((StatusCode::CREATED, Json(make(&app, &account, None).await?)))
}

/// Create a key
#[utoipa::path(
    post, path = "/v1/keys", tag = "account", request_body = NewKeyRequest,
    responses(
        (status = 201, description = "The key", body = NewKey),
        (status = 422, description = "More than 50 keys: `too_many_keys`")
    )
)]
pub async fn create_own(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Body(new): Body<NewKeyRequest>,
) -> Result<(StatusCode, Json<NewKey>), ApiError> {
    if let Some(name) = &new.name {
        validate::name("name", name, validate::MAX_NAME)?;
    }
    Ok((StatusCode::CREATED, Json(make(&app, &account, new.name).await?)))
}

/// List the account's keys
#[utoipa::path(
    get, path = "/v1/keys", tag = "account",
    responses((status = 200, description = "The keys by their prefixes, the oldest first", body = Keys))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<Keys>, ApiError> {
    let entries = open_keys(&app, &account).await?;
    let rows: Vec<_> = entries.iter().map(|entry| places::api_key(&entry.hash)).collect();
    let mut keys: Vec<ApiKeyRow> = app.store.get_many(&rows, Read::Consistent).await?;
    keys.sort_by(|left, right| {
        (left.key.created_at, &left.key.key_id).cmp(&(right.key.created_at, &right.key.key_id))
    });
    Ok(Json(Keys { keys: keys.iter().map(|row| KeyView::from(&row.key)).collect() }))
}

/// A key of the account that has not expired, with the account's key entries.
async fn existing_key(
    app: &App,
    account: &AccountId,
    id: &str,
) -> Result<(Vec<ApiKeyEntry>, ApiKeyRow), ApiError> {
    let entries = open_keys(app, account).await?;
    let gone = || ApiError::not_found("key");
    let entry = entries.iter().find(|entry| entry.key_id.as_str() == id).ok_or_else(gone)?;
    let row = app.store.get(&places::api_key(&entry.hash), Read::Consistent).await?;
    Ok((entries, row.ok_or_else(gone)?))
}

/// A key's text.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f0-7c1f-7d20-8a11-3b6d0f9e4c22",
    "key": "sb_5f0c1a0000000000000000000000000000000000000000000000000000000000"
}))]
pub struct RevealedKey {
    id: String,
    key: String,
}

impl std::fmt::Debug for RevealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RevealedKey({})", self.id)
    }
}

/// Reveal a key
///
/// The audit trail records who revealed it.
#[utoipa::path(
    get, path = "/v1/keys/{key}/secret", tag = "account", params(("key" = String, Path, description = "The key's id")),
    responses(
        (status = 200, description = "The key", body = RevealedKey),
        (status = 422, description = "The key was created before keys were stored: `not_kept`")
    )
)]
pub async fn reveal(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<impl IntoResponse, ApiError> {
    let (_, row) = existing_key(&app, &account, &id).await?;
    let sealed = row.key.secret.ok_or_else(|| {
        ApiError::refused("not_kept", "", "the key was made before keys were kept: rotate it instead")
    })?;
    let key = app.vault.open(&account, &sealed, app.ambient.now()).await?;
    let key = key.expose_secret().to_owned();
    Ok(([(CACHE_CONTROL, "no-store")], Json(RevealedKey { id, key })))
}

/// The settings of a rotation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_s": 86400}))]
pub struct Rotation {
    /// How long the old key still works, in seconds; 0 ends it at once.
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 2_592_000, default = 86400)]
    overlap_s: i64,
}

fn a_day() -> i64 {
    86_400
}

/// A new key, and the key that it replaces.
#[derive(Debug, Serialize, ToSchema)]
pub struct RotatedKey {
    key: NewKey,
    /// The old key, with its expiry.
    replaced: KeyView,
}

/// Rotate a key
///
/// Creates a new key with the same name; the old key works until the overlap is over. A key that was rotated already is
/// not rotated again.
#[utoipa::path(
    post, path = "/v1/keys/{key}/rotate", tag = "account", request_body = Rotation,
    params(("key" = String, Path, description = "The key's id")),
    responses(
        (status = 201, description = "The new key, and when the old one ends", body = RotatedKey),
        (status = 409, description = "The key was rotated already: `already_rotated`"),
        (status = 422, description = "More than 50 keys: `too_many_keys`")
    )
)]
pub async fn rotate(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(rotation): Body<Rotation>,
) -> Result<(StatusCode, Json<RotatedKey>), ApiError> {
    if !(0..=MAX_OVERLAP_S).contains(&rotation.overlap_s) {
        return Err(ApiError::invalid("overlap_s", format!("0 to {MAX_OVERLAP_S} seconds")));
    }
    let rotated = app.retry_on_conflict(|| rotate_once(&app, &account, &id, rotation.overlap_s)).await?;
    Ok((StatusCode::CREATED, Json(rotated)))
}

async fn rotate_once(
    app: &App,
    account: &AccountId,
    id: &str,
    overlap_s: i64,
) -> Result<RotatedKey, ApiError> {
    let (entries, before) = existing_key(app, account, id).await?;
    if before.key.expires_at.is_some() {
        return Err(ApiError::conflict("already_rotated", "another key took its place already"));
    }
    room_for_one(&entries)?;
    let (key, made) = fresh_key(app, account, before.key.name.clone()).await?;
    let mut after = before.clone();
    after.key.expires_at = Some(app.ambient.now().seconds() + overlap_s);
    let ending = Write::change(&before, &after, &[attribute::api_key::EXPIRES_AT])?;
    let listed =
        Write::change(&entry_of(&before), &entry_of(&after), &[attribute::api_key_entry::EXPIRES_AT])?;
    app.store.commit(made.into_iter().chain(ending).chain(listed).collect()).await?;
    Ok(RotatedKey { key, replaced: KeyView::from(&after.key) })
}

/// Revoke a key
///
/// The key opens nothing from the next request on. The last key cannot be revoked, and keys that will expire do not
/// count: create another key first.
#[utoipa::path(
    delete, path = "/v1/keys/{key}", tag = "account", params(("key" = String, Path, description = "The key's id")),
    responses((status = 204, description = "Revoked"), (status = 409, description = "It is the last key: `last_key`"))
)]
pub async fn revoke(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<StatusCode, ApiError> {
    app.retry_on_conflict(|| revoke_once(&app, &account, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke_once(app: &App, account: &AccountId, id: &str) -> Result<(), ApiError> {
    let entries = open_keys(app, account).await?;
    let (this, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.key_id.as_str() == id);
    let this = this.first().ok_or_else(|| ApiError::not_found("key"))?;
    let stays = others.iter().find(|entry| entry.expires_at.is_none()).ok_or_else(|| {
        ApiError::conflict(
            "last_key",
            "an account keeps at least one key that does not end; make another first",
        )
    })?;
    // The check fails when the remaining key was revoked or rotated meanwhile, because two concurrent revocations must
    // not remove both keys.
    let writes = vec![
        Write::delete(this.key()),
        Write::forget(places::api_key(&this.hash)),
        Write::check(*stays, &[attribute::api_key_entry::EXPIRES_AT])?,
    ];
    Ok(app.store.commit(writes).await?)
}
