//! Batches from SQS: groups run concurrently, records of a group in order. Each record gets one disposition, which is
//! mapped once to batch failure, visibility timeout, metric and log.

use crate::base::clock::{Ambient, Machine, Timestamp};
use crate::model::event;
use crate::platform::disposition::{Disposition, DropReason, backoff};
use crate::platform::metrics::Metric;
use crate::platform::quarantine::Quarantine;
use crate::platform::queue::Queues;
use crate::platform::telemetry;
use futures::FutureExt;
use futures::future::join_all;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// A batch that Lambda delivers from SQS.
#[derive(Debug, Deserialize)]
pub struct SqsBatch {
    /// The records.
    #[serde(rename = "Records")]
    pub records: Vec<SqsRecord>,
}

/// One record of a batch.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsRecord {
    /// The queue's id of the message.
    pub message_id: String,
    /// The handle by which its visibility is changed.
    pub receipt_handle: String,
    /// The message's body.
    pub body: String,
    /// System attributes.
    #[serde(default)]
    pub attributes: Attributes,
    /// The queue's ARN.
    #[serde(rename = "eventSourceARN")]
    pub queue_arn: String,
}

/// System attributes of a record.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attributes {
    /// How often the record was delivered.
    #[serde(default)]
    approximate_receive_count: Option<String>,
    /// Its FIFO message group.
    #[serde(default)]
    message_group_id: Option<String>,
}

impl SqsRecord {
    /// How often the record was delivered, this time included.
    pub fn receive_count(&self) -> u32 {
        self.attributes.approximate_receive_count.as_deref().and_then(|text| text.parse().ok()).unwrap_or(1)
    }
}

/// The answer to Lambda: the records that failed.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl BatchAnswer {
    /// The ids of the messages to deliver again.
    pub fn returned(&self) -> Vec<&str> {
        self.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
    }
}

/// The dependencies of the batch runner besides the work itself.
#[derive(Clone, Debug)]
pub struct BatchContext {
    /// Sets visibility timeouts.
    pub queues: Queues,
    /// The URLs of the queues that records come from; matched by the queue's name.
    pub queue_urls: Vec<String>,
    /// The quarantine for poison; a function whose records are our own nudges has none.
    pub quarantine: Option<Quarantine>,
}

/// Time reserved before the deadline, for the answer.
const RESERVE: Duration = Duration::from_secs(5);

/// The time until a Lambda deadline (milliseconds since the epoch).
pub fn time_left(deadline_ms: u64) -> Duration {
    Timestamp::from_millis(i64::try_from(deadline_ms).unwrap_or(i64::MAX)).since(Machine.now())
}

/// Runs a batch. `work` gets the records of one group, in order, and returns one disposition each; after a `Retry` the
/// remaining records of the group are returned to the queue too. A group that panics or reaches the deadline is
/// returned whole.
pub async fn run<W, F>(
    batch: SqsBatch,
    time_left: Duration,
    context: &BatchContext,
    ambient: &dyn Ambient,
    work: W,
) -> BatchAnswer
where
    W: Fn(Vec<SqsRecord>) -> F,
    F: Future<Output = Vec<Disposition>>,
{
    let limit = time_left.saturating_sub(RESERVE).max(Duration::from_secs(1));
    let groups = groups(batch.records);
    let outcomes = join_all(groups.iter().map(|group| async {
        let run = AssertUnwindSafe(work(group.clone())).catch_unwind();
        let decided = match tokio::time::timeout(limit, run).await {
            Ok(Ok(decided)) => decided,
            Ok(Err(_)) => retry_all(group, "the handler panicked"),
            Err(_) => retry_all(group, "the deadline came"),
        };
        settle(group, decided, context, ambient).await
    }))
    .await;
    let mut answer = BatchAnswer::default();
    let mut again: Vec<(SqsRecord, Duration)> = Vec::new();
    for (record, after) in outcomes.into_iter().flatten() {
        answer.batch_item_failures.push(Failure { item_identifier: record.message_id.clone() });
        again.push((record, after));
    }
    for url in &context.queue_urls {
        let name = url.rsplit('/').next().unwrap_or_default();
        let of_queue = again.iter().filter(|(record, _)| record.queue_arn.rsplit(':').next() == Some(name));
        let receipts: Vec<_> =
            of_queue.map(|(record, after)| (record.receipt_handle.clone(), *after)).collect();
        context.queues.come_again(url, &receipts).await;
    }
    answer
}

