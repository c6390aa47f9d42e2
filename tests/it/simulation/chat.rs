//! One chat, its queue, and the sweep that runs every minute.

use super::plan::{Act, Fate, Plan, Settings, Who};
use super::story::{LATE, Story, Verdict};
use auto_close::PostTime;
use auto_close::sweep::AHEAD;
use shared::base::clock::Timestamp;
use shared::model::channel::Channel;
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::chat::state::ChatState;

use shared::base::ids::{AccountId, ChannelId, ChatId, ConnectionId, MessageId};
use shared::model::chat::company_events::{company_event, first_event};
use shared::model::event::{MessageEvent, Origin, Side};
use shared::model::message::Message;
use shared::model::messenger::{ChannelRef, Messenger};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

/// A fault of the code that the simulation must notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Inactivity is measured when the check is read, not when it was posted.
    JudgesWhenRead,
    /// A check does not wait behind the chat's messages.
    Overtakes,
    /// A check does not wait for messages that are accepted and not yet in the queue.
    NoGrace,
    /// The farewell's echo counts as a client's message.
    FarewellOpens,
    /// A sweep posts what is due, and sets no timers.
    NoTimers,
    /// Routing sets no timer for a moment that passed while the check was on its way.
    ForgetsThePast,
}

/// A step of the simulation at a moment.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Accept(usize),
    Enqueue(Record),
    /// Routing reads the queue.
    Work,
    Sweep(usize),
    /// A timer for this due time fires.
    Timer(Timestamp),
    Change(usize),
    /// A check with a new deduplication name is posted.
    Stray(String),
    Audit,
}

/// A record of the chat's group in the inbound queue.
#[derive(Clone, Debug)]
pub(super) enum Record {
    Message { event: Box<MessageEvent>, accepted_at: Timestamp, who: Who },
    Check { posted_at: Timestamp },
}

const MINUTE: u64 = 60_000;
/// How long SQS deduplicates a name.
const DEDUPLICATION: Duration = Duration::from_secs(300);
/// The time after which settings have certainly taken effect: half a minute for caches, a check, and its way.
pub(super) const EFFECT: Duration = Duration::from_secs(120);
/// The time after a change until the function for live chats runs.
const RECHECK: Duration = Duration::from_secs(35);

pub struct Simulation<'a> {
    pub(super) plan: &'a Plan,
    pub(super) fault: Fault,
    pub(super) channel: Channel,
    pub(super) steps: BTreeMap<(Timestamp, usize), Step>,
    pub(super) order: usize,
    pub(super) now: Timestamp,
    pub(super) ends: Timestamp,
    pub(super) queue: VecDeque<Record>,
    pub(super) names: HashMap<String, Timestamp>,
    pub(super) fates: usize,
    pub(super) chat: Option<Chat>,
    pub(super) stored: HashMap<MessageId, Message>,
    /// When the client was assigned to the current responsible.
    pub(super) had: Timestamp,
    pub(super) story: Story,
    /// The log of the steps, shown with a failure.
    pub(super) log: Vec<String>,
}

pub(super) fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T09:00:00Z").unwrap()
}

pub(super) fn ms(span: u64) -> Duration {
    Duration::from_millis(span)
}

impl<'a> Simulation<'a> {
    pub fn of(plan: &'a Plan, fault: Fault) -> Self {
        let account = AccountId::new("account");
        let external =
            ChannelRef { id: ChannelId::new("channel"), provider: "wazzup".into(), external: "1".into() };
        let mut new = Self {
            plan,
            fault,
            channel: Channel::new(&account, &ConnectionId::new("connection"), &external, start()),
            steps: BTreeMap::new(),
            order: 0,
            now: start(),
            ends: start(),
            queue: VecDeque::new(),
            names: HashMap::new(),
            fates: 0,
            chat: None,
            stored: HashMap::new(),
            had: start(),
            story: Story::default(),
            log: Vec::new(),
        };
        new.schedule();
        new
    }

    pub(super) fn at(&mut self, at: Timestamp, step: Step) {
        self.order += 1;
        self.steps.insert((at, self.order), step);
    }

