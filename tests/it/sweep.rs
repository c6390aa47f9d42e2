//! The pace of the sweep, over an in-memory index of due rows and a queue that counts.

mod fakes;

use auto_close::AutoClose;
use auto_close::sweep::{CHECKS, TIMERS};
use fakes::{Index, Sqs, client};
use shared::base::clock::{Ambient, Manual, Timestamp};
use shared::base::ids::{AccountId, ChatId};
use shared::store::Store;
use shared::store::due::{CHAT_SHARDS, Shard};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const ALL_CHECKS: usize = CHECKS * CHAT_SHARDS as usize;
const ALL_TIMERS: usize = TIMERS * CHAT_SHARDS as usize;
/// The function's time limit.
const MINUTE: Duration = Duration::from_secs(60);

/// `auto-close` between an index and SQS.
struct Bench {
    index: Arc<Index>,
    sqs: Arc<Sqs>,
    clock: Arc<Manual>,
    auto_close: AutoClose,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(Manual::new(Timestamp::parse_rfc3339("2026-11-21T09:00:00Z").unwrap()));
        Self::at(Arc::clone(&clock), clock)
    }

    fn at(clock: Arc<Manual>, ambient: Arc<dyn Ambient>) -> Self {
        let (index, sqs) = (Arc::<Index>::default(), Arc::<Sqs>::default());
        let url = |name: &str| format!("https://sqs.test/{name}");
        let auto_close = AutoClose {
            store: Store::new(client!(aws_sdk_dynamodb, Arc::clone(&index)), "table"),
            queues: shared::platform::queue::Queues::new(client!(aws_sdk_sqs, Arc::clone(&sqs))),
            inbound_url: url("inbound.fifo"),
            timers_url: url("timers"),
            assignment_url: url("assignment.fifo"),
            media_url: url("media"),
            erasures_url: url("erasures"),
            crm_url: url("crm.fifo"),
            ambient,
        };
        Self { index, sqs, clock, auto_close }
    }

    /// The moment this many seconds from now.
    fn at_s(&self, seconds: i64) -> Timestamp {
        Timestamp::from_millis(self.clock.now().millis() + seconds * 1000)
    }

    /// Adds chats that are due up to `last_due`, a thousand in a second.
    fn chats(&self, count: usize, last_due: i64) -> Vec<ChatId> {
        let ids = (0..count).map(|number| ChatId::new(format!("chat-{last_due}-{number}")));
        let ids: Vec<ChatId> = ids.collect();
        for (number, chat) in ids.iter().enumerate() {
            let at = self.at_s(last_due - i64::try_from(count - 1 - number).unwrap() / 1000);
            self.index.add_chat(chat, at);
        }
        ids
    }

    /// Adds one due row of each kind other than chats: ring, erasure, channel, requeue, file.
    fn all_else(&self) {
        let at = self.at_s(-1);
        for (pk, sk) in [
            ("A#a#RING#channel", "RING"),
            ("A#a#ERASURES", "erasure"),
            ("A#a", "CHANNEL#channel"),
            ("A#a#LEAVING#*", "anna"),
        ] {
            self.index.add(Shard::Work(1), (pk, sk), at);
        }
        self.index.add(Shard::Files(2), ("A#a#CHAT#chat", "F#1"), at);
    }

    async fn sweep(&self) {
        self.auto_close.sweep(MINUTE).await.unwrap();
    }
}

#[tokio::test]
async fn p6_100_000_overdue_chats_are_worked_off_at_a_pace_and_nothing_waits_for_them() {
    let bench = Bench::new();
    let chats = bench.chats(100_000, -1);
    bench.all_else();
    let mut done = BTreeSet::new();
    for sweep in 1..=20 {
        bench.sweep().await;
        let checks = bench.sqs.take("inbound.fifo");
        assert!(checks.len() <= ALL_CHECKS, "{} checks in sweep {sweep}", checks.len());
        assert!(checks.len() >= ALL_CHECKS * 9 / 10 || sweep > 7, "{} in sweep {sweep}", checks.len());
        if sweep == 1 {
            let others = [("assignment.fifo", 2), ("erasures", 1), ("crm.fifo", 1), ("media", 1)];
            for (queue, count) in others {
                assert_eq!(bench.sqs.take(queue).len(), count, "{queue} stands behind no chat");
            }
        }
        for check in &checks {
            bench.index.remove_chat(&check.chat());
            assert!(done.insert(check.chat()), "posted again though it was handled");
        }
        bench.clock.advance(MINUTE);
        if done.len() == chats.len() {
            assert!(sweep <= 10, "all after {sweep} sweeps");
            return;
        }
    }
    panic!("{} of {} after 20 sweeps", done.len(), chats.len());
}

