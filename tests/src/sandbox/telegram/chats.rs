//! A bot's chats: finding them, the right to write in them, and how Telegram shows them.

use super::refused::Refused;
use super::state::{BotChat, BotMessage, BusinessConnection, Person, Standing};
use super::{Bot, DAY_MS};
use serde_json::{Value, json};

/// A message's position: the chat's index and the message's index in it.
pub(super) type Spot = (usize, usize);

impl Bot {
    /// The chat of a call.
    pub(super) fn at(&self, connection: Option<&str>, chat: i64) -> Result<usize, Refused> {
        if let Some(id) = connection {
            self.connection(id)?;
        }
        let is_it = |known: &BotChat| known.id == chat && known.connection.as_deref() == connection;
        let missing = match connection {
            Some(_) => "BUSINESS_PEER_INVALID",
            None => "chat not found",
        };
        self.state.chats.iter().position(is_it).ok_or_else(|| Refused::bad(missing))
    }

    /// An enabled business connection.
    pub(super) fn connection(&self, id: &str) -> Result<&BusinessConnection, Refused> {
        let found = self.state.connections.iter().find(|known| known.id == id && known.enabled);
        found.ok_or_else(|| Refused::bad("business connection not found"))
    }

    /// The chat, if the bot may write to it now.
    pub(super) fn open(&self, connection: Option<&str>, chat: i64) -> Result<usize, Refused> {
        let at = self.at(connection, chat)?;
        let known = &self.state.chats[at];
        self.is_in(at)?;
        if let Some(to) = known.migrated_to {
            return Err(Refused::migrated(to));
        }
        if let Some(id) = connection {
            return self.in_window(id, known).map(|()| at);
        }
        match known.standing {
            Standing::Member => Ok(at),
            Standing::Kicked => Err(Refused::forbidden("bot was blocked by the user")),
            // A user whom the bot knows from a group, and who never started the bot.
            Standing::Stranger => Err(Refused::forbidden("bot can't initiate conversation with a user")),
        }
    }

    /// A bot that was removed from a group may do nothing there; a bot that a person blocked may still change its
    /// messages.
    pub(super) fn is_in(&self, at: usize) -> Result<(), Refused> {
        let known = &self.state.chats[at];
        match known.standing {
            Standing::Kicked if known.is_group() => {
                Err(Refused::forbidden(&format!("bot was kicked from the {} chat", known.kind())))
            }
            _ => Ok(()),
        }
    }

    /// Checks `can_reply`, and that the client wrote in the last 24 hours (Bot API, BusinessBotRights).
    fn in_window(&self, connection: &str, chat: &BotChat) -> Result<(), Refused> {
        if !self.connection(connection)?.can_reply {
            return Err(Refused::bad("BUSINESS_CONNECTION_NOT_ALLOWED"));
        }
        match chat.wrote_at {
            Some(at) if self.now() - at <= DAY_MS => Ok(()),
            _ => Err(Refused::bad("BUSINESS_PEER_USAGE_MISSING")),
        }
    }

    /// Finds a message; `missing` is the error where it does not exist.
    pub(super) fn spot(&self, chat: usize, id: i64, missing: &str) -> Result<Spot, Refused> {
        let messages = &self.state.chats[chat].messages;
        let place = messages.iter().position(|message| message.message_id == id && !message.deleted);
        place.map(|place| (chat, place)).ok_or_else(|| Refused::bad(missing))
    }

    /// The chat, which is created if it is new.
    pub(super) fn chat(&mut self, connection: Option<&str>, id: i64) -> &mut BotChat {
        let is_it = |known: &BotChat| known.id == id && known.connection.as_deref() == connection;
        let at = self.state.chats.iter().position(is_it).unwrap_or_else(|| {
            let connection = connection.map(str::to_owned);
            self.state.chats.push(BotChat { id, connection, ..BotChat::default() });
            self.state.chats.len() - 1
        });
        &mut self.state.chats[at]
    }

    /// The bot as Telegram shows it (Bot API, User).
    pub(super) fn user(&self) -> Value {
        json!({
            "id": self.id, "is_bot": true, "first_name": self.setup.first_name, "username": self.setup.username,
        })
    }

    /// A message of the bot's as Telegram shows it (Bot API, Message).
    pub(super) fn shown(&self, (chat, place): Spot) -> Value {
        let chat = &self.state.chats[chat];
        let message = &chat.messages[place];
        let mut shown = json!({
            "message_id": message.message_id, "from": self.user(), "chat": chat.shown(), "date": message.at / 1000,
        });
        if let Some(id) = &chat.connection {
            shown["business_connection_id"] = json!(id);
            shown["sender_business_bot"] = self.user();
            if let Ok(connection) = self.connection(id) {
                shown["from"] = connection.owner.shown();
            }
        }
        if let Some(text) = &message.text {
            shown[if message.kind.is_some() { "caption" } else { "text" }] = json!(text);
        }
        if let (Some(kind), Some(file)) = (&message.kind, &message.file) {
            shown[kind.as_str()] = sent_file(kind, message, file.bytes);
        }
        if !message.buttons.is_empty() {
            shown["reply_markup"] = json!({ "inline_keyboard": message.buttons });
        }
        shown
    }
}

fn sent_file(kind: &str, message: &BotMessage, bytes: usize) -> Value {
    let id = format!("own{}", message.message_id);
    let file = json!({ "file_id": id, "file_unique_id": id, "file_size": bytes, "width": 90, "height": 90 });
    if kind == "photo" { json!([file]) } else { file }
}

impl BotChat {
    /// Whether it is a group.
    pub(super) fn is_group(&self) -> bool {
        self.id < 0
    }

    /// The chat's type. Ids of supergroups begin with -100.
    fn kind(&self) -> &'static str {
        match self.id {
            ..=-1_000_000_000_000 => "supergroup",
            -999_999_999_999..0 => "group",
            _ => "private",
        }
    }

    /// The chat as Telegram shows it (Bot API, Chat).
    pub(super) fn shown(&self) -> Value {
        if self.is_group() {
            return json!({ "id": self.id, "title": self.title, "type": self.kind() });
        }
        let mut shown = json!({ "id": self.id, "type": self.kind() });
        if let Some(person) = &self.person {
            shown["first_name"] = json!(person.first_name);
            if let Some(username) = &person.username {
                shown["username"] = json!(username);
            }
        }
        shown
    }
}

impl Person {
    /// The person as Telegram shows them (Bot API, User).
    pub(super) fn shown(&self) -> Value {
        let mut shown = json!({
            "id": self.id, "is_bot": false, "first_name": self.first_name, "language_code": "ru",
        });
        if let Some(username) = &self.username {
            shown["username"] = json!(username);
        }
        shown
    }
}
