//! What a Wazzup account holds besides its channels: the clients' phones with what they received, and how it behaves.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::state::ReceivedFile;
use crate::sandbox::words::ChatType;

/// When the webhook that repeats our own message comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EchoMode {
    /// Before the call is answered: the receiver may know the message before its sender does.
    Before,
    /// Shortly after it.
    #[default]
    After,
    /// Twice, shortly after it.
    Twice,
    /// Not by itself; only on demand.
    Never,
}

/// Where it shows that a number is unknown to the messenger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Refusal {
    /// In the call's answer: 400 `BAD_CONTACT`.
    Send,
    /// The call is answered 201, and a webhook says later that the message failed.
    Status,
}

/// Somebody whom the messenger does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NoContact {
    /// The chat id, phone or user name by which he is written to.
    pub to: String,
    /// Where it shows.
    pub shown: Refusal,
}

/// How an account behaves; what is left out is as in `Default`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Behaviour {
    /// When echoes come.
    pub echo: EchoMode,
    /// Who cannot be reached.
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
    /// His phone, where it is known.
    pub phone: Option<String>,
    /// His user name, where it is known.
    pub username: Option<String>,
    /// When he last wrote, in milliseconds since 1970.
    pub wrote_at: Option<i64>,
    /// Ids of the messages that came by webhooks: they can be quoted.
    pub known: Vec<String>,
    /// What he received, in the order received.
    pub received: Vec<Received>,
}

/// A message that a client received, or that failed on its way to him.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// Wazzup's id of it.
    pub message_id: String,
    /// The sender's.
    pub crm_message_id: Option<String>,
    /// The sender's id of its employee.
    pub crm_user_id: Option<String>,
    /// When it was taken, in milliseconds since 1970.
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
    /// The template, where it is one.
    pub template_id: Option<String>,
    /// The message it quotes.
    pub quotes: Option<String>,
    /// How many times it was edited.
    pub edits: u32,
    /// Whether it was taken back.
    pub deleted: bool,
    /// The last status told; `error` for one that the client never saw.
    pub status: String,
    /// Why it failed.
    pub error: Option<String>,
}

impl Received {
    /// Whether the client has it.
    #[must_use]
    pub fn arrived(&self) -> bool {
        self.error.is_none()
    }
}
