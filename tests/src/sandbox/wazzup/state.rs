//! A Wazzup account's state apart from its channels: the clients' phones with the received messages, and its behaviour.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::sandbox::state::ReceivedFile;
use crate::sandbox::words::ChatType;

/// When the webhook that repeats the account's own message is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EchoMode {
    /// Before the call is answered: the receiver may know the message before its sender does.
    Before,
    /// Shortly after the call is answered.
    #[default]
    After,
    /// Twice, shortly after the call is answered.
    Twice,
    /// Only on demand.
    Never,
}

/// How the sender learns that a number is unknown to the messenger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Refusal {
    /// In the call's answer: 400 `BAD_CONTACT`.
    Send,
    /// The call is answered 201, and a webhook reports later that the message failed.
    Status,
}

/// A client whom the messenger does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NoContact {
    /// The chat id, phone or user name that is written to.
    pub to: String,
    /// How the sender learns of it.
    pub shown: Refusal,
}

/// The behaviour of an account; a missing member is as in `Default`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Behaviour {
    /// When echoes are posted.
    pub echo: EchoMode,
    /// The clients who cannot be reached.
    pub no_contact: Vec<NoContact>,
}

/// A client's chat, as it looks on the client's phone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientChat {
    /// The channel.
    pub channel_id: String,
    /// The messenger.
    pub chat_type: ChatType,
    /// The client in it.
    pub chat_id: String,
    /// The client's phone, if it is known.
    pub phone: Option<String>,
    /// The client's user name, if it is known.
    pub username: Option<String>,
    /// When the client last wrote, in milliseconds since 1970.
    pub wrote_at: Option<i64>,
    /// Ids of the messages that webhooks contained: they can be quoted.
    pub known: Vec<String>,
    /// The received messages, in order.
    pub received: Vec<Received>,
}

/// A message that a client received, or that failed on its way to the client.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// Wazzup's id of the message.
    pub message_id: String,
    /// The sender's id of the message.
    pub crm_message_id: Option<String>,
    /// The sender's id of its employee.
    pub crm_user_id: Option<String>,
    /// When it was accepted, in milliseconds since 1970.
    pub at: i64,
    /// `text`, `image` … `wapi_template`
    #[serde(rename = "type")]
    pub kind: String,
    /// The text as the client reads it, after all edits.
    pub text: Option<String>,
    /// The file, after all edits.
    pub file: Option<ReceivedFile>,
    /// The buttons, in a list of rows.
    pub buttons: Vec<Vec<Value>>,
    /// The `buttonsObject` as it was sent.
    pub buttons_object: Option<Map<String, Value>>,
    /// The template, if it is one.
    pub template_id: Option<String>,
    /// The message it quotes.
    pub quotes: Option<String>,
    /// How many times it was edited.
    pub edits: u32,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The last reported status; `error` for a message that the client never saw.
    pub status: String,
    /// The error code.
    pub error: Option<String>,
}

impl Received {
    /// Whether the client has it.
    #[must_use]
    pub fn arrived(&self) -> bool {
        self.error.is_none()
    }
}
