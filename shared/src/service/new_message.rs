//! A message to be sent, as every way in asks for it.

use crate::base::ids::{ChatId, EmployeeId, MessageId};
use crate::model::channel::Channel;
use crate::model::chat::{Addressee, Chat};
use crate::model::event::{MessageEvent, Origin};
use crate::model::message::content::CommentMode;
use crate::service::content::Content;

/// Who writes.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The employee, when it is one. One whom we do not know writes as the account itself.
    pub employee: Option<EmployeeId>,
    /// Where it was written.
    pub origin: Origin,
}

/// A caller's key (E4).
#[derive(Clone, Debug)]
pub struct CallersKey {
    /// Digest of the key, by [`SendKey::digest`](crate::model::outbound::SendKey::digest).
    pub digest: String,
    /// Digest of what is asked for.
    pub request: String,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its id, ours.
    pub id: MessageId,
    /// Where it goes.
    pub target: Target,
    /// Who writes.
    pub from: Writer,
    /// What.
    pub content: Content,
    /// The message that it answers, by the id under which the chat has it.
    pub quote: Option<MessageId>,
    /// How a comment is answered.
    pub mode: Option<CommentMode>,
    /// The caller's key.
    pub key: Option<CallersKey>,
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// Into a chat that is there.
    Chat(ChatId),
    /// Into this chat, which is made when it is not there (D4).
    Dialogue(Box<Dialogue>),
}

/// A dialogue that we begin.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// The channel that it is begun on.
    pub channel: Channel,
    /// How the chat would look if it were a message of the client's: whose chat, which messenger, what is known of the client.
    pub like: MessageEvent,
    /// How the client is reached until the provider tells the chat's id.
    pub reach: Option<Addressee>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The chat as it is now.
    pub chat: Chat,
    /// The message, by our id.
    pub message_id: MessageId,
    /// Whether it was asked for before under the same key: then nothing was done now.
    pub repeated: bool,
}
