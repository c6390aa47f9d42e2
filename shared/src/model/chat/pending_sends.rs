//! Our own sends and their echoes (C6): what we sent comes back as an echo, often before the provider's answer to the
//! send, and must not become a second message.

use crate::base::clock::Timestamp;
use crate::base::ids::MessageId;
use crate::model::chat::Chat;
use crate::model::event::{MessageEvent, Revision, Side};
use crate::model::message::Message;
use crate::model::message::kind::DeliveryStatus;
use crate::model::outbound::{Action, JobState, OutboundJob, signed};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Maximum number of sends of a chat that an echo is matched with, because the chat's row must stay small.
const MOST_PENDING: usize = 20;

/// An echo is matched with a send by content only for this long after the send, so that an old unconfirmed send does
/// not swallow a new message.
const KNOWN_BY_CONTENT_WITHIN: Duration = Duration::from_secs(900);

/// A send of ours that the provider has not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSend {
    /// Our id of the message.
    pub message: MessageId,
    /// [`Message::content_digest`].
    pub digest: String,
    /// When it was written; missing in rows of earlier versions.
    #[serde(default)]
    pub at: Timestamp,
}

impl PendingSend {
    fn is_fresh(&self, at: Timestamp) -> bool {
        at.since(self.at) <= KNOWN_BY_CONTENT_WITHIN
    }

    /// Whether an echo that is received now may be this send's. Texts are seldom equal by chance; files without text
    /// all look alike.
    fn may_have_left(&self, called: CallState, is_wordless: bool, at: Timestamp) -> bool {
        match called {
            CallState::NotMade => false,
            CallState::Rejected => !is_wordless && self.is_fresh(at),
            CallState::InFlight(since) => at.since(since) <= KNOWN_BY_CONTENT_WITHIN,
            CallState::Finished => self.is_fresh(at),
        }
    }
}

/// The state of the provider call of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// The call has not been made: no echo belongs to it.
    NotMade,
    /// The call was made, and the provider answered that it did not accept the message.
    Rejected,
    /// The call was made at this moment, and its outcome is not known.
    InFlight(Timestamp),
    /// The call has ended; only the provider's id is not known.
    Finished,
}

impl CallState {
    /// The state of the call for a message of ours, according to the chat's jobs.
    pub fn of(message: &Message, jobs: &[OutboundJob]) -> Self {
        let job = jobs.iter().find(|job| job.message_id == message.message_id && job.action == Action::Send);
        match job.map(|job| (job.state, job.attempts)) {
            Some((JobState::Queued, 0)) => Self::NotMade,
            Some((JobState::Queued, _)) => Self::Rejected,
            Some((JobState::Sending(since) | JobState::Unknown(since), _)) => Self::InFlight(since),
            // The worker that deletes a job also sets the status: the job of a queued message exists, and is not
            // visible yet.
            None if message.status == Some(DeliveryStatus::Queued) => Self::NotMade,
            None => Self::Finished,
        }
    }
}

impl Chat {
    /// The unconfirmed send of ours that an echo, accepted at `at`, belongs to: by our own id where the provider
    /// returns it, else the oldest one with the same content that may have been sent. A file without text matches none
    /// while several sends are possible: the answers to the sends decide then.
    pub fn pending_send(
        &self,
        event: &MessageEvent,
        at: Timestamp,
        called: impl Fn(&MessageId) -> CallState,
    ) -> Option<&PendingSend> {
        if !is_new_echo(event) {
            return None;
        }
        if let Some(own) = &event.own_id {
            return self.pending_sends.iter().find(|pending| pending.message == *own);
        }
        let is_wordless = event.text.as_deref().is_none_or(|text| text.trim().is_empty());
        let mut possible = self
            .pending_alike(event)
            .filter(|pending| pending.may_have_left(called(&pending.message), is_wordless, at));
        let oldest = possible.next()?;
        (!is_wordless || possible.next().is_none()).then_some(oldest)
    }

