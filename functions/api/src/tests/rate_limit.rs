//! The rate limit: 500 requests in five seconds for each key.

use crate::http::rate_limit::{LIMIT, RateLimit, WINDOW_MS};
use crate::testing::Bench;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::json;
use shared::base::clock::{Ambient, Timestamp};
use shared::base::ids::AccountId;
use shared::store::keys;
use std::time::Duration;
use tower::ServiceExt;

/// Makes requests as `who` until one is refused, and returns how many were admitted.
async fn passed(bench: &Bench, limits: &[RateLimit], who: &str, now: Timestamp) -> u64 {
    let account = AccountId::new("a");
    for request in 0..10 * LIMIT {
        let limit = &limits[usize::try_from(request).unwrap() % limits.len()];
        if limit.admit(&bench.app.store, &account, who, now).await.is_err() {
            return request;
        }
    }
    panic!("no request was refused");
}

#[tokio::test]
async fn one_process_is_exact_and_others_are_lenient_by_a_block_each() {
    let bench = Bench::new().await;
    let now = bench.clock.now();
    let processes = |count: usize| (0..count).map(|_| RateLimit::default()).collect::<Vec<_>>();
    assert_eq!(passed(&bench, &processes(1), "one", now).await, LIMIT);
    for count in [2, 4] {
        let passed = passed(&bench, &processes(count), &format!("of {count}"), now).await;
        let most = LIMIT + 24 * u64::try_from(count).unwrap();
        assert!((LIMIT - 24..=most).contains(&passed), "{count}: {passed}");
    }
    // A process that starts within the window learns of the others' requests with its first block.
    let late = passed(&bench, &processes(1), "one", now).await;
    assert_eq!(late, 24);
    let next = now + Duration::from_millis(WINDOW_MS.unsigned_abs());
    assert_eq!(passed(&bench, &processes(1), "one", next).await, LIMIT);
}

#[tokio::test]
async fn few_requests_cost_no_write() {
    let bench = Bench::new().await;
    let (limit, account, now) = (RateLimit::default(), AccountId::new("a"), bench.clock.now());
    let counter = keys::rate(&account, "one", now.millis() / WINDOW_MS);
    for _ in 0..24 {
        limit.admit(&bench.app.store, &account, "one", now).await.unwrap();
    }
    assert_eq!(bench.app.store.count(&counter, 0, 1).await.unwrap(), 0);
    limit.admit(&bench.app.store, &account, "one", now).await.unwrap();
    assert_eq!(bench.app.store.count(&counter, 0, 1).await.unwrap(), 25);
}

#[tokio::test]
async fn a_counter_adds_what_all_add() {
    let bench = Bench::new().await;
    let (here, there) = (keys::rate(&AccountId::new("a"), "x", 1), keys::rate(&AccountId::new("b"), "x", 1));
    let add = |by| bench.app.store.count(&here, by, 100);
    assert_eq!(add(3).await, Ok(3));
    let all = tokio::join!(add(1), add(1), add(1));
    let mut totals = [all.0.unwrap(), all.1.unwrap(), all.2.unwrap()];
    totals.sort_unstable();
    assert_eq!(totals, [4, 5, 6]);
    assert_eq!(bench.app.store.count(&there, 2, 100).await, Ok(2), "the counter is another account's");
}

#[tokio::test]
async fn a_table_that_does_not_count_refuses_nobody() {
    let bench = Bench::broken("table").await;
    let (limit, account, now) = (RateLimit::default(), AccountId::new("a"), bench.clock.now());
    for _ in 0..30 {
        assert_eq!(limit.admit(&bench.app.store, &account, "one", now).await, Ok(()));
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let bench = Bench::new().await;
    let (one, other) = (bench.company("One").await, bench.company("Two").await);
    let token = bench.token(&one.key, "17").await;
    bench.clock.advance(Duration::from_millis(6_000));
    let ask = async |key: &str, path: &str| {
        let request = Request::builder().uri(path).header("authorization", format!("Bearer {key}"));
        let (status, body, headers) = bench.send(request.body(Body::empty()).unwrap()).await;
        (status.as_u16(), body, headers)
    };
    // Unknown paths ask for no key, and are not counted.
    for _ in 0..30 {
        assert_eq!(ask(&one.key, "/v1/nothing").await.0, 404);
    }
    for request in 0..LIMIT {
        assert_eq!(ask(&one.key, "/v1/channels/unknown").await.0, 404, "{request}");
    }
    let (status, body, headers) = ask(&one.key, "/v1/channels/unknown").await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("too_many_requests")));
    assert_eq!(headers["retry-after"], "4");
    // The refusal at `/v3`, as at Wazzup, has no body.
    let request =
        Request::builder().uri("/v3/channels").header("authorization", format!("Bearer {}", one.key));
    let answer = bench.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"4".parse().unwrap()));
    assert!(to_bytes(answer.into_body(), 1000).await.unwrap().is_empty());
    // A key's requests do not count for an employee's token, nor for another account.
    assert_eq!(ask(&token, "/v1/me").await.0, 200);
    assert_eq!(ask(&other.key, "/v1/account").await.0, 200);
    bench.clock.advance(Duration::from_secs(4));
    assert_eq!(ask(&one.key, "/v1/account").await.0, 200);
}
