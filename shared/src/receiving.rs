//! What an inbound message makes of its chat: it opens it, is activity, wants to be read and answered, or answers.

use crate::chat::{Chat, ChatState, ChatStatus, ClientState};
use crate::clock::Timestamp;
use crate::event::{MessageEvent, Origin, Revision, Side};
use crate::message::Message;
use std::time::Duration;

/// The lists' time moves only when it is this old: an index entry costs two write units.
const LIST_AFTER: Duration = Duration::from_secs(30);

impl Chat {
    /// Takes a message in. `stored` is the row under the same message id, when there is one: then only an edit, a
    /// deletion or a status can be news. Answers the message's new row, or `None` when nothing changed.
    ///
    /// A client's message opens the chat; an echo never does, but counts as activity (C6, F1). A reaction is kept, and is
    /// neither.
    pub fn receive(
        &mut self,
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
        // What is first heard of by its edit or deletion is heard when it comes itself, if it does: it may be older than we.
        let heard = event.revision == Revision::New && stored.is_none_or(|stored| stored.incomplete);
        if heard && event.kind.is_said() {
            self.hear(event, accepted_at);
        }
        if heard || stored.is_none() {
            row.client_no = self.client_count;
        }
        if heard && accepted_at.since(self.listed_at) >= LIST_AFTER {
            self.listed_at = accepted_at;
        }
        Some(row)
    }

    /// What a message that is said for the first time makes of the chat.
    fn hear(&mut self, event: &MessageEvent, accepted_at: Timestamp) {
        self.last_activity_at = self.last_activity_at.max(accepted_at);
        if self.name.is_none() && !event.group {
            self.name.clone_from(&event.contact.name);
        }
        match event.side {
            Side::Client => {
                let at = written_at(event, accepted_at);
                self.client_count += 1;
                self.client_wrote_at = self.client_wrote_at.max(Some(at));
                self.unanswered_at = self.unanswered_at.or(Some(at));
                self.open(accepted_at);
                if self.client == ClientState::Silent {
                    self.client = ClientState::Waiting;
                    self.waiting_since = Some(accepted_at);
                }
            }
            Side::Company => self.answered(event, written_at(event, accepted_at)),
        }
    }

    /// A message written outside that the channel does not import: the company has answered all the same, as of the
    /// moment at which it was written. A replay changes nothing.
    pub fn overhear(&mut self, event: &MessageEvent, accepted_at: Timestamp) {
        if event.revision != Revision::New || !event.kind.is_said() {
            return;
        }
        let at = written_at(event, accepted_at);
        self.last_activity_at = self.last_activity_at.max(at);
        self.answered(event, at);
    }

    /// An answer clears what was asked before it was written: webhooks may come late, and in another order.
    fn answered(&mut self, event: &MessageEvent, at: Timestamp) {
        if answers(event) && self.unanswered_at.is_some_and(|since| since <= at + ROUNDED) {
            self.unanswered_at = None;
        }
    }

    /// Puts the chat into the list of those that somebody talks in.
    pub(crate) fn open(&mut self, at: Timestamp) {
        if self.state == ChatState::General {
            self.state = if self.post.is_some() { ChatState::Case } else { ChatState::Live };
            self.case_no += 1;
            self.opened_at = Some(at);
            self.finished_at = None;
            self.finish_reason = None;
            // What was said of the conversation before is over.
            self.status = self.status.map(|_| ChatStatus::Open);
            self.listed_at = self.listed_at.max(at);
        }
    }
}

/// Providers give times in whole seconds, each by its own rounding.
const ROUNDED: Duration = Duration::from_secs(2);

/// When a message was written, as far as that is believed: not after it was accepted.
fn written_at(event: &MessageEvent, accepted_at: Timestamp) -> Timestamp {
    event.sent_at.min(accepted_at)
}

/// Whether a company's message answers the client: an employee said something.
fn answers(event: &MessageEvent) -> bool {
    event.kind.is_said() && event.origin.is_none_or(Origin::is_employee)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::FinishReason;
    use crate::chat::tests::{new_chat, text_event};

    #[test]
    fn a_client_opens_a_chat_and_an_echo_does_not() {
        let mut chat = new_chat();
        assert!(chat.receive(&text_event("m1", Side::Company), None, Timestamp::from_millis(5)).is_some());
        assert_eq!((chat.state, chat.client, chat.case_no), (ChatState::General, ClientState::Silent, 0));
        chat.receive(&text_event("m2", Side::Client), None, Timestamp::from_millis(9));
        assert_eq!((chat.state, chat.client, chat.case_no), (ChatState::Live, ClientState::Waiting, 1));
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
        let post = crate::content::Post { id: "p1".into(), ..Default::default() };
        comment.details = Some(crate::content::Details::Comment(crate::content::Comment {
            post,
            answers: None,
            mode: None,
        }));
        let account = crate::ids::AccountId::new("account");
        let contact = crate::ids::ContactId::new("contact");
        let mut chat = Chat::unopened(&account, &comment, contact, Timestamp::from_millis(0));
        chat.receive(&comment, None, Timestamp::from_millis(5));
        assert_eq!((chat.state, chat.client, chat.unread()), (ChatState::Case, ClientState::Waiting, 1));
        assert_eq!(crate::closing::finishes_at(&chat, Duration::from_secs(10)), None);
    }

    #[test]
    fn a_finished_chat_reopens_as_a_new_case() {
        let mut chat = new_chat();
        chat.receive(&text_event("m1", Side::Client), None, Timestamp::from_millis(5));
        chat.finish(FinishReason::Inactivity, Timestamp::from_millis(700_000));
        chat.receive(&text_event("m2", Side::Client), None, Timestamp::from_millis(800_000));
        assert_eq!((chat.state, chat.case_no, chat.finished_at), (ChatState::Live, 2, None));
        assert_eq!(chat.status, None, "nobody has said anything of it");
        chat.status = Some(ChatStatus::Closed);
        chat.receive(&text_event("m3", Side::Client), None, Timestamp::from_millis(800_001));
        assert_eq!(chat.status, Some(ChatStatus::Closed), "only opening speaks of it");
        let event = chat.finish(FinishReason::ByHand, Timestamp::from_millis(900_000));
        assert_eq!((event.finished, event.status), (FinishReason::ByHand, Some(ChatStatus::Closed)));
        chat.receive(&text_event("m4", Side::Client), None, Timestamp::from_millis(900_001));
        assert_eq!(chat.status, Some(ChatStatus::Open));
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
