//! What employees call a chat by (F6).

use crate::app::App;
use crate::chats::update::{self, Change, owner_of};
use crate::chats::view::ChatView;
use crate::http::auth::Acting;
use crate::http::body::{Body, Id, Ids};
use crate::http::error::ApiError;
use crate::http::validate;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use shared::model::access::Operation;
use shared::store::chats::chat_write;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most tags of a chat.
const MOST_TAGS: usize = 20;
/// Longest tag, in characters.
const MAX_TAG: usize = 50;

/// A chat's tags: all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tags": ["test drive", "trade-in"]}))]
pub struct PutTags {
    /// At most 20, of 1 to 50 characters each, on one line. Spaces around one are taken off; one that stands twice counts once.
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

/// Say what a chat is called by
///
/// The tags that it had are replaced. Rules ask for them, and set some of their own.
#[utoipa::path(
    put, path = "/v1/chats/{chat}/tags", tag = "chats", request_body = PutTags,
    params(("chat" = String, Path, description = "The chat's id")),
    responses(
        (status = 200, description = "The chat as it is now", body = ChatView),
        (status = 403, description = "Quality control says nothing (`quality_control`)")
    )
)]
pub async fn put(
    acting: Acting,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(wanted): Body<PutTags>,
) -> Result<Json<ChatView>, ApiError> {
    let (app, tags) = (&*app, &wanted.read()?);
    update::change(app, &acting, (Operation::Tag, &id), |before| async move {
        let (owner, closing) = owner_of(app, &before).await?;
        let mut after = before.clone();
        if after.tags != *tags {
            after.tags.clone_from(tags);
            after.take_number(owner.crm_kind, &closing, app.ambient.now());
        }
        let writes = chat_write(&before, &after)?.into_iter().collect();
        Ok(Change { after, writes, tell: Some(owner.crm_kind) })
    })
    .await
}
