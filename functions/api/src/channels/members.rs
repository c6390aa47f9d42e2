//! The members of a channel: set, remove, list.

use crate::app::App;
use crate::channels::member_view::{Availability, MemberView, Members, PutMember};
use crate::http::auth::AccountKey;
use crate::http::body::{Body, Id, Ids};
use crate::http::error::ApiError;
use crate::http::existing::{existing_channel, existing_employee};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use shared::base::ids::{AccountId, EmployeeId};
use shared::model::assignment::requeue::{Requeue, goes};
use shared::model::channel::Channel;
use shared::model::employee::{Employee, Membership};
use shared::store::attribute;
use shared::store::attribute::RING;
use shared::store::row::{Key, Write};
use shared::store::settings::member_writes;
use shared::store::{Read, StoreError, keys};
use std::collections::HashMap;
use std::sync::Arc;

/// Set an employee's membership on a channel
///
/// The employee keeps their position in the ring. Waiting clients are assigned at once. An employee who can no longer
/// write there, because of the role or because they are not bound, loses their clients: these go back into the queue,
/// ahead of clients who came later. An employee who is bound to no channel of a messenger cannot send there; of
/// several, one may be their default.
#[utoipa::path(
    put, path = "/v1/channels/{channel}/employees/{employee}", tag = "channels", request_body = PutMember,
    params(
        ("channel" = String, Path, description = "The channel's id"),
        ("employee" = String, Path, description = "The CRM's user id")
    ),
    responses(
        (status = 200, description = "The membership as it is now", body = MemberView),
        (status = 422, description = "No default where the messenger is not known yet: `messenger_unknown`")
    )
)]
pub async fn put(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
    Body(place): Body<PutMember>,
) -> Result<Json<MemberView>, ApiError> {
    let (Id(channel), Id(employee)) = ids;
    let availability = place.availability()?;
    let given = Given { place: &place, availability: &availability };
    let member = app.retry_on_conflict(|| put_once(&app, &account, &channel, &employee, given)).await?;
    // Also when nothing changed, because the process that was to nudge before may have died.
    app.nudge(&account, std::slice::from_ref(&member.channel)).await;
    Ok(Json(member.into()))
}

/// The requested membership, checked.
#[derive(Clone, Copy)]
struct Given<'a> {
    place: &'a PutMember,
    availability: &'a Availability,
}

impl Given<'_> {
    /// The membership after the change; `before` is the stored one, or a new member's.
    fn place(&self, before: &Membership, employee: &Employee) -> Result<Membership, ApiError> {
        let Self { place, availability } = self;
        let sends = place.sends.unwrap_or(before.sends);
        let can_send = sends && place.role.may_write();
        if place.is_default == Some(true) && !can_send {
            return Err(ApiError::invalid("is_default", "who cannot send by a channel has no default in it"));
        }
        let mut after = Membership {
            role: place.role,
            receives_new_clients: place.receives_new_clients,
            sends,
            is_default: can_send && place.is_default.unwrap_or(before.is_default),
            // As long as the CRM refuses the employee.
            inactive: employee.refused_at.is_some(),
            ..before.clone()
        };
        availability.set(&mut after);
        Ok(after)
    }
}

async fn put_once(
    app: &App,
    account: &AccountId,
    channel: &str,
    employee: &str,
    given: Given<'_>,
) -> Result<Membership, ApiError> {
    let channel = existing_channel(app, account, channel).await?;
    let employee = existing_employee(app, account, employee).await?;
    let key = keys::membership(account, &channel.channel, &employee.employee);
    let before: Option<Membership> = app.store.get(&key, Read::Consistent).await?;
    let role = given.place.role;
    let joining = || Membership::new(account, &channel.channel, &employee.employee, role, app.ambient.now());
    let after = given.place(&before.clone().unwrap_or_else(joining), &employee)?;
    let mut writes = member_writes(before.as_ref(), Some(&after), &RING)?;
    if writes.is_empty() {
        return Ok(after);
    }
    // A membership without an employee or a channel would never be found again.
    writes.push(Write::check(&channel, &[attribute::channel::MESSENGER, attribute::channel::TRANSPORT])?);
    if after.is_default && !before.as_ref().is_some_and(|before| before.is_default) {
        writes.extend(only_default(app, &employee, &channel).await?);
    } else {
        writes.push(Write::check(&employee, &[attribute::employee::REFUSED_AT])?);
    }
    // The clients of an employee who can no longer write there go to others.
    let requeue = goes(before.as_ref(), Some(&after))
        .then(|| Requeue::of(account, &after.employee, Some(&after.channel), &*app.ambient));
    let left = Requeue::gather_left(&channel, before.as_ref(), Some(&after), &*app.ambient);
    let requeues: Vec<Requeue> = requeue.into_iter().chain(left).collect();
    for requeue in &requeues {
        writes.push(Write::put(requeue)?);
    }
    app.store.commit(writes).await?;
    for requeue in &requeues {
        app.nudge_requeue(requeue).await;
    }
    Ok(after)
}

