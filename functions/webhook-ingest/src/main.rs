//! Entry point: reads the configuration, builds the clients once, and serves.

use lambda_http::{Error, Request, service_fn};
use shared::base::clock::Machine;
use shared::platform::quarantine::Quarantine;
use shared::platform::queue::Queues;
use shared::platform::secrets::Vault;
use shared::platform::{aws, config, telemetry};
use shared::store::Store;
use std::sync::Arc;
use webhook_ingest::{Ingest, RecentlyRead};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("webhook-ingest", &config::required("LOG_LEVEL")?);
    let aws = aws::config().await;
    let ingest = Arc::new(Ingest {
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config::required("TABLE_NAME")?),
        queues: Queues::new(aws_sdk_sqs::Client::new(&aws)),
        quarantine: Quarantine::new(aws_sdk_s3::Client::new(&aws), config::required("QUARANTINE_BUCKET")?),
        vault: Vault::opening(aws_sdk_kms::Client::new(&aws)),
        inbound_url: config::required("INBOUND_QUEUE_URL")?,
        statuses_url: config::required("STATUSES_QUEUE_URL")?,
        ambient: Arc::new(Machine),
        registry: shared::providers::inbound,
        known: RecentlyRead::default(),
    });
    lambda_http::run(service_fn(move |request: Request| {
        let ingest = Arc::clone(&ingest);
        async move { Ok::<_, Error>(ingest.handle(request).await) }
    }))
    .await
}
