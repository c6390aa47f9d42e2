//! Edits and deletions of a message, in any order and however often they come.

use crate::base::clock::Timestamp;
use crate::model::event::{MessageEvent, Revision};
use crate::model::message::media::FileCopy;
use crate::model::message::{Message, text_digest};
use crate::model::outbound::signed;

impl Message {
    /// The row after a repeated delivery of the same message id, or `None` when it brings nothing new. `seq` is the
    /// number that the change would take.
    pub fn revise(&self, event: &MessageEvent, seq: u64) -> Option<Self> {
        let mut next = self.clone();
        match event.revision {
            Revision::New if self.incomplete => next.complete(event, seq),
            Revision::New => {}
            Revision::Edited => next.edit(event, seq),
            Revision::Deleted if next.deleted_seq.is_none() => {
                next.deleted_seq = Some(seq);
                next.seq = seq;
                // The file of a deleted message is not copied.
                next.file = next.file.filter(|file| *file != FileCopy::Pending);
            }
            Revision::Deleted => {}
        }
        if let Some(status) = event.status {
            next.report(status, event.error.as_ref(), event.sent_at, seq);
        }
        (next.seq != self.seq).then_some(next)
    }

    /// Whether it is known to have been edited.
    pub fn is_edited(&self) -> bool {
        self.edited_seq.is_some() || self.edit_noted_seq.is_some()
    }

    /// The row after the messenger reported an edit, at `at`, without the new content; `None` if that is no news. The
    /// content stays as it is known, and an edit with its content, whenever it comes, applies as usual.
    pub fn edit_noted(&self, at: Timestamp, seq: u64) -> Option<Self> {
        let known = self.edit_noted_at.is_some_and(|noted| noted >= at);
        if known || self.deleted_seq.is_some() {
            return None;
        }
        Some(Self { edit_noted_seq: Some(seq), edit_noted_at: Some(at), seq, ..self.clone() })
    }

    /// Adds the original that came after its edit or deletion: its time, and what those did not contain.
    fn complete(&mut self, event: &MessageEvent, seq: u64) {
        self.incomplete = false;
        self.sent_at = event.sent_at;
        if self.edited_seq.is_some() {
            // The CRM has the message as it was edited; the missing parts are reported as another edit.
            self.edited_seq = Some(seq);
            self.old_text = self.old_text.take().or_else(|| event.text.clone());
            self.earlier_texts.push(text_digest(event.text.as_deref()));
        } else {
            self.text.clone_from(&event.text);
        }
        if self.media.is_none() && event.media.is_some() {
            self.media.clone_from(&event.media);
            let copied =
                event.media.as_ref().is_some_and(|media| media.expires) && self.deleted_seq.is_none();
            self.file = copied.then_some(FileCopy::Pending);
        }
        self.kind = event.kind;
        self.details = self.details.take().or_else(|| event.details.clone());
        self.quote = self.quote.take().or_else(|| event.quote.clone());
        self.author = self.author.take().or_else(|| event.author.clone());
        self.album = self.album.take().or_else(|| event.album.clone());
        self.extra = self.extra.take().or_else(|| event.extra.clone());
        self.listing =
            self.listing.take().or_else(|| event.listing.as_ref().map(|listing| listing.id.clone()));
        self.raw_kind.clone_from(&event.raw_kind);
        self.seq = seq;
    }

