//! Notices about our messages that failed (E2).

use shared::base::clock::Timestamp;
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::failure_texts::{self, UNKNOWN_ERROR, Undone};
use shared::model::message::Message;
use shared::model::message::kind::DeliveryStatus;
use shared::model::texts::Language;
use shared::providers;

/// Whether a change made a message that we sent fail: then the chat says so (E2).
pub fn came_to_nothing(before: &Message, after: &Message) -> bool {
    let failed = |message: &Message| message.status == Some(DeliveryStatus::Failed);
    after.provider_id.is_some() && failed(after) && !failed(before)
}

/// Adds the notice to the chat.
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
    // The id contains the number of the failure, because an earlier notice may say that the outcome was unknown.
    let id = failure_texts::notice_id(&message.message_id, message.status_seq);
    failure_texts::notice(chat, channel, id, text, now)
}
