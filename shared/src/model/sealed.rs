//! An encrypted secret, as rows store it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A credential as the table stores it: KMS ciphertext, bound to its account.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(serde_bytes::ByteBuf);

impl Sealed {
    /// Wraps a ciphertext.
    pub fn new(ciphertext: Vec<u8>) -> Self {
        Self(serde_bytes::ByteBuf::from(ciphertext))
    }

    /// The ciphertext.
    pub fn ciphertext(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}