/// Handles the nudges of a group, in order. Equal nudges are handled once. `handle` also gets how often the record was
/// delivered, this time included. A failure is retried, later each time, and with it the remaining records of the
/// group.
pub async fn nudges<N, E, F>(group: Vec<SqsRecord>, mut handle: impl FnMut(N, u32) -> F) -> Vec<Disposition>
where
    N: DeserializeOwned + Clone + Eq + Hash,
    E: Display,
    F: Future<Output = Result<Disposition, E>>,
{
    let mut done: HashSet<N> = HashSet::new();
    let mut dispositions = Vec::with_capacity(group.len());
    for record in &group {
        let nudge: N = match event::read(&record.body) {
            Ok(nudge) => nudge,
            Err(error) => {
                dispositions.push(error.into());
                continue;
            }
        };
        if done.insert(nudge.clone()) {
            let receive_count = record.receive_count();
            // Boxed, because unoptimised the future of a function's whole work exceeds a thread's stack.
            let handled = Box::pin(handle(nudge, receive_count)).await;
            let handled = handled.unwrap_or_else(|error| Disposition::Retry {
                after: backoff(receive_count),
                why: error.to_string(),
            });
            let stop = matches!(handled, Disposition::Retry { .. });
            dispositions.push(handled);
            if stop {
                break;
            }
        } else {
            dispositions.push(Disposition::Done);
        }
    }
    dispositions
}

/// Groups the records: those of a FIFO group together, in order; each record of a standard queue alone.
fn groups(records: Vec<SqsRecord>) -> Vec<Vec<SqsRecord>> {
    let mut groups: Vec<Vec<SqsRecord>> = Vec::new();
    for record in records {
        let group = record.attributes.message_group_id.clone();
        match groups.iter_mut().find(|known| group.is_some() && known[0].attributes.message_group_id == group)
        {
            Some(known) => known.push(record),
            None => groups.push(vec![record]),
        }
    }
    groups
}

fn retry_all(group: &[SqsRecord], why: &str) -> Vec<Disposition> {
    group
        .iter()
        .map(|record| Disposition::Retry { after: backoff(record.receive_count()), why: why.into() })
        .collect()
}

