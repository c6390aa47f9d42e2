//! The common crate of Switchboard's functions.
//!
//! Modules named by a domain noun hold types and **pure policies** (state + event → new state + effects) and import
//! neither AWS nor HTTP. [`store`], [`queue`], [`http`], [`files`], [`secrets`], [`quarantine`], [`telemetry`], [`batch`] and
//! [`config`] are the I/O around them. [`providers`] and [`crm`] hold one file or folder per outside system.
//! `docs/ARCHITECTURE.md` is the map.

pub mod access_token;
pub mod account;
pub mod assignment;
pub mod assignment_log;
pub mod audit;
pub mod automatic;
pub mod aws;
pub mod batch;
pub mod blacklist;
pub mod cache;
pub mod channel;
pub mod chat;
pub mod chat_event;
pub mod clock;
pub mod closing;
pub mod config;
pub mod connection;
pub mod contact;
pub mod contact_merge;
pub mod content;
pub mod crm;
pub mod crm_entities;
pub mod crm_progress;
pub mod dead_letters;
pub mod departure;
pub mod disposition;
pub mod employee;
pub mod erasure;
pub mod event;
pub mod files;
pub mod http;
pub mod ids;
pub mod listing;
pub mod media;
pub mod message;
pub mod message_edits;
pub mod metrics;
pub mod notices;
pub mod nudge;
pub mod number_check;
pub mod number_news;
pub mod objects;
pub mod outbound;
pub mod own_events;
pub mod own_sends;
pub mod phone;
pub mod pipeline;
pub mod providers;
pub mod quarantine;
pub mod queue;
pub mod quick_reply;
pub mod receiving;
pub mod rules;
pub mod secrets;
pub mod send_errors;
pub mod sending;
pub mod setup;
pub mod store;
pub mod telemetry;
pub mod unread;
pub mod upload;
pub mod visibility;
pub mod words;
pub mod working_hours;
