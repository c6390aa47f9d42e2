//! Unread and unanswered (D2). Neither is counted up and down: unread follows from how many messages the client has
//! written and how many of them were acknowledged; unanswered is the moment since when the client waits for an
//! employee's answer.

use crate::model::chat::Chat;

impl Chat {
    /// How many of the client's messages no employee has read.
    pub fn unread(&self) -> u32 {
        self.client_count.saturating_sub(self.read_count)
    }

    /// Records that an employee has read up to the message with this
    /// [`client_no`](crate::model::message::Message::client_no). It never goes back, and never covers messages that
    /// came later.
    pub fn mark_read(&mut self, client_no: u32) {
        self.read_count = self.read_count.max(client_no.min(self.client_count));
    }

    /// Records "no answer needed" for everything up to the message with this `client_no`. A message that came since
    /// keeps the chat unanswered; returns whether anything changed.
    pub fn no_answer_needed(&mut self, client_no: u32) -> bool {
        let covers_all = client_no >= self.client_count;
        let changed = covers_all && self.unanswered_at.is_some();
        if changed {
            self.unanswered_at = None;
            self.reserved_until = None;
            self.missed_by.clear();
        }
        self.mark_read(client_no);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::model::chat::state::FinishReason;
    use crate::model::chat::tests::{new_chat, text_event};
    use crate::model::event::{MessageEvent, Origin, Revision, Side};
    use crate::model::message::Message;
    use crate::model::message::kind::{DeliveryStatus, Kind};

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// A chat whose client has written once, and waits for an answer.
    fn asked() -> (Chat, Message) {
        let mut chat = new_chat();
        let asks = MessageEvent { sent_at: at(10), ..text_event("m1", Side::Client) };
        let row = chat.receive(&asks, None, at(10)).unwrap();
        assert_eq!((chat.unread(), chat.unanswered_at), (1, Some(at(10))));
        (chat, row)
    }

    fn company(origin: Option<Origin>) -> MessageEvent {
        MessageEvent { origin, ..text_event("c1", Side::Company) }
    }

    /// Receives an event, and returns whether the client still waits.
    fn waits_after(event: &MessageEvent) -> bool {
        let (mut chat, _) = asked();
        chat.receive(event, None, at(20));
        chat.unanswered_at.is_some()
    }

    #[test]
    fn an_employees_answer_clears_it_wherever_he_wrote() {
        for origin in
            [Origin::Window, Origin::Crm, Origin::Api, Origin::Phone, Origin::ProviderApp, Origin::Outside]
        {
            assert!(!waits_after(&company(Some(origin))), "{origin:?}");
        }
        assert!(!waits_after(&company(None)), "an event of an earlier version");
    }

    #[test]
    fn an_auto_reply_does_not_clear_it() {
        assert!(waits_after(&company(Some(Origin::Rule))));
    }

    #[test]
    fn a_farewell_does_not_clear_it_and_neither_does_the_end_of_the_chat() {
        assert!(waits_after(&company(Some(Origin::Farewell))));
        let (mut chat, _) = asked();
        chat.finish(FinishReason::Inactivity, at(700_000));
        assert!(chat.unanswered_at.is_some(), "finished but unanswered still counts");
    }

    #[test]
    fn a_bot_does_not_clear_it() {
        assert!(waits_after(&company(Some(Origin::Bot))));
    }

    #[test]
    fn a_status_does_not_clear_it() {
        let (mut chat, _) = asked();
        let mut auto = chat.receive(&company(Some(Origin::Rule)), None, at(20)).unwrap();
        chat.seq += 1;
        assert!(auto.report(DeliveryStatus::Read, None, at(30), chat.seq));
        assert!(chat.unanswered_at.is_some());
    }

    #[test]
    fn a_reaction_does_not_clear_it_nor_raise_it() {
        let reaction = MessageEvent { kind: Kind::Reaction, ..company(Some(Origin::Phone)) };
        assert!(waits_after(&reaction));
        let mut chat = new_chat();
        let liked = MessageEvent { kind: Kind::Reaction, ..text_event("r1", Side::Client) };
        assert!(chat.receive(&liked, None, at(20)).is_some(), "it is kept");
        assert_eq!((chat.unread(), chat.unanswered_at, chat.case_no), (0, None, 0), "and opens nothing");
    }

    #[test]
    fn an_edit_does_not_clear_it_nor_raise_it() {
        let (mut chat, question) = asked();
        let mut edit = text_event("m1", Side::Client);
        (edit.revision, edit.text) = (Revision::Edited, Some("иначе".into()));
        assert!(chat.receive(&edit, Some(&question), at(20)).is_some());
        assert_eq!((chat.unread(), chat.unanswered_at), (1, Some(at(10))));
        let answer = chat.receive(&company(Some(Origin::Window)), None, at(30)).unwrap();
        chat.receive(&written(text_event("m2", Side::Client), 40), None, at(40));
        let mut edit = company(Some(Origin::Window));
        (edit.revision, edit.text) = (Revision::Edited, Some("поправка".into()));
        assert!(chat.receive(&edit, Some(&answer), at(50)).is_some());
        assert_eq!(chat.unanswered_at, Some(at(40)));
    }

    #[test]
    fn an_acknowledgement_swallows_nothing_that_came_later() {
        let (mut chat, first) = asked();
        chat.receive(&text_event("m2", Side::Client), None, at(20));
        chat.mark_read(first.client_no);
        assert_eq!(chat.unread(), 1);
        chat.mark_read(0);
        assert_eq!(chat.unread(), 1, "and does not go back");
        chat.mark_read(u32::MAX);
        chat.receive(&text_event("m3", Side::Client), None, at(30));
        assert_eq!(chat.unread(), 1, "nor ahead");
    }

    #[test]
    fn no_answer_needed_is_said_of_what_was_there() {
        let (mut chat, first) = asked();
        let second = chat.receive(&text_event("m2", Side::Client), None, at(20)).unwrap();
        assert!(!chat.no_answer_needed(first.client_no), "another question came meanwhile");
        assert!(chat.unanswered_at.is_some());
        assert!(chat.no_answer_needed(second.client_no));
        assert_eq!((chat.unread(), chat.unanswered_at), (0, None));
        assert!(!chat.no_answer_needed(second.client_no));
    }

    /// The event, written at this moment, in ms.
    fn written(event: MessageEvent, ms: i64) -> MessageEvent {
        MessageEvent { sent_at: at(ms), ..event }
    }

    #[test]
    fn what_is_not_imported_has_answered_all_the_same_and_only_once() {
        let mut chat = new_chat();
        chat.receive(&written(text_event("m1", Side::Client), 10_000), None, at(10_100));
        chat.overhear(&written(company(Some(Origin::Phone)), 5_000), at(20_000));
        assert!(chat.unanswered_at.is_some(), "written before the question");
        let answer = written(company(Some(Origin::Phone)), 15_000);
        chat.overhear(&answer, at(20_000));
        assert_eq!((chat.unanswered_at, chat.last_activity_at), (None, at(15_000)));
        chat.receive(&written(text_event("m2", Side::Client), 40_000), None, at(40_000));
        let before = chat.clone();
        chat.overhear(&answer, at(90_000));
        assert_eq!(chat, before, "a replay");
    }

    #[test]
    fn an_answer_that_comes_late_answers_what_was_asked_before_it() {
        let mut chat = new_chat();
        chat.receive(&written(text_event("m1", Side::Client), 600_000), None, at(600_500));
        // Written before the question, delivered after it.
        chat.receive(&written(company(Some(Origin::Phone)), 300_000), None, at(660_000));
        assert!(chat.unanswered_at.is_some());
        // The question was accepted after an outage, its answer in whole seconds.
        let mut chat = new_chat();
        chat.receive(&written(text_event("m1", Side::Client), 600_900), None, at(1_800_000));
        chat.receive(&written(company(Some(Origin::Phone)), 600_000), None, at(1_800_500));
        assert_eq!(chat.unanswered_at, None);
    }
}
