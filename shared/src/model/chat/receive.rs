//! What an inbound message does to its chat: it opens it, counts as activity, needs to be read and answered, or
//! answers.

use crate::base::clock::Timestamp;
use crate::model::chat::Chat;
use crate::model::chat::closing::Closing;
use crate::model::chat::state::{AssignmentState, ChatState, ChatStatus, QueuePreference};
use crate::model::closing_options::Reopening;
use crate::model::event::{MessageEvent, Origin, Revision, Side};
use crate::model::message::Message;
use std::time::Duration;

/// The time in the lists is updated only when it is this old, because an index entry costs two write units.
const LIST_AFTER: Duration = Duration::from_secs(30);
/// Longest user name and link to a picture that a chat keeps, in bytes.
const LONGEST_HINT: usize = 2048;

impl Chat {
    /// Applies a message to the chat. `stored` is the row with the same message id, if there is one: then only an edit,
    /// a deletion or a status can be new. Returns the message's new row, or `None` when nothing changed.
    ///
    /// A client's message opens the chat; an echo never does, but counts as activity (C6, F1). A reaction is stored,
    /// and does neither.
    pub fn receive(
        &mut self,
        event: &MessageEvent,
        stored: Option<&Message>,
        accepted_at: Timestamp,
    ) -> Option<Message> {
        self.receive_under(&Closing::default(), event, stored, accepted_at)
    }

    /// The same, with these settings for how chats are finished.
    pub fn receive_under(
        &mut self,
        closing: &Closing,
        event: &MessageEvent,
        stored: Option<&Message>,
        accepted_at: Timestamp,
    ) -> Option<Message> {
        let seq = self.seq + 1;
        let mut row = match stored {
            Some(stored) => stored.revise(event, seq)?,
            None => Message::new(&self.account, &self.chat, event, accepted_at, seq),
        };
        self.seq = seq;
        // A message that is first seen as an edit or a deletion counts when it comes itself, if it does: it may be
        // older than our records.
        let heard = event.revision == Revision::New && stored.is_none_or(|stored| stored.incomplete);
        // An automatic message is no activity, and answers no client.
        let is_automatic = event.origin.is_some_and(Origin::is_automatic);
        if heard && event.kind.is_said() && !is_automatic {
            self.hear(closing, event, accepted_at);
        }
        if heard || stored.is_none() {
            row.client_no = self.client_count;
        }
        if heard && accepted_at.since(self.listed_at) >= LIST_AFTER {
            self.listed_at = accepted_at;
        }
        Some(row)
    }

    /// Applies a message that counts for the first time.
    fn hear(&mut self, closing: &Closing, event: &MessageEvent, accepted_at: Timestamp) {
        self.last_activity_at = self.last_activity_at.max(accepted_at);
        self.idle_told = None;
        self.meet(event);
        match event.side {
            Side::Client => {
                let at = written_at(event, accepted_at);
                self.client_count += 1;
                self.client_wrote_at = self.client_wrote_at.max(Some(at));
                self.unanswered_at = self.unanswered_at.or(Some(at));
                let opened = self.open(closing.reopening, accepted_at);
                // The previous responsible comes first (B5); an unclaimed client is assigned as the channel says by
                // now.
                let comes_back = opened
                    && matches!(
                        self.assignment_state,
                        AssignmentState::Assigned | AssignmentState::Unclaimed
                    );
                if self.assignment_state == AssignmentState::Silent || comes_back {
                    self.assignment_state = AssignmentState::Waiting;
                    self.arrived_at = Some(accepted_at);
                    self.waiting_since = Some(accepted_at);
                }
            }
            Side::Company => self.answered(event, written_at(event, accepted_at)),
        }
    }

    /// Takes over what the provider reports about the client or the group.
    fn meet(&mut self, event: &MessageEvent) {
        let told = &event.contact;
        if told.name.is_some() && (self.name.is_none() || event.group) {
            self.name.clone_from(&told.name);
        }
        let short = |text: &&String| text.len() <= LONGEST_HINT;
        if let Some(username) = told.username.as_ref().filter(short) {
            self.username = Some(username.clone());
        }
        if let Some(link) = told.avatar_url.as_ref().filter(short) {
            self.avatar_url = Some(link.clone());
        }
    }

    /// Counts a message written outside as an answer although the channel does not import it, as of the moment at which
    /// it was written. A replay changes nothing.
    pub fn overhear(&mut self, event: &MessageEvent, accepted_at: Timestamp) {
        if event.revision != Revision::New || !event.kind.is_said() {
            return;
        }
        let at = written_at(event, accepted_at);
        self.last_activity_at = self.last_activity_at.max(at);
        self.idle_told = None;
        self.answered(event, at);
    }

