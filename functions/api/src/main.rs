//! Entry point: reads the configuration, builds the clients once, and serves.

use api::App;
use api::http::operator_key::OperatorKey;
use api::http::rate_limit::RateLimit;
use lambda_http::Error;
use shared::base::clock::Machine;
use shared::platform::files::Files;
use shared::platform::http::{AllowList, OutboundHttp};
use shared::platform::nudger::{NudgeQueues, Nudger};
use shared::platform::queue::Queues;
use shared::platform::secrets::Vault;
use shared::platform::{aws, config, telemetry};
use shared::store::Store;
use std::sync::Arc;
use url::Url;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init("api", &config::required("LOG_LEVEL")?);
    let aws = aws::config().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&aws);
    let queues = Queues::new(aws_sdk_sqs::Client::new(&aws));
    let timers_url = config::required("TIMERS_QUEUE_URL")?;
    let urls = NudgeQueues {
        assignment: config::required("ASSIGNMENT_QUEUE_URL")?,
        crm: config::required("CRM_QUEUE_URL")?,
        outbound: config::required("OUTBOUND_QUEUE_URL")?,
        timers: timers_url.clone(),
        ..NudgeQueues::default()
    };
    let app = App {
        store: Store::new(aws_sdk_dynamodb::Client::new(&aws), config::required("TABLE_NAME")?),
        vault: Vault::sealing(aws_sdk_kms::Client::new(&aws), config::required("KMS_KEY_ID")?),
        nudger: Nudger::new(queues.clone(), urls, shared::crm::capabilities, Arc::new(Machine)),
        queues,
        erasures_url: config::required("ERASURES_QUEUE_URL")?,
        timers_url,
        media_days: config::parsed("MEDIA_RETENTION_DAYS")?,
        files: Files::new(Files::client(&aws), config::required("MEDIA_BUCKET")?),
        http: OutboundHttp::new(AllowList::parse(
            &config::optional("OUTBOUND_ALLOW_LIST").unwrap_or_default(),
        ))?,
        operator: OperatorKey::new(secrets, config::required("OPERATOR_KEY_SECRET_ARN")?),
        rate: RateLimit::default(),
        public_base_url: config::parsed::<Url>("PUBLIC_BASE_URL")?.to_string(),
        base_urls: config::optional("PROVIDER_BASE_URLS").unwrap_or_default().parse()?,
        ambient: Arc::new(Machine),
    };
    lambda_http::run(api::service(Arc::new(app))).await
}
