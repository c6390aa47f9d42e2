//! CRMs: what each kind can do, the connection to one, and how its answers are sorted. One file per kind beside this.

pub mod backoff;
pub mod client;
pub mod formatting;

pub mod universal;

pub use crate::crm::universal::notices::Waiting;
