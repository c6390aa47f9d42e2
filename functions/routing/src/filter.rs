//! Drops events before anything is stored: ignored channels, the blacklist, echoes that are not imported, erased
//! clients. Each drop is counted under its reason (P2).

use shared::base::clock::Timestamp;
use shared::base::ids::{AccountId, ChatId};
use shared::model::channel::Channel;
use shared::model::erasure::is_erased;
use shared::model::event::{MessageEvent, Origin};
use shared::platform::disposition::DropReason;
use shared::platform::telemetry;
use std::collections::BTreeMap;

/// The filter for a chat's messages.
#[derive(Clone, Debug, Default)]
pub struct InboundFilter {
    /// The channel is ignored.
    pub ignored: bool,
    /// The client is on the blacklist.
    pub blocked: bool,
    /// The channel imports no echoes.
    pub skip_echoes: bool,
    /// When the client was erased.
    pub erased_at: Option<Timestamp>,
}

/// The decision about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Store it.
    Accept,
    /// Do not store it, but count it as the company's answer.
    CountAsAnswer,
    /// Drop it.
    Drop(DropReason),
}

impl InboundFilter {
    /// The filter of a channel.
    pub fn of(channel: &Channel) -> Self {
        Self { ignored: channel.ignored, skip_echoes: channel.skip_echoes, ..Self::default() }
    }

    /// The reason to drop every message, if there is one.
    pub fn closed(&self) -> Option<DropReason> {
        match (self.ignored, self.blocked) {
            (true, _) => Some(DropReason::IgnoredChannel),
            (_, true) => Some(DropReason::Blacklisted),
            _ => None,
        }
    }

    /// Decides about a message; `own` says that it is an echo of a message that we sent.
    pub fn verdict(&self, event: &MessageEvent, accepted_at: Timestamp, own: bool) -> Verdict {
        if let Some(reason) = self.closed() {
            return Verdict::Drop(reason);
        }
        if is_erased(self.erased_at, accepted_at, event.sent_at) {
            return Verdict::Drop(DropReason::Erased);
        }
        let outside = event.origin.is_some_and(Origin::is_echo);
        if outside && self.skip_echoes && !own { Verdict::CountAsAnswer } else { Verdict::Accept }
    }
}

/// The numbers of dropped events, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drops(BTreeMap<DropReason, u64>);

impl Drops {
    /// Counts one more drop.
    pub fn add(&mut self, reason: DropReason) {
        *self.0.entry(reason).or_default() += 1;
    }

    /// Reports the drops, once the other events are committed.
    pub fn report(&self, account: &AccountId, chat: &ChatId) {
        for (reason, count) in &self.0 {
            telemetry::count_dropped(*reason, *count);
            tracing::info!(account = %account, chat = %chat, reason = reason.name(), count, "dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::model::event::{Envelope, Event};

    /// An employee's message from the phone, written and accepted at 100 ms.
    fn echo() -> MessageEvent {
        let event = serde_json::json!({
            "v": 2, "account": "a", "accepted_at": 100,
            "event": {"type": "message", "data": {
                "connection": "k", "channel": {"id": "c", "provider": "wazzup", "external": "x"}, "chat": "chat",
                "provider_chat_id": "79011112233", "messenger": "whatsapp", "message_id": "m", "side": "company",
                "origin": "phone", "kind": "text", "text": "t", "sent_at": 100,
            }},
        });
        match Envelope::parse(&event.to_string()).unwrap().event {
            Event::Message(message) => *message,
            other => panic!("{other:?}"),
        }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn each_drop_has_its_reason_and_the_first_one_counts() {
        let open = InboundFilter::default();
        let (ignored, blocked) = (
            InboundFilter { ignored: true, ..open.clone() },
            InboundFilter { blocked: true, ..open.clone() },
        );
        let erased = InboundFilter { erased_at: Some(at(100)), ..open.clone() };
        let both = InboundFilter { ignored: true, ..blocked.clone() };
        for (filter, expected) in [
            (&open, Verdict::Accept),
            (&ignored, Verdict::Drop(DropReason::IgnoredChannel)),
            (&blocked, Verdict::Drop(DropReason::Blacklisted)),
            (&both, Verdict::Drop(DropReason::IgnoredChannel)),
            (&erased, Verdict::Drop(DropReason::Erased)),
        ] {
            assert_eq!(filter.verdict(&echo(), at(100), false), expected, "{filter:?}");
        }
    }

    #[test]
    fn an_echo_that_is_not_imported_is_overheard_unless_it_is_ours() {
        let filter = InboundFilter { skip_echoes: true, ..InboundFilter::default() };
        assert_eq!(filter.verdict(&echo(), at(100), false), Verdict::CountAsAnswer);
        assert_eq!(filter.verdict(&echo(), at(100), true), Verdict::Accept);
        let mut ours = echo();
        ours.origin = Some(Origin::Window);
        assert_eq!(filter.verdict(&ours, at(100), false), Verdict::Accept, "written here");
    }
}
