//! The router over a real table, route by route.

mod access;
mod chats;
mod connections;
mod document;
mod settings;
