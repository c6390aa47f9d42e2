//! What every route stands on: who calls, what may be asked, pages, errors, the OpenAPI document.

pub mod auth;
pub mod body;
pub mod chat_access;
pub mod enums;
pub mod error;
pub mod etag;
pub mod openapi;
pub mod operator_key;
pub mod page;
pub mod rate_limit;
pub mod request_context;
pub mod validate;
