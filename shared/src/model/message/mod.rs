//! Messages: the content of a chat, and the state of their delivery.

pub mod content;
pub mod edits;
pub mod keyboard;
pub mod kind;
pub mod listing;
pub mod media;
pub mod media_policy;
pub mod price;

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ChatId, MessageId, hex_digest};
use crate::model::crm::failure::FailedChange;
use crate::model::event::{Author, MessageEvent, Origin, Revision, Side};
use crate::model::message::content::{Details, Quote};
use crate::model::message::keyboard::Keyboard;
use crate::model::message::kind::{DeliveryError, DeliveryStatus, Kind};
use crate::model::message::media::{FileCopy, Media};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A message's row. `seq` is the number of its last change and drives the CRM push; the `*_seq` fields say which change
/// took which number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Version of the row's shape.
    pub v: u16,
    /// The account it belongs to.
    pub account: AccountId,
    /// The chat it belongs to.
    pub chat: ChatId,
    /// The provider's id; it alone decides whether the message was seen before.
    pub message_id: MessageId,
    /// Which side wrote it: the client or the company.
    pub side: Side,
    /// Its kind.
    pub kind: Kind,
    /// The provider's own word for the kind, where it is more precise than ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_kind: Option<String>,
    /// Text or caption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file, as the provider described it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// Our copy of the file, where one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileCopy>,
    /// Number under which the copy was made or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_seq: Option<u64>,
    /// The part that depends on the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
    /// The keyboard that a CRM sent with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyboard: Option<Keyboard>,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// The id that the messages of one album share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// The listing it is about, by the site's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<String>,
    /// Where a company's message was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The provider's id of a message that we sent under an id of our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<MessageId>,
    /// The signature below its text, for the client alone (B8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The number of the client's messages up to this one: reading it acknowledges so many.
    #[serde(default)]
    pub client_no: u32,
    /// The person of the company or of the group who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// The provider's other data, under our names, to be passed on unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Value>,
    /// Key of the raw record in the quarantine bucket, when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<String>,
    /// When it was written, according to the provider.
    pub sent_at: Timestamp,
    /// When we accepted it.
    pub accepted_at: Timestamp,
    /// Number of its last change in the chat.
    pub seq: u64,
    /// Number under which it was stored.
    pub created_seq: u64,
    /// Number of its last edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_seq: Option<u64>,
    /// First seen as an edit or a deletion: the original may still come.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// When it was last edited, according to the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// Number under which it was noted that the messenger reports an edit without the new content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit_noted_seq: Option<u64>,
    /// When that edit happened, according to the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit_noted_at: Option<Timestamp>,
    /// Digests of its edits, so that a replayed edit changes nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen_edits: Vec<String>,
    /// Digests of its earlier texts, so that an edit that comes too late changes nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_texts: Vec<String>,
    /// The text before the last edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_text: Option<String>,
    /// Number of its deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_seq: Option<u64>,
    /// The delivery status (company messages).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<DeliveryStatus>,
    /// Number of its last status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_seq: Option<u64>,
    /// When the provider reported the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_at: Option<Timestamp>,
    /// Why the delivery failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeliveryError>,
    /// Set when the CRM refused the message for good: its answer, shortened. The push continued without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_refused: Option<String>,
    /// Number under which a person had it sent to the CRM again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resent_seq: Option<u64>,
}

/// How far a provider's clock may be ahead of our acceptance for the time shown.
const AHEAD: Duration = Duration::from_secs(120);

impl Message {
    /// The row of a message that is stored for the first time, under `seq`.
    pub fn new(
        account: &AccountId,
        chat: &ChatId,
        event: &MessageEvent,
        accepted_at: Timestamp,
        seq: u64,
    ) -> Self {
        Self {
            v: 1,
            account: account.clone(),
            chat: chat.clone(),
            message_id: event.message_id.clone(),
            side: event.side,
            kind: event.kind,
            raw_kind: event.raw_kind.clone(),
            text: event.text.clone(),
            file: event.media.as_ref().filter(|media| media.expires).map(|_| FileCopy::Pending),
            file_seq: None,
            media: event.media.clone(),
            details: event.details.clone(),
            keyboard: None,
            quote: event.quote.clone(),
            album: event.album.clone(),
            listing: event.listing.as_ref().map(|listing| listing.id.clone()),
            origin: event.origin,
            provider_id: None,
            signature: None,
            client_no: 0,
            author: event.author.clone(),
            extra: event.extra.clone(),
            quarantined: event.quarantined.clone(),
            sent_at: event.sent_at,
            accepted_at,
            seq,
            created_seq: seq,
            edited_seq: (event.revision == Revision::Edited).then_some(seq),
            incomplete: event.revision != Revision::New,
            edited_at: (event.revision == Revision::Edited).then_some(event.sent_at),
            edit_noted_seq: None,
            edit_noted_at: None,
            seen_edits: (event.revision == Revision::Edited)
                .then(|| edits::digest(event))
                .into_iter()
                .collect(),
            earlier_texts: event.old_text.iter().map(|text| text_digest(Some(text))).collect(),
            old_text: event.old_text.clone(),
            deleted_seq: (event.revision == Revision::Deleted).then_some(seq),
            status: event.status,
            status_seq: event.status.map(|_| seq),
            status_at: event.status.map(|_| event.sent_at),
            error: event.error.clone(),
            crm_refused: None,
            resent_seq: None,
        }
    }

