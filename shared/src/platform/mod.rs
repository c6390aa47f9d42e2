//! The I/O beneath store, providers and CRMs: SQS, S3, KMS, outbound HTTP, batches, metrics, logs.

pub mod aws;
pub mod batch;
pub mod config;
pub mod dead_letters;
pub mod disposition;
pub mod erased_letters;
pub mod files;
pub mod http;
pub mod metrics;
pub mod nudge;
pub mod nudger;
pub mod objects;
pub mod quarantine;
pub mod queue;
pub mod secrets;
pub mod telemetry;
