//! P6 on a clock that jumps from event to event: messages at any moment, even the exact end of the window; checks that
//! are lost, duplicated, early or late; routing that is behind; sweeps that do not run; settings that change.
//!
//! [`chat`] drives the policies themselves, thousands of times, in memory; `whole` does the same with the functions'
//! own libraries over a table and queues, a few times. What must hold is in `story`, in terms of what happened, not of
//! what is stored.

mod audit;
mod chat;
mod plan;
mod routing;
mod story;
mod whole;

use crate::properties::{breaks, holds};
use chat::{Fault, Simulation};
use plan::{Plan, calm, rough};
use proptest::test_runner::TestCaseError;

fn verdict(plan: &Plan, fault: Fault) -> Result<(), TestCaseError> {
    Simulation::of(plan, fault).run().map_err(TestCaseError::fail)
}

#[test]
fn p6_in_quiet_times_a_chat_finishes_in_time_and_never_early() {
    holds(1_500, calm(), async |plan: Plan| verdict(&plan, Fault::None));
}

#[test]
fn p6_whatever_goes_wrong_a_chat_finishes_once_and_never_with_activity_inside_its_window() {
    holds(2_500, rough(), async |plan: Plan| verdict(&plan, Fault::None));
}

#[test]
fn p6_silence_judged_as_of_the_moment_of_reading_is_noticed() {
    breaks(2_500, rough(), async |plan: Plan| verdict(&plan, Fault::JudgesWhenRead));
}

#[test]
fn p6_a_check_that_overtakes_messages_is_noticed() {
    breaks(2_500, rough(), async |plan: Plan| verdict(&plan, Fault::Overtakes));
}

#[test]
fn p6_a_finish_without_the_time_that_ingest_may_take_is_noticed() {
    breaks(2_500, rough(), async |plan: Plan| verdict(&plan, Fault::NoGrace));
}

#[test]
fn p6_a_farewell_that_counts_as_the_clients_is_noticed() {
    breaks(1_500, calm(), async |plan: Plan| verdict(&plan, Fault::FarewellOpens));
}

#[test]
fn p6_a_moment_that_passes_while_a_check_is_on_its_way_and_is_forgotten_is_noticed() {
    breaks(1_500, calm(), async |plan: Plan| verdict(&plan, Fault::ForgetsThePast));
}

#[test]
fn p6_sweeps_that_set_no_timers_are_noticed() {
    breaks(1_500, calm(), async |plan: Plan| verdict(&plan, Fault::NoTimers));
}
