//! The objects of a bucket for an erasure: listed in order, read, deleted.

use aws_sdk_s3::error::ProvideErrorMetadata;
use futures::future::join_all;

/// How many objects are deleted at once.
const AT_ONCE: usize = 16;

/// A bucket.
#[derive(Clone, Debug)]
pub struct Objects {
    s3: aws_sdk_s3::Client,
    bucket: String,
}

/// The bucket failed; worth a retry.
#[derive(Debug, thiserror::Error)]
#[error("the bucket did not answer as hoped: {0}")]
pub struct ObjectError(String);

impl Objects {
    /// The objects of `bucket`.
    pub fn new(s3: aws_sdk_s3::Client, bucket: impl Into<String>) -> Self {
        Self { s3, bucket: bucket.into() }
    }

    /// Keys that begin with `prefix`, in order, after `after`; at most `limit` (up to 1000) of them.
    ///
    /// # Errors
    /// [`ObjectError`], here and in all calls below.
    pub async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: i32,
    ) -> Result<Vec<String>, ObjectError> {
        let call = self.s3.list_objects_v2().bucket(&self.bucket).prefix(prefix).max_keys(limit);
        let answer = call.set_start_after(after.map(str::to_owned)).send().await;
        let objects = answer.map_err(|error| failure(error.as_service_error()))?.contents.unwrap_or_default();
        Ok(objects.into_iter().filter_map(|object| object.key).collect())
    }

    /// An object's bytes; `None` if it does not exist, or not any more.
    pub async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        let answer = match self.s3.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let service = error.as_service_error();
                return if service.is_some_and(|error| error.is_no_such_key()) {
                    Ok(None)
                } else {
                    Err(failure(service))
                };
            }
        };
        let body = answer.body.collect().await.map_err(|_| ObjectError("cut off".into()))?;
        Ok(Some(body.to_vec()))
    }

    /// Deletes an object, if it exists.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let sent = self.s3.delete_object().bucket(&self.bucket).key(key).send().await;
        sent.map(|_| ()).map_err(|error| failure(error.as_service_error()))
    }

    /// Deletes several objects; returns how many.
    pub async fn delete_all(&self, keys: &[String]) -> Result<u64, ObjectError> {
        for chunk in keys.chunks(AT_ONCE) {
            join_all(chunk.iter().map(|key| self.delete(key)))
                .await
                .into_iter()
                .collect::<Result<(), _>>()?;
        }
        Ok(keys.len() as u64)
    }

    /// Deletes everything whose key begins with `prefix`; returns how many objects.
    pub async fn delete_under(&self, prefix: &str) -> Result<u64, ObjectError> {
        let mut deleted = 0;
        loop {
            // Deleted objects are not listed again, because S3's lists are consistent.
            let keys = self.list(prefix, None, 1000).await?;
            if keys.is_empty() {
                return Ok(deleted);
            }
            deleted += self.delete_all(&keys).await?;
        }
    }
}

/// The error by its code, because the error's text may name the key.
fn failure<E: ProvideErrorMetadata>(error: Option<&E>) -> ObjectError {
    ObjectError(error.and_then(ProvideErrorMetadata::code).unwrap_or("no understandable answer").to_owned())
}
