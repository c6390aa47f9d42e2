//! Who works on a channel, and how its clients are given out.

use crate::App;
use crate::auth::Tenant;
use crate::channels::existing_channel;
use crate::employees::existing_employee;
use crate::error::ApiError;
use crate::extract::{Body, Id, Ids, moment, present};
use crate::views::{Distribution, Ineligible, Role};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::assignment::eligible;
use shared::channel::Channel;
use shared::employee::{Employee, Membership, Role as EmployeeRole};
use shared::ids::{AccountId, EmployeeId};
use shared::store::row::{Row, Write};
use shared::store::{Read, StoreError, keys};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most waiting clients that are counted.
const MOST_WAITING: i32 = 1000;

/// An employee's place on a channel, to set.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "manager", "receives_new_clients": true, "sends": true, "is_default": true}))]
pub struct PutMember {
    role: Role,
    /// Whether new clients come to him.
    receives_new_clients: bool,
    /// Whether he is bound to the channel: else he cannot send by it. Left out, it stays; true for one who is new there.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    sends: Option<bool>,
    /// Whether it is his default among the channels of its messenger; another one of his is none any more then. Left out, it
    /// stays while he can send there.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    is_default: Option<bool>,
}

/// An employee on a channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "employee": "17", "role": "manager", "receives_new_clients": true, "sends": true, "is_default": true,
    "joined_at": "2026-11-21T09:12:00.000Z"
}))]
pub struct MemberView {
    employee: String,
    role: Role,
    receives_new_clients: bool,
    /// Whether he is bound to the channel: else he cannot send by it.
    sends: bool,
    /// Whether it is his default among the channels of its messenger.
    is_default: bool,
    /// His place in the ring: members stand in the order in which they joined.
    #[schema(format = DateTime)]
    joined_at: String,
}

impl From<Membership> for MemberView {
    fn from(member: Membership) -> Self {
        Self {
            employee: member.employee.to_string(),
            role: member.role.into(),
            receives_new_clients: member.receives_new_clients,
            sends: member.sends,
            is_default: member.is_default,
            joined_at: member.joined_at.rfc3339(),
        }
    }
}

/// A channel's members.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "members": [{
        "employee": "17", "role": "manager", "receives_new_clients": true, "sends": true, "is_default": true,
        "joined_at": "2026-11-21T09:12:00.000Z"
    }]
}))]
pub struct Members {
    members: Vec<MemberView>,
}

/// Put an employee on a channel, or change his place there
///
/// His place in the ring stays. Clients that wait are given out at once. One who is bound to no channel of a messenger cannot
/// send there; of several, one may be his default.
#[utoipa::path(
    put, path = "/v1/channels/{channel}/employees/{employee}", tag = "channels", request_body = PutMember,
    params(
        ("channel" = String, Path, description = "The channel's id"),
        ("employee" = String, Path, description = "The CRM's user id")
    ),
    responses(
        (status = 200, description = "His place as it is now", body = MemberView),
        (status = 422, description = "No default where the messenger is not known yet: `messenger_unknown`")
    )
)]
pub async fn put(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
    Body(place): Body<PutMember>,
) -> Result<Json<MemberView>, ApiError> {
    let (Id(channel), Id(employee)) = ids;
    let member = app.settle(|| put_once(&app, &account, &channel, &employee, place)).await?;
    // Also when nothing changed: whoever nudged before may have died.
    app.nudge(&account, std::slice::from_ref(&member.channel)).await;
    Ok(Json(member.into()))
}

async fn put_once(
    app: &App,
    account: &AccountId,
    channel: &str,
    employee: &str,
    place: PutMember,
) -> Result<Membership, ApiError> {
    let channel = existing_channel(app, account, channel).await?;
    let employee = existing_employee(app, account, employee).await?;
    let key = keys::membership(account, &channel.channel, &employee.employee);
    let before: Option<Membership> = app.store.get(&key, Read::Consistent).await?;
    let sends = place.sends.unwrap_or_else(|| before.as_ref().is_none_or(|before| before.sends));
    let can_send = sends && EmployeeRole::from(place.role).may_write();
    if place.is_default == Some(true) && !can_send {
        return Err(ApiError::invalid("is_default", "who cannot send by a channel has no default in it"));
    }
    let stays = before.as_ref().is_some_and(|before| before.is_default);
    let after = Membership {
        v: 1,
        account: account.clone(),
        channel: channel.channel.clone(),
        employee: employee.employee.clone(),
        role: place.role.into(),
        receives_new_clients: place.receives_new_clients,
        sends,
        is_default: can_send && place.is_default.unwrap_or(stays),
        joined_at: before.as_ref().map_or_else(|| app.ambient.now(), |before| before.joined_at),
    };
    let write = match &before {
        // Whether it is his default was decided on what was read: somebody may set another one meanwhile.
        Some(before) => Write::change(before, &after, &["is_default"])?,
        None => Some(Write::create(&after)?),
    };
    let Some(write) = write else { return Ok(after) };
    // A member without an employee or a channel would never be found again.
    let mut writes = vec![write, Write::check(&channel, &["transport"])?];
    if after.is_default && !stays {
        writes.extend(only_default(app, &employee, &channel).await?);
    } else {
        writes.push(Write::check(&employee, &[])?);
    }
    app.store.commit(writes).await?;
    Ok(after)
}

