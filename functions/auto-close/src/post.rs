//! Posts messages for due items: a check for a chat, a nudge for any other item.

use crate::AutoClose;
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::{AccountId, ChatId};
use shared::model::event::{Envelope, Event};
use shared::platform::nudge::{AssignmentNudge, ChannelNudge, ErasureNudge, MediaNudge, RequeueNudge, Timer};
use shared::platform::queue::{Outgoing, QueueError};
use shared::store::keys::Due;
use std::collections::HashSet;
use std::time::Duration;

/// When an item is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostTime {
    /// Now, because it is due.
    Now,
    /// By a timer, after this delay.
    In(Duration),
}

impl PostTime {
    /// The post time of an item due `at`. A timer fires up to a whole second later, because a check that comes early
    /// would have to be posted again.
    pub fn of(at: Timestamp, now: Timestamp) -> Self {
        if at <= now { Self::Now } else { Self::In(Duration::from_secs(at.since(now).as_secs() + 1)) }
    }
}

/// The result of posting.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    /// How many messages SQS accepted.
    pub taken: usize,
    /// How many messages SQS did not accept.
    pub untaken: usize,
    /// The error of the last message that was not accepted.
    pub error: Option<QueueError>,
}

/// How many failed messages of a page are named in the log; all of them are counted.
const NAMED: usize = 3;

/// Messages for one queue, each with its due item.
type Lot = Vec<(Due, Outgoing)>;

/// The messages by queue.
#[derive(Default)]
struct Lots {
    checks: Lot,
    timers: Lot,
    assignment: Lot,
    media: Lot,
    erasures: Lot,
    crm: Lot,
}

impl AutoClose {
    /// Posts the messages for a page of due items. Failures are logged and skipped, because the next sweep finds the
    /// items again.
    pub(crate) async fn post(&self, due: Vec<(Due, Timestamp)>) -> Posted {
        let mut posted = Posted::default();
        let mut lots = Lots::default();
        let now = self.ambient.now();
        // A chat may have several files; one nudge handles all of them.
        let mut files = HashSet::new();
        for (what, at) in due {
            if matches!(&what, Due::File(_, chat) if !files.insert(chat.clone())) {
                continue;
            }
            if let Err(error) = self.sort(&mut lots, what, PostTime::of(at, now), at) {
                posted.untaken += 1;
                posted.error = Some(error);
            }
        }
        for (url, lot) in [
            (&self.inbound_url, lots.checks),
            (&self.timers_url, lots.timers),
            (&self.assignment_url, lots.assignment),
            (&self.media_url, lots.media),
            (&self.erasures_url, lots.erasures),
            (&self.crm_url, lots.crm),
        ] {
            self.send(url, lot, &mut posted).await;
        }
        posted
    }

    /// Puts an item's message into its lot. Only chats are exact to the second; other items wait for the next sweep.
    fn sort(&self, lots: &mut Lots, what: Due, when: PostTime, at: Timestamp) -> Result<(), QueueError> {
        let ambient: &dyn Ambient = &*self.ambient;
        let (lot, outgoing) = match (&what, when) {
            (Due::Chat(account, chat), PostTime::Now) => {
                (&mut lots.checks, self.check(Timer::new(account.clone(), chat.clone(), at))?)
            }
            (Due::Chat(account, chat), PostTime::In(wait)) => {
                let timer = Timer::new(account.clone(), chat.clone(), at);
                (&mut lots.timers, Outgoing::standard(&timer)?.after(wait))
            }
            (_, PostTime::In(_)) => return Ok(()),
            (Due::Ring(account, channel), PostTime::Now) => {
                let nudge = AssignmentNudge::new(account, channel);
                (&mut lots.assignment, Outgoing::assignment(&nudge, ambient)?)
            }
            (Due::Requeue(account, whose), PostTime::Now) => {
                let nudge = RequeueNudge::new(account, whose);
                (&mut lots.assignment, Outgoing::requeue(&nudge, ambient)?)
            }
            (Due::File(account, chat), PostTime::Now) => {
                (&mut lots.media, Outgoing::standard(&MediaNudge::new(account, chat))?)
            }
            (Due::Erasure(account, erasure), PostTime::Now) => {
                (&mut lots.erasures, Outgoing::standard(&ErasureNudge::new(account, erasure))?)
            }
            (Due::Channel(account, channel), PostTime::Now) => {
                let nudge = ChannelNudge::new(account, channel);
                (&mut lots.crm, Outgoing::channel_state(&nudge, ambient)?)
            }
        };
        lot.push((what, outgoing));
        Ok(())
    }

    async fn send(&self, url: &str, lot: Lot, posted: &mut Posted) {
        let (of, messages): (Vec<Due>, Vec<Outgoing>) = lot.into_iter().unzip();
        let untaken = self.queues.send_each(url, &messages).await;
        for (place, error) in untaken.iter().take(NAMED) {
            let (account, chat) = of.get(*place).map(named).unwrap_or_default();
            tracing::warn!(account, chat, error = %error, "not posted; the next sweep tries again");
        }
        posted.taken += messages.len() - untaken.len();
        posted.untaken += untaken.len();
        posted.error = untaken.into_iter().last().map(|(_, error)| error).or(posted.error.take());
    }

    /// A chat's check for its due time, posted now: the chat's silence is judged as of now.
    pub(crate) fn check(&self, timer: Timer) -> Result<Outgoing, QueueError> {
        let digest = timer.check_id();
        self.check_as(timer.account, timer.chat, digest)
    }

    /// The same check with another deduplication id.
    pub(crate) fn check_as(
        &self,
        account: AccountId,
        chat: ChatId,
        digest: String,
    ) -> Result<Outgoing, QueueError> {
        Outgoing::inbound(&Envelope::new(account, self.ambient.now(), Event::Check { chat }), digest)
    }
}

/// The account and the chat of an item; the chat is empty if the item has none.
fn named(due: &Due) -> (&str, &str) {
    match due {
        Due::Chat(account, chat) | Due::File(account, chat) => (account.as_str(), chat.as_str()),
        Due::Ring(account, _)
        | Due::Erasure(account, _)
        | Due::Channel(account, _)
        | Due::Requeue(account, _) => (account.as_str(), ""),
    }
}
