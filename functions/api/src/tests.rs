//! The router over a real table, route by route.

mod access;
mod blacklist;
mod chats;
mod connections;
mod contacts;
mod document;
mod erasures;
mod export;
mod listings;
mod marks;
mod merges;
mod messages;
mod own_account;
mod rows;
mod settings;
mod tenants;
