//! Use cases: what a handler does once it knows who asks.

pub mod checked_content;
pub mod follow_up;
pub mod send;
pub mod send_target;
