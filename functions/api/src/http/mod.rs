//! What all routes share: authentication, extractors, pages, errors, the OpenAPI document.

pub mod audit_layer;
pub mod auth;
pub mod body;
pub mod chat_access;
pub mod employee_token;
pub mod error;
pub mod error_layer;
pub mod etag;
pub mod existing;
pub mod field;
pub mod layers;
pub mod openapi;
pub mod operator_key;
pub mod page;
pub mod rate_limit;
pub mod request_context;
pub mod request_id;
pub mod route_access;
pub mod validate;
