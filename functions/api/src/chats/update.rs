//! The answer to a change of a chat.

use crate::app::App;
use crate::chats::view::ChatView;
use crate::contacts::person::people_of;
use crate::http::auth::Principal;
use crate::http::error::ApiError;
use axum::Json;
use shared::model::chat::Chat;

/// Renders a chat as the answer to its change.
///
/// # Errors
/// As the store's.
pub async fn shown(app: &App, principal: &Principal, chat: Chat) -> Result<Json<ChatView>, ApiError> {
    let people = people_of(app, &principal.account, std::slice::from_ref(&chat)).await?;
    Ok(Json(ChatView::of(chat, &people)))
}
