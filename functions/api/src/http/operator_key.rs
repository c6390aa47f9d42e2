//! The operator's key: in Secrets Manager, compared in constant time.

use crate::http::error::ApiError;
use secrecy::{ExposeSecret, SecretString};
use shared::base::clock::Timestamp;
use shared::base::ids::hex_digest;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// How long the operator's key is reused before Secrets Manager is asked again.
pub const STALE_AFTER: Duration = Duration::from_secs(300);

/// The operator's key, read from Secrets Manager at the first request that sends one.
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

    /// Whether `key` is the operator's. Compares digests in constant time, so neither content nor length can be
    /// measured.
    pub async fn is(&self, key: &str, now: Timestamp) -> Result<bool, ApiError> {
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