    /// Whether an echo may be one of our unconfirmed sends: then their rows have to be read.
    pub fn may_be_pending(&self, event: &MessageEvent, at: Timestamp) -> bool {
        match &event.own_id {
            Some(own) => is_new_echo(event) && self.pending_sends.iter().any(|send| send.message == *own),
            None => self.may_be_pending_by_content(event, at),
        }
    }

    /// Whether only its content can show that an echo is one of our unconfirmed sends: then their jobs have to be read
    /// too ([`CallState::of`]).
    pub fn may_be_pending_by_content(&self, event: &MessageEvent, at: Timestamp) -> bool {
        let mut alike = self.pending_alike(event);
        is_new_echo(event)
            && event.own_id.is_none()
            && alike.any(|pending| self.outbound_at.is_some() || pending.is_fresh(at))
    }

    fn pending_alike(&self, event: &MessageEvent) -> impl Iterator<Item = &PendingSend> {
        let digest = Message::content_digest(event.text.as_deref(), event.media.is_some());
        self.pending_sends.iter().filter(move |pending| pending.digest == digest)
    }

    /// Forgets sends that can no longer be matched with an echo, once nothing is queued, so that the row stays small.
    pub fn forget_old_sends(&mut self, now: Timestamp) {
        if self.outbound_at.is_none() {
            self.pending_sends.retain(|pending| pending.is_fresh(now));
        }
    }

    /// Forgets a send of ours that is confirmed or given up.
    pub fn confirm_send(&mut self, message: &MessageId) {
        self.pending_sends.retain(|pending| pending.message != *message);
    }

    /// Records that something is queued for the provider under this number, to be done now.
    pub fn queue(&mut self, number: u64, at: Timestamp) {
        self.outbound_at = Some(self.outbound_at.map_or(at, |known| known.min(at)));
        self.outbound_last = Some(number);
    }

    /// Adds a message that is written here: under an id of ours, to be sent to the provider. `received` is its text as
    /// the client will read it and the echo will contain it: signed (B8).
    pub fn send(&mut self, event: &MessageEvent, received: Option<&str>, at: Timestamp) -> Option<Message> {
        self.forget_old_sends(at);
        let mut row = self.receive(event, None, at)?;
        row.signature = received.and_then(|received| signature_of(event.text.as_deref()?, received));
        // An employee who writes here talks with the client; a bot, a rule and a farewell open no chat.
        if event.kind.is_said()
            && event.origin.is_some_and(|origin| origin.is_employee() && !origin.is_echo())
        {
            self.open(crate::model::closing_options::Reopening::Reopen, at);
        }
        // The oldest is the least likely to come back.
        if self.pending_sends.len() >= MOST_PENDING {
            self.pending_sends.remove(0);
        }
        self.pending_sends.push(PendingSend {
            message: event.message_id.clone(),
            digest: Message::content_digest(received, event.media.is_some()),
            at,
        });
        self.queue(row.created_seq, at);
        Some(row)
    }
}

fn is_new_echo(event: &MessageEvent) -> bool {
    event.side == Side::Company && event.revision == Revision::New
}

