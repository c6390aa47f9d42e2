//! The plan of a simulation.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use shared::model::chat::closing::{Closing, GRACE};
use std::time::Duration;

/// The whole plan; times are in milliseconds.
#[derive(Clone, Debug)]
pub struct Plan {
    pub settings: Settings,
    pub acts: Vec<Act>,
    /// Changed settings, each with the time after the start at which they apply.
    pub changes: Vec<(u64, Settings)>,
    pub faults: Faults,
    /// How long a record is in the queue when routing is not behind.
    pub latency: u64,
    /// The delay of each sweep after the full minute; used cyclically.
    pub sweeps: Vec<u64>,
    /// The age of the settings that routing has cached: at most half a minute.
    pub settings_age: u64,
}

/// The settings for the end of a chat.
#[derive(Clone, Debug)]
pub struct Settings {
    pub window_s: u64,
    pub client_waits: bool,
    pub farewell: bool,
    pub idle: Vec<u32>,
    /// The time within which an employee must answer a client whom they got.
    pub answer_within_s: Option<u64>,
}

impl Settings {
    pub fn closing(&self) -> Closing {
        let farewell = self.farewell.then(|| "Good-bye".to_owned());
        let (client_waits, idle_minutes) = (self.client_waits, self.idle.clone());
        let (window, has_reservation) = (Duration::from_secs(self.window_s), self.answer_within_s.is_some());
        Closing { client_waits, farewell, idle_minutes, has_reservation, ..Closing::after(window) }
    }
}

/// The client or an employee writes.
#[derive(Clone, Debug)]
pub struct Act {
    /// The time since the act before.
    pub gap: u64,
    pub who: Who,
    /// The time from accepting it until it is in the queue: less than ingest's time limit.
    pub ingest: u64,
    /// The provider sends it again, after this time.
    pub again: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Client,
    /// An employee, on the phone: an echo.
    Phone,
    /// An employee, through the API: into the table, past the queue.
    Window,
}

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Routing handles nothing: from when, and for how long.
    pub stalls: Vec<(u64, u64)>,
    /// No sweep runs: from when, and for how long.
    pub no_sweeps: Vec<(u64, u64)>,
    /// What happens to the first checks and timers.
    pub fates: Vec<Fate>,
    /// Checks at moments for which none was scheduled.
    pub strays: Vec<u64>,
}

impl Faults {
    pub fn none(&self) -> bool {
        self.stalls.is_empty() && self.no_sweeps.is_empty() && self.fates.is_empty()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Fine,
    Lost,
    /// It comes twice, the second time this much later and unchanged.
    Twice(u64),
    /// It comes this much later.
    Late(u64),
}

const MINUTE: u64 = 60_000;

fn window() -> impl Strategy<Value = u64> {
    prop_oneof![Just(10), Just(600), Just(86_400)]
}

fn settings(window_s: u64) -> impl Strategy<Value = Settings> {
    let idle = prop_oneof![Just(vec![]), Just(vec![1]), Just(vec![2, 5, 90])];
    let answer = option::weighted(0.3, prop_oneof![Just(30), Just(300)]);
    (any::<bool>(), any::<bool>(), idle, answer, 0..4u8).prop_map(
        move |(farewell, waits, idle, answer_within_s, often)| Settings {
            window_s,
            client_waits: waits && often == 0,
            farewell,
            idle,
            answer_within_s,
        },
    )
}

/// Gaps between messages: very short, shorter than the window, just the window, around the exact moment of the end,
/// long.
fn gap(window_s: u64) -> impl Strategy<Value = u64> {
    let window = window_s * 1000;
    let end = window + u64::try_from(GRACE.as_millis()).unwrap();
    prop_oneof![
        2 => 0..3_000u64,
        3 => 0..window,
        2 => window - 2..window + 3,
        4 => end - 2_000..end + 4_000,
        1 => window..window * 3 + 200_000,
    ]
}

fn act(window_s: u64) -> impl Strategy<Value = Act> {
    let who = prop_oneof![4 => Just(Who::Client), 2 => Just(Who::Phone), 1 => Just(Who::Window)];
    let ingest = prop_oneof![3 => 0..300u64, 1 => 0..29_000u64];
    let again = option::weighted(0.2, prop_oneof![0..60_000u64, 0..3_000_000u64]);
    (gap(window_s), who, ingest, again).prop_map(|(gap, who, ingest, again)| Act { gap, who, ingest, again })
}

fn begins(mut acts: Vec<Act>) -> Vec<Act> {
    acts[0].who = Who::Client;
    acts
}

/// Nothing goes wrong.
pub fn calm() -> impl Strategy<Value = Plan> {
    let of_window = |window_s| {
        let strays = vec(0..5 * MINUTE, 0..3);
        let sweeps = vec(0..20_000u64, 1..4);
        (settings(window_s), vec(act(window_s), 1..7), strays, 20..3_000u64, sweeps, changes())
    };
    window().prop_flat_map(of_window).prop_map(|(settings, acts, strays, latency, sweeps, changes)| Plan {
        settings,
        acts: begins(acts),
        changes,
        faults: Faults { strays, ..Faults::default() },
        latency,
        sweeps,
        settings_age: 20_000,
    })
}

fn changes() -> impl Strategy<Value = Vec<(u64, Settings)>> {
    let change = window().prop_flat_map(|window_s| (0..window_s * 3000, settings(window_s)));
    prop_oneof![2 => Just(Vec::new()), 1 => vec(change, 1..3)]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Fine),
        1 => Just(Fate::Lost),
        1 => (0..10 * MINUTE).prop_map(Fate::Twice),
        1 => (0..5 * MINUTE).prop_map(Fate::Late),
    ]
}

/// Each kind of fault happens at times.
pub fn rough() -> impl Strategy<Value = Plan> {
    let of_window = |window_s: u64| {
        let span = || (0..window_s * 4000 + 5 * MINUTE, 0..15 * MINUTE);
        let strays = vec(0..window_s * 3000 + MINUTE, 0..8);
        let faults = (vec(span(), 0..4), vec(span(), 0..3), vec(fate(), 0..20), strays);
        let sweeps = vec(0..55_000u64, 1..4);
        (
            settings(window_s),
            vec(act(window_s), 1..10),
            faults,
            20..30_000u64,
            sweeps,
            changes(),
            0..30_000u64,
        )
    };
    window().prop_flat_map(of_window).prop_map(
        |(settings, acts, (stalls, no_sweeps, fates, strays), latency, sweeps, changes, settings_age)| Plan {
            settings,
            acts: begins(acts),
            changes,
            faults: Faults { stalls, no_sweeps, fates, strays },
            latency,
            sweeps,
            settings_age,
        },
    )
}
