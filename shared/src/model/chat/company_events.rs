//! Events that we make ourselves: what we do to a chat takes the same way into it as what a provider tells.

use crate::base::clock::Timestamp;
use crate::base::ids::{ChatId, MessageId};
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::event::{ContactHint, MessageEvent, Origin, Revision, Side};
use crate::model::message::Message;
use crate::model::message::kind::Kind;
use crate::model::messenger::{ChannelRef, Messenger};

/// A message of the company's in a chat: a text under this id, without any yet, as of now.
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

/// The same, where there is no chat yet: whose it will be, by our id and the provider's. It has neither id nor origin.
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

/// That a message of ours got another text.
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

/// That a message of the company's was deleted.
pub fn deleted(chat: &Chat, channel: &Channel, message: &Message, at: Timestamp) -> MessageEvent {
    let origin = message.origin.unwrap_or(Origin::Api);
    MessageEvent {
        kind: message.kind,
        revision: Revision::Deleted,
        ..company_event(chat, channel, message.message_id.clone(), origin, at)
    }
}
