//! A message to send, as the API and the CRM integrations ask for it.

use crate::base::ids::{ChatId, EmployeeId, MessageId};
use crate::model::channel::Channel;
use crate::model::chat::{Addressee, Chat};
use crate::model::event::{MessageEvent, Origin};
use crate::model::message::content::CommentMode;
use crate::model::message::keyboard::Keyboard;
use crate::service::content::Content;

/// Whether the rights of the employee who is named as an author decide what may be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthorRights {
    /// They decide: what the employee may not do is refused.
    #[default]
    Enforced,
    /// The name is a label: what the employee may not do, the account does, and the employee gets no client by it.
    Label,
}

/// The writer of a message.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The employee, if one writes. An employee whom we do not know writes as the account itself.
    pub employee: Option<EmployeeId>,
    /// Whether the employee's rights decide.
    pub rights: AuthorRights,
    /// Where the message was written.
    pub origin: Origin,
}

/// A caller's idempotency key (E4).
#[derive(Clone, Debug)]
pub struct CallersKey {
    /// Digest of the key, by [`SendKey::digest`](crate::model::outbound::SendKey::digest).
    pub digest: String,
    /// Digest of the request.
    pub request: String,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Our id of the message.
    pub id: MessageId,
    /// Where it goes.
    pub target: Target,
    /// The writer.
    pub from: Writer,
    /// The content.
    pub content: Content,
    /// The keyboard that a CRM sends with it.
    pub keyboard: Option<Keyboard>,
    /// The message that it quotes, by its id in the chat.
    pub quote: Option<MessageId>,
    /// How a comment is answered.
    pub mode: Option<CommentMode>,
    /// The caller's idempotency key.
    pub key: Option<CallersKey>,
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub enum Target {
    /// An existing chat.
    Chat(ChatId),
    /// This chat, which is created when it does not exist (D4).
    Dialogue(Box<Dialogue>),
}

/// A dialogue that the company begins.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// The channel that it begins on.
    pub channel: Channel,
    /// The chat as a first message of the client's would create it: account, chat, messenger, and what is known of the
    /// client.
    pub like: MessageEvent,
    /// The client's address until the provider names the chat's id.
    pub addressee: Option<Addressee>,
}

/// An accepted message.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The chat as it is now.
    pub chat: Chat,
    /// Our id of the message.
    pub message_id: MessageId,
    /// Whether the message was accepted before under the same key; then this call did nothing.
    pub repeated: bool,
}
