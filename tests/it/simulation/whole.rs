//! The same simulation over the functions' own libraries, a table and queues.

use super::plan::{Fate, Faults, Plan, Settings, Who, calm, rough};
use super::story::{LATE, Story, Verdict};
use crate::properties::{breaks, holds};
use crate::world::World;
use proptest::strategy::Strategy;
use proptest::test_runner::TestCaseError;
use shared::base::clock::{Ambient, Timestamp};
use shared::model::chat::Chat;
use shared::model::chat::closing::Closing;
use shared::model::chat::state::ChatState;
use shared::model::closing_options::ClosingOptions;
use shared::model::crm::progress::SequencedRow;
use shared::model::event::{Envelope, Event, Origin};
use shared::model::message::Message;
use shared::model::messenger::Messenger;
use shared::platform::queue::Outgoing;
use std::collections::BTreeMap;
use std::time::Duration;

const INBOUND: &str = "inbound.fifo";
const OTHERS: [&str; 6] = ["statuses", "assignment.fifo", "outbound.fifo", "crm.fifo", "timers", "media"];
const CLIENT: &str = "79011112233";

/// A step of the test at a moment.
#[derive(Clone, Debug)]
enum Step {
    Accept(usize),
    /// An accepted message enters the queue.
    Enqueue(Box<Envelope>, usize),
    Change(usize),
    Sweep,
    /// Only handles what has come by then.
    Look,
}

struct Whole<'a> {
    plan: &'a Plan,
    world: World,
    start: Timestamp,
    steps: BTreeMap<(Timestamp, usize), Step>,
    order: usize,
    story: Story,
    /// The number of the last end that was read.
    seen: u64,
}

fn ms(span: u64) -> Duration {
    Duration::from_millis(span)
}

fn options(settings: &Settings) -> ClosingOptions {
    ClosingOptions {
        close_after_s: Some(u32::try_from(settings.window_s).unwrap()),
        client_waits: Some(settings.client_waits),
        farewell: settings.farewell.then(|| "До свидания".to_owned()),
        ..ClosingOptions::default()
    }
}

impl<'a> Whole<'a> {
    async fn of(plan: &'a Plan) -> Self {
        let world = World::with_employees(&["anna"]).await;
        world.set_channel(|channel| channel.closing = options(&plan.settings)).await;
        let start = world.clock.now();
        let mut new =
            Self { plan, world, start, steps: BTreeMap::new(), order: 0, story: Story::default(), seen: 0 };
        let mut at = start;
        for (place, act) in plan.acts.iter().enumerate() {
            at = at + ms(act.gap);
            new.at(at, Step::Accept(place));
        }
        for (place, (after, _)) in plan.changes.iter().enumerate() {
            new.at(start + ms(*after), Step::Change(place));
            at = at.max(start + ms(*after));
        }
        for (from, span) in plan.faults.stalls.iter().chain(&plan.faults.no_sweeps) {
            new.at(start + ms(from + span + 1), Step::Look);
            at = at.max(start + ms(from + span));
        }
        let longest = plan.changes.iter().map(|(_, settings)| settings.window_s).max().unwrap_or(0);
        let ends = at + Duration::from_secs(plan.settings.window_s.max(longest) + 15 * 60);
        let mut sweep = start;
        for number in 0.. {
            sweep = sweep + Duration::from_secs(60);
            if sweep > ends {
                break;
            }
            new.at(sweep + ms(plan.sweeps[number % plan.sweeps.len()]), Step::Sweep);
        }
        new
    }

    fn at(&mut self, at: Timestamp, step: Step) {
        self.order += 1;
        self.steps.insert((at, self.order), step);
    }

    fn is_in(&self, spans: &[(u64, u64)]) -> bool {
        let now = self.world.clock.now();
        spans.iter().any(|(from, span)| {
            let from = self.start + ms(*from);
            from <= now && now <= from + ms(*span)
        })
    }

