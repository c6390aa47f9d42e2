//! Types and pure policies: no I/O, no async, no provider, no CRM product.

pub mod access;
pub mod access_token;
pub mod account;
pub mod assignment;
pub mod audit;
pub mod channel;
pub mod chat;
pub mod connection;
pub mod contact;
pub mod crm;
pub mod employee;
pub mod erasure;
pub mod event;
pub mod failure_texts;
pub mod limits;
pub mod message;
pub mod notices;
pub mod outbound;
pub mod pipeline;
pub mod quick_reply;
pub mod rules;
pub mod setup_check;
pub mod texts;
pub mod upload;
pub mod working_hours;
