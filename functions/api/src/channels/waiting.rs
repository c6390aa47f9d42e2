//! Channels on which clients wait because no employee is eligible: what heads are notified of (B4).

use crate::app::App;
use crate::http::auth::Principal;
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::State;
use futures::future::try_join_all;
use serde::Serialize;
use shared::base::ids::{AccountId, ChannelId};
use shared::model::assignment::Ring;
use shared::model::employee::Role;
use shared::service::place::places_on;
use shared::store::row::Key;
use shared::store::{Read, StoreError, keys};
use std::sync::Arc;
use utoipa::ToSchema;

/// A channel on which clients wait.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingOnChannel {
    /// The channel's id.
    channel: String,
    /// How many clients wait, counted up to 1000.
    #[schema(minimum = 1, maximum = 1000)]
    waiting: u32,
    /// Since when the first of them waits.
    #[schema(format = DateTime)]
    oldest_waiting_since: String,
}

/// The channels on which clients wait because no employee is eligible.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "channels": [{
        "channel": "6f1ad3a4-77f5-8a08-9a0e-2d3c6f0d8b11", "waiting": 3, "oldest_waiting_since": "2026-11-21T08:59:12.000Z"
    }]
}))]
pub struct WaitingChannels {
    /// The channel whose first client waits longest comes first; channels without waiting clients are left out.
    channels: Vec<WaitingOnChannel>,
}

/// List channels with waiting clients
///
/// Channels on which no employee was eligible at the last assignment run, with how many clients wait now and since
/// when. With an employee's token: the channels on which they are head.
#[utoipa::path(
    get, path = "/v1/waiting", tag = "channels",
    responses((status = 200, description = "Channels on which clients wait", body = WaitingChannels))
)]
pub async fn list(
    principal: Principal,
    State(app): State<Arc<App>>,
) -> Result<Json<WaitingChannels>, ApiError> {
    let account = &principal.account;
    let mut channels: Vec<ChannelId> =
        app.store.channels(account).await?.into_iter().map(|channel| channel.channel).collect();
    if let Some(employee) = principal.by.employee() {
        let places = places_on(&app.store, account, &channels, employee).await?;
        channels.retain(|channel| places.get(channel).is_some_and(|place| place.role == Role::Head));
    }
    let keys: Vec<Key> = channels.iter().map(|channel| keys::ring(account, channel)).collect();
    let rings: Vec<Ring> =
        if keys.is_empty() { Vec::new() } else { app.store.get_many(&keys, Read::Consistent).await? };
    let left = rings.iter().filter(|ring| ring.left > 0);
    let found = try_join_all(left.map(|ring| waiting_on(&app, account, &ring.channel))).await?;
    let mut channels: Vec<WaitingOnChannel> = found.into_iter().flatten().collect();
    channels.sort_by(|left, right| left.oldest_waiting_since.cmp(&right.oldest_waiting_since));
    Ok(Json(WaitingChannels { channels }))
}

/// The clients who wait on a channel now; `None` when all were assigned since.
async fn waiting_on(
    app: &App,
    account: &AccountId,
    channel: &ChannelId,
) -> Result<Option<WaitingOnChannel>, StoreError> {
    let (waiting, first) = tokio::try_join!(
        app.store.count_waiting(account, channel, None),
        app.store.waiting(account, channel, 1)
    )?;
    // Two reads: a client who was assigned between them is missing from one of them.
    Ok(first.first().map(|client| WaitingOnChannel {
        channel: channel.to_string(),
        waiting: waiting.max(1),
        oldest_waiting_since: client.arrived_at.rfc3339(),
    }))
}
