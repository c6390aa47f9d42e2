//! Every alarm is triggered once. The emulator evaluates alarms on the metrics that are put, and publishes none of its
//! own. So the test copies our own metrics from the functions' log lines, as CloudWatch does, and puts those of AWS's
//! services as the services publish them.

use super::{Live, PATIENCE, moment};
use aws_sdk_cloudwatch::types::{Dimension, MetricAlarm, MetricDatum, StateValue};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tests::sandbox::faults::{Action, Fault};
use tests::wazzup::{file, messages, text};

/// Metrics that functions printed, by name and function.
async fn printed(live: &Live) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (_, line) in live.logs().await {
        let Some(start) = line.find('{') else { continue };
        let Ok(value) = serde_json::from_str::<Value>(&line[start..]) else { continue };
        if let Some(name) = value["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"].as_str() {
            found.insert((name.to_owned(), value["function"].as_str().unwrap_or_default().to_owned()));
        }
    }
    found
}

/// Metrics that take too long to wait for: an hour until a status is dropped, three minutes until a send counts as
/// unknown. Tests in the process, where the clock is moved, print them.
const TOO_LONG: [&str; 2] = ["StatusLost", "DeliveryUnknown"];

/// Makes each of our own metrics with an alarm appear, except [`TOO_LONG`].
async fn trip(live: &Live) {
    let account = live.account(&[600], &[]).await;
    let channel = &account.channels[0];
    live.sandbox.send_raw(&account.wazzup_key, "не JSON", true).await.unwrap();
    live.sandbox
        .add_fault(&Fault::crm(&account.crm, "messages", Action::status(422)).times(2))
        .await
        .unwrap();
    live.sandbox
        .add_fault(&Fault::crm(&account.crm, "createDeal", Action::retry_after(429, 20)).times(1))
        .await
        .unwrap();
    let id = |name: &str| format!("{name}-{}", account.id);
    let big = "я".repeat(200_000);
    let gone = live.sandbox.file_url(&id("gone.jpg"));
    let body = messages(&[
        text(&channel.external, "79011116001", &id("first"), &moment(), "Раз"),
        text(&channel.external, "79011116001", &id("big"), &moment(), &big),
        file(&channel.external, "79011116002", &id("gone"), &moment(), ("image", &gone), None),
    ]);
    assert_eq!(account.post(&body).await.unwrap().status, Some(200));
    // For a while no employee is eligible; then Anna is, and the CRM refuses the entities of her client.
    wait_for(live, &[("WaitingClients", "assignment")]).await;
    account.api.put("/v1/employees", &json!({"employees": [{"id": "anna", "name": "Анна"}]})).await.unwrap();
    account.join(channel, "anna").await.unwrap();
    // Wazzup no longer accepts the key.
    live.sandbox.add_fault(&Fault::wazzup(&account.wazzup_key, "send", Action::status(401))).await.unwrap();
    let dialogue =
        json!({"channel": channel.id, "phone": "+79011116003", "message": {"text": "Здравствуйте"}});
    account.api.post("/v1/chats", &dialogue).await.unwrap();
}

async fn wait_for(live: &Live, wanted: &[(&str, &str)]) {
    let patience = tokio::time::Instant::now() + PATIENCE;
    loop {
        let found = printed(live).await;
        let missing: Vec<_> = wanted
            .iter()
            .filter(|(name, function)| !found.contains(&((*name).to_owned(), (*function).to_owned())))
            .collect();
        if missing.is_empty() {
            return;
        }
        assert!(tokio::time::Instant::now() < patience, "not printed: {missing:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn is_printed(alarm: &MetricAlarm, printed: &BTreeSet<(String, String)>) -> bool {
    let name = alarm.metric_name().unwrap_or_default();
    let function = alarm.dimensions().iter().find(|dimension| dimension.name() == Some("function"));
    match function.and_then(Dimension::value) {
        Some(function) => printed.contains(&(name.to_owned(), function.to_owned())),
        None => printed.iter().any(|(printed, _)| printed == name),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_alarm_is_tripped_once_and_reads_alarm() {
    let live = Live::get();
    trip(live).await;
    let ours = [
        ("Quarantined", "webhook-ingest"),
        ("Quarantined", "routing"),
        ("WaitingClients", "assignment"),
        ("CrmRefused", "crm-push"),
        ("CrmPaused", "crm-push"),
        ("FilesFailed", "media"),
        ("ConnectionUnauthorized", "delivery"),
    ];
    wait_for(live, &ours).await;
    let printed = printed(live).await;
    let cloudwatch = live.cloudwatch().await;
    let alarms =
        cloudwatch.describe_alarms().max_records(100).send().await.unwrap().metric_alarms.unwrap_or_default();
    assert!(alarms.len() >= 25, "{}", alarms.len());
    for alarm in &alarms {
        let name = alarm.metric_name().unwrap();
        let too_long = TOO_LONG.contains(&name);
        if alarm.namespace() == Some(shared::platform::metrics::NAMESPACE) && !too_long {
            assert!(
                is_printed(alarm, &printed),
                "{:?} looks at a metric that no function prints",
                alarm.alarm_name()
            );
        }
        let datum = MetricDatum::builder()
            .metric_name(name)
            .value(alarm.threshold().unwrap_or_default() + 1.0)
            .set_dimensions(alarm.dimensions.clone())
            .build();
        cloudwatch
            .put_metric_data()
            .namespace(alarm.namespace().unwrap())
            .metric_data(datum)
            .send()
            .await
            .unwrap();
    }
    for _ in 0..60 {
        let now = cloudwatch
            .describe_alarms()
            .max_records(100)
            .send()
            .await
            .unwrap()
            .metric_alarms
            .unwrap_or_default();
        let quiet: Vec<_> =
            now.iter().filter(|alarm| alarm.state_value() != Some(&StateValue::Alarm)).collect();
        if quiet.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("an alarm does not read ALARM");
}