/// Carries out the dispositions of one group; returns the records to return to the queue, with their delays.
async fn settle(
    group: &[SqsRecord],
    decided: Vec<Disposition>,
    context: &BatchContext,
    ambient: &dyn Ambient,
) -> Vec<(SqsRecord, Duration)> {
    let mut returned: Vec<(SqsRecord, Duration)> = Vec::new();
    let mut decided = decided.into_iter();
    for record in group {
        let missing =
            || Disposition::Retry { after: backoff(record.receive_count()), why: "not reached".into() };
        let disposition = decided.next().unwrap_or_else(missing);
        // Order within the group: no record behind a returned one is acknowledged.
        if let Some((_, after)) = returned.last() {
            let after = *after;
            returned.push((record.clone(), after));
            continue;
        }
        match disposition {
            Disposition::Done => {}
            Disposition::Drop(reason) => {
                if reason == DropReason::StatusWithoutMessage {
                    telemetry::count(Metric::StatusLost, 1);
                }
                telemetry::count_dropped(reason, 1);
                tracing::warn!(reason = reason.name(), record = record.message_id, "dropped");
            }
            Disposition::Retry { after, why } => {
                tracing::warn!(why, after_s = after.as_secs(), record = record.message_id, "returned");
                returned.push((record.clone(), after));
            }
            Disposition::Quarantine { why } => {
                let Some(quarantine) = &context.quarantine else {
                    telemetry::count(Metric::Quarantined, 1);
                    tracing::error!(why, record = record.message_id, "a nudge that nobody can read");
                    continue;
                };
                if quarantine.keep(None, &why, record.body.as_bytes(), ambient).await.is_err() {
                    returned.push((record.clone(), backoff(record.receive_count())));
                }
            }
        }
    }
    returned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, group: Option<&str>) -> SqsRecord {
        SqsRecord {
            message_id: id.into(),
            receipt_handle: format!("receipt-{id}"),
            body: String::new(),
            attributes: Attributes {
                approximate_receive_count: Some("2".into()),
                message_group_id: group.map(str::to_owned),
            },
            queue_arn: "arn:aws:sqs:r:a:inbound.fifo".into(),
        }
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
    struct Look {
        at: String,
    }

    #[tokio::test]
    async fn a_nudge_that_comes_twice_is_handled_once_and_what_fails_comes_again() {
        let body =
            |at: &str| SqsRecord { body: format!(r#"{{"v":1,"at":"{at}"}}"#), ..record(at, Some("g")) };
        let group =
            vec![body("a"), body("a"), record("unreadable", Some("g")), body("b"), body("b"), body("c")];
        let mut handled = Vec::new();
        let dispositions = nudges(group, |look: Look, receive_count| {
            handled.push((look.at.clone(), receive_count));
            let outcome = if look.at == "b" { Err("busy") } else { Ok(Disposition::Done) };
            std::future::ready(outcome)
        });
        let dispositions = dispositions.await;
        assert_eq!(handled, [("a".to_owned(), 2), ("b".to_owned(), 2)]);
        assert_eq!(dispositions[..2], [Disposition::Done, Disposition::Done]);
        assert!(matches!(dispositions[2], Disposition::Quarantine { .. }));
        assert_eq!(dispositions[3], Disposition::Retry { after: backoff(2), why: "busy".into() });
        assert_eq!(dispositions.len(), 4, "the rest of the group is returned with it");
    }

    #[test]
    fn records_of_a_group_stay_together_and_in_order() {
        let all = vec![
            record("1", Some("a")),
            record("2", Some("b")),
            record("3", Some("a")),
            record("4", None),
            record("5", None),
        ];
        let shape: Vec<Vec<String>> = groups(all)
            .iter()
            .map(|group| group.iter().map(|record| record.message_id.clone()).collect())
            .collect();
        assert_eq!(shape, [vec!["1", "3"], vec!["2"], vec!["4"], vec!["5"]]);
    }

    #[tokio::test]
    async fn a_failure_returns_the_rest_of_its_group_only() {
        let context = BatchContext { queues: offline(), queue_urls: vec![], quarantine: None };
        let ambient = crate::base::clock::Manual::new(crate::base::clock::Timestamp::from_millis(0));
        let batch = SqsBatch {
            records: vec![
                record("1", Some("a")),
                record("2", Some("b")),
                record("3", Some("a")),
                record("4", Some("a")),
            ],
        };
        let work = |group: Vec<SqsRecord>| async move {
            let retry = Disposition::Retry { after: Duration::from_secs(1), why: String::new() };
            group
                .iter()
                .map(|record| if record.message_id == "3" { retry.clone() } else { Disposition::Done })
                .collect()
        };
        let answer = run(batch, Duration::from_secs(30), &context, &ambient, work).await;
        assert_eq!(answer.returned(), ["3", "4"]);
    }

    #[tokio::test]
    async fn a_panic_returns_its_group_and_spares_the_others() {
        let context = BatchContext { queues: offline(), queue_urls: vec![], quarantine: None };
        let ambient = crate::base::clock::Manual::new(crate::base::clock::Timestamp::from_millis(0));
        let batch = SqsBatch { records: vec![record("1", Some("a")), record("2", Some("b"))] };
        let work = |group: Vec<SqsRecord>| async move {
            assert!(group[0].message_id != "1", "as a bug would");
            vec![Disposition::Done]
        };
        let answer = run(batch, Duration::from_secs(30), &context, &ambient, work).await;
        assert_eq!(answer.returned(), ["1"]);
    }

    fn offline() -> Queues {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(aws_sdk_sqs::config::Region::new("us-east-1"))
            .build();
        Queues::new(aws_sdk_sqs::Client::from_conf(config))
    }
}