/// Takes the default from his other channels of this one's messenger. The count at the employee lets one of two who set a
/// default at once decide again, also when neither finds the other's.
async fn only_default(app: &App, employee: &Employee, channel: &Channel) -> Result<Vec<Write>, ApiError> {
    let Some(messenger) = channel.messenger() else {
        let message = "the provider has not told yet which messenger the channel carries";
        return Err(ApiError::refused("messenger_unknown", "is_default", message));
    };
    let mut counted = employee.clone();
    counted.defaults_set += 1;
    let mut writes: Vec<Write> = Write::change(employee, &counted, &["defaults_set"])?.into_iter().collect();
    for Place { channel: of, member } in places(app, &employee.account, &employee.employee).await? {
        if member.is_default && of.channel != channel.channel && of.messenger().as_ref() == Some(&messenger) {
            let after = Membership { is_default: false, ..member.clone() };
            writes.extend(Write::change(&member, &after, &["is_default"])?);
        }
    }
    Ok(writes)
}

/// An employee's place, and the channel on which it is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The channel.
    pub channel: Channel,
    /// His place on it.
    pub member: Membership,
}

/// An employee's places, over all channels of the account, in the order of the channels' ids.
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

/// Take an employee off a channel
#[utoipa::path(
    delete, path = "/v1/channels/{channel}/employees/{employee}", tag = "channels",
    params(
        ("channel" = String, Path, description = "The channel's id"),
        ("employee" = String, Path, description = "The CRM's user id")
    ),
    responses((status = 204, description = "He is not there any more"))
)]
pub async fn remove(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(ids): Ids<(Id, Id)>,
) -> Result<StatusCode, ApiError> {
    let (Id(channel), Id(employee)) = ids;
    let channel = existing_channel(&app, &account, &channel).await?.channel;
    let key = keys::membership(&account, &channel, &EmployeeId::new(employee));
    let found: Option<Membership> = app.store.get(&key, Read::Consistent).await?;
    let found = found.ok_or_else(|| ApiError::not_found("member of the channel"))?;
    app.store.commit(vec![Write::forget(found.key())]).await?;
    app.nudge(&account, &[channel]).await;
    Ok(StatusCode::NO_CONTENT)
}

/// List a channel's employees
#[utoipa::path(
    get, path = "/v1/channels/{channel}/employees", tag = "channels",
    params(("channel" = String, Path, description = "The channel's id")),
    responses((status = 200, description = "All of them, in the order of the ring", body = Members))
)]
pub async fn list(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(channel)): Ids<Id>,
) -> Result<Json<Members>, ApiError> {
    let channel = existing_channel(&app, &account, &channel).await?.channel;
    let members = in_ring_order(app.store.members(&account, &channel).await?);
    Ok(Json(Members { members: members.into_iter().map(MemberView::from).collect() }))
}

fn in_ring_order(mut members: Vec<Membership>) -> Vec<Membership> {
    members.sort_by(|left, right| (left.joined_at, &left.employee).cmp(&(right.joined_at, &right.employee)));
    members
}

/// A member's part in giving out clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct TurnView {
    employee: String,
    name: Option<String>,
    role: Role,
    receives_new_clients: bool,
    /// Whether new clients come to him now.
    eligible: bool,
    /// Why not.
    reason: Option<Ineligible>,
}

/// How a channel's clients are given out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "distribution": "round_robin", "last": "17", "turns": 41, "waiting": 0, "oldest_waiting_since": null,
    "members": [
        {"employee": "17", "name": "Anna Petrova", "role": "manager", "receives_new_clients": true, "eligible": true,
         "reason": null},
        {"employee": "18", "name": "Boris Orlov", "role": "head", "receives_new_clients": false, "eligible": false,
         "reason": "receives_no_new_clients"}
    ]
}))]
pub struct AssignmentView {
    distribution: Distribution,
    /// Who got the last client in turn.
    last: Option<String>,
    /// How many turns were given.
    turns: u64,
    /// How many clients wait for a responsible; 1000 means 1000 or more.
    waiting: usize,
    #[schema(format = DateTime)]
    oldest_waiting_since: Option<String>,
    /// In the order of the ring.
    members: Vec<TurnView>,
}

/// Read how a channel's clients are given out
#[utoipa::path(
    get, path = "/v1/channels/{channel}/assignment", tag = "channels",
    params(("channel" = String, Path, description = "The channel's id")),
    responses((status = 200, description = "The ring, who waits, who is eligible", body = AssignmentView))
)]
pub async fn assignment(
    Tenant(account): Tenant,
    State(app): State<Arc<App>>,
    Ids(Id(channel)): Ids<Id>,
) -> Result<Json<AssignmentView>, ApiError> {
    let row = existing_channel(&app, &account, &channel).await?;
    let channel = &row.channel;
    let ring = app.store.ring(&account, channel).await?;
    let waiting = app.store.waiting(&account, channel, MOST_WAITING).await?;
    let members = in_ring_order(app.store.members(&account, channel).await?);
    let employees = app.store.employees(&account).await?;
    let names: HashMap<_, _> = employees.into_iter().map(|known| (known.employee, known.name)).collect();
    let members = members.into_iter().map(|member| {
        let verdict = eligible(&member);
        TurnView {
            name: names.get(&member.employee).cloned(),
            eligible: verdict.is_ok(),
            reason: verdict.err().map(Ineligible::from),
            role: member.role.into(),
            receives_new_clients: member.receives_new_clients,
            employee: member.employee.to_string(),
        }
    });
    let (last, turns) = ring.map_or((None, 0), |ring| (ring.last, ring.turns));
    Ok(Json(AssignmentView {
        distribution: row.distribution.into(),
        last: last.map(|place| place.employee.to_string()),
        turns,
        waiting: waiting.len(),
        oldest_waiting_since: moment(waiting.first().map(|first| first.arrived_at)),
        members: members.collect(),
    }))
}
