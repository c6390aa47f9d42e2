//! Events that we create ourselves: our changes to a chat are applied in the same way as a provider's events.

use crate::base::clock::Timestamp;
use crate::base::ids::{ChatId, MessageId};
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::event::{ContactHint, MessageEvent, Origin, Revision, Side};
use crate::model::message::Message;
use crate::model::message::kind::Kind;
use crate::model::message::media::Media;
use crate::model::messenger::{ChannelRef, Messenger};

/// A message of the company in a chat: text, with this id, without content yet, as of `at`.
pub fn company_event(
    chat: &Chat,
    channel: &Channel,
    id: MessageId,
    origin: Origin,
    at: Timestamp,
) -> MessageEvent {
    let ids = (chat.chat.clone(), chat.provider_chat_id.clone());
    MessageEvent {
        message_id: id,
        origin: Some(origin),
        group: chat.group,
        ..first_event(channel, ids, chat.messenger.clone(), at)
    }
}

/// The same where there is no chat yet: its ids, ours and the provider's, are given. The event has neither message id
/// nor origin.
pub fn first_event(
    channel: &Channel,
    (chat, provider_chat_id): (ChatId, String),
    messenger: Messenger,
    at: Timestamp,
) -> MessageEvent {
    MessageEvent {
        connection: channel.connection.clone(),
        channel: ChannelRef {
            id: channel.channel.clone(),
            provider: channel.provider.clone(),
            external: channel.external.clone(),
        },
        chat,
        provider_chat_id,
        aliases: Vec::new(),
        messenger,
        group: false,
        message_id: MessageId::new(""),
        side: Side::Company,
        origin: None,
        own_id: None,
        author: None,
        contact: ContactHint::default(),
        kind: Kind::Text,
        raw_kind: None,
        text: None,
        media: None,
        details: None,
        quote: None,
        album: None,
        listing: None,
        extra: None,
        sent_at: at,
        revision: Revision::New,
        old_text: None,
        status: None,
        error: None,
        quarantined: None,
    }
}

/// The event that a message of ours got another text.
pub fn edited(chat: &Chat, channel: &Channel, message: &Message, text: &str, at: Timestamp) -> MessageEvent {
    let origin = message.origin.unwrap_or(Origin::Api);
    MessageEvent {
        kind: message.kind,
        text: Some(text.to_owned()),
        old_text: message.text.clone(),
        media: message.media.clone(),
        revision: Revision::Edited,
        ..company_event(chat, channel, message.message_id.clone(), origin, at)
    }
}

/// The event that a message of ours got another file. A text without a file is replaced by it; a caption stays.
pub fn edited_file(
    chat: &Chat,
    channel: &Channel,
    message: &Message,
    media: &Media,
    at: Timestamp,
) -> MessageEvent {
    let caption = message.text.clone().filter(|_| message.media.is_some());
    MessageEvent { text: caption, media: Some(media.clone()), ..edited(chat, channel, message, "", at) }
}

/// The event that a message of the company was deleted.
pub fn deleted(chat: &Chat, channel: &Channel, message: &Message, at: Timestamp) -> MessageEvent {
    let origin = message.origin.unwrap_or(Origin::Api);
    MessageEvent {
        kind: message.kind,
        revision: Revision::Deleted,
        ..company_event(chat, channel, message.message_id.clone(), origin, at)
    }
}
