//! The invariants over the whole of it, held against generated deliveries: duplicates, any order, batches cut anywhere,
//! conflicts, throttles, lost answers and reads that are old. Each comes with a fault of the code, made on the wire or in
//! the test's own model, that makes it fail: a property that nothing can break shows nothing.
//!
//! The search is the same in every run; `PROPTEST_CASES` widens it.

mod at_once;
mod delivery;
mod drops;
mod findings;
mod mutations;
mod noise;
mod persons;
mod replay;
mod statuses;
mod story;
mod view;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::fmt::Debug;

/// Of the library's own number of cases nobody waits for the end: each of ours is a world or two.
const WITHOUT_A_WISH: u32 = 256;
/// A counterexample is made smaller at most this often, for the same reason.
const SHRINKS: u32 = 60;

type Verdict = Result<(), TestCaseError>;

fn runner(cases: u32, shrinks: u32) -> TestRunner {
    let wished = Config::default();
    let cases = if wished.cases == WITHOUT_A_WISH { cases } else { wished.cases };
    let config = Config { cases, max_shrink_iters: shrinks, failure_persistence: None, ..wished };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Each case in a runtime of its own, so that nothing of it is left to the next.
fn held<T>(property: impl AsyncFn(T) -> Verdict) -> impl Fn(T) -> Verdict {
    move |case| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(property(case))
    }
}

/// Looks for a case in which the property does not hold, and fails with the smallest that it finds.
pub(crate) fn holds<S: Strategy>(cases: u32, of: S, property: impl AsyncFn(S::Value) -> Verdict)
where
    S::Value: Debug,
{
    if let Err(found) = runner(cases, SHRINKS).run(&of, held(property)) {
        panic!("{found}");
    }
}

/// Expects to find such a case within so many.
pub(crate) fn breaks<S: Strategy>(cases: u32, of: S, property: impl AsyncFn(S::Value) -> Verdict)
where
    S::Value: Debug,
{
    let found = runner(cases, 0).run(&of, held(property));
    assert!(matches!(found, Err(TestError::Fail(..))), "nothing notices the mutation: {found:?}");
}
