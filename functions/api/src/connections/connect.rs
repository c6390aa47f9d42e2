//! Links a connection with its provider: lists its channels, stores them, registers our webhook. It can be repeated at
//! any time.

use crate::app::App;
use crate::connections::carrier::Carrier;
use crate::http::error::ApiError;
use shared::base::ids::{AccountId, ChannelId, ConnectionId};
use shared::model::channel::Channel;
use shared::model::connection::{Connection, ConnectionState};
use shared::model::messenger::{ChannelRef, ChannelState};
use shared::providers::client::{ListedChannel, ProviderError, Webhook};
use shared::store::attribute;
use shared::store::row::{Row, Write};
use shared::store::{Read, StoreError, keys};
use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

/// The CRM is notified of a channel's new state within this time, by the due index, because it is not urgent.
const TOLD_WITHIN: Duration = Duration::from_secs(5);
/// Time limits for listing channels, and for registering a webhook, which the provider tries meanwhile. Together they
/// leave room within the function's 28 s.
const LIST_WITHIN: Duration = Duration::from_secs(8);
const REGISTER_WITHIN: Duration = Duration::from_secs(14);
/// Longest provider's id of a channel, in bytes, because it is part of a key.
const MAX_EXTERNAL: usize = 500;
/// Longest name of a channel, in characters.
const MAX_NAME: usize = crate::http::validate::MAX_NAME;

/// Why this connection does not carry a listed channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Another connection of the account carries it.
    OtherConnection,
    /// Another account owns it.
    OtherAccount,
}

