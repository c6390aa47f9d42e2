//! What Switchboard's tests share: the sandbox that plays the providers and the CRMs.

pub mod sandbox;
