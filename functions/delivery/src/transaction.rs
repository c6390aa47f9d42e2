//! The changes of a call's outcome, as one transaction.

use crate::ChatWork;
use shared::base::clock::Timestamp;
use shared::model::chat::{Chat, company_events};
use shared::model::limits::FileKind;
use shared::model::message::Message;
use shared::model::outbound::{Action, OutboundJob};
use shared::store::row::Write;

/// The rows that an outcome changes, in their new state.
pub(crate) struct OutcomeTransaction {
    pub chat: Chat,
    pub message: Message,
    pub writes: Vec<Write>,
    pub now: Timestamp,
}

/// Records that an edit or a deletion was carried out.
pub fn changed(work: &ChatWork, transaction: &mut OutcomeTransaction, job: &OutboundJob) {
    let Some(channel) = &work.channel else { return };
    let (chat, message, now) = (&transaction.chat, &transaction.message, transaction.now);
    let event = match &job.action {
        Action::EditText(text) => company_events::edited(chat, channel, message, text, now),
        Action::EditFile(media) => company_events::edited_file(chat, channel, message, media, now),
        Action::Delete => company_events::deleted(chat, channel, message, now),
        Action::Send => return,
    };
    if let Some(row) = transaction.chat.receive(&event, Some(&transaction.message), transaction.now) {
        transaction.message = row;
        if matches!(job.action, Action::EditText(_)) {
            // The signature below the new text; the echo of the edit is recognised by it.
            transaction.message.signature.clone_from(&job.signature);
        }
        if let Action::EditFile(media) = &job.action {
            transaction.message.kind = FileKind::of(media.mime.as_deref().unwrap_or_default()).message_kind();
        }
    }
}
