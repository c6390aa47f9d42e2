//! A CRM as the domain knows it: what it holds of a contact, and how far it is up to date.

pub mod entities;
pub mod progress;
