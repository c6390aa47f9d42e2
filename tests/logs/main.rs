//! Searches everything that the functions logged during the full run once more. A test binary of its own, because it
//! has to run last; Cargo runs them in order of name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "test code: a panic is how it fails"
)]

#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "../it/stack/live.rs"]
mod live;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p9_no_log_of_the_whole_run_holds_a_phone_a_text_a_key_or_a_token() {
    live::assert_logs_hold_nothing_personal(live::Live::get(), &[]).await;
}