/// Removes the default from the employee's other channels of the same messenger. Each change counts up at the employee,
/// so of two concurrent ones that set a default, one decides again, also when neither reads the other's write.
async fn only_default(app: &App, employee: &Employee, channel: &Channel) -> Result<Vec<Write>, ApiError> {
    let Some(messenger) = channel.messenger() else {
        let message = "the provider has not told yet which messenger the channel carries";
        return Err(ApiError::refused("messenger_unknown", "is_default", message));
    };
    let mut counted = employee.clone();
    counted.defaults_set += 1;
    let mut writes: Vec<Write> = Write::change(
        employee,
        &counted,
        &[attribute::employee::DEFAULTS_SET, attribute::employee::REFUSED_AT],
    )?
    .into_iter()
    .collect();
    for Place { channel: of, member } in places(app, &employee.account, &employee.employee).await? {
        if member.is_default && of.channel != channel.channel && of.messenger().as_ref() == Some(&messenger) {
            let after = Membership { is_default: false, ..member.clone() };
            writes.extend(member_writes(Some(&member), Some(&after), &RING)?);
        }
    }
    Ok(writes)
}

/// An employee's membership, with its channel.
#[derive(Clone, Debug)]
pub struct Place {
    /// The channel.
    pub channel: Channel,
    /// The employee's membership on it.
    pub member: Membership,
}

/// An employee's memberships on all channels of the account, in the order of the channels' ids.
///
/// # Errors
/// As the store's.
pub async fn places(app: &App, account: &AccountId, employee: &EmployeeId) -> Result<Vec<Place>, StoreError> {
    let channels = app.store.channels(account).await?;
    let wanted: Vec<_> =
        channels.iter().map(|channel| keys::membership(account, &channel.channel, employee)).collect();
    let found: Vec<Membership> = app.store.get_many(&wanted, Read::Consistent).await?;
    let mut found: HashMap<_, _> = found.into_iter().map(|member| (member.channel.clone(), member)).collect();
    let places = channels.into_iter().filter_map(|channel| {
        let member = found.remove(&channel.channel)?;
        Some(Place { channel, member })
    });
    Ok(places.collect())
}

/// Remove an employee from a channel
///
/// The employee's clients there whose chat is open or unanswered go back into the queue, ahead of clients who came
/// later.
#[utoipa::path(
    delete, path = "/v1/channels/{channel}/employees/{employee}", tag = "channels",
    params(
        ("channel" = String, Path, description = "The channel's id"),
        ("employee" = String, Path, description = "The CRM's user id")
    ),
    responses((status = 204, description = "Removed"))
)]
pub async fn remove(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
) -> Result<StatusCode, ApiError> {
    let (Id(channel), Id(employee)) = ids;
    let channel = existing_channel(&app, &account, &channel).await?;
    let key = keys::membership(&account, &channel.channel, &EmployeeId::new(employee));
    let requeues = app.retry_on_conflict(|| remove_once(&app, &channel, &key)).await?;
    app.nudge(&account, std::slice::from_ref(&channel.channel)).await;
    for requeue in &requeues {
        app.nudge_requeue(requeue).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_once(app: &App, channel: &Channel, place: &Key) -> Result<Vec<Requeue>, ApiError> {
    let found: Option<Membership> = app.store.get(place, Read::Consistent).await?;
    let found = found.ok_or_else(|| ApiError::not_found("member of the channel"))?;
    let requeue = Requeue::of(&found.account, &found.employee, Some(&found.channel), &*app.ambient);
    // An employee who was removed and added again meanwhile has a new position in the ring, and that membership must
    // stay.
    let mut writes = member_writes(Some(&found), None, &[attribute::membership::JOINED_AT])?;
    let left = Requeue::gather_left(channel, Some(&found), None, &*app.ambient);
    let requeues: Vec<Requeue> = std::iter::once(requeue).chain(left).collect();
    for requeue in &requeues {
        writes.push(Write::put(requeue)?);
    }
    app.store.commit(writes).await?;
    Ok(requeues)
}

/// List a channel's employees
#[utoipa::path(
    get, path = "/v1/channels/{channel}/employees", tag = "channels",
    params(("channel" = String, Path, description = "The channel's id")),
    responses((status = 200, description = "All of them, in the order of the ring", body = Members))
)]
pub async fn list(
    AccountKey(account): AccountKey,
    State(app): State<Arc<App>>,
    Ids(Id(channel)): Ids<Id>,
) -> Result<Json<Members>, ApiError> {
    let channel = existing_channel(&app, &account, &channel).await?.channel;
    let members = in_ring_order(app.store.members(&account, &channel).await?);
    Ok(Json(Members { members: members.into_iter().map(MemberView::from).collect() }))
}

/// Members in the order in which they joined.
pub fn in_ring_order(mut members: Vec<Membership>) -> Vec<Membership> {
    members.sort_by(|left, right| (left.joined_at, &left.employee).cmp(&(right.joined_at, &right.employee)));
    members
}
