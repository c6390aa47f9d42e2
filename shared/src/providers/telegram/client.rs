//! Telegram's implementation of the provider traits.

use super::place::connection_of;
use super::api::{Api, TOKEN};
use super::limits::{BOT_TRANSPORT, MAX_FILE, TABLE, limits_of};
use super::{NAME, failures, files, secret, send};
use crate::model::channel::Channel;
use crate::model::field::{Field, Form};
use crate::model::limits::Limits;
use crate::model::message::media::Media;
use crate::model::messenger::{ChannelState, Messenger};
use crate::model::outbound::call::{Edit, FailureReason, OutgoingMessage, SendFailure, Sent};
use crate::model::texts::Language;
use crate::providers::client::{Call, Client, FileSource, ListedChannel, MessageRef, ProviderError, Webhook};
use crate::providers::provider::{Provider, Rate, RateScope, SendGuarantees};
use async_trait::async_trait;
use serde_json::json;
use std::time::Duration;

const FIELDS: &[Field] = &[Field {
    name: TOKEN,
    title: |language| match language {
        Language::Ru => "Токен бота",
        Language::En => "Bot token",
    },
    form: Form::Secret,
    required: true,
    pattern: "^[0-9]{6,12}:[A-Za-z0-9_-]{30,50}$",
    shape: "the bot's id, a colon, and 30 to 50 letters, digits, `_` or `-`, as BotFather gives it",
    example: "123456789:EXAMPLE_opens_nothing_0123456789abc",
}];

/// How many messages Telegram accepts (Bots FAQ, "My bot is hitting limits").
const RATES: &[Rate] = &[
    Rate { scope: RateScope::Connection, calls: 30, per: Duration::from_secs(1) },
    Rate { scope: RateScope::Chat, calls: 1, per: Duration::from_secs(1) },
    Rate { scope: RateScope::Group, calls: 20, per: Duration::from_secs(60) },
];

/// The updates that we read. Telegram sends no others; it sends reactions only where they are asked for.
const UPDATES: &[&str] = &[
    "message",
    "edited_message",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "callback_query",
    "message_reaction",
    "my_chat_member",
];

/// How many updates Telegram posts in parallel; it keeps the order within a chat.
const MAX_CONNECTIONS: u32 = 100;

/// Telegram's Bot API.
#[derive(Debug)]
pub(super) struct Telegram;

impl Provider for Telegram {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self, _: Language) -> &'static str {
        "Telegram"
    }

    fn base_url(&self) -> &'static str {
        "https://api.telegram.org"
    }

    fn credential_fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn guarantees(&self) -> SendGuarantees {
        SendGuarantees { repeat_window: None, rates: RATES }
    }

    fn limits(&self, channel: &Channel, _: &Messenger) -> &'static Limits {
        limits_of(channel)
    }

    fn limit_table(&self) -> &'static [Limits] {
        &TABLE
    }

    fn lists(&self, channel: &Channel) -> bool {
        connection_of(&channel.external).is_none()
    }

    fn failure_reason(&self, code: &str) -> FailureReason {
        failures::reason(code)
    }
}

#[async_trait]
impl Client for Telegram {
    /// The bot itself (`getMe`). The business accounts that connect it cannot be listed: their channels are created by
    /// their first update.
    async fn channels(&self, call: &Call<'_>) -> Result<Vec<ListedChannel>, ProviderError> {
        let bot = Api::of(call).manage("getMe", &json!({}), &[]).await?;
        let id =
            bot["id"].as_i64().ok_or_else(|| ProviderError::Unavailable("the answer is no bot".into()))?;
        let text = |name: &str| bot[name].as_str().filter(|text| !text.is_empty());
        let plain_id = text("username").map(|name| format!("@{name}"));
        let name = text("first_name").map(str::to_owned).or_else(|| plain_id.clone());
        Ok(vec![ListedChannel {
            external: id.to_string(),
            name: name.unwrap_or_else(|| id.to_string()),
            plain_id,
            messenger: Some(Messenger::Telegram),
            transport: BOT_TRANSPORT.into(),
            state: ChannelState::Active,
            raw_state: "active".into(),
        }])
    }

    /// `setWebhook`. The secret is registered with the bot's id in front: see [`secret`].
    async fn subscribe(&self, call: &Call<'_>, webhook: &Webhook<'_>) -> Result<(), ProviderError> {
        let api = Api::of(call);
        let none = || ProviderError::Refused("a webhook of Telegram's needs a secret".into());
        let shown = secret::shown(api.bot(), webhook.secret.ok_or_else(none)?);
        let body = json!({
            "url": webhook.url,
            "secret_token": shown,
            "allowed_updates": UPDATES,
            "max_connections": MAX_CONNECTIONS,
            "drop_pending_updates": false,
        });
        // Our address contains the webhook's token, so it is hidden in error messages.
        api.manage("setWebhook", &body, &[webhook.url, &shown]).await.map(drop)
    }

    async fn unsubscribe(&self, call: &Call<'_>, _: &Webhook<'_>) -> Result<(), ProviderError> {
        Api::of(call).manage("deleteWebhook", &json!({ "drop_pending_updates": false }), &[]).await.map(drop)
    }

    fn wants_secret(&self) -> bool {
        true
    }

    async fn send(&self, call: &Call<'_>, message: &OutgoingMessage<'_>) -> Result<Sent, SendFailure> {
        send::send(&Api::of(call), message).await
    }

    async fn edit(
        &self,
        call: &Call<'_>,
        message: &MessageRef<'_>,
        edit: Edit<'_>,
    ) -> Result<(), SendFailure> {
        send::edit(&Api::of(call), message, edit).await
    }

    async fn delete(&self, call: &Call<'_>, message: &MessageRef<'_>) -> Result<(), SendFailure> {
        send::delete(&Api::of(call), message).await
    }

    /// `getFile`: the address contains the token, and is valid for at least an hour.
    async fn file(&self, call: &Call<'_>, media: &Media) -> Result<FileSource, ProviderError> {
        let Some(id) = files::id_of(media) else { return FileSource::of(media) };
        let too_large = || ProviderError::Refused("the file is larger than a bot can have".into());
        if media.bytes.is_some_and(|bytes| bytes > MAX_FILE) {
            return Err(too_large());
        }
        let api = Api::of(call);
        let file = api.manage("getFile", &json!({ "file_id": id }), &[id]).await.map_err(not_now)?;
        if file["file_size"].as_u64().is_some_and(|bytes| bytes > MAX_FILE) {
            return Err(too_large());
        }
        let path = file["file_path"].as_str();
        let url = path.and_then(|path| api.file_address(path));
        let url = url.ok_or_else(|| ProviderError::Unavailable("the answer names no path".into()))?;
        Ok(FileSource { url, bearer: None })
    }

    fn file_needs_credential(&self) -> bool {
        true
    }
}

/// Maps "wrong file_id or the file is temporarily unavailable" to an error that is retried.
fn not_now(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Refused(words) if words.contains("temporarily unavailable") => {
            ProviderError::Unavailable(words)
        }
        error => error,
    }
}
