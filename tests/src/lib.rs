//! What Switchboard's tests share: the sandbox that plays the providers and the CRMs, clients of a deployed stack and
//! of its API, and the story that `make run` prints.

pub mod account;
pub mod api;
pub mod sandbox;
pub mod stack;
pub mod story;
pub mod table;
pub mod telegram;
pub mod wazzup;
#[cfg(test)]
mod webhook;
