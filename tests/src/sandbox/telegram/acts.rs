//! Actions of people in Telegram, and the updates that report them to the bot (Bot API, Update).

use super::Bot;
use super::state::{BotMessage, BusinessConnection, Person, Standing};
use crate::sandbox::files::{self, Files};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An action of a person. In JSON: its name with its parameters, `{"say": {…}}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    /// Sends a text or a file.
    Say(Said),
    /// Edits a message of their own.
    Edit(Edited),
    /// Presses a button below a message of the bot's.
    Press(Pressed),
    /// Blocks the bot.
    Block(Person),
    /// Unblocks the bot.
    Unblock(Person),
    /// Adds the bot to a group, or removes it.
    Join(Joined),
    /// Turns a group into a supergroup.
    Migrate(Migrated),
    /// Connects a business account, or changes the bot's rights in it.
    Connect(Connected),
    /// Deletes messages of a business account's chat.
    Delete(Deleted),
}

/// The chat of an action.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Place {
    /// The chat: a user's id for a private one, a group's negative number.
    pub chat: i64,
    /// A group's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The business connection, for a chat of a business account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
}

/// A message. In a business account's chat, the owner's message is an echo.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Said {
    /// The chat.
    pub place: Place,
    /// The author.
    pub from: Person,
    /// The text, or the caption of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// The album that the file belongs to (`media_group_id`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// The number of the message it quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<i64>,
}

/// A client's file, which the sandbox serves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct File {
    /// `photo`, `document`, `video` …
    pub kind: String,
    /// Its name in the sandbox.
    pub name: String,
}

/// An edit of a text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Edited {
    /// The chat.
    pub place: Place,
    /// The number of the message.
    pub message_id: i64,
    /// The new text.
    pub text: String,
}

/// A pressed button.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Pressed {
    /// The chat.
    pub place: Place,
    /// The person who presses it.
    pub from: Person,
    /// The number of the message that has the button.
    pub message_id: i64,
    /// Its `callback_data`.
    pub data: String,
}

/// A group that adds the bot or removes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Joined {
    /// The group.
    pub place: Place,
    /// The person who does it.
    pub by: Person,
    /// Whether the bot is a member from now on.
    pub is_in: bool,
}

/// A group that becomes a supergroup.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Migrated {
    /// The group.
    pub place: Place,
    /// The person who does it.
    pub by: Person,
    /// The supergroup's id.
    pub to: i64,
}

/// The state of a business account from now on.
pub type Connected = BusinessConnection;

/// Deleted messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Deleted {
    /// The chat.
    pub place: Place,
    /// Their numbers.
    pub message_ids: Vec<i64>,
}

/// The result of an action: the number of the message, and the update's kind and content.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) message_id: Option<i64>,
    pub(super) kind: &'static str,
    pub(super) content: Value,
}

impl Done {
    fn of(kind: &'static str, content: Value) -> Self {
        Self { message_id: content["message_id"].as_i64(), kind, content }
    }
}

impl Place {
    /// The private chat of a person with the bot.
    #[must_use]
    pub fn private(person: &Person) -> Self {
        Self { chat: person.id, title: None, connection: None }
    }

    /// A group.
    #[must_use]
    pub fn group(chat: i64, title: &str) -> Self {
        Self { chat, title: Some(title.to_owned()), connection: None }
    }

    /// A client's chat with a business account.
    #[must_use]
    pub fn business(connection: &str, client: &Person) -> Self {
        Self { chat: client.id, title: None, connection: Some(connection.to_owned()) }
    }
}

impl Said {
    /// A text.
    #[must_use]
    pub fn text(place: Place, from: &Person, text: &str) -> Self {
        Self { place, from: from.clone(), text: Some(text.to_owned()), file: None, album: None, quotes: None }
    }

    /// A file that the sandbox serves under this name, of this kind.
    #[must_use]
    pub fn file(place: Place, from: &Person, kind: &str, name: &str) -> Self {
        let file = File { kind: kind.to_owned(), name: name.to_owned() };
        Self { place, from: from.clone(), text: None, file: Some(file), album: None, quotes: None }
    }
}

type Played = Result<Done, &'static str>;

impl Bot {
    /// Plays an action. An impossible one is refused.
    pub(super) fn play(&mut self, act: Act, files: &Files) -> Played {
        match act {
            Act::Say(said) => self.say(said, files),
            Act::Edit(edited) => self.change(&edited),
            Act::Press(pressed) => self.press(&pressed),
            Act::Block(person) => Ok(self.stands(person, Standing::Kicked)),
            Act::Unblock(person) => Ok(self.stands(person, Standing::Member)),
            Act::Join(joined) => Ok(self.join(joined)),
            Act::Migrate(migrated) => self.migrate(&migrated),
            Act::Connect(connected) => self.connect(connected),
            Act::Delete(deleted) => self.lose(&deleted),
        }
    }

    fn say(&mut self, said: Said, files: &Files) -> Played {
        let file = match &said.file {
            Some(file) => Some(self.file(file, files)?),
            None => None,
        };
        let connection = said.place.connection.clone();
        let quoted = match said.quotes {
            Some(quoted) => Some(self.quoted_message(connection.as_deref(), said.place.chat, quoted)?),
            None => None,
        };
        let (message_id, chat) = self.written(&said)?;
        let mut content = json!({
            "message_id": message_id, "from": said.from.shown(), "chat": chat, "date": self.now() / 1000,
        });
        let members = [
            (if file.is_some() { "caption" } else { "text" }, said.text.map(Value::from)),
            ("media_group_id", said.album.map(Value::from)),
            ("reply_to_message", quoted),
            ("business_connection_id", connection.as_deref().map(Value::from)),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                content[name] = value;
            }
        }
        if let Some((kind, file)) = file {
            content[kind] = file;
        }
        self.told.insert(message_id, content.clone());
        Ok(Done::of(if connection.is_some() { "business_message" } else { "message" }, content))
    }

    /// Stores a message that a person writes, and returns its number, and its chat as Telegram shows it.
    fn written(&mut self, said: &Said) -> Result<(i64, Value), &'static str> {
        let Said { place, from, .. } = said;
        let owner = match &place.connection {
            Some(id) => Some(self.connection(id).map_err(|_| "noSuchConnection")?.owner.id),
            None => None,
        };
        let (now, message_id) = (self.now(), self.next_message());
        if place.chat < 0 && self.at(None, from.id).is_err() {
            // The bot knows a group's member from now on, but the member has not started the bot.
            self.chat(None, from.id).person = Some(from.clone());
        }
        let chat = self.chat(place.connection.as_deref(), place.chat);
        if chat.standing == Standing::Kicked {
            return Err("blocked");
        }
        chat.standing = Standing::Member;
        chat.title = place.title.clone().or(chat.title.take());
        if from.id == place.chat {
            chat.person = Some(from.clone());
        }
        if owner != Some(from.id) {
            chat.wrote_at = Some(now);
        }
        chat.messages.push(BotMessage {
            message_id,
            from: from.id,
            at: now,
            text: said.text.clone(),
            kind: said.file.as_ref().map(|file| file.kind.clone()),
            quotes: said.quotes,
            ..BotMessage::default()
        });
        Ok((message_id, chat.shown()))
    }

    fn quoted_message(&self, connection: Option<&str>, chat: i64, id: i64) -> Result<Value, &'static str> {
        if let Some(told) = self.told.get(&id) {
            return Ok(told.clone());
        }
        let chat = self.at(connection, chat).map_err(|_| "noSuchChat")?;
        let spot = self.spot(chat, id, "").map_err(|_| "noSuchMessage")?;
        Ok(self.shown(spot))
    }

    /// A file as an update shows it: by an id for `getFile`. A photo comes in several sizes (Bot API, PhotoSize).
    fn file(&mut self, file: &File, files: &Files) -> Result<(String, Value), &'static str> {
        let (mime, bytes) = files::content(files, &file.name).ok_or("noSuchFile")?;
        let mut id = |size: &str| {
            let id = format!("AgACAgIAAxkB{:05}{size}", self.files.len());
            self.files.insert(id.clone(), file.name.clone());
            id
        };
        let shown = match file.kind.as_str() {
            "photo" => {
                let size = |id: String, bytes: usize, side: i64| json!({ "file_id": id, "file_unique_id": format!("u{id}"), "file_size": bytes, "width": side, "height": side });
                json!([size(id("s"), bytes.len().div_ceil(8), 90), size(id("l"), bytes.len(), 1280)])
            }
            _ => {
                let id = id("d");
                json!({
                    "file_id": id, "file_unique_id": format!("u{id}"), "file_size": bytes.len(), "mime_type": mime,
                    "file_name": file.name,
                })
            }
        };
        Ok((file.kind.clone(), shown))
    }

    fn change(&mut self, edited: &Edited) -> Played {
        let Edited { place, message_id, text } = edited;
        let chat = self.at(place.connection.as_deref(), place.chat).map_err(|_| "noSuchChat")?;
        let spot = self.spot(chat, *message_id, "").map_err(|_| "noSuchMessage")?;
        let now = self.now();
        let told = self.told.get_mut(message_id).ok_or("notTheirs")?;
        let message = &mut self.state.chats[spot.0].messages[spot.1];
        message.text = Some(text.clone());
        message.edits += 1;
        told[if message.kind.is_some() { "caption" } else { "text" }] = json!(text);
        told["edit_date"] = json!(now / 1000);
        let kind = if place.connection.is_some() { "edited_business_message" } else { "edited_message" };
        Ok(Done::of(kind, told.clone()))
    }

    fn press(&mut self, pressed: &Pressed) -> Played {
        let chat =
            self.at(pressed.place.connection.as_deref(), pressed.place.chat).map_err(|_| "noSuchChat")?;
        let spot = self.spot(chat, pressed.message_id, "").map_err(|_| "noSuchMessage")?;
        let buttons = &self.state.chats[spot.0].messages[spot.1].buttons;
        if !buttons.iter().flatten().any(|button| button["callback_data"] == pressed.data.as_str()) {
            return Err("noSuchButton");
        }
        let id = self.next_message();
        let content = json!({
            "id": format!("9{id:018}"), "from": pressed.from.shown(), "message": self.shown(spot),
            "chat_instance": pressed.place.chat.to_string(), "data": pressed.data,
        });
        Ok(Done { message_id: None, kind: "callback_query", content })
    }

    /// A person blocks or unblocks the bot (Bot API, Update, `my_chat_member`).
    fn stands(&mut self, person: Person, standing: Standing) -> Done {
        let chat = self.chat(None, person.id);
        chat.standing = standing;
        chat.person = Some(person.clone());
        let shown = chat.shown();
        self.member(shown, &person, standing)
    }

    fn join(&mut self, joined: Joined) -> Done {
        let standing = if joined.is_in { Standing::Member } else { Standing::Kicked };
        let chat = self.chat(None, joined.place.chat);
        chat.standing = standing;
        chat.title = joined.place.title.or(chat.title.take());
        let shown = chat.shown();
        self.member(shown, &joined.by, standing)
    }

    fn member(&self, chat: Value, by: &Person, standing: Standing) -> Done {
        let words = if standing == Standing::Kicked { ["member", "kicked"] } else { ["kicked", "member"] };
        let [old, new] = words.map(|word| {
            let mut member = json!({ "user": self.user(), "status": word });
            if word == "kicked" {
                member["until_date"] = json!(0);
            }
            member
        });
        let content = json!({
            "chat": chat, "from": by.shown(), "date": self.now() / 1000, "old_chat_member": old, "new_chat_member": new,
        });
        Done::of("my_chat_member", content)
    }

    fn migrate(&mut self, migrated: &Migrated) -> Played {
        let at = self.at(None, migrated.place.chat).map_err(|_| "noSuchChat")?;
        self.state.chats[at].migrated_to = Some(migrated.to);
        let title = self.state.chats[at].title.clone();
        let supergroup = self.chat(None, migrated.to);
        (supergroup.title, supergroup.standing) = (title, Standing::Member);
        let message_id = self.next_message();
        let content = json!({
            "message_id": message_id, "from": migrated.by.shown(), "chat": self.state.chats[at].shown(),
            "date": self.now() / 1000, "migrate_to_chat_id": migrated.to,
        });
        Ok(Done::of("message", content))
    }

    fn connect(&mut self, connected: Connected) -> Played {
        if !self.setup.can_connect_to_business {
            return Err("businessModeIsOff");
        }
        let content = json!({
            "id": connected.id, "user": connected.owner.shown(), "user_chat_id": connected.owner.id,
            "date": self.now() / 1000, "is_enabled": connected.enabled,
            "rights": { "can_reply": connected.can_reply, "can_delete_sent_messages": connected.can_delete_sent },
        });
        self.state.connections.retain(|known| known.id != connected.id);
        self.state.connections.push(connected);
        Ok(Done::of("business_connection", content))
    }

    fn lose(&mut self, deleted: &Deleted) -> Played {
        let connection = deleted.place.connection.as_deref();
        // Telegram does not report deletions in other chats to a bot.
        let connection = connection.ok_or("noBusinessChat")?;
        let chat = self.at(Some(connection), deleted.place.chat).map_err(|_| "noSuchChat")?;
        for id in &deleted.message_ids {
            let (chat, place) = self.spot(chat, *id, "").map_err(|_| "noSuchMessage")?;
            self.state.chats[chat].messages[place].deleted = true;
        }
        let content = json!({
            "business_connection_id": connection, "chat": self.state.chats[chat].shown(), "message_ids": deleted.message_ids,
        });
        Ok(Done::of("deleted_business_messages", content))
    }
}
