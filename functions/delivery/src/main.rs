//! Entry point: reads the configuration, builds the clients once, and serves.

use delivery::rate::Rates;
use delivery::{CALL_WITHIN, Connections, Delivery};
use lambda_runtime::{Error, LambdaEvent, service_fn};
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
    telemetry::init("delivery", &config::required("LOG_LEVEL")?);
    let aws = aws::config().await;
    let queues = Queues::new(aws_sdk_sqs::Client::new(&aws));
    let urls = NudgeQueues {
        outbound: config::required("OUTBOUND_QUEUE_URL")?,
        crm: config::required("CRM_QUEUE_URL")?,
        timers: config::required("TIMERS_QUEUE_URL")?,
        ..NudgeQueues::default()
    };
    let context =
        BatchContext { queues: queues.clone(), queue_urls: vec![urls.outbound.clone()], quarantine: None };
    let allow = AllowList::parse(&config::optional("OUTBOUND_ALLOW_LIST").unwrap_or_default());
    let delivery = Delivery {
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config::required("TABLE_NAME")?),
        nudger: Nudger::new(queues, urls, shared::crm::capabilities, Arc::new(Machine)),
        vault: Vault::opening(aws_sdk_kms::Client::new(&aws)),
        http: OutboundHttp::new(allow)?,
        settings: SettingsCache::default(),
        connections: Connections::default(),
        rates: Rates::default(),
        files: Files::new(aws_sdk_s3::Client::new(&aws), config::required("MEDIA_BUCKET")?),
        base_urls: config::optional("PROVIDER_BASE_URLS").unwrap_or_default().parse()?,
        call_within: CALL_WITHIN,
        ambient: Arc::new(Machine),
    };
    let (delivery, context) = (&delivery, &context);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsBatch>| async move {
        let time_left = shared::platform::batch::time_left(event.context.deadline);
        Ok::<_, Error>(delivery.handle(event.payload, time_left, context).await)
    }))
    .await
}
