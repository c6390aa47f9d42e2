//! The vocabulary of Wazzup's API v3, which Wazzup itself and every CRM that plugs into it use.

pub mod channel_states;
