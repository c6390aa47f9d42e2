//! Messages that no person writes: a rule's answer (F6) and the farewell. They are sent like all others, by a job of
//! `delivery`, but they are no activity, answer no client, and open no chat.

use crate::base::clock::{Ambient, Timestamp};
use crate::base::ids::MessageId;
use crate::model::access::sending::channel_sends;
use crate::model::channel::Channel;
use crate::model::chat::Chat;
use crate::model::chat::company_events::company_event;
use crate::model::chat::state::Replies;
use crate::model::event::{MessageEvent, Origin};
use crate::model::limits::{Draft, Limits, check};
use crate::model::message::Message;
use crate::model::message::kind::DeliveryStatus;
use crate::model::outbound::{Action, OutboundJob};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// Maximum number of rules' answers in a chat within [`REPLIES_WITHIN`]: the client may be a bot too, and the two would
/// talk for ever.
pub const MOST_REPLIES: u32 = 5;
/// Ten minutes.
pub const REPLIES_WITHIN: Duration = Duration::from_secs(600);

/// An automatic message that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Automatic {
    /// Its row.
    pub row: Message,
    /// Its job for the provider.
    pub job: OutboundJob,
}

/// Why no message was written, without personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// The channel does not send.
    #[error("the channel does not send")]
    Channel,
    /// The messenger does not accept it now, because of its limits (E5).
    #[error("the messenger does not take it")]
    Limit,
    /// The chat is a post's case: comments are answered by people.
    #[error("comments are answered by persons")]
    Comment,
    /// Rules have answered so often within ten minutes that the client may be a bot.
    #[error("rules have answered too often")]
    TooOften,
}

impl NotWritten {
    /// The code in logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Limit => "limit",
            Self::Comment => "comment",
            Self::TooOften => "too_often",
        }
    }
}

/// Ids for messages that are written at one moment: they sort in the order of their creation, and are shown in it.
#[derive(Debug, Default)]
pub struct FreshIds {
    first: OnceLock<u128>,
    given: AtomicU32,
}

impl FreshIds {
    /// The next id.
    pub fn next(&self, ambient: &dyn Ambient) -> MessageId {
        let first = *self.first.get_or_init(|| ambient.uuid().as_u128());
        let given = self.given.fetch_add(1, Ordering::Relaxed);
        MessageId::new(Uuid::from_u128(first + u128::from(given)).to_string())
    }
}

/// Writes a text of `origin` ([`Origin::Rule`] or [`Origin::Farewell`]) into a chat under `id`, within what its
/// provider accepts (`limits`).
///
/// # Errors
/// [`NotWritten`]: the chat is unchanged.
pub fn write(
    chat: &mut Chat,
    channel: &Channel,
    limits: &Limits,
    id: &MessageId,
    origin: Origin,
    text: &str,
    now: Timestamp,
) -> Result<Automatic, NotWritten> {
    channel_sends(channel).map_err(|_| NotWritten::Channel)?;
    if chat.post.is_some() {
        return Err(NotWritten::Comment);
    }
    let fresh = Replies { since: now, count: 0 };
    let replies = chat.replies.filter(|replies| now.since(replies.since) < REPLIES_WITHIN).unwrap_or(fresh);
    if origin == Origin::Rule && replies.count >= MOST_REPLIES {
        return Err(NotWritten::TooOften);
    }
    let draft = Draft {
        text: Some(text),
        file: None,
        template: None,
        buttons: &[],
        quotes: false,
        comment: None,
        client_wrote_at: chat.client_wrote_at,
    };
    check(limits, &draft, now).map_err(|_| NotWritten::Limit)?;
    let event = MessageEvent {
        text: Some(text.to_owned()),
        status: Some(DeliveryStatus::Queued),
        ..company_event(chat, channel, id.clone(), origin, now)
    };
    let Some(row) = chat.send(&event, Some(text), now) else { return Err(NotWritten::Channel) };
    if origin == Origin::Rule {
        chat.replies = Some(Replies { count: replies.count + 1, ..replies });
    } else {
        chat.farewell_at = Some(now);
    }
    let job = OutboundJob::new(&chat.account, &chat.chat, row.created_seq, id, Action::Send, now);
    Ok(Automatic { row, job })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Manual;
    use crate::model::limits::Limits;

    #[test]
    fn f6_two_machines_do_not_talk_for_ever() {
        let (mut chat, channel) =
            (crate::model::chat::tests::new_chat(), crate::model::chat::tests::channel());
        chat.client_wrote_at = Some(Timestamp::from_millis(0));
        let mut answer = |minute: i64, n: u32| {
            let (id, now) =
                (MessageId::new(format!("{minute}-{n}")), Timestamp::from_millis(minute * 60_000));
            write(&mut chat, &channel, &Limits::PLAIN_TEXT, &id, Origin::Rule, "We answer soon", now)
                .map(|_| ())
        };
        for n in 0..MOST_REPLIES {
            assert_eq!(answer(1, n), Ok(()));
        }
        assert_eq!(answer(1, 9), Err(NotWritten::TooOften));
        assert_eq!(answer(10, 9), Err(NotWritten::TooOften));
        assert_eq!(answer(11, 9), Ok(()), "ten minutes later");
    }

    #[test]
    fn p6_a_second_farewell_wants_a_word_of_an_employee() {
        use crate::model::event::Side;
        let (mut chat, channel) =
            (crate::model::chat::tests::new_chat(), crate::model::chat::tests::channel());
        let at = Timestamp::from_millis;
        let hear = |chat: &mut Chat, id: &str, side, ms| {
            chat.receive(&crate::model::chat::tests::text_event(id, side), None, at(ms)).map(|_| ())
        };
        hear(&mut chat, "m1", Side::Client, 5);
        assert!(chat.wants_farewell());
        write(&mut chat, &channel, &Limits::PLAIN_TEXT, &MessageId::new("f"), Origin::Farewell, "Bye", at(9))
            .unwrap();
        hear(&mut chat, "m2", Side::Client, 10);
        assert!(!chat.wants_farewell(), "the client's machine may have answered");
        let employees =
            MessageEvent { sent_at: at(20), ..crate::model::chat::tests::text_event("e1", Side::Company) };
        chat.receive(&employees, None, at(20));
        assert!(chat.wants_farewell());
    }

    #[test]
    fn ids_of_one_moment_sort_as_they_are_given() {
        let (ids, ambient) = (FreshIds::default(), Manual::new(Timestamp::from_millis(1_000_000)));
        let given: Vec<String> = (0..300).map(|_| ids.next(&ambient).in_order()).collect();
        assert!(given.is_sorted_by(|earlier, later| earlier < later), "{given:?}");
    }
}