    async fn run(mut self) -> Verdict {
        while let Some(((at, _), step)) = self.steps.pop_first() {
            self.until(at).await?;
            self.step(step).await;
            self.settle().await?;
        }
        self.end().await
    }

    /// Delivers everything that becomes visible before a moment.
    async fn until(&mut self, at: Timestamp) -> Verdict {
        loop {
            self.settle().await?;
            let queues: Vec<&str> = OTHERS.into_iter().chain(self.routes().then_some(INBOUND)).collect();
            let now = self.world.clock.now();
            let next = self.world.queues.next_visible(&queues).filter(|next| *next < at);
            let Some(next) = next else { break };
            self.world.clock.advance(next.since(now).max(ms(1)));
        }
        self.world.clock.advance(at.since(self.world.clock.now()));
        Ok(())
    }

    fn routes(&self) -> bool {
        !self.is_in(&self.plan.faults.stalls)
    }

    async fn settle(&mut self) -> Verdict {
        let mut moved = true;
        while moved {
            moved = self.routes() && self.world.deliver(INBOUND).await;
            for queue in OTHERS {
                moved |= self.world.deliver(queue).await;
            }
        }
        self.look().await
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Accept(place) => self.accept(place),
            Step::Enqueue(envelope, place) => {
                let outgoing = Outgoing::inbound(&envelope, format!("delivery {place}")).unwrap();
                self.world
                    .context
                    .queues
                    .send("https://sqs.test/inbound.fifo", vec![outgoing])
                    .await
                    .unwrap();
            }
            Step::Change(place) => {
                let options = options(&self.plan.changes[place].1);
                self.world.set_channel(|channel| channel.closing = options).await;
                self.recheck().await;
            }
            Step::Sweep if self.is_in(&self.plan.faults.no_sweeps) => {}
            Step::Sweep => {
                self.world.sweep().await;
                if self.plan.faults.fates.contains(&Fate::Lost) && self.order.is_multiple_of(3) {
                    self.world.queues.lose("timers");
                }
            }
            Step::Look => {}
        }
    }

    /// Schedules a recheck, as the API does after a change of the closing settings.
    async fn recheck(&self) {
        let (account, channel) = (&self.world.account, &self.world.channel);
        let recheck = shared::platform::nudge::Recheck::new(account, Some(channel), self.world.clock.now());
        let outgoing = Outgoing::standard(&recheck).unwrap().after(Duration::from_secs(35));
        self.world.context.queues.send("https://sqs.test/timers", vec![outgoing]).await.unwrap();
    }

    fn accept(&mut self, place: usize) {
        let act = self.plan.acts[place].clone();
        let (now, id) = (self.world.clock.now(), format!("m{place}"));
        let event = match act.who {
            Who::Client => self.world.said(&Messenger::Whatsapp, CLIENT, &id, "Здравствуйте"),
            Who::Phone | Who::Window => {
                self.world.answered(Origin::Phone, &Messenger::Whatsapp, CLIENT, &id, "Добрый день")
            }
        };
        self.story.write(now, act.who);
        let event = Event::Message(Box::new(event));
        let envelope = Envelope::new(self.world.account.clone(), now, event.clone());
        self.at(now + ms(act.ingest), Step::Enqueue(Box::new(envelope), place));
        if let Some(again) = act.again {
            let envelope = Envelope::new(self.world.account.clone(), now + ms(again), event);
            self.at(now + ms(again + act.ingest), Step::Enqueue(Box::new(envelope), place + 1_000));
        }
    }

    async fn chat(&self) -> Option<Chat> {
        self.world.chat(CLIENT).await
    }

    /// Reads from the chat's history the ends since the last call.
    async fn look(&mut self) -> Verdict {
        let (account, chat) = (&self.world.account, self.world.chat_id(CLIENT));
        let (changes, _) = self.world.store.changes_after(account, &chat, self.seen, 1_000).await.unwrap();
        for change in changes {
            let SequencedRow::Event(event) = change else { continue };
            self.seen = self.seen.max(event.seq);
            if event.finished.is_some() {
                let closing = self.closing(event.at);
                // The chat was opened between two ends, which is counted here.
                self.story.openings += 1;
                self.story.finish(event.at, &closing)?;
                if self.plan.faults.none() && self.plan.changes.is_empty() {
                    self.in_time(event.at, &closing)?;
                }
            }
        }
        Ok(())
    }

    /// The shortest of the windows that may have applied.
    fn closing(&self, at: Timestamp) -> Closing {
        let changes = self.plan.changes.iter().filter(|(after, _)| self.start + ms(*after) <= at);
        let all = std::iter::once(&self.plan.settings).chain(changes.map(|(_, settings)| settings));
        let all: Vec<Closing> = all.map(Settings::closing).collect();
        let window = all.iter().map(|closing| closing.window).min().unwrap_or_default();
        let client_waits = all.iter().all(|closing| closing.client_waits);
        Closing { window, client_waits, ..Closing::default() }
    }

    fn in_time(&self, finished: Timestamp, closing: &Closing) -> Verdict {
        let last = self.story.last(Timestamp::from_millis(finished.millis() - 30_000)).unwrap_or_default();
        let latest = last + closing.window + LATE;
        // A chat that is kept open for an answer finishes once it has the answer, whenever that was.
        if closing.client_waits || finished <= latest {
            return Ok(());
        }
        Err(format!("finished at {finished:?}, last activity at {last:?}"))
    }

    async fn end(&self) -> Verdict {
        let Some(chat) = self.chat().await else { return Err("no chat".into()) };
        let settings = self.plan.changes.iter().max_by_key(|(after, _)| *after);
        let waits = settings.map_or(&self.plan.settings, |(_, settings)| settings).client_waits;
        if chat.state == ChatState::Live && !(waits && chat.unanswered_at.is_some()) {
            return Err(format!("live in the end: {:?}, due {:?}", chat.last_activity_at, chat.check_at));
        }
        let farewells = |message: &&Message| message.origin == Some(Origin::Farewell);
        let farewells = self.world.messages(CLIENT).await.iter().filter(farewells).count();
        let finishes = self.story.finishes;
        // Without messages of ours only the first end has a farewell; with them, each end may have one.
        let spoken = self.plan.acts.iter().any(|act| act.who != Who::Client);
        let most = if self.plan.settings.farewell { finishes } else { 0 };
        let least = most.min(1);
        let fits = (least..=if spoken { most } else { least }).contains(&farewells);
        if self.plan.changes.is_empty() && !fits {
            return Err(format!("{farewells} farewells, {finishes} ends"));
        }
        Ok(())
    }
}

