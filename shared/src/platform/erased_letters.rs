//! Decides whether a dead letter belongs to an erased client. All accounts share the dead-letter queues, and their
//! messages were accepted: a letter is deleted only if it is the erased client's beyond doubt.

use crate::base::clock::Timestamp;
use crate::base::ids::{AccountId, ConnectionId, ContactId, IdSalt, MessageId};
use crate::model::contact::{Identity, verified_phone};
use crate::model::erasure::{Traces, digests};
use crate::model::event::{self, EditedEvent, Envelope, Event, MessageEvent, StatusEvent};
use crate::platform::nudge::{AssignmentNudge, CrmNudge, MediaNudge};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The erased client's data with which letters are compared. It is personal data, and has no `Debug`.
#[derive(Clone)]
pub struct ErasedClient {
    /// The account of the client.
    pub account: AccountId,
    /// The account's salt.
    pub salt: IdSalt,
    /// The account's region, for parsing phones.
    pub region: String,
    /// The contacts that are being erased.
    pub contacts: HashSet<ContactId>,
    /// The ids of their chats, in every form.
    pub chats: HashSet<String>,
    /// When each identity and phone was erased, by digest ([`crate::model::erasure::digests_of`]).
    pub subjects: HashMap<String, Timestamp>,
    /// When the last of them was erased.
    pub erased_at: Timestamp,
    /// Words that identify the client in a letter that cannot be parsed.
    pub traces: Traces,
}

/// The decision about a letter.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is the client's: delete it.
    His,
    /// It is not the client's: leave it.
    Another,
    /// It is the status or the edit of some message: delete it if the message was erased.
    OfMessage {
        /// The connection it came through.
        connection: ConnectionId,
        /// The provider's message id.
        message_id: MessageId,
    },
}

impl Verdict {
    fn his(his: bool) -> Self {
        if his { Self::His } else { Self::Another }
    }
}

impl ErasedClient {
    /// Decides whether a letter is the client's. A letter accepted after the erasure belongs to a new client.
    pub fn judge(&self, body: &str) -> Verdict {
        let (owner, accepted_at) = head(body);
        let another = owner.as_ref().is_some_and(|owner| *owner != self.account);
        if another || accepted_at.is_some_and(|at| at > self.erased_at) {
            return Verdict::Another;
        }
        if let Ok(envelope) = Envelope::parse(body) {
            return self.of_event(envelope);
        }
        if let Some(his) = self.has_nudge(body) {
            return Verdict::his(his);
        }
        let words = match owner {
            Some(_) => self.traces.are_in(body.as_bytes()),
            None => self.traces.in_any_account().are_in(body.as_bytes()),
        };
        Verdict::his(words)
    }

    fn of_event(&self, envelope: Envelope) -> Verdict {
        match envelope.event {
            Event::Message(message) => Verdict::his(self.has_written(&message, envelope.accepted_at)),
            Event::Check { chat } => Verdict::his(self.chats.contains(chat.as_str())),
            Event::Status(StatusEvent { connection, message_id, .. })
            | Event::Edited(EditedEvent { connection, message_id, .. }) => {
                Verdict::OfMessage { connection, message_id }
            }
            Event::ChannelState(_) | Event::TemplateState(_) => Verdict::Another,
        }
    }

    /// Decides as routing does: by the digests of the sender, and by the chat. A message from another person about the
    /// client is not the client's.
    fn has_written(&self, message: &MessageEvent, accepted_at: Timestamp) -> bool {
        let phone = verified_phone(message, &self.region);
        let own = digests(&Identity::all_of(message), phone.as_ref(), &self.salt);
        if let Some(erased_at) = own.iter().filter_map(|digest| self.subjects.get(digest)).max() {
            return accepted_at <= *erased_at;
        }
        let forms = message.aliases.iter().map(|alias| &alias.chat);
        std::iter::once(&message.chat).chain(forms).any(|chat| self.chats.contains(chat.as_str()))
    }

