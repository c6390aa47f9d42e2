//! The integration tests, one binary: `world` runs the functions' libraries over a real table engine with a clock that
//! the tests move; `stack` runs the deployed functions on the local stack.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "test code: a panic is how it fails"
)]

mod access;
mod assignment;
mod budget;
mod channel_updates;
mod closing;
mod conversation;
mod crm_answers;
mod crm_known;
mod crm_sends;
mod delivery;
mod echoes;
mod erasure;
mod faults;
mod finishing;
mod gates;
mod media;
mod notices;
mod ordinary_client;
mod properties;
mod recorded;
mod requeues;
mod rules;
mod simulation;
mod stack;
mod stories;
mod sweep;
mod tidy;
mod webhooks;
mod world;