    /// An answer clears the questions that were asked before it was written: webhooks may come late, and in another
    /// order.
    fn answered(&mut self, event: &MessageEvent, at: Timestamp) {
        if !answers(event) {
            return;
        }
        self.employee_wrote_at = self.employee_wrote_at.max(Some(at));
        if self.unanswered_at.is_some_and(|since| since <= at + ROUNDED) {
            // What the client wrote after the answer still waits for another answer, but without a time limit, as if it
            // had come after the answer.
            self.unanswered_at = self.client_wrote_at.filter(|wrote| *wrote > at + ROUNDED);
            self.reserved_until = None;
            self.missed_by.clear();
        }
    }

    /// Whether the responsible did not answer in time, and the client has not been assigned again yet: then an answer
    /// that comes meanwhile lets them keep the client (B5).
    pub fn waits_after_lapse(&self) -> bool {
        self.assignment_state == AssignmentState::Waiting
            && self.queue_preference == Some(QueuePreference::Anyone)
            && self.responsible.is_some()
            && self.missed_by.last() == self.responsible.as_ref()
    }

    /// Whether the client has a responsible, and an employee has written since the chat was opened.
    pub fn is_talked_with(&self) -> bool {
        let wrote =
            self.employee_wrote_at.is_some_and(|at| self.opened_at.is_some_and(|opened| at >= opened));
        wrote && self.assignment_state == AssignmentState::Assigned
    }

    /// Whether a farewell may be sent: not twice without a message of an employee in between, or a client's bot and
    /// ours would say goodbye to each other for ever.
    pub fn wants_farewell(&self) -> bool {
        self.farewell_at.is_none_or(|said| self.employee_wrote_at.is_some_and(|wrote| wrote > said))
    }

    /// Moves the chat out of the general list into the live chats or the cases; returns whether it was in the general
    /// list.
    pub(crate) fn open(&mut self, reopening: Reopening, at: Timestamp) -> bool {
        if self.state != ChatState::General {
            return false;
        }
        let is_first = self.case_no == 0;
        let case_only = self.post.is_some() || (!is_first && reopening == Reopening::CaseOnly);
        self.state = if case_only { ChatState::Case } else { ChatState::Live };
        // The status of the previous conversation no longer applies.
        if is_first || reopening == Reopening::NewCase {
            self.case_no += 1;
            self.status = None;
        } else {
            self.status = self.status.map(|_| ChatStatus::Open);
        }
        self.opened_at = Some(at);
        self.finished_at = None;
        self.finish_reason = None;
        self.missed_by.clear();
        self.listed_at = self.listed_at.max(at);
        true
    }
}

/// Tolerance for providers' times, which are whole seconds, rounded in different ways.
const ROUNDED: Duration = Duration::from_secs(2);

/// When a message was written, as far as that is credible: not after it was accepted.
fn written_at(event: &MessageEvent, accepted_at: Timestamp) -> Timestamp {
    event.sent_at.min(accepted_at)
}

