//! `GET /v3/channels`: the account's channels as Wazzup lists them.

use super::body::Caller;
use super::error::V3Error;
use crate::app::App;
use crate::connections::connect::learn_channels;
use axum::Json;
use axum::extract::State;
use futures::future::join_all;
use serde::Serialize;
use shared::base::ids::ConnectionId;
use shared::model::channel::Channel;
use shared::model::messenger::ChannelState;
use shared::wazzup_v3::{channel_id, channel_states};
use std::sync::Arc;
use utoipa::ToSchema;

/// A channel.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "channelId": "0bba75b0-8855-41a0-b2ee-4d51f596b350", "transport": "whatsapp", "plainId": "79865784457",
    "state": "active", "name": "Sales"
}))]
pub struct V3Channel {
    /// The channel's id, a UUID; the same as in webhooks.
    channel_id: String,
    /// The kind of channel: `whatsapp`, `wapi`, `tgapi`, `telegram`, `instagram`, `vk`, `avito`, `viber`, `max`,
    /// `maxbot`. Empty while the provider could not be asked about a channel that sent events before it was listed.
    transport: String,
    /// The number or profile, as the provider writes it; else the channel's name.
    plain_id: String,
    /// The channel's state, in Wazzup's terms.
    state: &'static str,
    /// The channel's name, for people.
    name: String,
}

impl From<Channel> for V3Channel {
    fn from(channel: Channel) -> Self {
        Self {
            state: channel_states::listed(&channel),
            name: channel.shown_name().to_owned(),
            channel_id: channel_id(&channel.external, &channel.channel).to_owned(),
            transport: channel.transport.unwrap_or_default(),
            plain_id: channel.plain_id.unwrap_or(channel.name),
        }
    }
}

/// Whether the channel sent events before its provider listed it: its transport is not known yet.
fn is_unlisted(channel: &Channel) -> bool {
    channel.transport.is_none() && channel.state != ChannelState::Disabled
}

/// List channels
///
/// The provider is asked about a channel that sent events before it was listed.
#[utoipa::path(
    get, path = "/v3/channels", tag = "v3",
    responses((status = 200, description = "All channels", body = Vec<V3Channel>))
)]
pub async fn list(
    Caller(account): Caller,
    State(app): State<Arc<App>>,
) -> Result<Json<Vec<V3Channel>>, V3Error> {
    let mut channels = app.store.channels(&account).await?;
    let mut unlisted: Vec<ConnectionId> = channels
        .iter()
        .filter(|channel| is_unlisted(channel))
        .map(|channel| channel.connection.clone())
        .collect();
    unlisted.sort();
    unlisted.dedup();
    if !unlisted.is_empty() {
        join_all(unlisted.iter().map(|connection| learn_channels(&app, &account, connection))).await;
        channels = app.store.channels(&account).await?;
    }
    Ok(Json(channels.into_iter().map(V3Channel::from).collect()))
}