    /// Digest of the content in which a send of ours and its echo must agree.
    pub fn content_digest(text: Option<&str>, media: bool) -> String {
        text_digest(Some(&format!("{media}:{}", text.unwrap_or_default().trim())))
    }

    /// The time the message is shown under: the provider's, but at most two minutes ahead of our acceptance.
    pub fn shown_at(&self) -> Timestamp {
        self.sent_at.min(self.accepted_at + AHEAD)
    }

    /// Sort key of the index by time: the shown time, then the id, so that the order is total.
    pub fn shown_key(&self) -> String {
        format!("{:013}#{}", self.shown_at().millis().max(0), self.message_id.in_order())
    }

    /// The row after an echo of what we sent under an id of our own: it adds the provider's id and the delivery status.
    pub fn adopt(&self, event: &MessageEvent, seq: u64) -> Option<Self> {
        let mut next = self.clone();
        if next.provider_id.is_none() {
            next.provider_id = Some(event.message_id.clone());
            next.seq = seq;
        }
        next.report(event.status.unwrap_or(DeliveryStatus::Sent), event.error.as_ref(), event.sent_at, seq);
        (next != *self).then_some(next)
    }

    /// The row of which the CRM did not accept `change`, to be sent again under `seq`: what the CRM has of the message
    /// stays, so a status goes out as a status.
    #[must_use]
    pub fn resent(&self, change: FailedChange, seq: u64) -> Self {
        let mut next = Self { crm_refused: None, seq, ..self.clone() };
        let place = match change {
            FailedChange::Status if next.status.is_some() => &mut next.status_seq,
            FailedChange::Edit if next.edited_seq.is_some() => &mut next.edited_seq,
            FailedChange::Edit if next.edit_noted_seq.is_some() => &mut next.edit_noted_seq,
            FailedChange::Edit if next.file_seq.is_some() => &mut next.file_seq,
            FailedChange::Deletion if next.deleted_seq.is_some() => &mut next.deleted_seq,
            _ => &mut next.resent_seq,
        };
        *place = Some(seq);
        next
    }

    /// Whether a copy of its file is still in progress.
    pub fn waits_for_file(&self) -> bool {
        self.file == Some(FileCopy::Pending) && self.deleted_seq.is_none()
    }

    /// The row after the copy of its file was made or given up.
    #[must_use]
    pub fn with_file(&self, file: FileCopy, seq: u64) -> Self {
        Self { file: Some(file), file_seq: Some(seq), seq, ..self.clone() }
    }

    /// Applies a delivery status when it is new; returns whether it was.
    pub fn report(
        &mut self,
        status: DeliveryStatus,
        error: Option<&DeliveryError>,
        at: Timestamp,
        seq: u64,
    ) -> bool {
        // A failure may be reported first without its reason.
        let explains = status == DeliveryStatus::Failed
            && self.status == Some(status)
            && self.error.is_none()
            && error.is_some();
        let news = DeliveryStatus::advance(self.status, status).or(explains.then_some(status));
        let Some(status) = news else { return false };
        self.status = Some(status);
        self.status_seq = Some(seq);
        self.status_at = Some(at);
        self.error = error.cloned();
        self.seq = seq;
        true
    }
}

/// The digest by which texts are compared and stored.
pub(crate) fn text_digest(text: Option<&str>) -> String {
    hex_digest(text.unwrap_or_default().as_bytes()).chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryStatus::{Delivered, Failed, Queued, Read, Sent};

    #[test]
    fn p7_status_only_moves_forward() {
        for (current, news, expected) in [
            (None, Sent, Some(Sent)),
            (Some(Queued), Read, Some(Read)),
            (Some(Delivered), Sent, None),
            (Some(Read), Delivered, None),
            (Some(Sent), Failed, Some(Failed)),
            (Some(Failed), Sent, None),
            (Some(Failed), Delivered, Some(Delivered)),
            (Some(Delivered), Failed, None),
            (Some(Read), Read, None),
        ] {
            assert_eq!(DeliveryStatus::advance(current, news), expected, "{current:?} + {news:?}");
        }
    }

    #[test]
    fn p7_statuses_end_the_same_in_any_order() {
        let all = [Queued, Sent, Delivered, Read, Failed];
        for first in all {
            for second in all {
                for third in all {
                    let fold = |order: [DeliveryStatus; 3]| {
                        order.into_iter().fold(None, |now, news| DeliveryStatus::advance(now, news).or(now))
                    };
                    assert_eq!(fold([first, second, third]), fold([third, first, second]));
                    assert_eq!(fold([first, second, third]), fold([second, third, first]));
                    assert_eq!(fold([first, second, third]), fold([second, first, third]));
                }
            }
        }
    }
}
