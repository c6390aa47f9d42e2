//! Credentials at rest: encrypted with KMS, with the account in the encryption context, decrypted at most once per warm
//! environment and five minutes.

use crate::base::cache::Cache;
use crate::base::clock::Timestamp;
use crate::base::ids::AccountId;
use crate::model::sealed::Sealed;
use aws_sdk_kms::primitives::Blob;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// The reason why a credential could not be encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// KMS failed; worth a retry.
    #[error("KMS did not answer as hoped")]
    Kms,
    /// The decrypted bytes are no text.
    #[error("the decrypted credential is no text")]
    NotText,
}

/// How long a decrypted credential is reused.
const STALE_AFTER: Duration = Duration::from_secs(300);

/// Encrypts and decrypts credentials.
#[derive(Debug)]
pub struct Vault {
    kms: aws_sdk_kms::Client,
    key_id: Option<String>,
    opened: Cache<(String, Sealed), SecretString>,
}

impl Vault {
    /// A vault that only decrypts.
    pub fn opening(kms: aws_sdk_kms::Client) -> Self {
        Self { kms, key_id: None, opened: Cache::new(STALE_AFTER) }
    }

    /// A vault that also encrypts, with the KMS key of this id or ARN.
    pub fn sealing(kms: aws_sdk_kms::Client, key_id: String) -> Self {
        Self { key_id: Some(key_id), ..Self::opening(kms) }
    }

    /// Encrypts a credential (at most 4 KB) for one account.
    ///
    /// # Errors
    /// [`SecretError::Kms`], also if this vault only decrypts.
    pub async fn seal(&self, account: &AccountId, secret: &SecretString) -> Result<Sealed, SecretError> {
        self.seal_for(&Purpose::Account(account), secret).await
    }

    /// Decrypts a credential of the account; a decryption of the last five minutes is reused from memory.
    ///
    /// # Errors
    /// [`SecretError::Kms`] also if the ciphertext belongs to another account.
    pub async fn open(
        &self,
        account: &AccountId,
        sealed: &Sealed,
        now: Timestamp,
    ) -> Result<SecretString, SecretError> {
        self.open_for(&Purpose::Account(account), sealed, now).await
    }

    /// Encrypts a secret for a purpose: only a caller that names the same purpose can decrypt it.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub async fn seal_for(
        &self,
        purpose: &Purpose<'_>,
        secret: &SecretString,
    ) -> Result<Sealed, SecretError> {
        let mut call = self
            .kms
            .encrypt()
            .set_key_id(self.key_id.clone())
            .plaintext(Blob::new(secret.expose_secret().as_bytes()));
        for (name, value) in purpose.context() {
            call = call.encryption_context(name, value);
        }
        let answer = call.send().await.map_err(|_| SecretError::Kms)?;
        answer.ciphertext_blob.map(|blob| Sealed::new(blob.into_inner())).ok_or(SecretError::Kms)
    }

    /// Decrypts a secret of a purpose; a decryption of the last five minutes is reused from memory.
    ///
    /// # Errors
    /// [`SecretError::Kms`] also if it was encrypted for another purpose.
    pub async fn open_for(
        &self,
        purpose: &Purpose<'_>,
        sealed: &Sealed,
        now: Timestamp,
    ) -> Result<SecretString, SecretError> {
        let context = purpose.context();
        let key = (context.iter().map(|(name, value)| format!("{name}={value};")).collect(), sealed.clone());
        if let Some(secret) = self.opened.get(&key, now) {
            return Ok(secret);
        }
        let mut call = self.kms.decrypt().ciphertext_blob(Blob::new(sealed.ciphertext()));
        for (name, value) in context {
            call = call.encryption_context(name, value);
        }
        let answer = call.send().await.map_err(|_| SecretError::Kms)?;
        let plain = answer.plaintext.ok_or(SecretError::Kms)?.into_inner();
        let secret = SecretString::from(String::from_utf8(plain).map_err(|_| SecretError::NotText)?);
        self.opened.put(key, secret.clone(), now);
        Ok(secret)
    }
}

/// The purpose of a secret; it is bound to the ciphertext, and policies can require it.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'a> {
    /// A credential or a token of an account.
    Account(&'a AccountId),
    /// The secret that a provider sends with every request to the webhook whose URL's token has this hash.
    /// `webhook-ingest` may decrypt these and nothing else.
    Webhook(&'a str),
}

impl<'a> Purpose<'a> {
    /// KMS's encryption context.
    fn context(&self) -> Vec<(&'static str, &'a str)> {
        match self {
            Self::Account(account) => vec![("account", account.as_str())],
            Self::Webhook(token_hash) => vec![("purpose", "webhook"), ("token", token_hash)],
        }
    }
}
