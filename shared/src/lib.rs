//! The common crate of Switchboard's functions, in layers: each folder imports only those below it.
//!
//! [`service`] has the use cases. [`store`], [`providers`] and [`crm`] are neighbours: the table, the ways out to providers, the ways
//! out to CRMs. [`platform`] is the I/O that they stand on, [`wazzup_v3`] the vocabulary of Wazzup's API v3, [`model`] types and
//! **pure policies** (state + event → new state + effects), [`base`] ids, time and phones.
//! `docs/ARCHITECTURE.md` is the map.

pub mod base;
pub mod crm;
pub mod model;
pub mod platform;
pub mod providers;
pub mod service;
pub mod store;
pub mod wazzup_v3;
