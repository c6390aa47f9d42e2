//! The account API under `/v1`, and the API under `/v3` that a CRM knows from Wazzup.
//!
//! One folder per topic, each with its `router()`; [`http`] holds what they share. A handler first takes the caller
//! ([`http::auth`]), then path, query and body ([`http::body`]), so a caller without a key learns nothing about what
//! they sent. Errors have one shape ([`http::error`]). Lists continue by cursors that are valid for one list of one
//! account ([`http::page`]). The OpenAPI document is generated from the handlers ([`http::openapi`]).

// The macro that reads the OpenAPI document's examples recurses once per member.
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