    fn schedule(&mut self) {
        let plan = self.plan;
        let mut at = start();
        for (place, act) in plan.acts.iter().enumerate() {
            at = at + ms(act.gap);
            self.at(at, Step::Accept(place));
        }
        for (place, (after, _)) in plan.changes.iter().enumerate() {
            self.at(start() + ms(*after), Step::Change(place));
            at = at.max(start() + ms(*after));
        }
        for (number, after) in plan.faults.strays.iter().enumerate() {
            self.at(start() + ms(*after), Step::Stray(format!("stray {number}")));
        }
        for (from, span) in &plan.faults.stalls {
            self.at(start() + ms(from + span + 1), Step::Work);
        }
        for (from, span) in plan.faults.stalls.iter().chain(&plan.faults.no_sweeps) {
            at = at.max(start() + ms(from + span));
        }
        // Long enough for everything to finish, whatever went wrong.
        let longest = plan.changes.iter().map(|(_, settings)| settings.window_s).max().unwrap_or(0);
        self.ends = at + Duration::from_secs(plan.settings.window_s.max(longest) + 4 * 3600);
        self.at(start() + ms(plan.sweeps[0]), Step::Sweep(0));
    }

    /// Runs all steps.
    pub fn run(mut self) -> Verdict {
        self.happen().map_err(|wrong| format!("{wrong}\n{}", self.log.join("\n")))
    }

    fn happen(&mut self) -> Verdict {
        while let Some(((at, _), step)) = self.steps.pop_first() {
            if at > self.ends {
                break;
            }
            self.now = at;
            self.step(step)?;
            if self.plan.faults.none() {
                self.audit()?;
            }
        }
        self.end()
    }

    fn step(&mut self, step: Step) -> Verdict {
        match step {
            Step::Accept(place) => return self.accept(place),
            Step::Enqueue(record) => self.enqueue(record),
            Step::Work => return self.work(),
            Step::Sweep(number) => self.sweep(number),
            Step::Timer(at) => self.post(&format!("check:{}", at.millis())),
            Step::Change(place) => {
                self.at(self.now + RECHECK, Step::Stray(format!("recheck {place}")));
                let closing = self.plan.changes[place].1.closing();
                self.at(self.now + closing.window.max(EFFECT) + LATE, Step::Audit);
            }
            Step::Stray(name) => self.post(&name),
            Step::Audit => {}
        }
        Ok(())
    }

    /// The settings at a moment, and since when they apply.
    pub(super) fn settings(&self, at: Timestamp) -> (&'a Settings, Timestamp) {
        let changes = self.plan.changes.iter().map(|(after, settings)| (settings, start() + ms(*after)));
        let known = changes.filter(|(_, since)| *since <= at).max_by_key(|(_, since)| *since);
        known.unwrap_or((&self.plan.settings, start()))
    }

    /// The settings as routing has them in its cache.
    pub(super) fn closing(&self) -> (Closing, &'a Settings) {
        let age = i64::try_from(self.plan.settings_age).unwrap();
        let (settings, _) = self.settings(Timestamp::from_millis(self.now.millis() - age));
        (settings.closing(), settings)
    }

    pub(super) fn is_in(&self, spans: &[(u64, u64)]) -> bool {
        spans.iter().any(|(from, span)| {
            let from = start() + ms(*from);
            from <= self.now && self.now <= from + ms(*span)
        })
    }

    // Accepting, and the queue.

    fn accept(&mut self, place: usize) -> Verdict {
        let Act { who, ingest, again, .. } = self.plan.acts[place].clone();
        let id = MessageId::new(format!("m{place}"));
        if who == Who::Window {
            return self.write_here(&id);
        }
        self.story.write(self.now, who);
        let event = Box::new(self.event(id, who));
        let record = Record::Message { event, accepted_at: self.now, who };
        self.at(self.now + ms(ingest), Step::Enqueue(record.clone()));
        if let Some(again) = again {
            let Record::Message { event, who, .. } = record else { return Ok(()) };
            let accepted_at = self.now + ms(again);
            let record = Record::Message { event, accepted_at, who };
            self.at(accepted_at + ms(ingest), Step::Enqueue(record));
        }
        self.at(self.now + self.closing().0.window + LATE, Step::Audit);
        Ok(())
    }

