//! Entry point: reads the configuration, builds the clients once, and serves.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use media::{Keeping, Media};
use shared::base::clock::Machine;
use shared::platform::batch::{BatchContext, SqsBatch};
use shared::platform::files::Files;
use shared::platform::http::{AllowList, OutboundHttp};
use shared::platform::nudger::{NudgeQueues, Nudger};
use shared::platform::queue::Queues;
use shared::platform::secrets::Vault;
use shared::platform::{aws, config, telemetry};
use shared::store::Store;
use shared::store::settings_cache::SettingsCache;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("media", &config::required("LOG_LEVEL")?);
    let aws = aws::config().await;
    let queues = Queues::new(aws_sdk_sqs::Client::new(&aws));
    let urls = NudgeQueues {
        crm: config::required("CRM_QUEUE_URL")?,
        media: config::required("MEDIA_QUEUE_URL")?,
        ..NudgeQueues::default()
    };
    let context =
        BatchContext { queues: queues.clone(), queue_urls: vec![urls.media.clone()], quarantine: None };
    let media = Media {
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config::required("TABLE_NAME")?),
        nudger: Nudger::new(queues, urls, shared::crm::capabilities, Arc::new(Machine)),
        settings: SettingsCache::default(),
        http: OutboundHttp::new(AllowList::parse(
            &config::optional("OUTBOUND_ALLOW_LIST").unwrap_or_default(),
        ))?,
        vault: Vault::opening(aws_sdk_kms::Client::new(&aws)),
        base_urls: config::optional("PROVIDER_BASE_URLS").unwrap_or_default().parse()?,
        files: Files::new(Files::client(&aws), config::required("MEDIA_BUCKET")?),
        keeping: Keeping {
            megabytes: config::parsed("MEDIA_MAX_MEGABYTES")?,
            days: config::parsed("MEDIA_RETENTION_DAYS")?,
        },
        ambient: Arc::new(Machine),
    };
    let (media, context) = (&media, &context);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsBatch>| async move {
        let time_left = shared::platform::batch::time_left(event.context.deadline);
        Ok::<_, Error>(media.handle(event.payload, time_left, context).await)
    }))
    .await
}
