//! Entry point: reads the configuration, builds the clients once, and serves.

use assignment::Assignment;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::base::clock::Machine;
use shared::platform::batch::{BatchContext, SqsBatch};
use shared::platform::nudger::{NudgeQueues, Nudger};
use shared::platform::queue::Queues;
use shared::platform::{aws, config, telemetry};
use shared::store::Store;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("assignment", &config::required("LOG_LEVEL")?);
    let aws = aws::config().await;
    let queues = Queues::new(aws_sdk_sqs::Client::new(&aws));
    let urls = NudgeQueues {
        assignment: config::required("ASSIGNMENT_QUEUE_URL")?,
        crm: config::required("CRM_QUEUE_URL")?,
        ..NudgeQueues::default()
    };
    let context =
        BatchContext { queues: queues.clone(), queue_urls: vec![urls.assignment.clone()], quarantine: None };
    let assignment = Assignment {
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config::required("TABLE_NAME")?),
        nudger: Nudger::new(queues, urls, shared::crm::capabilities, Arc::new(Machine)),
        settings: shared::store::settings_cache::SettingsCache::default(),
        ambient: Arc::new(Machine),
    };
    let (assignment, context) = (&assignment, &context);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsBatch>| async move {
        let time_left = shared::platform::batch::time_left(event.context.deadline);
        Ok::<_, Error>(assignment.handle(event.payload, time_left, context).await)
    }))
    .await
}
