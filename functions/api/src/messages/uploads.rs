//! Uploads (D6): a link that accepts one file, and the copy of the file into the chat that it is sent in.

use crate::app::App;
use crate::http::auth::Principal;
use crate::http::body::Body;
use crate::http::chat_access::require_any_channel;
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::base::clock::Timestamp;
use shared::base::ids::EmployeeId;
use shared::model::chat::Chat;
use shared::model::message::media::objects_of;
use shared::model::message::media_policy::served_type;
use shared::model::upload::{KEPT, LINK_LASTS, NewFile, Refusal, Upload};
use shared::store::row::Write;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// A file to upload.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Offer.pdf", "mime": "application/pdf", "bytes": 48211}))]
pub struct NewUpload {
    /// Its name, without a path; the client sees it where the messenger shows names.
    #[schema(min_length = 1, max_length = 150)]
    name: String,
    /// Its media type: a picture, sound, video, PDF, an office document, plain text, an archive.
    #[schema(min_length = 1)]
    mime: String,
    /// Its size. A channel's limit is lower, and is checked when the file is sent.
    #[schema(minimum = 1, maximum = 104_857_600)]
    bytes: u64,
}

/// The link to upload a file to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019aa5f0-7c1e-7b3a-9d55-0c8f4c1e2a91",
    "url": "https://media.s3.amazonaws.com/uploads/…?X-Amz-Signature=…", "method": "PUT",
    "headers": {"content-length": "48211", "content-type": "application/pdf"}, "expires_at": "2026-11-21T09:25:00.000Z"
}))]
pub struct UploadView {
    /// The id by which a message sends the file, within 24 hours.
    id: String,
    /// The URL to send the file to.
    url: String,
    /// The HTTP method.
    method: &'static str,
    /// Headers that must be sent unchanged, because they are signed. A browser sets `content-length` by itself.
    headers: BTreeMap<String, String>,
    /// When the link expires.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::invalid(refusal.field(), refusal.to_string())
    }
}

/// Create an upload
///
/// The answer's link accepts this one file for 15 minutes, from anywhere. A message then sends it by its id, within 24
/// hours; an employee's upload cannot be sent by another employee. A file that is not sent is deleted after two days.
#[utoipa::path(
    post, path = "/v1/uploads", tag = "uploads", request_body = NewUpload,
    responses(
        (status = 201, description = "The link to upload the file to", body = UploadView),
        (status = 403, description = "An employee who writes on no channel: `no_role`")
    )
)]
pub async fn create(
    principal: Principal,
    State(app): State<Arc<App>>,
    Body(new): Body<NewUpload>,
) -> Result<(StatusCode, Json<UploadView>), ApiError> {
    require_any_channel(&app, &principal, true).await?;
    let file = NewFile::of(&new.name, &new.mime, new.bytes)?;
    let (now, id) = (app.ambient.now(), app.ambient.uuid().to_string());
    let upload = Upload {
        v: 1,
        object: Upload::object_of(&principal.account, &id),
        employee: principal.by.employee().cloned(),
        account: principal.account,
        name: file.name,
        mime: file.mime,
        bytes: file.bytes,
        expires_at: (now + KEPT).seconds(),
        id,
    };
    let link = app.files.upload_link(&upload.object, &upload.mime, upload.bytes, now).await?;
    app.store.commit(vec![Write::create(&upload)?]).await?;
    let expires_at = Timestamp::rfc3339(now + LINK_LASTS);
    let view = UploadView { id: upload.id, url: link.url, method: "PUT", headers: link.headers, expires_at };
    Ok((StatusCode::CREATED, Json(view)))
}

/// An uploaded file, copied to the folder of the chat that it is sent in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenUpload {
    /// The object's key: in the chat's folder, so that erasing the chat finds it.
    pub object: String,
    /// Media type, as it is served.
    pub mime: String,
    /// Size in bytes.
    pub bytes: u64,
    /// File name.
    pub name: String,
}

/// Copies an uploaded file into a chat's folder, for a message of `author` or of the account. `field` is the request's
/// field that names the upload. The upload stays, and each call makes another copy, so a repeated send must be found by
/// its key first. A copy that no message uses is deleted with the chat, or by the bucket's lifecycle.
///
/// # Errors
/// 404 for an upload that does not exist, has expired, or is another employee's; 422 `upload_missing` when no file was
/// uploaded, `upload_differs` when it is not the announced one.
pub async fn take_upload(
    app: &App,
    chat: &Chat,
    author: Option<&EmployeeId>,
    field: &str,
    id: &str,
) -> Result<TakenUpload, ApiError> {
    // Ids are UUIDs, so other texts need no read.
    let possible = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let found = if possible { app.store.upload(&chat.account, id).await? } else { None };
    let upload = found.filter(|upload| upload.is_for(author, app.ambient.now()));
    let upload = upload.ok_or_else(|| ApiError::not_found("upload"))?;
    let missing = || ApiError::refused("upload_missing", field, "no file was put under the upload's link");
    let stored = app.files.stored(&upload.object).await?.ok_or_else(missing)?;
    if stored.bytes != upload.bytes || stored.mime != upload.mime {
        let message = "what was put under the link has another size or type than was announced";
        return Err(ApiError::refused("upload_differs", field, message));
    }
    let object = format!("{}{}", objects_of(&chat.account, &chat.chat), app.ambient.uuid());
    let source = (upload.object.as_str(), &stored);
    if !app.files.copy(source, &object, &upload.mime, &upload.name).await? {
        return Err(missing());
    }
    let mime = served_type(&upload.mime).to_owned();
    Ok(TakenUpload { object, mime, bytes: upload.bytes, name: upload.name })
}