/// Why linking stopped.
#[derive(Debug)]
pub enum Trouble {
    /// The provider's error.
    Provider(ProviderError),
    /// Any other error.
    Api(ApiError),
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<ProviderError> for Trouble {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

/// The result of linking, complete or not.
#[derive(Debug, Default)]
pub struct Connected {
    /// The channels that the connection carries.
    pub channels: Vec<Channel>,
    /// The provider's ids of the channels that it does not carry.
    pub skipped: Vec<(String, Owner)>,
    /// Writes that undo what linking did to channels.
    pub undo: Vec<Write>,
    /// The error that stopped it.
    pub trouble: Option<Trouble>,
}

/// Links a connection whose row and token are committed, because the provider tries the webhook during its
/// registration.
pub async fn connect(
    app: &App,
    connection: &Connection,
    carrier: &Carrier,
    webhook: &Webhook<'_>,
) -> Connected {
    let mut linked = Connected::default();
    if let Err(trouble) = connect_into(&mut linked, app, connection, carrier, webhook).await {
        linked.trouble = Some(trouble);
    }
    linked
}

async fn connect_into(
    linked: &mut Connected,
    app: &App,
    connection: &Connection,
    carrier: &Carrier,
    webhook: &Webhook<'_>,
) -> Result<(), Trouble> {
    let listed = within(LIST_WITHIN, carrier.client.channels(&carrier.call(app))).await?;
    let connections = app.store.connections(&connection.account).await.map_err(ApiError::from)?;
    let living: HashSet<ConnectionId> = connections.into_iter().map(|known| known.connection).collect();
    for channel in listed.iter().filter(|listed| listed.external.len() <= MAX_EXTERNAL) {
        match app.retry_on_conflict(|| carry(app, connection, channel, &living)).await? {
            Carried::Yes(channel, undo) => {
                linked.channels.push(*channel);
                linked.undo.extend(undo);
            }
            Carried::No(owner) => linked.skipped.push((channel.external.clone(), owner)),
        }
    }
    if linked.channels.is_empty() && !linked.skipped.is_empty() {
        let message = "every channel of this credential is carried by another connection";
        return Err(ApiError::conflict("channels_taken", message).into());
    }
    within(REGISTER_WITHIN, carrier.client.subscribe(&carrier.call(app), webhook)).await?;
    Ok(())
}

/// Ends the webhook's registration, as far as the provider can.
///
/// # Errors
/// The provider's error.
pub async fn disconnect(app: &App, carrier: &Carrier, webhook: &Webhook<'_>) -> Result<(), ProviderError> {
    within(REGISTER_WITHIN, carrier.client.unsubscribe(&carrier.call(app), webhook)).await
}

async fn within<T>(
    span: Duration,
    call: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let late = |_| ProviderError::Unavailable("no answer in time".into());
    tokio::time::timeout(span, call).await.map_err(late)?
}

enum Carried {
    /// With the writes that undo it.
    Yes(Box<Channel>, Vec<Write>),
    No(Owner),
}

/// Makes a listed channel the connection's: creates it, updates it, or takes it over from a connection that is deleted.
async fn carry(
    app: &App,
    connection: &Connection,
    listed: &ListedChannel,
    living: &HashSet<ConnectionId>,
) -> Result<Carried, ApiError> {
    let id = ChannelId::derive(&connection.account, &connection.provider, &listed.external);
    let Some(before) = app.store.channel(&connection.account, &id, Read::Consistent).await? else {
        return create(app, connection, listed, id).await;
    };
    let own = before.connection == connection.connection;
    if !own && living.contains(&before.connection) {
        return Ok(Carried::No(Owner::OtherConnection));
    }
    let mut after = before.clone();
    after.connection = connection.connection.clone();
    // The account's own name for the channel is its title, and does not change.
    after.name = short(&listed.name);
    report(&mut after, listed, app);
    let write = Write::change(&before, &after, &[attribute::channel::CONNECTION])?;
    let undo = if own { None } else { Write::change(&after, &before, &[attribute::channel::CONNECTION])? };
    app.store.commit(write.into_iter().collect()).await?;
    Ok(Carried::Yes(Box::new(after), undo.into_iter().collect()))
}

async fn create(
    app: &App,
    connection: &Connection,
    listed: &ListedChannel,
    id: ChannelId,
) -> Result<Carried, ApiError> {
    let named = ChannelRef { id, provider: connection.provider.clone(), external: listed.external.clone() };
    let mut channel = Channel::new(&connection.account, &connection.connection, &named, app.ambient.now());
    channel.name = short(&listed.name);
    report(&mut channel, listed, app);
    // A new channel has no change of state that the CRM must be notified of.
    channel.check_at = None;
    match app.store.create_channel(&channel).await {
        Ok(()) => {
            let owner = keys::external_channel(&channel.provider, &channel.external);
            let undo = vec![Write::forget(channel.key()), Write::forget(owner)];
            Ok(Carried::Yes(Box::new(channel), undo))
        }
        Err(StoreError::Lost(places)) if !places.contains(&0) => Ok(Carried::No(Owner::OtherAccount)),
        Err(error) => Err(error.into()),
    }
}

fn report(channel: &mut Channel, listed: &ListedChannel, app: &App) {
    channel.plain_id.clone_from(&listed.plain_id);
    channel.messenger = listed.messenger.clone();
    channel.transport = Some(listed.transport.clone()).filter(|transport| !transport.is_empty());
    let raw_state = Some(listed.raw_state.clone()).filter(|state| !state.is_empty());
    let now = app.ambient.now();
    channel.report(listed.state, raw_state, now, Some(now + TOLD_WITHIN));
}

/// Asks a connection's provider about channels that sent events before they were listed, and stores what it says of
/// them. A provider that cannot be asked now is asked again by the next caller.
pub async fn learn_channels(app: &App, account: &AccountId, connection: &ConnectionId) {
    if let Err(trouble) = try_to_learn(app, account, connection).await {
        tracing::info!(account = %account, connection = %connection, ?trouble, "the channels were not listed");
    }
}

async fn try_to_learn(app: &App, account: &AccountId, connection: &ConnectionId) -> Result<(), Trouble> {
    let found = app.store.connection(account, connection).await.map_err(ApiError::from)?;
    let Some(connection) = found.filter(|found| found.state != ConnectionState::Unauthorized) else {
        return Ok(());
    };
    let carrier = Carrier::of(app, &connection).await?;
    let listed = within(LIST_WITHIN, carrier.client.channels(&carrier.call(app))).await?;
    for listed in &listed {
        app.retry_on_conflict(|| learn(app, &connection, listed)).await?;
    }
    Ok(())
}

/// Stores what the provider says of a channel of this connection that it has not listed before.
async fn learn(app: &App, connection: &Connection, listed: &ListedChannel) -> Result<(), ApiError> {
    let id = ChannelId::derive(&connection.account, &connection.provider, &listed.external);
    let known = app.store.channel(&connection.account, &id, Read::Consistent).await?;
    let own = |channel: &Channel| channel.connection == connection.connection && channel.transport.is_none();
    let Some(before) = known.filter(own) else { return Ok(()) };
    let mut after = before.clone();
    after.name = short(&listed.name);
    report(&mut after, listed, app);
    let write =
        Write::change(&before, &after, &[attribute::channel::CONNECTION, attribute::channel::STATE_AT])?;
    Ok(app.store.commit(write.into_iter().collect()).await?)
}

fn short(name: &str) -> String {
    name.chars().filter(|char| !char.is_control()).take(MAX_NAME).collect()
}

/// Disables the channels that `gone` selects among the connection's, because the connection no longer carries them.
/// `why` is stored in place of the provider's state.
///
/// # Errors
/// Those of the store.
pub async fn switch_off(
    app: &App,
    connection: &Connection,
    gone: impl Fn(&Channel) -> bool,
    why: &str,
) -> Result<Vec<Channel>, ApiError> {
    let mut off = Vec::new();
    for before in app.store.channels(&connection.account).await? {
        if before.connection != connection.connection || !gone(&before) {
            continue;
        }
        let mut after = before.clone();
        let now = app.ambient.now();
        after.report(ChannelState::Disabled, Some(why.to_owned()), now, Some(now + TOLD_WITHIN));
        let write = Write::change(&before, &after, &[attribute::channel::CONNECTION])?;
        match app.store.commit(write.into_iter().collect()).await {
            Ok(()) => off.push(after),
            // Another connection took the channel over meanwhile.
            Err(StoreError::Lost(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(off)
}
