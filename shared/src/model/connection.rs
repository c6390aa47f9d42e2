//! Connections: one credential at a provider each.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ConnectionId, IdSalt};
use crate::model::sealed::Sealed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// The credential, encrypted: [`crate::model::credential::Credential`] as text.
    pub credential: Sealed,
    /// What the provider told of itself or wants to be told that is no secret, by name: ids of a page, a phone number …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub public: BTreeMap<String, String>,
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
    /// The provider it was given to; a post to another provider's path is refused.
    pub provider: String,
    /// Whose channels it brings.
    #[serde(flatten)]
    pub owner: TokenOwner,
    /// What the provider has to show with every request, encrypted for the webhook alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
}

/// Whose channels a webhook's address brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TokenOwner {
    /// One connection's.
    Connection(ChannelOwner),
    /// Those of an app that serves several accounts: each channel has its own owner, found by the provider's id of it.
    App {
        /// The provider's id of the app.
        app: String,
    },
}

/// Who owns a channel, as far as reading its webhooks needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelOwner {
    /// The account.
    pub account: AccountId,
    /// The connection that carries it.
    pub connection: ConnectionId,
    /// Goes into the ids of chats.
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
