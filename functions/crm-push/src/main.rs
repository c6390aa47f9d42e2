//! Entry point: reads the configuration, builds the clients once, and serves.

use crm_push::CrmPush;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::base::clock::Machine;
use shared::platform::batch::{BatchContext, SqsBatch};
use shared::platform::http::{AllowList, OutboundHttp};
use shared::platform::queue::Queues;
use shared::platform::secrets::Vault;
use shared::platform::{aws, config, telemetry};
use shared::store::Store;
use shared::store::settings_cache::SettingsCache;
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("crm-push", &config::required("LOG_LEVEL")?);
    let aws = aws::config().await;
    let queues = Queues::new(aws_sdk_sqs::Client::new(&aws));
    let context = BatchContext {
        queues: queues.clone(),
        queue_urls: vec![config::required("CRM_QUEUE_URL")?],
        quarantine: None,
    };
    let allow = AllowList::parse(&config::optional("OUTBOUND_ALLOW_LIST").unwrap_or_default());
    let crm_push = CrmPush {
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config::required("TABLE_NAME")?),
        queues,
        vault: Vault::opening(aws_sdk_kms::Client::new(&aws)),
        http: OutboundHttp::new(allow)?,
        settings: SettingsCache::default(),
        public_base_url: config::required("PUBLIC_BASE_URL")?,
        timers_url: config::required("TIMERS_QUEUE_URL")?,
        assignment_url: config::required("ASSIGNMENT_QUEUE_URL")?,
        ambient: Arc::new(Machine),
    };
    let (crm_push, context) = (&crm_push, &context);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsBatch>| async move {
        let time_left = shared::platform::batch::time_left(event.context.deadline);
        Ok::<_, Error>(crm_push.handle(event.payload, time_left, context).await)
    }))
    .await
}
