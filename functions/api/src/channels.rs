//! Channels and their settings.

use crate::App;
use crate::auth::{Tenant, existing_account};
use crate::channel_views::DealStageView;
use crate::error::ApiError;
use crate::extract::{Body, Id, Ids, given, present};
use crate::validate;
use crate::views::Distribution;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::account::Account;
use shared::channel::{Channel, DealStage, Distribution as Given, MAX_CLOSE_AFTER_S, MIN_CLOSE_AFTER_S};
use shared::ids::{AccountId, ChannelId};
use shared::pipeline::Pipelines;
use shared::store::row::Write;
use shared::store::{Read, keys};
use std::sync::Arc;
use utoipa::ToSchema;

pub use crate::channel_views::ChannelView;

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
#[schema(example = json!({
    "title": "Sales, WhatsApp", "close_after_s": 900, "distribution": "first_responder", "paused": false
}))]
pub struct ChannelChange {
    /// The account's own name for it. Null takes the provider's again.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    title: Option<Option<String>>,
    /// The same as `title`, which it may not stand beside.
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Whether it is paused: what comes is kept, nothing is sent, and new clients wait.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    paused: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 10, maximum = 2_592_000, nullable = false)]
    close_after_s: Option<u32>,
    /// `by_crm` is refused where the CRM names nobody. A change gives waiting clients out anew; those that everybody is
    /// shown already stay so until somebody answers or the CRM names one.
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
    /// The CRM's group that it belongs to. Refused where the CRM has no groups; no kind has any yet.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    group: Option<Option<String>>,
}

impl ChannelChange {
    fn check(&self) -> Result<(), ApiError> {
        if let Some(name) = &self.name {
            validate::name("name", name, validate::MAX_NAME)?;
            if self.title.is_some() {
                return Err(ApiError::invalid("name", "is the same as title: only one of them"));
            }
        }
        if let Some(Some(title)) = &self.title {
            validate::name("title", title, validate::MAX_NAME)?;
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
/// They take effect within 30 seconds; waiting clients are given out anew at once. Clients who were shown to everybody stay
/// so when the distribution changes.
#[utoipa::path(
    patch, path = "/v1/channels/{channel}", tag = "channels", request_body = ChannelChange,
    params(("channel" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The channel as it is now", body = ChannelView),
        (
            status = 422,
            description = "The CRM cannot do it (`setting_not_applicable`), or has no such stage (`unknown_stage`)"
        )
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
    if change.distribution.is_some() || change.paused.is_some() {
        // Also when nothing changed: whoever nudged before may have died.
        app.nudge(&account, std::slice::from_ref(&channel.channel)).await;
    }
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
    set_handling(&mut after, change);
    set_texts(&mut after, change);
    let mut writes = applies(app, account, change).await?;
    if let Some(stage) = &change.deal_stage {
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

/// Its name, and what becomes of its clients and chats.
fn set_handling(channel: &mut Channel, change: &ChannelChange) {
    if let Some(title) = &change.title {
        channel.title.clone_from(title);
    }
    if let Some(name) = &change.name {
        channel.title = Some(name.clone());
    }
    if let Some(distribution) = change.distribution {
        channel.distribution = distribution.into();
    }
    channel.paused = change.paused.unwrap_or(channel.paused);
    channel.close_after_s = change.close_after_s.unwrap_or(channel.close_after_s);
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

/// Checks what only some CRMs can do (A3), and answers what has to stay as it was read until the channel is written.
async fn applies(app: &App, account: &AccountId, change: &ChannelChange) -> Result<Vec<Write>, ApiError> {
    let by_crm = change.distribution.is_some_and(|wanted| Given::from(wanted) == Given::ByCrm);
    let (group, stage) =
        (change.group.clone().flatten(), change.deal_stage.as_ref().and_then(Option::as_ref));
    if !by_crm && group.is_none() && stage.is_none() {
        return Ok(Vec::new());
    }
    let owner = existing_account(app, account.as_str()).await?;
    let can = owner.crm_kind.capabilities();
    let refused = |field, why| Err(ApiError::refused("setting_not_applicable", field, why));
    if by_crm && !can.assigns {
        return refused("distribution", "the account has no CRM that names a responsible");
    }
    // The first CRM that has groups brings the setting's place in the channel.
    if group.is_some() {
        return refused("group", "the account's CRM has no groups");
    }
    match stage {
        Some(_) if !can.stages => refused("deal_stage", "the account's CRM has no stages"),
        Some(stage) => stage_stands(app, &owner, stage).await,
        None => Ok(vec![Write::check(&owner, &["crm_kind"])?]),
    }
}

/// Checks that the stage is there, and answers what has to stay as it was read until the channel is written.
async fn stage_stands(app: &App, owner: &Account, stage: &DealStageView) -> Result<Vec<Write>, ApiError> {
    let loaded: Option<Pipelines> = app.store.get(&keys::pipelines(&owner.account), Read::Consistent).await?;
    let unknown =
        |field, what| ApiError::refused("unknown_stage", field, format!("no such {what} is loaded"));
    let loaded = loaded.ok_or_else(|| unknown("deal_stage.pipeline_id", "pipeline"))?;
    let pipeline = loaded.pipelines.iter().find(|pipeline| pipeline.id == stage.pipeline_id);
    let pipeline = pipeline.ok_or_else(|| unknown("deal_stage.pipeline_id", "pipeline"))?;
    if !pipeline.stages.iter().any(|known| known.id == stage.stage_id) {
        return Err(unknown("deal_stage.stage_id", "stage"));
    }
    Ok(vec![Write::check(owner, &["crm_kind"])?, Write::check(&loaded, &["pipelines"])?])
}
