//! Who calls: the operator, or an account by one of its keys.

use crate::App;
use crate::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use shared::clock::Timestamp;
use shared::ids::{AccountId, hex_digest};
use shared::store::{Read, keys};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The header in which the operator says for which account he acts.
pub const ACCOUNT_HEADER: &str = "Switchboard-Account";
/// How every account key begins.
pub const KEY_PREFIX: &str = "sb_";
/// Longest key that is looked at.
const MAX_KEY: usize = 1024;
/// How long the operator's key is reused before Secrets Manager is asked again.
const STALE_AFTER: Duration = Duration::from_secs(300);

/// The operator's key: in Secrets Manager, read when somebody first comes with one.
#[derive(Debug)]
pub struct OperatorKey {
    client: aws_sdk_secretsmanager::Client,
    secret_id: String,
    known: Mutex<Option<(Timestamp, SecretString)>>,
}

impl OperatorKey {
    /// The key in the secret of this ARN or name.
    pub fn new(client: aws_sdk_secretsmanager::Client, secret_id: String) -> Self {
        Self { client, secret_id, known: Mutex::new(None) }
    }

    /// Whether `key` is it. Compared by digest, in constant time: neither content nor length can be measured.
    async fn is(&self, key: &str, now: Timestamp) -> Result<bool, ApiError> {
        let own = self.read(now).await?;
        let own = own.expose_secret().trim();
        if own.is_empty() {
            return Err(ApiError::internal("the operator's key is empty"));
        }
        let (own, given) = (hex_digest(own.as_bytes()), hex_digest(key.as_bytes()));
        Ok(own.as_bytes().ct_eq(given.as_bytes()).into())
    }

    async fn read(&self, now: Timestamp) -> Result<SecretString, ApiError> {
        if let Some((at, key)) = &*self.known.lock().unwrap_or_else(PoisonError::into_inner)
            && now.since(*at) < STALE_AFTER
        {
            return Ok(key.clone());
        }
        let answer = self.client.get_secret_value().secret_id(&self.secret_id).send().await;
        let answer = answer.map_err(|_| ApiError::busy("Secrets Manager did not give the operator's key"))?;
        let key = answer.secret_string.ok_or_else(|| ApiError::internal("the operator's key is no text"))?;
        let key = SecretString::from(key);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, key.clone()));
        Ok(key)
    }
}

enum Caller {
    Operator,
    Account(AccountId),
}

async fn caller(parts: &Parts, app: &App) -> Result<Caller, ApiError> {
    let header = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    let (scheme, key) = header.and_then(|value| value.split_once(' ')).ok_or_else(ApiError::unauthorized)?;
    let key = key.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || key.is_empty() || key.len() > MAX_KEY {
        return Err(ApiError::unauthorized());
    }
    if key.starts_with(KEY_PREFIX) {
        let found = app.store.api_key(key).await?.ok_or_else(ApiError::unauthorized)?;
        tracing::Span::current().record("account", found.account.as_str());
        return Ok(Caller::Account(found.account));
    }
    if app.operator.is(key, app.ambient.now()).await? {
        Ok(Caller::Operator)
    } else {
        Err(ApiError::unauthorized())
    }
}

/// The operator; nobody else passes.
#[derive(Debug)]
pub struct Operator;

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        match caller(parts, app).await? {
            Caller::Operator => Ok(Self),
            Caller::Account(_) => Err(ApiError::forbidden()),
        }
    }
}

/// The account for which the request is: its key's, or the one that the operator names.
#[derive(Debug)]
pub struct Tenant(pub AccountId);

impl FromRequestParts<Arc<App>> for Tenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let named = parts.headers.get(ACCOUNT_HEADER).map(|value| value.to_str().unwrap_or_default().trim());
        match (caller(parts, app).await?, named) {
            (Caller::Account(own), None) => Ok(Self(own)),
            (Caller::Account(own), Some(named)) if named == own.as_str() => Ok(Self(own)),
            (Caller::Account(_), Some(_)) => Err(ApiError::not_found("account")),
            (Caller::Operator, None) => Err(ApiError::account_required()),
            (Caller::Operator, Some(named)) => {
                let account = existing_account(app, named).await?.account;
                tracing::Span::current().record("account", account.as_str());
                Ok(Self(account))
            }
        }
    }
}

/// An account that must be there, as of the last write.
///
/// # Errors
/// 404 when it is not.
pub async fn existing_account(app: &App, id: &str) -> Result<shared::account::Account, ApiError> {
    // Ids are UUIDs; anything else need not be asked for.
    let possible = id.len() <= 100 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let key = keys::account(&AccountId::new(id));
    let found = if possible && !id.is_empty() { app.store.get(&key, Read::Consistent).await? } else { None };
    found.ok_or_else(|| ApiError::not_found("account"))
}
