//! Channels and their settings.

pub mod change;
pub mod closing_options;
pub mod fallback;
pub mod member_view;
pub mod members;
pub mod queue;
pub mod recheck;
pub mod templates;
pub mod view;
pub mod waiting;
pub mod working_hours;

use crate::app::App;
use crate::channels::change::{ChannelChange, Checked};
use crate::channels::fallback::can_take;
use crate::channels::view::DealStageView;
use crate::http::auth::AccountKey;
use crate::http::body::{Body, Id, Ids};
use crate::http::error::ApiError;
use crate::http::existing::{existing_account, existing_channel};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::base::ids::AccountId;
use shared::model::account::Account;
use shared::model::assignment::requeue::{Requeue, gathers};
use shared::model::channel::{Channel, Distribution};
use shared::model::pipeline::Pipelines;
use shared::store::attribute;
use shared::store::row::Write;
use shared::store::{Read, keys};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use crate::channels::view::ChannelView;

/// The routes of this folder.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, change))
        .routes(routes!(queue::assignment))
        .routes(routes!(templates::list))
        .routes(routes!(members::list))
        .routes(routes!(members::put, members::remove))
        .routes(routes!(waiting::list))
}

/// An account's channels.
#[derive(Debug, Serialize, ToSchema)]
pub struct Channels {
    channels: Vec<ChannelView>,
}

/// List channels
#[utoipa::path(
    get, path = "/v1/channels", tag = "channels",
    responses((status = 200, description = "All channels", body = Channels))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
) -> Result<Json<Channels>, ApiError> {
    let owner = existing_account(&app, account.as_str()).await?;
    let mut channels = app.store.channels(&account).await?;
    channels.sort_by(|left, right| (left.created_at, &left.channel).cmp(&(right.created_at, &right.channel)));
    let channels = channels.into_iter().map(|channel| ChannelView::of(channel, &owner));
    Ok(Json(Channels { channels: channels.collect() }))
}

/// Get a channel
#[utoipa::path(
    get, path = "/v1/channels/{channel}", tag = "channels", params(("channel" = String, Path, description = "Its id")),
    responses((status = 200, description = "The channel", body = ChannelView))
)]
pub async fn get(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
) -> Result<Json<ChannelView>, ApiError> {
    let owner = existing_account(&app, account.as_str()).await?;
    Ok(Json(ChannelView::of(existing_channel(&app, &account, &id).await?, &owner)))
}

/// Update a channel's settings
///
/// They take effect within 30 seconds, and on live chats within two minutes; waiting clients are assigned by them at
/// once.
#[utoipa::path(
    patch, path = "/v1/channels/{channel}", tag = "channels", request_body = ChannelChange,
    params(("channel" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The channel as it is now", body = ChannelView),
        (
            status = 422,
            description = "The CRM cannot do it (`setting_not_applicable`), or has no such stage (`unknown_stage`); or the \
                           fallback employee cannot write there (`no_role`, `quality_control`, `not_bound`)"
        )
    )
)]
pub async fn change(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(id)): Ids<Id>,
    Body(change): Body<ChannelChange>,
) -> Result<Json<ChannelView>, ApiError> {
    let change = change.checked()?;
    let owner = existing_account(&app, account.as_str()).await?;
    let (before, channel) = app.retry_on_conflict(|| change_once(&app, &account, &id, &change)).await?;
    // Also when nothing changed, because the process that was to nudge before may have died.
    if change.concerns_waiting() {
        app.nudge(&account, std::slice::from_ref(&channel.channel)).await;
    }
    if before.closing != channel.closing {
        app.recheck(&account, Some(&channel.channel)).await;
    }
    Ok(Json(ChannelView::of(channel, &owner)))
}

/// Returns the channel before and after the change.
async fn change_once(
    app: &App,
    account: &AccountId,
    id: &str,
    change: &Checked,
) -> Result<(Channel, Channel), ApiError> {
    let before = existing_channel(app, account, id).await?;
    let mut after = before.clone();
    change.set(&mut after);
    let mut writes = applies(app, account, &change.sent).await?;
    if let Some(fallback) = &change.fallback {
        writes.extend(can_take(app, account, &before.channel, fallback).await?);
    }
    if let Some(write) = Write::change(&before, &after, &[])? {
        writes.push(write);
        let gather =
            gathers(&before, &after).then(|| Requeue::gather(account, &after.channel, &*app.ambient));
        writes.extend(gather.as_ref().map(Write::put).transpose()?);
        app.store.commit(writes).await?;
        if let Some(gather) = &gather {
            app.nudge_requeue(gather).await;
        }
    }
    Ok((before, after))
}

/// Checks settings that only some CRMs support (A3). Returns checks that what was read is unchanged when the channel is
/// written.
async fn applies(app: &App, account: &AccountId, change: &ChannelChange) -> Result<Vec<Write>, ApiError> {
    let by_crm = change.distribution == Some(Distribution::ByCrm);
    let (group, stage) =
        (change.group.clone().flatten(), change.deal_stage.as_ref().and_then(Option::as_ref));
    if !by_crm && group.is_none() && stage.is_none() {
        return Ok(Vec::new());
    }
    let owner = existing_account(app, account.as_str()).await?;
    let can = shared::crm::capabilities(owner.crm_kind);
    let refused = |field, why| Err(ApiError::refused("setting_not_applicable", field, why));
    if by_crm && !can.assigns {
        return refused("distribution", "the account has no CRM that names a responsible");
    }
    // The first CRM that has groups will add the setting to the channel's row.
    if group.is_some() {
        return refused("group", "the account's CRM has no groups");
    }
    match stage {
        Some(_) if !can.stages => refused("deal_stage", "the account's CRM has no stages"),
        Some(stage) => stage_stands(app, &owner, stage).await,
        None => Ok(vec![Write::check(&owner, &[attribute::account::CRM_KIND])?]),
    }
}

/// Checks that the stage exists. Returns checks that what was read is unchanged when the channel is written.
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
    Ok(vec![
        Write::check(owner, &[attribute::account::CRM_KIND])?,
        Write::check(&loaded, &[attribute::pipelines::PIPELINES])?,
    ])
}
