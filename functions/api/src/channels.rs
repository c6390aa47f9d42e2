//! Channels and their settings.

use crate::App;
use crate::auth::{Tenant, existing_account};
use crate::error::ApiError;
use crate::extract::{Body, Id, Ids, given, present};
use crate::validate;
use crate::views::{ChannelState, Distribution};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::channel::{Channel, DealStage, MAX_CLOSE_AFTER_S, MIN_CLOSE_AFTER_S};
use shared::ids::{AccountId, ChannelId};
use shared::pipeline::Pipelines;
use shared::store::row::Write;
use shared::store::{Read, keys};
use std::sync::Arc;
use utoipa::ToSchema;

/// Where a channel's deals begin.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DealStageView {
    /// A pipeline of `PUT /v1/pipelines`.
    pipeline_id: String,
    /// A stage of it.
    stage_id: String,
}

/// A number, a profile or a bot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "connection": "019aa5f1-11d2-7c55-b1ce-7a42e9f9f0ab",
    "provider": "wazzup", "external": "e0629e11-0f67-4567-92a9-2237e91ec1b9", "name": "Sales, WhatsApp",
    "transport": "whatsapp", "state": "active", "raw_state": "active", "state_at": "2026-11-21T09:10:00.000Z",
    "distribution": "round_robin", "close_after_s": 600, "ignored": false, "import_echoes": true, "echo_mark": null,
    "name_in_crm": false, "deal_stage": {"pipeline_id": "1", "stage_id": "10"}, "created_at": "2026-11-21T09:10:00.000Z"
}))]
pub struct ChannelView {
    id: String,
    /// The connection that carries it.
    connection: String,
    provider: String,
    /// The provider's id of it.
    external: String,
    name: String,
    /// The provider's word for what carries it.
    transport: Option<String>,
    state: ChannelState,
    /// The provider's word for the state.
    raw_state: Option<String>,
    /// When the provider reported it.
    #[schema(format = DateTime)]
    state_at: Option<String>,
    distribution: Distribution,
    /// Silence in seconds after which a chat finishes.
    close_after_s: u32,
    /// Whether everything that comes on it is dropped and counted.
    ignored: bool,
    /// Whether messages written on the phone or in the provider's application are taken in.
    import_echoes: bool,
    /// What stands before such a message in the CRM: null is our text for its origin, an empty one nothing.
    echo_mark: Option<String>,
    /// Whether the channel's name stands before the texts of clients and of such messages in the CRM.
    name_in_crm: bool,
    deal_stage: Option<DealStageView>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Channel> for ChannelView {
    fn from(channel: Channel) -> Self {
        Self {
            id: channel.channel.to_string(),
            connection: channel.connection.to_string(),
            provider: channel.provider,
            external: channel.external,
            name: channel.name,
            transport: channel.transport,
            state: channel.state.into(),
            raw_state: channel.raw_state,
            state_at: (channel.state_at.millis() > 0).then(|| channel.state_at.rfc3339()),
            distribution: channel.distribution.into(),
            close_after_s: channel.close_after_s,
            ignored: channel.ignored,
            import_echoes: !channel.skip_echoes,
            echo_mark: channel.echo_mark,
            name_in_crm: channel.name_in_crm,
            deal_stage: channel
                .deal_stage
                .map(|stage| DealStageView { pipeline_id: stage.pipeline_id, stage_id: stage.stage_id }),
            created_at: channel.created_at.rfc3339(),
        }
    }
}

/// An account's channels.
#[derive(Debug, Serialize, ToSchema)]
pub struct Channels {
    channels: Vec<ChannelView>,
}

/// Longest mark of echoes, in characters.
const MAX_ECHO_MARK: usize = 100;

/// Settings to change; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Sales, WhatsApp", "close_after_s": 900, "distribution": "round_robin"}))]
pub struct ChannelChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 10, maximum = 2_592_000, nullable = false)]
    close_after_s: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    distribution: Option<Distribution>,
    /// Whether everything that comes on it is dropped and counted: nothing of it is stored.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    ignored: Option<bool>,
    /// Whether messages written on the phone or in the provider's application are taken in. Those that are not still count as
    /// an answer.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    import_echoes: Option<bool>,
    /// What stands before such a message in the CRM. Null is our text for its origin, an empty one nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 100)]
    echo_mark: Option<Option<String>>,
    /// Whether the channel's name stands before the texts of clients and of such messages in the CRM.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    name_in_crm: Option<bool>,
    /// Null takes the stage away. Refused where the CRM has no stages.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<DealStageView>)]
    deal_stage: Option<Option<DealStageView>>,
}

