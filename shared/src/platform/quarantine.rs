//! The quarantine: unreadable raw bytes, kept whole in a private bucket, counted and alarmed.

use crate::base::clock::Ambient;
use crate::base::ids::AccountId;
use crate::platform::metrics::Metric;
use crate::platform::telemetry;
use aws_sdk_s3::primitives::ByteStream;

/// The bucket.
#[derive(Clone, Debug)]
pub struct Quarantine {
    s3: aws_sdk_s3::Client,
    bucket: String,
}

/// The object could not be written: the record that it was for must not be acknowledged.
#[derive(Debug, thiserror::Error)]
#[error("the quarantine bucket did not take the record")]
pub struct QuarantineError;

impl Quarantine {
    /// The quarantine in `bucket`.
    pub fn new(s3: aws_sdk_s3::Client, bucket: String) -> Self {
        Self { s3, bucket }
    }

    /// The key prefix of records whose account is unknown.
    pub const UNKNOWN: &str = "unknown";

    /// Keeps raw bytes. `account` may be unknown; `why` must hold no content. Returns the object's key.
    ///
    /// # Errors
    /// [`QuarantineError`]; worth a retry.
    pub async fn keep(
        &self,
        account: Option<&AccountId>,
        why: &str,
        raw: &[u8],
        ambient: &dyn Ambient,
    ) -> Result<String, QuarantineError> {
        let day = ambient.now().rfc3339();
        let owner = account.map_or(Self::UNKNOWN, AccountId::as_str);
        let key = format!("{owner}/{}/{}", &day[..10], ambient.uuid());
        self.s3
            .put_object()
            .bucket(&self.bucket)
            .key(&key)
            .metadata("reason", ascii(why))
            .body(ByteStream::from(raw.to_vec()))
            .send()
            .await
            .map_err(|_| QuarantineError)?;
        telemetry::count(Metric::Quarantined, 1);
        tracing::error!(
            account = owner,
            object = key,
            reason = why,
            bytes = raw.len(),
            "kept in the quarantine"
        );
        Ok(key)
    }
}

/// Object metadata is a header: printable ASCII, and short.
fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(500).collect()
}
