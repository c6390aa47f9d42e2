//! The invariants of the whole, checked against generated deliveries: duplicates, any order, batches cut anywhere,
//! conflicts, throttling, lost answers and stale reads. Each property has a fault of the code, made on the wire or in
//! the test's own model, that breaks it: a property that no fault can break proves nothing.
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

/// The library's default number of cases, which would take too long: each case of ours is a World or two.
const WITHOUT_A_WISH: u32 = 256;
/// The most steps in which a counterexample is shrunk; more would take too long, too.
const SHRINKS: u32 = 60;

type Verdict = Result<(), TestCaseError>;

fn runner(cases: u32, shrinks: u32) -> TestRunner {
    let wished = Config::default();
    let cases = if wished.cases == WITHOUT_A_WISH { cases } else { wished.cases };
    let config = Config { cases, max_shrink_iters: shrinks, failure_persistence: None, ..wished };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Runs each case in its own runtime, so that it leaves nothing to the next one.
fn held<T>(property: impl AsyncFn(T) -> Verdict) -> impl Fn(T) -> Verdict {
    move |case| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(property(case))
    }
}

/// Searches for a case that breaks the property, and panics with the smallest one found.
pub(crate) fn holds<S: Strategy>(cases: u32, of: S, property: impl AsyncFn(S::Value) -> Verdict)
where
    S::Value: Debug,
{
    if let Err(found) = runner(cases, SHRINKS).run(&of, held(property)) {
        panic!("{found}");
    }
}

/// Asserts that a case that breaks the property is found among this many.
pub(crate) fn breaks<S: Strategy>(cases: u32, of: S, property: impl AsyncFn(S::Value) -> Verdict)
where
    S::Value: Debug,
{
    let found = runner(cases, 0).run(&of, held(property));
    assert!(matches!(found, Err(TestError::Fail(..))), "nothing notices the mutation: {found:?}");
}
