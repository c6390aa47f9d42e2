//! A bot's state in the sandbox, in the shapes that its state route shows and its client reads back.

use crate::sandbox::state::{ApiCall, ReceivedFile, WebhookPost};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The set-up of a bot.
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
    /// Whether its webhook may be at a plain HTTP address of this machine, as with a Bot API server of one's own (Bot
    /// API, "Using a Local Bot API Server").
    #[serde(default)]
    pub local_webhooks: bool,
}

/// The state of one bot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BotState {
    /// Its webhook.
    pub webhook: Option<Hook>,
    /// The business accounts that connected it.
    pub connections: Vec<BusinessConnection>,
    /// Its chats, as they look on the members' phones.
    pub chats: Vec<BotChat>,
    /// Calls in the order received.
    pub requests: Vec<ApiCall>,
    /// Webhooks in the order posted.
    pub posts: Vec<WebhookPost>,
}

/// A webhook as it was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hook {
    /// Its address.
    pub url: String,
    /// The secret in the header of each update.
    pub secret_token: Option<String>,
    /// Kinds of updates; empty: all but the three that have to be asked for.
    pub allowed_updates: Vec<String>,
    /// How many updates are posted in parallel.
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
    /// The account's owner.
    pub owner: Person,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether the bot may write in the account's name.
    pub can_reply: bool,
    /// Whether the bot may delete what it sent.
    pub can_delete_sent: bool,
}

/// The bot's membership of a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// The bot knows the person, who never started it.
    #[default]
    Stranger,
    /// The bot may write.
    Member,
    /// The bot was blocked or removed.
    Kicked,
}

/// A chat of the bot's, or of a business account that connected it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BotChat {
    /// Telegram's id of the chat: a user's id, a group's negative number.
    pub id: i64,
    /// The business connection, for a business account's chat.
    pub connection: Option<String>,
    /// A group's title.
    pub title: Option<String>,
    /// The person of a private chat.
    pub person: Option<Person>,
    /// Whether the bot may write.
    pub standing: Standing,
    /// The supergroup that the group became.
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
    /// The user id of its author.
    pub from: i64,
    /// Whether the bot sent it.
    pub by_bot: bool,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// The text, or the caption of the file, after all edits.
    pub text: Option<String>,
    /// `photo`, `document` …; `None` for a text.
    pub kind: Option<String>,
    /// The file that the bot sent.
    pub file: Option<ReceivedFile>,
    /// The buttons, in a list of rows.
    pub buttons: Vec<Vec<Value>>,
    /// The message it quotes.
    pub quotes: Option<i64>,
    /// How many times it was edited.
    pub edits: u32,
    /// Whether it was deleted.
    pub deleted: bool,
}