#[tokio::test]
async fn the_earliest_come_first() {
    let bench = Bench::new();
    bench.chats(60_000, -1);
    bench.sweep().await;
    let posted: BTreeSet<ChatId> = bench.sqs.take("inbound.fifo").iter().map(fakes::Sent::chat).collect();
    for (chats, count) in bench.index.by_shard() {
        let first = chats.iter().take_while(|chat| posted.contains(*chat)).count();
        let all = chats.iter().filter(|chat| posted.contains(*chat)).count();
        assert_eq!((first, all), (CHECKS.min(count), CHECKS.min(count)));
    }
}

#[tokio::test]
async fn p6_routing_that_is_behind_is_not_given_more() {
    let bench = Bench::new();
    bench.chats(50_000, -1);
    for _ in 0..5 {
        bench.sweep().await;
        bench.clock.advance(Duration::from_secs(59));
    }
    let names: BTreeSet<String> =
        bench.sqs.take("inbound.fifo").into_iter().map(|sent| sent.digest.unwrap()).collect();
    assert_eq!(names.len(), ALL_CHECKS, "SQS takes each name once in five minutes");
}

#[tokio::test]
async fn what_is_soon_due_gets_timers_within_limits_however_much_is_overdue() {
    let bench = Bench::new();
    bench.chats(100_000, -1);
    bench.chats(60_000, 100);
    bench.sweep().await;
    let (checks, timers) = (bench.sqs.take("inbound.fifo").len(), bench.sqs.take("timers").len());
    assert!(checks <= ALL_CHECKS && timers <= ALL_TIMERS, "{checks} checks, {timers} timers");
    assert!(checks >= ALL_CHECKS * 9 / 10 && timers >= ALL_TIMERS * 9 / 10, "{checks}, {timers}");
}

#[tokio::test]
async fn chats_that_nobody_can_handle_keep_no_other_one_back() {
    let bench = Bench::new();
    // Their checks fail again and again, so that they stay due.
    bench.chats(30_000, -4000);
    let late: BTreeSet<ChatId> = bench.chats(4_000, -5).into_iter().collect();
    bench.sweep().await;
    let posted: BTreeSet<ChatId> = bench.sqs.take("inbound.fifo").iter().map(fakes::Sent::chat).collect();
    assert!(late.is_subset(&posted), "{} of {}", late.intersection(&posted).count(), late.len());
    assert!(posted.len() <= ALL_CHECKS);
    assert!(posted.len() >= ALL_CHECKS * 9 / 10, "free places are used");
}

#[tokio::test]
async fn a_bad_item_is_passed_and_takes_no_place() {
    let bench = Bench::new();
    let shard = Shard::Chats(3);
    for number in 0..CHECKS + 50 {
        bench.index.add(shard, (&format!("B#what#{number}"), "ever"), bench.at_s(-500));
    }
    let bad = bench.chats(40, -400);
    let good = bench.chats(2_000, -5);
    bench.all_else();
    // SQS refuses some entries of a call, and whole calls.
    bench.sqs.refuse(bad.iter().take(20).map(ToString::to_string), false);
    bench.sqs.refuse(bad.iter().skip(20).map(ToString::to_string), true);
    let swept = bench.auto_close.sweep(MINUTE).await;
    assert!(swept.is_err(), "the sweep reports the failure");
    let posted: BTreeSet<ChatId> = bench.sqs.take("inbound.fifo").iter().map(fakes::Sent::chat).collect();
    assert_eq!(posted, good.into_iter().collect());
    assert_eq!(bench.sqs.take("assignment.fifo").len(), 2);
}

