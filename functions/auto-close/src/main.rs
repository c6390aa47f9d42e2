//! Entry point: reads the configuration, builds the clients once, and serves.

use auto_close::{AutoClose, Trigger};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::base::clock::Machine;
use shared::platform::batch::{BatchAnswer, BatchContext};
use shared::platform::queue::Queues;
use shared::platform::{aws, config, telemetry};
use shared::store::Store;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("auto-close", &config::required("LOG_LEVEL")?);
    let aws = aws::config().await;
    let queues = Queues::new(aws_sdk_sqs::Client::new(&aws));
    let timers_url = config::required("TIMERS_QUEUE_URL")?;
    let context =
        BatchContext { queues: queues.clone(), queue_urls: vec![timers_url.clone()], quarantine: None };
    let auto_close = AutoClose {
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config::required("TABLE_NAME")?),
        queues,
        inbound_url: config::required("INBOUND_QUEUE_URL")?,
        timers_url,
        assignment_url: config::required("ASSIGNMENT_QUEUE_URL")?,
        media_url: config::required("MEDIA_QUEUE_URL")?,
        erasures_url: config::required("ERASURES_QUEUE_URL")?,
        crm_url: config::required("CRM_QUEUE_URL")?,
        ambient: Arc::new(Machine),
    };
    let (auto_close, context) = (&auto_close, &context);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Trigger>| async move {
        match event.payload {
            Trigger::Timers(batch) => {
                let time_left = shared::platform::batch::time_left(event.context.deadline);
                Ok::<_, Error>(auto_close.timers(batch, time_left, context).await)
            }
            Trigger::Schedule => {
                auto_close.sweep(shared::platform::batch::time_left(event.context.deadline)).await?;
                Ok(BatchAnswer::default())
            }
        }
    }))
    .await
}
