//! Use cases: operations on chats and messages after the caller is authenticated, whether the request came over HTTP or
//! from a CRM.
//!
//! Each has the same steps: **load** reads all that is decided on, **decide** is pure, **commit** is one transaction,
//! **notify** sends the nudges. A writer whose transaction conflicts loads and decides again ([`context::Context`]). A
//! refusal is a [`refused::Refused`]; the caller decides how to present it.

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
pub mod resend_to_crm;
pub mod send;
pub mod send_target;
pub mod update_chat;

#[cfg(test)]
mod testing;