/// Excludes the longest window, which would need days of sweeps.
fn short(plans: impl Strategy<Value = Plan>) -> impl Strategy<Value = Plan> {
    plans.prop_filter("short windows", |plan| {
        let changed = plan.changes.iter().map(|(_, settings)| settings.window_s);
        plan.settings.window_s.max(changed.max().unwrap_or(0)) <= 600 && plan.acts.len() <= 4
    })
}

async fn verdict(plan: &Plan) -> Result<(), TestCaseError> {
    Whole::of(plan).await.run().await.map_err(TestCaseError::fail)
}

#[test]
fn p6_the_whole_finishes_in_time_and_never_early() {
    holds(5, short(calm()), async |plan: Plan| verdict(&plan).await);
}

#[test]
fn p6_the_whole_finishes_once_whatever_goes_wrong() {
    holds(5, short(rough()), async |plan: Plan| verdict(&plan).await);
}

#[test]
fn p6_a_whole_whose_messages_are_late_beyond_all_limits_is_noticed() {
    let late = short(calm()).prop_map(|mut plan| {
        plan.acts.iter_mut().for_each(|act| act.ingest += 45_000);
        plan.acts.iter_mut().for_each(|act| act.gap = act.gap.min(plan.settings.window_s * 1000 - 1));
        Plan { faults: Faults { fates: vec![Fate::Fine], ..Faults::default() }, ..plan }
    });
    breaks(25, late, async |plan: Plan| verdict(&plan).await);
}
