//! Uploads in the bucket: a link that accepts one file, the uploaded file, and its copy in a chat's folder.

use super::{FileError, Files, from, not_written};
use crate::base::clock::Timestamp;
use crate::model::message::media_policy::{disposition, served_type};
use crate::model::upload::LINK_LASTS;
use crate::platform::queue::code;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::MetadataDirective;
use std::collections::BTreeMap;

/// A link that accepts one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadLink {
    /// The address to `PUT` the file to.
    pub url: String,
    /// The signed headers, which must be sent as they are.
    pub headers: BTreeMap<String, String>,
}

/// A file in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Size in bytes.
    pub bytes: u64,
    /// Media type.
    pub mime: String,
    /// The version of the object (its ETag).
    pub tag: String,
}

impl Files {
    /// A link that accepts a file of this type and size under a key, valid for a quarter of an hour from `now`. It is
    /// signed without a call.
    ///
    /// # Errors
    /// [`FileError::Unsigned`] if there are no credentials to sign with.
    pub async fn upload_link(
        &self,
        key: &str,
        mime: &str,
        bytes: u64,
        now: Timestamp,
    ) -> Result<UploadLink, FileError> {
        let lasts = PresigningConfig::builder().start_time(from(now)).expires_in(LINK_LASTS).build();
        let call = self.s3.put_object().bucket(&self.bucket).key(key).content_type(mime);
        let call = call.content_length(i64::try_from(bytes).unwrap_or(i64::MAX));
        let signed = call.presigned(lasts.map_err(|_| FileError::Unsigned)?).await;
        let signed = signed.map_err(|_| FileError::Unsigned)?;
        let headers = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(UploadLink { url: signed.uri().to_owned(), headers: headers.collect() })
    }

    /// The file under a key; `None` if there is none.
    ///
    /// # Errors
    /// [`FileError`]; worth a retry.
    pub async fn stored(&self, key: &str) -> Result<Option<Stored>, FileError> {
        match self.s3.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(found) => Ok(Some(Stored {
                bytes: found.content_length.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
                mime: found.content_type.unwrap_or_default(),
                tag: found.e_tag.unwrap_or_default(),
            })),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_not_found()) => Ok(None),
            Err(error) => Err(FileError::NotTold(code(&error))),
        }
    }

    /// Copies a file, if it is unchanged since it was read, under another key; type and name are stored there again, as
    /// [`Files::put`] does. Returns whether it was unchanged.
    ///
    /// # Errors
    /// [`FileError`].
    pub async fn copy(
        &self,
        source: (&str, &Stored),
        key: &str,
        mime: &str,
        name: &str,
    ) -> Result<bool, FileError> {
        let served = served_type(mime);
        // Our keys are ids, and need no encoding.
        let call = self.s3.copy_object().copy_source(format!("{}/{}", self.bucket, source.0));
        let call = call.copy_source_if_match(&source.1.tag).bucket(&self.bucket).key(key);
        let call = call.metadata_directive(MetadataDirective::Replace).content_type(served);
        match call.content_disposition(disposition(served, Some(name))).send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let status = error.raw_response().map_or(0, |response| response.status().as_u16());
                if matches!(status, 404 | 412) { Ok(false) } else { Err(not_written(&error)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

    #[tokio::test]
    async fn a_link_takes_one_file_of_one_type_and_size_for_a_quarter_of_an_hour() {
        let config = aws_sdk_s3::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new("us-east-1"));
        let config = config.credentials_provider(Credentials::new("test", "test", None, None, "tests"));
        let files = Files::new(aws_sdk_s3::Client::from_conf(config.build()), "media");
        let now = Timestamp::parse_rfc3339("2026-11-21T09:10:00Z").unwrap();
        let link = files.upload_link("uploads/a/u", "image/png", 1234, now).await.unwrap();
        assert!(link.url.contains("/uploads/a/u?") && link.url.contains("X-Amz-Expires=900"), "{}", link.url);
        assert!(link.url.contains("X-Amz-Date=20261121T091000Z"), "{}", link.url);
        // Another size or type has another signature.
        assert!(
            link.url.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost&"),
            "{}",
            link.url
        );
        let headers = [("content-length", "1234"), ("content-type", "image/png")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(link.headers, BTreeMap::from(headers));
    }
}
