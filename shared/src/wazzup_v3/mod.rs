//! The vocabulary of Wazzup's API v3, which Wazzup itself speaks, and every CRM that plugs into it.

pub mod channel_states;
