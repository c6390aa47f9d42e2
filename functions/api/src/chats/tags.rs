//! Replacing a chat's tags (F6).

use crate::app::App;
use crate::chats::update::shown;
use crate::chats::view::ChatView;
use crate::http::auth::Principal;
use crate::http::body::{Body, Id, Ids};
use crate::http::error::ApiError;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::base::ids::ChatId;
use shared::service::update_chat::set_tags;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most tags of a chat.
const MOST_TAGS: usize = 20;
/// Longest tag, in characters.
const MAX_TAG: usize = 50;

/// All tags of a chat.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tags": ["test drive", "trade-in"]}))]
pub struct PutTags {
    /// At most 20, of 1 to 50 characters each, on one line. Spaces around a tag are removed; a tag that appears twice
    /// counts once.
    #[schema(max_items = 20)]
    tags: Vec<String>,
}

impl PutTags {
    fn read(self) -> Result<BTreeSet<String>, ApiError> {
        if self.tags.len() > MOST_TAGS {
            return Err(ApiError::invalid("tags", format!("at most {MOST_TAGS}")));
        }
        let mut read = BTreeSet::new();
        for (at, tag) in self.tags.iter().enumerate() {
            validate::name(format!("tags[{at}]"), tag.trim(), MAX_TAG)?;
            read.insert(tag.trim().to_owned());
        }
        Ok(read)
    }
}

/// Replace a chat's tags
///
/// Rules test a chat's tags, and set some of their own.
#[utoipa::path(
    put, path = "/v1/chats/{chat}/tags", tag = "chats", request_body = PutTags,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Quality control may not set tags (`quality_control`)")
    )
)]
pub async fn put(
    principal: Principal,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<PutTags>,
) -> Result<Json<ChatView>, ApiError> {
    let tags = wanted.read()?;
    let (owner, id, by) = (principal.owner(&app).await?, ChatId::new(id), principal.by.employee());
    let chat = set_tags(&app.context(), &owner, &id, by, &tags).await?;
    shown(&app, &principal, chat).await
}
