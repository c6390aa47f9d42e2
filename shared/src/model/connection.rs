//! Connections, each with one credential at a provider.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ConnectionId, IdSalt};
use crate::model::sealed::Sealed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Stored; the webhook is not registered yet.
    Connecting,
    /// The webhook is registered.
    Connected,
    /// The provider refused the credential.
    Unauthorized,
}

/// A connection: one credential at a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Version of the row's shape.
    pub v: u16,
    /// The account.
    pub account: AccountId,
    /// Its id.
    pub connection: ConnectionId,
    /// The provider's name, as in the webhook URL.
    pub provider: String,
    /// Its name, for people.
    pub name: String,
    /// The connection's state.
    pub state: ConnectionState,
    /// The provider's last error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The credential, encrypted: [`crate::model::credential::Credential`] as text.
    pub credential: Sealed,
    /// Data that is not secret and that the provider returned or needs, by name: ids of a page, a phone number …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub public: BTreeMap<String, String>,
    /// Hash of the webhook URL's token.
    pub token_hash: String,
    /// The webhook URL's token, encrypted, so that the webhook can be registered again.
    pub token: Sealed,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The look-up row of a webhook URL's token: everything that ingest needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookToken {
    /// Version of the row's shape.
    pub v: u16,
    /// The provider that the token was issued for; a post to another provider's path is refused.
    pub provider: String,
    /// The owner of the channels that the webhook serves.
    #[serde(flatten)]
    pub owner: TokenOwner,
    /// The secret that the provider must present with every request, encrypted for the webhook alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
}

/// The owner of the channels that a webhook's address serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TokenOwner {
    /// One connection.
    Connection(ChannelOwner),
    /// An app that serves several accounts: each channel has its own owner, found by the provider's id of the channel.
    App {
        /// The provider's id of the app.
        app: String,
    },
}

/// The owner of a channel, with what reading its webhooks needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelOwner {
    /// The account.
    pub account: AccountId,
    /// The connection that carries it.
    pub connection: ConnectionId,
    /// The salt of the ids of chats.
    pub id_salt: IdSalt,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_of_the_version_before_is_one_connections() {
        let row = json!({
            "v": 1, "account": "a", "connection": "c", "provider": "wazzup", "id_salt": "07070707-0707-0707-0707-070707070707"
        });
        let token: WebhookToken = serde_json::from_value(row.clone()).unwrap();
        let TokenOwner::Connection(owner) = &token.owner else { panic!("{token:?}") };
        assert_eq!((owner.account.as_str(), owner.connection.as_str()), ("a", "c"));
        assert_eq!((token.provider.as_str(), &token.secret), ("wazzup", &None));
        assert_eq!(serde_json::to_value(&token).unwrap(), row, "and it is written as before");
    }

    #[test]
    fn a_token_of_an_app_names_it() {
        let row = json!({"v": 1, "provider": "meta", "app": "1234567890"});
        let token: WebhookToken = serde_json::from_value(row.clone()).unwrap();
        assert_eq!(token.owner, TokenOwner::App { app: "1234567890".into() });
        assert_eq!(serde_json::to_value(&token).unwrap(), row);
    }
}