    /// Applies an edit that is new. Edits may come twice and in any order: the provider's time decides. Of two edits
    /// with the same time, a text that the message is known to have had before does not come back, unless the edit says
    /// that it replaces the current one.
    fn edit(&mut self, event: &MessageEvent, seq: u64) {
        let digest = digest(event);
        let new_media =
            event.media.as_ref().filter(|media| self.media.as_ref().map(|own| &own.url) != Some(&media.url));
        let (text, old_text) =
            (self.unsigned(event.text.as_deref()), self.unsigned(event.old_text.as_deref()));
        let nothing_new = text == self.text && new_media.is_none();
        if self.deleted_seq.is_some() || nothing_new || self.seen_edits.contains(&digest) {
            return;
        }
        let (last, replaces) =
            (self.edited_at.unwrap_or(event.sent_at), old_text.is_some() && old_text == self.text);
        let had_before = self.earlier_texts.contains(&text_digest(text.as_deref())) && new_media.is_none();
        // An edit of ours has the time of our clock: an edit that replaces it is later, whatever the provider's clock
        // says.
        let is_late = event.sent_at < last && !(replaces && self.provider_id.is_some());
        if is_late || (event.sent_at == last && had_before && !replaces) {
            return;
        }
        self.seen_edits.push(digest);
        self.earlier_texts.push(text_digest(self.text.as_deref()));
        self.earlier_texts.extend(old_text.iter().map(|text| text_digest(Some(text))));
        self.earlier_texts.sort();
        self.earlier_texts.dedup();
        self.old_text = self.text.take();
        self.text = text;
        if let Some(media) = new_media {
            self.file = media.expires.then_some(FileCopy::Pending);
            self.media = Some(media.clone());
        }
        self.edited_at = Some(event.sent_at.max(last));
        self.edited_seq = Some(seq);
        self.seq = seq;
    }

    /// A text of this message as the provider reports it, without the signature that we added below.
    fn unsigned(&self, told: Option<&str>) -> Option<String> {
        let (told, Some(signature)) = (told?, &self.signature) else { return told.map(str::to_owned) };
        if self.text.as_deref().is_some_and(|text| told.trim() == signed(text, Some(signature)).trim()) {
            return self.text.clone();
        }
        let below = signed("", Some(signature));
        Some(told.trim_end().strip_suffix(below.trim_end()).unwrap_or(told).to_owned())
    }
}

