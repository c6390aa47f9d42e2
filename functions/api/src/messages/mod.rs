//! Messages: sent, changed, shown; uploads, quick replies, number checks.

pub mod change;
pub mod content_view;
pub mod numbers;
pub mod quick_replies;
pub mod quick_reply_view;
pub mod send;
pub mod start_chat;
pub mod uploads;
pub mod view;
use crate::app::App;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(change::edit, change::delete))
        .routes(routes!(quick_replies::render))
        .routes(routes!(quick_replies::list, quick_replies::create))
        .routes(routes!(quick_replies::get, quick_replies::change, quick_replies::delete))
        .routes(routes!(uploads::create))
        .routes(routes!(numbers::check))
}
