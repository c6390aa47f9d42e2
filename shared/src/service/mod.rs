//! Use cases: what is done with chats and messages once it is known who asks, whichever way the request came: over HTTP, from a CRM.
//!
//! Each has the same steps: **load** reads all that is decided on, **decide** is pure, **commit** is one transaction, **tell** sends
//! the nudges. Who lost a race loads and decides again ([`context::Context`]). A refusal is a [`refused::Refused`]; what it looks like
//! to the caller is the caller's to say.

pub mod author;
pub mod change_message;
pub mod checked_content;
pub mod content;
pub mod context;
pub mod finish;
pub mod follow_up;
pub mod new_message;
pub mod place;
pub mod reassign;
pub mod refused;
pub mod send;
pub mod send_target;
pub mod update_chat;

#[cfg(test)]
mod testing;
