//! The Wazzup-v3-compatible API (`/v3/…`), for CRMs that connect to Wazzup by API key. It has the same paths, bodies,
//! status codes and error codes. Unknown fields are ignored, and where Wazzup's documents contradict themselves both
//! spellings are accepted. `docs/UNIVERSAL-CRM.md` names the differences.
//!
//! Only an account's key opens it. Errors have Wazzup's shape ([`error`]); bodies are read tolerantly, and faults are
//! named by field ([`body`]). What the CRM loads is linked with our clients ([`linking`]).

pub mod body;
mod channels;
mod contact_data;
mod contacts;
pub mod counters;
mod deals;
mod deletion;
pub mod document;
mod entities;
pub mod error;
mod first_chat_id;
mod linking;
mod message;
mod message_body;
mod pipelines;
mod templates;
mod unanswered;
mod users;
mod webhooks;

use crate::app::App;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of `/v3`.
pub fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(channels::list))
        .routes(routes!(users::load, users::list))
        .routes(routes!(users::bulk_delete))
        .routes(routes!(users::get, users::delete))
        .routes(routes!(contacts::load, contacts::list))
        .routes(routes!(contacts::bulk_delete))
        .routes(routes!(contacts::get, contacts::delete))
        .routes(routes!(deals::load, deals::list))
        .routes(routes!(deals::bulk_delete))
        .routes(routes!(deals::get, deals::delete))
        .routes(routes!(pipelines::load, pipelines::list))
        .routes(routes!(webhooks::get, webhooks::change))
        .routes(routes!(message::post))
        .routes(routes!(message::patch, message::delete))
        .routes(routes!(unanswered::get))
        .routes(routes!(templates::list))
}