/// The signature below a text, which only the client sees, taken from the text as it is received.
fn signature_of(text: &str, received: &str) -> Option<String> {
    let below = received.strip_prefix(&signed(text, Some("")))?;
    (!below.is_empty()).then(|| below.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::chat::tests::{new_chat, text_event};
    use crate::model::event::Origin;
    use crate::model::message::kind::Kind;
    use crate::model::message::media::Media;

    fn sent(chat: &mut Chat, id: &str, text: &str) -> Message {
        let mut event = text_event(id, Side::Company);
        (event.text, event.origin, event.status) =
            (Some(text.into()), Some(Origin::Window), Some(DeliveryStatus::Queued));
        chat.send(&event, Some(text), Timestamp::from_millis(5)).unwrap()
    }

    fn echo(id: &str, text: &str) -> MessageEvent {
        let mut event = text_event(id, Side::Company);
        (event.text, event.origin, event.status) =
            (Some(text.into()), Some(Origin::Outside), Some(DeliveryStatus::Sent));
        event
    }

    #[test]
    fn an_employee_who_writes_opens_the_chat_and_a_bot_or_a_farewell_does_not() {
        for (origin, opens) in
            [(Origin::Window, true), (Origin::Crm, true), (Origin::Bot, false), (Origin::Farewell, false)]
        {
            let mut chat = new_chat();
            let event = MessageEvent { origin: Some(origin), ..text_event("own", Side::Company) };
            chat.send(&event, None, Timestamp::from_millis(5)).unwrap();
            let live = chat.state == crate::model::chat::state::ChatState::Live;
            assert_eq!((live, chat.case_no), (opens, u32::from(opens)), "{origin:?}");
            assert_eq!(
                chat.assignment_state,
                crate::model::chat::state::AssignmentState::Silent,
                "nobody waits for a responsible"
            );
        }
    }

    fn over(_: &MessageId) -> CallState {
        CallState::Finished
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn pending(chat: &Chat, echo: &MessageEvent, called: impl Fn(&MessageId) -> CallState) -> Option<String> {
        chat.pending_send(echo, at(0), called).map(|pending| pending.message.as_str().to_owned())
    }

    /// A picture without text.
    fn picture(mut event: MessageEvent) -> MessageEvent {
        (event.kind, event.text) = (Kind::Image, None);
        event.media = Some(Media::linked("https://files.example.com/1.jpg"));
        event
    }

    fn picture_sent(chat: &mut Chat, id: &str) {
        let event = MessageEvent { origin: Some(Origin::Window), ..text_event(id, Side::Company) };
        chat.send(&picture(event), None, at(0)).unwrap();
    }

    #[test]
    fn an_echo_adopts_the_oldest_unconfirmed_send_of_the_same_content() {
        let mut chat = new_chat();
        let first = sent(&mut chat, "own-1", "Добрый день");
        sent(&mut chat, "own-2", "Добрый день");
        let echo = echo("provider-1", " Добрый день ");
        assert_eq!(pending(&chat, &echo, over).as_deref(), Some("own-1"));
        let adopted = first.adopt(&echo, 9).unwrap();
        assert_eq!(adopted.message_id.as_str(), "own-1", "it stays under our id");
        assert_eq!(adopted.provider_id.as_ref().map(MessageId::as_str), Some("provider-1"));
        assert_eq!((adopted.status, adopted.seq), (Some(DeliveryStatus::Sent), 9));
        assert_eq!(adopted.adopt(&echo, 10), None, "a replayed echo");
        chat.confirm_send(&adopted.message_id);
        assert_eq!(pending(&chat, &echo, over).as_deref(), Some("own-2"));
    }

    #[test]
    fn an_echo_of_something_else_adopts_nothing_and_an_own_id_decides() {
        let mut chat = new_chat();
        sent(&mut chat, "own-1", "Добрый день");
        sent(&mut chat, "own-2", "Добрый день");
        assert_eq!(pending(&chat, &echo("provider-1", "До свидания"), over), None);
        let mut named = echo("provider-2", "Добрый день");
        named.own_id = Some(MessageId::new("own-2"));
        assert_eq!(pending(&chat, &named, |_| CallState::NotMade).as_deref(), Some("own-2"));
        named.own_id = Some(MessageId::new("own-9"));
        assert_eq!(pending(&chat, &named, over), None, "somebody else's");
        let mut client = text_event("m", Side::Client);
        client.text = Some("Добрый день".into());
        assert_eq!(pending(&chat, &client, over), None);
    }

    #[test]
    fn what_was_never_called_is_no_echos() {
        let mut chat = new_chat();
        let row = sent(&mut chat, "own-1", "Добрый день");
        sent(&mut chat, "own-2", "Добрый день");
        let echo = echo("provider-1", "Добрый день");
        let second =
            |id: &MessageId| if id.as_str() == "own-2" { CallState::Rejected } else { CallState::NotMade };
        assert_eq!(
            pending(&chat, &echo, second).as_deref(),
            Some("own-2"),
            "words that somebody may have had"
        );
        assert_eq!(pending(&chat, &echo, |_| CallState::NotMade), None);
        let job = OutboundJob::new(&row.account, &row.chat, 1, &row.message_id, Action::Send, at(0));
        let of = |job: &OutboundJob| CallState::of(&row, std::slice::from_ref(job));
        assert_eq!(of(&job), CallState::NotMade);
        let begun = job.begun(at(1));
        assert_eq!(
            (of(&begun), of(&begun.in_doubt(at(2)))),
            (CallState::InFlight(at(1)), CallState::InFlight(at(2)))
        );
        assert_eq!(of(&OutboundJob { state: JobState::Queued, ..begun }), CallState::Rejected);
        assert_eq!(CallState::of(&row, &[]), CallState::NotMade, "not seen yet");
        let doubt = Message { status: Some(DeliveryStatus::Unknown), ..row.clone() };
        assert_eq!(CallState::of(&doubt, &[]), CallState::Finished);
    }

    #[test]
    fn a_file_without_words_is_known_only_when_it_can_be_no_other() {
        let mut chat = new_chat();
        picture_sent(&mut chat, "own-1");
        picture_sent(&mut chat, "own-2");
        let echo = picture(echo("provider-1", ""));
        let first = |called: CallState| {
            move |id: &MessageId| if id.as_str() == "own-1" { called } else { CallState::NotMade }
        };
        assert_eq!(pending(&chat, &echo, first(CallState::InFlight(at(0)))).as_deref(), Some("own-1"));
        assert_eq!(pending(&chat, &echo, first(CallState::Rejected)), None, "it did not leave");
        assert_eq!(pending(&chat, &echo, over), None, "either of two");
    }

    #[test]
    fn an_old_doubt_is_known_by_its_id_alone_and_forgotten() {
        let mut chat = new_chat();
        sent(&mut chat, "own-1", "Добрый день");
        let mut echo = echo("provider-1", "Добрый день");
        let late = at(901);
        assert!(chat.pending_send(&echo, at(900), over).is_some());
        assert_eq!(chat.pending_send(&echo, late, over), None);
        assert!(
            chat.pending_send(&echo, late, |_| CallState::InFlight(at(60))).is_some(),
            "called a moment ago"
        );
        chat.forget_old_sends(late);
        assert_eq!(chat.pending_sends.len(), 1, "its job may still be there");
        chat.outbound_at = None;
        assert!(!chat.may_be_pending(&echo, late), "nothing is read for it");
        echo.own_id = Some(MessageId::new("own-1"));
        assert!(chat.may_be_pending(&echo, late) && chat.pending_send(&echo, late, over).is_some());
        sent(&mut chat, "own-2", "Да");
        assert_eq!(chat.pending_sends.len(), 2, "both were written in the last quarter of an hour");
        chat.outbound_at = None;
        chat.forget_old_sends(late);
        assert!(chat.pending_sends.is_empty());
        let old: PendingSend = serde_json::from_str(r#"{"message":"own-1","digest":"d"}"#).unwrap();
        assert_eq!(old.at, at(0));
    }

    #[test]
    fn the_signature_is_kept_beside_the_text() {
        let signed = |text: &str, received| {
            let event = MessageEvent { text: Some(text.into()), ..text_event(text, Side::Company) };
            new_chat().send(&event, received, at(0)).unwrap().signature
        };
        assert_eq!(signed("Да", Some("Да\n\nАнна")).as_deref(), Some("Анна"));
        assert_eq!(signed("Да", Some("Да")), None);
    }
}
