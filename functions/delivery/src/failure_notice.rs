//! A failed action: the message's status, and a notice in the chat that says why (E2).

use crate::transaction::OutcomeTransaction;
use crate::{ChatWork, Delivery, DeliveryError};
use shared::model::failure_texts::{self, UNKNOWN_ERROR, Undone};
use shared::model::message::kind::{DeliveryError as Why, DeliveryStatus};
use shared::model::outbound::{Action, OutboundJob};
use shared::providers;
use shared::store::row::Write;

/// The reason why an action was not done.
#[derive(Clone, Copy)]
pub(crate) struct Failure<'a> {
    pub code: &'a str,
    /// The provider's words.
    pub description: Option<&'a str>,
    /// Whether the outcome is unknown.
    pub unknown: bool,
}

impl Failure<'_> {
    /// The outcome of a send is unknown.
    pub fn unknown_outcome() -> Self {
        Self { code: UNKNOWN_ERROR, description: None, unknown: true }
    }
}

impl Delivery {
    /// Records a failed action. A send shows it in its status; a failed edit or deletion leaves the message unchanged.
    pub(crate) fn notice_of_failure(
        &self,
        work: &ChatWork,
        transaction: &mut OutcomeTransaction,
        job: &OutboundJob,
        told: Failure<'_>,
    ) -> Result<(), DeliveryError> {
        let what = match (&job.action, told.unknown) {
            (Action::Send, false) => Undone::Send,
            (Action::Send, true) => Undone::Unknown,
            (Action::EditText(_) | Action::EditFile(_), _) => Undone::Edit,
            (Action::Delete, _) => Undone::Deletion,
        };
        if job.action == Action::Send && !transaction.show(told) {
            return Ok(());
        }
        let Some(channel) = work.channel.as_ref().filter(|_| !work.owner.hide_send_errors) else {
            return Ok(());
        };
        let change = (job.action != Action::Send).then_some(job.number);
        let id = failure_texts::notice_id(&job.message_id, change);
        let reason = providers::failure_reason(&channel.provider, told.code);
        let text = failure_texts::words(what, reason, told.code, work.owner.language);
        let notice = failure_texts::notice(&mut transaction.chat, channel, id, text, transaction.now);
        transaction.writes.extend(notice.map(|row| Write::create(&row)).transpose()?);
        Ok(())
    }
}

impl OutcomeTransaction {
    /// Sets the message's status; returns whether it changed.
    fn show(&mut self, told: Failure<'_>) -> bool {
        let number = self.chat.seq + 1;
        let status = if told.unknown { DeliveryStatus::Unknown } else { DeliveryStatus::Failed };
        let why = Why { code: told.code.to_owned(), description: told.description.map(str::to_owned) };
        if !self.message.report(status, Some(&why), self.now, number) {
            return false;
        }
        self.chat.seq = number;
        // An echo may still prove a send of unknown outcome; none will come of a refused one.
        if !told.unknown {
            self.chat.confirm_send(&self.message.message_id);
        }
        true
    }
}
