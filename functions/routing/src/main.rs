//! Entry point: reads the configuration, builds the clients once, and serves.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use routing::Routing;
use shared::base::clock::Machine;
use shared::platform::batch::{BatchContext, SqsBatch};
use shared::platform::nudger::{NudgeQueues, Nudger};
use shared::platform::quarantine::Quarantine;
use shared::platform::queue::Queues;
use shared::platform::{aws, config, telemetry};
use shared::store::Store;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("routing", &config::required("LOG_LEVEL")?);
    let aws = aws::config().await;
    let queues = Queues::new(aws_sdk_sqs::Client::new(&aws));
    let quarantine = Quarantine::new(aws_sdk_s3::Client::new(&aws), config::required("QUARANTINE_BUCKET")?);
    let context = BatchContext {
        queues: queues.clone(),
        queue_urls: vec![config::required("INBOUND_QUEUE_URL")?, config::required("STATUSES_QUEUE_URL")?],
        quarantine: Some(quarantine.clone()),
    };
    let urls = NudgeQueues {
        assignment: config::required("ASSIGNMENT_QUEUE_URL")?,
        crm: config::required("CRM_QUEUE_URL")?,
        outbound: config::required("OUTBOUND_QUEUE_URL")?,
        media: config::required("MEDIA_QUEUE_URL")?,
        timers: config::required("TIMERS_QUEUE_URL")?,
    };
    let routing = Routing {
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config::required("TABLE_NAME")?),
        nudger: Nudger::new(queues, urls, shared::crm::capabilities, Arc::new(Machine)),
        settings: shared::store::settings_cache::SettingsCache::default(),
        quarantine,
        ambient: Arc::new(Machine),
    };
    let (routing, context) = (&routing, &context);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsBatch>| async move {
        let time_left = shared::platform::batch::time_left(event.context.deadline);
        Ok::<_, Error>(routing.handle(event.payload, time_left, context).await)
    }))
    .await
}
