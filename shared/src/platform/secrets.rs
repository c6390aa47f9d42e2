//! Credentials at rest: encrypted with KMS, the account in the encryption context, decrypted at most once per warm
//! environment and five minutes.

use crate::base::cache::Cache;
use crate::base::clock::Timestamp;
use crate::base::ids::AccountId;
use crate::model::sealed::Sealed;
use aws_sdk_kms::primitives::Blob;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Why a credential could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// KMS did not do it; worth a retry.
    #[error("KMS did not answer as hoped")]
    Kms,
    /// What came out is no text.
    #[error("the decrypted credential is no text")]
    NotText,
}

/// How long a decrypted credential is reused.
const STALE_AFTER: Duration = Duration::from_secs(300);

/// Seals and opens credentials.
#[derive(Debug)]
pub struct Vault {
    kms: aws_sdk_kms::Client,
    key_id: Option<String>,
    opened: Cache<(AccountId, Sealed), SecretString>,
}

impl Vault {
    /// A vault that opens only.
    pub fn opening(kms: aws_sdk_kms::Client) -> Self {
        Self { kms, key_id: None, opened: Cache::new(STALE_AFTER) }
    }

    /// A vault that also seals, with the KMS key of this id or ARN.
    pub fn sealing(kms: aws_sdk_kms::Client, key_id: String) -> Self {
        Self { key_id: Some(key_id), ..Self::opening(kms) }
    }

    /// Encrypts a credential (at most 4 KB) for one account.
    ///
    /// # Errors
    /// [`SecretError::Kms`], also when this vault only opens.
    pub async fn seal(&self, account: &AccountId, secret: &SecretString) -> Result<Sealed, SecretError> {
        let answer = self
            .kms
            .encrypt()
            .set_key_id(self.key_id.clone())
            .plaintext(Blob::new(secret.expose_secret().as_bytes()))
            .encryption_context("account", account.as_str())
            .send()
            .await
            .map_err(|_| SecretError::Kms)?;
        answer.ciphertext_blob.map(|blob| Sealed::new(blob.into_inner())).ok_or(SecretError::Kms)
    }

    /// Decrypts a credential of the account, from memory when that was done in the last five minutes.
    ///
    /// # Errors
    /// [`SecretError::Kms`] also when the ciphertext belongs to another account.
    pub async fn open(
        &self,
        account: &AccountId,
        sealed: &Sealed,
        now: Timestamp,
    ) -> Result<SecretString, SecretError> {
        let key = (account.clone(), sealed.clone());
        if let Some(secret) = self.opened.get(&key, now) {
            return Ok(secret);
        }
        let answer = self
            .kms
            .decrypt()
            .ciphertext_blob(Blob::new(sealed.ciphertext()))
            .encryption_context("account", account.as_str())
            .send()
            .await
            .map_err(|_| SecretError::Kms)?;
        let plain = answer.plaintext.ok_or(SecretError::Kms)?.into_inner();
        let secret = SecretString::from(String::from_utf8(plain).map_err(|_| SecretError::NotText)?);
        self.opened.put(key, secret.clone(), now);
        Ok(secret)
    }
}
