//! The media bucket: private copies of files. Each has our stable link, which redirects to a link that expires soon.

mod uploads;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId};
use crate::model::message::media::{FileLink, objects_of};
use crate::model::message::media_policy::{disposition, served_type};
pub use crate::platform::files::uploads::{Stored, UploadLink};
use crate::platform::objects::{ObjectError, Objects};
use crate::platform::queue::code;
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use std::time::{Duration, SystemTime};

/// How long a link to the bucket itself is valid.
const LINK_LASTS: Duration = Duration::from_secs(300);
/// Time limits for one attempt to write a file, and for all of them: our other calls carry little, and have shorter
/// limits.
const WRITE_ATTEMPT: Duration = Duration::from_secs(20);
const WRITE: Duration = Duration::from_secs(30);

/// The reason why the bucket failed. All but a refusal are worth a retry.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file was not written.
    #[error("the media bucket did not take the file: {0}")]
    NotWritten(String),
    /// The file is refused, and will be refused again.
    #[error("the media bucket refuses the file: {0}")]
    Refused(String),
    /// The object at a key could not be read.
    #[error("the media bucket did not tell of the file: {0}")]
    NotTold(String),
    /// A link could not be signed.
    #[error("no credentials to sign a link with")]
    Unsigned,
    /// Anything else.
    #[error(transparent)]
    Objects(#[from] ObjectError),
}

/// The bucket.
#[derive(Clone, Debug)]
pub struct Files {
    s3: aws_sdk_s3::Client,
    bucket: String,
}

impl Files {
    /// The files in `bucket`.
    pub fn new(s3: aws_sdk_s3::Client, bucket: impl Into<String>) -> Self {
        Self { s3, bucket: bucket.into() }
    }

    /// A client with enough time to write whole files.
    pub fn client(aws: &SdkConfig) -> aws_sdk_s3::Client {
        let patient = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(WRITE_ATTEMPT)
            .operation_timeout(WRITE);
        let config = aws_sdk_s3::config::Builder::from(aws).timeout_config(patient.build());
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Stores a file under a key. `mime` is its type as received; the type and the name under which it is served are
    /// stored with the object.
    ///
    /// # Errors
    /// [`FileError`], here and below.
    pub async fn put(
        &self,
        key: &str,
        mime: &str,
        name: Option<&str>,
        body: Vec<u8>,
    ) -> Result<(), FileError> {
        let served = served_type(mime);
        let call = self.s3.put_object().bucket(&self.bucket).key(key).content_type(served);
        let call = call.content_disposition(disposition(served, name)).body(ByteStream::from(body));
        call.send().await.map(|_| ()).map_err(|error| not_written(&error))
    }

    /// Deletes a file, if it exists.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn delete(&self, key: &str) -> Result<(), FileError> {
        Ok(self.objects().delete(key).await?)
    }

    /// Deletes every file of a chat; returns how many.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn delete_of_chat(&self, account: &AccountId, chat: &ChatId) -> Result<u64, FileError> {
        Ok(self.objects().delete_under(&objects_of(account, chat)).await?)
    }

    /// A link to the file itself, for `GET`, valid for five minutes from `now`. It is signed without a call.
    ///
    /// # Errors
    /// [`FileError`] if there are no credentials to sign with.
    pub async fn link(&self, file: &FileLink, now: Timestamp) -> Result<String, FileError> {
        // The type is signed again: whatever type the object has, a browser gets this one.
        let call = self.s3.get_object().bucket(&self.bucket).key(&file.object);
        let call = call.response_content_type(served_type(&file.mime)).presigned(lasts(now)?).await;
        call.map(|request| request.uri().to_owned()).map_err(|_| FileError::Unsigned)
    }

    /// As [`Files::link`], for `HEAD`: the method is signed, so neither link works for the other.
    ///
    /// # Errors
    /// [`FileError`] if there are no credentials to sign with.
    pub async fn link_for_head(&self, file: &FileLink, now: Timestamp) -> Result<String, FileError> {
        let call = self.s3.head_object().bucket(&self.bucket).key(&file.object);
        let call = call.response_content_type(served_type(&file.mime)).presigned(lasts(now)?).await;
        call.map(|request| request.uri().to_owned()).map_err(|_| FileError::Unsigned)
    }

    fn objects(&self) -> Objects {
        Objects::new(self.s3.clone(), &self.bucket)
    }
}

/// Five minutes from `now`.
fn lasts(now: Timestamp) -> Result<PresigningConfig, FileError> {
    let lasts = PresigningConfig::builder().start_time(from(now)).expires_in(LINK_LASTS).build();
    lasts.map_err(|_| FileError::Unsigned)
}

/// A moment as a `SystemTime` for signatures.
fn from(now: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(now.millis().max(0).unsigned_abs())
}

/// The error of a failed write: whether it would fail again.
fn not_written<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> FileError {
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    // An error without a code of S3's is not S3's answer.
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some(code) if for_good(status, code) => FileError::Refused(code.to_owned()),
        _ => FileError::NotWritten(code(error)),
    }
}

/// Whether S3 will never accept what it refuses with this status and code. Credentials, permissions and a missing
/// bucket are the deployment's fault and can be repaired; a request that was too slow or over the rate succeeds later.
fn for_good(status: u16, code: &str) -> bool {
    const CAN_CHANGE: [&str; 5] =
        ["RequestTimeout", "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "SlowDown"];
    let ours_or_throttled = matches!(status, 401 | 403 | 404 | 408 | 409 | 429);
    (400..500).contains(&status)
        && !ours_or_throttled
        && !CAN_CHANGE.contains(&code)
        && !code.contains("Throttl")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// The error of a write if S3 answers 400 with this body.
    async fn answered(body: &'static str) -> FileError {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 16_384];
                let _ = stream.read(&mut request).await;
                let head = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length";
                let _ = stream.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
            }
        });
        let config = aws_sdk_s3::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new("us-east-1")).endpoint_url(place).force_path_style(true);
        let config = config.credentials_provider(Credentials::new("test", "test", None, None, "tests"));
        let files = Files::new(aws_sdk_s3::Client::from_conf(config.build()), "media");
        files.put("key", "image/png", None, b"bytes".to_vec()).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_refusal_is_told_from_what_goes_another_time() {
        let refused = answered("<Error><Code>MetadataTooLarge</Code><Message>m</Message></Error>").await;
        assert!(matches!(&refused, FileError::Refused(code) if code == "MetadataTooLarge"), "{refused:?}");
        for body in ["<Error><Code>ExpiredToken</Code></Error>", "{\"not\": \"S3\"}", ""] {
            let error = answered(body).await;
            assert!(matches!(error, FileError::NotWritten(_)), "{body} {error:?}");
        }
    }

    #[test]
    fn only_what_no_repetition_mends_is_refused_for_good() {
        for (status, code) in
            [(400, "MetadataTooLarge"), (400, "InvalidArgument"), (400, "KeyTooLongError"), (411, "x")]
        {
            assert!(for_good(status, code), "{status} {code}");
        }
        for (status, code) in [
            (0, "time-out"),
            (200, "x"),
            (400, "RequestTimeout"),
            (400, "ExpiredToken"),
            (400, "ThrottlingException"),
            (403, "AccessDenied"),
            (404, "NoSuchBucket"),
            (409, "OperationAborted"),
            (429, "SlowDown"),
            (500, "InternalError"),
            (503, "SlowDown"),
        ] {
            assert!(!for_good(status, code), "{status} {code}");
        }
    }
}
