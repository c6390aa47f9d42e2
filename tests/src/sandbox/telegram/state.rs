//! What a bot holds in the sandbox, in the shapes its state route shows and its client reads back.

use crate::sandbox::state::{ApiCall, ReceivedFile, WebhookPost};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a bot is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BotSetup {
    /// The name that people see.
    pub first_name: String,
    /// The user name, without `@`.
    pub username: String,
    /// Whether Business Mode is on: only then may a business account connect it.
    #[serde(default)]
    pub can_connect_to_business: bool,
    /// Whether its webhook may be at a plain HTTP address of this machine, as with a Bot API server of one's own
    /// (Bot API, "Using a Local Bot API Server").
    #[serde(default)]
    pub local_webhooks: bool,
}

/// All that one bot holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BotState {
    /// Its webhook.
    pub webhook: Option<Hook>,
    /// The business accounts that connected it.
    pub connections: Vec<BusinessConnection>,
    /// Its chats, as they look on the phones of those in them.
    pub chats: Vec<BotChat>,
    /// Calls in the order they came.
    pub requests: Vec<ApiCall>,
    /// Webhooks in the order posted.
    pub posts: Vec<WebhookPost>,
}

/// A webhook as it was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hook {
    /// Where it is.
    pub url: String,
    /// What the header of each update shows.
    pub secret_token: Option<String>,
    /// Kinds of updates; none: all but the three that have to be asked for.
    pub allowed_updates: Vec<String>,
    /// How many are posted at a time.
    pub max_connections: i64,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Person {
    /// The user id.
    pub id: i64,
    /// The first name.
    pub first_name: String,
    /// The user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// A business account that connected the bot (Bot API, BusinessConnection).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BusinessConnection {
    /// The connection's id.
    pub id: String,
    /// Whose account it is.
    pub owner: Person,
    /// Whether it is in force.
    pub enabled: bool,
    /// Whether the bot may write in its name.
    pub can_reply: bool,
    /// Whether the bot may delete what it sent.
    pub can_delete_sent: bool,
}

/// How a bot stands to a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// It is known there, but was never started.
    #[default]
    Stranger,
    /// It may write.
    Member,
    /// It was blocked, or put out.
    Kicked,
}

/// A chat of the bot's, or of a business account that connected it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BotChat {
    /// Telegram's id of the chat: a user's id, a group's negative number.
    pub id: i64,
    /// The business connection, where it is a business account's.
    pub connection: Option<String>,
    /// A group's title.
    pub title: Option<String>,
    /// The person of a private chat.
    pub person: Option<Person>,
    /// Whether the bot may write.
    pub standing: Standing,
    /// The supergroup that it has become.
    pub migrated_to: Option<i64>,
    /// When a client last wrote, in milliseconds since 1970.
    pub wrote_at: Option<i64>,
    /// All messages in it, in the order written.
    pub messages: Vec<BotMessage>,
}

/// A message in a chat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BotMessage {
    /// Its number.
    pub message_id: i64,
    /// The user id of who wrote it.
    pub from: i64,
    /// Whether the bot sent it.
    pub by_bot: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The text, or what stands below the file; after all edits.
    pub text: Option<String>,
    /// `photo`, `document` …; none for a text.
    pub kind: Option<String>,
    /// The file that the bot sent.
    pub file: Option<ReceivedFile>,
    /// The buttons, in a list of rows.
    pub buttons: Vec<Vec<Value>>,
    /// The message it answers.
    pub quotes: Option<i64>,
    /// How many times it was edited.
    pub edits: u32,
    /// Whether it was taken back.
    pub deleted: bool,
}
