//! Notices of what we sent and what came to nothing (E2).

use shared::base::clock::Timestamp;
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::failure_texts::{self, UNKNOWN_ERROR, Undone};
use shared::model::message::Message;
use shared::model::message::kind::DeliveryStatus;
use shared::model::texts::Language;
use shared::providers;

/// Whether a message that we sent failed by this: then the chat says so (E2).
pub fn came_to_nothing(before: &Message, after: &Message) -> bool {
    let failed = |message: &Message| message.status == Some(DeliveryStatus::Failed);
    after.provider_id.is_some() && failed(after) && !failed(before)
}

/// What is put into the chat then.
pub fn notice(
    chat: &mut Chat,
    channel: &Channel,
    message: &Message,
    language: Language,
    now: Timestamp,
) -> Option<Message> {
    let code = message.error.as_ref().map_or(UNKNOWN_ERROR, |error| error.code.as_str());
    let reason = providers::failure_reason(&channel.provider, code);
    let text = failure_texts::words(Undone::Send, reason, code, language);
    // By the number of the failure: there may be a notice from the time when nobody knew.
    let id = failure_texts::notice_id(&message.message_id, message.status_seq);
    failure_texts::notice(chat, channel, id, text, now)
}
