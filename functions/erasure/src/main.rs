//! Entry point: reads the configuration, builds the clients once, and serves.

use erasure::Eraser;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::base::clock::Machine;
use shared::platform::batch::{BatchContext, SqsBatch};
use shared::platform::dead_letters::DeadLetters;
use shared::platform::files::Files;
use shared::platform::objects::Objects;
use shared::platform::queue::Queues;
use shared::platform::{aws, config, telemetry};
use shared::store::Store;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("erasure", &config::required("LOG_LEVEL")?);
    let aws = aws::config().await;
    let (sqs, s3) = (aws_sdk_sqs::Client::new(&aws), aws_sdk_s3::Client::new(&aws));
    let queues = Queues::new(sqs.clone());
    let erasures_url = config::required("ERASURES_QUEUE_URL")?;
    let context =
        BatchContext { queues: queues.clone(), queue_urls: vec![erasures_url.clone()], quarantine: None };
    let eraser = Eraser {
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config::required("TABLE_NAME")?),
        queues,
        quarantine: Objects::new(s3.clone(), config::required("QUARANTINE_BUCKET")?),
        files: Files::new(s3, config::required("MEDIA_BUCKET")?),
        dead_letters: DeadLetters::parse(sqs, &config::required("DEAD_LETTER_QUEUE_URLS")?),
        erasures_url,
        ambient: Arc::new(Machine),
    };
    let (eraser, context) = (&eraser, &context);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsBatch>| async move {
        let time_left = shared::platform::batch::time_left(event.context.deadline);
        Ok::<_, Error>(eraser.handle(event.payload, time_left, context).await)
    }))
    .await
}