impl ChannelChange {
    fn check(&self) -> Result<(), ApiError> {
        if let Some(name) = &self.name {
            validate::name("name", name, validate::MAX_NAME)?;
        }
        if let Some(Some(mark)) = &self.echo_mark
            && !mark.is_empty()
        {
            validate::name("echo_mark", mark, MAX_ECHO_MARK)?;
        }
        match self.close_after_s {
            Some(seconds) if !(MIN_CLOSE_AFTER_S..=MAX_CLOSE_AFTER_S).contains(&seconds) => {
                Err(ApiError::invalid(
                    "close_after_s",
                    format!("{MIN_CLOSE_AFTER_S} to {MAX_CLOSE_AFTER_S} seconds"),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// A channel of the account that must be there, as of the last write.
///
/// # Errors
/// 404 when it is not, also when it is another account's.
pub async fn existing_channel(app: &App, account: &AccountId, id: &str) -> Result<Channel, ApiError> {
    let found = app.store.channel(account, &ChannelId::new(id), Read::Consistent).await?;
    found.ok_or_else(|| ApiError::not_found("channel"))
}

/// List channels
#[utoipa::path(
    get, path = "/v1/channels", tag = "channels",
    responses((status = 200, description = "All channels", body = Channels))
)]
pub async fn list(Tenant(account): Tenant, State(app): State<Arc<App>>) -> Result<Json<Channels>, ApiError> {
    let mut channels = app.store.channels(&account).await?;
    channels.sort_by(|left, right| (left.created_at, &left.channel).cmp(&(right.created_at, &right.channel)));
    Ok(Json(Channels { channels: channels.into_iter().map(ChannelView::from).collect() }))
}

/// Read a channel
#[utoipa::path(
    get, path = "/v1/channels/{channel}", tag = "channels", params(("channel" = String, Path, description = "Its id")),
    responses((status = 200, description = "The channel", body = ChannelView))
)]
pub async fn get(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<ChannelView>, ApiError> {
    Ok(Json(existing_channel(&app, &account, &id).await?.into()))
}

/// Change a channel's settings
///
/// They take effect within 30 seconds.
#[utoipa::path(
    patch, path = "/v1/channels/{channel}", tag = "channels", request_body = ChannelChange,
    params(("channel" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The channel as it is now", body = ChannelView),
        (status = 422, description = "The CRM has no stages (`setting_not_applicable`) or not this one (`unknown_stage`)")
    )
)]
pub async fn change(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(change): Body<ChannelChange>,
) -> Result<Json<ChannelView>, ApiError> {
    change.check()?;
    let channel = app.settle(|| change_once(&app, &account, &id, &change)).await?;
    Ok(Json(channel.into()))
}

async fn change_once(
    app: &App,
    account: &AccountId,
    id: &str,
    change: &ChannelChange,
) -> Result<Channel, ApiError> {
    let before = existing_channel(app, account, id).await?;
    let mut after = before.clone();
    let mut writes = Vec::new();
    if let Some(name) = &change.name {
        after.name.clone_from(name);
    }
    if let Some(seconds) = change.close_after_s {
        after.close_after_s = seconds;
    }
    if let Some(distribution) = change.distribution {
        after.distribution = distribution.into();
    }
    set_texts(&mut after, change);
    if let Some(stage) = &change.deal_stage {
        if let Some(stage) = stage {
            writes = stage_stands(app, account, stage).await?;
        }
        let stage =
            stage.clone().map(|DealStageView { pipeline_id, stage_id }| DealStage { pipeline_id, stage_id });
        after.deal_stage = stage;
    }
    if let Some(write) = Write::change(&before, &after, &[])? {
        writes.push(write);
        app.store.commit(writes).await?;
    }
    Ok(after)
}

/// What is taken in, and what stands before texts in the CRM.
fn set_texts(channel: &mut Channel, change: &ChannelChange) {
    channel.ignored = change.ignored.unwrap_or(channel.ignored);
    channel.skip_echoes = change.import_echoes.map_or(channel.skip_echoes, |import| !import);
    channel.name_in_crm = change.name_in_crm.unwrap_or(channel.name_in_crm);
    if let Some(mark) = &change.echo_mark {
        channel.echo_mark.clone_from(mark);
    }
}

/// Checks that the stage is there, and answers what has to stay as it was read until the channel is written.
async fn stage_stands(app: &App, account: &AccountId, stage: &DealStageView) -> Result<Vec<Write>, ApiError> {
    let owner = existing_account(app, account.as_str()).await?;
    if !owner.crm_kind.capabilities().stages {
        let message = "the account's CRM has no stages";
        return Err(ApiError::refused("setting_not_applicable", "deal_stage", message));
    }
    let loaded: Option<Pipelines> = app.store.get(&keys::pipelines(account), Read::Consistent).await?;
    let unknown =
        |field, what| ApiError::refused("unknown_stage", field, format!("no such {what} is loaded"));
    let loaded = loaded.ok_or_else(|| unknown("deal_stage.pipeline_id", "pipeline"))?;
    let pipeline = loaded.pipelines.iter().find(|pipeline| pipeline.id == stage.pipeline_id);
    let pipeline = pipeline.ok_or_else(|| unknown("deal_stage.pipeline_id", "pipeline"))?;
    if !pipeline.stages.iter().any(|known| known.id == stage.stage_id) {
        return Err(unknown("deal_stage.stage_id", "stage"));
    }
    Ok(vec![Write::check(&owner, &["crm_kind"])?, Write::check(&loaded, &["pipelines"])?])
}
