//! Our own sends and their echoes (C6): what we sent comes back as an echo, often before the provider's answer to the send,
//! and is not a second message.

use crate::chat::Chat;
use crate::clock::Timestamp;
use crate::event::{MessageEvent, Revision, Side};
use crate::ids::MessageId;
use crate::message::Message;
use serde::{Deserialize, Serialize};

/// A send of ours that the provider has not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSend {
    /// Our id of the message.
    pub message: MessageId,
    /// [`Message::content_digest`].
    pub digest: String,
}

impl Chat {
    /// Which of our unconfirmed sends an echo is: by our own id where the provider gives it back, else the oldest with the
    /// same content.
    pub fn pending_send(&self, event: &MessageEvent) -> Option<&PendingSend> {
        if event.side != Side::Company || event.revision != Revision::New {
            return None;
        }
        if let Some(own) = &event.own_id {
            return self.pending_sends.iter().find(|pending| pending.message == *own);
        }
        let digest = Message::content_digest(event.text.as_deref(), event.media.is_some());
        self.pending_sends.iter().find(|pending| pending.digest == digest)
    }

    /// A send of ours is confirmed, or given up.
    pub fn confirm_send(&mut self, message: &MessageId) {
        self.pending_sends.retain(|pending| pending.message != *message);
    }

    /// Takes in a message that an employee writes here: under an id of ours, on its way to the provider.
    pub fn send(&mut self, event: &MessageEvent, at: Timestamp) -> Option<Message> {
        let row = self.receive(event, None, at)?;
        self.pending_sends.push(PendingSend {
            message: event.message_id.clone(),
            digest: Message::content_digest(event.text.as_deref(), event.media.is_some()),
        });
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::tests::{new_chat, text_event};
    use crate::event::Origin;
    use crate::message::DeliveryStatus;

    fn sent(chat: &mut Chat, id: &str, text: &str) -> Message {
        let mut event = text_event(id, Side::Company);
        (event.text, event.origin, event.status) =
            (Some(text.into()), Some(Origin::Window), Some(DeliveryStatus::Queued));
        chat.send(&event, Timestamp::from_millis(5)).unwrap()
    }

    fn echo(id: &str, text: &str) -> MessageEvent {
        let mut event = text_event(id, Side::Company);
        (event.text, event.origin, event.status) =
            (Some(text.into()), Some(Origin::Outside), Some(DeliveryStatus::Sent));
        event
    }

    #[test]
    fn an_echo_adopts_the_oldest_unconfirmed_send_of_the_same_content() {
        let mut chat = new_chat();
        let first = sent(&mut chat, "own-1", "Добрый день");
        sent(&mut chat, "own-2", "Добрый день");
        let echo = echo("provider-1", " Добрый день ");
        let pending = chat.pending_send(&echo).unwrap().message.clone();
        assert_eq!(pending.as_str(), "own-1");
        let adopted = first.adopt(&echo, 9).unwrap();
        assert_eq!(adopted.message_id.as_str(), "own-1", "it stays under our id");
        assert_eq!(adopted.provider_id.as_ref().map(MessageId::as_str), Some("provider-1"));
        assert_eq!((adopted.status, adopted.seq), (Some(DeliveryStatus::Sent), 9));
        assert_eq!(adopted.adopt(&echo, 10), None, "a replayed echo");
        chat.confirm_send(&pending);
        assert_eq!(chat.pending_send(&echo).unwrap().message.as_str(), "own-2");
    }

    #[test]
    fn an_echo_of_something_else_adopts_nothing_and_an_own_id_decides() {
        let mut chat = new_chat();
        sent(&mut chat, "own-1", "Добрый день");
        sent(&mut chat, "own-2", "Добрый день");
        assert_eq!(chat.pending_send(&echo("provider-1", "До свидания")), None);
        let mut named = echo("provider-2", "Добрый день");
        named.own_id = Some(MessageId::new("own-2"));
        assert_eq!(chat.pending_send(&named).unwrap().message.as_str(), "own-2");
        named.own_id = Some(MessageId::new("own-9"));
        assert_eq!(chat.pending_send(&named), None, "somebody else's");
        let mut client = text_event("m", Side::Client);
        client.text = Some("Добрый день".into());
        assert_eq!(chat.pending_send(&client), None);
    }
}
