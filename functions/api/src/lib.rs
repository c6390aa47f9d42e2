//! The account API under `/v1`, and the API that a CRM knows from Wazzup under `/v3`.
//!
//! One folder per topic, each with its `router()`; [`http`] is what they stand on. A handler takes who calls ([`http::auth`]), then
//! path, query and body ([`http::body`]), so a caller without a key learns nothing of what they sent. Errors have one shape
//! ([`http::error`]); lists go on by cursors that are good for one list of one account ([`http::page`]). The OpenAPI document is made
//! of the handlers ([`http::openapi`]).

// The examples in the OpenAPI document are read one member at a time.
#![recursion_limit = "256"]

mod account;
mod app;
mod channels;
mod chats;
mod connections;
mod contacts;
mod crm;
mod employees;
mod files;
pub mod http;
mod messages;
mod routes;
mod rules;
pub mod v3;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use app::App;
pub use routes::{router, service};
