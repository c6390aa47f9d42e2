//! Connections: one credential at a provider each.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ConnectionId, IdSalt};
use crate::model::sealed::Sealed;
use serde::{Deserialize, Serialize};

/// How a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Stored; the webhook is not registered yet.
    Connecting,
    /// The webhook is registered.
    Connected,
    /// The provider refused the credential.
    Unauthorized,
}

/// One credential at a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose it is.
    pub account: AccountId,
    /// Its id.
    pub connection: ConnectionId,
    /// The provider's name, as in the webhook URL.
    pub provider: String,
    /// Its name, for people.
    pub name: String,
    /// How it is.
    pub state: ConnectionState,
    /// What the provider last said against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The credential, encrypted.
    pub credential: Sealed,
    /// Hash of the webhook URL's token.
    pub token_hash: String,
    /// The webhook URL's token, encrypted, so that the webhook can be registered again.
    pub token: Sealed,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The look-up row of a webhook URL's token: all that ingest needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookToken {
    /// Version of the row's shape.
    pub v: u16,
    /// Whose webhook it is.
    pub account: AccountId,
    /// Which connection's.
    pub connection: ConnectionId,
    /// The provider it was given to; a post to another provider's path is refused.
    pub provider: String,
    /// Goes into the chat ids.
    pub id_salt: IdSalt,
}