/// A digest that distinguishes one edit from another: a replayed edit has the same.
pub(crate) fn digest(event: &MessageEvent) -> String {
    let media = event.media.as_ref().map(|media| &media.url);
    let told = format!("{:?}", (&event.text, &event.old_text, media, event.sent_at));
    text_digest(Some(&told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::MessageId;
    use crate::model::chat::tests::{new_chat, text_event};
    use crate::model::event::Side;

    /// An edit to `text`, written at `ms`; `old` is the text that the provider says it replaces.
    fn edit(text: &str, ms: i64, old: Option<&str>) -> MessageEvent {
        MessageEvent {
            revision: Revision::Edited,
            text: Some(text.into()),
            old_text: old.map(str::to_owned),
            sent_at: Timestamp::from_millis(ms),
            ..text_event("m", Side::Client)
        }
    }

    fn original() -> MessageEvent {
        MessageEvent { text: Some("A".into()), ..text_event("m", Side::Client) }
    }

    /// The text after these events, in this order.
    fn after(events: &[MessageEvent]) -> Option<String> {
        let mut chat = new_chat();
        let mut row = None;
        for event in events {
            row = chat.receive(event, row.as_ref(), Timestamp::from_millis(0)).or(row);
        }
        row.and_then(|row| row.text)
    }

    #[test]
    fn an_edit_back_to_an_earlier_text_is_no_replay() {
        let told = [original(), edit("B", 10, None), edit("A", 20, None)];
        assert_eq!(after(&told).as_deref(), Some("A"));
        let again = [original(), edit("B", 10, None), edit("A", 20, None), edit("B", 10, None)];
        assert_eq!(after(&again).as_deref(), Some("A"), "a replay is one");
        // A provider that gives the message's own time, and says what was replaced.
        let timeless = [original(), edit("B", 0, Some("A")), edit("A", 0, Some("B"))];
        assert_eq!(after(&timeless).as_deref(), Some("A"));
    }

    #[test]
    fn an_edit_of_unknown_content_is_noted_once_and_its_content_may_follow() {
        let mut chat = new_chat();
        let row = chat.receive(&original(), None, Timestamp::from_millis(0)).unwrap();
        let at = Timestamp::from_millis(50);
        let noted = row.edit_noted(at, 2).unwrap();
        assert_eq!((noted.text.as_deref(), noted.seq, noted.is_edited()), (Some("A"), 2, true));
        assert_eq!(noted.edit_noted(at, 3), None, "a replay");
        assert_eq!(noted.edit_noted(Timestamp::from_millis(49), 3), None, "an earlier one");
        assert!(noted.edit_noted(Timestamp::from_millis(51), 3).is_some());
        let known = noted.revise(&edit("B", 20, None), 3).unwrap();
        assert_eq!(
            (known.text.as_deref(), known.edited_seq),
            (Some("B"), Some(3)),
            "its time does not count"
        );
        let deleted = MessageEvent { revision: Revision::Deleted, text: None, ..original() };
        let gone = row.revise(&deleted, 2).unwrap();
        assert_eq!(gone.edit_noted(at, 3), None);
    }

    #[test]
    fn p1_edits_in_any_order_end_in_the_latest() {
        let (first, second, third) =
            (edit("B", 10, Some("A")), edit("C", 20, Some("B")), edit("D", 30, Some("C")));
        for order in [
            [&first, &second, &third],
            [&third, &second, &first],
            [&second, &third, &first],
            [&third, &first, &second],
        ] {
            let told: Vec<MessageEvent> =
                std::iter::once(original()).chain(order.map(Clone::clone)).collect();
            assert_eq!(after(&told).as_deref(), Some("D"));
        }
        let timeless = [original(), edit("C", 0, Some("B")), edit("B", 0, Some("A"))];
        assert_eq!(after(&timeless).as_deref(), Some("C"), "one that was replaced already comes too late");
    }

    #[test]
    fn p1_what_was_edited_or_deleted_before_it_came_is_the_same_in_the_end() {
        let (edited, at) = (edit("B", 10, None), Timestamp::from_millis(0));
        let mut chat = new_chat();
        let first = chat.receive(&edited, None, at).unwrap();
        let late = chat.receive(&original(), Some(&first), at).unwrap();
        let mut chat = new_chat();
        let row = chat.receive(&original(), None, at).unwrap();
        let row = chat.receive(&edited, Some(&row), at).unwrap();
        assert_eq!((late.text, late.old_text, late.sent_at), (row.text, row.old_text, row.sent_at));
        let deleted = MessageEvent { revision: Revision::Deleted, text: None, ..original() };
        let mut chat = new_chat();
        let row = chat.receive(&deleted, None, at).unwrap();
        let row = chat.receive(&original(), Some(&row), at).unwrap();
        assert_eq!((row.text.as_deref(), row.deleted_seq), (Some("A"), Some(1)));
        assert_eq!(chat.receive(&original(), Some(&row), at), None, "once");
    }

    /// A row of ours with a signature below it, after these edits.
    fn ours_after(edits: &[MessageEvent]) -> Message {
        let mut chat = new_chat();
        let event = MessageEvent { text: Some("A".into()), ..text_event("m", Side::Company) };
        let mut row = chat.send(&event, Some("A\n\nАнна"), Timestamp::from_millis(0)).unwrap();
        row.provider_id = Some(MessageId::new("w"));
        for event in edits {
            row = chat.receive(event, Some(&row), Timestamp::from_millis(0)).unwrap_or(row);
        }
        row
    }

    #[test]
    fn the_signature_is_no_part_of_what_an_edit_tells() {
        let text = |edits: &[MessageEvent]| ours_after(edits).text;
        let row = ours_after(&[edit("A\n\nАнна", 10, None)]);
        assert_eq!((row.text.as_deref(), row.edited_seq), (Some("A"), None), "as it was sent");
        assert_eq!(text(&[edit("B\n\nАнна", 10, Some("A\n\nАнна"))]).as_deref(), Some("B"));
        assert_eq!(text(&[edit("B\n\nОлег", 10, None)]).as_deref(), Some("B\n\nОлег"), "another's");
    }

    #[test]
    fn an_edit_of_what_we_edited_goes_by_what_it_replaces() {
        let ours = edit("B", 50, Some("A"));
        let row = ours_after(&[ours.clone(), edit("C\n\nАнна", 20, Some("B\n\nАнна"))]);
        assert_eq!((row.text.as_deref(), row.edited_at), (Some("C"), Some(Timestamp::from_millis(50))));
        assert_eq!(ours_after(&[ours, edit("C", 20, Some("A"))]).text.as_deref(), Some("B"), "an older one");
    }
}
