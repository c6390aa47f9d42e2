//! The base of all other modules: ids, time and randomness, phones, a cache in memory.

pub mod cache;
pub mod clock;
pub mod ids;
pub mod phone;