#[tokio::test]
async fn a_queue_that_is_down_is_not_asked_for_each_chat_and_the_others_are_served() {
    let bench = Bench::new();
    bench.chats(100_000, -1);
    bench.all_else();
    bench.sqs.take_down("inbound.fifo");
    assert!(bench.auto_close.sweep(MINUTE).await.is_err());
    assert_eq!(bench.sqs.take("assignment.fifo").len(), 2);
    assert!(bench.sqs.calls() < 400, "{} calls", bench.sqs.calls());
}

/// A clock that advances with every read.
struct Slow(Arc<Manual>);

impl Ambient for Slow {
    fn now(&self) -> Timestamp {
        self.0.advance(Duration::from_secs(1));
        self.0.now()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

#[tokio::test]
async fn a_sweep_ends_before_its_time_limit_and_the_next_one_goes_on_elsewhere() {
    let clock = Arc::new(Manual::new(Timestamp::parse_rfc3339("2026-11-21T09:00:00Z").unwrap()));
    let bench = Bench::at(Arc::clone(&clock), Arc::new(Slow(Arc::clone(&clock))));
    // One chat in each shard.
    let mut shards = BTreeSet::new();
    for number in 0..400 {
        let chat = ChatId::new(format!("chat-{number}"));
        if shards.insert(bench.index.shard_of_chat(&chat)) {
            bench.index.add_chat(&chat, bench.at_s(-500));
        }
    }
    assert_eq!(shards.len(), usize::from(CHAT_SHARDS));
    bench.all_else();
    let (mut posted, mut sweeps) = (BTreeSet::new(), 0);
    while posted.len() < shards.len() {
        let began = clock.now();
        bench.sweep().await;
        assert!(clock.now().since(began) < MINUTE, "{:?}", clock.now().since(began));
        posted.extend(bench.sqs.take("inbound.fifo").iter().map(fakes::Sent::chat));
        clock.advance(MINUTE);
        sweeps += 1;
        assert!(sweeps <= 32, "some shards are never reached");
    }
    assert!(sweeps > 1, "the clock is too fast to show anything");
    assert!(bench.sqs.take("assignment.fifo").len() >= 2, "other due rows came before chats");
}

#[tokio::test]
async fn a_check_before_its_time_waits_for_it() {
    let bench = Bench::new();
    let timer = |at| shared::platform::nudge::Timer::new(AccountId::new("a"), ChatId::new("chat"), at);
    let (early, due) = (timer(bench.at_s(2)), timer(bench.at_s(0)));
    assert_eq!(bench.wake(&early).await, 1, "a check of that name would keep the right one out");
    assert!(bench.sqs.take("inbound.fifo").is_empty());
    assert_eq!(bench.wake(&due).await, 0);
    assert_eq!(bench.sqs.take("inbound.fifo").len(), 1);
}

#[tokio::test]
async fn changed_settings_let_every_live_chat_be_looked_at_page_by_page() {
    let bench = Bench::new();
    let chats: BTreeSet<ChatId> = bench.chats(1_234, 3_000).into_iter().collect();
    let (account, channel) = (AccountId::new("a"), shared::base::ids::ChannelId::new("channel"));
    let recheck = shared::platform::nudge::Recheck::new(&account, Some(&channel), bench.at_s(0));
    assert_eq!(bench.wake(&recheck).await, 0);
    let mut looked_at = BTreeSet::new();
    for page in [500, 500, 234] {
        let checks = bench.sqs.take("inbound.fifo");
        assert_eq!(checks.len(), page);
        looked_at.extend(checks.iter().map(fakes::Sent::chat));
        for next in bench.sqs.take("timers") {
            assert!(next.delay_s >= 3, "clients' messages come in between");
            assert_eq!(bench.wake(&next.body).await, 0);
        }
    }
    assert_eq!(looked_at, chats);
    assert!(bench.sqs.take("inbound.fifo").is_empty() && bench.sqs.take("timers").is_empty());
    bench.sqs.take_down("inbound.fifo");
    assert_eq!(bench.wake(&recheck).await, 1, "the recheck is redelivered");
}
