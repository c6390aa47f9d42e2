//! The channel and the chat of an update, and the ids of messages.
//!
//! - **The bot's own chats** are on the channel whose `external` is the bot's id.
//! - **A business account's chats** are on a channel of their own, `business:{connection id}`. The owner's user id
//!   would outlive a connection, but a client's message does not name the owner; the connection's id is all that every
//!   business update has in common, and an answer has to name it. So the channel's id contains it, and nothing more is
//!   stored. An owner who connects the bot again gets a new channel; clients are recognized by their user id, which is
//!   the id of their chat.
//! - **A chat's id at the provider** is Telegram's: a person's user id, a group's negative number. A group that becomes
//!   a supergroup gets another id; the messages that report it carry the other id as an alias, so both lead to one
//!   chat.
//! - **A message's id** is `{chat}:{message}`, because Telegram counts messages in each chat (Bot API, Message), and
//!   `{connection id}:{chat}:{message}` for a business account, whose chat with a client has the same number as the
//!   bot's own.

use super::NAME;
use super::node::Node;
use crate::base::ids::{ChannelId, ChatId, MessageId};
use crate::model::connection::ChannelOwner;
use crate::model::event::ChatAlias;
use crate::model::messenger::{ChannelRef, Messenger};
use std::fmt;

/// The prefix in the `external` of a business account's channel.
const BUSINESS: &str = "business:";
/// Longest id of a business connection that is accepted, in bytes, because it becomes part of keys.
const MAX_CONNECTION: usize = 200;

/// The business connection of a channel; none for a bot's own channel.
pub(super) fn connection_of(external: &str) -> Option<&str> {
    external.strip_prefix(BUSINESS)
}

/// A channel as events name it.
pub(super) fn channel(owner: &ChannelOwner, external: &str) -> ChannelRef {
    ChannelRef {
        id: ChannelId::derive(&owner.account, NAME, external),
        provider: NAME.into(),
        external: external.to_owned(),
    }
}

/// The channel of a business connection.
pub(super) fn business_channel(owner: &ChannelOwner, connection: &str) -> ChannelRef {
    channel(owner, &format!("{BUSINESS}{connection}"))
}

/// The id of the business connection in this member, if it is valid.
pub(super) fn connection<'a>(node: &Node<'a>, name: &str) -> Option<&'a str> {
    let id = node.text(name)?;
    let fits = (1..=MAX_CONNECTION).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        node.fault(name, "no id");
    }
    fits.then_some(id)
}

/// A message's id, parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessageKey<'a> {
    /// The business connection, for a message of a business account.
    pub connection: Option<&'a str>,
    /// The chat.
    pub chat: i64,
    /// The message's number in the chat.
    pub message: i64,
}

impl<'a> MessageKey<'a> {
    /// Parses an id; `None` where Telegram has no such message: the id of a button, of a reaction, or one of ours.
    pub fn parse(id: &'a MessageId) -> Option<Self> {
        let mut parts = id.as_str().rsplitn(3, ':');
        let (message, chat, connection) = (parts.next()?, parts.next()?, parts.next());
        let (message, chat) = (message.parse().ok()?, chat.parse().ok()?);
        Some(Self { connection, chat, message })
    }

    /// The id.
    pub fn id(&self) -> MessageId {
        MessageId::new(self.to_string())
    }
}

impl fmt::Display for MessageKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(connection) = self.connection {
            write!(f, "{connection}:")?;
        }
        write!(f, "{}:{}", self.chat, self.message)
    }
}

/// The channel and the chat of an update.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    owner: &'a ChannelOwner,
    /// The channel.
    pub channel: ChannelRef,
    /// The business connection, for a business account's chat.
    pub connection: Option<&'a str>,
    /// Telegram's id of the chat.
    pub id: i64,
    /// Whether it is a group.
    pub group: bool,
}

/// Why an update has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// It does not name its chat.
    Unknown,
    /// It is a channel's post, and a channel has no conversations.
    Broadcast,
}

impl<'a> Place<'a> {
    /// The place of a `chat`.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub fn of(
        owner: &'a ChannelOwner,
        bot: &str,
        connection: Option<&'a str>,
        chat: &Node<'a>,
    ) -> Result<Self, NoPlace> {
        let id = chat.number("id").ok_or(NoPlace::Unknown)?;
        let group = match chat.text("type") {
            Some("private") => false,
            Some("channel") => return Err(NoPlace::Broadcast),
            Some("group" | "supergroup") => true,
            // Ids of people are positive, ids of groups negative.
            _ => id < 0,
        };
        let channel = match connection {
            Some(connection) => business_channel(owner, connection),
            None => channel(owner, bot),
        };
        Ok(Self { owner, channel, connection, id, group })
    }

    /// Our id of the chat.
    pub fn chat(&self) -> ChatId {
        self.form(self.id)
    }

    fn form(&self, id: i64) -> ChatId {
        let form = Messenger::Telegram.chat_form(self.group, &id.to_string());
        ChatId::derive(&self.owner.id_salt, &self.channel.id, &form)
    }

    /// The other id of a group, from before or after it became a supergroup.
    pub fn alias(&self, id: i64) -> ChatAlias {
        ChatAlias { chat: self.form(id), provider_chat_id: id.to_string() }
    }

    /// The id of a message in the chat.
    pub fn message(&self, message: i64) -> MessageId {
        MessageKey { connection: self.connection, chat: self.id, message }.id()
    }

    /// The id of an event that is no message at Telegram; `what` and `id` make it unique.
    pub fn happening(&self, what: &str, id: &str) -> MessageId {
        let connection = self.connection.map(|id| format!("{id}:")).unwrap_or_default();
        MessageId::new(format!("{connection}{}:{what}:{id}", self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_apart_as_it_was_put_together() {
        for (id, connection, chat, message) in [
            ("-1001293752024:7", None, -1_001_293_752_024, 7),
            ("218485655:6557", None, 218_485_655, 6557),
            ("Iz1S:VWM:218485655:1", Some("Iz1S:VWM"), 218_485_655, 1),
        ] {
            let id = MessageId::new(id);
            let key = MessageKey::parse(&id).unwrap();
            assert_eq!(key, MessageKey { connection, chat, message });
            assert_eq!(key.id(), id);
        }
        for id in ["", "5", "5:", ":5", "5:x", "5:callback:77a", "5:reaction:raw", "0198-m1", "error-5:6x"] {
            assert_eq!(MessageKey::parse(&MessageId::new(id)), None, "{id}");
        }
    }

    #[test]
    fn a_happening_is_no_message() {
        let reaction = MessageId::new("218485655:reaction:12");
        assert_eq!(MessageKey::parse(&reaction), None);
    }
}