/// Whether a company's message answers the client: an employee wrote it.
fn answers(event: &MessageEvent) -> bool {
    event.kind.is_said() && event.origin.is_none_or(Origin::is_employee)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chat::state::FinishReason;
    use crate::model::chat::tests::{new_chat, text_event};

    #[test]
    fn a_client_opens_a_chat_and_an_echo_does_not() {
        let mut chat = new_chat();
        assert!(chat.receive(&text_event("m1", Side::Company), None, Timestamp::from_millis(5)).is_some());
        assert_eq!(
            (chat.state, chat.assignment_state, chat.case_no),
            (ChatState::General, AssignmentState::Silent, 0)
        );
        chat.receive(&text_event("m2", Side::Client), None, Timestamp::from_millis(9));
        assert_eq!(
            (chat.state, chat.assignment_state, chat.case_no),
            (ChatState::Live, AssignmentState::Waiting, 1)
        );
        assert_eq!((chat.seq, chat.client_count, chat.unread()), (2, 1, 1));
    }

    #[test]
    fn p12_a_repeated_message_changes_nothing() {
        let mut chat = new_chat();
        let event = text_event("m1", Side::Client);
        let row = chat.receive(&event, None, Timestamp::from_millis(5)).unwrap();
        let before = chat.clone();
        assert_eq!(chat.receive(&event, Some(&row), Timestamp::from_millis(500_000)), None);
        assert_eq!(chat, before);
    }

    #[test]
    fn p6_an_edit_is_no_activity_and_reopens_nothing() {
        let mut chat = new_chat();
        let row = chat.receive(&text_event("m1", Side::Client), None, Timestamp::from_millis(5)).unwrap();
        chat.finish(FinishReason::Inactivity, Timestamp::from_millis(700_000));
        let mut edit = text_event("m1", Side::Client);
        edit.revision = Revision::Edited;
        edit.text = Some("another".into());
        let edited = chat.receive(&edit, Some(&row), Timestamp::from_millis(800_000)).unwrap();
        assert_eq!((edited.text.as_deref(), edited.edited_seq), (Some("another"), Some(3)));
        assert_eq!((chat.state, chat.last_activity_at), (ChatState::General, Timestamp::from_millis(5)));
        assert_eq!(
            chat.receive(&edit, Some(&edited), Timestamp::from_millis(900_000)),
            None,
            "a replayed edit"
        );
    }

    #[test]
    fn p1_a_deletion_of_something_unknown_opens_nothing_and_what_comes_after_it_does() {
        let (mut chat, at) = (new_chat(), Timestamp::from_millis(5));
        let deleted = MessageEvent { revision: Revision::Deleted, ..text_event("m1", Side::Client) };
        let row = chat.receive(&deleted, None, at).unwrap();
        assert_eq!((chat.state, chat.unread(), chat.case_no), (ChatState::General, 0, 0));
        let row = chat.receive(&text_event("m1", Side::Client), Some(&row), at).unwrap();
        assert_eq!((chat.state, chat.unread(), row.client_no), (ChatState::Live, 1, 1));
        assert_eq!(chat.receive(&deleted, Some(&row), at), None);
        assert_eq!(chat.receive(&text_event("m1", Side::Client), Some(&row), at), None);
    }

    #[test]
    fn a_comment_opens_a_case_that_is_never_live() {
        let mut comment = text_event("m1", Side::Client);
        let post = crate::model::message::content::Post { id: "p1".into(), ..Default::default() };
        comment.details =
            Some(crate::model::message::content::Details::Comment(crate::model::message::content::Comment {
                post,
                answers: None,
                mode: None,
            }));
        let account = crate::base::ids::AccountId::new("account");
        let contact = crate::base::ids::ContactId::new("contact");
        let mut chat = Chat::unopened(&account, &comment, contact, Timestamp::from_millis(0));
        chat.receive(&comment, None, Timestamp::from_millis(5));
        assert_eq!(
            (chat.state, chat.assignment_state, chat.unread()),
            (ChatState::Case, AssignmentState::Waiting, 1)
        );
        assert_eq!(crate::model::chat::closing::finishes_at(&chat, &Closing::default()), None);
    }

    fn under(reopening: Reopening) -> Closing {
        Closing { reopening, ..Closing::default() }
    }

    /// A chat of Anna's that was finished with a status.
    fn finished() -> Chat {
        let mut chat = new_chat();
        chat.receive(&text_event("m1", Side::Client), None, Timestamp::from_millis(5));
        chat.set_responsible(&crate::base::ids::EmployeeId::new("anna"));
        chat.status = Some(ChatStatus::Closed);
        let event = chat.finish(FinishReason::ByHand, Timestamp::from_millis(700_000));
        assert_eq!((event.finished, event.status), (Some(FinishReason::ByHand), Some(ChatStatus::Closed)));
        chat
    }

    #[test]
    fn f5_a_clients_message_after_the_end_reopens_the_chat_begins_a_new_case_or_goes_to_the_cases() {
        let at = Timestamp::from_millis(800_000);
        for (reopening, state, case_no, status) in [
            (Reopening::Reopen, ChatState::Live, 1, Some(ChatStatus::Open)),
            (Reopening::NewCase, ChatState::Live, 2, None),
            (Reopening::CaseOnly, ChatState::Case, 1, Some(ChatStatus::Open)),
        ] {
            let mut chat = finished();
            chat.receive_under(&under(reopening), &text_event("m2", Side::Client), None, at);
            assert_eq!((chat.state, chat.case_no, chat.status), (state, case_no, status), "{reopening:?}");
            assert_eq!((chat.opened_at, chat.finished_at, chat.unread()), (Some(at), None, 2));
            chat.status = Some(ChatStatus::Waiting);
            chat.receive_under(&under(reopening), &text_event("m3", Side::Client), None, at);
            assert_eq!(
                (chat.case_no, chat.status),
                (case_no, Some(ChatStatus::Waiting)),
                "only opening speaks of it"
            );
        }
    }

    #[test]
    fn a_chat_without_its_id_is_reported_when_the_provider_has_answered() {
        let mut chat = finished();
        assert!(chat.crm_due_at().is_some());
        chat.addressee = Some(crate::model::chat::Addressee::Phone("79990001122".into()));
        chat.outbound_at = Some(Timestamp::from_millis(1));
        assert!(chat.awaits_its_id() && chat.crm_due_at().is_none());
        let refused = crate::model::chat::Chat { outbound_at: None, ..chat.clone() };
        assert!(refused.crm_due_at().is_some(), "no answer will name it");
        chat.addressee = None;
        assert!(chat.crm_due_at().is_some());
    }

    #[test]
    fn b5_who_had_a_client_that_comes_back_is_asked_for_first() {
        let at = Timestamp::from_millis(800_000);
        let mut chat = finished();
        chat.receive(&text_event("m2", Side::Client), None, at);
        assert_eq!((chat.assignment_state, chat.waiting_since), (AssignmentState::Waiting, Some(at)));
        assert_eq!(
            chat.responsible,
            Some(crate::base::ids::EmployeeId::new("anna")),
            "until he is given to somebody"
        );
        assert!(
            chat.crm_due_at().is_some_and(|due| due <= at),
            "the CRM knows him, and learns of it at once"
        );
        let mut nobodys = finished();
        nobodys.offer_to_all();
        nobodys.receive(&text_event("m2", Side::Client), None, at);
        assert_eq!((nobodys.assignment_state, nobodys.waiting_since), (AssignmentState::Waiting, Some(at)));
    }

    #[test]
    fn b5_who_let_his_time_pass_may_answer_until_somebody_else_has_the_client() {
        let mut chat = new_chat();
        chat.receive(&text_event("m1", Side::Client), None, Timestamp::from_millis(5));
        chat.set_responsible(&crate::base::ids::EmployeeId::new("anna"));
        assert!(!chat.waits_after_lapse());
        chat.missed_by.extend(chat.responsible.clone());
        chat.enqueue(Some(QueuePreference::Anyone), Timestamp::from_millis(9));
        assert!(chat.waits_after_lapse());
        let by_rule = Chat { missed_by: Vec::new(), ..chat.clone() };
        let by_hand = Chat { responsible: None, ..chat };
        assert!(!by_rule.waits_after_lapse() && !by_hand.waits_after_lapse());
    }

    #[test]
    fn b3_an_answer_ends_the_reservation_though_it_comes_after_what_the_client_wrote_next() {
        let mut chat = new_chat();
        let said = |id: &str, side, ms| {
            let sent_at = Timestamp::from_millis(ms);
            MessageEvent { sent_at, ..text_event(id, side) }
        };
        let (first, next, answer) = (0, 9_000, 5_000);
        for (id, ms) in [("m1", first), ("m2", next)] {
            chat.receive(&said(id, Side::Client, ms), None, Timestamp::from_millis(ms));
        }
        chat.set_responsible(&crate::base::ids::EmployeeId::new("anna"));
        chat.reserved_until = Some(Timestamp::from_millis(60_000));
        chat.receive(&said("e1", Side::Company, answer), None, Timestamp::from_millis(20_000));
        assert_eq!(chat.unanswered_at, Some(Timestamp::from_millis(next)), "that one is still open");
        assert_eq!((chat.reserved_until, chat.missed_by.len()), (None, 0));
    }

    #[test]
    fn f6_silence_begins_anew_with_what_is_overheard() {
        let mut chat = new_chat();
        chat.receive(&text_event("m1", Side::Client), None, Timestamp::from_millis(5));
        chat.idle_told = Some(3);
        chat.overhear(&text_event("e1", Side::Company), Timestamp::from_millis(9));
        assert_eq!((chat.idle_told, chat.employee_wrote_at.is_some()), (None, true));
    }

    #[test]
    fn the_lists_time_moves_in_steps_of_half_a_minute() {
        let mut chat = new_chat();
        for (ms, expected) in
            [(1_000, 1_000), (20_000, 1_000), (31_000, 31_000), (60_999, 31_000), (61_000, 61_000)]
        {
            chat.receive(&text_event(&ms.to_string(), Side::Client), None, Timestamp::from_millis(ms));
            assert_eq!(chat.listed_at.millis(), expected, "{ms}");
        }
    }
}
