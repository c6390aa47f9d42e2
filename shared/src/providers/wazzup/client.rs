//! Wazzup's implementation of the provider's traits.

use super::api::WazzupApi;
use super::limits::{TABLE, limits_of};
use super::send::{RATE, SEND_KEY_LASTS};
use super::{NAME, failures};
use crate::model::channel::Channel;
use crate::model::field::{Field, Form};
use crate::model::limits::Limits;
use crate::model::messenger::Messenger;
use crate::model::outbound::call::{Edit, FailureReason, OutgoingMessage, SendFailure, Sent};
use crate::model::texts::Language;
use crate::providers::client::{
    Call, Client, ListedChannel, MessageRef, Page, ProviderError, Template, Webhook,
};
use crate::providers::provider::{Provider, SendGuarantees};
use async_trait::async_trait;
use secrecy::SecretString;

/// The only field of its credential.
const API_KEY: &str = "api_key";

const FIELDS: &[Field] = &[Field {
    name: API_KEY,
    title: |language| match language {
        Language::Ru => "Ключ API",
        Language::En => "API key",
    },
    form: Form::Secret,
    required: true,
    pattern: "^[!-~]{1,1000}$",
    shape: "1 to 1000 visible ASCII characters",
    example: "c8cf90474f4ae6bf42e0d1a9b3ee4c6f",
}];

/// Wazzup24, API v3.
#[derive(Debug)]
pub(super) struct Wazzup;

impl Provider for Wazzup {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self, _: Language) -> &'static str {
        "Wazzup"
    }

    fn base_url(&self) -> &'static str {
        "https://api.wazzup24.com"
    }

    fn credential_fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn guarantees(&self) -> SendGuarantees {
        SendGuarantees { repeat_window: Some(SEND_KEY_LASTS), rates: &[RATE] }
    }

    fn limits(&self, channel: &Channel, messenger: &Messenger) -> &'static Limits {
        limits_of(channel.transport.as_deref(), messenger)
    }

    fn limit_table(&self) -> &'static [Limits] {
        &TABLE
    }

    fn failure_reason(&self, code: &str) -> FailureReason {
        failures::reason(code)
    }
}

fn api<'a>(call: &Call<'a>) -> (WazzupApi<'a>, SecretString) {
    (WazzupApi::new(call.http, call.base_url), call.credential.field(API_KEY))
}

#[async_trait]
impl Client for Wazzup {
    async fn channels(&self, call: &Call<'_>) -> Result<Vec<ListedChannel>, ProviderError> {
        let (api, key) = api(call);
        api.list_channels(&key, call.now).await
    }

    async fn subscribe(&self, call: &Call<'_>, webhook: &Webhook<'_>) -> Result<(), ProviderError> {
        let (api, key) = api(call);
        api.register_webhook(&key, webhook.url, call.now).await
    }

    async fn unsubscribe(&self, call: &Call<'_>, webhook: &Webhook<'_>) -> Result<(), ProviderError> {
        let (api, key) = api(call);
        api.unregister_webhook(&key, webhook.url, call.now).await
    }

    async fn send(&self, call: &Call<'_>, message: &OutgoingMessage<'_>) -> Result<Sent, SendFailure> {
        let (api, key) = api(call);
        api.send(&key, message, call.now).await
    }

    async fn edit(
        &self,
        call: &Call<'_>,
        message: &MessageRef<'_>,
        edit: Edit<'_>,
    ) -> Result<(), SendFailure> {
        let (api, key) = api(call);
        api.edit(&key, message.id, edit, call.now).await
    }

    async fn delete(&self, call: &Call<'_>, message: &MessageRef<'_>) -> Result<(), SendFailure> {
        let (api, key) = api(call);
        api.delete(&key, message.id, call.now).await
    }

    async fn templates(&self, call: &Call<'_>, page: Page) -> Result<Vec<Template>, ProviderError> {
        let (api, key) = api(call);
        api.templates(&key, page, call.now).await
    }
}