    /// Whether a nudge concerns the client; `None` if the letter is no nudge. Deleting a nudge for a new chat with the
    /// same id does no harm: a nudge carries no work, and the due index holds it.
    fn has_nudge(&self, body: &str) -> Option<bool> {
        if let Ok(nudge) = event::read::<CrmNudge>(body) {
            return Some(self.contacts.contains(&nudge.contact));
        }
        // A timer parses as one too.
        if let Ok(nudge) = event::read::<MediaNudge>(body) {
            return Some(self.chats.contains(nudge.chat.as_str()));
        }
        event::read::<AssignmentNudge>(body).is_ok().then_some(false)
    }
}

/// The head of each of our messages, be the message readable or not: its account, and when it was accepted.
fn head(body: &str) -> (Option<AccountId>, Option<Timestamp>) {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let owner = value.get("account").and_then(Value::as_str).map(AccountId::new);
    let accepted_at = value.get("accepted_at").and_then(|at| serde_json::from_value(at.clone()).ok());
    (owner, accepted_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{ChannelId, ChatId, ConnectionId, MessageId};
    use crate::base::phone::Phone;
    use crate::model::chat::tests::text_event;
    use crate::model::event::{ChatAlias, Side};
    use crate::model::message::kind::DeliveryStatus;
    use crate::model::messenger::Messenger;
    use crate::platform::nudge::Timer;
    use serde_json::json;

    const PHONE: &str = "79011112233";
    const SHORT: &str = "10204";

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn him() -> ErasedClient {
        let salt = IdSalt::from_bytes([7; 16]);
        let user = |messenger, user: &str| Identity { messenger, group: false, user: user.to_owned() };
        let identities = [user(Messenger::Whatsapp, PHONE), user(Messenger::Vk, SHORT)];
        let phone = Phone::from_international_digits(PHONE);
        let left = digests(&identities, phone.as_ref(), &salt);
        ErasedClient {
            account: AccountId::new("ours"),
            salt,
            region: "RU".into(),
            contacts: HashSet::from([ContactId::new("contact-1")]),
            chats: HashSet::from(["chat-of-his-own".to_owned()]),
            subjects: left.into_iter().map(|digest| (digest, at(100))).collect(),
            erased_at: at(100),
            traces: Traces::of([PHONE, SHORT, "chat-of-his-own"].map(str::to_owned)),
        }
    }

    fn another() -> MessageEvent {
        MessageEvent {
            provider_chat_id: "79025556677".into(),
            text: Some(format!("call {PHONE}, room {SHORT}, chat-of-his-own")),
            ..text_event("m", Side::Client)
        }
    }

    fn letter(account: &str, accepted_at: Timestamp, message: MessageEvent) -> String {
        let event = Event::Message(Box::new(message));
        serde_json::to_string(&Envelope::new(AccountId::new(account), accepted_at, event)).unwrap()
    }

    fn check(body: &str, his: bool) {
        assert_eq!(him().judge(body), Verdict::his(his), "{body}");
    }

    #[test]
    fn p12_a_letter_of_another_account_stays_whatever_it_holds() {
        let his = text_event("m", Side::Client);
        check(&letter("ours", at(90), his.clone()), true);
        check(&letter("theirs", at(90), his), false);
        for body in [
            json!({"v": 1, "account": "theirs", "chat": "chat-of-his-own"}),
            json!({"v": 1, "account": "theirs", "chat": "chat-of-his-own", "contact": "contact-1"}),
            json!({"v": 99, "account": "theirs", "anything": PHONE}),
            json!({"account": "theirs", "anything": PHONE}),
        ] {
            check(&body.to_string(), false);
        }
    }

    #[test]
    fn p12_a_message_is_his_by_his_chat_identity_or_phone_and_not_by_what_it_says() {
        check(&letter("ours", at(90), another()), false);
        let vk = |group, user: &str| MessageEvent {
            messenger: Messenger::Vk,
            group,
            provider_chat_id: user.into(),
            ..another()
        };
        check(&letter("ours", at(90), vk(false, SHORT)), true);
        check(&letter("ours", at(90), vk(true, SHORT)), false);
        check(
            &letter("ours", at(90), MessageEvent { messenger: Messenger::Telegram, ..vk(false, SHORT) }),
            false,
        );
        check(
            &letter("ours", at(90), MessageEvent { chat: ChatId::new("chat-of-his-own"), ..another() }),
            true,
        );
        let form =
            |chat: &str, user: &str| ChatAlias { chat: ChatId::new(chat), provider_chat_id: user.into() };
        let with = |form| MessageEvent { aliases: vec![form], ..vk(false, "5") };
        check(&letter("ours", at(90), with(form("chat-of-his-own", "6"))), true);
        check(&letter("ours", at(90), with(form("x", SHORT))), true);
        check(&letter("ours", at(90), with(form("x", "6"))), false);
        let mut told = vk(false, "5");
        told.contact.phone = Some(format!("+{PHONE}"));
        check(&letter("ours", at(90), told.clone()), false);
        told.contact.phone_verified = true;
        check(&letter("ours", at(90), told), true);
    }

    #[test]
    fn p12_what_was_accepted_after_the_erasure_is_a_new_clients() {
        let his = MessageEvent { chat: ChatId::new("chat-of-his-own"), ..text_event("m", Side::Client) };
        check(&letter("ours", at(100), his.clone()), true);
        check(&letter("ours", at(101), his.clone()), false);
        // One of two contacts was released before the other one.
        let later = ErasedClient { erased_at: at(200), ..him() };
        assert_eq!(later.judge(&letter("ours", at(101), his)), Verdict::Another);
        check(&json!({"v": 99, "account": "ours", "accepted_at": at(101), "x": PHONE}).to_string(), false);
    }

    #[test]
    fn p12_nudges_are_his_by_their_ids() {
        let (ours, at) = (AccountId::new("ours"), at(5));
        for (chat, his) in [("chat-of-his-own", true), ("x", false)] {
            let chat = ChatId::new(chat);
            let timer = Timer::new(ours.clone(), chat.clone(), at);
            check(&serde_json::to_string(&timer).unwrap(), his);
            check(&serde_json::to_string(&MediaNudge::new(&ours, &chat)).unwrap(), his);
            let event = Event::Check { chat };
            check(&serde_json::to_string(&Envelope::new(ours.clone(), at, event)).unwrap(), his);
        }
        for (contact, his) in [("contact-1", true), ("x", false)] {
            let (chat, contact) = (ChatId::new("chat-of-his-own"), ContactId::new(contact));
            let nudge = CrmNudge { v: 1, account: ours.clone(), chat, contact };
            check(&serde_json::to_string(&nudge).unwrap(), his);
        }
        let nudge = AssignmentNudge::new(&ours, &ChannelId::new(SHORT));
        check(&serde_json::to_string(&nudge).unwrap(), false);
    }

    #[test]
    fn p12_what_cannot_be_read_is_his_by_a_word_and_in_nobodys_account_by_a_long_one() {
        check(&json!({"v": 99, "account": "ours", "accepted_at": at(90), "x": SHORT}).to_string(), true);
        check(&json!({"account": "ours", "x": PHONE}).to_string(), true);
        check(&json!({"x": SHORT}).to_string(), false);
        check(&json!({"x": PHONE}).to_string(), true);
        check(&format!("no JSON of {PHONE}"), true);
        check(&format!("no JSON of {SHORT}"), false);
    }

    #[test]
    fn p12_a_status_is_looked_up() {
        let status = StatusEvent {
            connection: ConnectionId::new("connection"),
            message_id: MessageId::new(PHONE),
            status: DeliveryStatus::Read,
            error: None,
            at: at(5),
        };
        let body = |account: &str| {
            let event = Event::Status(status.clone());
            serde_json::to_string(&Envelope::new(AccountId::new(account), at(5), event)).unwrap()
        };
        assert_eq!(
            him().judge(&body("ours")),
            Verdict::OfMessage {
                connection: status.connection.clone(),
                message_id: status.message_id.clone()
            }
        );
        assert_eq!(him().judge(&body("theirs")), Verdict::Another);
    }
}