    pub(super) fn event(&self, id: MessageId, who: Who) -> MessageEvent {
        let ids = (ChatId::new("chat"), "79011112233".to_owned());
        let event = first_event(&self.channel, ids, Messenger::Whatsapp, self.now);
        let (side, origin) = match who {
            Who::Client => (Side::Client, None),
            Who::Phone | Who::Window => (Side::Company, Some(Origin::Phone)),
        };
        MessageEvent { message_id: id, side, origin, text: Some("a word".into()), ..event }
    }

    /// An employee writes through the API: in one transaction, past the queue.
    fn write_here(&mut self, id: &MessageId) -> Verdict {
        let Some(mut chat) = self.chat.take() else { return Ok(()) };
        let before = chat.clone();
        self.story.write(self.now, Who::Window);
        let event = company_event(&chat, &self.channel, id.clone(), Origin::Window, self.now);
        let event = MessageEvent { text: Some("an answer".into()), ..event };
        chat.send(&event, event.text.as_deref(), self.now);
        if before.state != ChatState::Live && chat.state == ChatState::Live {
            self.story.open(Some(Who::Window))?;
        }
        self.commit(before, chat);
        Ok(())
    }

    /// A record enters the queue.
    fn enqueue(&mut self, record: Record) {
        if self.fault == Fault::Overtakes && matches!(record, Record::Check { .. }) {
            self.queue.push_front(record);
        } else {
            self.queue.push_back(record);
        }
        self.at(self.now + ms(self.plan.latency), Step::Work);
    }

    /// Posts a check now, under a deduplication name.
    fn post(&mut self, name: &str) {
        if self.names.get(name).is_some_and(|at| self.now.since(*at) < DEDUPLICATION) {
            return;
        }
        self.names.insert(name.to_owned(), self.now);
        self.note(|| format!("{name} posted"));
        let record = Record::Check { posted_at: self.now };
        match self.fate() {
            Fate::Lost => {}
            Fate::Twice(later) => {
                self.at(self.now + ms(later), Step::Enqueue(record.clone()));
                self.enqueue(record);
            }
            // Its name is taken already, and it enters the queue behind everything that came meanwhile.
            Fate::Late(later) => self.at(self.now + ms(later), Step::Enqueue(record)),
            Fate::Fine => self.enqueue(record),
        }
    }

    fn fate(&mut self) -> Fate {
        let fates = &self.plan.faults.fates;
        self.fates += 1;
        fates.get(self.fates - 1).copied().unwrap_or(Fate::Fine)
    }

    pub(super) fn timer(&mut self, at: Timestamp) {
        let wait = match PostTime::of(at, self.now) {
            PostTime::Now => Duration::from_secs(1),
            PostTime::In(wait) => wait,
        };
        match self.fate() {
            Fate::Lost => {}
            Fate::Late(later) => self.at(self.now + wait + ms(later), Step::Timer(at)),
            Fate::Fine | Fate::Twice(_) => self.at(self.now + wait, Step::Timer(at)),
        }
    }

    fn sweep(&mut self, number: usize) {
        let next = u64::try_from(number + 1).unwrap();
        let sweeps = &self.plan.sweeps;
        self.at(start() + ms(next * MINUTE + sweeps[(number + 1) % sweeps.len()]), Step::Sweep(number + 1));
        let due = self.chat.as_ref().and_then(|chat| chat.check_at);
        let Some(at) = due.filter(|at| *at <= self.now + AHEAD) else { return };
        if self.is_in(&self.plan.faults.no_sweeps) {
            return;
        }
        match PostTime::of(at, self.now) {
            PostTime::Now => self.post(&format!("check:{}", at.millis())),
            PostTime::In(_) if self.fault == Fault::NoTimers => {}
            PostTime::In(_) => self.timer(at),
        }
    }
}
